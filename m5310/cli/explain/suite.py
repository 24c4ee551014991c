"""The commands of the suite in words. Those that the classic dialect has too are told apart by the
number of their values."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from m5310.at.codec import PROMPT
from m5310.at.table import CommandTable, flag
from m5310.cli.explain.onenet import TYPE_NAMES, describe_update
from m5310.commands.power import describe_seconds
from m5310.dialects.suite.blob import Blob
from m5310.dialects.suite.commands import BUFFERED, CREATED, MEANINGS, VERSION
from m5310.errors import Text, listed, shortened
from m5310.lwm2m.path import Path
from m5310.lwm2m.values import ValueType

Values = Sequence[str]

_RESULTS: Final = {
    "1": Text("done"),
    "2": Text("done"),
    "11": Text("bad request (4.00)"),
    "12": Text("unauthorized (4.01)"),
    "13": Text("not found (4.04)"),
    "14": Text("not allowed (4.05)"),
    "15": Text("not acceptable (4.06)"),
}


def describe_blob(data: bytes) -> str:
    """Describe the configuration of AT+MIPLCREATE. Raises ParameterError if it is none."""
    blob = Blob.decode(data)
    where = Text("bootstrap server {host}", host=blob.host) if blob.bootstrap else blob.host
    parts = [where, Text("MTU {size}", size=blob.mtu)]
    for name, value in (
        (Text("APN"), blob.apn),
        (Text("user"), blob.user),
        (Text("user data"), blob.userdata),
    ):
        if value:
            parts.append(Text("{name} {value}", name=name, value=value))
    if blob.debug or blob.log_buffer:
        parts.append(Text("debug {level}", level=blob.debug))
    return listed(parts)


def _create(values: Values) -> str:
    size, digits, index, current, _ = values
    data = bytes.fromhex(digits)
    if index == "0" and size == current:
        return Text("create the OneNET device: {config}", config=describe_blob(data))
    return Text("create the OneNET device: {left} lines follow", left=int(index))


def _create_on(values: Values) -> str:
    server, bits, *secrets = values
    if int(bits) & 1:
        server = Text("bootstrap server {host}", host=server)
    parts = [server]
    if any(secrets[:1]):
        parts.append(Text("with an authorization code"))
    if any(secrets[1:2]):
        parts.append(Text("with a key"))
    return Text("create the OneNET device: {config}", config=listed(parts))


def _object(values: Values) -> str:
    _, object_, count, bitmap, attributes, actions = values
    there = [str(at) for at, bit in enumerate(bitmap) if flag(bit)]
    if int(count) != len(bitmap):
        raise ValueError("the bitmap has another length")
    return Text(
        "add object {object}: instances {instances}, attributes {attributes}, actions {actions}",
        object=int(object_),
        instances=",".join(there),
        attributes=int(attributes),
        actions=int(actions),
    )


def _delete_object(values: Values) -> str:
    _, object_ = values
    return Text("delete object {object}", object=int(object_))


def _open(values: Values) -> str:
    _, lifetime, seconds, *_ = values
    return Text(
        "log in to OneNET within {seconds} s, for {time}",
        seconds=int(seconds),
        time=describe_seconds(int(lifetime)),
    )


def _value(values: Values) -> tuple[str, str, list[str]]:
    object_, instance, resource, kind, _, text, index, _, *more = values
    path = f"/{Path(int(object_), int(instance), int(resource))}"
    value = Text(
        "{value} ({type})",
        value=shortened(text, 60) or Text("nothing"),
        type=TYPE_NAMES[ValueType(int(kind))],
    )
    left = Text("complete") if int(index) == 0 else Text("more follow")
    return path, listed((value, left)), more


def _notify(values: Values) -> str:
    _, msgid, *rest = values
    path, value, more = _value(rest)
    parts = [Text("report {resource} = {value}", resource=path, value=value)]
    if int(msgid):
        parts.append(Text("for observe {number}", number=int(msgid)))
    if more:
        parts.append(Text("acknowledgement {number} wanted", number=int(more[0])))
    return listed(parts)


def _answer_read(values: Values) -> str:
    _, msgid, _result, *rest = values
    if not rest:
        return _answered(Text("read"))(values)
    path, value, _ = _value(rest)
    return Text(
        "answer read {number}: {resource} = {value}",
        number=int(msgid),
        resource=path,
        value=value,
    )


def _answered(what: str) -> Callable[[Values], str]:
    def describe(values: Values) -> str:
        _, msgid, result = values
        return Text(
            "answer {what} {number}: {result}",
            what=what,
            number=int(msgid),
            result=_RESULTS[result.strip()],
        )

    return describe


def _discovered(values: Values) -> str:
    if len(values) == 3:
        return _answered(Text("discover"))(values)
    _, number, _, _, ids = values
    return Text(
        "answer discover {number}, or declare object {number} before login: resources {ids}",
        number=int(number),
        ids=ids.replace(";", ","),
    )


def _configure(values: Values) -> str:
    mode, *rest = values
    match mode, rest:
        case "0" | "1", [address, port]:
            server = f"{address}:{int(port)}"
            if mode == "1":
                server = Text("bootstrap server {host}", host=server)
            return Text("configure the server: {server}", server=server)
        case "3", [on]:
            return (
                Text("the module answers observes by itself")
                if flag(on)
                else Text("the host answers observes")
            )
        case "4", ["1", _]:
            return Text("set the authorization code")
        case "5", ["1", _]:
            return Text("set the key of a server with DTLS")
        case "7", [buffer, *_]:
            return Text("the module buffers {what}", what=_BUFFERED[buffer])
        case _:
            return Text("configure OneNET: {values}", values=",".join(values))


_BUFFERED: Final = {
    "0": Text("nothing"),
    "1": Text("writes"),
    "2": Text("executes"),
    "3": Text("writes and executes"),
}


def _notices(values: Values) -> str:
    _, mode, _ = values
    if mode == "0":
        return Text("the module writes operations of the platform as they come")
    return Text("the module buffers operations of the platform (mode {mode})", mode=int(mode))


def _only_values(meaning: str) -> Callable[[Values], str]:
    return lambda values: Text("{meaning}: {values}", meaning=meaning, values=",".join(values))


def _update_step(values: Values) -> str:
    (result,) = values
    steps = {
        "1": Text("a block of the new firmware is stored"),
        "3": Text("the memory for a new firmware is erased"),
    }
    return steps.get(result) or _only_values(MEANINGS["+MIPLSOTA"])(values)


def _only_ref(words: str) -> Callable[[Values], str]:
    def describe(values: Values) -> str:
        (_,) = values
        return words

    return describe


def _bootstrap(values: Values) -> str:
    (on,) = values
    return Text("bootstrap on") if flag(on) else Text("bootstrap off")


def _created(ref: int) -> str:
    return Text("the OneNET device has number {number}", number=ref)


TABLE: Final = CommandTable()

TABLE.query(
    "+MIPLVER?",
    VERSION,
    lambda found: found[0][1],
    Text("version of the suite"),
    meaning=MEANINGS["+MIPLVER?"],
)
TABLE.query(
    "+MIPLCREATE",
    CREATED,
    lambda found: int(found[0][1]),
    "",
    meaning=MEANINGS["+MIPLCREATE"],
    describe=_created,
)
_Described = tuple[str, str, Callable[[Values], str]]
_CREATING: Final[tuple[_Described, ...]] = (
    ("+MIPLCREATE", "<size>,<hex>,<index>,<current size>,<flag>", _create),
    ("+MIPLCREATEEX", '"<host>[:<port>]",<flags>[,"<code>"[,"<key>"]]', _create_on),
    ("+MIPLCREATEEXT", '"<ip>",1', _create_on),
)
for _name, _takes, _describe in _CREATING:
    TABLE.request(
        _name,
        _takes,
        MEANINGS[_name],
        CREATED,
        lambda found: int(found[0][1]),
        describe=_describe,
        describe_result=_created,
        required=False,
    )
TABLE.request(
    "+MIPLRD",
    "<bytes>",
    MEANINGS["+MIPLRD"],
    BUFFERED,
    lambda found: found[0][1],
    describe=_only_ref(MEANINGS["+MIPLRD"]),
    describe_result=lambda size: Text("{count} bytes of a buffered operation", count=int(size)),
    required=False,
)

# China Mobile's own commands, which the driver does not use.
_COUNTS: Final = re.compile(
    r"\+MIPLQMGR: ?[0-9]+,QUEUES=([0-9]{1,9}),DROPPED=([0-9]{1,9}),BUFFERS=[0-9]{1,9}"
)
_LEFT: Final = re.compile(r"\+MIPLLTRDP: ?([0-9]{1,9})")
_SERVER: Final = re.compile(r'\+MIPLDEVINFO: ?"([^"]*)",.*')
TABLE.query(
    "+MIPLQMGR",
    _COUNTS,
    lambda found: (int(found[0][1]), int(found[0][2])),
    "",
    meaning=Text("ask how many operations of the platform wait in the module"),
    describe=lambda counts: Text(
        "{waiting} operations of the platform wait, {dropped} were dropped",
        waiting=counts[0],
        dropped=counts[1],
    ),
)
TABLE.query(
    "+MIPLLTRDP",
    _LEFT,
    lambda found: int(found[0][1]),
    "",
    meaning=Text("ask how much of the lifetime is left"),
    describe=lambda left: Text("{time} of the lifetime are left", time=describe_seconds(left)),
)
TABLE.query(
    "+MIPLDEVINFO?",
    _SERVER,
    lambda found: found[0][1],
    "",
    meaning=Text("ask with which server the OneNET device was created"),
    describe=lambda server: Text("the OneNET device is on server {server}", server=server),
)
_ANSWER: Final = "<ref>,<msgid>,<result>"
_OTHERS: Final[tuple[_Described, ...]] = (
    ("+MIPLDELETE", "<ref>", _only_ref(MEANINGS["+MIPLDELETE"])),
    ("+MIPLCONFIG", "0|1,<ip>,<port> or 2..7,<values>", _configure),
    ("+MIPLBOOTSTRAP", "0|1", _bootstrap),
    ("+MIPLNMI", "<ref>,<mode>,<send reports>", _notices),
    ("+MIPLMGR", "<ref>", _only_ref(MEANINGS["+MIPLMGR"])),
    ("+MIPLSOTAVER", '"<version>"', _only_values(MEANINGS["+MIPLSOTAVER"])),
    ("+MIPLSOTA", "1|3", _update_step),
    ("+MIPLDISCOVERRSP", f'{_ANSWER}[,<length>,"<id>;<id>"]', _discovered),
    (
        "+MIPLREADRSP",
        f"{_ANSWER}[,<object>,<instance>,<resource>,<type>,<length>,<value>,<index>,<flag>]",
        _answer_read,
    ),
    ("+MIPLWRITERSP", _ANSWER, _answered(Text("write"))),
    ("+MIPLEXECUTERSP", _ANSWER, _answered(Text("execute"))),
    ("+MIPLOBSERVERSP", _ANSWER, _answered(Text("observe"))),
    ("+MIPLPARAMETERRSP", _ANSWER, _answered(Text("attributes"))),
)
for _name, _takes, _describe in _OTHERS:
    TABLE.setting(_name, _takes, MEANINGS[_name], describe=_describe, timeout=PROMPT)

_SHARED: Final[dict[str, tuple[range, Callable[[Values], str]]]] = {
    "+MIPLADDOBJ": (range(6, 7), _object),
    "+MIPLDELOBJ": (range(2, 3), _delete_object),
    "+MIPLOPEN": (range(3, 5), _open),
    "+MIPLUPDATE": (range(4, 5), lambda values: describe_update(values[:3])),  # release assistance
    "+MIPLNOTIFY": (range(10, 13), _notify),
}


def describe_shared(name: str, values: Values) -> str | None:
    """A command that both dialects have, if its values have the number of the suite's.

    Raises ValueError or an M5310Error for values that do not fit.
    """
    counts, describe = _SHARED.get(name, (range(0), None))
    return describe(values) if describe is not None and len(values) in counts else None
