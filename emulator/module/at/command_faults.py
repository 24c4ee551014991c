"""Faults injected into single commands: refused, late, unanswered, or with extra bytes. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from emulator.module.at.codec import Cme


class Place(StrEnum):
    """Where extra bytes stand relative to an answer."""

    BEFORE = "before"
    BETWEEN = "between"  # between the information lines and the final result
    INSIDE = "inside"  # in the middle of the first line
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class ExtraBytes:
    """Unrequested bytes at a `place`; `split`: seconds of pause in the middle of them."""

    data: bytes
    place: Place = Place.AFTER
    split: float = 0.0

    @property
    def halves(self) -> tuple[bytes, bytes]:
        """The bytes before and after the pause; the second part is empty without one."""
        cut = (len(self.data) + 1) // 2 if self.split else len(self.data)
        return self.data[:cut], self.data[cut:]


@dataclass(frozen=True, slots=True)
class CommandFault:
    """What goes wrong with one command line.

    `refusal`: answered with this error instead of executed (plain `ERROR` while CMEE is 0);
    `cis`: with this number of the suite's errors in its place, as the module writes it.
    `delay`: seconds added before the answer. `executed` False: neither executed nor answered.
    `answered` False: executed, but the answer is lost. `extra`: bytes added to the answer.
    """

    refusal: Cme | None = None
    cis: int | None = None
    delay: float = 0.0
    executed: bool = True
    answered: bool = True
    extra: ExtraBytes | None = None

    def render(self, lines: Sequence[bytes]) -> list[tuple[float, bytes]]:
        """Apply the fault to an answer of these framed lines.

        Returns the pieces to write, each with the seconds to wait before it.
        """
        if not self.answered:
            return [(self.delay, b"")]
        whole = b"".join(lines)
        if self.extra is None:
            return [(self.delay, whole)]
        cut = {
            Place.BEFORE: 0,
            Place.BETWEEN: len(whole) - len(lines[-1]),
            Place.INSIDE: len(lines[0]) // 2,
            Place.AFTER: len(whole),
        }[self.extra.place]
        first, second = self.extra.halves
        pieces = [(self.delay, whole[:cut] + first), (self.extra.split, second + whole[cut:])]
        return pieces if self.extra.split else [(self.delay, pieces[0][1] + pieces[1][1])]


NO_FAULT = CommandFault()

# Called with each command line, as the host typed it, before it is executed.
FaultSource = Callable[[str], CommandFault]
