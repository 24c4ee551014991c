"""The radio: on and off, registered and not, connected and idle."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from emulator.radio import ATTACH_TIME, INACTIVITY_TIME, Change, Radio, Stat


class Listener:
    def __init__(self, *, registered: bool) -> None:
        self.seen: list[str] = []
        self.radio = Radio(self.changed, registered=registered)

    def changed(self, change: Change) -> None:
        if change is Change.REGISTRATION:
            self.seen.append(self.radio.stat.name)
        else:
            self.seen.append("CONNECTED" if self.radio.connected else "IDLE")


def test_a_registered_radio_has_nothing_planned() -> None:
    listener = Listener(registered=True)
    assert listener.radio.registered
    assert listener.radio.on
    assert listener.radio.step(0.0) is None
    assert listener.seen == []


def test_turned_on_it_searches_and_finds() -> None:
    listener = Listener(registered=False)
    radio = listener.radio
    assert not radio.on
    radio.turn_on(10.0)
    assert radio.stat is Stat.SEARCHING
    assert radio.step(10.0) == 10.0 + ATTACH_TIME
    assert not radio.registered
    assert radio.step(10.0 + ATTACH_TIME) == 10.0 + ATTACH_TIME + INACTIVITY_TIME
    assert radio.registered
    assert radio.step(10.0 + ATTACH_TIME + INACTIVITY_TIME) is None
    assert listener.seen == ["SEARCHING", "CONNECTED", "HOME", "IDLE"]


def test_turning_on_again_changes_nothing() -> None:
    listener = Listener(registered=True)
    listener.radio.turn_on(0.0)
    listener.radio.attach(0.0)
    assert listener.seen == []
    assert listener.radio.step(0.0) is None


def test_turning_off_ends_connection_and_registration() -> None:
    listener = Listener(registered=True)
    listener.radio.use(0.0)
    listener.radio.turn_off()
    assert listener.seen == ["CONNECTED", "IDLE", "NOT_REGISTERED"]
    assert not listener.radio.on
    assert listener.radio.step(100.0) is None


def test_a_search_in_progress_is_neither_doubled_nor_left_behind() -> None:
    listener = Listener(registered=False)
    listener.radio.turn_on(0.0)
    listener.radio.attach(1.0)
    assert listener.radio.step(1.0) == ATTACH_TIME
    listener.radio.detach()
    assert listener.radio.step(5.0) is None
    assert listener.seen == ["SEARCHING", "NOT_REGISTERED"]


def test_traffic_keeps_the_connection() -> None:
    listener = Listener(registered=True)
    listener.radio.use(0.0)
    listener.radio.use(15.0)
    assert listener.radio.step(INACTIVITY_TIME) == 15.0 + INACTIVITY_TIME
    assert listener.radio.connected
    listener.radio.step(15.0 + INACTIVITY_TIME)
    assert listener.seen == ["CONNECTED", "IDLE"]


def test_locked_to_another_carrier_it_finds_nothing() -> None:
    listener = Listener(registered=False)
    listener.radio.carrier = listener.radio.cell.earfcn + 1
    listener.radio.turn_on(0.0)
    assert listener.radio.step(1000.0) is None
    assert listener.radio.stat is Stat.SEARCHING
    listener.radio.turn_off()
    listener.radio.carrier = listener.radio.cell.earfcn
    listener.radio.turn_on(1000.0)
    assert listener.radio.step(1000.0) == 1000.0 + ATTACH_TIME


@given(st.lists(st.tuples(st.sampled_from(["on", "off", "attach", "detach", "use", "wait"]))))
def test_in_any_order_it_stays_legal(actions: list[tuple[str]]) -> None:
    listener = Listener(registered=True)
    radio, now = listener.radio, 0.0
    for (action,) in actions:
        match action:
            case "on":
                radio.turn_on(now)
            case "off":
                radio.turn_off()
            case "attach" if radio.on:
                radio.attach(now)
            case "detach":
                radio.detach()
            case "use" if radio.registered:
                radio.use(now)
            case _:
                now += 1.5
        deadline = radio.step(now)
        assert deadline is None or deadline > now
        assert radio.on or radio.stat is Stat.NOT_REGISTERED
        assert radio.registered or not radio.connected
