"""The module beside a running device: queries, UDP and speed on the port that both share."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from m5310 import Device, DeviceState, Resource, ValueType
from m5310.errors import ModemReset, PortError, StateError
from tests.support.clock import elapse
from tests.support.datagrams import PEER, RecordingProtocol
from tests.support.testbed import DeviceTestbed

pytestmark = pytest.mark.usefixtures("each_language")


@asynccontextmanager
async def registered_device() -> AsyncIterator[tuple[DeviceTestbed, Device, Resource]]:
    testbed = DeviceTestbed()
    async with testbed.device(reopens=True) as device:
        sensor = await device.add_resource("3303/0/5700", ValueType.FLOAT, 21.5)
        await device.connect(30)
        await elapse(2)
        yield testbed, device, sensor
    testbed.stop()


async def test_only_loggers_of_the_driver_write(caplog: pytest.LogCaptureFixture) -> None:
    # a program that asks for INFO or DEBUG of everything
    with caplog.at_level(logging.DEBUG):
        async with registered_device() as (_, device, sensor):
            await device.notify(sensor, 22.0)
    names = {record.name.partition(".")[0] for record in caplog.records}
    assert names <= {"m5310", "asyncio"}
    shown = [record for record in caplog.records if record.levelno >= logging.INFO]
    assert len(shown) < 8, shown


async def exchange_datagrams(testbed: DeviceTestbed, device: Device) -> RecordingProtocol:
    """One datagram in each direction over a new socket, which stays open."""
    transport, protocol = await device.module.create_datagram_endpoint(
        RecordingProtocol, remote_addr=PEER
    )
    transport.sendto(b"hello")
    await elapse(1)
    (sent,) = testbed.module.take_datagrams()
    assert sent.data == b"hello"
    number = transport.get_extra_info("number")
    testbed.deliver_datagram(number, *PEER, b"answer")
    await protocol.until(lambda: bool(protocol.received))
    assert protocol.received == [(b"answer", PEER)]
    return protocol


async def test_module_is_used_before_and_after_the_port_was_opened_again() -> None:
    async with registered_device() as (testbed, device, sensor):
        module = device.module
        for restored in range(1, 4):
            modem, session = module.modem, module.link.session.number
            assert await module.signal() is not None
            assert (await module.ping(PEER[0])).address == PEER[0]
            protocol = await exchange_datagrams(testbed, device)
            async with module.follow("+MIPLREAD") as lines:
                pinging = asyncio.create_task(module.ping(PEER[0]))
                await asyncio.sleep(0)
                testbed.unplug()
                await elapse(1)
                assert [type(error) for error in protocol.ended] == [PortError]
                with pytest.raises(PortError, match="unplugged"):
                    await pinging
                with pytest.raises(PortError, match="unplugged"):
                    await anext(lines)
                with pytest.raises(PortError, match="unplugged"):
                    await module.signal()
            testbed.plug()
            await testbed.until(lambda restored=restored: device.counters.restored == restored, 60)
            assert device.module is module
            assert module.modem is not modem
            assert module.link.session.number == session + 1
            await device.notify(sensor, 22.5, acknowledge=True)
            assert testbed.reported == [22.5] * restored


async def test_restart_ends_sockets_and_the_module_stays_usable() -> None:
    async with registered_device() as (testbed, device, _):
        protocol = await exchange_datagrams(testbed, device)
        testbed.reset()
        await testbed.until(lambda: device.counters.restored == 1, 60)
        assert [type(error) for error in protocol.ended] == [ModemReset]
        await exchange_datagrams(testbed, device)


async def test_reset_through_the_module_restores_the_device() -> None:
    async with registered_device() as (testbed, device, _):
        session = device.module.link.session
        number = session.number
        await device.module.reset()
        assert session.number == number + 2  # going down, and started
        await testbed.until(lambda: device.counters.restored == 1, 60)
        assert device.state is DeviceState.REGISTERED
        assert (device.counters.resets, device.counters.restored) == (1, 1)


async def test_port_belongs_to_the_device() -> None:
    testbed = DeviceTestbed()
    device = testbed.device(reopens=True)
    with pytest.raises(StateError, match="not open"):
        await device.module.signal()
    async with device:
        with pytest.raises(StateError, match="by the Device"):
            await device.module.open()
        transport, protocol = await device.module.create_datagram_endpoint(RecordingProtocol)
        await device.module.close()  # its sockets, not the port
        assert transport.is_closing()
        assert protocol.ended == [None]
        await device.module.signal()
        _, protocol = await device.module.create_datagram_endpoint(RecordingProtocol)
    await asyncio.sleep(0)
    assert protocol.ended == [None]  # destroying the device closed the socket
    assert testbed.commands[-1].startswith("AT+NSOCL=")
    with pytest.raises(StateError, match="not open"):
        await device.module.signal()
    testbed.stop()
