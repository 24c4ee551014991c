"""Opening and closing the port of a line, and the symbolic link to it, under one name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from emulator.line.ports.open import open_port
from emulator.line.ports.port import Address, Port, PortKind, parse_address
from emulator.line.ports.symlink import Symlink


def check_link(link: Path | None, address: Address) -> None:
    """Raises ValueError if there can be no `link` to a port at `address`."""
    if link is not None and address.kind is not PortKind.PTY:
        raise ValueError(
            f"link {link}: only a pty has a path to link to, {address} has none; leave the link"
            " out, or use port pty"
        )


class Attachment:
    def __init__(self, address: Address, link: Path | None) -> None:
        """`link`: path for a symbolic link to the pty."""
        self.name = ""  # of the port, also after it was closed
        self._address = address
        self._link_path = link
        self._link: Symlink | None = None
        self._port: Port | None = None

    @property
    def link_or_name(self) -> str:
        """The name for hosts to open: the link if there is one, else the port itself."""
        return self.name if self._link_path is None else str(self._link_path)

    def open(
        self,
        on_data: Callable[[bytes], None],
        on_note: Callable[[str], None],
        on_end: Callable[[], None],
    ) -> Port:
        """Open the port, under the same name as before if it had one.

        Raises FileExistsError if the link's path exists and is no link to a pty that is gone,
        OSError if the port or the link cannot be opened. After an error nothing is left open.
        """
        port = open_port(self._address, on_data, on_note, on_end)
        try:
            if self._link_path is not None:
                self._link = Symlink(self._link_path, port.name)
        except BaseException:
            port.close()
            raise
        self._port, self.name = port, port.name
        # A network port that was free at the first opening keeps its number.
        if self._address.host:
            self._address = parse_address(port.name)
        return port

    def close(self) -> None:
        """Close the port: hosts see a hang-up. Removes the link unless it was replaced."""
        if self._link is not None:
            self._link.remove()
        if self._port is not None:
            self._port.close()
        self._port = self._link = None
