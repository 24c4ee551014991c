"""Any line of the language in words."""

from __future__ import annotations

from m5310.at.codec import final_result
from m5310.at.codec import values as values_of
from m5310.cli.explain.answers import answer_words, result_words, unsolicited_words
from m5310.cli.explain.commands import command_words, config_words, fragment_of
from m5310.errors import M5310Error

# Above any configuration: what a device is configured with has some 300 bytes.
_BLOB_LIMIT = 65536


def in_words(line: str) -> str | None:
    """What one line says, whoever sent it; None for a line that nobody knows. Never raises."""
    line = line.strip()
    return (
        command_words(line) or result_words(line) or unsolicited_words(line) or answer_words(line)
    )


class Narrator:
    """The lines of one conversation in words, in the order they passed.

    Knows more than `in_words`: which command a bare line answers, whether a report declares,
    and what the fragments of a configuration are together.
    """

    def __init__(self) -> None:
        self._command: str | None = None  # the one that is out
        self._blob = b""
        self._declaring = False

    def host(self, line: str) -> str | None:
        """What a line of the host says."""
        line = line.strip()
        self._command = line
        words = command_words(line)
        name = line.upper().partition("=")[0]
        match name:
            case "AT+MIPLCONF":
                self._declaring = True
                return self._configured(line) or words
            case "AT+MIPLOPEN":
                self._declaring = False
            case "AT+MIPLNOTIFY" if self._declaring and words:
                return words.replace("report", "declare", 1).removesuffix(", complete")
        return words

    def module(self, line: str) -> str | None:
        """What a line of the module says; its echo says nothing."""
        line = line.strip()
        if line == self._command:
            return "echo"
        if final_result(line):
            self._command = None
            return result_words(line)
        return (
            (self._command and answer_words(line, self._command))
            or unsolicited_words(line)
            or answer_words(line)
        )

    def _configured(self, line: str) -> str | None:
        """The whole configuration, once the last of several fragments is here."""
        try:
            piece, index, last = fragment_of(values_of(line.partition("=")[2]))
        except (ValueError, M5310Error):
            return None
        self._blob = piece if index == 1 else (self._blob + piece)[:_BLOB_LIMIT]
        if index == 1 or not last:
            return None
        try:
            return f"configure: fragment {index}, the last; all: {config_words(self._blob)}"
        except M5310Error as error:
            return f"configure: fragment {index}, the last; all: {error}"
