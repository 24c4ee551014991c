"""The module's lines in words: results, answers and what comes unasked."""

from __future__ import annotations

from typing import Final, assert_never

from m5310.at.codec import Answer, FinalResult, final_result
from m5310.cli.explain.commands import TYPE_WORDS
from m5310.cli.explain.questions import QUERIES, SOCKETS, Query, status_words
from m5310.commands import urcs as notices
from m5310.commands.general import BootCause, Booted
from m5310.commands.network import NetworkStatus, PingFailure, PingReply
from m5310.commands.sockets import DatagramWaiting
from m5310.commands.urcs import Notice, RadioConnection, Sleep
from m5310.dialects.classic import urcs as classic_urcs
from m5310.dialects.urcs import (
    Acknowledged,
    Closed,
    Discovered,
    ExecuteRequest,
    Observed,
    Opened,
    ReadRequest,
    Updated,
    Urc,
    WriteRequest,
)
from m5310.errors import AnswerError, shortened
from m5310.lwm2m.path import ANY


def unsolicited_words(line: str) -> str | None:
    """What a line that came unasked says; None if it is none that is known. Never raises."""
    if line == "REBOOTING":
        return "the module restarts"
    try:
        if (urc := classic_urcs.parse(line)) is not None:
            return _urc(urc)
        if (notice := notices.parse(line)) is not None:
            return _notice(notice)
    except AnswerError as error:
        return f"a damaged line: {error}"
    if line.startswith("+MIPL"):
        return "a line of a later module's language"
    return None


def answer_words(line: str, command: str | None = None) -> str | None:
    """What a line of an answer says; None if no known command is answered so. Never raises.

    `command` is the line that it answers, where that is known: a bare line is then understood.
    """
    for query in _candidates(line, command):
        answer = Answer(query.command, (line,))
        try:
            if words := query.tells(answer):
                return words
        except AnswerError:
            continue
    return None


def result_words(line: str) -> str | None:
    """What a final result says; None for a line that is none."""
    result = final_result(line)
    return None if result is None else final_words(result)


def final_words(result: FinalResult) -> str:
    if result.ok:
        return "done"
    if result.meaning:
        return f"refused: {result.meaning}"
    return "refused" if result.number is None else f"refused with number {result.number}"


_BY_LINE: Final = {query.command.line: query for query in QUERIES}
# Those whose answers name themselves. A bare word or number could answer many.
_PREFIXED: Final = tuple(
    query
    for query in QUERIES
    if not any(query.command.responses[0].pattern.fullmatch(bare) for bare in ("x", "123456"))
)


def _candidates(line: str, command: str | None) -> tuple[Query, ...]:
    if command is None:
        return tuple(
            query for query in _PREFIXED if query.command.responses[0].pattern.fullmatch(line)
        )
    command = command.strip().upper()
    query = _BY_LINE.get(command) or SOCKETS.get(command[2:].partition("=")[0])
    return () if query is None else (query,)


# --- what comes unasked ----------------------------------------------------------------------


def _target(object_: int, instance: int, resource: int) -> str:
    """A path as a person writes it; ids that the request leaves open are left out."""
    ids = [each for each in (object_, instance, resource) if each != ANY]
    whole = "" if len(ids) == 3 else ", all of it"
    return "/" + "/".join(map(str, ids)) + whole


def _urc(urc: Urc) -> str:
    match urc:
        case Opened(_, success):
            return "logged in to OneNET" if success else "login refused, or no answer in time"
        case Closed(_, success):
            return "logged out of OneNET" if success else "logout failed"
        case Updated(_, success):
            return "registration renewed" if success else "renewal of the registration failed"
        case Acknowledged(_, ackid):
            return f"the platform has report {ackid}"
        case Observed():
            what = "observes" if urc.added else "stops observing"
            return f"the platform {what} {_target(urc.object, urc.instance, urc.resource)}"
        case Discovered(_, _, object_):
            return f"the platform asks what /{object_} has"
        case ReadRequest():
            target = _target(urc.path.object, urc.path.instance, urc.path.resource)
            return f"the platform reads {target} (request {urc.msgid})"
        case WriteRequest():
            return f"the platform writes {_written(urc)} (request {urc.msgid})"
        case ExecuteRequest():
            arguments = urc.arguments.decode()
            given = f" with {shortened(arguments, 60)!r}" if arguments else ""
            return f"the platform executes /{urc.path}{given} (request {urc.msgid})"
        case _:
            assert_never(urc)


def _written(urc: WriteRequest) -> str:
    kind = "" if urc.kind is None else f" ({TYPE_WORDS[urc.kind]})"
    more = "" if urc.last else ", more follow"
    return f"/{urc.path} = {shortened(urc.text, 60)}{kind}{more}"


_CAUSES: Final = {
    BootCause.COMMAND: "by command",
    BootCause.POWER_ON: "at power-on",
    BootCause.RESET_PIN: "by its reset pin",
    BootCause.WATCHDOG: "by its watchdog",
    BootCause.UNKNOWN: "for an unknown reason",
}


def _notice(notice: Notice) -> str:
    match notice:
        case Booted():
            return f"the module has restarted {_CAUSES[notice.cause]}; everything set up is gone"
        case NetworkStatus():
            return status_words(notice)
        case RadioConnection(connected):
            return f"radio {'connected' if connected else 'idle'}"
        case Sleep(asleep):
            return "the module falls asleep" if asleep else "the module is awake"
        case DatagramWaiting(socket, length):
            return f"{length} bytes wait on socket {socket}"
        case PingReply():
            return f"{notice.address} answered the ping in {notice.time * 1000:g} ms"
        case PingFailure():
            return "the ping was not answered"
        case _:
            assert_never(notice)
