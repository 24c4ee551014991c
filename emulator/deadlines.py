"""When to come back: what every stepped part of the emulator tells the one above it."""

from __future__ import annotations


def earliest(*deadlines: float | None) -> float | None:
    """The first of them; None when nothing is planned."""
    planned = [at for at in deadlines if at is not None]
    return min(planned) if planned else None
