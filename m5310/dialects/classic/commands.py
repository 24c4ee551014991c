"""Command lines of the classic dialect.

Every value is written between double quotes, whatever its type; there is no length field and no
escape (OneNET guide 5.1). `<ref>` is always 0: a module holds one instance.
"""

from __future__ import annotations

from typing import Final

from m5310.at.codec import Command, Quoted, command_line
from m5310.dialects.classic.config import LIFETIMES, Config
from m5310.errors import ParameterError, Text
from m5310.lwm2m.path import Path
from m5310.lwm2m.values import ValueType

REF: Final = 0

PROMPT = 5.0
"""Seconds until the result of a command that the module executes without the network."""
# guess: in public programs none takes a second; the rest is for a module busy with its radio.

FRAGMENT = 1024
"""Bytes of configuration one AT+MIPLCONF carries (OneNET guide 5.1.1)."""
ACKIDS = range(1, 2**31)
"""Greater than 0 asks for an acknowledgement (OneNET guide 5.1.2)."""  # guess: the upper end

MEANINGS: Final = {
    "+MIPLCONF": Text("configure the OneNET device"),
    "+MIPLADDOBJ": Text("add an object instance"),
    "+MIPLDELOBJ": Text("delete an object instance"),
    "+MIPLNOTIFY": Text("declare a resource before login, report it after"),
    "+MIPLOPEN": Text("log in to OneNET"),
    "+MIPLCLOSE": Text("log out of OneNET"),
    "+MIPLDEL": Text("delete the OneNET device"),
    "+MIPLUPDATE": Text("renew the registration"),
    "+MIPLREAD": Text("answer a read"),
    "+MIPLWRITE": Text("answer a write"),
    "+MIPLEXECUTE": Text("answer an execute"),
}
"""What each command of this dialect does, in one line."""

NEED_LOGIN: Final = tuple(
    f"AT+MIPL{name}=" for name in ("NOTIFY", "UPDATE", "READ", "WRITE", "EXECUTE")
)
"""Before a login AT+MIPLNOTIFY declares a resource, and the others are refused."""


def configure(config: Config) -> tuple[Command, ...]:
    """AT+MIPLCONF, as many as the configuration needs, in the order to be sent."""
    return fragments(config.encode())


def fragments(blob: bytes) -> tuple[Command, ...]:
    """`<size>,<hex>,<index>,<flag>`: size in bytes, index from 1, flag 1 for the last.

    The size is that of the fragment, not of the whole configuration (inferred).
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

    `last` False: more lines of this report follow. With an `ackid` (1..2147483647), on the last
    line only, the module reports the platform's acknowledgement as `+MIPLNOTIFY`.
    """
    if ackid is not None and (not last or ackid not in ACKIDS):
        raise ParameterError(f"ackid {ackid}: expected 1..{ACKIDS[-1]}, on a report's last line")
    return _command("+MIPLNOTIFY", REF, *_values(path, kind, text), int(last), ackid)


def open_(timeout: int | None = None) -> Command:
    """Log in, within `timeout` whole seconds; the result comes at once, `Opened` later."""
    # guess: without a timeout the module tries for 30 s.
    return _command("+MIPLOPEN", REF, timeout)


def close() -> Command:
    """Log out; the result comes at once, `Closed` later."""
    return _command("+MIPLCLOSE", REF)


def delete() -> Command:
    """Delete the configuration and everything declared."""
    return _command("+MIPLDEL", REF)


def update(lifetime: int, *, with_objects: bool) -> Command:
    """Renew the registration for `lifetime` seconds; the outcome is `Updated`."""
    if lifetime not in LIFETIMES:
        raise ParameterError(f"lifetime {lifetime} s: expected {LIFETIMES[0]}..{LIFETIMES[-1]}")
    return _command("+MIPLUPDATE", REF, lifetime, int(with_objects))


def answer_read(
    msgid: int, path: Path, kind: ValueType, text: str, *, last: bool = True
) -> Command:
    """One line of the answer to a read; `last` closes it."""
    return _command("+MIPLREAD", REF, msgid, *_values(path, kind, text), int(last))


def answer_unreadable(msgid: int, path: Path, declared: ValueType | None) -> Command:
    """Refuse a read: `path` is that of the request, `declared` the type of its resource."""
    # guess: this dialect has no result code for a read. The empty value of another type than the
    # declared one is an answer that no resource can give.
    kind = ValueType.STRING if declared is ValueType.OPAQUE else ValueType.OPAQUE
    return answer_read(msgid, path, kind, "")


def answer_write(msgid: int, *, done: bool) -> Command:
    return _command("+MIPLWRITE", REF, msgid, int(done))


def answer_execute(msgid: int, *, done: bool) -> Command:
    return _command("+MIPLEXECUTE", REF, msgid, int(done))


def _command(name: str, *values: int | str | Quoted | None) -> Command:
    return Command(command_line(name, *values), timeout=PROMPT, meaning=MEANINGS[name])


def _values(path: Path, kind: ValueType, text: str) -> tuple[int, int, int, int, Quoted]:
    return path.object, path.instance, path.resource, int(kind), Quoted(text)
