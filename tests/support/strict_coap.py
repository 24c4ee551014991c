"""The CoAP of the strict servers: bytes by aiocoap's codec, rules of RFC 7252 and 7641 by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiocoap import Message
from aiocoap.numbers import Code, Type

from tests.support.strict_formats import Fault

CON, NON, ACK, RST = Type.CON, Type.NON, Type.ACK, Type.RST

# RFC 7252 table 4, RFC 7641, RFC 7959. Others that are odd get 4.02 (RFC 7252 5.4.1).
_OPTIONS = {1, 3, 4, 5, 6, 7, 8, 11, 12, 14, 15, 17, 20, 23, 27, 28, 35, 39, 60}


class Refusal(Exception):
    """A request of the client that gets an error code."""

    def __init__(self, code: Code, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason


@dataclass
class Exchange:
    """A request of the server. `answer`: None until it came; `fault`: what is wrong with it."""

    datagram: bytes
    code: Code
    path: str
    accept: int | None
    observe: int | None
    mid: int
    token: bytes
    peer: str
    on_answer: Callable[[Exchange, float], None]
    answer: Message | None = None
    datagrams: list[bytes] = field(default_factory=list)  # of the answer, each arrival
    acknowledged: bool = False

    @property
    def result(self) -> str:
        """`2.05` and so on; empty while there is no answer."""
        return "" if self.answer is None else self.answer.code.dotted


class StrictPeer:
    """`send(peer, datagram, now)`. `faults` has what peers did against the rules."""

    def __init__(self, send: Callable[[str, bytes, float], None], *, first_mid: int) -> None:
        self._send = send
        self._mid = first_mid
        self.faults: list[str] = []
        self.exchanges: dict[bytes, Exchange] = {}
        self.received: list[Message] = []
        self._answered: dict[tuple[str, int, bytes], tuple[bytes, bytes]] = {}
        self._notified: dict[tuple[str, int, bytes], bool] = {}  # whether it was taken

    # --- to be defined by the server ---------------------------------------------------------

    def serve(self, peer: str, message: Message, now: float) -> Message:
        """Answer a request. Raises Refusal."""
        raise NotImplementedError

    def notified(self, peer: str, message: Message, now: float) -> bool:
        """Take a notification; False: there is no such observation."""
        raise NotImplementedError

    # --- out -----------------------------------------------------------------------------------

    def request(
        self,
        peer: str,
        code: Code,
        path: str,
        now: float,
        payload: bytes = b"",
        *,
        content_format: int | None = None,
        accept: int | None = None,
        observe: int | None = None,
        query: str = "",
        token: bytes | None = None,
        on_answer: Callable[[Exchange, float], None] = lambda _exchange, _now: None,
    ) -> Exchange:
        message = Message(code=code, payload=payload)
        message.opt.uri_path = tuple(part for part in path.split("/") if part)
        message.opt.uri_query = tuple(part for part in query.split("&") if part)
        message.opt.content_format, message.opt.accept = content_format, accept
        message.opt.observe = observe
        self._mid = (self._mid + 1) & 0xFFFF
        message.mtype, message.mid = CON, self._mid
        message.token = token or b"\xf0\x0d" + self._mid.to_bytes(2) + b"\xc0\xde\x12\x34"
        datagram = message.encode()
        made = Exchange(
            datagram,
            *(code, path, accept, observe, self._mid, message.token, peer, on_answer),
        )
        self.exchanges[message.token] = made
        self._send(peer, datagram, now)
        return made

    def repeat(self, exchange: Exchange, now: float) -> None:
        """Send its request again, as if the answer had been lost."""
        self._send(exchange.peer, exchange.datagram, now)

    def _empty(self, peer: str, kind: Type, mid: int, now: float) -> None:
        self._send(peer, bytes((0x40 | kind << 4, 0)) + mid.to_bytes(2), now)

    # --- in ------------------------------------------------------------------------------------

    def receive(self, peer: str, datagram: bytes, now: float) -> None:
        try:
            message = Message.decode(datagram)
        except Exception as error:  # whatever aiocoap's reader raises
            self.faults.append(f"cannot be read: {datagram.hex()}: {error!r}")
            return
        self.received.append(message)
        try:
            self._receive(peer, message, datagram, now)
        except Fault as fault:
            self.faults.append(str(fault))

    def _receive(self, peer: str, message: Message, datagram: bytes, now: float) -> None:
        if message.code is Code.EMPTY:
            if len(datagram) != 4:
                raise Fault(f"an empty message of {len(datagram)} bytes (RFC 7252 4.1)")
            self._on_empty(peer, message, now)
        elif message.code.is_request():
            if message.mtype not in (CON, NON):
                raise Fault(f"a request of type {message.mtype.name} (RFC 7252 table 1)")
            self._on_request(peer, message, datagram, now)
        elif message.mtype is RST:
            raise Fault("a reset that is not empty (RFC 7252 4.2)")
        else:
            self._on_response(peer, message, datagram, now)

    def _on_empty(self, peer: str, message: Message, now: float) -> None:
        if message.mtype is CON:  # a ping
            self._empty(peer, RST, message.mid, now)
        elif message.mtype is NON:
            raise Fault("an empty message of type NON (RFC 7252 table 1)")
        else:
            asked = [each for each in self.exchanges.values() if each.mid == message.mid]
            if not asked:
                raise Fault(f"{message.mtype.name} for the unknown message {message.mid}")
            if message.mtype is RST:
                raise Fault(f"{asked[0].code} {asked[0].path} was answered by a reset")
            asked[0].acknowledged = True

    def _on_request(self, peer: str, message: Message, datagram: bytes, now: float) -> None:
        key = peer, message.mid, message.token
        if key in self._answered:  # a repetition
            before, reply = self._answered[key]
            if before != datagram:
                raise Fault(f"message id {message.mid} was used again within 247 s (RFC 7252 4.4)")
            self._send(peer, reply, now)
            return
        try:
            unknown = _unknown(message)
            if unknown:
                raise Refusal(Code.BAD_OPTION, f"critical option {unknown[0]}")
            response = self.serve(peer, message, now)
        except Refusal as refusal:
            self.faults.append(f"{message.code} /{'/'.join(message.opt.uri_path)}: {refusal}")
            response = Message(code=refusal.code, payload=refusal.reason.encode())
        response.mtype = ACK if message.mtype is CON else NON
        response.mid, response.token = message.mid, message.token
        reply = response.encode()
        self._answered[key] = datagram, reply
        self._send(peer, reply, now)

    def _on_response(self, peer: str, message: Message, datagram: bytes, now: float) -> None:
        unknown = _unknown(message)
        if unknown:
            raise Fault(f"a response with the critical option {unknown[0]} (RFC 7252 5.4.1)")
        exchange = self.exchanges.get(message.token)
        if exchange is not None and message.mid == exchange.mid and message.mtype is ACK:
            self._on_answer(exchange, message, datagram, now)
        elif message.mtype is ACK:
            raise Fault(f"an acknowledgement of the unknown message {message.mid}")
        elif exchange is not None and exchange.answer is None and message.opt.observe is None:
            if not exchange.acknowledged:
                raise Fault("a separate response before the acknowledgement")
            if message.mtype is CON:
                self._empty(peer, ACK, message.mid, now)
            self._on_answer(exchange, message, datagram, now)
        else:
            key = peer, message.mid, message.token
            taken = self._notified.get(key)
            if taken is None:
                taken = self._notified[key] = self.notified(peer, message, now)
            if not taken:
                self._empty(peer, RST, message.mid, now)
            elif message.mtype is CON:
                self._empty(peer, ACK, message.mid, now)

    def _on_answer(self, exchange: Exchange, message: Message, datagram: bytes, now: float) -> None:
        exchange.datagrams.append(datagram)
        if exchange.answer is None:
            exchange.answer = message
            exchange.on_answer(exchange, now)
        elif datagram != exchange.datagrams[0]:
            raise Fault(f"{exchange.path}: a repeated request got another answer (RFC 7252 4.5)")


def _unknown(message: Message) -> list[int]:
    numbers = [int(option.number) for option in message.opt.option_list()]
    return [number for number in numbers if number % 2 and number not in _OPTIONS]


def reply(code: Code, **options: Any) -> Message:
    made = Message(code=code)
    for name, value in options.items():
        setattr(made.opt, name, value)
    return made
