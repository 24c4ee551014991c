"""Unsolicited lines of the suite, parsed to typed values.

Blanks after the colon and the commas are skipped, values behind those that are known ignored. A
message id is a number of any size: that of an observe has the number of observes in its upper part.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from m5310.dialects.requests import answerable, msgid_of, path_of, resource_of, whole
from m5310.dialects.suite import events, values
from m5310.dialects.urcs import (
    Discovered,
    ExecuteRequest,
    MalformedRequest,
    Observed,
    OperationWaiting,
    ParameterRequest,
    ReadRequest,
    SendReport,
    Urc,
    WriteRequest,
)
from m5310.errors import AnswerError, ParameterError, shortened
from m5310.lwm2m.path import ANY
from m5310.lwm2m.values import ValueType


def parse(line: str) -> Urc | None:
    """The value of an unsolicited line; None if it does not belong to this dialect.

    Raises AnswerError for a malformed line of this
    dialect, MalformedRequest for a request that can be answered nevertheless.
    """
    name, _, text = line.partition(":")
    parser = _PARSERS.get(name)
    if parser is None:
        return None
    try:
        return parser(text)
    except (ValueError, ParameterError, AnswerError) as error:
        message = f"malformed {name}: {shortened(line)!r} ({shortened(str(error), 120)})"
        if (request := answerable(name, text)) is not None:
            raise MalformedRequest(message, request) from None
        raise AnswerError(message) from None


def _values_of(text: str, least: int, most: int) -> list[str]:
    """At most `most` values, the last of them with all that follows."""
    found = text.split(",", most - 1)
    if len(found) < least:
        raise ValueError(f"got {len(found)} values, expected {least}")
    return found


def _event(text: str) -> Urc:
    ref, number, *more = _values_of(text, 2, 4)
    return events.parse(whole(ref), whole(number), whole(more[0]) if more else None)


def _waiting(text: str) -> OperationWaiting:
    (ref,) = _values_of(text, 1, 2)
    return OperationWaiting(whole(ref))


def _send_report(text: str) -> SendReport:
    ref, status, number = _values_of(text, 3, 3)
    return SendReport(whole(ref), whole(status) == 1, whole(number))


def _observed(text: str) -> Observed:
    ref, msgid, added, object_, instance, *more = _values_of(text, 5, 7)
    if added.strip() not in ("0", "1"):
        raise ValueError(f"got {shortened(added, 20)!r}, expected 0 or 1")
    # some firmware leaves the resource out
    path = path_of(object_, instance, more[0] if more else str(ANY))
    return Observed(
        whole(ref), msgid_of(msgid), whole(added) == 1, path.object, path.instance, path.resource
    )


def _discovered(text: str) -> Discovered:
    ref, msgid, object_ = _values_of(text, 3, 4)[:3]
    return Discovered(whole(ref), msgid_of(msgid), path_of(object_, str(ANY), str(ANY)).object)


def _parameter(text: str) -> ParameterRequest:
    ref, msgid, object_, instance, resource, *more = _values_of(text, 6, 7)
    path = path_of(object_, instance, resource)
    return ParameterRequest(whole(ref), msgid_of(msgid), path, more[-1].strip().strip('"'))


def _read(text: str) -> ReadRequest:
    ref, msgid, object_, instance, resource = _values_of(text, 5, 6)[:5]
    return ReadRequest(whole(ref), msgid_of(msgid), path_of(object_, instance, resource))


def _write(text: str) -> WriteRequest:
    ref, msgid, object_, instance, resource, kind, length, rest = _values_of(text, 8, 8)
    number, path = msgid_of(msgid), resource_of(object_, instance, resource)
    found = values.value(ValueType(whole(kind)), whole(length), rest)
    return WriteRequest(
        whole(ref), number, path, ValueType(whole(kind)), found.text, found.flag, left=found.left
    )


def _execute(text: str) -> ExecuteRequest:
    ref, msgid, object_, instance, resource, *more = _values_of(text, 5, 6)
    number, path = msgid_of(msgid), resource_of(object_, instance, resource)
    rest = more[0] if more else ""
    if msgid.startswith(" "):
        rest = rest.removeprefix(" ")
    return ExecuteRequest(whole(ref), number, path, values.arguments(rest))


_PARSERS: Final[dict[str, Callable[[str], Urc]]] = {
    "+MIPLEVENT": _event,
    "+MIPLNMI": _waiting,
    "+MIPLNSMI": _send_report,
    "+MIPLOBSERVE": _observed,
    "+MIPLDISCOVER": _discovered,
    "+MIPLPARAMETER": _parameter,
    "+MIPLREAD": _read,
    "+MIPLWRITE": _write,
    "+MIPLEXECUTE": _execute,
}
