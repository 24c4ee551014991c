"""Scheduler: what is due is done at its time, inputs at once, changes by hand soon."""

from __future__ import annotations

from functools import partial

import pytest

from emulator.air.memory import Air
from emulator.clock.clocks import VirtualClock
from emulator.module.module import Module
from emulator.module.radio.coverage import Coverage
from emulator.onenet.platform import Platform
from emulator.simulation.scheduler import Scheduler
from emulator.simulation.simulation import Simulation


class ScheduledModule:
    """One module under a scheduler; `sent` has what each flush found."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.module = Module(now=self.clock.now())
        simulation = Simulation(Platform().server, Air())
        self.scheduler = Scheduler(simulation, self.clock)
        simulation.add(self.module, self.flush)
        self.sent: list[bytes] = []
        self.scheduler.settle()
        self.sent.clear()

    def flush(self) -> None:
        self.sent.append(self.module.take_output())

    def receive(self, data: bytes) -> None:
        self.scheduler.input(partial(self.module.receive, data), self.flush)


def test_input_is_answered_at_once() -> None:
    it = ScheduledModule()
    it.receive(b"AT\r")
    it.scheduler.settle()
    assert it.sent == [b"\r\nOK\r\n"]


def test_due_answer_is_sent_by_timer() -> None:
    it = ScheduledModule()
    it.receive(b"AT+CFUN=0\r")
    assert it.sent == [b""]
    it.clock.advance(5)
    assert it.sent == [b"", b"\r\nOK\r\n"]


def test_input_does_what_is_due_first() -> None:
    it = ScheduledModule()
    it.scheduler.start()
    it.module.radio.coverage = Coverage.OUT
    it.receive(b"AT\r")
    assert it.sent == [b"", b"\r\nOK\r\n"]


def test_input_returns_and_raises_what_the_call_does() -> None:
    it = ScheduledModule()
    assert it.scheduler.input(lambda now: now) == it.clock.now()

    def fail(_now: float) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        it.scheduler.input(fail)


def test_change_by_hand_is_served_once_and_only_while_started() -> None:
    it = ScheduledModule()
    it.module.radio.coverage = Coverage.OUT
    it.clock.advance(0)
    assert it.sent == []
    it.scheduler.start()
    it.module.radio.coverage = Coverage.ECL0
    it.module.radio.coverage = Coverage.OUT
    it.clock.advance(0)
    it.clock.advance(1)
    assert it.sent == [b""]


def test_stopped_scheduler_does_nothing() -> None:
    it = ScheduledModule()
    it.scheduler.start()
    it.receive(b"AT+CFUN=0\r")
    it.scheduler.stop()
    it.scheduler.stop()
    it.module.radio.coverage = Coverage.OUT
    it.clock.advance(60)
    assert it.sent == [b""]
