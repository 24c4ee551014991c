"""The speed of an open port, in baud."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

from m5310.errors import PortError, Text
from m5310.ports.open import byte_time
from m5310.ports.transport import DescriptorTransport


class Paced(Protocol):
    """The protocol on a port, which must know how long a byte takes: `Modem`."""

    @property
    def transport(self) -> asyncio.Transport: ...
    def pace(self, byte_time: float) -> None: ...


class PortSpeed:
    """The speed of a port. A network port accepts any: it has no speed itself.

    `stored` is the speed at which the module talks after a restart, as far as is known: the one
    at which it first answered, until another is stored in it.
    """

    def __init__(
        self, transport: asyncio.BaseTransport, baudrate: int, protocol: Paced | None = None
    ) -> None:
        """`transport` is over a port; `protocol` is paced at each change."""
        self.baudrate: int = baudrate
        self.stored: int = baudrate
        self._protocol = protocol
        # pyserial's setters make a few ioctls, but those of a port behind threads (rfc2217://)
        # may ask the other end and wait.
        self._blocks = not isinstance(transport, DescriptorTransport)
        self._port = _port(transport)

    @classmethod
    def of(cls, protocol: Paced) -> PortSpeed | None:
        """None if its transport is not over a port. Raises PortError if the port is closed."""
        transport = protocol.transport
        port = _port(transport)
        return None if port is None else cls(transport, port.baudrate, protocol)

    async def change(self, baudrate: int) -> None:
        """Set the port to `baudrate`. Raises PortError if it cannot do that speed."""
        seconds = byte_time(baudrate)
        try:
            if self._blocks:
                loop = asyncio.get_running_loop()
                await loop.run_in_executor(None, self._set, baudrate)
            else:
                self._set(baudrate)
        except Exception as error:  # termios.error, OSError, ValueError: each platform has its own
            raise PortError(
                Text(
                    "the port cannot be set to {baudrate} baud: {error}; try a usual speed "
                    "like 9600",
                    baudrate=baudrate,
                    error=error,
                )
            ) from None
        self.baudrate = baudrate
        if self._protocol is not None:
            self._protocol.pace(seconds)

    def _set(self, baudrate: int) -> None:
        self._port.baudrate = baudrate


def _port(transport: asyncio.BaseTransport) -> Any:
    if isinstance(transport, DescriptorTransport):
        return transport.serial.port
    return transport.get_extra_info("serial")
