"""When a value is reported, as the attributes of its observation say (LwM2M 1.0.2, 5.1.2). Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from emulator.clock.deadlines import earliest
from emulator.lwm2m.attributes import Attributes
from emulator.lwm2m.model import Item, Path, Value


class HeldValues:
    """The values below one observed path: the newest, the last sent, and those to be sent.

    A value that is to be sent waits until pmin seconds after the notification before; only the
    newest is sent. After pmax seconds they are sent, changed or not. A notification has the values
    of all that is observed, as an answer to a read would (RFC 7641 1.2).

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

    def add(self, items: Iterable[Item], *, confirmed: bool = False) -> None:
        """The host reports these values. `confirmed`: it waits for the acknowledgement, so that
        one that is as before is sent too, unless gt, lt or st say not to.
        """
        for item in items:
            self._newest[item.path] = item.value
            last = self._sent.get(item.path)
            attributes = self._attributes(item.path)
            wanted = confirmed and not attributes.numeric
            if last is None or wanted or attributes.reports(last, item.value):
                self._waiting[item.path] = None

    def forget(self, instance: Path) -> None:
        """The instance is deleted."""
        for path in [path for path in self._newest if instance.covers(path)]:
            del self._newest[path]
            self._sent.pop(path, None)
            self._waiting.pop(path, None)

    @property
    def due(self) -> float | None:
        """When `take_due` has something."""
        attributes = self._attributes(self._path)
        return earliest(
            attributes.earliest(self._last) if self._waiting else None,
            attributes.latest(self._last) if self._newest else None,
        )

    def take_due(self, now: float) -> tuple[Item, ...]:
        """What is to be sent now."""
        due = self.due
        if due is None or due > now:
            return ()
        items = tuple(Item(path, value) for path, value in self._newest.items())
        self._waiting.clear()
        self._last = now
        self.sent(items)
        return items
