"""Files of the traffic: the same as the emulator's own trace, recording and capture."""

from __future__ import annotations

import re
from typing import Any

import aiohttp
import pytest

from emulator.recording import format as recordings
from emulator.recording.trace import TraceLine
from tests.support.hosts import Host, log_in
from tests.support.page_calls import PageCalls, page_calls

pytestmark = pytest.mark.realtime


async def download(page: PageCalls, query: str) -> tuple[dict[str, str], bytes]:
    headers = {"api-key": page.it.api_key}
    async with (
        aiohttp.ClientSession(headers=headers) as client,
        client.get(f"{page.it.http_url}/emulator/traffic?{query}") as answer,
    ):
        return {name.lower(): text for name, text in answer.headers.items()}, await answer.read()


async def traffic(page: PageCalls) -> None:
    """A login, up to the first request of the platform."""
    with Host(page.it.port) as host:
        await log_in(host, page.it)
        await host.until("+MIPLDISCOVER:")


async def test_all_is_new_after_an_id_of_an_emulator_that_ended() -> None:
    async with page_calls() as page:
        await page.data("POST", "/emulator/modules/1/type", {"text": "AT\r"})
        found = await page.get("/emulator/traffic?after=999999990000")
        assert found == await page.get("/emulator/traffic")
        assert "AT" in [entry["text"] for entry in found["entries"]]


async def test_lines_are_those_of_the_trace() -> None:
    shown: list[TraceLine] = []
    async with page_calls(air="coap", trace=shown.append, trace_air=True) as page:
        await traffic(page)
        head, text = await download(page, "format=text")
        expected = "".join(f"{line}\n" for line in shown)
    assert head["content-type"] == "text/plain; charset=utf-8"
    assert head["content-disposition"] == 'attachment; filename="traffic.txt"'
    assert head["x-content-type-options"] == "nosniff"
    assert expected.startswith(text.decode())  # more may have come since
    assert "==> " in text.decode()
    assert "<-- +MIPLDISCOVER:" in text.decode()


async def test_a_recording_is_the_one_that_the_emulator_writes() -> None:
    written: list[str] = []
    async with page_calls(baud=115_200, record=written.append) as page:
        with Host(page.it.port) as host:
            await host.command("AT+CSQ")
            await host.command("AT+CGSN=1")
            await host.command("AT+NATSPEED=9600,30,0,2,1,0,0")
            host.set_speed(9600)
            await host.command("AT")
        head, text = await download(page, "format=recording&module=1")
        # Only a recording has the speed.
        entries = (await page.get("/emulator/traffic"))["entries"]
        assert "9600" not in [entry["text"] for entry in entries]
        assert (await download(page, "format=pcapng"))[1].count(b"AT+CGSN=1\r") == 1
    assert head["content-disposition"] == 'attachment; filename="module-1.jsonl"'
    found, expected = recordings.read(text), recordings.read("".join(written).encode())
    assert (found.baud, found.emulated) == (115_200, True)
    assert 9600 in [what for _, what in chunks(found)]
    assert chunks(found) == chunks(expected)


def chunks(recording: recordings.Recording) -> list[tuple[object, object]]:
    """With their times since the first one: the zeros of both differ."""
    first = recording.entries[0].at
    return [
        (
            pytest.approx(entry.at - first, abs=2e-6),
            (entry.side, entry.data) if isinstance(entry, recordings.Chunk) else entry.baud,
        )
        for entry in recording.entries
    ]


async def test_a_capture_is_the_one_that_the_emulator_writes() -> None:
    blocks: list[bytes] = []
    async with page_calls(air="coap", capture=blocks.append) as page:
        await traffic(page)
        head, data = await download(page, "format=pcapng")
        expected = b"".join(blocks)
    assert head["content-disposition"] == 'attachment; filename="traffic.pcapng"'
    assert expected.startswith(data)  # more may have come since
    assert b"+MIPLDISCOVER:" in data


async def test_entries_and_files_of_one_module_or_from_an_entry_on() -> None:
    async with page_calls(modules=2) as page:
        for board in page.it.boards:
            with Host(board.line.port) as host:
                await host.command("AT+CSQ")
        everything = await page.get("/emulator/traffic")
        assert [entry["module"] for entry in everything["entries"]] == [1, 1, 1, 2, 2, 2]
        assert everything["lost"] == 0
        second = await page.get("/emulator/traffic?module=2")
        assert second["entries"] == everything["entries"][3:]
        later = await page.get(f"/emulator/traffic?after={everything['entries'][1]['id']}")
        assert later["entries"] == everything["entries"][2:]
        nothing = await page.get(f"/emulator/traffic?after={everything['last']}")
        assert nothing == {"entries": [], "lost": 0, "last": everything["last"]}
        _, text = await download(page, "format=text&module=2")
        assert re.findall(r"#\d (.*)", text.decode()) == ["--> AT+CSQ", "<-- +CSQ:28,99", "<-- OK"]


async def test_a_file_begins_after_the_entry_that_was_seen() -> None:
    async with page_calls(baud=115_200) as page:
        with Host(page.it.port) as host:
            await host.command("AT+NATSPEED=9600,30,0,2,1,0,0")
            host.set_speed(9600)
            await host.command("AT")
            seen = (await page.get("/emulator/traffic"))["entries"][-1]["id"]
            await host.command("AT+CGSN=1")
        _, text = await download(page, f"format=text&after={seen}")
        lines = [line.split(maxsplit=1)[1] for line in text.decode().splitlines()]
        assert [line for line in lines if not line.startswith("***")] == [
            "--> AT+CGSN=1",
            f"<-- +CGSN:{page.it.imei}",
            "<-- OK",
        ]
        _, recorded = await download(page, f"format=recording&module=1&after={seen}")
        found = recordings.read(recorded)
        assert found.baud == 9600, "the speed since before that entry"
        assert b"AT+CGSN=1\r" in next(what for _, (_, what) in chunks(found))  # type: ignore[misc]
        _, capture = await download(page, f"format=pcapng&after={seen}")
        assert b"AT\r" not in capture
        assert b"AT+CGSN=1\r" in capture


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("format=recording", "module"),
        ("format=pdf", "expected json or text or recording or pcapng"),
        ("module=3", "expected at most 1,"),
        ("module=0", 'module "0", expected 1 to'),
        ("after=-1", 'after "-1", expected 0 to'),
    ],
)
async def test_what_cannot_be_had_is_refused(query: str, text: str) -> None:
    async with page_calls() as page:
        assert text in await page.refusal("GET", f"/emulator/traffic?{query}")


async def test_the_cloud_alone_has_the_air_and_no_module() -> None:
    async with page_calls(platform_only=True, air="coap") as page:
        answer: Any = await page.refusal("GET", "/emulator/traffic?module=1")
        assert "expected at most 0," in answer
        assert (await page.get("/emulator/traffic"))["entries"] == []
        _, data = await download(page, "format=pcapng")
        assert data.startswith(b"\x0a\x0d\x0d\x0a")
