"""What a case of conformance is, and the two shapes that most of them have.

Each names the section of spec/at.md it stands on and its grade: D documented, S seen in host
programs, I inferred. Patterns are regular expressions of the bytes on the wire.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

OK = r"\r\nOK\r\n"
ERROR = r"\r\nERROR\r\n"
# A command for which the specification names no time is answered within so many seconds.
USUAL = 3.0


class Need(Enum):
    """What a case takes beside a port; the value says why it is left out without."""

    CHANGES = "it changes the board"
    NETWORK = "the board is not registered on a network"
    PLATFORM = "it needs --platform"
    DATAGRAMS = "it needs --udp"
    ACKNOWLEDGEMENTS = "its firmware acknowledges no reports: CMVER without `3.`"


@dataclass(frozen=True, slots=True)
class Ask:
    """A call of OneNET's HTTP API about this board: its `imei` goes with the `query`."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """`pieces` are sent, `answer` is the whole answer as a pattern, up to its final result.

    In `pieces`, `{imei}` is what an earlier pattern has called `(?P<imei>…)`. Where the platform is
    asked first (`asks`), `announced` is what the host then hears, before it sends its pieces, and
    `told` what the platform tells in the end. `then`: a pattern of what else comes unasked.

    Seconds: the answer comes within `soonest` and `within`, each unasked line within as many.
    `silent`: no answer is right too. `again`: asked until it is answered so. `baud`: the speed of
    the host from the answer on.
    """

    section: int
    grade: str
    name: str
    pieces: tuple[str, ...]
    answer: str
    needs: frozenset[Need] = frozenset()
    asks: Ask | None = None
    announced: str = ""
    then: str = ""
    told: str = ""
    soonest: float = 0.0
    within: float = USUAL
    silent: bool = False
    again: bool = False
    baud: str = ""


def asks(grade: str, command: str, *lines: str, within: float = USUAL) -> Case:
    """A question of section 5: information lines, each framed, and OK."""
    answer = "".join(rf"\r\n{line}\r\n" for line in lines) + OK
    return Case(5, grade, command, (f"{command}\r",), answer, within=within)


def does(
    section: int,
    grade: str,
    command: str,
    *needs: Need,
    name: str = "",
    answer: str = OK,
    then: str = "",
    soonest: float = 0.0,
    within: float = USUAL,
    baud: str = "",
) -> Case:
    """A command that changes something, answered OK unless told otherwise."""
    return Case(
        section,
        grade,
        name or command,
        (f"{command}\r",),
        answer,
        needs=frozenset((Need.CHANGES, *needs)),
        then=then,
        soonest=soonest,
        within=within,
        baud=baud,
    )
