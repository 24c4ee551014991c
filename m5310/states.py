"""Every legal transition of the conversation and of the device, as tables.

A pair of state and event that no row lists is illegal by construction: `StateError`. The
diagrams in the documentation are drawn from these rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Generic, TypeVar

from m5310.errors import StateError

if TYPE_CHECKING:
    from transitions import Machine

S = TypeVar("S", bound=Enum)
E = TypeVar("E", bound=Enum)


class Table(Generic[S, E]):
    """The rows `(state, event, next state)` of one machine. The members' names are what is drawn.

    Raises ValueError on two rows for the same pair: a table has one answer to everything.
    """

    def __init__(self, name: str, initial: S, rows: Iterable[tuple[S, E, S]]) -> None:
        self.name = name
        self.initial = initial
        self.rows = tuple(rows)
        pairs = [(state, event) for state, event, _ in self.rows]
        if len(set(pairs)) != len(pairs):
            raise ValueError(f"{name}: two rows for the same state and event")
        self._states = {state.name: state for row in self.rows for state in (row[0], row[2])}
        self._states.setdefault(initial.name, initial)
        # The pairs asked about so far; None is illegal.
        self.verdicts: dict[tuple[S, E], S | None] = {}

    def after(self, state: S, event: E) -> S:
        """The state that `event` leads to. Raises StateError, naming what is legal instead."""
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
        # A trigger of the machine costs some 20 us, several times a whole command of the engine.
        # Its verdict on a pair never changes, so it is asked once a pair and remembered.
        try:
            return self.verdicts[state, event]
        except KeyError:
            verdict = self.verdicts[state, event] = self._judged(state, event)
            return verdict

    @cached_property
    def _machine(self) -> Machine:
        """One for all users of the table: it holds no user's state, it judges."""
        from transitions import Machine  # noqa: PLC0415 - not before the first verdict

        return Machine(
            model=None,
            states=list(self._states),
            transitions=[[event.name, state.name, to.name] for state, event, to in self.rows],
            initial=self.initial.name,
            auto_transitions=False,
        )

    def _judged(self, state: S, event: E) -> S | None:
        from transitions import MachineError  # noqa: PLC0415 - see `_machine`

        model = _Model()
        self._machine.add_model(model, initial=state.name)
        try:
            model.trigger(event.name)
        except (MachineError, AttributeError):  # AttributeError: no row at all has this event
            return None
        finally:
            self._machine.remove_model(model)
        return self._states[model.state]


class _Model:
    """What a Machine moves: it hangs both attributes on it. One per verdict, so that two
    threads that ask for the first time do not move each other's."""

    state: str
    trigger: Callable[[str], bool]


class States(Generic[S, E]):
    """Where one user of a table stands."""

    __slots__ = ("_table", "state")

    def __init__(self, table: Table[S, E]) -> None:
        self._table = table
        self.state = table.initial

    def on(self, event: E) -> S:
        """Move, and return the new state. Raises StateError and stays if no row lists the pair."""
        pair = self.state, event
        self.state = self._table.verdicts.get(pair) or self._table.after(*pair)
        return self.state

    def allows(self, event: E) -> bool:
        """Whether `on(event)` would move."""
        return self._table.allows(self.state, event)


# --- the device ------------------------------------------------------------------------------


class DeviceState(Enum):
    """Where a device stands. The names of the middle ones are the C kit's."""

    NEW = "new"  # nothing is configured in the module
    DEREGISTERED = "deregistered"
    REG_PENDING = "registration pending"
    REGISTERED = "registered"
    REG_FAILED = "registration failed"
    REG_UPDATE_PENDING = "registration update pending"
    REG_UPDATE_NEEDED = "registration update needed"
    DEREG_PENDING = "deregistration pending"
    RESTORING = "restoring"  # the port is gone or the module forgot everything; both are mended
    LOST = "lost"  # the same, and nobody mends it
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
    # the verdict of a login that nobody waits for any more
    yield s.REG_FAILED, e.ACCEPTED, s.REGISTERED
    yield s.REG_UPDATE_PENDING, e.UPDATED, s.REGISTERED
    yield s.REG_UPDATE_PENDING, e.UPDATE_FAILED, s.REG_UPDATE_NEEDED
    # the module renewed by itself, or later than anybody waited
    yield s.REG_UPDATE_NEEDED, e.UPDATED, s.REGISTERED
    yield s.REGISTERED, e.UPDATED, s.REGISTERED
    yield s.DEREG_PENDING, e.CLOSED, s.DEREGISTERED
    for state in (s.REGISTERED, s.REG_UPDATE_NEEDED):
        yield state, e.UPDATE, s.REG_UPDATE_PENDING
    yield s.REG_FAILED, e.CLOSE, s.DEREG_PENDING  # so that a late verdict changes nothing
    for state in (s.REGISTERED, s.REG_UPDATE_PENDING, s.REG_UPDATE_NEEDED):
        yield state, e.CLOSE, s.DEREG_PENDING
        yield state, e.CLOSED, s.DEREGISTERED  # the module logged out unasked
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

    __hash__ = object.__hash__  # each member is one object


class Conversation(_Member):
    """Who may speak on the wire, and whose the next final result is."""

    LOST = "out of step: what comes belongs to the past, nothing may be sent but a probe"
    PROBING = "an AT is out to find the step again"
    SETTLING = "it was answered; nothing more of the past may follow"
    IDLE = "in step, nothing outstanding"
    BUSY = "a command is out; the next final result is its"


class ConversationEvent(_Member):
    PROBE = "an AT is written"
    OK = "an OK came"
    ERROR = "a final result came that is not OK"
    GIVE_UP = "nobody waits any longer"
    SETTLED = "nothing more came for the settle time"
    COMMAND = "a command is written"
    RESULT = "its final result came"
    TIMEOUT = "its time is over"
    SLEPT = "the other side may have fallen asleep"
    RESET = "the other side began anew"


CONVERSATION: Table[Conversation, ConversationEvent] = Table(
    "the conversation",
    Conversation.LOST,  # of a fresh port we know nothing: half a line, an echo, a running command
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
