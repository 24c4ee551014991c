"""What messages and AT lines both carry: paths, values, codes, addresses."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from emulator.lwm2m.model import Item, Path, Value

__all__ = [
    "ACCESS_MACHINE",
    "BOOTSTRAP_SERVERS",
    "DEFAULT_SERVER",
    "Code",
    "Item",
    "Path",
    "ServerAddress",
    "Value",
]


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
