"""Resources that are added and removed: interrupted, refused, during a renewal, with reports."""

from __future__ import annotations

import asyncio

import pytest

from m5310.device.device import Device
from m5310.device.reports import ReportState
from m5310.dialects.dialect import ATTEMPTS
from m5310.errors import CommandError, ModemReset, NotFound
from m5310.lwm2m.values import ValueType
from m5310.states import DeviceState
from tests.support.clock import elapse
from tests.support.devices import ENDPOINT, Ports, module, text
from tests.support.scripted import platform

DELETED = "AT+MIPLDELOBJ=0,3303,0"


async def logged_in(device: Device) -> tuple[object, ...]:
    for path in ("3303/0/1", "3304/0/1"):
        await device.add_resource(path, ValueType.INTEGER, 1)
    await device.connect()
    return device.resources


@pytest.mark.parametrize("at", ["AT+MIPLADDOBJ", "AT+MIPLNOTIFY"])
async def test_cancelled_add_is_undone(at: str) -> None:
    async with module() as m, Device(m.modem, ENDPOINT) as device:
        adding = asyncio.create_task(device.add_resource("3303/0/1", ValueType.INTEGER, 1))
        await m.until(at)
        adding.cancel()
        with pytest.raises(asyncio.CancelledError):
            await adding
        assert device.resources == ()
        assert m.sent[-1] == DELETED
        added = await device.add_resource("3303/0/1", ValueType.INTEGER, 1)
        await device.connect()
        await device.notify(added, 2)


async def test_removal_during_a_renewal_is_told_after_it() -> None:
    async with module() as m, Device(m.modem, ENDPOINT) as device:
        lamp, _ = await logged_in(device)
        m.rules = platform(UPDATE="OK")
        renewing = asyncio.create_task(device.update())
        await m.until("AT+MIPLUPDATE")
        removing = asyncio.create_task(device.remove_resource(lamp))  # type: ignore[arg-type]
        await m.until("AT+MIPLDELOBJ")
        m.rules = platform()
        m.send("+MIPLUPDATE:0,1")
        await removing
        await renewing
        assert [text(line) for line in m.since(DELETED)] == [
            "DELOBJ=0,3303,0",
            "UPDATE=0,86400,1",
        ]


async def test_removal_that_was_not_told_is_told_by_the_next_renewal() -> None:
    async with module() as m, Device(m.modem, ENDPOINT, lifetime=300) as device:
        lamp, _ = await logged_in(device)
        m.rules = platform(DELOBJ=["OK", "+MIPLUPDATE:0,0"])
        removing = asyncio.create_task(device.remove_resource(lamp))  # type: ignore[arg-type]
        await m.until("AT+MIPLDELOBJ")
        removing.cancel()
        await asyncio.wait({removing})
        await elapse(300)
        updates = [text(line) for line in m.sent if "UPDATE" in line]
        assert updates == ["UPDATE=0,300,1"]
        await elapse(300)
        updates = [text(line) for line in m.sent if "UPDATE" in line]
        assert updates[1:] == ["UPDATE=0,300,0"] * (len(updates) - 1)


async def test_refused_removal_can_be_repeated() -> None:
    async with module() as m, Device(m.modem, ENDPOINT) as device:
        lamp, other = await logged_in(device)
        m.rules = platform(DELOBJ="ERROR")
        with pytest.raises(CommandError):
            await device.remove_resource(lamp)  # type: ignore[arg-type]
        assert m.sent.count(DELETED) == ATTEMPTS
        assert set(device.resources) == {lamp, other}
        m.rules = platform()
        await device.notify(lamp, 2)  # type: ignore[arg-type]
        await device.remove_resource(lamp)  # type: ignore[arg-type]
        assert device.resources == (other,)
        assert m.sent[-2:] == [DELETED, "AT+MIPLUPDATE=0,86400,1"]


async def test_kept_report_of_a_removed_resource_fails_alone(opening: Ports) -> None:
    async with Device("/dev/ttyUSB0", ENDPOINT) as device:
        lamp, other = await logged_in(device)
        opening.rules = None
        opening[0].vanish()
        gone = await device.notify(lamp, 2)  # type: ignore[arg-type]
        kept = await device.notify(other, 3)  # type: ignore[arg-type]
        await device.remove_resource(lamp)  # type: ignore[arg-type]
        assert isinstance(gone.error, NotFound)
        opening.rules = platform()
        await kept.accepted()
        await elapse(60)
        assert device.state is DeviceState.REGISTERED
        names = [text(line).partition("=")[0] for line in opening[1].sent]
        assert names.count("OPEN") == 1
        assert "UPDATE" not in names
        assert kept.state is ReportState.ACCEPTED


async def test_report_of_a_resource_that_was_not_added_fails(opening: Ports) -> None:
    """`resources` shows one while it is being declared; a restart then ends the declaration."""
    async with Device("/dev/ttyUSB0", ENDPOINT) as device:
        opening[0].rules["AT+MIPLNOTIFY"] = None
        adding = asyncio.create_task(device.add_resource("3303/0/1", ValueType.INTEGER, 1))
        await opening[0].until("AT+MIPLNOTIFY")
        (resource,) = device.resources
        device._outbox.hold()
        kept = await device._outbox.send({resource: 2}, acknowledge=True)
        opening[0].send("REBOOT_CAUSE_UNKNOWN", "OK")
        with pytest.raises(ModemReset):
            await adding
        assert isinstance(kept.error, NotFound)
        assert device.resources == ()
