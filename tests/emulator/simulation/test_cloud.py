"""An emulator and an application that gets its pushes, over real sockets."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from emulator import EagerClock, Emulator, VirtualClock
from emulator.clock.clocks import Clock, LoopClock
from emulator.onenet.push.push import State
from tests.support.emulator_process import ready, running
from tests.support.free_ports import free_port
from tests.support.hosts import Host, log_in
from tests.support.peers import until
from tests.support.push_server import push_server

pytestmark = pytest.mark.realtime

KEY = "whBx2ZwAU5LOHVimPj1MPx56QRe3OsGGWRe4dr17crV"


@pytest.mark.parametrize("clock", [LoopClock, EagerClock])
@pytest.mark.parametrize("key", [None, KEY])
async def test_an_application_gets_login_and_report_of_a_module(
    clock: type[Clock], key: str | None
) -> None:
    async with (
        push_server(aes_key=key) as application,
        Emulator(
            baud=None,
            latency=0.001,
            push=application.url,
            token="a token",
            aes_key=key,
            clock=clock(),
        ) as emulator,
    ):
        with Host(emulator.port) as host:
            await log_in(host, emulator)
            login = await application.messages.get()
            assert (login["type"], login["status"]) == (2, 1)
            await host.command('AT+MIPLNOTIFY=0,3303,0,5700,4,"21.25",1,7')
            point = await application.messages.get()
        assert point["imei"] == emulator.imei
        assert str(point["dev_id"]) == emulator.device_id
        assert (point["ds_id"], point["value"]) == ("3303_0_5700", 21.25)


async def test_an_application_that_starts_later_gets_what_waits(
    caplog: pytest.LogCaptureFixture,
) -> None:
    port = free_port(socket.SOCK_STREAM)
    url = f"http://127.0.0.1:{port}/push"
    clock = VirtualClock()
    async with Emulator(
        baud=None, http=None, clock=clock, push=url, token="a token", latency=0
    ) as emulator:
        push = emulator.platform.push
        clock.advance(0)
        await until(lambda: push.failures == 1)
        (warning,) = caplog.records
        assert warning.levelno == logging.WARNING
        assert f"push to {url} failed, it is repeated: no program listens there" in warning.message
        push.online(1, emulator.imei, online=True, now=clock.now())
        async with push_server(port=port) as application:
            clock.advance(1)
            await until(lambda: push.state is State.ON)
            clock.advance(0)
            assert (await application.messages.get())["status"] == 1
            await until(lambda: push.waiting == 0)


async def test_the_command_pushes_what_happens() -> None:
    async with push_server() as application:
        options = ("--json", "--baud", "off", "--push", application.url, "--token", "a token")
        async with running(*options) as process:
            assert process.stdout is not None
            await process.stdout.readline()
            await until(lambda: bool(application.requests))
            request, _ = application.requests[0]
            assert request.method == "GET"
            assert set(request.query) == {"msg", "nonce", "signature"}


async def test_what_was_not_delivered_is_pushed_after_kill_9(tmp_path: Path) -> None:
    """The first application takes the check and the first point only; the second one all.

    The first point may come again, as the process was killed right after it.
    """
    options = ("--json", "--baud", "off", "--db", str(tmp_path / "cloud.db"), "--token", "a token")
    async with push_server() as application:
        taken = asyncio.Event()

        async def take_one(request: web.Request) -> web.StreamResponse:
            if request.method == "POST" and not application.messages.empty():
                taken.set()
                return web.Response(status=503)
            return await application.receive(request)

        application.answer = take_one
        async with running(*options, "--push", application.url) as process:
            info = await ready(process)
            points = [{"id": "3303_0_5700", "datapoints": [{"value": n} for n in range(20)]}]
            async with (
                aiohttp.ClientSession(headers={"api-key": info["api_key"]}) as client,
                client.post(
                    f"{info['http']}/devices/{info['device_id']}/datapoints",
                    data=json.dumps({"datastreams": points}),
                ) as response,
            ):
                assert json.loads(await response.read())["errno"] == 0
            await taken.wait()
            process.kill()
            await process.wait()
        assert (await application.messages.get())["value"] == 0
    async with (
        push_server() as application,
        running(*options, "--push", application.url) as process,
    ):
        await ready(process)
        values: list[int] = []
        while 19 not in values:
            values.append((await application.messages.get())["value"])
        assert values in (list(range(1, 20)), list(range(20)))
