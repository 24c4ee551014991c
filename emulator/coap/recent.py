"""A bounded memory of what came lately. Pure."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Values by key, each up to its time. Beyond `limit` entries, the oldest is forgotten."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._entries: OrderedDict[K, tuple[float, V]] = OrderedDict()

    def get(self, key: K, now: float) -> V | None:
        entry = self._entries.get(key)
        return entry[1] if entry is not None and now < entry[0] else None

    def put(self, key: K, value: V, now: float, lifetime: float) -> None:
        entries = self._entries
        entries.pop(key, None)
        while entries:
            oldest = next(iter(entries))
            if len(entries) < self._limit and now < entries[oldest][0]:
                break
            del entries[oldest]
        entries[key] = (now + lifetime, value)

    def pop(self, key: K, now: float) -> V | None:
        until, value = self._entries.pop(key, (now, None))
        return value if now < until else None

    def drop(self, match: Callable[[K], bool]) -> None:
        """Forget the entries whose key matches."""
        for key in [key for key in self._entries if match(key)]:
            del self._entries[key]
