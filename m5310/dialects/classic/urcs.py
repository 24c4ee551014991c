"""Unsolicited lines of the classic dialect, parsed to typed values."""

from __future__ import annotations

import functools
from collections.abc import Callable
from enum import Enum
from typing import Final

from m5310.dialects.classic import typed
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
from m5310.errors import AnswerError, ParameterError, shortened
from m5310.lwm2m.path import ANY, Path

MSGID_LIMIT = 2**32 - 1
"""Without a bound the answer to a request might not fit into its line."""
# guess: firmware counts in at most 32 bits; five digits were seen.


class Reading(Enum):
    """The form of the value in +MIPLWRITE and +MIPLEXECUTE.

    No capture of a classic module shows one. Host programs read the value bare, to the end of the
    line; every later firmware writes type and length before it. EITHER reads a text as typed only
    if it has exactly that form.
    """

    EITHER = "either"
    BARE = "bare"
    TYPED = "typed"


def parse(line: str, reading: Reading = Reading.EITHER) -> Urc | None:
    """The value of an unsolicited line; None if it does not belong to this dialect.

    Raises AnswerError for a malformed line of this dialect.
    """
    name, _, text = line.partition(":")
    parser = _PARSERS.get(name)
    if parser is None:
        return None
    try:
        return parser(text, reading)
    except (ValueError, ParameterError) as error:
        raise AnswerError(
            f"malformed {name}: {shortened(line)!r} ({shortened(str(error), 80)})"
        ) from None


def _flag(text: str) -> bool:
    if text not in ("0", "1"):
        raise ValueError(f"got {shortened(text, 20)!r}, expected 0 or 1")
    return text == "1"


def _values_of(text: str, least: int, most: int) -> list[str]:
    values = text.split(",")
    if not least <= len(values) <= most:
        raise ValueError(f"got {len(values)} values, expected {least}")
    return values


def _msgid(text: str) -> int:
    if not 0 <= (msgid := int(text)) <= MSGID_LIMIT:
        raise ValueError(f"msgid out of range 0..{MSGID_LIMIT}")
    return msgid


@functools.lru_cache(maxsize=256)
def _path(object_: str, instance: str, resource: str) -> Path:
    # Cached: requests name the same few resources, and a new Path, with its checks, takes as long
    # as all the rest of a line.
    return Path(int(object_), int(instance), int(resource))


def _resource(object_: str, instance: str, resource: str) -> Path:
    path = _path(object_, instance, resource)
    if not path.whole:
        raise ValueError(f"{path} does not name a resource")
    return path


def _opened(text: str, _: Reading) -> Opened:
    ref, success = _values_of(text, 2, 2)
    return Opened(int(ref), _flag(success))


def _closed(text: str, _: Reading) -> Closed:
    ref, success = _values_of(text, 2, 2)
    return Closed(int(ref), _flag(success))


def _updated(text: str, _: Reading) -> Updated:
    ref, success = _values_of(text, 2, 2)
    return Updated(int(ref), _flag(success))


def _acknowledged(text: str, _: Reading) -> Acknowledged:
    ref, ackid = _values_of(text, 2, 2)
    return Acknowledged(int(ref), int(ackid))


def _observed(text: str, _: Reading) -> Observed:
    ref, msgid, added, *ids = _values_of(text, 5, 6)
    object_, instance, resource = (*map(int, ids), ANY)[:3]
    return Observed(int(ref), int(msgid), _flag(added), object_, instance, resource)


def _discovered(text: str, _: Reading) -> Discovered:
    ref, msgid, object_ = _values_of(text, 3, 3)
    return Discovered(int(ref), int(msgid), int(object_))


def _read(text: str, _: Reading) -> ReadRequest:
    values = text.split(",")
    if len(values) == 6:
        del values[5]  # some firmware appends one more value: ignored (seen)
    if len(values) != 5:
        raise ValueError(f"got {len(values)} values, expected 5")
    ref, msgid, object_, instance, resource = values
    return ReadRequest(int(ref), _msgid(msgid), _path(object_, instance, resource))


def _write(text: str, reading: Reading) -> WriteRequest:
    try:
        ref, msgid, object_, instance, resource, rest = text.split(",", 5)
    except ValueError:
        raise ValueError("got fewer than 6 values, expected 6") from None
    number, path = _msgid(msgid), _resource(object_, instance, resource)
    # every typed text starts with its type's digit and a comma
    if reading is not Reading.BARE and rest[1:2] == "," and (found := typed.value(rest)):
        return WriteRequest(int(ref), number, path, *found)
    if reading is Reading.TYPED:
        raise ValueError("expected <valuetype>,<len>,<value> after the resource id")
    return WriteRequest(int(ref), number, path, None, rest)


def _execute(text: str, reading: Reading) -> ExecuteRequest:
    values = text.split(",", 5)
    if len(values) < 5:
        raise ValueError(f"got {len(values)} values, expected 5 or more")
    ref, msgid, object_, instance, resource = values[:5]
    arguments = values[5] if len(values) == 6 else ""
    number, path = _msgid(msgid), _resource(object_, instance, resource)
    measured = None if reading is Reading.BARE else typed.arguments(arguments)
    if measured is not None:
        arguments = measured
    elif reading is Reading.TYPED and arguments:
        raise ValueError('expected <len>,"<arguments>" after the resource id')
    return ExecuteRequest(int(ref), number, path, arguments.encode())


_PARSERS: Final[dict[str, Callable[[str, Reading], Urc]]] = {
    "+MIPLOPEN": _opened,
    "+MIPLCLOSE": _closed,
    "+MIPLUPDATE": _updated,
    "+MIPLNOTIFY": _acknowledged,
    "+MIPLOBSERVE": _observed,
    "+MIPLDISCOVER": _discovered,
    "+MIPLREAD": _read,
    "+MIPLWRITE": _write,
    "+MIPLEXECUTE": _execute,
}
