"""An application with `m5310.onenet`, the emulated OneNET, and a device with the driver."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypedDict

import pytest

from emulator import Emulator, VirtualClock
from m5310 import Access, Device, Resource, ValueType
from m5310.onenet import CommandState, DataPoint, OneNet, OneNetError, OneNetSync
from tests.support.language import running

pytestmark = pytest.mark.usefixtures("each_language")

KEY = "master"
STREAM = "3303_0_5700"


class Times(TypedDict):
    """When an offline command may be sent."""

    valid: datetime
    expires: datetime


@dataclass
class World:
    """A device with a thermometer and a lamp, and the cloud of its application."""

    emulator: Emulator
    device: Device
    cloud: OneNet
    thermometer: Resource
    executed: list[bytes] = field(default_factory=list)

    @property
    def imei(self) -> str:
        return self.emulator.imei

    async def device_id(self) -> str:
        return (await self.cloud.device_by_imei(self.imei)).id


@asynccontextmanager
async def world() -> AsyncIterator[World]:
    executed: list[bytes] = []

    def on_execute(_: Resource, arguments: bytes) -> None:
        executed.append(arguments)

    async with Emulator(baud=None, api_key=KEY, module=running().module) as emulator:
        endpoint = f"{emulator.imei};{emulator.imsi}"
        device = Device(emulator.port, endpoint, on_execute=on_execute)
        async with device, OneNet(KEY, emulator.http_url) as cloud:
            thermometer = await device.add_resource("3303/0/5700", ValueType.FLOAT, 20.0)
            access = Access.READABLE | Access.WRITABLE | Access.EXECUTABLE
            await device.add_resource("3311/0/5850", ValueType.BOOLEAN, False, access)
            await device.connect(timeout=60)
            yield World(emulator, device, cloud, thermometer, executed)


@pytest.mark.realtime
async def test_points_reported_by_the_device() -> None:
    async with world() as w:
        start = datetime.now(UTC) - timedelta(minutes=1)
        for value in (20.123, 21.5, -3.25):
            await w.device.notify(w.thermometer, value, acknowledge=True)
        device_id = await w.device_id()

        walked = [point async for point in w.cloud.points(device_id, start=start, per_page=1)]
        (newest,) = (await w.cloud.points_page(device_id)).points
        (of_many,) = await w.cloud.newest_points([device_id])

        assert [(each.stream, each.value) for each in walked] == [
            (STREAM, 20.123),
            (STREAM, 21.5),
            (STREAM, -3.25),
        ]
        assert start < walked[0].at < walked[2].at < datetime.now(UTC)
        assert newest == walked[2]
        assert of_many.points == (DataPoint(STREAM, newest.at.replace(microsecond=0), -3.25),)
        assert (await w.cloud.stream(device_id, STREAM)).value == -3.25


@pytest.mark.realtime
async def test_work_with_a_device_that_is_online() -> None:
    async with world() as w:
        # OneNET discovers the objects of a login by itself, and their lists are empty meanwhile.
        while {3303, 3311} - (await w.cloud.resources(w.imei)).keys():
            pass
        assert await w.cloud.discover(w.imei, "3303") == {0: (5700,)}
        assert await w.cloud.discover(w.imei, "3311/0") == {0: (5850,)}
        # What the platform knows: it asks each object in turn after the login.
        while (known := await w.cloud.resources(w.imei, 3311))[3311] == {0: ()}:
            pass
        assert known[3311] == {0: (5850,)}
        assert await w.cloud.read(w.imei, "3303/0/5700") == {0: {5700: 20}}
        await w.cloud.write(w.imei, "3311/0", {5850: True})
        assert await w.cloud.read(w.imei, "3311") == {0: {5850: True}}
        await w.cloud.execute(w.imei, "3311/0/5850", "blink")
        assert w.executed == [b"blink"]
        await w.cloud.observe(w.imei, "3303/0/5700", pmin=1, pmax=60)
        await w.cloud.observe(w.imei, "3303/0/5700", cancel=True)


@pytest.mark.classic_only("of HTTP alone")
@pytest.mark.realtime
async def test_devices_triggers_and_keys() -> None:
    async with world() as w:
        device_id = await w.cloud.create_device("lamp", "865820030013999", "460041234567899")
        with pytest.raises(OneNetError, match="auth_info exists") as refused:
            await w.cloud.create_device("lamp", "865820030013999", "460041234567899")
        await w.cloud.update_device(device_id, title="another lamp")
        found = await w.cloud.devices("another")
        trigger = await w.cloud.create_trigger(
            "http://127.0.0.1:9/", ">", 30, stream=STREAM, device_ids=[device_id]
        )
        key = await w.cloud.create_key("one device", [device_id])

        assert refused.value.errno == 6
        assert [(each.id, each.title) for each in found.devices] == [(device_id, "another lamp")]
        assert (await w.cloud.trigger(trigger)).device_ids == (device_id,)
        async with OneNet(key, w.emulator.http_url) as limited:
            assert (await limited.device(device_id)).imei == "865820030013999"
            with pytest.raises(OneNetError, match="auth failed"):
                await limited.device(await w.device_id())
        await w.cloud.delete_key(key)
        await w.cloud.delete_trigger(trigger)
        await w.cloud.delete_device(device_id)
        assert [each.online for each in await w.cloud.device_status([await w.device_id()])] == [
            True
        ]


@pytest.mark.realtime
async def test_a_command_for_a_device_that_sleeps() -> None:
    clock = VirtualClock()
    written = asyncio.Event()
    async with (
        Emulator(
            baud=None, api_key=KEY, module=running().module, clock=clock, latency=0
        ) as emulator,
        OneNet(KEY, emulator.http_url) as cloud,
    ):
        now = datetime.fromtimestamp(emulator.now(), UTC)
        times = Times(valid=now + timedelta(minutes=1), expires=now + timedelta(hours=1))
        read = await cloud.offline_read(emulator.imei, "3311", **times)
        write = await cloud.offline_write(emulator.imei, "3311/0", {5850: True}, **times)
        await cloud.cancel_offline(emulator.imei, read)
        clock.advance(120)
        endpoint = f"{emulator.imei};{emulator.imsi}"
        async with Device(emulator.port, endpoint, on_write=lambda *_: written.set()) as device:
            access = Access.READABLE | Access.WRITABLE
            lamp = await device.add_resource("3311/0/5850", ValueType.BOOLEAN, False, access)
            await device.connect(timeout=60)
            await written.wait()
            while (sent := await cloud.offline_command(emulator.imei, write)).confirmed is None:
                pass
        history = await cloud.offline_history(emulator.imei, now, newest_first=False)

        assert lamp.value is True
        assert (sent.state, sent.confirmed_as) == (CommandState.SUCCESS, "SUCCESS")
        assert sent.content == {"data": [{"res_id": 5850, "val": True}]}
        assert {each.uuid: each.state for each in history.commands} == {
            read: CommandState.CANCELLED,
            write: CommandState.SUCCESS,
        }


@pytest.mark.classic_only("of HTTP alone")
@pytest.mark.parametrize(("year", "errnos"), [(2018, (10, 14)), (2019, (2001,))])
def test_a_blocking_program(year: int, errnos: tuple[int, ...]) -> None:
    """Two captures of 2018 differ in the number for a device that is offline."""
    with Emulator(baud=None, api_key=KEY, year=year) as emulator:
        with OneNetSync(KEY, emulator.http_url) as cloud:
            device = cloud.device_by_imei(emulator.imei)
            with pytest.raises(OneNetError) as offline:
                cloud.read(emulator.imei, "3303")

        assert (device.imsi, device.online) == (emulator.imsi, False)
        assert offline.value.errno in errnos
        assert "offline" in offline.value.meaning
