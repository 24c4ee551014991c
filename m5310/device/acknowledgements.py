"""The platform's words for reports: which are awaited, until when, and for what."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable, Iterable
from typing import Final

from m5310.device.reports import ACKNOWLEDGED, Portion

OVERDUE: Final = ACKNOWLEDGED + 10.0
"""Seconds after which no acknowledgement comes: the module's time, and some for the line."""

_log = logging.getLogger("m5310.device")


class Acknowledgements:
    """`overdue` is called with each portion that the module took `OVERDUE` s ago and for which no
    word came; it is not awaited any more then, though it may still come."""

    def __init__(self, overdue: Callable[[Portion], None]) -> None:
        self._overdue = overdue
        # The guide asks for an ackid greater than 0 in one place and greater than 1 in another
        # (5.1.2): counted from 2, both are right. None repeats within the device's lifetime.
        self._ackids = itertools.count(2)
        self._portions: dict[int, Portion] = {}  # by ackid
        self._accepted: dict[Portion, None] = {}  # by the module, in the order they fall due
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        """Portions that the module took and whose word is awaited."""
        return len(self._accepted)

    @property
    def portions(self) -> Iterable[Portion]:
        """All that a word may come for."""
        return tuple(self._portions.values())

    def asked(self, portion: Portion) -> int:
        """A new ackid for a portion that is about to be said: its word may come before its `OK`."""
        ackid = next(self._ackids)
        self._portions[ackid] = portion
        portion.ackids.append(ackid)
        portion.report.portion_sent(portion.number, ackid)
        return ackid

    def accepted(self, portion: Portion) -> None:
        """The module took it: its time begins."""
        portion.due = asyncio.get_running_loop().time() + OVERDUE
        self._accepted[portion] = None
        self._set_timer()

    def arrived(self, ackid: int) -> Portion | None:
        """The portion that a word has come for, None if nobody awaits it."""
        portion = self._portions.get(ackid)
        if portion is None:
            _log.info("an acknowledgement came for %d, which nobody awaits", ackid)
            return None
        portion.acknowledged = True
        self.forget(portion)
        return portion

    def forget(self, portion: Portion) -> None:
        """No word is awaited for any of its attempts."""
        for ackid in portion.ackids:
            self._portions.pop(ackid, None)
        portion.ackids.clear()
        self._accepted.pop(portion, None)
        self._set_timer()

    def forget_all(self) -> list[Portion]:
        """None will come any more. Returns what the module had taken, in that order."""
        accepted = list(self._accepted)
        for portion in self.portions:
            self.forget(portion)
        return accepted

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        first = next(iter(self._accepted), None)
        if first is not None:
            self._timer = asyncio.get_running_loop().call_at(first.due, self._ring)

    def _ring(self) -> None:
        portion = next(iter(self._accepted))
        del self._accepted[portion]
        self._set_timer()
        self._overdue(portion)
