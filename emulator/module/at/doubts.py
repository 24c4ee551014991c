"""Host lines that are doubtful: taken with a note for the trace, or refused in strict mode. Pure.

A line is refused only for a reason with a source. Where no source says that the module refuses it,
the module takes it, because a real program may send it.
"""

from __future__ import annotations

from emulator.module.at.codec import Cme, Refusal

_NOTES_LIMIT = 64  # of a module without a trace; the oldest note is dropped


class Doubts:
    """`notes`: why lines were doubtful, since the notes were emptied; the trace shows them."""

    __slots__ = ("notes", "strict")

    def __init__(self, *, strict: bool = False) -> None:
        self.strict = strict
        self.notes: list[str] = []

    def take(self, what: str, number: Cme = Cme.INCORRECT_PARAMETERS) -> None:
        """Note a doubtful line, before it has changed anything. Raises Refusal in strict mode."""
        self.notes.append(f"doubtful: {what}")
        del self.notes[:-_NOTES_LIMIT]
        if self.strict:
            raise Refusal(number)
