"""Scheduler: inputs are served at once, deadlines by a timer, direct changes soon."""

from __future__ import annotations

from functools import partial

import pytest

from emulator.air.network import MemoryAir
from emulator.clock.clocks import VirtualClock
from emulator.module.module import Module
from emulator.module.radio.coverage import Coverage
from emulator.onenet.platform import Platform
from emulator.simulation.scheduler import Scheduler
from emulator.simulation.simulation import Simulation


class ScheduledModule:
    """A module with a scheduler; `sent` has the output of each flush."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.module = Module(now=self.clock.now())
        simulation = Simulation(Platform(), MemoryAir())
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
    scheduled = ScheduledModule()
    scheduled.receive(b"AT\r")
    scheduled.scheduler.settle()
    assert scheduled.sent == [b"\r\nOK\r\n"]


def test_due_answer_is_sent_by_timer() -> None:
    scheduled = ScheduledModule()
    scheduled.receive(b"AT+CFUN=0\r")
    assert scheduled.sent == [b""]
    scheduled.clock.advance(5)
    assert scheduled.sent == [b"", b"\r\nOK\r\n"]


def test_input_serves_what_is_due_first() -> None:
    scheduled = ScheduledModule()
    scheduled.scheduler.start()
    scheduled.module.radio.coverage = Coverage.OUT
    scheduled.receive(b"AT\r")
    assert scheduled.sent == [b"", b"\r\nOK\r\n"]


def test_input_returns_or_raises_like_the_call() -> None:
    scheduled = ScheduledModule()
    assert scheduled.scheduler.input(lambda now: now) == scheduled.clock.now()

    def fail(_now: float) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        scheduled.scheduler.input(fail)


def test_direct_change_is_served_once_and_only_while_started() -> None:
    scheduled = ScheduledModule()
    scheduled.module.radio.coverage = Coverage.OUT
    scheduled.clock.advance(0)
    assert scheduled.sent == []
    scheduled.scheduler.start()
    scheduled.module.radio.coverage = Coverage.ECL0
    scheduled.module.radio.coverage = Coverage.OUT
    scheduled.clock.advance(0)
    scheduled.clock.advance(1)
    assert scheduled.sent == [b""]


def test_stopped_scheduler_does_nothing() -> None:
    scheduled = ScheduledModule()
    scheduled.scheduler.start()
    scheduled.receive(b"AT+CFUN=0\r")
    scheduled.scheduler.stop()
    scheduled.scheduler.stop()
    scheduled.module.radio.coverage = Coverage.OUT
    scheduled.clock.advance(60)
    assert scheduled.sent == [b""]
