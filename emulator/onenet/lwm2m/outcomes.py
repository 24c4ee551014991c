"""How requests to endpoints end, from the CoAP answer (LwM2M 1.0.2, 5.4 and 5.5). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from aiocoap import Message
from aiocoap.numbers import Code

from emulator.lwm2m import content, links, registry
from emulator.lwm2m.model import ContentError, Format, Item, Path, UnsupportedFormat
from emulator.lwm2m.values import from_bytes
from emulator.onenet.lwm2m.operations import Discover, Operation


class Failure(StrEnum):
    """Why a request failed, in the words of OneNET's error table."""

    BAD_REQUEST = "BAD_REQUEST"
    UNAUTHORIZED = "UNAUTHORIZED"
    FORBIDDEN = "FORBIDDEN"
    NOT_FOUND = "NOT_FOUND"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    NOT_ACCEPTABLE = "NOT_ACCEPTABLE"
    UNSUPPORTED_CONTENT_FORMAT = "UNSUPPORTED_CONTENT_FORMAT"
    INTERNAL_SERVER_ERROR = "INTERNAL_SERVER_ERROR"
    RESP_ERROR = "RESP_ERROR"
    TIME_OUT = "TIME_OUT"
    OFFLINE = "OFFLINE"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How and when a request ended. `failure` None: done, with the content of the answer."""

    at: float
    failure: Failure | None = None
    items: tuple[Item, ...] = ()
    links: tuple[Path, ...] = ()


def outcome_of(operation: Operation, answer: Message, now: float) -> Outcome:
    """The outcome that an answer means: its content, or a failure named as its code."""
    if not answer.code.is_successful():
        return Outcome(now, _failure(answer.code))
    try:
        if isinstance(operation, Discover):
            return Outcome(now, links=links.announced(links.parse(answer.payload)).paths)
        return Outcome(now, items=items_of(answer, operation.path))
    except ContentError:
        return Outcome(now, Failure.RESP_ERROR)


def items_of(message: Message, base: Path) -> tuple[Item, ...]:
    """The values in a message of an endpoint, of types by OMA's registry. Raises ContentError.

    Without payload none: China Mobile's suite answers an observe so.
    """
    # guess: NUL bytes at the end of a string, which OneNET's C kit sends, are a part of it, as they
    # are to servers in Java
    form, payload = message.opt.content_format, message.payload
    if not payload:
        return ()
    try:
        return content.decode(form, payload, base, registry.type_of)
    except UnsupportedFormat:
        raise
    except ContentError:
        if form not in (Format.TLV, Format.OLD_TLV):
            raise
    # guess: a value that is not of its type stays binary, as one of an unknown resource does
    # (OneNET FAQ of 2019); the others are kept.
    return tuple(_typed(item) for item in content.decode(form, payload, base, lambda _: None))


def _typed(item: Item) -> Item:
    assert isinstance(item.value, bytes), "it was decoded without types"
    try:
        value = from_bytes(registry.type_of(item.path.resource_path), item.value)
    except ContentError:
        return item
    return Item(item.path, value)


def _failure(code: Code) -> Failure:
    if code in _BY_CODE:
        return _BY_CODE[code]
    # RFC 7252 5.9: an unknown code is as the general one of its class.
    return Failure.INTERNAL_SERVER_ERROR if code.class_ == 5 else Failure.BAD_REQUEST


_BY_CODE = {
    Code.BAD_REQUEST: Failure.BAD_REQUEST,
    Code.UNAUTHORIZED: Failure.UNAUTHORIZED,
    Code.FORBIDDEN: Failure.FORBIDDEN,
    Code.NOT_FOUND: Failure.NOT_FOUND,
    Code.METHOD_NOT_ALLOWED: Failure.METHOD_NOT_ALLOWED,
    Code.NOT_ACCEPTABLE: Failure.NOT_ACCEPTABLE,
    Code.UNSUPPORTED_CONTENT_FORMAT: Failure.UNSUPPORTED_CONTENT_FORMAT,
}
