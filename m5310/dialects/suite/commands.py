"""Command lines of the suite. `ref` is the number of the instance, as the module returned it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from m5310.at.codec import PROMPT, Answer, Command, Quoted, Response, command_line
from m5310.dialects.suite.values import written
from m5310.errors import AnswerError, ParameterError, Text, shortened
from m5310.lwm2m.path import Path
from m5310.lwm2m.values import ValueType

ACKIDS: Final = range(1, 65536)
"""Without an ackid the report is not confirmed; 0 is refused by some modules, more by all."""
LIFETIMES: Final = range(16, 86401)
"""Seconds: the least that a maker documents, and the most of the classic dialect."""
TIMEOUTS: Final = range(30, 65536)
"""Seconds of a login (documented)."""
IDS_LIMIT: Final = 255
"""Characters of the list of resources in an answer to a discover."""
ASKED: Final = 0.5
"""Seconds for the version of the suite: a module answers it from memory, within some ms."""
# guess: short, since it may be a module without the suite.
FETCHED: Final = 1024
"""Bytes of a buffered operation to fetch at most."""  # guess: hosts fetch 256; a write has 1000

# Results (documented): success by what is answered, then the errors.
CONTENT: Final = 1
CHANGED: Final = 2
BAD_REQUEST: Final = 11
NOT_FOUND: Final = 13
NOT_ALLOWED: Final = 14

MEANINGS: Final = {
    "+MIPLCREATE": Text("create the OneNET device"),
    "+MIPLCREATEEX": Text("create the OneNET device on a server"),
    "+MIPLCREATEEXT": Text("create the OneNET device on a server"),
    "+MIPLCONFIG": Text("configure the server"),
    "+MIPLBOOTSTRAP": Text("switch bootstrap"),
    "+MIPLDELETE": Text("delete the OneNET device"),
    "+MIPLADDOBJ": Text("add an object with its instances"),
    "+MIPLDELOBJ": Text("delete an object"),
    "+MIPLDISCOVERRSP": Text("answer a discover, or declare resources before login"),
    "+MIPLOPEN": Text("log in to OneNET"),
    "+MIPLCLOSE": Text("log out of OneNET"),
    "+MIPLUPDATE": Text("renew the registration"),
    "+MIPLNOTIFY": Text("report a resource"),
    "+MIPLREADRSP": Text("answer a read"),
    "+MIPLWRITERSP": Text("answer a write"),
    "+MIPLEXECUTERSP": Text("answer an execute"),
    "+MIPLOBSERVERSP": Text("answer an observe"),
    "+MIPLPARAMETERRSP": Text("answer a change of attributes"),
    "+MIPLVER?": Text("ask for the version of the suite"),
    "+MIPLNMI": Text("buffer operations of the platform, and report what was sent"),
    "+MIPLMGR": Text("fetch a buffered operation"),
    "+MIPLRD": Text("fetch a buffered operation"),
    "+MIPLSOTAVER": Text("set the version of the host's firmware"),
    "+MIPLSOTA": Text("answer a step of the update of the host's firmware"),
}
"""What each command of this dialect does, in one line."""

NEED_LOGIN: Final = tuple(
    f"AT+MIPL{name}="
    for name in (
        *("NOTIFY", "UPDATE", "READRSP", "WRITERSP", "EXECUTERSP", "OBSERVERSP", "PARAMETERRSP"),
        *("MGR", "SOTA"),
    )
)
"""What a module that is logged out refuses."""


HIDDEN: Final = "***"
"""What errors and logs show in place of a secret."""


class Secret(NamedTuple):
    """A value that stands on the line and in no error or log."""

    value: str | Quoted


_Value = int | str | Quoted | Secret | None

# --- the instance ----------------------------------------------------------------------------

# The bare number is an answer of M5311 and SIM7000 (documented).
CREATED: Final = re.compile(r"(?:\+MIPLCREATE(?:EX|EXT)?: ?)?([0-9]{1,9})")


def created(lines: Iterable[str]) -> int | None:
    """The number of the instance in the answer to its creation."""
    found = filter(None, map(CREATED.fullmatch, lines))
    return next((int(each[1]) for each in found), None)


def _ref(answer: Answer) -> int:
    ref = created(answer.lines)
    if ref is None:
        raise AnswerError(f"{answer.command.shown} was answered without the number of the instance")
    return ref


def _creating(name: str, *values: _Value) -> Command[int]:
    line, masked = _lines(name, values)
    return Command(
        line, (Response(CREATED),), PROMPT, parse=_ref, meaning=MEANINGS[name], masked=masked
    )


def create() -> Command[int]:
    """With what is built in or was configured before."""
    return _creating("+MIPLCREATE")


def create_with(
    blob: bytes, fragment: int, *, secret: bool = False
) -> tuple[Command[int] | Command[Answer], ...]:
    """With a configuration: `<size of all>,<hex>,<index>,<size>,<flag>`, `fragment` bytes a line.
    The index counts down to 0, the flag is 1 for the first, 2 for a middle and 0 for the last; only
    that returns the number. `secret`: the bytes hold a secret."""
    pieces = [blob[at : at + fragment] for at in range(0, len(blob), fragment)]
    commands: list[Command[int] | Command[Answer]] = []
    for index, piece in zip(reversed(range(len(pieces))), pieces, strict=True):
        flag = 0 if index == 0 else 1 if not commands else 2
        digits = piece.hex().upper()
        values = len(blob), Secret(digits) if secret else digits, index, len(piece), flag
        commands.append(
            _creating("+MIPLCREATE", *values) if index == 0 else _command("+MIPLCREATE", *values)
        )
    return tuple(commands)


def create_ex(
    server: str, *, bootstrap: bool, auth_code: str | None = None, psk: str | None = None
) -> Command[int]:
    """On `<host>[:<port>]`, port 5683 by default; 5684 means DTLS."""
    secrets = (None if each is None else Secret(Quoted(each)) for each in (auth_code, psk))
    return _creating("+MIPLCREATEEX", Quoted(server), int(bootstrap), *secrets)


def create_ext(address: str) -> Command[int]:
    return _creating("+MIPLCREATEEXT", Quoted(address), 1)


def configure_server(address: str, port: int, *, bootstrap: bool) -> Command:
    """Before the creation; Quectel. Gone after a restart."""
    return _command("+MIPLCONFIG", int(bootstrap), address, port)


# The form of the following three is that of two firmwares.
def configure_auth_code(auth_code: str) -> Command:
    """Before the creation; Quectel."""
    return _command("+MIPLCONFIG", 4, 1, Secret(auth_code))


def configure_key(psk: str) -> Command:
    """Before the creation; Quectel, for a server with DTLS."""
    return _command("+MIPLCONFIG", 5, 1, Secret(psk))


def configure_buffer(mode: int) -> Command:
    """Before the creation; Quectel. With a line that reports a buffered operation."""
    return _command("+MIPLCONFIG", 7, mode, 1)


def switch_bootstrap(on: bool) -> Command:
    """Before the creation; SIM7000."""
    return _command("+MIPLBOOTSTRAP", int(on))


def delete(ref: int) -> Command:
    return _command("+MIPLDELETE", ref)


VERSION: Final = re.compile(r"\+MIPLVER: ?(.+)")


def version() -> Command[str]:
    """The version of the module's suite, like 2.2.0; empty if it is answered with OK alone. A
    module without the suite refuses it."""
    return Command(
        "AT+MIPLVER?",
        (Response(VERSION, required=False),),
        ASKED,
        parse=lambda answer: "".join(answer.lines).partition(":")[2].strip(),
        meaning=MEANINGS["+MIPLVER?"],
    )


# --- buffered operations, updates of the host's firmware ---------------------------------------


def buffer_operations(ref: int, mode: int) -> Command:
    """After the creation; China Mobile. Gone after a restart."""
    return _command("+MIPLNMI", ref, mode, 0)


def fetch_operation(ref: int) -> Command:
    """China Mobile: the operation comes as its usual line, and the next one after its answer."""
    return replace(_command("+MIPLMGR", ref), repeatable=True)


BUFFERED: Final = re.compile(r"\+MIPLRD: ?([0-9]{1,9})(?:, ?([0-9]{1,9}))?")


def fetch_buffered() -> Command:
    """Quectel: `+MIPLRD: <length>,<remaining>`, and the operation as its usual line."""
    return Command(
        command_line("+MIPLRD", FETCHED),
        (Response(BUFFERED, required=False),),
        PROMPT,
        repeatable=True,  # the second one fetches the next operation, which is wanted, too
        meaning=MEANINGS["+MIPLRD"],
    )


def host_version(version: str) -> Command:
    """The version of the host's firmware, before the login."""
    return _command("+MIPLSOTAVER", Quoted(version))


