"""Recordings: what was written is what is read, byte for byte and moment for moment."""

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
    PAUSE,
    CHUNK_LIMIT,
    Entry,
    Header,
    Chunk,
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
    header, pieces = read(io.StringIO(text))
    return header, list(pieces)


def cut(*passed: tuple[Sender, bytes, float]) -> list[Chunk]:
    recorder = Recorder(100.0)
    pieces = [piece for each in passed for piece in recorder.add(*each)]
    return pieces + recorder.flush()


# --- cutting ---------------------------------------------------------------------------------


def test_a_conversation_is_cut_into_its_lines() -> None:
    assert cut(
        (HOST, b"AT+CSQ\r", 101.0),
        (MODULE, b"\r\n+CSQ:20,99\r\n\r\nOK\r\n", 101.03),
    ) == [
        Chunk(1.0, HOST, b"AT+CSQ\r"),
        Chunk(1.03, MODULE, b"\r\n+CSQ:20,99\r\n"),
        Chunk(1.03, MODULE, b"\r\nOK\r\n"),
    ]


def test_a_line_that_trickles_is_one_piece_from_its_first_byte() -> None:
    line = b"\r\n+CEREG:1\r\n"
    trickle = [(MODULE, line[at : at + 1], 100 + at / 1000) for at in range(len(line))]
    assert cut(*trickle) == [Chunk(0.0, MODULE, line)]


def test_a_line_that_pauses_is_two() -> None:
    assert cut((MODULE, b"\r\n+CE", 100.0), (MODULE, b"REG:1\r\n", 100.25)) == [
        Chunk(0.0, MODULE, b"\r\n+CE"),
        Chunk(0.25, MODULE, b"REG:1\r\n"),
    ]
    torn_by_an_adapter = PAUSE / 2
    assert len(cut((MODULE, b"OK", 100.0), (MODULE, b"\r\n", 100 + torn_by_an_adapter))) == 1


def test_the_other_side_speaking_ends_a_piece() -> None:
    pieces = cut(
        (MODULE, b"\r\n+CE", 100.0), (HOST, b"AT\r", 100.01), (MODULE, b"REG:1\r\n", 100.02)
    )
    assert [(piece.sender, piece.data) for piece in pieces] == [
        (MODULE, b"\r\n+CE"),
        (HOST, b"AT\r"),
        (MODULE, b"REG:1\r\n"),
    ]


def test_a_command_ends_at_its_cr_with_or_without_lf() -> None:
    pieces = cut((HOST, b"AT\r\nATI\rAT", 100.0))
    assert [piece.data for piece in pieces] == [b"AT\r\n", b"ATI\r", b"AT"]


def test_bytes_without_line_ends_do_not_pile_up() -> None:
    recorder = Recorder(0.0)
    pieces = [piece for _ in range(100) for piece in recorder.add(MODULE, b"\xff" * 1000, 0.0)]
    assert len(pieces) >= 100_000 // CHUNK_LIMIT
    assert max(len(piece.data) for piece in pieces) <= CHUNK_LIMIT
    assert sum(len(piece.data) for piece in (*pieces, *recorder.flush())) == 100_000


def test_nothing_passed_is_nothing_recorded() -> None:
    assert cut() == []
    assert cut((HOST, b"", 100.0)) == []


STREAMS = st.lists(
    st.tuples(
        st.sampled_from(Sender),
        st.one_of(st.binary(max_size=40), st.text("AT+\r\n:,1", max_size=20).map(str.encode)),
        st.floats(0, 0.5),
    ),
    max_size=20,
)


@given(STREAMS)
def test_no_byte_is_lost_moved_or_dated_back(steps: list[tuple[Sender, bytes, float]]) -> None:
    now, recorder, pieces, passed = 5.0, Recorder(5.0), [], []
    for sender, data, later in steps:
        now += later
        passed.append((sender, data))
        pieces += recorder.add(sender, data, now)
    pieces += recorder.flush()

    def joined(parts: list[tuple[Sender, bytes]]) -> list[tuple[Sender, bytes]]:
        filled = [part for part in parts if part[1]]
        groups = groupby(filled, key=lambda part: part[0])
        return [(sender, b"".join(data for _, data in group)) for sender, group in groups]

    assert joined([(piece.sender, piece.data) for piece in pieces]) == joined(passed)
    times = [piece.at for piece in pieces]
    assert times == sorted(times)
    assert all(0 <= at <= now for at in times)


# --- writing and reading ---------------------------------------------------------------------


def test_a_file_is_what_its_documentation_shows() -> None:
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


def test_a_line_whose_speed_changes_says_when() -> None:
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


def test_the_examples_of_the_documentation_are_a_recording() -> None:
    described = textwrap.dedent(recording.__doc__ or "").replace(',\n     "started"', ', "started"')
    shown = re.findall(r"^ *(\{.*\})", described, re.MULTILINE)
    header, entries = reread("\n".join(shown) + "\n")
    assert header == Header("/dev/ttyUSB0", 9600, STARTED, by="m5310 0.1.0")
    assert entries == [
        Chunk(1.204113, HOST, b"AT+CSQ\r"),
        Chunk(1.231907, MODULE, b"\r\n+CSQ:20,99\r\n"),
        Chunk(1.232001, MODULE, b"\x00\xffO"),
        Speed(2.5, 115200),
    ]
    assert f"{PAUSE} s" in described
    assert f"{CHUNK_LIMIT} bytes" in described


