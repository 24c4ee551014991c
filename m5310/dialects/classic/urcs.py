"""Unsolicited lines of the classic dialect, parsed to typed values."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from m5310.dialects.classic.form import Form, Reading
from m5310.dialects.dialect import Declared
from m5310.dialects.requests import answerable, msgid_of, path_of, resource_of, whole
from m5310.dialects.urcs import (
    Acknowledged,
    Closed,
    Discovered,
    ExecuteRequest,
    MalformedRequest,
    Observed,
    Opened,
    ReadRequest,
    Updated,
    Urc,
    WriteRequest,
)
from m5310.errors import AnswerError, ParameterError, shortened
from m5310.lwm2m.path import ANY, Path
from m5310.lwm2m.values import raw

_Outcome = Opened | Closed | Updated


def _undeclared(_: Path) -> None:
    return None


def parse(
    line: str, form: Form | Reading = Reading.EITHER, declared: Declared = _undeclared
) -> Urc | None:
    """The value of an unsolicited line; None if it does not belong to this dialect.

    `form` learns from the lines of one module. Raises AnswerError for a malformed line of this
    dialect, MalformedRequest for a request that can be answered nevertheless.
    """
    name, _, text = line.partition(":")
    parser, valued = _PARSERS.get(name), _WITH_VALUE.get(name)
    try:
        if parser is not None:
            return parser(text)
        if valued is not None:
            known = Form(form) if isinstance(form, Reading) else form
            return valued(text, known, declared)
    except (ValueError, ParameterError, AnswerError) as error:
        message = f"malformed {name}: {shortened(line)!r} ({shortened(str(error), 80)})"
        if (request := answerable(name, text)) is not None:
            raise MalformedRequest(message, request) from None
        raise AnswerError(message) from None
    return None


def _flag(text: str) -> bool:
    if text not in ("0", "1"):
        raise ValueError(f"got {shortened(text, 20)!r}, expected 0 or 1")
    return text == "1"


def _values_of(text: str, least: int, most: int) -> list[str]:
    values = text.split(",")
    if not least <= len(values) <= most:
        raise ValueError(f"got {len(values)} values, expected {least}")
    return values


def _outcome(kind: type[_Outcome], text: str) -> _Outcome:
    ref, success = _values_of(text, 2, 2)
    return kind(whole(ref), _flag(success))


def _acknowledged(text: str) -> Acknowledged:
    ref, ackid = _values_of(text, 2, 2)
    return Acknowledged(whole(ref), whole(ackid))


def _observed(text: str) -> Observed:
    ref, msgid, added, *ids = _values_of(text, 5, 6)
    object_, instance, resource = (*map(int, ids), ANY)[:3]
    return Observed(whole(ref), whole(msgid), _flag(added), object_, instance, resource)


def _discovered(text: str) -> Discovered:
    ref, msgid, object_ = _values_of(text, 3, 3)
    return Discovered(whole(ref), whole(msgid), whole(object_))


def _read(text: str) -> ReadRequest:
    # some firmware appends one more value: ignored (seen)
    ref, msgid, object_, instance, resource = _values_of(text, 5, 6)[:5]
    return ReadRequest(whole(ref), msgid_of(msgid), path_of(object_, instance, resource))


def _write(text: str, form: Form, declared: Declared) -> WriteRequest:
    try:
        ref, msgid, object_, instance, resource, rest = text.split(",", 5)
    except ValueError:
        raise ValueError("got fewer than 6 values, expected 6") from None
    number, path = msgid_of(msgid), resource_of(object_, instance, resource)
    rest = _unspaced(msgid, rest)
    return WriteRequest(whole(ref), number, path, *form.value(rest, declared(path)))


def _execute(text: str, form: Form, _: Declared) -> ExecuteRequest:
    values = text.split(",", 5)
    if len(values) < 5:
        raise ValueError(f"got {len(values)} values, expected 5 or more")
    ref, msgid, object_, instance, resource, rest = (*values, "")[:6]
    number, path = msgid_of(msgid), resource_of(object_, instance, resource)
    arguments = form.arguments(_unspaced(msgid, rest))
    return ExecuteRequest(whole(ref), number, path, raw(arguments))


def _unspaced(before: str, text: str) -> str:
    """`text` without the blank that some firmware writes after each comma (seen)."""
    return text[1:] if before.startswith(" ") and text.startswith(" ") else text


_PARSERS: Final[dict[str, Callable[[str], Urc]]] = {
    "+MIPLOPEN": partial(_outcome, Opened),
    "+MIPLCLOSE": partial(_outcome, Closed),
    "+MIPLUPDATE": partial(_outcome, Updated),
    "+MIPLNOTIFY": _acknowledged,
    "+MIPLOBSERVE": _observed,
    "+MIPLDISCOVER": _discovered,
    "+MIPLREAD": _read,
}
_WITH_VALUE: Final[dict[str, Callable[[str, Form, Declared], Urc]]] = {
    "+MIPLWRITE": _write,
    "+MIPLEXECUTE": _execute,
}
