"""Every legal transition of the conversation and of the device, as tables.

A pair of state and event that no row lists is illegal: `StateError`. The diagrams in the
documentation are generated from these rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from transitions import Machine

from m5310.errors import StateError

S = TypeVar("S", bound=Enum)
E = TypeVar("E", bound=Enum)


class Table(Generic[S, E]):
    """The rows `(state, event, next state)` of one machine; the diagram shows the members' names.

    Raises ValueError on two rows for the same pair of state and event.
    """

    def __init__(self, name: str, initial: S, rows: Iterable[tuple[S, E, S]]) -> None:
        self.name = name
        self.initial = initial
        self.rows: Final = tuple(rows)
        pairs = [(state, event) for state, event, _ in self.rows]
        if len(set(pairs)) != len(pairs):
            raise ValueError(f"{name}: two rows for the same state and event")
        self._states = {state.name: state for row in self.rows for state in (row[0], row[2])}
        self._machine = Machine(
            model=None,
            states=list(self._states),
            transitions=[[event.name, state.name, to.name] for state, event, to in self.rows],
            initial=initial.name,
            auto_transitions=False,
        )
        # A look-up in the machine takes several times as long as a command of the engine.
        self.verdicts: dict[tuple[S, E], S | None] = {}
        """The next states that were looked up so far; None: illegal."""

    def after(self, state: S, event: E) -> S:
        """The state that `event` leads to. Raises StateError, which names the legal events."""
        target = self._verdict(state, event)
        if target is None:
            legal = ", ".join(sorted(e.name for s, e, _ in self.rows if s is state)) or "nothing"
            raise StateError(
                f"{self.name}: {event.name} is not legal while {state.name} (legal now: {legal})"
            )
        return target

    def allows(self, state: S, event: E) -> bool:
        """Whether a row lists the pair."""
        return self._verdict(state, event) is not None

    def mermaid(self) -> str:
        """The rows as a Mermaid state diagram."""
        lines = ["stateDiagram-v2", f"    [*] --> {self.initial.name}"]
        lines += [f"    {s.name} --> {to.name}: {e.name.lower()}" for s, e, to in self.rows]
        return "\n".join(lines) + "\n"

    def _verdict(self, state: S, event: E) -> S | None:
        try:
            return self.verdicts[state, event]
        except KeyError:
            found = self._machine.get_transitions(event.name, state.name)
            verdict = self._states[str(found[0].dest)] if found else None
            return self.verdicts.setdefault((state, event), verdict)


class States(Generic[S, E]):
    """The present state of one user of a table."""

    __slots__ = ("_table", "state")

    def __init__(self, table: Table[S, E]) -> None:
        self._table = table
        self.state: S = table.initial

    def on(self, event: E) -> S:
        """Move, and return the new state. Raises StateError if no row lists the pair."""
        pair = self.state, event
        self.state = self._table.verdicts.get(pair) or self._table.after(*pair)
        return self.state

    def allows(self, event: E) -> bool:
        """Whether `on(event)` is legal now."""
        return self._table.allows(self.state, event)


# --- the device ------------------------------------------------------------------------------


class DeviceState(Enum):
    """The state of a device. The names from DEREGISTERED to DEREG_PENDING are the C kit's."""

    NEW = "new"  # nothing is configured in the module
    DEREGISTERED = "deregistered"
    REG_PENDING = "registration pending"
    REGISTERED = "registered"
    REG_FAILED = "registration failed"
    REG_UPDATE_PENDING = "registration update pending"
    REG_UPDATE_NEEDED = "registration update needed"
    DEREG_PENDING = "deregistration pending"
    RESTORING = "restoring"  # the port is gone or the module restarted: recovery is under way
    LOST = "lost"  # the same, without a recovery
    DESTROYED = "destroyed"

    @property
    def registered(self) -> bool:
        """Whether the platform knows the device: reports go out, requests come in."""
        return self in _REGISTERED


class DeviceEvent(Enum):
    CREATE = "create"
    CONNECT = "connect"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UPDATE = "update"
    UPDATED = "updated"
    UPDATE_FAILED = "update failed"
    CLOSE = "close"
    CLOSED = "closed"
    PORT_LOST = "port lost"
    RESET = "reset"
    RESTORED = "restored"
    GIVE_UP = "give up"
    DESTROY = "destroy"


_REGISTERED = frozenset(
    {
        DeviceState.REGISTERED,
        DeviceState.REG_UPDATE_PENDING,
        DeviceState.REG_UPDATE_NEEDED,
        DeviceState.DEREG_PENDING,
    }
)


