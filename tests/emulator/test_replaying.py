"""A recording on a port, played by the clock."""

from __future__ import annotations

import pytest

from emulator.clock import VirtualClock
from emulator.ports.port import Address
from emulator.recording import Piece, Recording, Side
from emulator.replay import Replay
from emulator.replaying import Replaying
from tests.emulator.hosts import Host

DAY = Recording(
    0,
    (
        Piece(0.5, Side.HOST, b"AT\r"),
        Piece(60.5, Side.MODULE, b"\r\nOK\r\n"),
    ),
)


@pytest.mark.realtime
async def test_a_host_is_answered_as_it_was_and_when_it_was() -> None:
    clock = VirtualClock()
    replay = Replay(DAY, clock.now())
    playing = Replaying(replay, clock, over=lambda: None, address=Address(), baud=None)
    try:
        with Host(playing.line.port) as host:
            host.send("AT")
            clock.advance(0)
            clock.advance(59)
            assert not replay.over
            clock.advance(1)
            assert await host.until("OK\r\n") == "\r\nOK\r\n"
            assert replay.over
            host.send("AT")
            clock.advance(0)
            assert "+AT" in replay.differences()
    finally:
        playing.close()
        playing.close()


@pytest.mark.realtime
async def test_what_still_waits_is_not_said_by_a_port_that_is_closed() -> None:
    clock = VirtualClock()
    replay = Replay(DAY, clock.now())
    playing = Replaying(replay, clock, over=lambda: None, address=Address(), baud=9600)
    with Host(playing.line.port) as host:
        host.send("AT")
        clock.advance(1)
    playing.close()
    assert clock.next is None
