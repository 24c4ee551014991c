"""When to come back: what every stepped part of the emulator tells the one above it."""

from __future__ import annotations


def earliest(*deadlines: float | None) -> float | None:
    """The first of them; None when nothing is planned."""
    first = None  # by hand: it is asked a dozen times a command
    for at in deadlines:
        if at is not None and (first is None or at < first):
            first = at
    return first
