"""UDP sockets of the module: NSOCR, NSOST, NSOSTF, NSORF, NSOCL, NQSOS; the unsolicited NSONMI and
NSOSTR.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container
from dataclasses import dataclass, field, replace
from functools import partial
from ipaddress import AddressValueError, IPv4Address
from typing import ClassVar

from emulator.module.at.codec import Cme, Refusal, from_hex
from emulator.module.at.commands import OK, Answer, CommandForms, Commands, Values
from emulator.module.general_profile import M5310, General
from emulator.module.radio.radio import Radio

SOCKETS = range(7)  # the chip's socket numbers
QUEUE_LIMIT = 8  # guess: datagrams that wait in one socket; newer ones are dropped

_NUMBER = (SOCKETS.start, SOCKETS.stop - 1)
_PORTS = (0, 0xFFFF)
_SEQUENCES = (1, 255)
_UDP = 17  # IANA's protocol number
_FIRST_EPHEMERAL = 49_152  # RFC 6335 6; for port 0
# AT+NSOSTF: when the network may release the connection (China Mobile's page on the M5310). The
# third flag, 0x100, marks an exception report.
# guess: the flags are written in hexadecimal, and may be combined
_RELEASE_NOW, _RELEASE_AFTER_ANSWER = 0x200, 0x400


@dataclass(frozen=True, slots=True)
class Datagram:
    """A datagram to or from `address`:`port`; `local_port` is the module's own."""

    local_port: int
    address: str
    port: int
    data: bytes


@dataclass(slots=True)
class _Socket:
    port: int
    receives: bool
    direct: bool  # datagrams are written, not announced
    waiting: deque[Datagram] = field(default_factory=deque)


def _row(number: int, datagram: Datagram, part: bytes, rest: int) -> str:
    """As AT+NSORF has it."""
    digits = part.hex().upper()
    return f"{number},{datagram.address},{datagram.port},{len(part)},{digits},{rest}"


def address_of(text: str) -> str:
    """The normal form of an IPv4 address. Raises Refusal if it is none."""
    try:
        return str(IPv4Address(text))
    except AddressValueError:
        raise Refusal(Cme.INCORRECT_PARAMETERS) from None


