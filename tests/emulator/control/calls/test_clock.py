"""Time by the page: its speed, a pause, and a jump in which all that is due happens."""

from __future__ import annotations

import asyncio
import socket
import struct

import pytest

from emulator import Emulator, LoopClock, VirtualClock, within
from emulator.clock.steered import SteeredClock
from tests.support.hosts import Host, log_in
from tests.support.page_calls import PageCalls, page_calls

pytestmark = pytest.mark.realtime
CLOCK, ADVANCE = "/emulator/clock", "/emulator/clock/advance"


async def online(page: PageCalls) -> bool:
    return bool((await page.get(f"/devices/{page.it.device_id}"))["online"])


async def test_a_registration_expires_when_its_lifetime_is_advanced() -> None:
    """What a person does with it: no waiting for 30 s, nor for a day."""
    async with page_calls() as page:
        with Host(page.it.port) as host:
            await log_in(host, page.it)
            await page.data("PUT", CLOCK, {"paused": True})
            module = await page.get("/emulator/modules/1")
            begin = (await page.get("/emulator/state"))["now"]
            assert module["login"]["state"] == "REGISTERED"
            assert module["login"]["registered_at"] <= begin
            end = module["login"]["expires_at"]
            assert 0 < end - begin <= module["login"]["lifetime"]
            clock = await page.data("POST", ADVANCE, {"seconds": end - begin - 1})
            assert clock == {
                "now": pytest.approx(end - 1),
                "speed": 1.0,
                "paused": True,
                "advancing": False,
                "steered": True,
            }
            assert await online(page)
            await page.data("POST", ADVANCE, {"seconds": 3600})
            assert not await online(page)


async def test_a_pause_holds_a_paced_line_and_an_advance_moves_it() -> None:
    async with page_calls(baud=9600) as page:
        await page.data("PUT", CLOCK, {"paused": True})
        with Host(page.it.port) as host:
            host.send("ATI")  # 4 bytes take 4 ms
            while not (await page.get("/emulator/modules/1"))["line"]["received"]:
                pass
            for _ in range(100):
                await asyncio.sleep(0)
            assert host.seen == b""
            await page.data("POST", ADVANCE, {"seconds": 0.003})
            assert page.it.line.moving
            await page.data("POST", ADVANCE, {"seconds": 1})
            await host.until("\r\nOK\r\n")


async def test_speed_and_pause_change_together_and_alone() -> None:
    async with page_calls() as page:
        changed = await page.data("PUT", CLOCK, {"speed": 60, "paused": True})
        assert changed["speed"] == 60
        assert changed["paused"] is True
        now = changed["now"]
        changed = await page.data("PUT", CLOCK, {"speed": 0.5})
        assert (changed["now"], changed["speed"], changed["paused"]) == (now, 0.5, True)
        changed = await page.data("PUT", CLOCK, {"paused": False})
        assert (changed["speed"], changed["paused"]) == (0.5, False)
        state = await page.get("/emulator/state")
        assert state["steered"] is True
        assert state["now"] > now


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "the body is empty, expected one or more of speed, paused"),
        ({"speed": 0}, "speed 0, expected a number, 0.001 to 86400"),
        ({"speed": 1e300}, "speed 1e+300, expected a number, 0.001 to 86400"),
        ({"speed": True}, "speed true, expected a number, 0.001 to 86400"),
        ({"speed": "fast"}, 'speed "fast", expected a number, 0.001 to 86400'),
        ({"speed": None}, "speed null, expected a number, 0.001 to 86400"),
        ({"paused": 1}, "paused 1, expected true or false"),
        ({"pause": True}, '"pause" is unknown, expected speed, paused'),
        ({"speed": 9, "paused": "no"}, 'paused "no", expected true or false'),
    ],
)
async def test_a_change_of_the_clock_is_checked(body: object, error: str) -> None:
    async with page_calls() as page:
        assert await page.refusal("PUT", CLOCK, body) == f"invalid parameter: {error}"
        assert (await page.get("/emulator/state"))["speed"] == 1.0


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "parameter required: seconds"),
        ({"seconds": -1}, "invalid parameter: seconds -1, expected a number, 0 to 31536000"),
        (
            {"seconds": 4e7},
            "invalid parameter: seconds 40000000.0, expected a number, 0 to 31536000",
        ),
        ({"seconds": 1, "to": 2}, 'invalid parameter: "to" is unknown, expected seconds'),
        (b"[1]", "invalid parameter: the body is not a JSON object"),
    ],
)
async def test_an_advance_is_checked(body: object, error: str) -> None:
    async with page_calls() as page:
        assert await page.refusal("POST", ADVANCE, body) == error


