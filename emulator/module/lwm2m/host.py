"""The interface between the LwM2M client and the AT dialect: requests, errors, and `Host`."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Protocol

from emulator.lwm2m.model import Item, Path, Value
from emulator.lwm2m.values import Type
from emulator.module.lwm2m.operations import Operation

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


# Seconds after which a request is stale, repeated or not. The platform repeats every 10 s and gives
# up 10 s after the second repeat (OneNET guide 5.2.2).
# guess: that the module forgets it then; a later answer could no longer be used.
ANSWER_TIME = 30.0


@dataclass(frozen=True, slots=True)
class Rules:
    """What a dialect demands of the client.

    `declares`: the host declares a resource before it reports it, a report waits for its
    observation, and an ackid counts once. `answers`: what the host answers besides read, write and
    execute. `answer_time`: seconds in which its answer counts. `counts_observes`: the msgid of an
    observe has the number of observes so far above its 16 bits. `watches_lifetime`: the host gets
    to know when the lifetime ends, and before.
    """

    declares: bool = True
    answers: frozenset[Operation] = frozenset()
    answer_time: float = ANSWER_TIME
    counts_observes: bool = False
    watches_lifetime: bool = False


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


class Busy(ClientError):
    """The uplink is full; the host may try again."""


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

    `lines` is the dialect's: how it wrote the items to the host. `block`: its number, and whether
    more follow, where the item is one block of a package.
    """

    msgid: int
    path: Path
    items: tuple[Item, ...]
    lines: tuple[str, ...] = ()
    confirmed: int = 0
    block: tuple[int, bool] | None = None


@dataclass(slots=True)
class ExecuteRequest:
    """`path` is a resource."""

    msgid: int
    path: Path
    arguments: bytes


@dataclass(frozen=True, slots=True)
class ObserveRequest:
    """`active`: start to observe `path`; otherwise end it."""

    msgid: int
    path: Path
    active: bool


@dataclass(frozen=True, slots=True)
class DiscoverRequest:
    msgid: int
    path: Path


@dataclass(frozen=True, slots=True)
class ParameterRequest:
    """Attributes of notifications: `query` has texts such as `pmin=5`."""

    msgid: int
    path: Path
    query: tuple[str, ...]


# The last three wait for the host only where `Rules.answers` says so.
Request = (
    ReadRequest
    | WriteRequest
    | ExecuteRequest
    | ObserveRequest
    | DiscoverRequest
    | ParameterRequest
)


class Result(Enum):
    """How the host answers a request."""

    DONE = auto()
    BAD_REQUEST = auto()
    UNAUTHORIZED = auto()
    NOT_FOUND = auto()
    NOT_ALLOWED = auto()
    NOT_ACCEPTABLE = auto()


# What happens to the login and the reports -------------------------------------------------------


class Happening(Enum):
    BOOTSTRAP_STARTED = auto()
    BOOTSTRAP_DONE = auto()
    BOOTSTRAP_FAILED = auto()  # it ends the login
    CONNECTED = auto()  # the module knows where to register
    REGISTERED = auto()
    REGISTER_REFUSED = auto()
    REGISTER_TIMED_OUT = auto()
    UPDATED = auto()
    UPDATE_REFUSED = auto()
    UPDATE_TIMED_OUT = auto()
    UPDATE_NEEDED = auto()  # with the seconds that are left
    LIFETIME_OVER = auto()
    REMOVED = auto()  # the platform has deleted the device
    DEREGISTERED = auto()
    ACKNOWLEDGED = auto()  # a whole report, with its ackid
    LOST = auto()  # a report or a part of it, with its ackid


class Host(Protocol):
    """What the client reports to the host. A dialect implements it by unsolicited lines.

    Read, write and execute wait for the host, and so do those of `Rules.answers`; the others are
    answered already. What waits comes again when the platform repeats it, with the same object.
    `write` and `execute` may raise CannotForward, before they have written anything.
    """

    def lwm2m_type(self, value_type: int) -> Type | None:
        """The LwM2M type of a value type of the dialect; None: values reach the host as bytes."""

    def happened(self, what: Happening, number: int = 0) -> None:
        """`number`: of what has one."""

    def observed(self, msgid: int, path: Path, *, active: bool) -> None:
        """The platform has started (`active`) or cancelled an observation."""

    def discovered(self, msgid: int, path: Path) -> None:
        """The platform has discovered an object."""

    def parameters(self, request: ParameterRequest) -> None:
        """The platform has written attributes of notifications."""

    def read(self, request: ReadRequest) -> None: ...

    def write(self, request: WriteRequest) -> None: ...

    def execute(self, request: ExecuteRequest) -> None: ...
