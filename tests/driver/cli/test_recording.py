"""Recordings: splitting into chunks, writing, reading."""

from __future__ import annotations

import io
import json
import re
import textwrap
from datetime import UTC, datetime, timedelta, timezone
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m5310.cli import recording
from m5310.cli.recording import (
    CHUNK_LIMIT,
    PAUSE,
    Chunk,
    Entry,
    Header,
    Recorder,
    Sender,
    Speed,
    entry_line,
    header_line,
    read,
)
from m5310.errors import ParameterError

STARTED = datetime(2026, 11, 23, 8, 7, tzinfo=UTC)
HEADER = Header("/dev/ttyUSB0", 9600, STARTED)
FIRST = '{"recording": 1, "port": "p", "baud": 9600, "started": "2026-11-23T08:07:00.000Z"}\n'

HOST, MODULE = Sender.HOST, Sender.MODULE


def reread(text: str) -> tuple[Header, list[Entry]]:
    header, chunks = read(io.StringIO(text))
    return header, list(chunks)


def split(*received: tuple[Sender, bytes, float]) -> list[Chunk]:
    recorder = Recorder(100.0)
    chunks = [chunk for each in received for chunk in recorder.add(*each)]
    return chunks + recorder.flush()


# --- splitting -------------------------------------------------------------------------------


def test_one_chunk_per_line() -> None:
    assert split(
        (HOST, b"AT+CSQ\r", 101.0),
        (MODULE, b"\r\n+CSQ:20,99\r\n\r\nOK\r\n", 101.03),
    ) == [
        Chunk(1.0, HOST, b"AT+CSQ\r"),
        Chunk(1.03, MODULE, b"\r\n+CSQ:20,99\r\n"),
        Chunk(1.03, MODULE, b"\r\nOK\r\n"),
    ]


def test_slow_line_is_one_chunk_with_the_time_of_its_first_byte() -> None:
    line = b"\r\n+CEREG:1\r\n"
    trickle = [(MODULE, line[at : at + 1], 100 + at / 1000) for at in range(len(line))]
    assert split(*trickle) == [Chunk(0.0, MODULE, line)]


def test_pause_splits_a_line() -> None:
    assert split((MODULE, b"\r\n+CE", 100.0), (MODULE, b"REG:1\r\n", 100.25)) == [
        Chunk(0.0, MODULE, b"\r\n+CE"),
        Chunk(0.25, MODULE, b"REG:1\r\n"),
    ]
    adapter_latency = PAUSE / 2
    assert len(split((MODULE, b"OK", 100.0), (MODULE, b"\r\n", 100 + adapter_latency))) == 1


def test_other_sender_ends_a_chunk() -> None:
    chunks = split(
        (MODULE, b"\r\n+CE", 100.0), (HOST, b"AT\r", 100.01), (MODULE, b"REG:1\r\n", 100.02)
    )
    assert [(chunk.sender, chunk.data) for chunk in chunks] == [
        (MODULE, b"\r\n+CE"),
        (HOST, b"AT\r"),
        (MODULE, b"REG:1\r\n"),
    ]


def test_command_ends_at_cr_or_cr_lf() -> None:
    chunks = split((HOST, b"AT\r\nATI\rAT", 100.0))
    assert [chunk.data for chunk in chunks] == [b"AT\r\n", b"ATI\r", b"AT"]


def test_bytes_without_line_ends_are_split_at_the_limit() -> None:
    recorder = Recorder(0.0)
    chunks = [chunk for _ in range(100) for chunk in recorder.add(MODULE, b"\xff" * 1000, 0.0)]
    assert len(chunks) >= 100_000 // CHUNK_LIMIT
    assert max(len(chunk.data) for chunk in chunks) <= CHUNK_LIMIT
    assert sum(len(chunk.data) for chunk in (*chunks, *recorder.flush())) == 100_000


def test_no_bytes_no_chunk() -> None:
    assert split() == []
    assert split((HOST, b"", 100.0)) == []


STREAMS = st.lists(
    st.tuples(
        st.sampled_from(Sender),
        st.one_of(st.binary(max_size=40), st.text("AT+\r\n:,1", max_size=20).map(str.encode)),
        st.floats(0, 0.5),
    ),
    max_size=20,
)


