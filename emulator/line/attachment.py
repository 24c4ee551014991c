"""The port of a line, and the link to it: pulled out and put in again, it keeps its name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from emulator.line.ports.open import open_port
from emulator.line.ports.port import Address, Port, parse_address
from emulator.line.ports.symlink import Symlink


class Attachment:
    def __init__(self, address: Address, link: Path | None) -> None:
        """`link` is made a symbolic link to a pty, in place of an older symbolic link."""
        self.name = ""  # of the port as it is or was last
        self._address = address
        self._link_path = link
        self._link: Symlink | None = None
        self._port: Port | None = None

    @property
    def link_or_name(self) -> str:
        """What a host opens: the link if there is one, else the port itself."""
        return self.name if self._link_path is None else str(self._link_path)

    def insert(
        self,
        on_data: Callable[[bytes], None],
        on_note: Callable[[str], None],
        on_end: Callable[[], None],
    ) -> Port:
        """Open the port, under the same name where it has one.

        Raises FileExistsError when the link is something else, OSError when it or the port cannot
        be had; nothing is left open.
        """
        port = open_port(self._address, on_data, on_note, on_end)
        try:
            if self._link_path is not None:
                self._link = Symlink(self._link_path, port.name)
        except BaseException:
            port.close()
            raise
        self._port, self.name = port, port.name
        # A network port that was taken as it came keeps its number when it is plugged in again.
        if self._address.host:
            self._address = parse_address(port.name)
        return port

    def pull(self) -> None:
        """Close the port and remove the link if it is still ours; not plugged in, it does nothing.

        Hosts see a hang-up.
        """
        if self._link is not None:
            self._link.remove()
        if self._port is not None:
            self._port.close()
        self._port = self._link = None