class Sockets:
    """`urc` queues an unsolicited line, `send` sends a datagram, `online` returns whether the radio
    is registered. `release` is called after a datagram with release assistance, with the time and
    whether a downlink is to come first.

    `ports`: local UDP ports of the open sockets by socket number; read only. `changed` is set when
    a socket is opened or closed or sends.
    """

    __slots__ = (
        *("_general", "_open", "_radio", "_release", "_send", "_under_way", "_urc"),
        *("changed", "ports"),
    )

    def __init__(
        self,
        urc: Callable[[str], None],
        send: Callable[[Datagram], None],
        radio: Radio,
        release: Callable[[float, bool], None],
        general: General = M5310,
    ) -> None:
        self._urc = urc
        self._send = send
        self._radio = radio
        self._release = release
        self._general = general
        self._under_way: deque[tuple[float, int, int]] = deque()  # end, socket, sequence
        self.ports: dict[int, int] = {}
        self.changed = True  # a restart has closed all
        self._open: dict[int, _Socket] = {}

    def deliver(self, number: int, address: str, port: int, data: bytes) -> None:
        """A datagram for socket `number`; dropped when that is closed, full or does not receive."""
        socket = self._open.get(number)
        if socket is None or not socket.receives or len(socket.waiting) >= QUEUE_LIMIT:
            return
        if not data or len(data) > self._general.datagram:
            return
        datagram = Datagram(socket.port, address, port, data)
        if socket.direct:
            self._urc(_row(number, datagram, data, 0))
            return
        socket.waiting.append(datagram)
        if self._general.announces_each or len(socket.waiting) == 1:
            self._announce(number, socket)

    def _announce(self, number: int, socket: _Socket) -> None:
        """The newest datagram, or the first one where only that is announced."""
        datagram = socket.waiting[-1 if self._general.announces_each else 0]
        self._urc(f"+NSONMI:{number},{len(datagram.data)}")

    def _create(self, values: Values, _now: float) -> Answer:
        values.word("DGRAM")
        values.integer(_UDP, _UDP)
        later = self._general.sequences  # the M5310-A
        port = values.optional_integer(*_PORTS) if later else values.integer(*_PORTS)
        receives = values.optional_integer(0, 3)
        if later:
            self._read_family(values)
        values.end()
        if receives not in (None, 0, 1, *([2] if later else [])):  # the M5310-A has 2 and 3
            values.doubts.take(f"the receive control {receives} is taken as 1")
        taken = self.ports.values()
        number = next((n for n in SOCKETS if n not in self._open), None)
        # An eighth socket is refused (seen), and a port that is in use (AT command set of the
        # M5310-A, 1.4).
        if number is None or port in taken:
            raise Refusal(Cme.NOT_ALLOWED)
        if not port:
            port = next(p for p in range(_FIRST_EPHEMERAL, 0x10000) if p not in taken)
        self._open[number] = _Socket(port, receives=receives != 0, direct=later and receives == 2)
        self.ports[number] = port
        self.changed = True
        return Answer((str(number),))

    def _read_family(self, values: Values) -> None:
        family = values.optional_word("AF_INET6?")
        address = values.optional_word("[0-9A-Fa-f.:]{1,39}")
        if family == "AF_INET6" or address is not None:
            values.doubts.take("a family or an address of its own: the socket is as all others")

    def _find(self, number: int) -> _Socket:
        if number not in self._open:
            # guess: there is nothing to send from, to read or to close
            raise Refusal(Cme.NOT_ALLOWED)
        return self._open[number]

    def _send_to(self, values: Values, now: float, *, flagged: bool = False) -> Answer:
        """Send a datagram; `flagged`: the command has flags before the length."""
        number = values.integer(*_NUMBER)
        address = address_of(values.word("[0-9.]+"))
        port = values.integer(1, 0xFFFF)
        given = values.word("(0x)?[0-9A-Fa-f]{1,4}") if flagged else "0"
        length = values.integer(1, self._general.datagram)
        data = from_hex(values.word("[0-9A-Fa-f]+"))
        sequence = values.optional_integer(*_SEQUENCES) if self._general.sequences else None
        values.end()
        if length != len(data):  # they must agree (seen in host programs)
            raise Refusal(Cme.INCORRECT_PARAMETERS)
        socket = self._find(number)
        if given != "0" and not given.startswith("0x"):
            values.doubts.take(f"the flags {given} are taken as 0x{given}")
        # Without an address sending fails (AT command set of the M5310-A).
        if not self._radio.registered:
            raise Refusal(Cme.NO_NETWORK)
        if self._radio.busy:
            raise Refusal(Cme.UPLINK_BUSY)
        self._send(Datagram(socket.port, address, port, data))
        self.changed = True
        if sequence is not None:
            self._under_way.append((now + self._radio.cell.round_trip, number, sequence))
        flags = int(given, 16)
        if flags & (_RELEASE_NOW | _RELEASE_AFTER_ANSWER):
            self._release(now, not flags & _RELEASE_NOW)
        return Answer((f"{number},{length}",))

    def _receive_from(self, values: Values, _now: float) -> Answer:
        """Read the oldest datagram, or a part of it; the rest stays in the queue."""
        number, wanted = values.only(_NUMBER, (0, 2**31 - 1))
        waiting = self._find(number).waiting
        if not 1 <= wanted <= self._general.datagram:
            most = self._general.datagram
            values.doubts.take(f"{wanted} bytes of a datagram: expected 1 to {most}")
        if not waiting:
            return OK
        datagram = waiting.popleft()
        part, rest = datagram.data[:wanted], datagram.data[wanted:]
        if rest:
            waiting.appendleft(replace(datagram, data=rest))
        elif waiting and not self._general.announces_each:
            self._announce(number, self._open[number])  # behind the OK
        return Answer((_row(number, datagram, part, len(rest)),))

    def _close(self, values: Values, _now: float) -> Answer:
        (number,) = values.only(_NUMBER)
        self._find(number)
        del self._open[number], self.ports[number]
        self.changed = True
        return OK

    # Sequence numbers ---------------------------------------------------------------------------

    @property
    def due(self) -> float | None:
        """When it is known what became of a datagram with a sequence number."""
        return self._under_way[0][0] if self._under_way else None

    def step(self, now: float) -> None:
        while self._under_way and self._under_way[0][0] <= now:
            _, number, sequence = self._under_way.popleft()
            self._urc(f"+NSOSTR:{number},{sequence},{int(self._radio.registered)}")

    def _read_under_way(self, values: Values, _now: float) -> Answer:
        (number,) = values.only(_NUMBER)
        return self._list_under_way({number})

    def _list_under_way(self, numbers: Container[int]) -> Answer:
        if not self._general.sequences:
            raise Refusal(Cme.NOT_SUPPORTED)
        rows = [(number, sequence) for _, number, sequence in self._under_way if number in numbers]
        return Answer(tuple(f"+NQSOS:{number},{sequence}" for number, sequence in rows))

    COMMANDS: ClassVar[Commands] = {
        "+NQSOS": CommandForms(
            set=_read_under_way, read=lambda self, _now: self._list_under_way(SOCKETS)
        ),
        "+NSOCR": CommandForms(set=_create, test=""),
        "+NSOST": CommandForms(set=_send_to, test=""),
        "+NSOSTF": CommandForms(set=partial(_send_to, flagged=True), test=""),
        "+NSORF": CommandForms(set=_receive_from, test=""),
        "+NSOCL": CommandForms(set=_close, test=""),
    }
