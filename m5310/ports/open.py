"""Opening ports: any pyserial URL, without blocking the loop, and with a reason when it fails."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Iterable
from typing import Protocol

import serial

from m5310.errors import ParameterError, PortError
from m5310.ports.transport import Port, connect, release

# 8N1: a start bit, eight bits, a stop bit.
_BITS_PER_BYTE = 10


async def open_port(url: str, baudrate: int, protocol: asyncio.Protocol) -> asyncio.Transport:
    """Open a port (`/dev/ttyUSB0`, `COM3`, `socket://host:port`, `rfc2217://...`) for a protocol.

    The protocol's `connection_made` was called when this returns. The port is locked against
    other programs where the platform offers it; flow control lines are left alone. Raises
    ParameterError on a speed that is none and PortError, with what to try, on all else. If
    cancelled, the port is closed as soon as it turns out to be open.
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
    """Seconds a byte takes at a speed. Raises ParameterError on a speed that is none."""
    if type(baudrate) is not int or baudrate <= 0:
        raise ParameterError(f"a speed of {baudrate!r} baud; the module's default is 9600")
    return _BITS_PER_BYTE / baudrate


def _port(url: str, baudrate: int) -> Port:
    byte_time(baudrate)  # a speed that is none never reaches the port
    try:
        return serial.serial_for_url(url, baudrate=baudrate, exclusive=True, do_not_open=True)
    except (ValueError, serial.SerialException) as error:
        raise PortError(f"{url} names no port: {error}") from error


def _open(url: str, port: Port) -> None:
    try:
        port.open()
    except Exception as error:  # termios.error, OSError, ValueError: each platform has its own
        raise PortError(_reason(url, error)) from error


def _abandon(opening: asyncio.Future[None], port: Port) -> None:
    if not opening.cancelled() and opening.exception() is None:
        release(port)


def _reason(url: str, error: Exception) -> str:
    """What went wrong and what to try. Windows tells its errors apart only in the text."""
    number = getattr(error, "errno", None)
    if number == errno.ENOENT or "FileNotFoundError" in str(error):
        from serial.tools import list_ports  # noqa: PLC0415 - only a failure needs it

        return f"{url} does not exist; {present(list_ports.comports())}"
    if number in (errno.EBUSY, errno.EAGAIN) or "PermissionError" in str(error):
        return f"{url} is busy: this or another program holds it (`fuser {url}` names it on Linux)"
    if number in (errno.EACCES, errno.EPERM):
        return (
            f"no permission to open {url}: join the group it belongs to "
            "(on Debian `sudo usermod -aG dialout $USER`, then log in again)"
        )
    return f"{url} cannot be opened: {error}"


_NO_DESCRIPTION = "n/a"  # pyserial's word


class Described(Protocol):
    """What is told of a port that is plugged in."""

    @property
    def device(self) -> str: ...
    @property
    def description(self) -> str: ...


def present(ports: Iterable[Described]) -> str:
    """Which ports there are, for a message about one that is not."""
    described = {port.device: port.description or _NO_DESCRIPTION for port in ports}
    names = sorted(
        device if text == _NO_DESCRIPTION else f"{device} ({text})"
        for device, text in described.items()
    )
    return "there is " + ", ".join(names) if names else "no serial port is plugged in"
