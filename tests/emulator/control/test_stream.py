"""The stream of events over real sockets: what viewers see, and that no viewer disturbs a line."""

from __future__ import annotations

import asyncio
import re
import socket
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

import pytest
from aiohttp import web

from emulator.control import stream
from emulator.control.calls import traffic as calls
from emulator.control.control import Control
from emulator.control.traffic import Traffic
from tests.support.hosts import Host, log_in
from tests.support.page_calls import PageCalls, page_calls
from tests.support.patience import PATIENCE
from tests.support.viewers import viewer

pytestmark = pytest.mark.realtime


async def with_small_buffer(*given: Any) -> web.StreamResponse:
    """`stream.watch`, on a connection for which the system holds some KB only."""
    made = given[-1].transport.get_extra_info("socket")
    made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    return await stream.watch(*given)


async def viewers(page: PageCalls, wanted: int) -> None:
    """Wait until as many watch."""
    while (await page.get("/emulator/state"))["viewers"] != wanted:
        pass


def lines(entries: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(entry["way"], entry["text"]) for entry in entries]


async def test_a_viewer_sees_the_lines_of_host_and_module_as_they_come() -> None:
    async with page_calls() as page, viewer(page.it) as watching:
        assert watching.head.startswith("http/1.1 200")
        assert "content-type: text/event-stream\r\n" in watching.head
        assert "cache-control: no-store" in watching.head
        with Host(page.it.port) as host:
            await host.command("AT+CSQ")
            found = (await watching.event("traffic"))["entries"]
            while len(found) < 3:
                found += (await watching.event("traffic"))["entries"]
        assert lines(found) == [("host", "AT+CSQ"), ("module", "+CSQ:28,99"), ("module", "OK")]
        assert {entry["module"] for entry in found} == {1}
        assert 0 <= found[0]["at"] <= found[-1]["at"] < PATIENCE


async def test_a_login_is_seen_on_the_line_in_the_air_and_at_the_cloud() -> None:
    async with page_calls(air="coap") as page, viewer(page.it, "?module=1") as watching:
        with Host(page.it.port) as host:
            await log_in(host, page.it)
            entries: list[dict[str, Any]] = []
            online = None
            while online is None or not any("+MIPLOBSERVE:" in e["text"] for e in entries):
                event = await watching.event()
                online = event.get("online", online)
                entries += event.get("entries", [])
    assert online == [[page.it.device_id, True]]
    (register,) = [e for e in entries if e["way"] == "up" and "POST /rd?" in e["text"]]
    assert f"ep={page.it.imei};{page.it.imsi}" in register["text"]
    assert register["module"] == 1
    assert any(e["way"] == "down" and "2.01" in e["text"] for e in entries)
    assert [e["urc"] for e in entries if e["text"] == "+MIPLOPEN:0,1"] == [True]


async def test_notes_of_the_line_and_of_the_air_are_seen() -> None:
    async with page_calls(air="coap") as page:
        page.it.boards[0].note("something happened to the line")
        page.it.air.on_note("datagram of nowhere:1 lost")  # of no module
        with Host(page.it.port) as host:
            await log_in(host, page.it)
        registration = page.it.platform.server.registrations.online()[0]
        page.it.air.on_note(f"datagram of {registration.address} lost")
        entries = (await page.get("/emulator/traffic?module=1"))["entries"]
        every = (await page.get("/emulator/traffic"))["entries"]
    assert [text for way, text in lines(entries) if way == "note"] == [
        "something happened to the line",
        f"datagram of {registration.address} lost",
    ]
    assert [e["module"] for e in every if e["way"] == "note"] == [1, None, 1]


async def test_one_that_connects_again_goes_on_where_it_was() -> None:
    async with page_calls() as page:
        with Host(page.it.port) as host:
            async with viewer(page.it, "?after=0") as watching:
                await host.command("AT+CSQ")
                first = await watching.entries("OK")
            await host.command("AT+CGSN=1")
            async with viewer(page.it, f"?after={first[-1]['id']}") as watching:
                second = await watching.event("traffic")
            assert lines(second["entries"])[0] == ("host", "AT+CGSN=1")
            assert second["lost"] == 0
            async with viewer(page.it, f"?after={second['last']}") as watching:
                await host.command("AT+CIMI")
                assert lines(await watching.entries("OK"))[0] == ("host", "AT+CIMI")
            async with viewer(page.it, "?after=0") as watching:
                every = (await watching.event("traffic"))["entries"]
    assert every[: len(first)] == first
    assert lines(every)[-1] == ("module", "OK")


async def test_a_viewer_of_one_module_sees_only_its_traffic_and_its_state() -> None:
    async with page_calls(modules=2) as page:
        with Host(page.it.boards[0].line.port) as first, Host(page.it.boards[1].line.port) as other:
            async with viewer(page.it, "?module=2") as watching, viewer(page.it) as all_of_them:
                state = await watching.event("state")
                assert state["module"]["number"] == 2
                assert (await all_of_them.event("state"))["module"] is None
                await first.command("AT+CSQ")
                await other.command("AT+CGSN=1")
                found = await watching.entries("OK")
                assert lines(found)[0] == ("host", "AT+CGSN=1")
                assert {entry["module"] for entry in found} == {2}
                every = await all_of_them.entries("+CGSN")
                assert {entry["module"] for entry in every} == {1, 2}


async def test_the_state_comes_when_it_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "_OLD_STATE", float("inf"))  # and for no other reason
    async with page_calls() as page, viewer(page.it, "?module=1") as watching:
        first = await watching.event("state")
        await page.data("PUT", "/emulator/modules/1", {"coverage": "ECL2"})
        second = await watching.event("state")
        assert first["module"]["coverage"] == "ECL0"
        assert second["module"]["coverage"] == "ECL2"


