"""Unsolicited lines of the suite, parsed to typed values.

Blanks after the colon and the commas are skipped, values behind those that are known ignored. A
message id is a number of any size: that of an observe has the number of observes in its upper part.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from m5310.dialects.suite import events, values
from m5310.dialects.urcs import (
    Discovered,
    ExecuteRequest,
    MalformedRequest,
    Observed,
    ParameterRequest,
    ReadRequest,
    Request,
    Urc,
    WriteRequest,
)
from m5310.errors import AnswerError, ParameterError, shortened
from m5310.lwm2m.path import ANY, ID_LIMIT, Path
from m5310.lwm2m.values import ValueType

MSGID_LIMIT: Final = 2**32 - 1
"""Without a bound the answer to a request might not fit into its line."""
# guess: test answers of one firmware allow 28 bits.


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
        if (request := _answerable(name, text)) is not None:
            raise MalformedRequest(message, request) from None
        raise AnswerError(message) from None


def _values_of(text: str, least: int, most: int) -> list[str]:
    """At most `most` values, the last of them with all that follows."""
    found = text.split(",", most - 1)
    if len(found) < least:
        raise ValueError(f"got {len(found)} values, expected {least}")
    return found


def _msgid(text: str) -> int:
    if not 0 <= (msgid := int(text)) <= MSGID_LIMIT:
        raise ValueError(f"msgid out of range 0..{MSGID_LIMIT}")
    return msgid


@lru_cache(maxsize=256)
def _path(object_: str, instance: str, resource: str) -> Path:
    return Path(int(object_), int(instance), int(resource))


def _resource(object_: str, instance: str, resource: str) -> Path:
    path = _path(object_, instance, resource)
    if not path.whole:
        raise ValueError(f"{path} does not name a resource")
    return path


def _event(text: str) -> Urc:
    ref, number, *more = _values_of(text, 2, 4)
    return events.parse(int(ref), int(number), int(more[0]) if more else None)


def _observed(text: str) -> Observed:
    ref, msgid, added, object_, instance, *more = _values_of(text, 5, 7)
    if added.strip() not in ("0", "1"):
        raise ValueError(f"got {shortened(added, 20)!r}, expected 0 or 1")
    # some firmware leaves the resource out
    path = _path(object_, instance, more[0] if more else str(ANY))
    return Observed(
        int(ref), _msgid(msgid), int(added) == 1, path.object, path.instance, path.resource
    )


def _discovered(text: str) -> Discovered:
    ref, msgid, object_ = _values_of(text, 3, 4)[:3]
    return Discovered(int(ref), _msgid(msgid), _path(object_, str(ANY), str(ANY)).object)


def _parameter(text: str) -> ParameterRequest:
    ref, msgid, object_, instance, resource, *more = _values_of(text, 6, 7)
    path = _path(object_, instance, resource)
    return ParameterRequest(int(ref), _msgid(msgid), path, more[-1].strip().strip('"'))


def _read(text: str) -> ReadRequest:
    ref, msgid, object_, instance, resource = _values_of(text, 5, 6)[:5]
    return ReadRequest(int(ref), _msgid(msgid), _path(object_, instance, resource))


def _write(text: str) -> WriteRequest:
    ref, msgid, object_, instance, resource, kind, length, rest = _values_of(text, 8, 8)
    number, path = _msgid(msgid), _resource(object_, instance, resource)
    found = values.value(ValueType(int(kind)), int(length), rest)
    return WriteRequest(
        int(ref), number, path, ValueType(int(kind)), found.text, found.flag, left=found.left
    )


def _execute(text: str) -> ExecuteRequest:
    ref, msgid, object_, instance, resource, *more = _values_of(text, 5, 6)
    number, path = _msgid(msgid), _resource(object_, instance, resource)
    rest = more[0] if more else ""
    if msgid.startswith(" "):
        rest = rest.removeprefix(" ")
    return ExecuteRequest(int(ref), number, path, values.arguments(rest))


_PARSERS: Final[dict[str, Callable[[str], Urc]]] = {
    "+MIPLEVENT": _event,
    "+MIPLOBSERVE": _observed,
    "+MIPLDISCOVER": _discovered,
    "+MIPLPARAMETER": _parameter,
    "+MIPLREAD": _read,
    "+MIPLWRITE": _write,
    "+MIPLEXECUTE": _execute,
}


# --- requests in no known form ---------------------------------------------------------------


def _answerable(name: str, text: str) -> Request | None:
    """What can be read of a malformed request, if that is enough to refuse it."""
    if name not in ("+MIPLREAD", "+MIPLWRITE", "+MIPLEXECUTE"):
        return None
    found = text.split(",")
    try:
        ref, msgid = int(found[0]), _msgid(found[1])
    except (ValueError, IndexError):
        return None
    object_, instance, resource = (*map(_id, found[2:5]), ANY, ANY, ANY)[:3]
    path = Path(max(object_, 0), instance, ANY if instance == ANY else resource)
    match name:
        case "+MIPLREAD":
            return ReadRequest(ref, msgid, path)
        case "+MIPLWRITE":
            return WriteRequest(ref, msgid, path, None, "")
        case _:
            return ExecuteRequest(ref, msgid, path, b"")


def _id(text: str) -> int:
    """An id, or ANY for what is none."""
    try:
        number = int(text)
    except ValueError:
        return ANY
    return number if 0 <= number <= ID_LIMIT else ANY
