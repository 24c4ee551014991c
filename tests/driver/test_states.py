"""State tables: a pair without a row is illegal; verdicts are those of a state machine."""

from __future__ import annotations

import threading
from enum import Enum, auto

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transitions import Machine, MachineError

from m5310.errors import StateError
from m5310.states import (
    CONVERSATION,
    DEVICE,
    Conversation,
    ConversationEvent,
    States,
    Table,
)

TABLES = [CONVERSATION, DEVICE]


class Lamp(Enum):
    OFF = auto()
    ON = auto()


class Press(Enum):
    SWITCH = auto()
    DIM = auto()
    BREAK = auto()


ROWS = [
    (Lamp.OFF, Press.SWITCH, Lamp.ON),
    (Lamp.ON, Press.SWITCH, Lamp.OFF),
    (Lamp.ON, Press.DIM, Lamp.ON),
]


@pytest.fixture
def lamp() -> Table[Lamp, Press]:
    return Table("the lamp", Lamp.OFF, ROWS)


def test_event_leads_to_the_next_state(lamp: Table[Lamp, Press]) -> None:
    states = States(lamp)
    assert states.state is Lamp.OFF
    assert states.on(Press.SWITCH) is Lamp.ON
    assert states.on(Press.DIM) is Lamp.ON
    assert states.on(Press.SWITCH) is Lamp.OFF


def test_illegal_event_names_the_legal_ones(lamp: Table[Lamp, Press]) -> None:
    states = States(lamp)
    for _ in range(2):  # asked for the first time, and remembered
        with pytest.raises(StateError) as refused:
            states.on(Press.DIM)
        assert str(refused.value) == ("the lamp: DIM is not legal while OFF (legal now: SWITCH)")
    assert states.state is Lamp.OFF
    assert states.on(Press.SWITCH) is Lamp.ON


def test_event_without_a_row_is_illegal_in_every_state(lamp: Table[Lamp, Press]) -> None:
    states = States(lamp)
    for state in Lamp:
        states.state = state
        assert not states.allows(Press.BREAK)
        with pytest.raises(StateError, match="BREAK"):
            states.on(Press.BREAK)


def test_final_state_allows_nothing() -> None:
    table = Table("the fuse", Lamp.ON, [(Lamp.ON, Press.BREAK, Lamp.OFF)])
    with pytest.raises(StateError, match="legal now: nothing"):
        table.after(Lamp.OFF, Press.BREAK)


def test_users_of_a_table_have_their_own_state(lamp: Table[Lamp, Press]) -> None:
    one, other = States(lamp), States(lamp)
    one.on(Press.SWITCH)
    assert other.state is Lamp.OFF


def test_verdicts_are_the_same_in_concurrent_threads(lamp: Table[Lamp, Press]) -> None:
    found: list[Lamp] = []
    start = threading.Barrier(8)

    def ask() -> None:
        start.wait()
        found.extend(lamp.after(state, Press.SWITCH) for state in (Lamp.OFF, Lamp.ON))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [Lamp.ON, Lamp.OFF] * 8


def test_second_row_for_a_pair_is_refused() -> None:
    with pytest.raises(ValueError, match="two rows"):
        Table("the lamp", Lamp.OFF, [*ROWS, (Lamp.OFF, Press.SWITCH, Lamp.OFF)])


def test_diagram_has_every_row(lamp: Table[Lamp, Press]) -> None:
    assert lamp.mermaid() == (
        "stateDiagram-v2\n"
        "    [*] --> OFF\n"
        "    OFF --> ON: switch\n"
        "    ON --> OFF: switch\n"
        "    ON --> ON: dim\n"
    )


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_verdicts_are_those_of_a_machine(table: Table[Enum, Enum]) -> None:
    """Every pair, against a Machine of the test's own that is really moved."""
    machine = Machine(
        states=[state.name for state in type(table.initial)],
        transitions=[[event.name, state.name, to.name] for state, event, to in table.rows],
        initial=table.initial.name,
        auto_transitions=False,
    )
    for state in type(table.initial):
        for event in type(table.rows[0][1]):
            machine.set_state(state.name)
            try:
                machine.trigger(event.name)  # type: ignore[attr-defined]
                moved = machine.state  # type: ignore[attr-defined]
            except MachineError:
                assert not table.allows(state, event)
            else:
                for _ in range(2):
                    assert table.allows(state, event)
                    assert table.after(state, event).name == moved


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_state_is_reachable_and_every_event_is_used(table: Table[Enum, Enum]) -> None:
    reached = {table.initial}
    while more := {to for state, _, to in table.rows if state in reached} - reached:
        reached |= more
    assert reached == set(type(table.initial))
    assert {event for _, event, _ in table.rows} == set(type(table.rows[0][1]))


@given(st.lists(st.sampled_from(ConversationEvent), max_size=20))
def test_command_is_sent_only_when_synchronized(events: list[ConversationEvent]) -> None:
    states = States(CONVERSATION)
    for event in events:
        before = states.state
        try:
            after = states.on(event)
        except StateError:
            assert states.state is before
            continue
        assert states.state is after
        if after is Conversation.BUSY:
            assert before is Conversation.IDLE
        if event is ConversationEvent.RESET:
            assert after is Conversation.LOST
        elif before is Conversation.LOST:
            assert after is Conversation.PROBING  # no other way out than by asking