def test_a_line_without_speed_and_a_recorder_with_a_name() -> None:
    header = Header("pipe", 0, STARTED, by="模组 1.0")
    assert reread(header_line(header) + "\n") == (header, [])


def test_the_start_is_told_in_utc() -> None:
    local = datetime(2026, 11, 23, 16, 7, tzinfo=timezone(timedelta(hours=8)))
    header, _ = reread(header_line(Header("COM3", 115200, local)) + "\n")
    assert header == Header("COM3", 115200, STARTED)


PIECES = st.lists(
    st.tuples(st.integers(0, 10**9), st.sampled_from(Sender), st.binary(min_size=1, max_size=60)),
    max_size=10,
).map(
    lambda found: [
        Chunk(at / 1e6, sender, data)
        for at, sender, data in sorted(found, key=lambda each: each[0])
    ]
)


@given(PIECES)
def test_what_was_written_is_read(pieces: list[Chunk]) -> None:
    text = "\n".join([header_line(HEADER), *map(entry_line, pieces)]) + "\n"
    assert reread(text) == (HEADER, pieces)


@given(PIECES, st.integers(0, 10**4))
def test_a_recorder_that_was_killed_costs_one_piece(pieces: list[Chunk], end: int) -> None:
    head = header_line(HEADER) + "\n"
    body = "".join(entry_line(piece) + "\n" for piece in pieces)
    _, found = reread(head + body[:end])
    assert found == pieces[: len(found)]
    assert len(found) >= body[:end].count("\n")


def test_keys_of_the_future_are_ignored() -> None:
    text = (
        FIRST.replace("{", '{"board": "x", ', 1)
        + '{"at": 1, "from": "host", "text": "A", "x": 1}\n'
    )
    assert reread(text)[1] == [Chunk(1.0, HOST, b"A")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1 of the recording: '' is not JSON"),
        ("AT\n", "'AT' is not JSON"),
        ("[]\n", "is not a JSON object"),
        ("[" * 100_000 + "\n", "is not JSON"),
        ('{"recording": 2}\n', 'expected {"recording": 1'),
        (FIRST.replace('"p"', "1"), "port 1 is not a text"),
        (FIRST.replace("9600", "-1"), "baud -1 is not a speed"),
        (FIRST.replace("9600", "true"), "baud True is not a speed"),
        (FIRST.replace("000Z", "000"), "is not a time like"),
        (FIRST.replace("2026-11", "soon"), "is not a time like"),
        (FIRST + "junk\n", "line 2 of the recording: 'junk' is not JSON"),
        (FIRST + '{"at": -1, "from": "host", "text": ""}\n', "at -1 is not"),
        (FIRST + '{"at": true, "from": "host", "text": ""}\n', "at True is not"),
        (FIRST + '{"at": NaN, "from": "host", "text": ""}\n', "at nan is not"),
        (FIRST + '{"at": 1e999, "from": "host", "text": ""}\n', "at inf is not"),
        (FIRST + '{"at": 1' + "0" * 400 + ', "from": "host", "text": ""}\n', "at 1000"),
        (FIRST + '{"from": "host", "text": ""}\n', "at None is not"),
        (FIRST + '{"at": 1, "from": "cloud", "text": ""}\n', "'cloud' is not a valid Sender"),
        (FIRST + '{"at": 1, "from": "host"}\n', "expected either text or hex"),
        (FIRST + '{"at": 1, "from": "host", "text": "", "hex": ""}\n', "either text or hex"),
        (FIRST + '{"at": 1, "from": "host", "text": ""}\n', "a piece without bytes"),
        (FIRST + '{"at": 1, "from": "host", "hex": " "}\n', "a piece without bytes"),
        (FIRST + '{"at": 1, "baud": 0}\n', "line 2 of the recording: baud 0 is not a speed"),
        (FIRST + '{"at": 1, "baud": "fast"}\n', "baud 'fast' is not a speed"),
        (FIRST.replace("{", '{"by": 1, ', 1), "by 1 is not a text"),
        (FIRST + '{"at": 1, "from": "host", "hex": "0g"}\n', "non-hexadecimal"),
        (FIRST + '{"at": 1, "from": "host", "text": "\\ud800"}\n', "surrogates not allowed"),
    ],
)
def test_what_is_no_recording_is_said_with_its_line(text: str, said: str) -> None:
    with pytest.raises(ParameterError) as caught:
        reread(text)
    assert said in str(caught.value)


def test_time_does_not_go_back() -> None:
    text = FIRST + "".join(f"{entry_line(Chunk(at, HOST, b'A'))}\n" for at in (2.0, 1.0))
    with pytest.raises(ParameterError, match=r"line 3 .* time went back"):
        reread(text)


@given(st.text())
def test_any_file_is_read_or_refused(text: str) -> None:
    for content in (text, FIRST + text):
        try:
            _, pieces = reread(content)
        except ParameterError:
            continue
        assert all(isinstance(each, Speed) or each.data for each in pieces)
