"""States of the registration, as a table.

TRANSITIONS lists every action that is legal in a state and every outcome of an exchange. An action
that is not listed is refused as not allowed.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto


class State(Enum):
    """State of the module's one OneNET instance."""

    ABSENT = auto()
    CONFIGURED = auto()
    REGISTERING = auto()
    REGISTERED = auto()
    UPDATING = auto()
    DEREGISTERING = auto()


class Event(Enum):
    """Actions of the host, and (the last four) what ends an exchange or a login."""

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
    LAPSED = auto()  # the lifetime is over, or the platform has deleted the device


# guess: a failed update ends the registration, as in other LwM2M clients; the host opens again
# (unless the style registers again).
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
        Event.LAPSED: State.CONFIGURED,
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
        Event.LAPSED: State.CONFIGURED,
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