async def test_a_state_comes_each_second_and_a_new_one_after_a_quarter() -> None:
    async with page_calls() as page:
        control = Control(page.it, page.it.now(), Traffic(1), ())
        events = stream._Events(control, None, 1)

        def came(now: float) -> str:
            """The coverage that is shown at `now`, in seconds of the event loop."""
            shown = re.search(rb'"coverage":"(.*?)"', events.take(now))
            return "" if shown is None else shown[1].decode()

        assert came(50) == "ECL0"
        assert came(50.9) == ""
        assert came(51.1) == "ECL0"
        await page.data("PUT", "/emulator/modules/1", {"coverage": "ECL2"})
        assert came(51.3) == ""
        assert came(51.4) == "ECL2"
        assert [came(52 + tenth / 10) for tenth in range(6)] == [*[""] * 4, "ECL2", ""]


async def test_a_viewer_that_does_not_read_loses_and_is_told_and_the_line_is_as_without_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    most, commands = 100, 400
    monkeypatch.setattr(calls, "watch", with_small_buffer)
    monkeypatch.setattr("emulator.emulator.Traffic", partial(Traffic, most=most))
    line, answer = "AT+" + "X" * 450, "\r\nERROR\r\n"
    async with page_calls() as page, viewer(page.it, "?after=0", buffer=4096) as slow:
        with Host(page.it.port) as host:
            for _ in range(commands):
                host.send(line)
                assert await host.until(answer) == answer
                await asyncio.sleep(0)  # the stream is served in the same loop
        seen = lost = 0
        while seen + lost < 2 * commands:
            event = await slow.event("traffic")
            # What was lost is missing before the entries of its event.
            seen, lost = seen + len(event["entries"]), lost + event["lost"]
        assert seen + lost == 2 * commands  # each piece is one line here
        assert lost > 0
        assert lines(event["entries"])[-1] == ("module", "ERROR")


async def test_what_a_viewer_that_takes_nothing_holds_is_bounded_and_it_is_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stream, "_STALLED", 0.2)
    monkeypatch.setattr(calls, "watch", with_small_buffer)
    async with page_calls() as page, viewer(page.it, "?after=0", buffer=4096) as dead:
        assert (await page.get("/emulator/state"))["viewers"] == 1
        with Host(page.it.port) as host:
            while (await page.get("/emulator/state"))["viewers"]:
                host.send("AT+" + "X" * 900)
                await host.until("ERROR\r\n")
        assert await dead.ended()


async def test_one_viewer_too_many_is_refused_until_another_one_goes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert stream.MAX_VIEWERS == 20
    monkeypatch.setattr(stream, "MAX_VIEWERS", 3)
    async with page_calls() as page, AsyncExitStack() as many:
        for _ in range(3):
            await many.enter_async_context(viewer(page.it))
        async with viewer(page.it) as refused:
            answer = await refused.body()
        assert answer["errno"] not in (0, 1)
        assert "3 viewers watch already" in answer["error"]
        await viewers(page, 3)
        await many.aclose()
        await viewers(page, 0)
        async with viewer(page.it) as taken:
            assert "text/event-stream" in taken.head


async def test_what_fails_inside_ends_the_stream_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("broken")

    async with page_calls() as page, viewer(page.it) as watching:
        await watching.event("state")
        with monkeypatch.context() as broken:
            broken.setattr(stream.shown, "clock", fail)
            assert await watching.ended()
        await viewers(page, 0)
        (record,) = [record for record in caplog.records if record.exc_info]
        assert record.getMessage() == "/emulator/events failed"


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        ({"api-key": "wrong"}, "auth failed"),
        ({"api-key": ""}, ""),
        ({"Origin": "http://evil.com"}, "web pages may not call this API"),
        ({"Host": "evil.com"}, "no name of this server"),
    ],
)
async def test_whoever_may_not_call_may_not_watch(headers: dict[str, str], text: str) -> None:
    async with page_calls() as page, viewer(page.it, **headers) as refused:
        answer = await refused.body()
        assert answer["errno"] != 0
        assert text in answer["error"]
        assert (await page.get("/emulator/state"))["viewers"] == 0


@pytest.mark.parametrize(
    "query",
    [
        *("?module=0", "?module=2", "?module=-1", "?module=x", "?module=99999999999999999999"),
        *("?after=-1", "?after=1e3", "?after=9999999999999999", "?after=%00", "?module=%F0"),
    ],
)
async def test_hostile_queries_are_refused(query: str) -> None:
    async with page_calls() as page, viewer(page.it, query) as refused:
        assert (await refused.body())["errno"] not in (0, 1)


async def test_the_emulator_ends_while_somebody_watches() -> None:
    async with AsyncExitStack() as opened:
        async with page_calls() as page:
            watching = await opened.enter_async_context(viewer(page.it))
            await watching.event("state")
        assert await watching.ended()


@pytest.mark.parametrize("bound", ["MAX_ENTRIES", "MAX_TEXT"])
async def test_each_event_is_bounded(bound: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, bound, 20)
    async with page_calls() as page:
        with Host(page.it.port) as host:
            for _ in range(50):
                await host.command("AT")
        async with viewer(page.it, "?after=0") as watching:
            sizes = []
            while sum(sizes) < 100:
                sizes.append(len((await watching.event("traffic"))["entries"]))
    assert sum(sizes) == 100
    assert max(sizes) <= 20