@given(STREAMS)
def test_chunks_keep_bytes_order_and_time(steps: list[tuple[Sender, bytes, float]]) -> None:
    now, recorder, chunks, received = 5.0, Recorder(5.0), [], []
    for sender, data, later in steps:
        now += later
        received.append((sender, data))
        chunks += recorder.add(sender, data, now)
    chunks += recorder.flush()

    def joined(parts: list[tuple[Sender, bytes]]) -> list[tuple[Sender, bytes]]:
        filled = [part for part in parts if part[1]]
        groups = groupby(filled, key=lambda part: part[0])
        return [(sender, b"".join(data for _, data in group)) for sender, group in groups]

    assert joined([(chunk.sender, chunk.data) for chunk in chunks]) == joined(received)
    times = [chunk.at for chunk in chunks]
    assert times == sorted(times)
    assert all(0 <= at <= now for at in times)


# --- writing and reading ---------------------------------------------------------------------


def test_lines_of_a_file() -> None:
    assert json.loads(header_line(HEADER)) == {
        "recording": 1,
        "port": "/dev/ttyUSB0",
        "baud": 9600,
        "started": "2026-11-23T08:07:00.000Z",
    }
    assert entry_line(Chunk(1.204113, HOST, b"AT+CSQ\r")) == (
        '{"at": 1.204113, "from": "host", "text": "AT+CSQ\\r"}'
    )
    assert entry_line(Chunk(1.5, MODULE, b"\x00\xffO")) == (
        '{"at": 1.5, "from": "module", "hex": "00FF4F"}'
    )


def test_speed_change_is_an_entry() -> None:
    recorder = Recorder(100.0)
    entries = [
        *recorder.add(HOST, b"AT+NATSPEED=115200,30,1,2,1,0,0\r", 101.0),
        *recorder.add(MODULE, b"\r\nOK\r\nhalf", 101.5),
        *recorder.add_speed(115200, 101.6),
        *recorder.add(MODULE, b"+CEREG:1\r\n", 101.7),
    ]
    assert entries[1:] == [
        Chunk(1.5, MODULE, b"\r\nOK\r\n"),
        Chunk(1.5, MODULE, b"half"),
        Speed(1.6, 115200),
        Chunk(1.7, MODULE, b"+CEREG:1\r\n"),
    ]
    assert entry_line(Speed(1.6, 115200)) == '{"at": 1.6, "baud": 115200}'
    text = header_line(HEADER) + "\n" + "".join(f"{entry_line(each)}\n" for each in entries)
    assert reread(text) == (HEADER, entries)


def test_examples_in_the_docstring_are_valid() -> None:
    described = textwrap.dedent(recording.__doc__ or "").replace(',\n     "started"', ', "started"')
    shown = re.findall(r"^ *(\{.*\})", described, re.MULTILINE)
    header, entries = reread("\n".join(shown) + "\n")
    assert header == Header("/dev/ttyUSB0", 9600, STARTED, by="m5310 0.1.0")
    assert entries == [
        Chunk(1.204113, HOST, b"AT+CSQ\r"),
        Chunk(1.231907, MODULE, b"\r\n+CSQ:20,99\r\n"),
        Chunk(1.232001, MODULE, b"\x00\xffO"),
        Chunk(1.5, HOST, b"AT\r", own=True),
        Speed(2.5, 115200),
    ]
    assert f"{PAUSE} s" in described
    assert f"{CHUNK_LIMIT} bytes" in described


def test_header_without_speed_and_with_a_recorder() -> None:
    header = Header("pipe", 0, STARTED, by="模组 1.0")
    assert reread(header_line(header) + "\n") == (header, [])


def test_start_is_written_in_utc() -> None:
    local = datetime(2026, 11, 23, 16, 7, tzinfo=timezone(timedelta(hours=8)))
    header, _ = reread(header_line(Header("COM3", 115200, local)) + "\n")
    assert header == Header("COM3", 115200, STARTED)


CHUNKS = st.lists(
    st.tuples(st.integers(0, 10**9), st.sampled_from(Sender), st.binary(min_size=1, max_size=60)),
    max_size=10,
).map(
    lambda found: [
        Chunk(at / 1e6, sender, data)
        for at, sender, data in sorted(found, key=lambda each: each[0])
    ]
)


