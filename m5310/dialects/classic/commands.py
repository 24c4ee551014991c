"""The OneNET language of the first-generation M5310: its commands and its unsolicited lines.

Every value stands between double quotes whatever its type; there is no length field and no
escape (OneNET guide 5.1). `<ref>` is always 0: a module holds one instance.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Final

from m5310.at.codec import Command, Quoted, command_line
from m5310.dialects.classic.config import LIFETIMES, Config
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
from m5310.lwm2m.resources import ANY, ID_LIMIT, Path
from m5310.lwm2m.values import ValueType

REF: Final = 0

PROMPT = 5.0
"""Seconds until the result of a command that the module serves from its own memory.

A guess: no public program shows one that takes a whole second; the rest is room for a module
that is busy with its radio.
"""
FRAGMENT = 1024
"""Bytes of configuration one AT+MIPLCONF carries (OneNET guide 5.1.1)."""
ACKIDS = range(1, 2**31)
"""Greater than 0 asks for an acknowledgement (OneNET guide 5.1.2); the upper end is a guess."""
MSGID_LIMIT = 2**32 - 1
"""Five digits were seen; that firmware counts in at most 32 bits is a guess. Without a bound the
answer to a request might not fit into its line."""


# --- commands ------------------------------------------------------------------------------


def configure(config: Config) -> tuple[Command, ...]:
    """AT+MIPLCONF, as many as the configuration needs; to be sent in this order."""
    return fragments(config.encode())


def fragments(blob: bytes) -> tuple[Command, ...]:
    """`<size>,<hex>,<index>,<flag>`: size counts bytes, index from 1, flag 1 is the last.

    That the size is this fragment's and not the whole blob's is inferred.
    """
    pieces = [blob[at : at + FRAGMENT] for at in range(0, len(blob), FRAGMENT)]
    last = len(pieces)
    return tuple(
        _command("+MIPLCONF", len(piece), piece.hex().upper(), index, int(index == last))
        for index, piece in enumerate(pieces, 1)
    )


def add_object(path: Path) -> Command:
    return _command("+MIPLADDOBJ", REF, path.object, path.instance)


def delete_object(path: Path) -> Command:
    return _command("+MIPLDELOBJ", REF, path.object, path.instance)


def notify(
    path: Path, kind: ValueType, text: str, *, last: bool = True, ackid: int | None = None
) -> Command:
    """One line of a report, or before login the declaration of a resource (OneNET guide 5.1.2).

    `last` False: more lines of this report follow. `ackid` (1..2147483647) asks for
    `+MIPLNOTIFY` once the platform has the report; it stands on the last line only.
    """
    if ackid is not None and (not last or ackid not in ACKIDS):
        raise ParameterError(f"ackid {ackid}: expected 1..{ACKIDS[-1]}, on a report's last line")
    return _command("+MIPLNOTIFY", REF, *_values(path, kind, text), int(last), ackid)


def open_(timeout: int | None = None) -> Command:
    """Log in; the result comes at once, `Opened` later.

    `timeout` in whole seconds; that the module tries for 30 s without one is a guess.
    """
    return _command("+MIPLOPEN", REF, timeout)


def close() -> Command:
    """Log out; the result comes at once, `Closed` later."""
    return _command("+MIPLCLOSE", REF)


def delete() -> Command:
    """Forget the configuration and everything declared."""
    return _command("+MIPLDEL", REF)


def update(lifetime: int, *, with_objects: bool) -> Command:
    """Renew the registration for `lifetime` seconds; `Updated` says how it went."""
    if lifetime not in LIFETIMES:
        raise ParameterError(f"lifetime {lifetime} is outside {LIFETIMES[0]}..{LIFETIMES[-1]} s")
    return _command("+MIPLUPDATE", REF, lifetime, int(with_objects))


def answer_read(
    msgid: int, path: Path, kind: ValueType, text: str, *, last: bool = True
) -> Command:
    """One line of the answer to a read; `last` closes it."""
    return _command("+MIPLREAD", REF, msgid, *_values(path, kind, text), int(last))


def answer_unreadable(msgid: int, path: Path, declared: ValueType | None) -> Command:
    """Say that a read cannot be served; ids as they came, `declared` the resource's own type.

    A guess: the language has no result in its read answer. The empty value of a type that the
    resource does not have is what no resource can ever answer.
    """
    kind = ValueType.STRING if declared is ValueType.OPAQUE else ValueType.OPAQUE
    return answer_read(msgid, path, kind, "")


def answer_write(msgid: int, *, done: bool) -> Command:
    return _command("+MIPLWRITE", REF, msgid, int(done))


def answer_execute(msgid: int, *, done: bool) -> Command:
    return _command("+MIPLEXECUTE", REF, msgid, int(done))


def _command(name: str, *values: int | str | Quoted | None) -> Command:
    return Command(command_line(name, *values), timeout=PROMPT)


def _values(path: Path, kind: ValueType, text: str) -> tuple[int, int, int, int, Quoted]:
    return path.object, path.instance, path.resource, int(kind), Quoted(text)


# --- unsolicited lines ---------------------------------------------------------------------


class Reading(Enum):
    """How the text of a +MIPLWRITE or +MIPLEXECUTE is to be taken.

    No capture of a classic module shows one. Host programs read the value bare, to the end of
    the line; every later firmware writes type and length before it. EITHER takes a text as
    typed only if it fits that shape exactly.
    """

    EITHER = "either"
    BARE = "bare"
    TYPED = "typed"


def parse(line: str, reading: Reading = Reading.EITHER) -> Urc | None:
    """What an unsolicited line says; None if it is not of this language.

    Raises AnswerError for a line of this language that does not have its shape.
    """
    name, _, text = line.partition(":")
    parser = _PARSERS.get(name)
    if parser is None:
        return None
    try:
        return parser(text, reading)
    except (ValueError, ParameterError) as error:
        raise AnswerError(
            f"{shortened(line)!r} does not have the shape of {name} ({error})"
        ) from None


def _flag(text: str) -> bool:
    if text not in ("0", "1"):
        raise ValueError(f"{shortened(text, 20)!r} is neither 0 nor 1")
    return text == "1"


def _values_of(text: str, least: int, most: int) -> list[str]:
    values = text.split(",")
    if not least <= len(values) <= most:
        raise ValueError(f"{len(values)} values came, expected {least}")
    return values


def _target(msgid: str, object_: str, instance: str, resource: str) -> tuple[int, int, int, int]:
    """The msgid and the ids of one resource, in range."""
    ids = int(msgid), int(object_), int(instance), int(resource)
    if min(ids) < 0 or ids[0] > MSGID_LIMIT or max(ids[1:]) > ID_LIMIT:
        raise ValueError("an id is out of range")
    return ids


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
    ref, msgid, object_, instance, resource = map(int, values)
    if not (
        0 <= msgid <= MSGID_LIMIT
        and 0 <= object_ <= ID_LIMIT
        and ANY <= instance <= ID_LIMIT
        and ANY <= resource <= ID_LIMIT
    ):
        raise ValueError("an id is out of range")
    if instance < 0 <= resource:
        raise ValueError("the ids name nothing that can be read")
    return ReadRequest(ref, msgid, object_, instance, resource)


def _write(text: str, reading: Reading) -> WriteRequest:
    from m5310.dialects.classic import typed  # noqa: PLC0415 - nothing else needs it, many are never written

    try:
        ref, msgid, object_, instance, resource, rest = text.split(",", 5)
    except ValueError:
        raise ValueError("fewer than 6 values came") from None
    target = _target(msgid, object_, instance, resource)
    # every typed text starts with its type's digit and a comma
    if reading is not Reading.BARE and rest[1:2] == "," and (found := typed.value(rest)):
        return WriteRequest(int(ref), *target, *found)
    if reading is Reading.TYPED:
        raise ValueError("<valuetype>,<len>,<value> was expected after the resource id")
    return WriteRequest(int(ref), *target, None, rest)


def _execute(text: str, reading: Reading) -> ExecuteRequest:
    from m5310.dialects.classic import typed  # noqa: PLC0415 - as above

    values = text.split(",", 5)
    if len(values) < 5:
        raise ValueError(f"{len(values)} values came, expected 5 or more")
    ref, msgid, object_, instance, resource = values[:5]
    arguments = values[5] if len(values) == 6 else ""
    target = _target(msgid, object_, instance, resource)
    measured = None if reading is Reading.BARE else typed.arguments(arguments)
    if measured is not None:
        arguments = measured
    elif reading is Reading.TYPED and arguments:
        raise ValueError('<len>,"<arguments>" was expected after the resource id')
    return ExecuteRequest(int(ref), *target, arguments.encode())


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
