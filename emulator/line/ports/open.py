"""Opens the port that an address names."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from emulator.line.ports.port import Address, Port, PortKind
from emulator.line.ports.pty import PtyPort
from emulator.line.ports.rfc2217 import Rfc2217Session
from emulator.line.ports.stdio import StdioPort
from emulator.line.ports.tcp import RawSession, TcpPort


def open_port(
    address: Address,
    on_data: Callable[[bytes], None],
    on_note: Callable[[str], None],
    on_end: Callable[[], None],
) -> Port:
    """Open a port in the running event loop.

    `on_data`: called with bytes that hosts write; `on_note`: with a description of events at the
    port; `on_end`: when no host can open the port again. Raises OSError if it cannot be opened;
    then nothing is left open.
    """
    match address.kind:
        case PortKind.PTY:
            return PtyPort(on_data)
        case PortKind.SOCKET:
            return TcpPort(address, RawSession, on_data, on_note)
        case PortKind.RFC2217:
            return TcpPort(address, Rfc2217Session, on_data, on_note)
        case PortKind.STDIO:
            return StdioPort(on_data, on_end)
        case _:
            assert_never(address.kind)
