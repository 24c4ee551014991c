"""The interface between the LwM2M client and the AT dialect: requests, errors, and `Host`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from emulator.lwm2m.model import Item, Path, Value
from emulator.lwm2m.values import Type

# Bytes of the values of one report, read answer, write or execute, as they stand on the AT line
# (OneNET guide 5.2).
PAYLOAD_LIMIT = 1000


# OneNET guide 5.1.1: the access machine.
ACCESS_MACHINE = "183.230.40.40:5683"


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where the client logs in: `address` is host:port, or `coaps://host:port` of one that is
    reached by DTLS; `bootstrap`: of a bootstrap server, which hands out the address to register at.
    `identity`, `key`: what such a server gave for DTLS.
    """

    address: str = ACCESS_MACHINE
    bootstrap: bool = False
    identity: str | None = None
    key: bytes | None = None


# Errors of the client; the dialect maps each to an error number ----------------------------------


class ClientError(Exception):
    """The client refuses what the host asks for."""


class NotAllowed(ClientError):
    """Not legal in this state of the registration, unknown instance, or a limit is reached."""


class NoNetwork(ClientError):
    """The radio is not registered on the network."""


class InvalidValue(ClientError):
    """A path, type, size or ackid that fits neither the declaration nor the request."""


class UnknownRequest(ClientError):
    """No request of this kind and msgid waits for an answer."""


class CannotForward(Exception):
    """Raised by the dialect: no line can carry this request. The client answers 4.00."""


# Requests that wait for the host's answer --------------------------------------------------------


@dataclass(slots=True)
class ReadRequest:
    msgid: int
    path: Path
    answers: dict[Path, tuple[Value, int]] = field(default_factory=dict)  # values and their sizes

    def add(self, path: Path, value: Value, size: int) -> None:
        """Take one value of the answer; `size`: its bytes on the AT line. Raises InvalidValue."""
        others = sum(taken for known, (_, taken) in self.answers.items() if known != path)
        if not self.path.covers(path) or others + size > PAYLOAD_LIMIT:
            raise InvalidValue
        self.answers[path] = (value, size)


@dataclass(slots=True)
class WriteRequest:
    """`items`: at least one, each a resource. `confirmed`: how many of them the host has taken.

    `lines` is the dialect's: how it wrote the items to the host.
    """

    msgid: int
    path: Path
    items: tuple[Item, ...]
    lines: tuple[str, ...] = ()
    confirmed: int = 0


@dataclass(slots=True)
class ExecuteRequest:
    """`path` is a resource."""

    msgid: int
    path: Path
    arguments: bytes


Request = ReadRequest | WriteRequest | ExecuteRequest


class Host(Protocol):
    """What the client reports to the host. A dialect implements it by unsolicited lines.

    `read`, `write` and `execute` are called again when the platform repeats a request, with the
    same object. `write` and `execute` may raise CannotForward, before they have written anything.
    """

    def lwm2m_type(self, value_type: int) -> Type:
        """The LwM2M type of a value type of the dialect."""

    def registered(self, *, accepted: bool) -> None: ...

    def updated(self, *, accepted: bool) -> None: ...

    def deregistered(self) -> None: ...

    def observed(self, msgid: int, path: Path, *, active: bool) -> None:
        """The platform has started (`active`) or cancelled an observation; it is answered."""

    def discovered(self, msgid: int, path: Path) -> None:
        """The platform has discovered an object; it is answered."""

    def acknowledged(self, ackid: int) -> None:
        """The platform has acknowledged the whole report with this ackid."""

    def read(self, request: ReadRequest) -> None: ...

    def write(self, request: WriteRequest) -> None: ...

    def execute(self, request: ExecuteRequest) -> None: ...
