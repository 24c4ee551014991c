"""The interface of all ports, and the addresses of ports. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Protocol

from emulator.line.uart_frames import Frame

# Default host: only programs on this machine can open the port.
_LOOPBACK = "127.0.0.1"

_EXPECTED = "expected pty, socket://[HOST]:PORT, rfc2217://[HOST]:PORT or - for standard input"


class Port(Protocol):
    """The module's end of a connection to one host at a time. No method blocks."""

    @property
    def name(self) -> str:
        """The name for hosts to open."""

    @property
    def opened(self) -> bool:
        """Whether a host has the port open."""

    @property
    def frame(self) -> Frame | None:
        """The host's UART settings; None if this kind of port does not know them."""

    def write(self, data: bytes) -> int:
        """Returns how many bytes the port accepted: fewer than `data` if it is full."""

    def when_writable(self, callback: Callable[[], None]) -> None:
        """Call `callback` each time the port can accept bytes or its host leaves, until
        `stop_waiting`.
        """

    def stop_waiting(self) -> None: ...

    def pause(self) -> None:
        """Stop reading until `resume`."""

    def resume(self) -> None: ...

    def poll(self) -> None:
        """Read available bytes now, without waiting for the event loop."""

    def close(self) -> None: ...


class PortKind(Enum):
    PTY = "pty"
    SOCKET = "socket"
    RFC2217 = "rfc2217"
    STDIO = "-"


@dataclass(frozen=True, slots=True)
class Address:
    """Which port to open. `host`, `number`: of a network port; number 0: a free one."""

    kind: PortKind = PortKind.PTY
    host: str = ""
    number: int = 0

    def __str__(self) -> str:
        kind: str = self.kind.value
        if self.kind in (PortKind.PTY, PortKind.STDIO):
            return kind
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{kind}://{host}:{self.number}"

    def plus(self, offset: int) -> Address:
        """The address for module number `offset`, counted from 0 for this address.

        Raises ValueError if there is none.
        """
        if self.kind is PortKind.STDIO and offset:
            raise ValueError("port -: standard input and output are for one module only")
        if not self.number or not offset:
            return self
        if self.number + offset > 65535:
            raise ValueError(
                f"port {self}: no port number for module {offset + 1}, the highest is 65535"
            )
        return replace(self, number=self.number + offset)


def parse_address(text: str) -> Address:
    """Parse the name of a port. Raises ValueError if it is invalid."""
    if text in (PortKind.PTY.value, PortKind.STDIO.value):
        return Address(PortKind(text))
    match = re.fullmatch(r"(socket|rfc2217)://(\[[0-9a-fA-F:.]+\]|[^\[\]:/?#\s]*):(\d{1,5})", text)
    if match is None or int(match[3]) > 65535:
        raise ValueError(f"port {text!r}: {_EXPECTED}")
    host = match[2].removeprefix("[").removesuffix("]") or _LOOPBACK
    return Address(PortKind(match[1]), host, int(match[3]))
