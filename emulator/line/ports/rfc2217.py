"""RFC 2217: a serial port over Telnet, which carries the host's speed too (for Windows hosts).

The protocol is pyserial's own code for servers; what is here bounds it against hostile clients.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from serial.rfc2217 import PortManager, Serial

from emulator.line.ports.tcp import ProtocolViolation
from emulator.line.uart_frames import Frame, Parity

# The longest subnegotiation of RFC 2217 that a client sends is six bytes; a signature may be more.
_LONGEST = 256


@dataclass(slots=True)
class _Uart:
    """What the client sets and asks, by the names that pyserial gives them.

    The module's lines are wired as most boards have them: ready, always; DTR and RTS go nowhere.
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
        """A line keeps nothing that could be purged; nor does the next."""

    def reset_output_buffer(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _Connection:
    write: Callable[[bytes], None]


class Rfc2217Session:
    """One client's session; `owe` takes what the protocol itself has to say."""

    def __init__(self, owe: Callable[[bytes], None]) -> None:
        self._uart = _Uart()
        self._protocol = PortManager(cast(Serial, self._uart), cast(Serial, _Connection(owe)))

    @property
    def frame(self) -> Frame | None:
        uart = self._uart
        # One and a half stop bits read like one.
        return Frame(uart.baudrate, uart.bytesize, Parity(uart.parity), int(uart.stopbits))

    def decode(self, data: bytes) -> bytes:
        found = bytearray()
        try:
            for byte in self._protocol.filter(data):
                found += byte
        except (ValueError, KeyError, TypeError, struct.error) as error:
            raise ProtocolViolation(
                f"a Telnet option that RFC 2217 does not know ({error})"
            ) from error
        if self._protocol.suboption is not None and len(self._protocol.suboption) > _LONGEST:
            raise ProtocolViolation(f"a Telnet option of more than {_LONGEST} bytes")
        if not 5 <= self._uart.bytesize <= 8:
            raise ProtocolViolation(f"{self._uart.bytesize} data bits; RFC 2217 knows 5 to 8")
        return bytes(found)

    def encode(self, data: bytes) -> bytes:
        return b"".join(self._protocol.escape(data))
