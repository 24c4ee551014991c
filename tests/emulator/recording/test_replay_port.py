"""Replay port: a recording played on a pty in virtual time."""

from __future__ import annotations

import pytest

from emulator.clock.clocks import VirtualClock
from emulator.line.ports.port import Address
from emulator.recording.format import Chunk, Recording, Side, SpeedChange
from emulator.recording.replay import Replay
from emulator.recording.replay_port import ReplayPort
from tests.support.hosts import Host

RECORDING = Recording(
    0,
    (
        Chunk(0.5, Side.HOST, b"AT\r"),
        Chunk(60.5, Side.MODULE, b"\r\nOK\r\n"),
    ),
)


@pytest.mark.realtime
async def test_host_is_answered_after_the_recorded_delay() -> None:
    clock = VirtualClock()
    replay = Replay(RECORDING, clock.now())
    playing = ReplayPort(replay, clock, on_end=lambda: None, address=Address(), baud=None)
    try:
        with Host(playing.line.port) as host:
            host.send("AT")
            clock.advance(0)
            clock.advance(59)
            assert not replay.finished
            clock.advance(1)
            assert await host.until("OK\r\n") == "\r\nOK\r\n"
            assert replay.finished
            host.send("AT")
            clock.advance(0)
            assert "+AT" in replay.differences()
    finally:
        playing.close()
        playing.close()


@pytest.mark.realtime
async def test_close_cancels_pending_output() -> None:
    clock = VirtualClock()
    replay = Replay(RECORDING, clock.now())
    playing = ReplayPort(replay, clock, on_end=lambda: None, address=Address(), baud=9600)
    with Host(playing.line.port) as host:
        host.send("AT")
        clock.advance(1)
    playing.close()
    assert clock.next is None


FASTER = Recording(
    9600,
    (
        Chunk(1.0, Side.HOST, b"AT+NATSPEED=115200,30,0\r"),
        Chunk(1.1, Side.MODULE, b"\r\nOK\r\n"),
        SpeedChange(1.1, 115_200),
        Chunk(2.0, Side.HOST, b"AT\r"),
        Chunk(2.0, Side.MODULE, b"\r\nOK\r\n"),
    ),
)


@pytest.mark.realtime
async def test_baud_changes_after_the_recorded_answer() -> None:
    clock = VirtualClock()
    replay = Replay(FASTER, clock.now(), timed=False)
    playing = ReplayPort(replay, clock, on_end=lambda: None, address=Address(), baud=9600)
    try:
        with Host(playing.line.port) as host:
            host.send("AT+NATSPEED=115200,30,0")
            clock.advance(0)
            clock.advance(24 * 10 / 9600)  # the line has arrived
            clock.advance(0)
            assert playing.line.baud == 115_200
            clock.advance(4 * 10 / 9600)  # the answer comes at the speed of the question
            assert await host.until("\n") == "\r\n"
            clock.advance(10 * 10 / 9600)
            assert await host.until("OK\r\n") == "OK\r\n"
            host.send("AT")
            clock.advance(0)
            clock.advance(9 * 10 / 115_200)
            assert await host.until("OK\r\n") == "\r\nOK\r\n"
            assert replay.finished
    finally:
        playing.close()


@pytest.mark.realtime
async def test_unpaced_line_stays_unpaced() -> None:
    clock = VirtualClock()
    replay = Replay(FASTER, clock.now(), timed=False)
    playing = ReplayPort(replay, clock, on_end=lambda: None, address=Address(), baud=None)
    try:
        with Host(playing.line.port) as host:
            host.send("AT+NATSPEED=115200,30,0")
            clock.advance(0)
            assert playing.line.baud is None
    finally:
        playing.close()
