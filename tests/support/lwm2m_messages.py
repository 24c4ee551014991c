"""A server's view of LwM2M messages, one class each, and their datagrams.

`datagram` writes what a platform sends, `message` reads what a module sends. `mid` pairs an answer
with its request and identifies repetitions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from aiocoap import Message
from aiocoap.numbers import Type as MessageType

from emulator.coap.messages import RECOGNIZED_OPTIONS
from emulator.coap.messages import decode as decode_message
from emulator.coap.messages import encode as encode_message
from emulator.lwm2m.content import decode, encode
from emulator.lwm2m.model import ContentError, Format, Item, Path
from emulator.lwm2m.values import Type


class Code(IntEnum):
    """CoAP codes, `class << 5 | detail`."""

    GET = 0x01
    POST = 0x02
    PUT = 0x03
    DELETE = 0x04
    CREATED = 0x41
    DELETED = 0x42
    CHANGED = 0x44
    CONTENT = 0x45
    BAD_REQUEST = 0x80
    UNAUTHORIZED = 0x81
    FORBIDDEN = 0x83
    NOT_FOUND = 0x84
    METHOD_NOT_ALLOWED = 0x85
    NOT_ACCEPTABLE = 0x86
    UNSUPPORTED_CONTENT_FORMAT = 0x8F
    INTERNAL_SERVER_ERROR = 0xA0

    @property
    def success(self) -> bool:
        return self >> 5 == 2


# Endpoint to server --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Register:
    """POST /rd. `lifetime` in seconds, `objects` the instances without /0/0."""

    mid: int
    endpoint: str
    lifetime: int
    objects: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Update:
    """POST /<location>. None leaves lifetime or objects unchanged."""

    mid: int
    location: str
    lifetime: int | None = None
    objects: tuple[Path, ...] | None = None


@dataclass(frozen=True, slots=True)
class Deregister:
    """DELETE /<location>."""

    mid: int
    location: str


@dataclass(frozen=True, slots=True)
class Notification:
    """2.05 with an Observe number and the observation's token; `confirmable`: expects an Ack."""

    mid: int
    token: int
    sequence: int
    items: tuple[Item, ...]
    confirmable: bool


# Server to endpoint --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Read:
    """GET."""

    mid: int
    path: Path


@dataclass(frozen=True, slots=True)
class Write:
    """PUT (`replace`) or POST (partial update) on an instance."""

    mid: int
    path: Path
    items: tuple[Item, ...]
    replace: bool


@dataclass(frozen=True, slots=True)
class Execute:
    """POST on a resource."""

    mid: int
    path: Path
    arguments: bytes


@dataclass(frozen=True, slots=True)
class Discover:
    """GET with Accept: application/link-format."""

    mid: int
    path: Path


@dataclass(frozen=True, slots=True)
class Observe:
    """GET with Observe 0; its notifications carry `token`."""

    mid: int
    token: int
    path: Path


@dataclass(frozen=True, slots=True)
class CancelObserve:
    """GET with Observe 1."""

    mid: int
    token: int
    path: Path


# Both directions ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Response:
    """The answer to the request with this `mid`.

    CREATED has a `location`; CONTENT has `items` after a read or an observe, `links` after a
    discover.
    """

    mid: int
    code: Code
    location: str | None = None
    items: tuple[Item, ...] = ()
    links: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Ack:
    """An empty acknowledgement of the confirmable notification `mid`."""

    mid: int


@dataclass(frozen=True, slots=True)
class Reset:
    """The notification `mid` belongs to no observation of a registered endpoint."""

    mid: int


Uplink = Register | Update | Deregister | Notification | Response
Downlink = Read | Write | Execute | Discover | Observe | CancelObserve | Response | Ack | Reset


# Datagrams ---------------------------------------------------------------------------------------

CON, NON, ACK, RST = MessageType.CON, MessageType.NON, MessageType.ACK, MessageType.RST
KNOWN_OPTIONS = RECOGNIZED_OPTIONS | {63}


