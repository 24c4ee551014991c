"""What a request of the platform asks for: its operation and path (LwM2M 1.0.2, table 8.2)."""

from __future__ import annotations

from enum import Enum, auto

from aiocoap import BAD_REQUEST, GET, METHOD_NOT_ALLOWED, NOT_FOUND, POST, PUT, Code, Message

from emulator.lwm2m.model import Format, Path

_LARGEST_ID = 0xFFFF
_OBSERVE, _CANCEL = 0, 1  # values of the option Observe (RFC 7641 2)


class Operation(Enum):
    READ = auto()
    WRITE = auto()  # of a resource, or in place of all resources of an instance
    WRITE_PARTIALLY = auto()
    WRITE_ATTRIBUTES = auto()
    EXECUTE = auto()
    DISCOVER = auto()
    OBSERVE = auto()
    CANCEL_OBSERVE = auto()


class Refused(Exception):
    """The request is answered with `code`."""

    def __init__(self, code: Code) -> None:
        super().__init__(code)
        self.code = code


def path_of(message: Message) -> Path:
    """Raises Refused(NOT_FOUND) for a path that no object, instance or resource can have."""
    segments = message.opt.uri_path
    if not 1 <= len(segments) <= 3 or not all(_is_id(segment) for segment in segments):
        raise Refused(NOT_FOUND)
    return Path(*map(int, segments))


def _is_id(segment: str) -> bool:
    return segment.isascii() and segment.isdecimal() and int(segment[:6]) <= _LARGEST_ID


def operation_of(message: Message, path: Path, *, strict: bool) -> Operation:
    """Raises Refused for what the module does not do: create, delete. `strict`: with 4.05, which
    LwM2M has for it (5.4.7, 5.4.8), else with 4.00 (observed in the suite).
    """
    if message.code == GET:
        return _reading(message)
    if message.code == PUT and path.instance is not None:
        attributes = message.opt.uri_query and not message.payload
        return Operation.WRITE_ATTRIBUTES if attributes else Operation.WRITE
    if message.code == PUT and message.opt.uri_query:
        return Operation.WRITE_ATTRIBUTES
    if message.code == POST and path.resource is not None:
        return Operation.EXECUTE
    if message.code == POST and path.instance is not None:
        return Operation.WRITE_PARTIALLY
    raise Refused(METHOD_NOT_ALLOWED if strict else BAD_REQUEST)


def _reading(message: Message) -> Operation:
    observe = message.opt.observe
    if observe == _OBSERVE and not message.token:
        raise Refused(BAD_REQUEST)  # observed in the suite
    if observe == _OBSERVE:
        return Operation.OBSERVE
    if observe == _CANCEL:
        return Operation.CANCEL_OBSERVE
    return Operation.DISCOVER if message.opt.accept == Format.LINKS else Operation.READ
