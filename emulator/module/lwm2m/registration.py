"""LwM2M registration: its states, and the register, update and deregister exchanges.

TRANSITIONS lists every action that is legal in a state and every outcome of an exchange. An action
that is not listed is refused as not allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum, auto

from emulator.air.messages import Deregister, Register, Response, Update, Uplink
from emulator.air.model import Path, ServerAddress
from emulator.module.lwm2m.exchange import Exchanges
from emulator.module.lwm2m.host import NotAllowed


class State(Enum):
    """State of the module's one OneNET instance."""

    ABSENT = auto()
    CONFIGURED = auto()
    REGISTERING = auto()
    REGISTERED = auto()
    UPDATING = auto()
    DEREGISTERING = auto()


class Event(Enum):
    """Actions of the host, and (the last three) outcomes of an exchange with the platform."""

    CONFIGURE = auto()
    ADD_INSTANCE = auto()
    DELETE_INSTANCE = auto()
    NOTIFY = auto()
    OPEN = auto()
    UPDATE = auto()
    CLOSE = auto()
    DELETE = auto()
    ACCEPTED = auto()
    REFUSED = auto()  # or not answered
    CLOSED = auto()  # or not answered


# guess: a failed update ends the registration, as in other LwM2M clients; the host opens again.
# guess: a logout during a login gives the login up; a newer update replaces the one under way.
TRANSITIONS: Mapping[State, Mapping[Event, State]] = {
    State.ABSENT: {
        Event.CONFIGURE: State.CONFIGURED,
    },
    State.CONFIGURED: {
        Event.ADD_INSTANCE: State.CONFIGURED,
        Event.DELETE_INSTANCE: State.CONFIGURED,
        Event.NOTIFY: State.CONFIGURED,
        Event.OPEN: State.REGISTERING,
        Event.DELETE: State.ABSENT,
    },
    State.REGISTERING: {
        Event.ADD_INSTANCE: State.REGISTERING,
        Event.DELETE_INSTANCE: State.REGISTERING,
        Event.NOTIFY: State.REGISTERING,
        Event.CLOSE: State.CONFIGURED,
        Event.DELETE: State.ABSENT,
        Event.ACCEPTED: State.REGISTERED,
        Event.REFUSED: State.CONFIGURED,
    },
    State.REGISTERED: {
        Event.ADD_INSTANCE: State.REGISTERED,
        Event.DELETE_INSTANCE: State.REGISTERED,
        Event.NOTIFY: State.REGISTERED,
        Event.UPDATE: State.UPDATING,
        Event.CLOSE: State.DEREGISTERING,
        Event.DELETE: State.ABSENT,
    },
    State.UPDATING: {
        Event.ADD_INSTANCE: State.UPDATING,
        Event.DELETE_INSTANCE: State.UPDATING,
        Event.NOTIFY: State.UPDATING,
        Event.UPDATE: State.UPDATING,
        Event.CLOSE: State.DEREGISTERING,
        Event.DELETE: State.ABSENT,
        Event.ACCEPTED: State.REGISTERED,
        Event.REFUSED: State.CONFIGURED,
    },
    State.DEREGISTERING: {
        Event.ADD_INSTANCE: State.DEREGISTERING,
        Event.DELETE_INSTANCE: State.DEREGISTERING,
        Event.CLOSE: State.DEREGISTERING,
        Event.DELETE: State.ABSENT,
        Event.CLOSED: State.CONFIGURED,
    },
}

# The platform has the module registered, as far as the module knows.
REGISTERED = frozenset({State.REGISTERED, State.UPDATING})
# Requests of the platform are served.
SERVING = REGISTERED | {State.DEREGISTERING}

Message = Register | Update | Deregister


class Registration:
    """`send` transmits a message; `ended` is called whenever a registration or an attempt ends, and
    when the instance is deleted.
    """

    def __init__(
        self, send: Callable[[Uplink], None], exchanges: Exchanges, ended: Callable[[], None]
    ) -> None:
        self.state = State.ABSENT
        self._send = send
        self._exchanges = exchanges
        self._ended = ended
        self._location = ""
        self._timeout = 0.0  # of the exchanges, in seconds
        self._update_mid = 0  # of the update under way

    def check(self, event: Event) -> None:
        """Raises NotAllowed when `event` is not legal now."""
        if event not in TRANSITIONS[self.state]:
            raise NotAllowed

    def transition(self, event: Event) -> None:
        """Enter the state that `event` leads to. Raises NotAllowed like `check`."""
        self.check(event)
        self.state = TRANSITIONS[self.state][event]
        if self.state in (State.CONFIGURED, State.ABSENT):
            self._exchanges.clear()
            self._ended()

    def open(
        self,
        endpoint: str,
        lifetime: int,
        objects: tuple[Path, ...],
        server: ServerAddress,
        timeout: float,
        now: float,
    ) -> None:
        """Register; without an answer it fails after `timeout` seconds."""
        self.transition(Event.OPEN)
        self._timeout = timeout
        mid = self._exchanges.next_mid()
        self._begin(Register(mid, endpoint, lifetime, objects, server), now)

    def update(self, lifetime: int, objects: tuple[Path, ...] | None, now: float) -> None:
        """Renew the registration, with a new list of objects unless that is None."""
        if self.state is State.UPDATING:
            self._exchanges.end(self._update_mid)
        self.transition(Event.UPDATE)
        self._update_mid = self._exchanges.next_mid()
        self._begin(Update(self._update_mid, self._location, lifetime, objects), now)

    def close(self, now: float) -> None:
        """Deregister. An update or a report that waits for its answer is dropped."""
        registered = self.state in REGISTERED
        self.transition(Event.CLOSE)
        if registered:
            self._exchanges.clear()
            self._begin(Deregister(self._exchanges.next_mid(), self._location), now)

    def delete(self) -> None:
        """Delete the instance. One that is registered says so to the platform (observed on a later
        module), and does not wait for the answer.
        """
        registered = self.state in REGISTERED
        self.transition(Event.DELETE)
        if registered:
            self._send(Deregister(self._exchanges.next_mid(), self._location))

    def _begin(self, message: Message, now: float) -> None:
        # guess: the timeout of the register request bounds the other two as well
        self._exchanges.begin(message, now, within=self._timeout)
        self._send(message)

    def conclude(self, message: Message, response: Response | None) -> bool:
        """End an exchange with the platform's response (None: it expired); whether it succeeded.

        A deregistration always succeeds.
        """
        if isinstance(message, Deregister):
            self.transition(Event.CLOSED)
            return True
        accepted = response is not None and response.code.success
        if isinstance(message, Register):
            location = None if response is None else response.location
            accepted = accepted and location is not None
            self._location = location or ""
        self.transition(Event.ACCEPTED if accepted else Event.REFUSED)
        return accepted
