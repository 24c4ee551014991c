"""The end that asks for sessions."""

from __future__ import annotations

from collections.abc import Callable

from emulator.air.addresses import COAPS
from emulator.air.dtls.end import SecureEnd
from emulator.air.dtls.psk import Credentials, client_context
from emulator.air.dtls.session import Session

# guess: bounds memory. Datagrams that wait for one handshake.
MAX_WAITING = 16

# guess: a server that has lost the session cannot say so. If so many datagrams have got no answer,
# the first of them so many seconds ago, the next one goes through a new session. Less than CoAP's
# repetitions of one message, so that the message itself still arrives.
MAX_UNANSWERED = 3
MAX_SILENCE = 10.0


class SecureClient(SecureEnd):
    """Begins a session with each server that something is sent to.

    `credentials_of(peer)`: what to show there; None: there is no key, and the datagram is lost, as
    it is with invalid ones.
    Datagrams wait for the handshake; if it fails, they are lost, and the next one begins another.
    """

    def __init__(
        self,
        send_sealed: Callable[[str, bytes, float], None],
        deliver: Callable[[str, bytes, float], None],
        credentials_of: Callable[[str], Credentials | None],
        *,
        on_note: Callable[[str], object] = lambda _text: None,
    ) -> None:
        super().__init__(send_sealed, deliver, on_note=on_note)
        self._credentials_of = credentials_of
        self._context = client_context(self._shown)

    def send(self, peer: str, data: bytes, now: float) -> None:
        address = peer.removeprefix(COAPS)
        session = self.sessions.get(address)
        if session is not None and _is_silent(session, now):
            self.drop(address, now)  # a server that still has it would ignore a new handshake
            session = None
        if session is not None:
            self._transmit(address, session, data, now)
        elif address not in self.handshakes:
            self._ask(address, data, now)
        elif len(self.handshakes[address].waiting) < MAX_WAITING:
            self.handshakes[address].waiting.append(data)
        self._update()

    def _ask(self, address: str, data: bytes, now: float) -> None:
        credentials = self._credentials_of(COAPS + address)
        try:
            if credentials is None:
                raise ValueError("no key for this server")
            credentials.check()
        except ValueError as error:
            self._on_note(f"datagram to {COAPS}{address} lost: {error}")
            return
        session = Session(self._context, credentials)
        session.waiting.append(data)
        self._begin(address, session, now)

    def _shown(self) -> Credentials:
        assert self._running is not None
        credentials = self._running.credentials
        assert credentials is not None
        return credentials


def _is_silent(session: Session, now: float) -> bool:
    return session.unanswered >= MAX_UNANSWERED and now - session.asked >= MAX_SILENCE
