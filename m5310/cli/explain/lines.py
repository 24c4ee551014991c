"""Any AT line in words, alone or within its conversation."""

from __future__ import annotations

from m5310.at.codec import final_result
from m5310.at.codec import values as values_of
from m5310.cli.explain.answers import describe_response, describe_result, describe_unsolicited
from m5310.cli.explain.commands import describe_command
from m5310.cli.explain.onenet import declaration, describe_config, fragment_of
from m5310.errors import M5310Error, Text

# More than any configuration: those of devices have some 300 bytes.
_BLOB_LIMIT = 65536


def describe_line(line: str) -> str | None:
    """One line of host or module in words; None for an unknown line. Never raises."""
    line = line.strip()
    return (
        describe_command(line)
        or describe_result(line)
        or describe_unsolicited(line)
        or describe_response(line)
    )


class Explainer:
    """Describes the lines of one conversation, in their order.

    Knows more than `describe_line`: which command a bare line answers, whether a report declares
    a resource, and the whole configuration of several fragments.
    """

    def __init__(self) -> None:
        self._command: str | None = None  # the outstanding one
        self._blob = b""
        self._declaring = False

    def host(self, line: str) -> str | None:
        """A line of the host in words."""
        line = line.strip()
        self._command = line
        words = describe_command(line)
        name = line.upper().partition("=")[0]
        match name:
            case "AT+MIPLCONF":
                self._declaring = True
                return self._configured(line) or words
            case "AT+MIPLOPEN" | "AT+MIPLCREATE":
                self._declaring = False
            case "AT+MIPLNOTIFY" if self._declaring and words:
                return declaration(values_of(line.partition("=")[2]))
        return words

    def module(self, line: str) -> str | None:
        """A line of the module in words."""
        line = line.strip()
        if line == self._command:
            return Text("echo")
        if final_result(line):
            self._command = None
            return describe_result(line)
        return (
            (self._command and describe_response(line, self._command))
            or describe_unsolicited(line)
            or describe_response(line)
        )

    def _configured(self, line: str) -> str | None:
        """The whole configuration, at the last of several fragments."""
        try:
            piece, index, last = fragment_of(values_of(line.partition("=")[2]))
        except (ValueError, M5310Error):
            return None
        self._blob = piece if index == 1 else (self._blob + piece)[:_BLOB_LIMIT]
        if index == 1 or not last:
            return None
        try:
            whole = describe_config(self._blob)
        except M5310Error as error:
            whole = str(error)
        return Text("configure: fragment {index}, the last; all: {whole}", index=index, whole=whole)
