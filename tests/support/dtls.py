"""A secure client and a secure server over the air in memory, with time by hand.

Tests take what they need of `emulator.air.dtls` from here: without the extra they are skipped.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

pytest.importorskip("OpenSSL", reason="DTLS was not tried: pip install 'm5310[dtls]'")

from emulator.air.dtls import client, end, psk, records
from emulator.air.dtls.client import SecureClient
from emulator.air.dtls.openssl import lib
from emulator.air.dtls.psk import Credentials
from emulator.air.dtls.server import SecureServer
from emulator.air.dtls.session import Session
from emulator.air.faults import Faults
from emulator.air.network import MemoryAir
from emulator.clock.deadlines import earliest

__all__ = ("CLIENT", "KEY", "KEYS", "SERVER", "Credentials", "Pair", "SecureClient")
__all__ += ("SecureServer", "Session", "client", "end", "lib", "psk", "records")

SERVER, CLIENT = "192.0.2.1:5684", "192.0.2.2:56830"
KEY = b"0123456789abcdef"
KEYS = {"device": KEY, "other": b"another key"}


class Pair:
    """`up` and `down`: what server and client were given. `sent`: sender and datagram, in order.

    `lose(sender, datagram)` says which datagrams are lost; `forged(source, to, datagram)` sends one
    in the name of another.
    """

    def __init__(self, identity: str = "device", key: bytes = KEY, **faults: float) -> None:
        self.now = 1000.0
        self.credentials: Credentials | None = Credentials(identity, key)
        self.air = MemoryAir(Faults(**{"latency": 0.1, **faults}))  # type: ignore[arg-type]
        self.sent: list[tuple[str, bytes]] = []
        self.lose: Callable[[str, bytes], bool] = lambda _sender, _datagram: False
        self.up: list[tuple[str, bytes]] = []
        self.down: list[tuple[str, bytes]] = []
        self.notes: list[str] = []
        self.start_server()
        self.start_client()

    def start_server(self) -> None:
        """A server that knows nothing of an earlier one."""
        self.server = SecureServer(
            lambda *sealed: self._send(SERVER, *sealed),
            lambda peer, data, _now: self.up.append((peer, data)),
            KEYS.get,
            on_note=lambda text: self.notes.append(f"server: {text}"),
        )
        self.air.attach(SERVER, lambda *arrived: self.server.receive(*arrived))

    def start_client(self) -> None:
        """A client that knows nothing of an earlier one, at the same address."""
        self.client = SecureClient(
            lambda *sealed: self._send(CLIENT, *sealed),
            lambda peer, data, _now: self.down.append((peer, data)),
            lambda _peer: self.credentials,
            on_note=lambda text: self.notes.append(f"client: {text}"),
        )
        self.air.attach(CLIENT, lambda *arrived: self.client.receive(*arrived))

    def ask(self, data: bytes = b"question") -> None:
        self.client.send(f"coaps://{SERVER}", data, self.now)

    def answer(self, data: bytes = b"answer") -> None:
        self.server.send(f"coaps://{CLIENT}", data, self.now)

    def forged(self, source: str, to: str, datagram: bytes) -> None:
        (self.server if to == SERVER else self.client).receive(source, datagram, self.now)

    def run(self, seconds: float = 5.0) -> None:
        until = self.now + seconds
        while True:
            due = earliest(self.air.deadline, self.server.due, self.client.due)
            if due is None or due > until:
                break
            self.now = max(self.now, due)
            self.air.step(self.now)
            for each in (self.server, self.client):
                if each.due is not None and each.due <= self.now:
                    due = each.step(self.now)
                    assert due is None or due > self.now
        self.now = until

    def of(self, sender: str) -> list[bytes]:
        """The datagrams that `sender` has sent."""
        return [datagram for source, datagram in self.sent if source == sender]

    def _send(self, source: str, destination: str, datagram: bytes, now: float) -> None:
        self.sent.append((source, datagram))
        if not self.lose(source, datagram):
            self.air.send(source, destination, datagram, now)
