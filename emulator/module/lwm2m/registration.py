"""The login of the OneNET instance: its states, and register, update and deregister.

Every command that is legal in a state, and every turn the platform can give it, stands in
TRANSITIONS; a command that is not there is refused as not allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import assert_never

from emulator.air.messages import Deregister, Path, Register, Response, Update, Uplink
from emulator.module.at.codec import Cme, Refusal
from emulator.module.lwm2m.exchange import Exchanges

OPEN_TIMEOUT = 30  # seconds where AT+MIPLOPEN names none; a guess


class State(Enum):
    """How far the one OneNET instance is."""

    ABSENT = auto()
    CONFIGURED = auto()
    REGISTERING = auto()
    REGISTERED = auto()
    UPDATING = auto()
    DEREGISTERING = auto()


class Event(Enum):
    """Commands of the host, and (the last three) what comes of the exchange with the platform."""

    CONF = "MIPLCONF"
    ADDOBJ = "MIPLADDOBJ"
    DELOBJ = "MIPLDELOBJ"
    NOTIFY = "MIPLNOTIFY"
    OPEN = "MIPLOPEN"
    UPDATE = "MIPLUPDATE"
    CLOSE = "MIPLCLOSE"
    DEL = "MIPLDEL"
    ACCEPTED = "accepted"
    REFUSED = "refused or not answered"
    CLOSED = "deregistered, or not answered"


# An update that fails ends the login: the host opens again. A guess, after what LwM2M clients do.
TRANSITIONS: Mapping[State, Mapping[Event, State]] = {
    State.ABSENT: {
        Event.CONF: State.CONFIGURED,
    },
    State.CONFIGURED: {
        Event.ADDOBJ: State.CONFIGURED,
        Event.DELOBJ: State.CONFIGURED,
        Event.NOTIFY: State.CONFIGURED,
        Event.OPEN: State.REGISTERING,
        Event.DEL: State.ABSENT,
    },
    State.REGISTERING: {
        Event.ADDOBJ: State.REGISTERING,
        Event.DELOBJ: State.REGISTERING,
        Event.NOTIFY: State.REGISTERING,
        Event.ACCEPTED: State.REGISTERED,
        Event.REFUSED: State.CONFIGURED,
    },
    State.REGISTERED: {
        Event.ADDOBJ: State.REGISTERED,
        Event.DELOBJ: State.REGISTERED,
        Event.NOTIFY: State.REGISTERED,
        Event.UPDATE: State.UPDATING,
        Event.CLOSE: State.DEREGISTERING,
    },
    State.UPDATING: {
        Event.ADDOBJ: State.UPDATING,
        Event.DELOBJ: State.UPDATING,
        Event.NOTIFY: State.UPDATING,
        Event.CLOSE: State.DEREGISTERING,
        Event.ACCEPTED: State.REGISTERED,
        Event.REFUSED: State.CONFIGURED,
    },
    State.DEREGISTERING: {
        Event.DELOBJ: State.DEREGISTERING,
        Event.CLOSED: State.CONFIGURED,
    },
}

# Where the platform has the module on its list, as far as the module knows.
LOGGED_IN = frozenset({State.REGISTERED, State.UPDATING})
# Where requests of the platform are served.
SERVING = LOGGED_IN | {State.DEREGISTERING}


class Login:
    """`urc` writes an unsolicited line, `send` a message into the air.

    `ended` is called on every way out of a login, and when the instance is deleted.
    """

    def __init__(
        self,
        urc: Callable[[str], None],
        send: Callable[[Uplink], None],
        exchanges: Exchanges,
        ended: Callable[[], None],
    ) -> None:
        self.state = State.ABSENT
        self._urc = urc
        self._send = send
        self._exchanges = exchanges
        self._ended = ended
        self._location = ""
        self._timeout = float(OPEN_TIMEOUT)

    def check(self, event: Event) -> None:
        """Raises Refusal when `event` is not legal now."""
        if event not in TRANSITIONS[self.state]:
            raise Refusal(Cme.NOT_ALLOWED)

    def turn(self, event: Event) -> None:
        """Enter the state that `event` leads to; `check` has been asked, or the turn is awaited."""
        self.state = TRANSITIONS[self.state][event]
        if self.state in (State.CONFIGURED, State.ABSENT):
            self._exchanges.clear()
            self._ended()

    def open(
        self, endpoint: str, lifetime: int, objects: tuple[Path, ...], timeout: float, now: float
    ) -> None:
        """Register; `timeout` seconds later at the latest the host is told what came of it."""
        self.turn(Event.OPEN)
        self._timeout = timeout
        self._begin(Register(self._exchanges.next_mid(), endpoint, lifetime, objects), now)

    def update(self, lifetime: int, objects: tuple[Path, ...] | None, now: float) -> None:
        """Renew the registration, with a new list of objects if one is given."""
        self.turn(Event.UPDATE)
        self._begin(Update(self._exchanges.next_mid(), self._location, lifetime, objects), now)

    def close(self, now: float) -> None:
        """Deregister. An update or a report that is still on its way has lost its purpose."""
        self._exchanges.clear()
        self.turn(Event.CLOSE)
        self._begin(Deregister(self._exchanges.next_mid(), self._location), now)

    def _begin(self, message: Register | Update | Deregister, now: float) -> None:
        # The timeout of AT+MIPLOPEN bounds all three; for the latter two that is a guess.
        self._exchanges.begin(message, now, within=self._timeout)
        self._send(message)

    def answered(self, message: Register | Update | Deregister, response: Response) -> None:
        """The platform has answered `message`."""
        accepted = response.code.success
        if isinstance(message, Register):
            accepted = accepted and response.location is not None
            self._location = response.location or ""
        self._conclude(message, accepted=accepted)

    def unanswered(self, message: Register | Update | Deregister) -> None:
        """The time for `message` is over."""
        self._conclude(message, accepted=False)

    def _conclude(self, message: Register | Update | Deregister, *, accepted: bool) -> None:
        turn = Event.ACCEPTED if accepted else Event.REFUSED
        match message:
            case Register():
                self.turn(turn)
                self._urc(f"+MIPLOPEN:0,{int(accepted)}")
            case Update():
                self.turn(turn)
                self._urc(f"+MIPLUPDATE:0,{int(accepted)}")
            case Deregister():
                self.turn(Event.CLOSED)
                self._urc("+MIPLCLOSE:0,1")
            case _:
                assert_never(message)