def _device_rows() -> Iterable[tuple[DeviceState, DeviceEvent, DeviceState]]:
    s, e = DeviceState, DeviceEvent
    yield s.NEW, e.CREATE, s.DEREGISTERED
    yield s.DEREGISTERED, e.CONNECT, s.REG_PENDING
    yield s.REG_FAILED, e.CONNECT, s.REG_PENDING
    yield s.REG_PENDING, e.ACCEPTED, s.REGISTERED
    yield s.REG_PENDING, e.REFUSED, s.REG_FAILED
    # the outcome of a login that came too late
    yield s.REG_FAILED, e.ACCEPTED, s.REGISTERED
    yield s.REG_UPDATE_PENDING, e.UPDATED, s.REGISTERED
    yield s.REG_UPDATE_PENDING, e.UPDATE_FAILED, s.REG_UPDATE_NEEDED
    # the module renewed by itself, or the outcome came too late
    yield s.REG_UPDATE_NEEDED, e.UPDATED, s.REGISTERED
    yield s.REGISTERED, e.UPDATED, s.REGISTERED
    yield s.DEREG_PENDING, e.CLOSED, s.DEREGISTERED
    for state in (s.REGISTERED, s.REG_UPDATE_NEEDED):
        yield state, e.UPDATE, s.REG_UPDATE_PENDING
    yield s.REG_FAILED, e.CLOSE, s.DEREG_PENDING  # so that a late outcome changes nothing
    for state in (s.REGISTERED, s.REG_UPDATE_PENDING, s.REG_UPDATE_NEEDED):
        yield state, e.CLOSE, s.DEREG_PENDING
        yield state, e.CLOSED, s.DEREGISTERED  # the module logged out by itself
    for state in (s.NEW, s.DEREGISTERED, s.REG_FAILED, s.RESTORING, s.LOST):
        yield state, e.DESTROY, s.DESTROYED
    yield s.RESTORING, e.RESTORED, s.DEREGISTERED
    yield s.RESTORING, e.GIVE_UP, s.LOST
    for state in s:
        if state not in (s.NEW, s.LOST, s.DESTROYED):
            yield state, e.RESET, s.RESTORING
            yield state, e.PORT_LOST, s.RESTORING


DEVICE = Table("device", DeviceState.NEW, _device_rows())


class _Member(Enum):
    """An enumeration whose members are found in a dict without a call of Python code."""

    if not TYPE_CHECKING:
        __hash__ = object.__hash__  # each member is one object


class Conversation(_Member):
    """Whether a command may be written, and to which one the next final result belongs."""

    LOST = "not synchronized: results belong to earlier commands, only AT may be written"
    PROBING = "AT is written, to synchronize again"
    SETTLING = "AT was answered; results of earlier commands may still follow"
    IDLE = "synchronized, no command outstanding"
    BUSY = "a command is outstanding; the next final result belongs to it"


class ConversationEvent(_Member):
    PROBE = "AT is written"
    OK = "OK was received"
    ERROR = "another final result was received"
    GIVE_UP = "no command is waiting any more"
    SETTLED = "nothing was received for the settle time"
    COMMAND = "a command is written"
    RESULT = "its final result was received"
    TIMEOUT = "its timeout has passed"
    SLEPT = "the module may have fallen asleep"
    RESET = "the module has restarted"


CONVERSATION: Table[Conversation, ConversationEvent] = Table(
    "the conversation",
    Conversation.LOST,  # at the start there may be half a line, an echo, a running command
    [
        (Conversation.LOST, ConversationEvent.PROBE, Conversation.PROBING),
        (Conversation.PROBING, ConversationEvent.PROBE, Conversation.PROBING),
        (Conversation.PROBING, ConversationEvent.OK, Conversation.SETTLING),
        (Conversation.PROBING, ConversationEvent.ERROR, Conversation.PROBING),
        (Conversation.PROBING, ConversationEvent.GIVE_UP, Conversation.LOST),
        (Conversation.SETTLING, ConversationEvent.OK, Conversation.SETTLING),
        (Conversation.SETTLING, ConversationEvent.ERROR, Conversation.PROBING),
        (Conversation.SETTLING, ConversationEvent.SETTLED, Conversation.IDLE),
        (Conversation.IDLE, ConversationEvent.COMMAND, Conversation.BUSY),
        (Conversation.IDLE, ConversationEvent.SLEPT, Conversation.LOST),
        (Conversation.BUSY, ConversationEvent.RESULT, Conversation.IDLE),
        (Conversation.BUSY, ConversationEvent.TIMEOUT, Conversation.LOST),
        *((state, ConversationEvent.RESET, Conversation.LOST) for state in Conversation),
    ],
)
