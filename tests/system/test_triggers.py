"""Triggers end to end: an application sets one, a module reports, the application is called."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from emulator import EagerClock, Emulator, VirtualClock
from emulator.clock.clocks import Clock, LoopClock
from tests.support.hosts import Host, log_in
from tests.support.peers import until
from tests.support.push_server import push_server

pytestmark = pytest.mark.realtime

HOT = {"ds_id": "3303_0_5700", "type": ">", "threshold": 30}


async def call(emulator: Emulator, method: str, path: str, body: object = None) -> dict[str, Any]:
    assert emulator.http_url is not None
    headers = {"api-key": emulator.api_key}
    async with (
        aiohttp.ClientSession() as client,
        client.request(method, emulator.http_url + path, json=body, headers=headers) as response,
    ):
        answer: dict[str, Any] = await response.json()
    assert answer["error"] == "succ"
    return answer


def waiting(emulator: Emulator) -> bool:
    """Whether a message has no reply yet: it would be sent again after a restart."""
    (count,) = emulator.platform.database.execute("SELECT count(*) FROM messages").fetchone()
    return bool(count)


async def report(host: Host, value: float) -> None:
    await host.command(f'AT+MIPLNOTIFY=0,3303,0,5700,4,"{value}",1')


@pytest.mark.parametrize("clock", [LoopClock, EagerClock])
async def test_application_is_called_when_a_module_reports(
    clock: type[Clock], tmp_path: Path
) -> None:
    """Also by the platform that is started again on the same file."""
    path = tmp_path / "onenet.db"
    identity: dict[str, Any] = {"baud": None, "latency": 0.001, "db": path}
    async with push_server() as application:
        application.answer = _taken
        async with Emulator(clock=clock(), **identity) as emulator:
            identity["imei"], identity["imsi"] = emulator.imei, emulator.imsi
            created = await call(emulator, "POST", "/triggers", {**HOT, "url": application.url})
            with Host(emulator.port) as host:
                await log_in(host, emulator)
                for value in (29.5, 30.5):
                    await report(host, value)
            await until(lambda: len(application.requests) == 1 and not waiting(emulator))
        async with Emulator(clock=clock(), **identity) as emulator:
            with Host(emulator.port) as host:
                await log_in(host, emulator)
                await report(host, 31.5)
            await until(lambda: len(application.requests) == 2)
            detail = await call(emulator, "GET", f"/triggers/{created['data']['trigger_id']}")
            assert "invalid" not in detail["data"]
    bodies = [await request.json() for request, _ in application.requests]
    assert [body["trigger"] for body in bodies] == [
        {"id": created["data"]["trigger_id"], "threshold": 30, "type": ">"}
    ] * 2
    assert [body["current_data"][0]["value"] for body in bodies] == [30.5, 31.5]
    assert bodies[0]["current_data"][0]["dev_id"] == emulator.device_id
    request = application.requests[0][0]
    assert request.headers["Content-Type"] == "application/json; charset=utf-8"


async def _taken(_: web.Request) -> web.StreamResponse:
    return web.Response(text="ok")


async def test_silence_and_repetition_follow_the_clock_of_the_emulator() -> None:
    clock = VirtualClock()
    async with push_server() as application:
        answers = [500, 200]

        async def answer(_: web.Request) -> web.StreamResponse:
            return web.Response(status=answers.pop(0))

        application.answer = answer
        async with Emulator(baud=None, clock=clock, latency=0) as emulator:
            body = {**HOT, "type": "frozen", "threshold": 3600, "url": application.url}
            await call(emulator, "POST", "/triggers", body)
            with Host(emulator.port) as host:
                await log_in(host, emulator)
                await report(host, 20.5)
            clock.advance(3599)
            assert application.requests == []
            clock.advance(1)
            await until(lambda: emulator.platform.triggers.due is not None)
            assert len(application.requests) == 1
            clock.advance(1)
            await until(lambda: len(application.requests) == 2)
            clock.advance(100_000)
            assert answers == []


async def test_target_outside_of_this_machine_is_not_called(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with Emulator(baud=None, latency=0) as emulator:
        await call(emulator, "POST", "/triggers", {**HOT, "url": "http://192.0.2.1/alarm"})
        with Host(emulator.port) as host:
            await log_in(host, emulator)
            await report(host, 31.5)
        await until(lambda: "trigger 1: http://192.0.2.1/alarm: " in caplog.text)
    (warning,) = [one for one in caplog.records if "192.0.2.1" in one.getMessage()]
    assert warning.levelno == logging.WARNING
    assert "allow" in warning.getMessage()
