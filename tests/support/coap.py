"""An endpoint under test, with what it sends, and the calls that it makes."""

from __future__ import annotations

from typing import Any

from aiocoap import Message
from aiocoap.numbers import Code, Type

from emulator.coap.endpoint import Endpoint
from emulator.coap.server import Incoming
from emulator.coap.tuning import Tuning

PEER = "192.0.2.1:5683"


def message(
    code: Code,
    path: str = "",
    payload: bytes = b"",
    *,
    confirmable: bool = True,
    **options: Any,
) -> Message:
    """A message for `Endpoint.request` or `Incoming.respond`; options by aiocoap's names."""
    made = Message(code=code, payload=payload)
    made.opt.uri_path = tuple(part for part in path.split("/") if part)
    made.mtype = None if confirmable else Type.NON
    for name, value in options.items():
        setattr(made.opt, name, value)
    return made


class Bench:
    """An endpoint whose peers are the test: bytes in, bytes out, time by hand."""

    def __init__(self, tuning: Tuning | None = None, **options: Any) -> None:
        self.now = 1000.0
        self.sent: list[tuple[str, str]] = []  # peer, hexadecimal digits; `takes` empties it
        self.times: list[float] = []
        self.requests: list[Incoming] = []
        self.responses: list[Message | None] = []
        self.notifications: list[tuple[str, bytes]] = []
        self.accepts = True
        self.changes = 0
        tuning = tuning or Tuning(ack_random=1.0)
        options.setdefault("first_mid", 0x7D34)
        self.endpoint = Endpoint(self._send, tuning=tuning, **options)
        self.endpoint.serve = self._serve
        self.endpoint.on_change = self._on_change

    def _send(self, peer: str, datagram: bytes, now: float) -> None:
        self.sent.append((peer, datagram.hex()))
        self.times.append(now)

    def _serve(self, incoming: Incoming, now: float) -> None:
        assert now == self.now
        self.requests.append(incoming)

    def _on_change(self) -> None:
        self.changes += 1

    def on_response(self, response: Message | None, now: float) -> None:
        assert now == self.now
        self.responses.append(response)

    def on_notification(self, peer: str, notification: Message, now: float) -> bool:
        assert now == self.now
        self.notifications.append((peer, notification.payload))
        return self.accepts

    def receives(self, digits: str, peer: str = PEER) -> None:
        self.endpoint.receive(peer, bytes.fromhex(digits), self.now)

    def takes(self) -> list[str]:
        """What it sent to `PEER` since the last call, as hexadecimal digits."""
        assert all(peer == PEER for peer, _ in self.sent)
        taken = [digits for _, digits in self.sent]
        self.sent.clear()
        return taken

    def elapse(self, seconds: float) -> list[float]:
        """Let time pass; returns when something was sent, in seconds from the beginning."""
        begin, self.times = self.now, []
        while self.endpoint.due is not None and self.endpoint.due <= begin + seconds:
            self.now = max(self.now, self.endpoint.due)
            self.endpoint.step(self.now)
        self.now = begin + seconds
        return [at - begin for at in self.times]
