"""What both roles have in common: sessions by peer, with their deadlines and bounds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable

from emulator.air.addresses import COAPS
from emulator.air.dtls import records
from emulator.air.dtls.session import MAX_DATAGRAM, Session
from emulator.clock.deadlines import Deadlines, earliest

# guess: seconds. A handshake that takes longer is given up; NB-IoT needs up to 30 for one.
HANDSHAKE_TIME = 60.0
# Seconds until a handshake is looked at again for which it was, by OpenSSL's clock, too early.
LOOK_AGAIN = 0.01
# guess: seconds. A session in which nothing came for longer is closed. Longer than a day, which is
# the longest lifetime that OneNET's devices commonly register for.
IDLE_TIME = 90_000.0
# guess: bound memory; a session needs about 75 KB. The session in which nothing came for longest,
# or the handshake that began first, is dropped for a new one.
MAX_SESSIONS = 4096
MAX_HANDSHAKES = 1024


class SecureEnd(ABC):
    """One end of DTLS-PSK between a CoAP endpoint and one address of an air.

    The endpoint's peers are texts like `coaps://192.0.2.1:5684`, the air's without the scheme.
    `send_sealed(address, datagram, now)` sends into the air, `deliver(peer, data, now)` gives to
    the endpoint. `on_note` gets a text for each handshake that fails.

    `due`: call `step` then; `on_change` is called when anything else has changed it.
    """

    def __init__(
        self,
        send_sealed: Callable[[str, bytes, float], None],
        deliver: Callable[[str, bytes, float], None],
        *,
        on_note: Callable[[str], object] = lambda _text: None,
    ) -> None:
        self.due: float | None = None
        self.on_change: Callable[[], None] = lambda: None
        self.sessions: OrderedDict[str, Session] = OrderedDict()  # last the one that sent last
        self.handshakes: dict[str, Session] = {}  # last the one that began last
        self._send_sealed = send_sealed
        self._deliver = deliver
        self._on_note = on_note
        self._running: Session | None = None  # while OpenSSL may ask for a key
        self._timers: Deadlines[str] = Deadlines()  # of handshakes

    @abstractmethod
    def send(self, peer: str, data: bytes, now: float) -> None:
        """Send the endpoint's datagram to `peer`."""

    def receive(self, address: str, datagram: bytes, now: float) -> None:
        """Take a datagram of the air, which may be anything; never raises."""
        found = records.split(datagram)
        if found and len(datagram) <= MAX_DATAGRAM:
            self._take(address, found, now)
            self._update()

    def step(self, now: float) -> float | None:
        """Do what is due: repetitions, and the end of what has waited too long.

        Returns `due`, which is later than `now`.
        """
        for address in self._timers.pop_due(now):
            session = self.handshakes[address]
            if session.started + HANDSHAKE_TIME <= now:
                session.ended = "no answer"
            else:
                session.repeat()
            self._go_on(address, session, now)
        while self.sessions and self._oldest().last_received + IDLE_TIME <= now:
            self._close(*self.sessions.popitem(last=False), now)
        self._update()
        return self.due

    def drop(self, peer: str, now: float) -> None:
        """End the session with `peer`: its key is no longer valid, or it does not answer."""
        address = peer.removeprefix(COAPS)
        self._forget_handshake(address)
        session = self.sessions.pop(address, None)
        if session is not None:
            self._close(address, session, now)
        self._update()

    def close(self, now: float) -> None:
        """End all sessions."""
        for address in (*self.handshakes, *self.sessions):
            self.drop(address, now)

    def _take(self, address: str, found: list[bytes], now: float) -> None:
        """Give the records of a datagram to the session that they are for."""
        session = self.sessions.get(address)
        handshake = self.handshakes.get(address)
        if handshake is not None and (
            session is None or records.epoch(found[0]) == 0 or found[0][0] == records.HANDSHAKE
        ):
            session = handshake
        if session is not None:
            self._feed(address, session, found, now)

    def _feed(self, address: str, session: Session, found: list[bytes], now: float) -> None:
        self._running = session
        received = session.receive(found)
        self._running = None
        if received:
            self._received(address, session, now)
        self._go_on(address, session, now)
        for data in received:
            self._deliver(COAPS + address, data, now)

    def _received(self, address: str, session: Session, now: float) -> None:
        session.last_received = now
        session.unanswered = 0
        if self.sessions.get(address) is session:
            self.sessions.move_to_end(address)

    def _go_on(self, address: str, session: Session, now: float) -> None:
        """Send what a session has to send, and see what has become of it."""
        for made in session.output():
            self._send_sealed(address, made, now)
        in_handshake = self.handshakes.get(address) is session
        if session.ended:
            if in_handshake:
                self._forget_handshake(address)
                who = f" as {session.identity!r}" if session.identity else ""
                self._on_note(f"no DTLS session with {address}{who}: {session.ended}")
            elif self.sessions.get(address) is session:
                del self.sessions[address]
        elif in_handshake and session.established:
            self._forget_handshake(address)
            self._keep(address, session, now)
        elif in_handshake:
            due = session.started + HANDSHAKE_TIME
            if (wait := session.wait) is not None:
                due = min(due, now + max(wait, LOOK_AGAIN))
            self._timers.set(address, due)

    def _keep(self, address: str, session: Session, now: float) -> None:
        """A handshake has ended well; the session is in place of an earlier one from now on."""
        self.sessions.pop(address, None)
        if len(self.sessions) >= MAX_SESSIONS:
            self._close(*self.sessions.popitem(last=False), now)
        self.sessions[address] = session
        self._received(address, session, now)
        waiting, session.waiting = session.waiting, []
        for data in waiting:
            self._transmit(address, session, data, now)

    def _transmit(self, address: str, session: Session, data: bytes, now: float) -> None:
        if not session.unanswered:
            session.asked = now
        session.unanswered += 1
        session.send(data)
        self._go_on(address, session, now)

    def _begin(self, address: str, session: Session, now: float) -> None:
        """Begin a handshake, in place of an earlier one."""
        self._forget_handshake(address)
        if len(self.handshakes) >= MAX_HANDSHAKES:
            self._forget_handshake(next(iter(self.handshakes)))
        session.started = now
        self.handshakes[address] = session
        self._feed(address, session, [], now)

    def _forget_handshake(self, address: str) -> None:
        if self.handshakes.pop(address, None) is not None:
            self._timers.set(address, None)

    def _close(self, address: str, session: Session, now: float) -> None:
        session.close()
        for made in session.output():
            self._send_sealed(address, made, now)

    def _oldest(self) -> Session:
        return next(iter(self.sessions.values()))

    def _update(self) -> None:
        idle = self._oldest().last_received + IDLE_TIME if self.sessions else None
        due = earliest(self._timers.next, idle)
        if due != self.due:
            self.due = due
            self.on_change()