@given(CHUNKS)
def test_written_recording_is_read_back(chunks: list[Chunk]) -> None:
    text = "\n".join([header_line(HEADER), *map(entry_line, chunks)]) + "\n"
    assert reread(text) == (HEADER, chunks)


@given(CHUNKS, st.integers(0, 10**4))
def test_truncated_recording_loses_one_chunk_at_most(chunks: list[Chunk], end: int) -> None:
    head = header_line(HEADER) + "\n"
    body = "".join(entry_line(chunk) + "\n" for chunk in chunks)
    _, found = reread(head + body[:end])
    assert found == chunks[: len(found)]
    assert len(found) >= body[:end].count("\n")


def test_unknown_keys_are_ignored() -> None:
    text = (
        FIRST.replace("{", '{"board": "x", ', 1)
        + '{"at": 1, "from": "host", "text": "A", "x": 1}\n'
    )
    assert reread(text)[1] == [Chunk(1.0, HOST, b"A")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1 of the recording: '' is not JSON"),
        ("AT\n", "'AT' is not JSON"),
        ("[]\n", "is not a JSON object"),
        ("[" * 100_000 + "\n", "is not JSON"),
        ('{"recording": 2}\n', 'expected {"recording": 1'),
        (FIRST.replace('"p"', "1"), "port 1 is not a string"),
        (FIRST.replace("9600", "-1"), "baud -1 is not a speed"),
        (FIRST.replace("9600", "true"), "baud True is not a speed"),
        (FIRST.replace("000Z", "000"), "is not a time; expected one like"),
        (FIRST.replace("2026-11", "soon"), "is not a time; expected one like"),
        (FIRST + "junk\n", "line 2 of the recording: 'junk' is not JSON"),
        (
            FIRST + '{"at": 1, "from": ["host"], "text": "A"}\n',
            "line 2 of the recording: ['host'] is",
        ),
        (FIRST + f'{{"at": {"9" * 4000}, "baud": 1}}\n', "line 2 of the recording: at 999"),
        (FIRST + '{"at": -1, "from": "host", "text": ""}\n', "at -1 is not"),
        (FIRST + '{"at": true, "from": "host", "text": ""}\n', "at True is not"),
        (FIRST + '{"at": NaN, "from": "host", "text": ""}\n', "at nan is not"),
        (FIRST + '{"at": 1e999, "from": "host", "text": ""}\n', "at inf is not"),
        (FIRST + '{"at": 1' + "0" * 400 + ', "from": "host", "text": ""}\n', "at 1000"),
        (FIRST + '{"from": "host", "text": ""}\n', "at None is not"),
        (FIRST + '{"at": 1, "from": "cloud", "text": ""}\n', "'cloud' is not a valid Sender"),
        (FIRST + '{"at": 1, "from": "host"}\n', "text and hex: expected exactly one"),
        (
            FIRST + '{"at": 1, "from": "host", "text": "", "hex": ""}\n',
            "text and hex: expected exactly one",
        ),
        (FIRST + '{"at": 1, "from": "host", "text": ""}\n', "empty chunk"),
        (FIRST + '{"at": 1, "from": "host", "hex": " "}\n', "empty chunk"),
        (FIRST + '{"at": 1, "baud": 0}\n', "line 2 of the recording: baud 0 is not a speed"),
        (FIRST + '{"at": 1, "baud": "fast"}\n', "baud 'fast' is not a speed"),
        (FIRST.replace("{", '{"by": 1, ', 1), "by 1 is not a string"),
        (FIRST + '{"at": 1, "from": "host", "hex": "0g"}\n', "non-hexadecimal"),
        (FIRST + '{"at": 1, "from": "host", "text": "\\ud800"}\n', "surrogates not allowed"),
    ],
)
def test_error_names_the_line(text: str, message: str) -> None:
    with pytest.raises(ParameterError) as caught:
        reread(text)
    assert message in str(caught.value)


def test_decreasing_time_is_refused() -> None:
    text = FIRST + "".join(f"{entry_line(Chunk(at, HOST, b'A'))}\n" for at in (2.0, 1.0))
    with pytest.raises(ParameterError, match=r"line 3 .* must not decrease"):
        reread(text)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for content in (text, FIRST + text):
        try:
            _, chunks = reread(content)
        except ParameterError:
            continue
        assert all(isinstance(each, Speed) or each.data for each in chunks)
