"""The module's vocabulary, sockets and attach, asked of an emulated module of each language."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from datetime import timedelta

import pytest

from emulator import Emulator
from emulator.module.general.identity import Identity
from emulator.module.module import Cause
from m5310.at.modem import Modem
from m5310.commands.general import BootCause
from m5310.commands.network import Registration
from m5310.commands.power import PowerSaving
from m5310.errors import CommandError, ModemReset
from m5310.module.attach import Setup
from m5310.module.attach_errors import AttachError, Attempt, Obstacle
from m5310.module.module import Module
from m5310.module.speed import COMMON_SPEEDS
from tests.support.cable import Cable
from tests.support.clock import elapse
from tests.support.datagrams import PEER, RecordingProtocol
from tests.support.hostile import FEW_GENTLE, Hostile
from tests.support.language import running

pytestmark = pytest.mark.usefixtures("each_language")

LINES = pytest.mark.parametrize("hostile", FEW_GENTLE, ids=str)


@LINES
async def test_each_query(hostile: Hostile) -> None:
    cable = Cable(hostile)
    async with Module(cable.modem) as module:
        identity = await module.identity()
        assert (identity.imei, identity.imsi) == (Identity().imei, Identity().imsi)
        assert identity.model == (cable.module.firmware.model or "M5310")
        assert None not in (identity.manufacturer, identity.revision, identity.iccid)
        # not every module has AT+CMVER
        assert (identity.firmware is None) is (cable.module.firmware.version is None)
        assert await module.imei() == identity.imei
        assert await module.radio()
        assert await module.attached()
        assert (await module.registration()).stat is Registration.HOME
        signal = await module.signal()
        assert signal is not None
        assert -113 <= signal <= -51
        statistics = await module.radio_statistics()
        assert None not in (statistics.signal_power, statistics.rsrq, statistics.coverage_level)
        assert await module.model() == identity.model
        with nullcontext() if identity.firmware else pytest.raises(CommandError):
            assert await module.firmware() == identity.firmware
        assert [cell.primary for cell in await module.cells()] == [True]
        assert await module.operator() == "46000"
        assert len(await module.contexts()) == 1
        assert await module.address() is not None
        time = await module.clock()
        assert time is not None
        assert time.utcoffset() == timedelta(hours=8)
        assert "AUTOCONNECT" in await module.configuration()
        assert await module.speed() == 9600
        assert not await module.connected()
    await cable.modem.close()


async def test_settings_are_read_back() -> None:
    cable = Cable()
    async with Module(cable.modem) as module:
        saving = PowerSaving(on=True, periodic_update=3600, active=20)
        assert await module.power_saving(saving) == saving == await module.power_saving()
        await module.power_saving(PowerSaving(on=False))
        assert not (await module.power_saving()).on
        assert await module.edrx(50) == 81.92 == await module.edrx()
        assert await module.edrx(0) == 0 == await module.edrx()
        assert await module.bands(5) == (5,) == await module.bands()
        assert await module.error_numbers(on=True) is await module.error_numbers() is True
        assert await module.radio(on=False) is await module.radio() is False
        await module.configure("AUTOCONNECT", on=False)
        assert (await module.configuration())["AUTOCONNECT"] == "FALSE"
        with pytest.raises(CommandError, match="not supported"):
            await module.send("AT+MIPLCREATE" if running().classic else "AT+MIPLNOSUCH")
    await cable.modem.close()


@LINES
async def test_reset_and_attach(hostile: Hostile) -> None:
    cable = Cable(hostile)
    async with Module(cable.modem) as module, module.follow("+CEREG") as lines:
        booted = await module.reset()
        assert booted.cause is BootCause.COMMAND
        seen: list[Attempt] = []
        attached = await module.attach(progress=seen.append)
        assert attached.status.stat is Registration.HOME
        assert 1 < attached.elapsed < 5
        assert seen[-1].signal == attached.signal is not None
        assert [seen[0].number, seen[-1].number] == [1, len(seen)]
        line = await anext(lines)
        assert line.startswith("+CEREG:")
    await cable.modem.close()


async def test_attach_during_boot_with_radio_off() -> None:
    cable = Cable()
    async with Module(cable.modem) as module:
        await module.configure("AUTOCONNECT", on=False)
        cable.module.power_cycle(Cause.RESET_PIN, cable.now)
        cable.turn()
        attached = await module.attach(setup=Setup(connection=True, edrx=20.48))
        assert attached.status.stat is Registration.HOME
        assert await module.edrx() == 20.48
    await cable.modem.close()


async def test_attach_survives_a_reset() -> None:
    cable = Cable()
    async with Module(cable.modem) as module:
        await module.radio(on=False)
        attaching = asyncio.create_task(module.attach())
        await elapse(1.5)
        cable.module.power_cycle(Cause.WATCHDOG, cable.now)
        cable.turn()
        assert (await attaching).status.stat is Registration.HOME
        assert await module.error_numbers()  # set again
    await cable.modem.close()


async def test_attach_without_network() -> None:
    cable = Cable()
    async with Module(cable.modem) as module:
        await module.radio(on=False)
        await module.lock_frequency(1)
        with pytest.raises(AttachError) as caught:
            await module.attach(60)
        assert caught.value.obstacle in (Obstacle.NO_COVERAGE, Obstacle.SEARCHING)
    await cable.modem.close()


async def test_ping() -> None:
    cable = Cable()
    async with Module(cable.modem) as module:
        reply = await module.ping("183.230.40.39")
        assert reply.address == "183.230.40.39"
        assert 0 < reply.time < 5
    await cable.modem.close()


@LINES
async def test_datagrams_in_both_directions(hostile: Hostile) -> None:
    cable = Cable(hostile)
    async with Module(cable.modem) as module:
        transport, protocol = await module.create_datagram_endpoint(
            RecordingProtocol, local_port=4000
        )
        transport.sendto(bytes(range(256)) * 2, PEER)
        await elapse(1)
        (sent,) = cable.module.take_datagrams()
        assert sent.data == bytes(range(256)) * 2
        for size in (1, 511, 512):
            cable.module.deliver_datagram(0, *PEER, bytes(size), cable.now)
        cable.turn()
        await protocol.until(lambda: len(protocol.received) == 3)
        assert protocol.received == [(bytes(size), PEER) for size in (1, 511, 512)]
        made = [await module.create_datagram_endpoint(RecordingProtocol) for _ in range(6)]
        with pytest.raises(CommandError):
            await module.create_datagram_endpoint(RecordingProtocol)
        made[0][0].close()
        await made[0][1].until(lambda: bool(made[0][1].ended))
        await module.create_datagram_endpoint(RecordingProtocol)
        await module.reset()
        await protocol.until(lambda: bool(protocol.ended))
        assert isinstance(protocol.ended[0], ModemReset)
    await cable.modem.close()


@pytest.mark.realtime
async def test_module_on_a_port() -> None:
    async with Emulator(baud=None, http=None, module=running().module) as emulator:
        async with Module(emulator.port) as module:
            attached = await module.attach(speeds=COMMON_SPEEDS)
            assert (attached.baudrate, attached.status.stat) == (9600, Registration.HOME)
            await module.set_speed(115200)
            assert module.baudrate == 115200 == await module.speed()
            assert (await module.send("AT+CSQ", ["+CSQ"])).lines[0].startswith("+CSQ:")
        async with Module(emulator.port, 115200) as again:
            assert (await again.identity()).imei == emulator.imei


@pytest.mark.realtime
async def test_speed_of_a_lent_modem() -> None:
    async with (
        Emulator(baud=None, http=None, module=running().module) as emulator,
        await Modem.open(emulator.port) as modem,
    ):
        async with Module(modem) as module:
            assert module.baudrate == 9600
            await module.set_speed(115200)
            assert module.baudrate == 115200 == await module.speed()
            assert (await module.attach(speeds=COMMON_SPEEDS)).baudrate == 115200
        async with Module(modem) as again:
            assert (again.baudrate, await again.imei()) == (115200, emulator.imei)


@pytest.mark.classic_only("its firmware SP1 wants the quiet time")
@pytest.mark.realtime
async def test_next_program_on_the_port_keeps_the_quiet_time() -> None:
    async with Emulator(baud=None, http=None, firmware="SP1", quiet=0.02) as emulator:
        for _ in range(4):  # each begins right after the last result of the one before
            async with Module(emulator.port) as module:
                assert await module.imei() == emulator.imei
        assert emulator.too_soon == 0
