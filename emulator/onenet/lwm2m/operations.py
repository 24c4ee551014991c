"""Operations on endpoints, each as the CoAP request that OneNET sends (LwM2M 1.0.2, 5.4 and 5.5).

Pure. The forms are those of captured sessions with China Mobile's suite and OneNET's C kit: a write
goes to the instance as TLV, an execute has no content format, a read accepts any format.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from aiocoap import Message
from aiocoap.numbers import Code

from emulator.lwm2m import content, registry
from emulator.lwm2m.model import Format, Item, Path
from emulator.lwm2m.values import Type

# Values of the Observe option in a request (RFC 7641 2).
_REGISTER, _DEREGISTER = 0, 1
_BLOCK_EXPONENT = 5  # of a `WriteBlock`: 512 bytes


@dataclass(frozen=True, slots=True)
class Read:
    """GET."""

    path: Path


@dataclass(frozen=True, slots=True)
class Write:
    """PUT (`replace`: the instance has `items` only) or POST (partial update) on an instance."""

    path: Path
    items: tuple[Item, ...]
    replace: bool


@dataclass(frozen=True, slots=True)
class WriteBlock:
    """PUT of one block of a resource's content (RFC 7959), as a request of its own: the next one is
    sent when the device has taken it. `number` None: the whole content.
    """

    path: Path
    content: bytes
    number: int | None
    more: bool


@dataclass(frozen=True, slots=True)
class Execute:
    """POST on a resource."""

    path: Path
    arguments: bytes


@dataclass(frozen=True, slots=True)
class Discover:
    """GET with Accept: application/link-format."""

    path: Path


@dataclass(frozen=True, slots=True)
class Observe:
    """GET with Observe 0."""

    path: Path


@dataclass(frozen=True, slots=True)
class CancelObserve:
    """GET with Observe 1, under the token of the observation."""

    path: Path


@dataclass(frozen=True, slots=True)
class WriteAttributes:
    """PUT with attributes as query, such as `("pmin=15", "pmax=60")`."""

    path: Path
    attributes: tuple[str, ...]

    def with_stp(self) -> WriteAttributes | None:
        """The step as `stp`, as China Mobile's suite specification prints it, and one branch of
        OneNET's C kit demands; None: there is no step `st`.
        """
        other = tuple(re.sub("^st(?==|$)", "stp", one) for one in self.attributes)
        return None if other == self.attributes else WriteAttributes(self.path, other)


Operation = (
    Read | Write | WriteBlock | Execute | Discover | Observe | CancelObserve | WriteAttributes
)


def request_for(operation: Operation, root: Iterable[str] = (), *, accept_tlv: bool) -> Message:
    """The CoAP request; `root`: path of the endpoint's objects, if it is not `/`.

    `accept_tlv`: reads and observes ask for TLV, which clients of LwM2M 1.1 do not send otherwise.
    Raises ContentError for a value that does not fit the type of its resource.
    """
    accept = Format.TLV if accept_tlv else None
    uri = (*root, *str(operation.path)[1:].split("/"))
    match operation:
        case Read():
            return Message(code=Code.GET, uri_path=uri, accept=accept)
        case Discover():
            return Message(code=Code.GET, uri_path=uri, accept=Format.LINKS)
        case Observe():
            return Message(code=Code.GET, uri_path=uri, accept=accept, observe=_REGISTER)
        case CancelObserve():
            return Message(code=Code.GET, uri_path=uri, observe=_DEREGISTER)
        case Write(path, items, replace):
            code = Code.PUT if replace else Code.POST
            return Message(
                code=code, uri_path=uri, content_format=Format.TLV, payload=_tlv(items, path)
            )
        case WriteBlock(_, part, number, more):
            message = Message(
                code=Code.PUT, uri_path=uri, content_format=Format.OPAQUE, payload=part
            )
            if number is not None:
                message.opt.block1 = (number, more, _BLOCK_EXPONENT)
            return message
        case Execute(_, arguments):
            return Message(code=Code.POST, uri_path=uri, payload=arguments)
        case WriteAttributes(_, attributes):
            return Message(code=Code.PUT, uri_path=uri, uri_query=attributes)


def _tlv(items: tuple[Item, ...], base: Path) -> bytes:
    given = {item.path for item in items if isinstance(item.value, bytes)}

    def type_of(path: Path) -> Type | None:
        # Bytes are the content itself, whatever its type (OneNET guide 4.2.9.2, `type` 1).
        # guess: a resource that the registry does not have gets the type of its value.
        return Type.OPAQUE if path in given else registry.type_of(path)

    return content.encode(Format.TLV, items, base, type_of, wrapped=False)
