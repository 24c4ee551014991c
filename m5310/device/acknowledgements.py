"""Acknowledgements that the platform still owes, with their timers."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable, Iterable
from typing import Final

from m5310.device.reports import ACKNOWLEDGED, Portion

OVERDUE: Final = ACKNOWLEDGED + 10.0
"""Seconds from the module's `OK` after which an acknowledgement is overdue: the module's own time,
and some for the line."""

_log = logging.getLogger("m5310.device")


class Acknowledgements:
    """The portions that were sent, by ackid, and a timer for each that the module accepted.

    `on_overdue` is called with each portion that was accepted `OVERDUE` s ago and is not
    acknowledged. Its acknowledgement still counts if it comes later.
    """

    def __init__(self, on_overdue: Callable[[Portion], None]) -> None:
        self._on_overdue = on_overdue
        # The guide asks for an ackid greater than 0 in one place and greater than 1 in another
        # (5.1.2): counted from 2, both are right. None repeats within the device's lifetime.
        self._ackids = itertools.count(2)
        self._portions: dict[int, Portion] = {}  # by ackid
        self._lost = 0  # the newest one that the module gave up
        self._timers: dict[Portion, asyncio.TimerHandle] = {}  # in the order of acceptance

    def __len__(self) -> int:
        """Accepted portions that are neither acknowledged nor overdue."""
        return len(self._timers)

    @property
    def portions(self) -> Iterable[Portion]:
        """All that an acknowledgement may come for."""
        return tuple(self._portions.values())

    @property
    def waiting(self) -> tuple[Portion, ...]:
        """Accepted portions that are neither acknowledged nor overdue, in order of acceptance."""
        return tuple(self._timers)

    def expect(self, portion: Portion) -> int:
        """A new ackid for a portion, before it is sent: the acknowledgement may precede its OK."""
        ackid = next(self._ackids)
        self._portions[ackid] = portion
        portion.ackids.append(ackid)
        portion.report.portion_sent(portion.number, ackid)
        return ackid

    def accepted(self, portion: Portion) -> None:
        """The module accepted the portion: its time begins."""
        loop = asyncio.get_running_loop()
        lost = portion.ackids[-1] == self._lost and len(portion.ackids) == 1
        after = 0.0 if lost else OVERDUE
        self._timers[portion] = loop.call_later(after, self._on_timer, portion)

    def resolve(self, ackid: int) -> Portion | None:
        """The portion that is acknowledged by `ackid`, None if there is none."""
        portion = self._portions.get(ackid)
        if portion is None:
            _log.info("ignoring acknowledgement for unknown ackid %d", ackid)
            return None
        portion.acknowledged = True
        self.forget(portion)
        return portion

    def forget(self, portion: Portion) -> None:
        """Expect no acknowledgement for any attempt to send the portion."""
        for ackid in portion.ackids:
            self._portions.pop(ackid, None)
        portion.ackids.clear()
        timer = self._timers.pop(portion, None)
        if timer is not None:
            timer.cancel()

    def stop_timers(self) -> tuple[Portion, ...]:
        """None becomes overdue any more. Returns the portions that were `waiting`."""
        waiting = self.waiting
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        return waiting

    def lose(self, ackid: int) -> None:
        """No acknowledgement comes for this one: its portion is overdue now, or once the module has
        accepted it. Only at its first attempt: a module gives up at once what the platform does
        not observe, and all attempts would be over before it does."""
        self._lost = ackid
        for portion, timer in tuple(self._timers.items()):
            if portion.ackids == [ackid]:
                timer.cancel()
                self._on_timer(portion)

    def forget_all(self) -> None:
        """Expect none any more."""
        for portion in self.portions:
            self.forget(portion)

    def _on_timer(self, portion: Portion) -> None:
        del self._timers[portion]
        self._on_overdue(portion)
