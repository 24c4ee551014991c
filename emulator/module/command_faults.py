"""What may go wrong with a command between the host and a module that is otherwise well. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from emulator.module.at.codec import Cme


class Place(StrEnum):
    """Where something foreign stands beside an answer."""

    BEFORE = "before"
    BETWEEN = "between"  # its information and its final result
    INSIDE = "inside"  # in the middle of its first line
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Aside:
    """Bytes that nobody asked for, at their `place`; `split`: seconds in the middle of them."""

    data: bytes
    place: Place = Place.AFTER
    split: float = 0.0

    @property
    def halves(self) -> tuple[bytes, bytes]:
        """The second is empty where they come at once."""
        cut = (len(self.data) + 1) // 2 if self.split else len(self.data)
        return self.data[:cut], self.data[cut:]


@dataclass(frozen=True, slots=True)
class Upset:
    """What becomes of one command line.

    `refusal`: refused with this number instead of obeyed (plain `ERROR` without numbers). `delay`:
    seconds by which the answer comes late. `heard` False: neither obeyed nor answered; `answered`
    False: obeyed, and nobody is told. `aside`: what comes beside its answer.
    """

    refusal: Cme | None = None
    delay: float = 0.0
    heard: bool = True
    answered: bool = True
    aside: Aside | None = None

    def told(self, lines: Sequence[bytes]) -> list[tuple[float, bytes]]:
        """An answer of these lines as it is given: pieces, each after so many seconds."""
        if not self.answered:
            return [(self.delay, b"")]
        whole = b"".join(lines)
        if self.aside is None:
            return [(self.delay, whole)]
        match self.aside.place:
            case Place.BEFORE:
                cut = 0
            case Place.BETWEEN:
                cut = len(whole) - len(lines[-1])
            case Place.INSIDE:
                cut = len(lines[0]) // 2
            case Place.AFTER:
                cut = len(whole)
            case _:
                assert_never(self.aside.place)
        first, second = self.aside.halves
        pieces = [(self.delay, whole[:cut] + first), (self.aside.split, second + whole[cut:])]
        return pieces if self.aside.split else [(self.delay, pieces[0][1] + pieces[1][1])]


WELL = Upset()

# What is asked of each command line, as the host typed it, before it is obeyed.
Upsetting = Callable[[str], Upset]
