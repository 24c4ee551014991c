"""`Named`: enums that tests and scenarios also write by name."""

from __future__ import annotations

from enum import Enum
from typing import Self


class Named(Enum):
    """An enum whose members are also taken by name."""

    @classmethod
    def of(cls, given: Self | str) -> Self:
        """The member itself, or the one of this name. Raises ValueError for anything else."""
        if isinstance(given, cls):
            return given
        if isinstance(given, str) and given in cls.__members__:
            return cls[given]
        names = ", ".join(cls.__members__)
        raise ValueError(f"{given!r}: expected a member of {cls.__name__} or its name: {names}")