def erased() -> Command:
    """The host is ready for a new firmware."""
    return _command("+MIPLSOTA", 3)


def stored() -> Command:
    """The host has stored a block of its new firmware."""
    return _command("+MIPLSOTA", 1)


# --- objects ---------------------------------------------------------------------------------


def add_object(
    ref: int, object_: int, instances: Iterable[int], attributes: int, actions: int
) -> Command:
    """Add an object. The bitmap has a character for each instance, from 0 on; 1: there is one."""
    there = set(instances)
    bitmap = "".join("1" if each in there else "0" for each in range(max(there) + 1))
    return _command("+MIPLADDOBJ", ref, object_, len(bitmap), Quoted(bitmap), attributes, actions)


def delete_object(ref: int, object_: int) -> Command:
    return _command("+MIPLDELOBJ", ref, object_)


def declare(ref: int, object_: int, resources: Iterable[int]) -> Command:
    """The ids of an object's resources, before login, for a module that answers a discover by
    itself. The line is that of `answer_discover`, with the object in place of the message id."""
    return answer_discover(ref, object_, resources)


# --- registration ----------------------------------------------------------------------------


def open_(ref: int, lifetime: int, timeout: int) -> Command:
    """Log in; seconds, out of range ones are moved into it. The result comes at once, event 6
    later."""
    return _command("+MIPLOPEN", ref, _into(lifetime, LIFETIMES), _into(timeout, TIMEOUTS))


