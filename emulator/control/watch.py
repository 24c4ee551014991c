"""Leads what happens on the lines and in the air into the traffic that the page shows. Pure."""

from __future__ import annotations

from collections.abc import Callable

from emulator.air.network import Tap, all_of
from emulator.control.traffic import LineTap, Traffic
from emulator.simulation.bench import Bench
from emulator.simulation.secure import SecureEnds


def watch(traffic: Traffic, bench: Bench, secure: SecureEnds) -> None:
    """Call once when all ports are open. Who watches already goes on to see everything."""
    for number, board in enumerate(bench.boards, 1):
        line = LineTap(traffic, number)
        traffic.baud[number] = board.line.baud or 0
        board.listen(line.sent, on_note=line.note, on_speed=line.speed)
    air = bench.air
    air.on_datagram = _with(air.on_datagram, traffic.datagram)
    secure.on_plain = _with(secure.on_plain, traffic.datagram)
    air.on_note = _noted(air.on_note, traffic, bench)


def _with(tap: Tap | None, further: Tap) -> Tap:
    return further if tap is None else all_of((tap, further))


def _noted(
    note: Callable[[str], object], traffic: Traffic, bench: Bench
) -> Callable[[str], object]:
    def both(text: str) -> None:
        note(text)
        traffic.note_of_air(text, bench.now())

    return both
