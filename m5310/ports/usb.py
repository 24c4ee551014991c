"""A serial port that may go and come back: under its own name, or as the same USB device."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from m5310.errors import PortError

if TYPE_CHECKING:
    from m5310.at.modem import Modem

_URL: Final = "://"


class Present(Protocol):
    """What pyserial tells of a port that is plugged in."""

    @property
    def device(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def vid(self) -> int | None: ...
    @property
    def pid(self) -> int | None: ...
    @property
    def serial_number(self) -> str | None: ...
    @property
    def location(self) -> str | None: ...


class UsbPort(NamedTuple):
    """One port of one USB adapter, wherever it is plugged in.

    `interface` tells the ports of an adapter with several of them apart.
    """

    vendor: int | None
    product: int | None
    serial_number: str
    interface: str


def usb_port(port: Present) -> UsbPort | None:
    """None for a port that nothing but its name tells from others: many adapters have no number."""
    if not port.serial_number:
        return None
    interface = (port.location or "").partition(":")[2]
    return UsbPort(port.vid, port.pid, port.serial_number, interface)


def named(name: str, ports: Iterable[Present]) -> UsbPort | None:
    """What is plugged in under this name, or under what it is a link to."""
    device = os.path.realpath(name)
    return next((usb_port(port) for port in ports if port.device in (name, device)), None)


def found(wanted: UsbPort, ports: Iterable[Present]) -> str | None:
    """The name under which it is plugged in now."""
    return next((port.device for port in ports if usb_port(port) == wanted), None)


class Plug:
    """A port by its name. Once opened, it is what has that USB serial number, if it has one."""

    def __init__(self, url: str, baudrate: int) -> None:
        self._url = url
        self._baudrate = baudrate
        self._usb: UsbPort | None = None

    async def open(self) -> Modem:
        """A modem on it. Raises ParameterError on a speed that is none, PortError on all else."""
        from m5310.at.modem import Modem  # noqa: PLC0415 - who opens a port waits for it anyway

        loop = asyncio.get_running_loop()
        name = self._url
        if self._usb is not None:
            name = await loop.run_in_executor(None, self._find, self._usb)
        modem = await Modem.open(name, self._baudrate)
        if self._usb is None and _URL not in name:
            try:
                self._usb = await loop.run_in_executor(None, lambda: named(name, _plugged_in()))
            except BaseException:
                await modem.close()
                raise
        return modem

    def _find(self, usb: UsbPort) -> str:
        ports = _plugged_in()
        if named(self._url, ports) == usb:
            return self._url
        name = found(usb, ports)
        if name is None:
            from m5310.ports.open import present  # noqa: PLC0415 - pyserial: a device loads it to open

            raise PortError(
                f"{self._url}, USB serial number {usb.serial_number}, is not plugged in; "
                f"{present(ports)}"
            )
        return name


def _plugged_in() -> list[Present]:
    from serial.tools import list_ports  # noqa: PLC0415 - see above

    return list(list_ports.comports())