def update(ref: int, lifetime: int, *, with_objects: bool) -> Command:
    """Renew the registration for `lifetime` s; event 11 follows. 0 means different things to
    different modules, and is never sent."""
    return _command("+MIPLUPDATE", ref, _into(lifetime, LIFETIMES), int(with_objects))


def close(ref: int) -> Command:
    """Log out; event 15 follows, up to 20 s later."""
    return _command("+MIPLCLOSE", ref)


def _into(number: int, allowed: range) -> int:
    return min(max(number, allowed[0]), allowed[-1])


# --- reports and answers ---------------------------------------------------------------------


def notify(
    ref: int,
    msgid: int,
    path: Path,
    kind: ValueType,
    text: str,
    *,
    index: int = 0,
    ackid: int | None = None,
    hex_string: bool = False,
) -> Command:
    """One line of a report. `index` counts down to 0 over its lines. The flag is 0 on all: some
    modules take no other, and all of them take the end from the index."""
    if ackid is not None and (index or ackid not in ACKIDS):
        raise ParameterError(f"ackid {ackid}: expected 1..{ACKIDS[-1]}, on a report's last line")
    value = _value(path, kind, text, hex_string=hex_string)
    return _command("+MIPLNOTIFY", ref, msgid, *value, index, 0, ackid)


def answer_read(
    ref: int,
    msgid: int,
    path: Path,
    kind: ValueType,
    text: str,
    *,
    index: int = 0,
    hex_string: bool = False,
) -> Command:
    """One line of the answer to a read; `index` and flag as in a report."""
    value = _value(path, kind, text, hex_string=hex_string)
    return _command("+MIPLREADRSP", ref, msgid, CONTENT, *value, index, 0)


def refuse_read(ref: int, msgid: int, result: int) -> Command:
    return _command("+MIPLREADRSP", ref, msgid, result)


def answer_write(ref: int, msgid: int, result: int = CHANGED) -> Command:
    return _command("+MIPLWRITERSP", ref, msgid, result)


def answer_execute(ref: int, msgid: int, result: int = CHANGED) -> Command:
    return _command("+MIPLEXECUTERSP", ref, msgid, result)


def answer_observe(ref: int, msgid: int, result: int = CONTENT) -> Command:
    return _command("+MIPLOBSERVERSP", ref, msgid, result)


def answer_parameter(ref: int, msgid: int, result: int = CHANGED) -> Command:
    return _command("+MIPLPARAMETERRSP", ref, msgid, result)


def answer_discover(ref: int, msgid: int, resources: Iterable[int]) -> Command:
    """The ids of the resources. Raises ParameterError if the list is too long."""
    ids = ";".join(map(str, resources))
    if len(ids) > IDS_LIMIT:
        raise ParameterError(
            f"a list of resources of {len(ids)} characters ({shortened(ids, 60)}): expected at "
            f"most {IDS_LIMIT}"
        )
    return _command("+MIPLDISCOVERRSP", ref, msgid, CONTENT, len(ids), Quoted(ids))


def refuse_discover(ref: int, msgid: int, result: int) -> Command:
    return _command("+MIPLDISCOVERRSP", ref, msgid, result)


def _value(
    path: Path, kind: ValueType, text: str, *, hex_string: bool
) -> tuple[int | str | Quoted, ...]:
    number, length, value = written(kind, text, hex_string=hex_string)
    return path.object, path.instance, path.resource, int(number), length, value


def _command(name: str, *values: _Value) -> Command:
    line, masked = _lines(name, values)
    return Command(line, timeout=PROMPT, meaning=MEANINGS[name], masked=masked)


def _lines(name: str, values: Sequence[_Value]) -> tuple[str, str]:
    """The command line, and the same with its secrets masked; empty if it has none."""
    line = command_line(
        name, *(each.value if isinstance(each, Secret) else each for each in values)
    )
    if not any(isinstance(each, Secret) for each in values):
        return line, ""
    return line, command_line(
        name, *(HIDDEN if isinstance(each, Secret) else each for each in values)
    )