async def test_the_time_stays_within_the_dates_that_a_module_can_show() -> None:
    async with page_calls() as page:
        await page.data("PUT", CLOCK, {"paused": True})
        for _ in range(80):
            answer = await page.answer("POST", ADVANCE, {"seconds": 31_536_000})
            if answer["errno"]:
                break
        assert "the date would be after 2099, expected fewer" in answer["error"]


async def test_a_pause_ends_an_advance_that_takes_long() -> None:
    async with page_calls() as page:

        def again() -> None:
            page.it.clock.call_at(page.it.now() + 0.01, again)

        again()
        begin = page.it.now()
        advance = asyncio.ensure_future(page.refusal("POST", ADVANCE, {"seconds": 31_536_000}))
        while not (await page.get("/emulator/state"))["advancing"]:
            pass
        assert "is being advanced" in await page.refusal("POST", ADVANCE, {"seconds": 1})
        paused = await page.data("PUT", CLOCK, {"paused": True})
        assert "seconds 31536000: paused after" in await advance
        assert paused["advancing"] is False
        assert begin < page.it.now() == paused["now"] < begin + 31_536_000


async def test_an_advance_ends_when_its_client_leaves() -> None:
    async with page_calls() as page:

        def again() -> None:
            page.it.clock.call_at(page.it.now() + 0.01, again)

        again()
        host, _, port = page.it.http_url.removeprefix("http://").rpartition(":")
        with socket.create_connection((host, int(port))) as client:
            # It resets the connection: one that only ends its side still waits for the answer.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            body = b'{"seconds":31536000}'
            head = f"POST {ADVANCE} HTTP/1.1\r\nHost: localhost\r\napi-key: {page.it.api_key}\r\n"
            client.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            while not (await page.get("/emulator/state"))["advancing"]:
                pass
        while (await page.get("/emulator/state"))["advancing"]:
            pass


@pytest.mark.parametrize("made", [VirtualClock, LoopClock])
async def test_a_clock_of_the_program_is_left_to_it(made: type[VirtualClock | LoopClock]) -> None:
    clock = made()
    async with page_calls(clock=clock) as page:
        error = f"the clock: the program has chosen {made.__name__}, expected SteeredClock"
        for method, path, body in (
            ("PUT", CLOCK, {"speed": 2}),
            ("POST", ADVANCE, {"seconds": 1}),
        ):
            assert error in await page.refusal(method, path, body)
        state = await page.get("/emulator/state")
        assert state["steered"] is False
        assert state["paused"] is (made is VirtualClock)


async def test_the_air_of_sockets_keeps_its_times_within_an_advance() -> None:
    """A login that begins within the advance is answered before the time goes on."""
    async with page_calls(air="coap", latency=0.5) as page:
        assert isinstance(page.it.clock, SteeredClock)
        with Host(page.it.port) as host:
            await page.data("PUT", CLOCK, {"paused": True})
            login = asyncio.ensure_future(log_in(host, page.it))
            while (await page.get("/emulator/modules/1"))["login"]["state"] != "REGISTERING":
                pass
            begin = page.it.now()
            await page.data("POST", ADVANCE, {"seconds": 100})
            since = page.it.module.client.registration.since
            assert since == pytest.approx(begin + 1, abs=1e-3)  # there and back
            await login


def test_a_blocking_program_steers_the_clock_as_well() -> None:
    with Emulator(baud=None, http=None, clock=SteeredClock()) as emulator:
        clock = emulator.clock
        assert isinstance(within(clock, lambda own: own), SteeredClock)
        within(clock, lambda own: own.pause())
        begin = emulator.now()
        assert clock.advance(3600)  # type: ignore[attr-defined]
        assert emulator.now() == begin + 3600
