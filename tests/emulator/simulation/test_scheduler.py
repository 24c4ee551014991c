"""Turns: what is due is done at its time, or at once when something was moved; never twice."""

from __future__ import annotations

from emulator.air.memory import Air
from emulator.clock.clocks import VirtualClock
from emulator.module.module import Module
from emulator.onenet.platform import Platform
from emulator.simulation.scheduler import Turns
from emulator.simulation.simulation import Chain


class Desk:
    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.module = Module(now=self.clock.now())
        chain = Chain(Platform(), Air())
        chain.add(self.module)
        self.turns = Turns(chain, self.clock)
        self.said: list[bytes] = []

    def flush(self) -> None:
        self.said.append(self.module.take_output())

    def hear(self, line: bytes) -> None:
        """As a board does."""
        self.turns.catch_up(self.clock.now())
        self.module.receive(line, self.clock.now())
        self.turns.stir(self)
        self.turns.turn()


def test_what_was_stirred_is_sent_once() -> None:
    desk = Desk()
    desk.hear(b"AT\r")
    desk.turns.turn()
    assert desk.said == [b"\r\nOK\r\n"]


def test_what_is_due_is_done_at_its_time() -> None:
    desk = Desk()
    desk.hear(b"AT+CFUN=0\r")
    assert desk.said == [b""]
    desk.turns.stir(desk)
    desk.clock.advance(5)
    assert desk.said == [b"", b"\r\nOK\r\n"]


def test_catching_up_is_for_what_is_due() -> None:
    desk = Desk()
    desk.turns.stir(desk)
    desk.turns.catch_up(desk.clock.now())
    assert desk.said == []
    desk.turns.start()
    desk.turns.soon()
    desk.turns.catch_up(desk.clock.now())
    assert desk.said == [b""]


def test_soon_is_once_and_only_while_started() -> None:
    desk = Desk()
    desk.turns.stir(desk)
    desk.turns.soon()
    desk.clock.advance(0)
    assert desk.said == []
    desk.turns.start()
    desk.turns.soon()
    desk.turns.soon()
    desk.clock.advance(0)
    desk.clock.advance(1)
    assert desk.said == [b""]


def test_stopped_it_comes_back_no_more() -> None:
    desk = Desk()
    desk.turns.start()
    desk.hear(b"AT+CFUN=0\r")
    desk.turns.stop()
    desk.turns.stop()
    desk.turns.stir(desk)
    desk.clock.advance(60)
    assert desk.said == [b""]
