"""RFC 2217: a serial port over Telnet that carries the host's UART settings (for Windows hosts).

pyserial's server code decodes the protocol; this file limits what hostile clients can do to it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from serial.rfc2217 import PortManager, Serial

from emulator.line.ports.tcp import ProtocolViolation
from emulator.line.uart_frames import Frame, Parity

# Limit of a subnegotiation in bytes. Settings take at most six; a signature may be longer.
_LONGEST = 256


@dataclass(slots=True)
class _Uart:
    """The settings that the client sets and reads, under pyserial's attribute names.

    Control lines are as on most boards: CTS, DSR and CD always on; DTR and RTS not connected.
    """

    baudrate: int = 9600
    bytesize: int = 8
    parity: str = "N"
    stopbits: float = 1
    xonxoff: bool = False
    rtscts: bool = False
    break_condition: bool = False
    dtr: bool = False
    rts: bool = False
    cts: bool = True
    dsr: bool = True
    cd: bool = True
    ri: bool = False

    def reset_input_buffer(self) -> None:
        """There is no buffer to purge; the same for the output buffer."""

    def reset_output_buffer(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _Connection:
    write: Callable[[bytes], None]


class Rfc2217Session:
    """One client's session; `send` is called with answers of the protocol itself."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._uart = _Uart()
        self._protocol = PortManager(cast(Serial, self._uart), cast(Serial, _Connection(send)))

    @property
    def frame(self) -> Frame | None:
        uart = self._uart
        # One and a half stop bits count as one.
        return Frame(uart.baudrate, uart.bytesize, Parity(uart.parity), int(uart.stopbits))

    def decode(self, data: bytes) -> bytes:
        decoded = bytearray()
        try:
            for byte in self._protocol.filter(data):
                decoded += byte
        except (ValueError, KeyError, TypeError, struct.error) as error:
            raise ProtocolViolation(
                f"a Telnet option that RFC 2217 does not define ({error})"
            ) from error
        if self._protocol.suboption is not None and len(self._protocol.suboption) > _LONGEST:
            raise ProtocolViolation(f"a Telnet option of more than {_LONGEST} bytes")
        if not 5 <= self._uart.bytesize <= 8:
            raise ProtocolViolation(f"{self._uart.bytesize} data bits, expected 5 to 8 (RFC 2217)")
        return bytes(decoded)

    def encode(self, data: bytes) -> bytes:
        return b"".join(self._protocol.escape(data))
