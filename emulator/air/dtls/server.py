"""The end that is asked for sessions."""

from __future__ import annotations

from collections.abc import Callable
from hmac import compare_digest, digest
from secrets import token_bytes

from emulator.air.addresses import COAPS
from emulator.air.dtls import records
from emulator.air.dtls.end import SecureEnd
from emulator.air.dtls.psk import server_context
from emulator.air.dtls.session import Session


class SecureServer(SecureEnd):
    """Takes clients that have the key that belongs to their identity.

    `key_of(identity)` is asked in each handshake; None: unknown. It may not raise. Nothing is kept
    for a client before it has shown, by a cookie, that it receives at its address (RFC 6347 section
    4.2.1). A client that has lost its session makes a new one from the same address; the old one
    stays until then (section 4.2.8). What is sent to a peer without a session is lost: only its
    client can begin one.
    """

    def __init__(
        self,
        send_sealed: Callable[[str, bytes, float], None],
        deliver: Callable[[str, bytes, float], None],
        key_of: Callable[[str], bytes | None],
        *,
        on_note: Callable[[str], object] = lambda _text: None,
    ) -> None:
        super().__init__(send_sealed, deliver, on_note=on_note)
        self._key_of = key_of
        self._secret = token_bytes(32)  # a seed would let others make cookies
        self._cookie_for = ""
        self._context = server_context(
            self._find_key, self._cookie, lambda shown: compare_digest(shown, self._cookie())
        )
        self._listener = Session(self._context)

    def send(self, peer: str, data: bytes, now: float) -> None:
        address = peer.removeprefix(COAPS)
        session = self.sessions.get(address)
        if session is not None:
            self._transmit(address, session, data, now)
            self._update()

    def identity(self, peer: str) -> str | None:
        """What a peer has shown the key of; None: it has no session."""
        session = self.sessions.get(peer.removeprefix(COAPS))
        return None if session is None else session.identity

    def _take(self, address: str, found: list[bytes], now: float) -> None:
        self._cookie_for = address
        random = records.client_random(found[0])
        if random is None:
            super()._take(address, found, now)
            return
        for known in (self.handshakes.get(address), self.sessions.get(address)):
            if known is not None and known.random == random:
                self._feed(address, known, found, now)
                return
        listener = self._listener
        if listener.listen(b"".join(found)):
            self._listener = Session(self._context)
            self._begin(address, listener, now)
            return
        for made in listener.output():
            self._send_sealed(address, made, now)

    def _cookie(self) -> bytes:
        return digest(self._secret, self._cookie_for.encode(), "sha256")

    def _find_key(self, identity: str) -> bytes | None:
        assert self._running is not None
        self._running.identity = identity
        return self._key_of(identity)
