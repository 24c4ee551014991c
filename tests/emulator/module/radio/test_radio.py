"""The radio: registration, connection, changes of the place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.module.radio.coverage import ATTACH_TIME, RECEPTIONS, Coverage
from emulator.module.radio.radio import INACTIVITY_TIME, Change, Radio, Reject, Stat
from emulator.module.radio.sim import Sim


class RadioBench:
    """A radio, its changes by name, and how often its place was changed."""

    def __init__(self, *, registered: bool) -> None:
        self.seen: list[str] = []
        self.place_changes = 0
        self.can_find = True
        self.radio = Radio(
            self.changed,
            can_find=lambda _cell: self.can_find,
            place_changed=self.place_changed,
            registered=registered,
        )

    def changed(self, change: Change) -> None:
        if change is Change.REGISTRATION:
            self.seen.append(self.radio.stat.name)
        else:
            self.seen.append("CONNECTED" if self.radio.connected else "IDLE")

    def place_changed(self) -> None:
        self.place_changes += 1


def step(radio: Radio, now: float) -> float | None:
    """Step the radio; returns when to step next."""
    radio.step(now)
    return radio.due


# On and off --------------------------------------------------------------------------------------


def test_registered_radio_has_no_deadline() -> None:
    bench = RadioBench(registered=True)
    assert bench.radio.registered
    assert bench.radio.on
    assert step(bench.radio, 0.0) is None
    assert bench.seen == []


def test_turn_on_searches_and_registers() -> None:
    bench = RadioBench(registered=False)
    radio = bench.radio
    assert not radio.on
    radio.turn_on(10.0)
    assert radio.stat is Stat.SEARCHING
    assert step(radio, 10.0) == 10.0 + ATTACH_TIME
    assert not radio.registered
    assert step(radio, 10.0 + ATTACH_TIME) == 10.0 + ATTACH_TIME + INACTIVITY_TIME
    assert radio.registered
    assert step(radio, 10.0 + ATTACH_TIME + INACTIVITY_TIME) is None
    assert bench.seen == ["SEARCHING", "CONNECTED", "HOME", "IDLE"]


def test_turn_on_again_changes_nothing() -> None:
    bench = RadioBench(registered=True)
    bench.radio.turn_on(0.0)
    bench.radio.attach(0.0)
    assert bench.seen == []
    assert step(bench.radio, 0.0) is None


def test_turn_off_ends_connection_and_registration() -> None:
    bench = RadioBench(registered=True)
    bench.radio.use(0.0)
    bench.radio.turn_off(1.0)
    assert bench.seen == ["CONNECTED", "IDLE", "NOT_REGISTERED"]
    assert not bench.radio.on
    assert step(bench.radio, 100.0) is None


def test_running_search_is_not_repeated_and_ends_with_detach() -> None:
    bench = RadioBench(registered=False)
    bench.radio.turn_on(0.0)
    bench.radio.attach(1.0)
    assert step(bench.radio, 1.0) == ATTACH_TIME
    bench.radio.detach(1.0)
    assert step(bench.radio, 5.0) is None
    assert bench.seen == ["SEARCHING", "NOT_REGISTERED"]


def test_traffic_keeps_the_connection() -> None:
    bench = RadioBench(registered=True)
    bench.radio.use(0.0)
    bench.radio.use(15.0)
    assert step(bench.radio, INACTIVITY_TIME) == 15.0 + INACTIVITY_TIME
    assert bench.radio.connected
    bench.radio.step(15.0 + INACTIVITY_TIME)
    assert bench.seen == ["CONNECTED", "IDLE"]


def test_settings_for_other_cells_find_nothing() -> None:
    bench = RadioBench(registered=False)
    bench.can_find = False
    bench.radio.turn_on(0.0)
    assert step(bench.radio, 1000.0) is None
    assert bench.radio.stat is Stat.SEARCHING
    bench.radio.turn_off(1000.0)
    bench.can_find = True
    bench.radio.turn_on(1000.0)
    assert step(bench.radio, 1000.0) == 1000.0 + ATTACH_TIME


def test_restart_reports_nothing_and_keeps_the_place() -> None:
    bench = RadioBench(registered=True)
    radio = bench.radio
    radio.coverage = Coverage.ECL2
    radio.use(0.0)
    bench.seen.clear()
    radio.restart()
    assert bench.seen == []
    assert not radio.on
    assert not radio.connected
    assert not radio.registered
    assert step(radio, 100.0) is None
    assert radio.coverage is Coverage.ECL2
    assert radio.received(100.0) == radio.transmitted == 0


def test_receive_and_transmit_times_are_counted() -> None:
    radio = RadioBench(registered=True).radio
    radio.use(10.0)
    assert radio.received(13.0) == 3.0
    radio.coverage = Coverage.ECL1
    radio.use(14.0)
    radio.step(14.0 + INACTIVITY_TIME)
    assert radio.received(1000.0) == 4.0 + INACTIVITY_TIME
    bursts = [RECEPTIONS[level].burst for level in (Coverage.ECL0, Coverage.ECL1)]
    assert radio.transmitted == pytest.approx(sum(bursts))


# The place ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("coverage", RECEPTIONS)
def test_attach_takes_the_time_of_the_coverage(coverage: Coverage) -> None:
    radio = RadioBench(registered=False).radio
    radio.coverage = coverage
    radio.turn_on(0.0)
    assert step(radio, 0.0) == RECEPTIONS[coverage].attach_time
    assert radio.cell is RECEPTIONS[coverage].cell


def test_coverage_is_lost_and_returns() -> None:
    bench = RadioBench(registered=True)
    radio = bench.radio
    radio.use(0.0)
    radio.coverage = Coverage.OUT
    assert radio.registered, "nothing happens but in a step"
    assert bench.place_changes == 1
    assert step(radio, 5.0) is None
    assert radio.reception is None
    assert not radio.camped
    assert step(radio, 5000.0) is None
    radio.coverage = Coverage.ECL1
    assert step(radio, 5000.0) == 5000.0 + RECEPTIONS[Coverage.ECL1].attach_time
    radio.step(5012.0)
    assert bench.seen == ["CONNECTED", "IDLE", "SEARCHING", "CONNECTED", "HOME"]


def test_coverage_level_does_not_change_the_registration() -> None:
    bench = RadioBench(registered=True)
    bench.radio.coverage = Coverage.ECL2
    assert step(bench.radio, 0.0) is None
    assert bench.seen == []
    assert bench.radio.cell.ecl == 2


def test_sleeping_radio_notices_changes_when_it_wakes() -> None:
    bench = RadioBench(registered=True)
    radio = bench.radio
    radio.asleep = True
    radio.coverage = Coverage.OUT
    radio.step(100.0)
    assert radio.registered
    radio.asleep = False
    radio.notice_place(200.0)
    assert bench.seen == ["SEARCHING"]


def test_rejecting_network_is_retried_only_on_attach() -> None:
    bench = RadioBench(registered=True)
    radio = bench.radio
    radio.use(0.0)
    radio.refusing = True
    radio.step(1.0)
    assert radio.reject is Reject.PLMN_NOT_ALLOWED
    assert radio.camped
    radio.refusing = False
    assert step(radio, 1000.0) is None
    radio.attach(1000.0)
    radio.step(1000.0 + ATTACH_TIME)
    assert bench.seen == [
        *("CONNECTED", "IDLE", "DENIED"),
        *("SEARCHING", "CONNECTED", "HOME"),
    ]
    assert radio.reject is None


def test_search_that_ends_rejected() -> None:
    bench = RadioBench(registered=False)
    bench.radio.refusing = True
    assert bench.radio.refusing
    bench.radio.turn_on(0.0)
    bench.radio.step(0.0)
    assert step(bench.radio, ATTACH_TIME) is None
    assert bench.seen == ["SEARCHING", "CONNECTED", "DENIED", "IDLE"]


def test_foreign_sim_is_rejected_and_home_sim_registers() -> None:
    bench = RadioBench(registered=True)
    radio = bench.radio
    radio.sim = Sim.FOREIGN
    assert step(radio, 0.0) == ATTACH_TIME
    radio.step(ATTACH_TIME)
    assert radio.reject is Reject.NO_ROAMING_HERE
    radio.sim = Sim.READY
    radio.step(10.0)
    radio.step(10.0 + ATTACH_TIME)
    assert radio.registered
    assert bench.seen == [
        *("NOT_REGISTERED", "SEARCHING", "CONNECTED", "DENIED", "IDLE"),
        *("NOT_REGISTERED", "SEARCHING", "CONNECTED", "HOME"),
    ]


def test_setting_the_same_sim_changes_nothing() -> None:
    bench = RadioBench(registered=True)
    bench.radio.sim = Sim.READY
    assert step(bench.radio, 0.0) is None
    assert bench.seen == []


@pytest.mark.parametrize("sim", [Sim.MISSING, Sim.LOCKED])
def test_radio_stays_off_without_a_usable_sim(sim: Sim) -> None:
    bench = RadioBench(registered=True)
    bench.radio.sim = sim
    bench.radio.step(0.0)
    bench.radio.turn_on(1.0)
    assert not bench.radio.on
    assert bench.seen == ["NOT_REGISTERED"]


@given(
    st.lists(
        st.sampled_from(["on", "off", "attach", "detach", "use", "wait"])
        | st.sampled_from(Coverage)
        | st.sampled_from(Sim)
        | st.booleans()
    )
)
def test_any_order_of_actions_stays_legal(actions: list[str | Coverage | Sim | bool]) -> None:
    bench = RadioBench(registered=True)
    radio, now = bench.radio, 0.0
    for action in actions:
        match action:
            case Coverage():
                radio.coverage = action
            case Sim():
                radio.sim = action
            case bool():
                radio.refusing = action
            case "on":
                radio.turn_on(now)
            case "off":
                radio.turn_off(now)
            case "attach" if radio.on:
                radio.attach(now)
            case "detach":
                radio.detach(now)
            case "use" if radio.registered:
                radio.use(now)
            case _:
                now += 1.5
        deadline = step(radio, now)
        assert deadline is None or deadline > now
        assert radio.on or radio.stat is Stat.NOT_REGISTERED
        assert radio.registered or not radio.connected
        assert radio.sim.usable or not radio.on
        assert not (radio.registered and (radio.refusing or radio.reception is None))
        assert (radio.stat is Stat.DENIED) <= (radio.reject is not None)
