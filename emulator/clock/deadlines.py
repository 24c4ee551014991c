"""When to come back: what every stepped part of the emulator tells the one above it."""

from __future__ import annotations

from collections.abc import Hashable
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


def earliest(*deadlines: float | None) -> float | None:
    """The first of them; None when nothing is planned."""
    first = None  # by hand: it is asked a dozen times a command
    for at in deadlines:
        if at is not None and (first is None or at < first):
            first = at
    return first


class Deadlines(Generic[K]):
    """The next deadline of each of many; those that are not due cost nothing."""

    def __init__(self) -> None:
        self._at: dict[K, float] = {}
        self._heap: list[tuple[float, int, K]] = []  # and outdated ones among them
        self._order = count()

    def set(self, key: K, at: float | None) -> None:
        """In place of what was planned for `key`; None: nothing is."""
        if at == self._at.get(key):
            return
        if at is None:
            del self._at[key]
            return
        self._at[key] = at
        heappush(self._heap, (at, next(self._order), key))
        if len(self._heap) > 2 * len(self._at) + 16:
            self._heap = [entry for entry in self._heap if self._holds(entry)]
            heapify(self._heap)

    def pop_due(self, now: float) -> list[K]:
        """Those whose deadline has come, in that order, and the one planned first of equals; they
        have none until it is set anew.
        """
        keys = []
        while (at := self.next) is not None and at <= now:
            key = heappop(self._heap)[2]
            del self._at[key]
            keys.append(key)
        return keys

    @property
    def next(self) -> float | None:
        """The first deadline of all."""
        while self._heap and not self._holds(self._heap[0]):
            heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def _holds(self, entry: tuple[float, int, K]) -> bool:
        return self._at.get(entry[2]) == entry[0]
