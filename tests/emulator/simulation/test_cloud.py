"""An emulator and an application that gets its pushes, over real sockets."""

from __future__ import annotations

import logging
from urllib.parse import urlsplit

import pytest

from emulator import EagerClock, Emulator, VirtualClock
from emulator.clock.clocks import Clock, LoopClock
from emulator.onenet.push.push import State
from tests.support.emulator_process import running
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
    async with push_server() as application:
        url = application.url
    clock = VirtualClock()
    async with Emulator(
        baud=None, http=None, clock=clock, push=url, token="a token", latency=0
    ) as emulator:
        push = emulator.platform.push
        clock.advance(0)
        await until(lambda: push.failures == 1)
        (warning,) = caplog.records
        assert warning.levelno == logging.WARNING
        assert f"push to {url} failed, it is repeated: Connect call failed" in warning.message
        push.online(1, emulator.imei, online=True, now=clock.now())
        async with push_server(port=urlsplit(url).port or 0) as application:
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
