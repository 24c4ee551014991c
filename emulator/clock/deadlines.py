"""Deadlines: the earliest of several, and the next one of each of many objects. Pure."""

from __future__ import annotations

from collections.abc import Hashable
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


def earliest(*deadlines: float | None) -> float | None:
    """The first of `deadlines`; None stands for no deadline."""
    first = None  # a loop, not min(): this runs a dozen times a command
    for at in deadlines:
        if at is not None and (first is None or at < first):
            first = at
    return first


class Deadlines(Generic[K]):
    """The next deadline of each of many objects. Objects that are not due cost nothing."""

    def __init__(self) -> None:
        self._at: dict[K, float] = {}
        self._heap: list[tuple[float, int, K]] = []  # replaced entries stay until they come up
        self._order = count()

    def set(self, key: K, at: float | None) -> None:
        """Replace the deadline of `key`; None removes it."""
        if at == self._at.get(key):
            return
        if at is None:
            del self._at[key]
            return
        self._at[key] = at
        heappush(self._heap, (at, next(self._order), key))
        if len(self._heap) > 2 * len(self._at) + 16:
            self._heap = [entry for entry in self._heap if self._is_current(entry)]
            heapify(self._heap)

    def pop_due(self, now: float) -> list[K]:
        """Remove and return the due keys by deadline; equal ones in the order of `set`."""
        keys = []
        while (at := self.next) is not None and at <= now:
            key = heappop(self._heap)[2]
            del self._at[key]
            keys.append(key)
        return keys

    @property
    def next(self) -> float | None:
        """The earliest deadline of all keys."""
        while self._heap and not self._is_current(self._heap[0]):
            heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def _is_current(self, entry: tuple[float, int, K]) -> bool:
        return self._at.get(entry[2]) == entry[0]
