"""UDP sockets of the module: NSOCR, NSOST, NSORF, NSOCL and the announcement NSONMI."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from ipaddress import AddressValueError, IPv4Address

from emulator.module.at.codec import Cme, Refusal, from_hex
from emulator.module.at.commands import OK, Answer, Forms, Table, Values

SOCKETS = range(7)
DATAGRAM_LIMIT = 512  # bytes; seen in host programs
QUEUE_LIMIT = 8  # datagrams that wait in one socket, newer ones are lost; a guess

_PORTS = (0, 0xFFFF)
_UDP = 17  # IANA's protocol number
_FIRST_EPHEMERAL = 49_152  # RFC 6335 6; where port 0 asks for any


@dataclass(frozen=True, slots=True)
class Datagram:
    """On its way to `address`:`port`, or come from there; `local_port` is the module's own."""

    local_port: int
    address: str
    port: int
    data: bytes


@dataclass(slots=True)
class _Socket:
    port: int
    receives: bool
    waiting: deque[Datagram] = field(default_factory=deque)


def address_of(text: str) -> str:
    """An IPv4 address in its usual form. Raises Refusal."""
    try:
        return str(IPv4Address(text))
    except AddressValueError:
        raise Refusal(Cme.INCORRECT_PARAMETERS) from None


class Sockets:
    """`urc` writes an unsolicited line, `send` a datagram out; `online` asks the radio.

    `ports` are the local UDP ports of the open sockets, by the socket's number; not to be changed.
    """

    def __init__(
        self,
        urc: Callable[[str], None],
        send: Callable[[Datagram], None],
        online: Callable[[], bool],
    ) -> None:
        self._urc = urc
        self._send = send
        self._online = online
        self.ports: dict[int, int] = {}
        self._open: dict[int, _Socket] = {}

    def commands(self) -> Table:
        return {
            "+NSOCR": Forms(assign=self._create, test=""),
            "+NSOST": Forms(assign=self._send_to, test=""),
            "+NSORF": Forms(assign=self._receive_from, test=""),
            "+NSOCL": Forms(assign=self._close, test=""),
        }

    @property
    def open(self) -> tuple[int, ...]:
        """The numbers of the open sockets."""
        return tuple(sorted(self._open))

    def deliver(self, number: int, address: str, port: int, data: bytes) -> None:
        """A datagram came for socket `number`. Lost when that is closed, full or not listening."""
        socket = self._open.get(number)
        if socket is None or not socket.receives or len(socket.waiting) >= QUEUE_LIMIT:
            return
        if not data or len(data) > DATAGRAM_LIMIT:
            return
        socket.waiting.append(Datagram(socket.port, address, port, data))
        self._urc(f"+NSONMI:{number},{len(data)}")

    def _create(self, values: Values, _now: float) -> Answer:
        values.word("DGRAM")
        values.integer(_UDP, _UDP)
        port = values.integer(*_PORTS)
        receives = values.optional_integer(0, 1)
        values.end()
        taken = self.ports.values()
        number = next((n for n in SOCKETS if n not in self._open), None)
        if number is None or port in taken:
            raise Refusal(Cme.NOT_ALLOWED)
        if port == 0:
            port = next(p for p in range(_FIRST_EPHEMERAL, 0x10000) if p not in taken)
        self._open[number] = _Socket(port, receives=receives != 0)
        self.ports[number] = port
        return Answer((str(number),))

    def _find(self, number: int) -> _Socket:
        if number not in self._open:
            raise Refusal(Cme.NOT_ALLOWED)
        return self._open[number]

    def _send_to(self, values: Values, _now: float) -> Answer:
        number = values.integer(SOCKETS.start, SOCKETS.stop - 1)
        address = address_of(values.word("[0-9.]+"))
        port = values.integer(1, 0xFFFF)
        length = values.integer(1, DATAGRAM_LIMIT)
        data = from_hex(values.word("[0-9A-Fa-f]+"))
        values.end()
        if length != len(data):
            raise Refusal(Cme.INCORRECT_PARAMETERS)
        socket = self._find(number)
        if not self._online():
            raise Refusal(Cme.NO_NETWORK)
        self._send(Datagram(socket.port, address, port, data))
        return Answer((f"{number},{length}",))

    def _receive_from(self, values: Values, _now: float) -> Answer:
        """Hand over the oldest datagram, or as much of it as is asked for."""
        number = values.integer(SOCKETS.start, SOCKETS.stop - 1)
        wanted = values.integer(1, DATAGRAM_LIMIT)
        values.end()
        waiting = self._find(number).waiting
        if not waiting:
            return OK
        datagram = waiting.popleft()
        part, rest = datagram.data[:wanted], datagram.data[wanted:]
        if rest:
            waiting.appendleft(replace(datagram, data=rest))
        origin = f"{datagram.address},{datagram.port}"
        return Answer((f"{number},{origin},{len(part)},{part.hex().upper()},{len(rest)}",))

    def _close(self, values: Values, _now: float) -> Answer:
        number = values.integer(SOCKETS.start, SOCKETS.stop - 1)
        values.end()
        self._find(number)
        del self._open[number], self.ports[number]
        return OK
