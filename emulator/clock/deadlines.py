"""Deadlines: the earliest of several, and the next one of each of many keys. Pure."""

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
    """The next deadline of each of many keys, and `next`, the first of all (None: none is set).

    Keys that are not due cost nothing.
    """

    def __init__(self) -> None:
        self.next: float | None = None
        self._at: dict[K, float] = {}
        self._heap: list[tuple[float, int, K]] = []  # the first entry is valid, others may not be
        self._order = count()

    def __len__(self) -> int:
        return len(self._at)

    def __contains__(self, key: K) -> bool:
        return key in self._at

    def set(self, key: K, at: float | None) -> None:
        """Replace the deadline of `key`; None removes it."""
        if at == self._at.get(key):
            return
        if at is None:
            del self._at[key]
        else:
            self._at[key] = at
            heappush(self._heap, (at, next(self._order), key))
            if len(self._heap) > 2 * len(self._at) + 16:
                self._heap = [entry for entry in self._heap if self._at.get(entry[2]) == entry[0]]
                heapify(self._heap)
        self._drop_outdated()

    def pop_due(self, now: float, limit: int | None = None) -> list[K]:
        """Remove the first `limit` deadlines up to `now`, or all of them; returns their keys by
        deadline, equal ones by `set`.
        """
        keys: list[K] = []
        while self.next is not None and self.next <= now and len(keys) != limit:
            key = heappop(self._heap)[2]
            del self._at[key]
            keys.append(key)
            self._drop_outdated()
        return keys

    def _drop_outdated(self) -> None:
        while self._heap and self._at.get(self._heap[0][2]) != self._heap[0][0]:
            heappop(self._heap)
        self.next = self._heap[0][0] if self._heap else None
