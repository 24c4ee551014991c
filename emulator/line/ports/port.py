"""What a line needs of a port, whichever kind it is; and how a port is named. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Protocol

from emulator.line.uart_frames import Frame

# Where a port on the network is open to: this machine, unless another address is named.
_LOOPBACK = "127.0.0.1"

_EXPECTED = "expected pty, socket://[HOST]:PORT, rfc2217://[HOST]:PORT or - for standard input"


class Port(Protocol):
    """The module's end of a connection that one host at a time uses. Nothing it does blocks."""

    @property
    def name(self) -> str:
        """What a host opens."""

    @property
    def opened(self) -> bool:
        """Whether a host is there."""

    @property
    def frame(self) -> Frame | None:
        """How the host has set its UART; None: this kind of port does not tell."""

    def write(self, data: bytes) -> int:
        """How much of it the port took: less than all when it is full."""

    def when_writable(self, callback: Callable[[], None]) -> None:
        """Call it whenever the port takes more, or is left by its host; `stop_waiting` ends it."""

    def stop_waiting(self) -> None: ...

    def pause(self) -> None:
        """Read no more until `resume`."""

    def resume(self) -> None: ...

    def poll(self) -> None:
        """Read what is there already, without waiting for the event loop's next turn."""

    def close(self) -> None: ...


class PortKind(Enum):
    PTY = "pty"
    SOCKET = "socket"
    RFC2217 = "rfc2217"
    STDIO = "-"


@dataclass(frozen=True, slots=True)
class Address:
    """Which port to open; `host` and `number` only where it is on the network, 0: a free one."""

    kind: PortKind = PortKind.PTY
    host: str = ""
    number: int = 0

    def __str__(self) -> str:
        kind: str = self.kind.value
        if self.kind in (PortKind.PTY, PortKind.STDIO):
            return kind
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{kind}://{host}:{self.number}"

    def following(self, places: int) -> Address:
        """The address of the module `places` after the one that has this address.

        Raises ValueError: there is none.
        """
        if self.kind is PortKind.STDIO and places:
            raise ValueError("port -: standard input and output are for one module only")
        if not self.number or not places:
            return self
        if self.number + places > 65535:
            raise ValueError(f"port {self}: no {places} port numbers follow it")
        return replace(self, number=self.number + places)


def parse_address(text: str) -> Address:
    """Read a name of a port. Raises ValueError: it is none."""
    if text in (PortKind.PTY.value, PortKind.STDIO.value):
        return Address(PortKind(text))
    match = re.fullmatch(r"(socket|rfc2217)://(\[[0-9a-fA-F:.]+\]|[^\[\]:/?#\s]*):(\d{1,5})", text)
    if match is None or int(match[3]) > 65535:
        raise ValueError(f"port {text!r}: {_EXPECTED}")
    host = match[2].removeprefix("[").removesuffix("]") or _LOOPBACK
    return Address(PortKind(match[1]), host, int(match[3]))
