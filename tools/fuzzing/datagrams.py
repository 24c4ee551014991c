"""Fuzz target: CoAP datagrams to an endpoint that serves, asks and observes."""

from __future__ import annotations

from collections.abc import Iterator

from aiocoap import Message
from aiocoap.numbers import Code

from emulator.coap.description import describe
from emulator.coap.endpoint import Endpoint
from emulator.coap.messages import AUTHENTICATION, RECOGNIZED_OPTIONS, MalformedMessage, decode
from emulator.coap.server import Incoming
from emulator.coap.tuning import Tuning
from tests.support import captures
from tools.fuzzing.module_run import ContractBroken

PEERS = ("192.0.2.1:5683", "192.0.2.2:5683")
WORDS = ("rd", "bs", "ep=", "lt=", "3303", "\x60", "a\x0b")
KNOWN = frozenset({AUTHENTICATION})
WAITS = (0.0, 0.5, 20.0, 150.0)
LAST_DEADLINE = 10_000.0
"""Seconds after which nothing may be open any more."""


def seeds() -> Iterator[bytes]:
    """Each capture. A datagram follows a byte (peer and wait) and its length in two bytes."""
    for file in captures.FILES:
        datagrams = captures.datagrams(file.stem)
        yield b"".join(
            bytes((place % 2,)) + len(datagram).to_bytes(2, "big") + datagram
            for place, datagram in enumerate(datagrams[:40])
        )


def play(data: bytes) -> None:
    run = _Run()
    while data:
        head, length, rest = data[0], int.from_bytes(data[1:3], "big"), data[3:]
        run.elapse(WAITS[head >> 1 & 3])
        run.endpoint.receive(PEERS[head & 1], rest[:length], run.now)
        data = rest[length:]
    run.elapse(LAST_DEADLINE)
    if run.endpoint.due is not None or run.calls != [1, 1, 1]:
        raise ContractBroken(f"due {run.endpoint.due}, calls {run.calls}: expected None, one each")


class _Run:
    """Three requests are open from the beginning: a plain one, a long one, an observation."""

    def __init__(self) -> None:
        self.now = 0.0
        self.calls = [0, 0, 0]
        tuning = Tuning(block_size=32, max_body=300)
        self.endpoint = Endpoint(self._send, tuning=tuning, known_options=KNOWN, first_mid=0x4567)
        self.endpoint.serve = self._serve
        for number, payload in enumerate((b"", bytes(100), b"")):
            request = Message(code=Code.POST if payload else Code.GET, payload=payload)
            request.opt.observe = 0 if number == 2 else None
            self.endpoint.request(
                PEERS[0],
                request,
                lambda _response, _now, number=number: self._count(number),  # type: ignore[misc]
                self.now,
                token=bytes([0x50, number]),
                on_notification=(lambda *_: None) if number == 2 else None,
            )

    def _count(self, number: int) -> None:
        self.calls[number] += 1

    def _send(self, _peer: str, datagram: bytes, _now: float) -> None:
        try:
            decode(datagram, RECOGNIZED_OPTIONS | KNOWN)
        except MalformedMessage as error:
            raise ContractBroken(f"it sent {datagram.hex()}: {error}") from error

    def _serve(self, incoming: Incoming, now: float) -> None:
        describe(incoming.message)
        if len(incoming.message.payload) % 2:
            incoming.acknowledge(now)
        response = Message(code=Code.CONTENT, payload=incoming.message.payload)
        response.opt.observe = incoming.message.opt.observe
        incoming.respond(response, now)

    def elapse(self, seconds: float) -> None:
        until = self.now + seconds
        while self.endpoint.due is not None and self.endpoint.due <= until:
            self.now = max(self.now, self.endpoint.due)
            self.endpoint.step(self.now)
        self.now = until
