"""Attributes of notifications: pmin, pmax, gt, lt, st (LwM2M 1.0.2 section 5.1.2)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

from aiocoap import BAD_REQUEST

from emulator.lwm2m.model import Path
from emulator.module.lwm2m.operations import Refused

ATTRIBUTES_LIMIT = 64  # guess: bounds the memory; paths with attributes
_SECONDS = re.compile(r"[0-9]{1,9}", re.ASCII)
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Attributes:
    """pmin and pmax in seconds; None: not set."""

    pmin: float | None = None
    pmax: float | None = None
    gt: float | None = None
    lt: float | None = None
    st: float | None = None

    def changed(self, query: Iterable[str]) -> Attributes:
        """With the attributes of a request; one without a value is cleared.

        Raises Refused(BAD_REQUEST) for an unknown attribute, a value out of its range, or limits
        that contradict each other: lt + 2 * st must be below gt.
        """
        values: dict[str, float | None] = {}
        for text in query:
            name, equals, value = text.partition("=")
            pattern = _SECONDS if name in ("pmin", "pmax") else _NUMBER
            if name not in NAMES or (equals and not pattern.fullmatch(value)):
                raise Refused(BAD_REQUEST)
            values[name] = float(value) if equals else None
        new = replace(self, **values)
        if (new.st is not None and new.st <= 0) or not new.consistent:
            raise Refused(BAD_REQUEST)
        return new

    @property
    def consistent(self) -> bool:
        """Whether the values can hold together (LwM2M 1.0.2, 5.1.2)."""
        if self.lt is None or self.gt is None:
            return True
        return self.lt + 2 * (self.st or 0.0) < self.gt

    def over(self, general: Attributes) -> Attributes:
        """These, and those of a less specific path where these are not set."""
        own = {name: value for name in NAMES if (value := getattr(self, name)) is not None}
        return replace(general, **own)


NAMES = tuple(field.name for field in fields(Attributes))


class AttributeTable:
    """What the platform has written, by path; the most specific path counts."""

    def __init__(self) -> None:
        self._written: dict[Path, Attributes] = {}

    def write(self, path: Path, query: Iterable[str]) -> None:
        """Raises Refused."""
        new = self._written.get(path, Attributes()).changed(query)
        if path not in self._written and len(self._written) >= ATTRIBUTES_LIMIT:
            raise Refused(BAD_REQUEST)
        self._written[path] = new

    def of(self, path: Path) -> Attributes:
        """What counts for `path`."""
        levels = (Path(path.object), path.instance_path, path)
        found = Attributes()
        for level in dict.fromkeys(levels):
            found = self._written.get(level, Attributes()).over(found)
        return found

    def clear(self) -> None:
        self._written.clear()
