"""Replay: answers of a recorded module, timing, differences."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from emulator.recording.format import Chunk, Recording, Side, SpeedChange
from emulator.recording.replay import Replay

HOST, MODULE = Side.HOST, Side.MODULE
RECORDING = Recording(
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


def answer(replay: Replay, line: bytes, now: float) -> bytes:
    replay.receive(line, now)
    return replay.take_output()


def test_timed_replay_keeps_the_delays() -> None:
    replay = Replay(RECORDING, 100.0)
    assert replay.step(100.0) == 100.5
    assert replay.take_output() == b""
    assert replay.step(100.5) is None
    assert replay.take_output() == HELLO
    assert answer(replay, b"AT\r", 200.0) == b""
    replay.step(200.2)
    assert answer(replay, b"AT+CSQ\r", 300.0) == b"\r\nOK\r\n"
    assert replay.step(300.15) is not None
    assert replay.take_output() == b"\r\n+CSQ:20,99\r\n"
    replay.step(300.3)
    assert replay.take_output() == b"\r\nOK\r\n"


def test_untimed_replay_answers_at_once() -> None:
    replay = Replay(RECORDING, 0.0, timed=False)
    assert answer(replay, b"A", 0.0) == HELLO
    assert answer(replay, b"T\r\n", 0.0) == b"\r\nOK\r\n"
    assert answer(replay, b"AT+CSQ\r", 0.0) == b"\r\n+CSQ:20,99\r\n\r\nOK\r\n"
    assert not replay.finished
    assert answer(replay, b"AT+CIMI\r", 0.0) == b"\r\nOK\r\n"
    assert replay.finished
    assert replay.differences() == ""


def test_earlier_replies_come_first() -> None:
    replay = Replay(RECORDING, 0.0)
    replay.receive(b"AT\rAT+CSQ\r", 0.0)
    assert replay.step(10.0) == 10.0  # at once: the output at the old speed has to be taken
    assert replay.take_output() == HELLO + b"\r\nOK\r\n"
    assert replay.baud == 9600
    assert replay.step(10.0) is None
    assert replay.baud == 115_200
    assert replay.take_output() == b"\r\n+CSQ:20,99\r\n\r\nOK\r\n"


def test_differences_are_a_unified_diff() -> None:
    replay = Replay(RECORDING, 0.0, timed=False)
    replay.step(0.0)
    replay.take_output()
    assert answer(replay, b"AT+CGMI\r", 0.0) == b""
    assert answer(replay, b"AT+CSQ\r", 0.0) == b"\r\n+CSQ:20,99\r\n\r\nOK\r\n"
    assert answer(replay, b"AT\r", 0.0) == b""
    assert replay.differences().splitlines() == [
        "--- recorded",
        "+++ received",
        "@@ -1,3 +1,3 @@",
        "+AT+CGMI",
        "+AT+CSQ",
        " AT",
        "-AT+CSQ",
        "-AT+CIMI",
    ]


def test_empty_recording_answers_nothing() -> None:
    replay = Replay(Recording(0, ()), 0.0)
    assert replay.finished
    assert answer(replay, b"AT\r", 0.0) == b""


@given(st.lists(st.binary(max_size=30)))
def test_any_input_is_accepted(pieces: list[bytes]) -> None:
    replay = Replay(RECORDING, 0.0, timed=False)
    for piece in pieces:
        replay.receive(piece, 0.0)
    replay.differences()


def test_lines_of_the_recorder_are_answered_and_not_compared() -> None:
    recording = Recording(
        9600,
        (
            Chunk(1.0, HOST, b"AT\r", own=True),
            Chunk(1.1, MODULE, b"\r\nOK\r\n"),
            Chunk(1.2, MODULE, b"\r\n+CEREG:1\r\n"),
            Chunk(2.0, HOST, b"AT+CSQ\r"),
            Chunk(2.1, MODULE, b"\r\nOK\r\n"),
            Chunk(8.0, HOST, b"    AT\r", own=True),
            Chunk(8.1, MODULE, b"\r\nOK\r\n"),
            Chunk(9.0, HOST, b"AT\r"),
            Chunk(9.1, MODULE, b"\r\nERROR\r\n"),
        ),
    )
    for probes in (False, True):
        replay = Replay(recording, 0.0, timed=False)
        assert replay.step(0.0) is None
        assert replay.take_output() == b"\r\n+CEREG:1\r\n"
        if probes:
            assert answer(replay, b"AT\r", 0.0) == b"\r\nOK\r\n"
            assert answer(replay, b"  AT\r", 0.0) == b"\r\nOK\r\n"
        assert answer(replay, b"AT+CSQ\r", 0.0) == b"\r\nOK\r\n"
        assert answer(replay, b"AT\r", 0.0) == b"\r\nERROR\r\n"
        if probes:
            assert answer(replay, b"AT\r", 0.0) == b"\r\nOK\r\n"
        assert replay.finished
        assert replay.differences() == ""
