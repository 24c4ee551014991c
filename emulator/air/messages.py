"""LwM2M messages between endpoint and server, one class each; endpoint names. Pure.

They hold what CoAP carries (message id, token, code, path, content) but not its encoding, so that
the in-memory air and CoAP over UDP carry the same. `mid` pairs an answer with its request and
identifies repetitions; each side numbers its own requests.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from emulator.air.model import DEFAULT_SERVER, Code, Item, Path, ServerAddress

# OneNET guide 4.2.1. An endpoint name is `imei;imsi`.
IMEI = re.compile(r"[0-9A-Za-z]{1,17}")
IMSI = re.compile(r"[0-9A-Za-z]{1,16}")


def endpoint_name(imei: str, imsi: str) -> str:
    """The endpoint name under which a device registers with OneNET."""
    return f"{imei};{imsi}"


def imei_of(endpoint: str) -> str:
    """The first part of an endpoint name."""
    return endpoint.partition(";")[0]


# Endpoint to server --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Register:
    """POST /rd. `lifetime` in seconds, `objects` the instances. `server`: where it is sent, or
    which bootstrap server was asked for the address before (that exchange is left out).
    """

    mid: int
    endpoint: str
    lifetime: int
    objects: tuple[Path, ...]
    server: ServerAddress = DEFAULT_SERVER


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
