"""The platform is killed with SIGKILL at any moment, under load, and started again on its file.

What it has acknowledged, by HTTP or by CoAP, is there. What was on its way may be there or not.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import pytest
from aiocoap import Message
from aiocoap.numbers import Code, ContentFormat, Type

from m5310 import Device, ValueType
from tests.support.effort import either
from tests.support.emulator_process import ready, running
from tests.support.killed_platform import IMEI, IMSI, KEY, KilledPlatform, killed_platform
from tests.support.patience import PATIENCE
from tests.support.push_server import push_server

pytestmark = pytest.mark.realtime

RUNS = either(1, 9)
KILLS = 12  # in each run
FAST = ("--baud", "off", "--json", "--air-faults", "latency=0.01")
MOST_DEVICES = 1000
PUSH_KILLS = either(2, 12)
# Seconds between two sendings of a message of the device.
REPEAT = 0.02


class Meter(asyncio.DatagramProtocol):
    """A device by CoAP: it registers once, is observed, and reports 1, 2, 3, ... confirmably.

    Each message is sent until it is acknowledged, whatever happens to the platform.
    """

    def __init__(self, platform: tuple[str, int]) -> None:
        self.acknowledged = 0  # reports
        self.token = b""  # of the observation
        self.reported = asyncio.Event()  # an acknowledgement has come
        self._observed = asyncio.Event()
        self._platform = platform
        self._mids = count(1)
        self._answers: dict[int, asyncio.Future[Message]] = {}
        self._transport: asyncio.DatagramTransport

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def error_received(self, exc: Exception) -> None:
        """No program listens at the port now."""

    def datagram_received(self, data: bytes, addr: object) -> None:
        message = Message.decode(data)
        if message.mtype in (Type.ACK, Type.RST):
            waiting = self._answers.pop(message.mid, None)
            if waiting is not None:
                waiting.set_result(message)
        elif message.code == Code.GET:
            answer = Message(code=Code.CONTENT)
            if message.opt.observe == 0:
                self.token = message.token
                self._observed.set()
                answer.opt.observe = 0
            elif message.opt.accept == ContentFormat.LINKFORMAT:
                answer = Message(code=Code.CONTENT, payload=b"</3303/0/5700>")
            answer.mtype, answer.mid, answer.token = Type.ACK, message.mid, message.token
            self._transport.sendto(answer.encode(), self._platform)

    def close(self) -> None:
        self._transport.close()

    async def register(self) -> None:
        message = Message(code=Code.POST, uri_path=("rd",), payload=b"</3303/0>")
        message.opt.uri_query = (f"ep={IMEI};{IMSI}", "lt=86400", "lwm2m=1.0")
        answer = await self._exchange(message)
        assert answer.code == Code.CREATED
        await self._observed.wait()

    async def report(self) -> None:
        number = self.acknowledged + 1
        message = Message(code=Code.CONTENT, payload=b"\xe4\x16\x44" + _float(number))
        message.opt.observe, message.opt.content_format = number, 11542
        message.token = self.token
        answer = await self._exchange(message)
        assert answer.mtype is Type.ACK, "the observation has outlived the platform"
        self.acknowledged = number
        self.reported.set()

    async def _exchange(self, message: Message) -> Message:
        message.mtype, message.mid = Type.CON, next(self._mids)
        waiting = self._answers[message.mid] = asyncio.get_running_loop().create_future()
        while True:
            self._transport.sendto(message.encode(), self._platform)
            with suppress(TimeoutError):
                return await asyncio.wait_for(asyncio.shield(waiting), REPEAT)


def _float(number: int) -> bytes:
    return struct.pack(">f", float(number))


class Application:
    """It creates devices, and stores points of the first one."""

    def __init__(self, platform: KilledPlatform, client: aiohttp.ClientSession) -> None:
        self.devices: dict[str, str] = {}  # acknowledged, by IMEI
        self.points: list[int] = []  # acknowledged
        self.before: dict[int, int] = {}  # by point: how many were acknowledged when it was sent
        self._platform, self._client = platform, client
        self._numbers = count(1)

    async def call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        url = self._platform.http + path
        async with self._client.request(method, url, json=body) as response:
            answer: dict[str, Any] = await response.json()
        assert answer["errno"] == 0, answer
        return answer

    async def create(self) -> None:
        if len(self.devices) == MOST_DEVICES:
            return await self.store()
        imei = f"{next(self._numbers):015}"
        new = {"title": "one", "protocol": "LWM2M", "auth_info": {imei: "1"}}
        answer = await self.call("POST", "/devices", new)
        self.devices[imei] = answer["data"]["device_id"]
        return None

    async def store(self) -> None:
        number = next(self._numbers)
        self.before[number] = len(self.points)
        streams = [{"id": "posted", "datapoints": [{"value": number}]}]
        await self.call("POST", "/devices/500000001/datapoints", {"datastreams": streams})
        self.points.append(number)

    async def values(self, stream: str) -> list[Any]:
        """All points of a stream, page by page."""
        path = f"/devices/500000001/datapoints?datastream_id={stream}&limit=6000"
        path += "&start=2000-01-01T00:00:00"
        found: list[Any] = []
        cursor = ""
        while True:
            data = (await self.call("GET", path + cursor))["data"]
            for one in data["datastreams"]:
                found += [point["value"] for point in one["datapoints"]]
            if "cursor" not in data:
                return found
            cursor = f"&cursor={data['cursor']}"


async def without_end(act: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await act()
        except aiohttp.ClientError:
            await asyncio.sleep(0.005)


@asynccontextmanager
async def at_work(*acts: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    tasks = [asyncio.ensure_future(without_end(act)) for act in acts]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        failed = [one for one in results if not isinstance(one, asyncio.CancelledError)]
        assert not failed, failed


@pytest.mark.parametrize("seed", range(RUNS))
async def test_nothing_that_was_acknowledged_is_missing(seed: int, tmp_path: Path) -> None:
    random = Random(seed)
    headers = {"api-key": KEY}
    async with (
        killed_platform(tmp_path / "store.db") as platform,
        aiohttp.ClientSession(headers=headers) as client,
        AsyncExitStack() as stack,
    ):
        loop = asyncio.get_running_loop()
        _, meter = await loop.create_datagram_endpoint(
            lambda: Meter(platform.coap), local_addr=("127.0.0.1", 0)
        )
        application = Application(platform, client)
        stack.callback(meter.close)
        await meter.register()
        async with at_work(application.create, application.store, meter.report):
            for _ in range(KILLS):
                meter.reported.clear()
                await meter.reported.wait()
                await asyncio.sleep(random.uniform(0, 0.03))
                await platform.kill()
                await platform.start()
        assert meter.acknowledged >= KILLS
        assert (await application.call("GET", "/devices/500000001"))["data"]["online"] is True
        reported = await application.values("3303_0_5700")
        assert {*range(1, meter.acknowledged + 1)} <= set(reported)
        assert set(reported) <= {*range(1, meter.acknowledged + 2)}
        posted = await application.values("posted")
        assert set(application.points) <= set(posted)
        assert len(posted) == len(set(posted)), "each was sent once"
        for imei, device_id in application.devices.items():
            found = await application.call("GET", f"/devices/getbyimei?imei={imei}")
            assert str(found["data"]["id"]) == device_id


async def test_push_of_each_acknowledged_point_arrives_in_order(tmp_path: Path) -> None:
    """At least once; those that were delivered shortly before a kill come again."""
    random = Random(1)
    async with (
        killed_platform(tmp_path / "store.db") as platform,
        aiohttp.ClientSession(headers={"api-key": KEY}) as client,
        push_server() as server,
    ):
        application = Application(platform, client)
        await application.call("PUT", "/emulator/push", {"url": server.url, "token": server.token})
        pushed: list[int] = []
        async with at_work(*[application.store] * 4):
            for _ in range(PUSH_KILLS):
                pushed += [(await server.messages.get())["value"] for _ in range(5)]
                await asyncio.sleep(random.uniform(0, 0.03))
                await platform.kill()
                await platform.start()
        async with asyncio.timeout(PATIENCE):
            while not set(application.points) <= set(pushed):
                pushed.append((await server.messages.get())["value"])
        places = {value: place for place, value in enumerate(dict.fromkeys(pushed))}
        # Points that were on their way together have no order.
        for number, acknowledged in application.before.items():
            if number in places:
                earlier = [places[one] for one in application.points[:acknowledged]]
                assert max(earlier, default=-1) < places[number]
        assert len(pushed) - len(places) <= 21 * PUSH_KILLS


async def test_module_goes_on_with_a_platform_that_was_killed(tmp_path: Path) -> None:
    """It is online, observed, read and written as before, without a login."""
    async with (
        killed_platform(tmp_path / "store.db") as platform,
        aiohttp.ClientSession(headers={"api-key": KEY}) as client,
        running("--server", f"coap://127.0.0.1:{platform.coap[1]}", "--style", "onenet", *FAST) as (
            process
        ),
    ):
        module = await ready(process)
        application = Application(platform, client)
        async with Device(
            module["port"],
            f"{IMEI};{IMSI}",
            uri="coap://183.230.40.40:5683",
            on_read=lambda _: 19.5,
        ) as device:
            temperature = await device.add_resource("3303/0/5700", ValueType.FLOAT, 21.5)
            await device.connect(timeout=60)
            await device.notify(temperature, 22.5, acknowledge=True)
            await platform.kill()
            await platform.start()
            await device.notify(temperature, 23.5, acknowledge=True)
            assert await application.values("3303_0_5700") == [22.5, 23.5]
            read = f"/nbiot?imei={IMEI}&obj_id=3303&obj_inst_id=0&res_id=5700"
            (instance,) = (await application.call("GET", read))["data"]
            assert instance["res"] == [{"res_id": 5700, "val": 19.5}]
            shown = await application.call("GET", "/devices/500000001/datastreams")
            assert [stream["id"] for stream in shown["data"]] == ["3303_0_5700"]
