"""Attributes that say when to notify: pmin, pmax, gt, lt, st (LwM2M 1.0.2 section 5.1.2).

A value is to be notified when `reports` says so, or when it has the latest time. It is then sent at
the earliest time or later; a newer value takes its place until then.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

from emulator.lwm2m.model import ContentError, Value
from emulator.lwm2m.values import Type, from_text, to_text

_PERIODS = ("pmin", "pmax")
MAX_PERIOD = 2**31 - 1  # guess: seconds


@dataclass(frozen=True, slots=True)
class Attributes:
    """`pmin` and `pmax` in whole seconds, 0 or more; `gt` and `lt` in the unit of the resource,
    and `st`, more than 0, too. None: not set at this level (object, instance or resource).
    """

    pmin: int | None = None
    pmax: int | None = None
    gt: float | None = None
    lt: float | None = None
    st: float | None = None

    @property
    def numeric(self) -> bool:
        """Whether one is set that only a resource with a number may have."""
        return (self.gt, self.lt, self.st) != (None, None, None)

    def changed(self, query: Iterable[str]) -> Attributes:
        """These attributes after a Write-Attributes with these Uri-Query options.

        A name without a value removes the attribute. Raises ContentError (CoAP: 4.00) for an
        unknown or repeated name, a number out of range, and unless lt + 2 * st < gt.
        """
        changes: dict[str, int | float | None] = {}
        for option in query:
            name, _, text = option.partition("=")
            if name not in _NAMES or name in changes:
                raise ContentError(f"{option[:40]!r}: expected each of {', '.join(_NAMES)} once")
            changes[name] = _number(name, text) if text else None
        new = replace(self, **changes)  # type: ignore[arg-type]  # _number gives each its type
        if new.lt is not None and new.gt is not None and new.lt + 2 * (new.st or 0) >= new.gt:
            raise ContentError(f"lt {new.lt}, st {new.st}, gt {new.gt}: expected lt + 2 * st < gt")
        return new

    def over(self, wider: Attributes) -> Attributes:
        """These attributes; those that are not set here are as at the `wider` level."""
        own = {name: value for name in _NAMES if (value := getattr(self, name)) is not None}
        return replace(wider, **own)

    def query(self) -> tuple[str, ...]:
        """The Uri-Query options of a Write-Attributes that sets what is set here."""
        return tuple(
            f"{name}={to_text(Type.FLOAT, value).removesuffix('.0')}"
            for name in _NAMES
            if (value := getattr(self, name)) is not None
        )

    def reports(self, last: Value, value: Value) -> bool:
        """Whether `value` is to be notified after `last` was: it is another one, and it crosses or
        reaches gt or lt, or is at least st away, if one of these is set.
        """
        if value == last:
            return False
        if not (isinstance(last, int | float) and isinstance(value, int | float)):
            return True
        limits = [limit for limit in (self.gt, self.lt) if limit is not None]
        crossed = any(last < limit <= value or value <= limit < last for limit in limits)
        moved = self.st is not None and abs(value - last) >= self.st
        return crossed or moved or not self.numeric

    def earliest(self, last: float) -> float:
        """The time from which a value may be notified, when the last one was at `last`."""
        return last + (self.pmin or 0)

    def latest(self, last: float) -> float | None:
        """The time at which a value is notified although nothing changed; None: never.

        A pmax under pmin does not count (LwM2M 1.0.2); guess: nor does one of 0.
        """
        return last + self.pmax if self.pmax and self.pmax >= (self.pmin or 0) else None


_NAMES = tuple(field.name for field in fields(Attributes))


def _number(name: str, text: str) -> int | float:
    number = from_text(Type.INTEGER if name in _PERIODS else Type.FLOAT, text)
    assert isinstance(number, int | float)
    if name in _PERIODS and not 0 <= number <= MAX_PERIOD:
        raise ContentError(f"{name} {number}: expected 0..{MAX_PERIOD} seconds")
    if name == "st" and number <= 0:
        raise ContentError(f"st {number}: expected more than 0")
    return number
