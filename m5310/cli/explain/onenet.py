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
    Ended,
    Event,
    ExecuteRequest,
    NotAcknowledged,
    Observed,
    Opened,
    OperationWaiting,
    ParameterRequest,
    ReadRequest,
    SendReport,
    Updated,
    UpdateNeeded,
    Urc,
    WriteRequest,
)
from m5310.errors import ParameterError, Text, listed, shortened
from m5310.lwm2m.path import ANY, Path
from m5310.lwm2m.values import ValueType

Values = Sequence[str]

TYPE_NAMES: Final = {kind: kind.name.lower().replace("_", " ") for kind in ValueType}


# --- commands --------------------------------------------------------------------------------


def describe_config(blob: bytes) -> str:
    """Describe a MIPLCONF blob. Raises ParameterError on one that cannot be decoded."""
    config = Config.decode(blob)
    if config.bootstrap:
        device = Text(
            "device {endpoint} through the bootstrap server {uri}",
            endpoint=config.endpoint,
            uri=config.uri,
        )
    else:
        device = Text("device {endpoint} at {uri}", endpoint=config.endpoint, uri=config.uri)
    parts = [device, Text("lifetime {time}", time=describe_seconds(config.lifetime))]
    if config.encrypt:
        parts.append(Text("encrypted"))
    if config.debug:
        parts.append(Text("debug {level}", level=config.debug))
    if config.port:
        parts.append(Text("local port {port}", port=config.port))
    if blocks := config.blocks:
        sizes = f"{blocks.block1},{blocks.block2},{blocks.threshold}"
        parts.append(Text("blocks {sizes}", sizes=sizes))
    return listed(parts)


def fragment_of(values: Values) -> tuple[bytes, int, bool]:
    """The values of AT+MIPLCONF as bytes, index and whether it is the last fragment.

    Raises ParameterError on a wrong size, ValueError on other values that do not fit.
    """
    size, digits, index, last = values
    blob = bytes.fromhex(digits)
    if len(blob) != int(size):
        raise ParameterError(
            Text("the size is {size} bytes, but {count} bytes follow", size=size, count=len(blob))
        )
    return blob, int(index), flag(last)


def _configure(values: Values) -> str:
    blob, index, last = fragment_of(values)
    if index == 1 and last:
        return Text("configure: {config}", config=describe_config(blob))
    fragment = Text("configure: fragment {index} of {size} bytes", index=index, size=len(blob))
    return listed((fragment, Text("the last") if last else Text("more follow")))


def _resource(object_: str, instance: str, resource: str) -> str:
    return f"/{Path(int(object_), int(instance), int(resource))}"


def _instance(values: Values) -> str:
    _, object_, instance = values
    return f"/{int(object_)}/{int(instance)}"


def _add(values: Values) -> str:
    return Text("add {instance}", instance=_instance(values))


def _delete(values: Values) -> str:
    return Text("delete {instance}", instance=_instance(values))


def _more(last: str) -> Text:
    return Text("complete") if flag(last) else Text("more follow")


def _value(kind: str, text: str) -> Text:
    return Text(
        "{value} ({type})",
        value=shortened(text, 60) or Text("nothing"),
        type=TYPE_NAMES[ValueType(int(kind))],
    )


def _assignment(values: Values) -> tuple[str, Text, list[str]]:
    """Resource and value of AT+MIPLNOTIFY, and the values after them."""
    _, object_, instance, resource, kind, text, *more = values
    return _resource(object_, instance, resource), _value(kind, text), more


def _notify(values: Values) -> str:
    resource, value, (last, *ackid) = _assignment(values)
    parts = [Text("report {resource} = {value}", resource=resource, value=value), _more(last)]
    if ackid:
        (number,) = ackid
        parts.append(Text("acknowledgement {number} wanted", number=int(number)))
    return listed(parts)


def declaration(values: Values) -> str:
    """AT+MIPLNOTIFY between the configuration and the login. Its values must fit."""
    resource, value, (last, *_) = _assignment(values)
    declared = Text("declare {resource} = {value}", resource=resource, value=value)
    return declared if flag(last) else listed((declared, _more(last)))


def _answer_read(values: Values) -> str:
    _, msgid, object_, instance, resource, *kind, text, last = values
    if int(resource) == ANY:  # the answer to a read that cannot be served
        return Text(
            "answer read {number}: /{object} cannot be read",
            number=int(msgid),
            object=int(object_),
        )
    value = _value(kind[0], text) if kind else shortened(text, 60)
    target = _resource(object_, instance, resource)
    answer = Text(
        "answer read {number}: {resource} = {value}",
        number=int(msgid),
        resource=target,
        value=value,
    )
    return listed((answer, _more(last)))


def _answer_write(values: Values) -> str:
    _, msgid, result = values
    return Text("answer write {number}: {result}", number=int(msgid), result=_result(result))


def _answer_execute(values: Values) -> str:
    _, msgid, result = values
    return Text("answer execute {number}: {result}", number=int(msgid), result=_result(result))


def _result(value: str) -> Text:
    return Text("done") if flag(value) else Text("failed")


def _open(values: Values) -> str:
    _, *seconds = values
    if not seconds:
        return MEANINGS["+MIPLOPEN"]
    return Text("log in to OneNET within {seconds} s", seconds=int(seconds[0]))


