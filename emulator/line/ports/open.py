"""From the name of a port to the port."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from emulator.line.ports.port import Address, Kind, Port
from emulator.line.ports.pty import Terminal
from emulator.line.ports.rfc2217 import Telnet
from emulator.line.ports.stdio import StandardStreams
from emulator.line.ports.tcp import Plain, TcpPort


def open_port(
    address: Address,
    on_data: Callable[[bytes], None],
    on_note: Callable[[str], None],
    on_end: Callable[[], None],
) -> Port:
    """Open it in the running event loop; `on_data` gets what hosts write.

    `on_note` is told in words of what happens at it, `on_end` that no host will ever come again.
    Raises OSError: it cannot be had; nothing is left open.
    """
    match address.kind:
        case Kind.PTY:
            return Terminal(on_data)
        case Kind.SOCKET:
            return TcpPort(address, Plain, on_data, on_note)
        case Kind.RFC2217:
            return TcpPort(address, Telnet, on_data, on_note)
        case Kind.STDIO:
            return StandardStreams(on_data, on_end)
        case _:
            assert_never(address.kind)
