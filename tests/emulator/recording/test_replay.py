"""A recording played as a module."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from emulator.recording.format import Chunk, Recording, Side, SpeedChange
from emulator.recording.replay import Replay

HOST, MODULE = Side.HOST, Side.MODULE
DAY = Recording(
    9600,
    (
        Chunk(0.5, MODULE, b"M5310\r\nOK\r\n"),
        Chunk(1.0, HOST, b"AT"),
        Chunk(1.2, HOST, b"\r\n"),
        Chunk(1.3, MODULE, b"\r\nOK\r\n"),
        SpeedChange(1.4, 115_200),
        Chunk(2.0, HOST, b"AT+CSQ\r"),
        Chunk(2.1, MODULE, b"\r\n+CSQ:20,99\r\n"),
        Chunk(2.2, MODULE, b"\r\nOK\r\n"),
        Chunk(9.0, HOST, b"AT+CIMI\r"),
        Chunk(9.5, MODULE, b"\r\nOK\r\n"),
    ),
)
HELLO = b"M5310\r\nOK\r\n"


def said(replay: Replay, line: bytes, now: float) -> bytes:
    replay.receive(line, now)
    return replay.take_output()


def test_timing_is_kept() -> None:
    replay = Replay(DAY, 100.0)
    assert replay.step(100.0) == 100.5
    assert replay.take_output() == b""
    assert replay.step(100.5) is None
    assert replay.take_output() == HELLO
    assert said(replay, b"AT\r", 200.0) == b""
    replay.step(200.2)
    assert said(replay, b"AT+CSQ\r", 300.0) == b"\r\nOK\r\n"
    assert replay.step(300.15) is not None
    assert replay.take_output() == b"\r\n+CSQ:20,99\r\n"
    replay.step(300.3)
    assert replay.take_output() == b"\r\nOK\r\n"


def test_timing_is_ignored_and_all_is_the_same() -> None:
    replay = Replay(DAY, 0.0, timed=False)
    assert said(replay, b"A", 0.0) == HELLO
    assert said(replay, b"T\r\n", 0.0) == b"\r\nOK\r\n"
    assert said(replay, b"AT+CSQ\r", 0.0) == b"\r\n+CSQ:20,99\r\n\r\nOK\r\n"
    assert not replay.over
    assert said(replay, b"AT+CIMI\r", 0.0) == b"\r\nOK\r\n"
    assert replay.over
    assert replay.differences() == ""


def test_what_was_to_be_said_before_comes_before() -> None:
    replay = Replay(DAY, 0.0)
    replay.receive(b"AT\rAT+CSQ\r", 0.0)
    assert replay.step(10.0) == 0.5
    assert replay.take_output() == HELLO + b"\r\nOK\r\n"
    assert replay.baud == 9600
    assert replay.step(10.0) is None
    assert replay.baud == 115_200
    assert replay.take_output() == b"\r\n+CSQ:20,99\r\n\r\nOK\r\n"


def test_what_differs_is_shown_as_a_diff() -> None:
    replay = Replay(DAY, 0.0, timed=False)
    replay.step(0.0)
    replay.take_output()
    assert said(replay, b"AT+CGMI\r", 0.0) == b""
    assert said(replay, b"AT+CSQ\r", 0.0) == b"\r\n+CSQ:20,99\r\n\r\nOK\r\n"
    assert said(replay, b"AT\r", 0.0) == b""
    assert replay.differences().splitlines() == [
        "--- recorded",
        "+++ heard",
        "@@ -1,3 +1,3 @@",
        "+AT+CGMI",
        "+AT+CSQ",
        " AT",
        "-AT+CSQ",
        "-AT+CIMI",
    ]


def test_an_empty_recording_is_a_module_that_says_nothing() -> None:
    replay = Replay(Recording(0, ()), 0.0)
    assert replay.over
    assert said(replay, b"AT\r", 0.0) == b""


@given(st.lists(st.binary(max_size=30)))
def test_whatever_is_said_to_it(pieces: list[bytes]) -> None:
    replay = Replay(DAY, 0.0, timed=False)
    for piece in pieces:
        replay.receive(piece, 0.0)
    replay.differences()
