"""Opening ports: any pyserial URL, without blocking the loop, and with a reason when it fails."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Iterable
from typing import TYPE_CHECKING

import serial

from m5310.errors import ParameterError, PortError, Text
from m5310.ports.transport import Port, connect, release

if TYPE_CHECKING:
    from serial.tools.list_ports_common import ListPortInfo

_BITS_PER_BYTE = 10  # 8N1: a start bit, eight data bits, a stop bit


async def open_port(url: str, baudrate: int, protocol: asyncio.Protocol) -> asyncio.Transport:
    """Open a port (`/dev/ttyUSB0`, `COM3`, `socket://host:port`, `rfc2217://...`) for a protocol.

    `baudrate` is in bit/s. The protocol's `connection_made` was called when this returns. The port
    is locked against other programs where the platform can; flow control lines are not changed.
    If the call is cancelled, the port is closed once it has opened.

    Raises:
        ParameterError: `baudrate` is not a positive integer.
        PortError: the port cannot be opened, with the reason and what to try.
    """
    loop = asyncio.get_running_loop()
    port = _port(url, baudrate)
    # Not awaited itself: a cancelled wait must not forget the port that opens meanwhile.
    opening = loop.run_in_executor(None, _open, url, port)
    try:
        await asyncio.shield(opening)
    except asyncio.CancelledError:
        opening.add_done_callback(lambda _: _abandon(opening, port))
        raise
    transport = connect(loop, protocol, port)
    try:
        await asyncio.sleep(0)  # one round of the loop, in which connection_made is called
    except asyncio.CancelledError:
        transport.abort()
        raise
    return transport


def byte_time(baudrate: int) -> float:
    """Seconds a byte takes at `baudrate` bit/s.

    Raises ParameterError unless that is a positive integer.
    """
    if type(baudrate) is not int or baudrate <= 0:
        raise ParameterError(
            f"a speed of {baudrate!r} baud; expected a positive integer like 9600, the default"
        )
    return _BITS_PER_BYTE / baudrate


def _port(url: str, baudrate: int) -> Port:
    byte_time(baudrate)  # refuses an invalid speed
    try:
        return serial.serial_for_url(url, baudrate=baudrate, exclusive=True, do_not_open=True)
    except (ValueError, serial.SerialException) as error:
        raise PortError(
            Text(
                "{port} is not a port: {error}; expected a name like /dev/ttyUSB0 or COM3, "
                "or a URL like socket://host:port",
                port=url,
                error=error,
            )
        ) from None


def _open(url: str, port: Port) -> None:
    try:
        port.open()
    except Exception as error:  # termios.error, OSError, ValueError: each platform has its own
        raise PortError(_reason(url, error)) from None


def _abandon(opening: asyncio.Future[None], port: Port) -> None:
    if not opening.cancelled() and opening.exception() is None:
        release(port)


def _reason(url: str, error: Exception) -> Text:
    """What is wrong and what to try. On Windows only the text distinguishes the errors."""
    number = getattr(error, "errno", None)
    if number == errno.ENOENT or "FileNotFoundError" in str(error):
        return Text("{port} does not exist; {present}", port=url, present=present(plugged_in()))
    if number in (errno.EBUSY, errno.EAGAIN) or "PermissionError" in str(error):
        return Text(
            "{port} is busy: this or another program holds it (`fuser {port}` names it on Linux)",
            port=url,
        )
    if number in (errno.EACCES, errno.EPERM):
        return Text(
            "no permission to open {port}: join the group it belongs to "
            "(on Debian `sudo usermod -aG dialout $USER`, then log in again)",
            port=url,
        )
    return Text("{port} cannot be opened: {error}", port=url, error=error)


_NO_DESCRIPTION = "n/a"  # as pyserial writes it


def plugged_in() -> list[ListPortInfo]:
    """The serial ports that pyserial finds."""
    from serial.tools import list_ports  # noqa: PLC0415 - loads platform code that few need

    return list(list_ports.comports())


def present(ports: Iterable[ListPortInfo]) -> Text:
    """The ports that are plugged in, for the message about a missing one."""
    described = {port.device: port.description or _NO_DESCRIPTION for port in ports}
    names = sorted(
        device if text == _NO_DESCRIPTION else f"{device} ({text})"
        for device, text in described.items()
    )
    if not names:
        return Text("no serial port is plugged in")
    return Text("there is {ports}", ports=", ".join(names))
