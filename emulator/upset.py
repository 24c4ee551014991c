"""What may go wrong with a command between the host and a module that is otherwise well. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from emulator.at import Cme


@dataclass(frozen=True, slots=True)
class Upset:
    """What becomes of one command line.

    `refusal`: refused with this number instead of obeyed (plain `ERROR` without numbers). `delay`:
    seconds by which the answer comes late. `heard` False: neither obeyed nor answered; `answered`
    False: obeyed, and nobody is told.
    """

    refusal: Cme | None = None
    delay: float = 0.0
    heard: bool = True
    answered: bool = True


WELL = Upset()

# What is asked of each command line, as the host typed it, before it is obeyed.
Upsetting = Callable[[str], Upset]


def nothing_upset(_line: str) -> Upset:
    return WELL
