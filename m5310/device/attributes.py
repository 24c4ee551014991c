"""Attributes that the platform sets for a report: how often, and for which changes (LwM2M 1.0)."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import Final

from m5310.errors import AnswerError, shortened

_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{0,15})?")


@dataclass(frozen=True, slots=True)
class Attributes:
    """What the platform asks for; None: not set.

    `pmin` and `pmax` in seconds: the least time between two reports, and the longest. `gt`, `lt`:
    report when the value crosses this limit. `st`: report when it has changed by this much since
    the last report.
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

    def __str__(self) -> str:
        pairs = ((each, getattr(self, each)) for each in _NAMES)
        return ";".join(f"{name}={value:g}" for name, value in pairs if value is not None)


_NAMES: Final = tuple(field.name for field in fields(Attributes))
