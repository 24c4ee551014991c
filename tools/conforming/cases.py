"""Conformance cases: the class and two functions that build most of them.

Patterns are regular expressions over the bytes on the wire. The grade of a case says how sure it
is: D documented by China Mobile, S seen in host programs, I inferred.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

OK = r"\r\nOK\r\n"
ERROR = r"\r\nERROR\r\n"
DEFAULT_MAX_SECONDS = 3.0
"""For a command without a documented response time."""


class Need(Enum):
    """What a case needs besides a port; the value is the reason for skipping it."""

    CHANGES = "it changes the board"
    NETWORK = "the board is not registered on a network"
    PLATFORM = "it needs --platform"
    DATAGRAMS = "it needs --udp"
    ACKNOWLEDGEMENTS = "its firmware does not acknowledge reports: CMVER without `3.`"


@dataclass(frozen=True, slots=True)
class ApiCall:
    """A call of OneNET's HTTP API for this board; its IMEI is added to `query`."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """Send `parts`, expect `answer`, the complete response up to its final result code.

    `{imei}` in `parts` is the value that an earlier pattern captured as `(?P<imei>…)`. With an
    `api_call`, the API is called first, `urc` is what the host must receive before it sends, and
    `api_answer` what the API must answer. `later`: an unsolicited line after the response.

    The response must come after `min_seconds` and within `max_seconds`, each unsolicited line
    within `max_seconds`. `may_be_silent`: no response is correct too. `poll`: repeat until the
    response matches. `baud`: the host's speed after the response.
    """

    grade: str
    name: str
    parts: tuple[str, ...]
    answer: str
    needs: frozenset[Need] = frozenset()
    api_call: ApiCall | None = None
    urc: str = ""
    later: str = ""
    api_answer: str = ""
    min_seconds: float = 0.0
    max_seconds: float = DEFAULT_MAX_SECONDS
    may_be_silent: bool = False
    poll: bool = False
    baud: str = ""


def query(grade: str, line: str, *lines: str, max_seconds: float = DEFAULT_MAX_SECONDS) -> Case:
    """A general command that changes nothing: information lines, which touch, and OK."""
    answer = "".join(rf"\r\n{each}" for each in lines) + (r"\r\n" if lines else "") + OK
    return Case(grade, line, (f"{line}\r",), answer, max_seconds=max_seconds)


def command(
    grade: str,
    line: str,
    *needs: Need,
    name: str = "",
    answer: str = OK,
    later: str = "",
    min_seconds: float = 0.0,
    max_seconds: float = DEFAULT_MAX_SECONDS,
    baud: str = "",
) -> Case:
    """A command that changes something; `answer` defaults to OK, `name` to the line."""
    return Case(
        grade,
        name or line,
        (f"{line}\r",),
        answer,
        needs=frozenset((Need.CHANGES, *needs)),
        later=later,
        min_seconds=min_seconds,
        max_seconds=max_seconds,
        baud=baud,
    )
