"""When a value is reported, as the attributes of its observation say (LwM2M 1.0.2, 5.1.2). Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from emulator.clock.deadlines import earliest
from emulator.lwm2m.model import Item, Path, Value
from emulator.module.lwm2m.attributes import Attributes


class HeldValues:
    """The values below one observed path: the newest, the last sent, and those to be sent.

    A value is to be sent when it has changed and, if it is a number with limits, has crossed gt or
    lt in either direction or has changed by st. It waits until pmin seconds after the notification
    before; only the newest is sent. After pmax seconds all are sent, changed or not.

    `attributes` returns those of a path; `start`: the time of the answer to the observe.
    """

    def __init__(self, path: Path, attributes: Callable[[Path], Attributes], start: float) -> None:
        self._path = path
        self._attributes = attributes
        self._last = start
        self._newest: dict[Path, Value] = {}
        self._sent: dict[Path, Value] = {}
        self._waiting: dict[Path, None] = {}

    def sent(self, items: Iterable[Item]) -> None:
        """The platform has these values from the answer to the observe."""
        for item in items:
            self._newest[item.path] = self._sent[item.path] = item.value

    def add(self, items: Iterable[Item]) -> None:
        """The host reports these values."""
        for item in items:
            self._newest[item.path] = item.value
            if self._must_be_sent(item.path, item.value):
                self._waiting[item.path] = None

    def _must_be_sent(self, path: Path, value: Value) -> bool:
        if path not in self._sent:
            return True
        before, limits = self._sent[path], self._attributes(path)
        if value == before:
            return False
        bounds = [bound for bound in (limits.gt, limits.lt) if bound is not None]
        numeric = isinstance(value, int | float) and isinstance(before, int | float)
        if not numeric or not (bounds or limits.st is not None):
            return True
        assert isinstance(value, int | float)
        assert isinstance(before, int | float)
        low, high = sorted((before, value))
        crossed = any(low <= bound <= high for bound in bounds)
        return crossed or (limits.st is not None and high - low >= limits.st)

    @property
    def due(self) -> float | None:
        """When `take_due` has something."""
        pmin = self._attributes(self._path).pmin or 0.0
        return earliest(self._last + pmin if self._waiting else None, self._forced)

    @property
    def _forced(self) -> float | None:
        """When pmax demands a notification; a pmax below pmin does not count (5.1.2)."""
        limits = self._attributes(self._path)
        if not self._newest or not limits.pmax or limits.pmax < (limits.pmin or 0.0):
            return None
        return self._last + limits.pmax

    def take_due(self, now: float) -> tuple[Item, ...]:
        """What is to be sent now."""
        due, forced = self.due, self._forced
        if due is None or due > now:
            return ()
        all_of_them = forced is not None and forced <= now
        paths = tuple(self._newest if all_of_them else self._waiting)
        items = tuple(Item(path, self._newest[path]) for path in paths)
        self._waiting.clear()
        self._last = now
        self.sent(items)
        return items