def describe_update(values: Values) -> str:
    """AT+MIPLUPDATE of either dialect, without what follows the third value."""
    _, lifetime, objects = values
    if seconds := int(lifetime):
        renewal = Text("renew the registration for {time}", time=describe_seconds(seconds))
    else:  # both are documented in the suite
        renewal = Text("renew the registration; lifetime 0: 24 h, or unchanged, by module")
    return listed((renewal, Text("objects included"))) if flag(objects) else renewal


def _only_ref(words: str) -> Callable[[Values], str]:
    def describe(values: Values) -> str:
        (_,) = values
        return words

    return describe


TABLE: Final = CommandTable()

for _name, _takes, _describe in (
    ("+MIPLCONF", "<size>,<hex>,<index>,<flag>", _configure),
    ("+MIPLADDOBJ", "0,<object>,<instance>", _add),
    ("+MIPLDELOBJ", "0,<object>,<instance>", _delete),
    (
        "+MIPLNOTIFY",
        '0,<object>,<instance>,<resource>,<type>,"<value>",<flag>[,<ackid>]',
        _notify,
    ),
    ("+MIPLOPEN", "0[,<seconds>]", _open),
    ("+MIPLUPDATE", "0,<lifetime>,<with objects>", describe_update),
    (
        "+MIPLREAD",
        '0,<msgid>,<object>,<instance>,<resource>,<type>,"<value>",<flag>',
        _answer_read,
    ),
    ("+MIPLWRITE", "0,<msgid>,<1 done|0 failed>", _answer_write),
    ("+MIPLEXECUTE", "0,<msgid>,<1 done|0 failed>", _answer_execute),
    ("+MIPLCLOSE", "0", _only_ref(MEANINGS["+MIPLCLOSE"])),
    ("+MIPLDEL", "0", _only_ref(MEANINGS["+MIPLDEL"])),
):
    TABLE.setting(_name, _takes, MEANINGS[_name], describe=_describe, timeout=PROMPT)


# --- unsolicited lines -----------------------------------------------------------------------


def _target(object_: int, instance: int, resource: int) -> str:
    """A path without the ids that the request leaves open."""
    ids = [each for each in (object_, instance, resource) if each != ANY]
    path = "/" + "/".join(map(str, ids))
    return path if len(ids) == 3 else Text("{path}, all of it", path=path)


def describe_urc(urc: Urc) -> str:
    match urc:
        case Acknowledged(_, ackid):
            return Text("the platform has report {number}", number=ackid)
        case Opened(_, success):
            if success:
                return Text("logged in to OneNET")
            return Text("login refused, or no answer in time")
        case Closed(_, success):
            return Text("logged out of OneNET") if success else Text("logout failed")
        case Updated(_, success):
            if success:
                return Text("registration renewed")
            return Text("renewal of the registration failed")
        case Observed():
            return _observed(urc)
        case Discovered(_, _, object_):
            return Text("the platform asks what /{object} has", object=object_)
        case ReadRequest():
            target = _target(urc.path.object, urc.path.instance, urc.path.resource)
            return Text(
                "the platform reads {target} (request {number})", target=target, number=urc.msgid
            )
        case WriteRequest():
            return Text(
                "the platform writes {written} (request {number})",
                written=_written(urc),
                number=urc.msgid,
            )
        case ExecuteRequest():
            return Text(
                "the platform executes {target} (request {number})",
                target=_executed(urc),
                number=urc.msgid,
            )
        case _:
            return _describe_suite(urc)


def _describe_suite(
    urc: NotAcknowledged
    | Ended
    | Event
    | UpdateNeeded
    | OperationWaiting
    | SendReport
    | ParameterRequest,
) -> str:
    match urc:
        case NotAcknowledged(_, ackid):
            return Text("report {number} did not arrive", number=ackid)
        case Ended() | Event():
            return Text("event {number}: {meaning}", number=urc.number, meaning=urc.meaning)
        case OperationWaiting():
            return Text("an operation of the platform waits in the module")
        case SendReport(_, sent, number):
            if sent:
                return Text("message {number} was sent (its lower 7 bits)", number=number)
            return Text("message {number} was not sent (its lower 7 bits)", number=number)
        case UpdateNeeded(_, None):
            return Text("the registration must be renewed")
        case UpdateNeeded(_, seconds):
            return Text("the registration must be renewed within {seconds} s", seconds=seconds)
        case ParameterRequest():
            target = _target(urc.path.object, urc.path.instance, urc.path.resource)
            return Text(
                "the platform sets {attributes} for {target} (request {number})",
                attributes=urc.text,
                target=target,
                number=urc.msgid,
            )
        case _:
            assert_never(urc)


def _observed(urc: Observed) -> Text:
    target = _target(urc.object, urc.instance, urc.resource)
    if urc.added:
        return Text("the platform observes {target}", target=target)
    return Text("the platform stops observing {target}", target=target)


def _executed(urc: ExecuteRequest) -> str:
    if not urc.arguments:
        return f"/{urc.path}"
    given = repr(shortened(urc.arguments.decode("utf-8", "backslashreplace"), 60))
    return Text("/{path} with {given}", path=urc.path, given=given)


def _written(urc: WriteRequest) -> str:
    kind = "" if urc.kind is None else f" ({TYPE_NAMES[urc.kind]})"
    written = f"/{urc.path} = {shortened(urc.text, 60)}{kind}"
    return written if urc.last else listed((written, Text("more follow")))