class ServerSide:
    """A platform that writes each message by hand, and reads what a module has sent.

    `type_of`: the types by which values are read.
    """

    def __init__(self, type_of: Callable[[Path], Type | None]) -> None:
        self._type_of = type_of
        self._paths: dict[bytes, Path] = {}  # of requests, by token
        self._tokens: dict[int, bytes] = {}  # of the module's requests, by mid

    def datagram(self, message: Downlink) -> bytes:
        """A request's token is its observation's, or its mid."""
        match message:
            case Read(mid, path):
                return self._request(mid, Code.GET, path)
            case Write(mid, path, items, replace):
                try:
                    payload = encode(Format.TLV, items, path, lambda _: None)
                except ContentError:  # no TLV says that
                    payload = b"\xff"
                code = Code.PUT if replace else Code.POST
                return self._request(mid, code, path, payload, content_format=Format.TLV)
            case Execute(mid, path, arguments):
                return self._request(mid, Code.POST, path, arguments)
            case Discover(mid, path):
                return self._request(mid, Code.GET, path, accept=Format.LINKS)
            case Observe(mid, token, path):
                return self._request(mid, Code.GET, path, token=token, observe=0)
            case CancelObserve(mid, token, path):
                return self._request(mid, Code.GET, path, token=token, observe=1)
            case Response(mid, code, location):
                path = () if location is None else tuple(location.split("/"))
                answer = Message(code=code, location_path=path)
                answer.mtype, answer.mid, answer.token = ACK, mid, self._tokens.get(mid, b"")
                return encode_message(answer)
            case Ack(mid):
                return bytes((0x60, 0)) + mid.to_bytes(2)
            case Reset(mid):
                return bytes((0x70, 0)) + mid.to_bytes(2)

    def _request(
        self,
        mid: int,
        code: Code,
        path: Path,
        payload: bytes = b"",
        *,
        token: int | None = None,
        **options: int,
    ) -> bytes:
        segments = tuple(str(path).strip("/").split("/"))
        message = Message(code=code, uri_path=segments, payload=payload, **options)
        message.mtype, message.mid = CON, mid
        message.token = (mid if token is None else token).to_bytes(4)
        self._paths[message.token] = path
        return encode_message(message)

    def message(self, datagram: bytes) -> Uplink:
        """What the module has sent."""
        sent = decode_message(datagram, KNOWN_OPTIONS)
        path, code = "/".join(sent.opt.uri_path), Code(int(sent.code))
        query = dict(part.partition("=")[::2] for part in sent.opt.uri_query)
        if code in (Code.POST, Code.DELETE):
            self._tokens[sent.mid] = sent.token
        if code is Code.POST and path == "rd":
            objects = _objects(sent.payload) or ()
            return Register(sent.mid, query["ep"], int(query["lt"]), objects)
        if code is Code.POST:
            lifetime = int(query["lt"]) if "lt" in query else None
            return Update(sent.mid, path, lifetime, _objects(sent.payload))
        if code is Code.DELETE:
            return Deregister(sent.mid, path)
        form = sent.opt.content_format
        if form == Format.LINKS:
            return Response(sent.mid, code, links=tuple(_paths(sent.payload)))
        block = sent.opt.block2
        whole = block is None or not (block.more or block.block_number)
        items = self._items(form, sent.payload, self._paths[sent.token]) if whole else ()
        if sent.opt.observe is None or sent.mtype == ACK:
            return Response(sent.mid, code, items=items)
        token, confirmable = int.from_bytes(sent.token), sent.mtype == CON
        return Notification(sent.mid, token, sent.opt.observe, items, confirmable)

    def _items(self, form: int | None, payload: bytes, base: Path) -> tuple[Item, ...]:
        try:
            return decode(form, payload, base, self._type_of)
        except ContentError:  # a value that is not of its declared type
            return decode(form, payload, base, lambda _: Type.INTEGER)


def _paths(payload: bytes) -> list[Path]:
    links = (link.partition(";")[0].strip("<>/") for link in payload.decode().split(","))
    return [Path(*map(int, link.split("/"))) for link in links if link]


def _objects(payload: bytes) -> tuple[Path, ...] | None:
    """The instances of a register or update request; None: no list. Without the module's own."""
    if not payload:
        return None
    return tuple(path for path in _paths(payload) if path.object > 7)
