"""What the emulated OneNET pushes, received by `m5310.onenet`, over real sockets."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from random import Random

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from emulator import Emulator, VirtualClock
from m5310 import Access, Device, ValueType
from m5310.onenet import CommandResult, Message, OneNet, Online, Point, Receiver
from tests.support.language import running
from tests.support.push_application import UNICODE, Application, random_value

pytestmark = pytest.mark.usefixtures("each_language")

KEY = "master"
TOKEN = "abcdefghijkmlnopqrstuvwxyz"
AES_KEY = "whBx2ZwAU5LOHVimPj1MPx56QRe3OsGGWRe4dr17crV"


@pytest.mark.realtime
@pytest.mark.parametrize("aes_key", [None, AES_KEY])
async def test_points_logins_and_results_of_commands(aes_key: str | None) -> None:
    messages: asyncio.Queue[Message] = asyncio.Queue()
    app = web.Application()
    receiver = Receiver(TOKEN, aes_key)
    app.router.add_route("*", "/push", receiver.aiohttp_handler(messages.put))
    clock = VirtualClock()
    async with (
        TestServer(app) as server,
        Emulator(
            baud=None, api_key=KEY, module=running().module, clock=clock, latency=0
        ) as emulator,
        OneNet(KEY, emulator.http_url) as cloud,
    ):
        await set_push(emulator.http_url, str(server.make_url("/push")), aes_key)
        now = datetime.fromtimestamp(emulator.now(), UTC)
        uuid = await cloud.offline_write(
            emulator.imei,
            "3311/0",
            {5850: True},
            valid=now + timedelta(minutes=1),
            expires=now + timedelta(hours=1),
        )
        clock.advance(120)
        async with Device(emulator.port, f"{emulator.imei};{emulator.imsi}") as device:
            text = await device.add_resource("3311/0/5701", ValueType.STRING, "%")
            both = Access.READABLE | Access.WRITABLE
            await device.add_resource("3311/0/5850", ValueType.BOOLEAN, False, both)
            await device.connect(timeout=60)
            found = [await messages.get(), await messages.get()]
            await device.notify(text, "a/b 'c' <d>", acknowledge=True)
            found.append(await messages.get())

        device_id = (await cloud.device_by_imei(emulator.imei)).id
        online, result, point = sorted(
            found, key=lambda each: (Online, CommandResult, Point).index(type(each))
        )
        at = now + timedelta(minutes=2)
        assert online == Online(at, emulator.imei, device_id, True, 10)
        assert isinstance(result, CommandResult)
        assert (result.command_id, result.device_id, result.imei) == (
            uuid,
            device_id,
            emulator.imei,
        )
        assert result.confirm_status in (0, "SUCCESS")
        assert point == Point(at, emulator.imei, device_id, "3311_0_5701", "a/b 'c' <d>")


@pytest.mark.classic_only("of the platform alone")
@pytest.mark.parametrize("settings", [{}, {"aes_key": AES_KEY}, {"aes_key": AES_KEY, "pad": 32}])
def test_1000_values_reach_the_receiver(settings: dict[str, object]) -> None:
    application, random = Application(), Random(9)
    assert application.set(**settings) == ""
    receiver = Receiver(TOKEN, AES_KEY if settings else None)
    for _ in range(1000):
        value = random_value(random, UNICODE)
        application.point(value)
        application.step()
        (point,) = receiver.receive(application.reply().body)
        assert isinstance(point, Point)
        assert point.value == ([*value] if isinstance(value, bytes) else value)


async def set_push(api: str, url: str, aes_key: str | None) -> None:
    settings = {"url": url, "token": TOKEN} | ({} if aes_key is None else {"aes_key": aes_key})
    async with (
        aiohttp.ClientSession(headers={"api-key": KEY}) as session,
        session.put(f"{api}/emulator/push", json=settings) as response,
    ):
        assert (await response.json())["errno"] == 0
