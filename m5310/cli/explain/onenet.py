"""The classic OneNET commands and unsolicited lines in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, assert_never

from m5310.at.table import CommandTable, flag
from m5310.commands.power import describe_seconds
from m5310.dialects.classic.commands import MEANINGS, PROMPT
from m5310.dialects.classic.config import Config
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
from m5310.errors import ParameterError, shortened
from m5310.lwm2m.path import ANY, Path
from m5310.lwm2m.values import ValueType

Values = Sequence[str]

TYPE_NAMES: Final = {kind: kind.name.lower().replace("_", " ") for kind in ValueType}


# --- commands --------------------------------------------------------------------------------


def describe_config(blob: bytes) -> str:
    """Describe a MIPLCONF blob. Raises ParameterError on one that cannot be decoded."""
    config = Config.decode(blob)
    how = "through the bootstrap server" if config.bootstrap else "at"
    more = [f"lifetime {describe_seconds(config.lifetime)}"]
    if config.encrypt:
        more.append("encrypted")
    if config.debug:
        more.append(f"debug {config.debug}")
    if config.port:
        more.append(f"local port {config.port}")
    if blocks := config.blocks:
        more.append(f"blocks {blocks.block1},{blocks.block2},{blocks.threshold}")
    return f"device {config.endpoint} {how} {config.uri}, {', '.join(more)}"


def fragment_of(values: Values) -> tuple[bytes, int, bool]:
    """The values of AT+MIPLCONF as bytes, index and whether it is the last fragment.

    Raises ParameterError on a wrong size, ValueError on other values that do not fit.
    """
    size, digits, index, last = values
    blob = bytes.fromhex(digits)
    if len(blob) != int(size):
        raise ParameterError(f"the size is {size} bytes, but {len(blob)} bytes follow")
    return blob, int(index), flag(last)


def _configure(values: Values) -> str:
    blob, index, last = fragment_of(values)
    if index == 1 and last:
        return f"configure: {describe_config(blob)}"
    more = "the last" if last else "more follow"
    return f"configure: fragment {index} of {len(blob)} bytes, {more}"


def _resource(object_: str, instance: str, resource: str) -> str:
    return f"/{Path(int(object_), int(instance), int(resource))}"


def _object(verb: str) -> Callable[[Values], str]:
    def describe(values: Values) -> str:
        _, object_, instance = values
        return f"{verb} /{int(object_)}/{int(instance)}"

    return describe


def _more(last: str) -> str:
    return "complete" if flag(last) else "more follow"


def _value(kind: str, text: str) -> str:
    return f"{shortened(text, 60) or 'nothing'} ({TYPE_NAMES[ValueType(int(kind))]})"


def _notify(values: Values) -> str:
    _, object_, instance, resource, kind, text, last, *ackid = values
    words = f"report {_resource(object_, instance, resource)} = {_value(kind, text)}, "
    words += _more(last)
    if ackid:
        (number,) = ackid
        words += f", acknowledgement {int(number)} wanted"
    return words


def _answer_read(values: Values) -> str:
    _, msgid, object_, instance, resource, *kind, text, last = values
    if int(resource) == ANY:  # the answer to a read that cannot be served
        return f"answer read {int(msgid)}: /{int(object_)} cannot be read"
    value = _value(kind[0], text) if kind else shortened(text, 60)
    target = _resource(object_, instance, resource)
    return f"answer read {int(msgid)}: {target} = {value}, {_more(last)}"


def _answer(what: str) -> Callable[[Values], str]:
    def describe(values: Values) -> str:
        _, msgid, result = values
        return f"answer {what} {int(msgid)}: {'done' if flag(result) else 'failed'}"

    return describe


def _open(values: Values) -> str:
    _, *seconds = values
    return "log in to OneNET" + (f" within {int(seconds[0])} s" if seconds else "")


def _update(values: Values) -> str:
    _, lifetime, objects = values
    more = ", objects included" if flag(objects) else ""
    return f"renew the registration for {describe_seconds(int(lifetime))}{more}"


def _only_ref(words: str) -> Callable[[Values], str]:
    def describe(values: Values) -> str:
        (_,) = values
        return words

    return describe


TABLE: Final = CommandTable()

for _name, _takes, _describe in (
    ("+MIPLCONF", "<size>,<hex>,<index>,<flag>", _configure),
    ("+MIPLADDOBJ", "0,<object>,<instance>", _object("add")),
    ("+MIPLDELOBJ", "0,<object>,<instance>", _object("delete")),
    (
        "+MIPLNOTIFY",
        '0,<object>,<instance>,<resource>,<type>,"<value>",<flag>[,<ackid>]',
        _notify,
    ),
    ("+MIPLOPEN", "0[,<seconds>]", _open),
    ("+MIPLUPDATE", "0,<lifetime>,<with objects>", _update),
    (
        "+MIPLREAD",
        '0,<msgid>,<object>,<instance>,<resource>,<type>,"<value>",<flag>',
        _answer_read,
    ),
    ("+MIPLWRITE", "0,<msgid>,<1 done|0 failed>", _answer("write")),
    ("+MIPLEXECUTE", "0,<msgid>,<1 done|0 failed>", _answer("execute")),
    ("+MIPLCLOSE", "0", _only_ref(MEANINGS["+MIPLCLOSE"])),
    ("+MIPLDEL", "0", _only_ref(MEANINGS["+MIPLDEL"])),
):
    TABLE.setting(_name, _takes, MEANINGS[_name], describe=_describe, timeout=PROMPT)


# --- unsolicited lines -----------------------------------------------------------------------


def _target(object_: int, instance: int, resource: int) -> str:
    """A path without the ids that the request leaves open."""
    ids = [each for each in (object_, instance, resource) if each != ANY]
    whole = "" if len(ids) == 3 else ", all of it"
    return "/" + "/".join(map(str, ids)) + whole


def describe_urc(urc: Urc) -> str:
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
            arguments = urc.arguments.decode("utf-8", "backslashreplace")
            given = f" with {shortened(arguments, 60)!r}" if arguments else ""
            return f"the platform executes /{urc.path}{given} (request {urc.msgid})"
        case _:
            assert_never(urc)


def _written(urc: WriteRequest) -> str:
    kind = "" if urc.kind is None else f" ({TYPE_NAMES[urc.kind]})"
    more = "" if urc.last else ", more follow"
    return f"/{urc.path} = {shortened(urc.text, 60)}{kind}{more}"
