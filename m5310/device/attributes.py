"""Attributes that the platform sets for reports, and the times at which they ask for one.

Sources: OMA LwM2M 1.0, 5.1.2. Pure: a time is an argument `now`, in seconds, that never decreases.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Final, TypeGuard

from m5310.errors import AnswerError, shortened
from m5310.lwm2m.path import Path
from m5310.lwm2m.values import Value

_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{0,15})?")


@dataclass(frozen=True, slots=True)
class Attributes:
    """What the platform asks for; None: not set.

    `pmin` and `pmax` in seconds: the least time between two reports, and the longest; a `pmax`
    below `pmin` does not count. `gt`, `lt`: report when the value crosses, reaches or leaves this
    limit. `st`: report when it has changed by this much since the last report.
    """

    pmin: float | None = None
    pmax: float | None = None
    gt: float | None = None
    lt: float | None = None
    st: float | None = None

    @classmethod
    def parse(cls, text: str) -> Attributes:
        """From `pmin=15;pmax=60;lt=0.0;gt=50.0;st=2.0` in any order; `stp` is an old name of `st`.

        Raises AnswerError, which names the pair.
        """
        found: dict[str, float] = {}
        for pair in filter(None, (each.strip() for each in text.split(";"))):
            name, _, number = pair.partition("=")
            name = {"stp": "st"}.get(name.strip(), name.strip())
            if name not in _NAMES or not _NUMBER.fullmatch(number.strip()):
                raise AnswerError(
                    f"{shortened(pair, 40)!r} is no attribute; expected one of "
                    f"{', '.join(_NAMES)} with a number"
                )
            found[name] = float(number)
        if min(found.get("pmin", 0), found.get("pmax", 0), found.get("st", 0)) < 0:
            raise AnswerError(f"{shortened(text, 60)!r}: expected pmin, pmax and st of 0 or more")
        return cls(**found)

    def over(self, other: Attributes) -> Attributes:
        """These, and those of `other` that are not set here."""
        mine = {each: getattr(self, each) for each in _NAMES}
        return replace(other, **{name: value for name, value in mine.items() if value is not None})

    def ask_for(self, value: Value, before: Value) -> bool:
        """Whether a value is to be reported after the one that was reported before."""
        if not _number(value) or not _number(before):
            return True  # gt, lt and st are for numbers
        if self.gt is None and self.lt is None and self.st is None:
            return True
        limits = [it for it in (self.gt, self.lt) if it is not None]
        # guess: a value on the limit is on neither side: reaching and leaving it are reported
        crossed = any((before > it, before < it) != (value > it, value < it) for it in limits)
        return crossed or (self.st is not None and abs(value - before) >= self.st)

    def __str__(self) -> str:
        pairs = ((each, getattr(self, each)) for each in _NAMES)
        return ";".join(f"{name}={value:g}" for name, value in pairs if value is not None)


_NAMES: Final = tuple(each.name for each in fields(Attributes))


def _number(value: Value) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


@dataclass(slots=True)
class _Reported:
    """A resource that was reported: the value and when; `newest` is to be reported, if there is
    one."""

    value: Value
    at: float
    newest: list[Value] = field(default_factory=list)


class Schedule:
    """When the values of resources are to be reported.

    A resource that was never reported is due at once, as is one without attributes.
    """

    def __init__(self) -> None:
        self._attributes: dict[Path, Attributes] = {}
        self._reported: dict[Path, _Reported] = {}

    def set(self, path: Path, attributes: Attributes) -> None:
        """The platform sets attributes of a resource, an instance or an object."""
        self._attributes[path] = attributes.over(self._attributes.get(path, Attributes()))

    def forget(self) -> None:
        """From now on each resource counts as never reported."""
        self._reported.clear()

    def remove(self, path: Path) -> None:
        """The resource is gone."""
        self._reported.pop(path, None)

    def offer(self, path: Path, value: Value, now: float) -> bool:
        """A new value of a resource: whether it is to be reported now. If not, it is kept."""
        reported = self._reported.get(path)
        if reported is None:
            return True
        reported.newest[:] = [value]
        due = self._due(path, reported)
        return due is not None and due <= now

    def reported(self, path: Path, value: Value, now: float) -> None:
        """The value is reported now."""
        self._reported[path] = _Reported(value, now)

    def known(self, path: Path, value: Value) -> None:
        """The platform knows this value without a report: it wrote it, or read it."""
        if (reported := self._reported.get(path)) is not None:
            reported.value = value
            reported.newest.clear()

    def due(self, now: float) -> dict[Path, Value]:
        """The values that are to be reported now."""
        return {
            path: (each.newest or [each.value])[0]
            for path, each in self._reported.items()
            if (due := self._due(path, each)) is not None and due <= now
        }

    @property
    def deadline(self) -> float | None:
        """When the next one is due."""
        times = (self._due(path, reported) for path, reported in self._reported.items())
        return min((each for each in times if each is not None), default=None)

    def _due(self, path: Path, reported: _Reported) -> float | None:
        asked = self._of(path)
        times = []
        if reported.newest and asked.ask_for(reported.newest[0], reported.value):
            times.append(reported.at + (asked.pmin or 0))
        if asked.pmax and asked.pmax >= (asked.pmin or 0):
            times.append(reported.at + asked.pmax)
        return min(times, default=None)

    def _of(self, path: Path) -> Attributes:
        """Those of the resource before those of its instance, and of its object."""
        found = Attributes()
        for where in self._places(path):
            found = found.over(self._attributes.get(where, Attributes()))
        return found

    @staticmethod
    def _places(path: Path) -> Iterator[Path]:
        yield path
        yield path.instance_path
        yield Path(path.object)
