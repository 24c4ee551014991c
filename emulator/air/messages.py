"""The messages that cross the air between module and platform: LwM2M, one class a message.

They say what CoAP would say (message id, token, code, path, content) and nothing of how it is
encoded, so that the in-memory air and real CoAP carry the same. `mid` pairs an answer with its
request and lets a repetition be recognised; each side numbers its own requests.
"""

from __future__ import annotations

from dataclasses import dataclass

from emulator.air.model import Code, Item, Path, Value

__all__ = [
    "Ack",
    "CancelObserve",
    "Code",
    "Deregister",
    "Discover",
    "Downlink",
    "Execute",
    "Item",
    "Notification",
    "Observe",
    "Path",
    "Read",
    "Register",
    "Reset",
    "Response",
    "Update",
    "Uplink",
    "Value",
    "Write",
]

# Device to platform ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Register:
    """POST /rd: `endpoint` is `imei;imsi`, `lifetime` in seconds, `objects` the instances."""

    mid: int
    endpoint: str
    lifetime: int
    objects: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Update:
    """POST /<location>: None leaves lifetime or objects as they were."""

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
    """2.05 with an Observe number, on the token of the observation; `confirmable` wants an Ack."""

    mid: int
    token: int
    sequence: int
    items: tuple[Item, ...]
    confirmable: bool


# Platform to device ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Read:
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
    mid: int
    path: Path
    arguments: bytes


@dataclass(frozen=True, slots=True)
class Discover:
    mid: int
    path: Path


@dataclass(frozen=True, slots=True)
class Observe:
    """GET with Observe 0; notifications of it carry `token`."""

    mid: int
    token: int
    path: Path


@dataclass(frozen=True, slots=True)
class CancelObserve:
    mid: int
    token: int
    path: Path


# Both ways ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Response:
    """The answer to the request with this `mid`.

    `location` comes with CREATED, `items` with the CONTENT of a read or an observe, `links` with
    the CONTENT of a discover.
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
    """The notification `mid` belongs to no observation of a registered device."""

    mid: int


Uplink = Register | Update | Deregister | Notification | Response
Downlink = Read | Write | Execute | Discover | Observe | CancelObserve | Response | Ack | Reset
