"""An endpoint with DTLS behind a UDP socket of this machine, in real time."""

from __future__ import annotations

from typing import Any

from tests.support.coap_socket import CoapSocket
from tests.support.dtls import Credentials, SecureClient, SecureServer


class SecureSocket(CoapSocket):
    """A server with `keys`, or else a client with `credentials`. Its peers begin with coaps://."""

    def __init__(
        self,
        *,
        keys: dict[str, bytes] | None = None,
        credentials: Credentials | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.notes: list[str] = []
        made = super()._send, self.endpoint.receive
        self.secure: SecureServer | SecureClient = (
            SecureClient(*made, lambda _peer: credentials, on_note=self.notes.append)
            if keys is None
            else SecureServer(*made, keys.get, on_note=self.notes.append)
        )
        self.secure.on_change = self._plan
        self.receive = self.secure.receive
        self.parts.append(self.secure)

    def _send(self, peer: str, datagram: bytes, now: float) -> None:
        self.secure.send(peer, datagram, now)
