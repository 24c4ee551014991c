"""Watches the air: its messages in a trace, its datagrams in a capture with the lines. Pure."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from functools import partial

from emulator.air.network import Air, Tap, all_of
from emulator.recording.air_trace import AirTrace
from emulator.recording.pcapng import Capture
from emulator.recording.trace import Direction, TraceLine
from emulator.simulation.board import Board
from emulator.simulation.secure import SecureEnds


def watch(
    air: Air,
    secure: SecureEnds,
    boards: Iterable[Board],
    show: Callable[[TraceLine], None] | None,
    write: Callable[[bytes], None] | None,
    *,
    servers: Container[str],
    begin: float,
    now: Callable[[], float],
) -> Callable[[], None]:
    """Show what happens in the air, and write a capture; None: not. Call the result at the end.

    `servers`: the addresses of servers. `begin`: the zero of `TraceLine.at`. The
    callbacks must not raise.
    """
    taps: list[Tap] = []
    close: Callable[[], None] = lambda: None  # noqa: E731
    if show is not None:
        secure.on_plain = AirTrace(show, begin, servers).datagram
        taps.append(secure.on_plain)
        air.on_note = lambda text: show(TraceLine(now() - begin, Direction.NOTE, text))
    if write is not None:
        capture = Capture(write)
        taps.append(capture.datagram)
        for board in boards:
            board.listen(partial(capture.serial, board.line.port))
        close = capture.close
    if taps:
        air.on_datagram = all_of(taps)
    return close
