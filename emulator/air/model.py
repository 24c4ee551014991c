"""LwM2M data model: what messages and AT lines both carry: paths, values, codes, addresses."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Code(IntEnum):
    """CoAP response codes, `class << 5 | detail` (RFC 7252, LwM2M 1.0.2 section 8)."""

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
    INTERNAL_SERVER_ERROR = 0xA0

    @property
    def success(self) -> bool:
        return self >> 5 == 2


@dataclass(frozen=True, slots=True, order=True)
class Path:
    """`/object[/instance[/resource]]`; a part left out stands for all of them."""

    object: int
    instance: int | None = None
    resource: int | None = None

    @property
    def instance_path(self) -> Path:
        """The path of the object instance that this resource (or instance) belongs to."""
        return Path(self.object, self.instance)

    def covers(self, other: Path) -> bool:
        """Whether `other` is this path or lies below it."""
        return (
            self.object == other.object
            and self.instance in (None, other.instance)
            and self.resource in (None, other.resource)
        )

    def __str__(self) -> str:
        parts = (self.object, self.instance, self.resource)
        return "".join(f"/{part}" for part in parts if part is not None)


Value = str | bytes | int | float | bool


@dataclass(frozen=True, slots=True)
class Item:
    """One resource with its value; `path` names the resource in full."""

    path: Path
    value: Value


# OneNET guide 5.1.1 and its FAQ of 2019: the access machine, and the two names of the bootstrap
# server, host:port.
ACCESS_MACHINE = "183.230.40.40:5683"
BOOTSTRAP_SERVERS = ("183.230.40.39:5683", "nbiotbt.heclouds.com:5683")


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where an endpoint registers: `address` is host:port; `bootstrap`: of a bootstrap server,
    which hands out the access machine's.
    """

    address: str = ACCESS_MACHINE
    bootstrap: bool = False


DEFAULT_SERVER = ServerAddress()
