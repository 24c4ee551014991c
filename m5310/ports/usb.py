"""USB serial adapters: finding the same one again, under its old name or another."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, NamedTuple

from m5310.errors import PortError, Text
from m5310.ports.open import plugged_in, present

if TYPE_CHECKING:
    from serial.tools.list_ports_common import ListPortInfo

_URL: Final = "://"


class UsbPort(NamedTuple):
    """One port of one USB adapter, in whichever socket it is plugged.

    `interface` distinguishes the ports of an adapter that has several.
    """

    vendor: int | None
    product: int | None
    serial_number: str
    interface: str


def usb_port(port: ListPortInfo) -> UsbPort | None:
    """None for a port without a USB serial number: only its name identifies it."""
    if not port.serial_number:
        return None
    interface = (port.location or "").partition(":")[2]
    return UsbPort(port.vid, port.pid, port.serial_number, interface)


def usb_port_of(name: str, ports: Iterable[ListPortInfo]) -> UsbPort | None:
    """The USB port with this name, or with the name that this is a link to."""
    device = os.path.realpath(name)
    return next((usb_port(port) for port in ports if port.device in (name, device)), None)


def name_of(wanted: UsbPort, ports: Iterable[ListPortInfo]) -> str | None:
    """The name that the USB port has now; None if it is not plugged in."""
    return next((port.device for port in ports if usb_port(port) == wanted), None)


class PortFinder:
    """Finds a port by its name; once `remember` was called, by its USB serial number."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._usb: UsbPort | None = None

    async def find(self) -> str:
        """The name to open. Raises PortError if the remembered adapter is not plugged in."""
        if self._usb is None:
            return self._url
        return await asyncio.get_running_loop().run_in_executor(None, self._find, self._usb)

    async def remember(self, name: str) -> None:
        """The port was opened under this name: note its USB serial number, if it has one."""
        if self._usb is None and _URL not in name:
            loop = asyncio.get_running_loop()
            self._usb = await loop.run_in_executor(None, lambda: usb_port_of(name, plugged_in()))

    def _find(self, usb: UsbPort) -> str:
        ports = plugged_in()
        if usb_port_of(self._url, ports) == usb:
            return self._url
        name = name_of(usb, ports)
        if name is None:
            raise PortError(
                Text(
                    "{port}, USB serial number {number}, is not plugged in; {present}",
                    port=self._url,
                    number=usb.serial_number,
                    present=present(ports),
                )
            )
        return name
