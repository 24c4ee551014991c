"""The air: what is sent arrives once, in order, a latency later; or is lost, and is counted."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.air.memory import CAPACITY, Air, Link
from emulator.air.messages import Ack, Register, Reset

REGISTER = Register(1, "imei;imsi", 60, ())


def test_a_message_arrives_one_latency_later() -> None:
    air = Air(latency=0.25)
    air.send_up("a", REGISTER, now=10.0)
    assert air.deadline == 10.25
    assert air.take_up(10.2) == []
    assert air.take_up(10.25) == [("a", REGISTER)]
    assert air.take_up(99.0) == []
    assert air.deadline is None


def test_both_directions_are_apart() -> None:
    air = Air(latency=1)
    air.send_up("a", REGISTER, now=0)
    air.send_down("b", Ack(7), now=2)
    assert air.deadline == 1
    assert air.take_down(1) == []
    assert air.take_up(5) == [("a", REGISTER)]
    assert air.deadline == 3
    assert air.take_down(5) == [("b", Ack(7))]


def test_without_latency_it_arrives_at_once() -> None:
    air = Air(latency=0)
    air.send_down("a", Ack(1), now=3)
    assert air.take_down(3) == [("a", Ack(1))]


def test_a_lower_latency_lets_no_message_overtake() -> None:
    air = Air(latency=5)
    air.send_down("a", Ack(1), now=0)
    air.latency = 0
    air.send_down("a", Ack(2), now=1)
    assert air.take_down(4.9) == []
    assert air.take_down(5) == [("a", Ack(1)), ("a", Ack(2))]


def test_the_default_latency_is_a_tenth_of_a_second() -> None:
    air = Air()
    air.send_up("a", REGISTER, now=0)
    assert air.deadline == pytest.approx(0.1)


def delivered(air: Air, count: int = 1000) -> list[int]:
    arrived = []
    for mid in range(count):
        air.send_down("a", Reset(mid), now=mid)
        arrived += air.take_down(mid + 0.5)
    return [message.mid for _, message in arrived if isinstance(message, Reset)]


def test_without_loss_everything_arrives_and_is_counted() -> None:
    air = Air()
    assert delivered(air) == list(range(1000))
    assert (air.carried, air.lost) == (1000, 0)


def test_with_full_loss_nothing_does() -> None:
    air = Air(loss=1)
    assert delivered(air) == []
    assert (air.carried, air.lost) == (0, 1000)
    assert air.deadline is None


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32), loss=st.floats(0.05, 0.95))
def test_the_loss_is_about_what_was_asked_for(seed: int, loss: float) -> None:
    air = Air(loss=loss, seed=seed)
    arrived = delivered(air)
    assert arrived == sorted(arrived)
    assert air.lost + air.carried == 1000
    assert abs(air.lost / 1000 - loss) < 0.1


def test_the_same_seed_loses_the_same_messages_and_another_others() -> None:
    first, again, other = (delivered(Air(loss=0.5, seed=seed)) for seed in (1, 1, 2))
    assert first == again != other


def test_loss_can_begin_and_end() -> None:
    air = Air()
    air.loss = 1
    air.send_up("a", REGISTER, now=0)
    air.loss = 0
    air.send_up("b", REGISTER, now=0)
    assert air.take_up(1) == [("b", REGISTER)]


def test_a_link_adds_its_own_latency_and_loss() -> None:
    air = Air(latency=0.5)
    air.send_up("far", REGISTER, 0, Link(latency=4.0))
    air.send_up("near", REGISTER, 1)
    air.send_down("deaf", Ack(1), 1, Link(loss=1.0))
    assert air.take_up(1.5) == [("near", REGISTER)]
    assert air.take_up(4.5) == [("far", REGISTER)]
    assert air.deadline is None
    assert (air.carried, air.lost) == (2, 1)


def test_a_better_link_lets_no_message_of_its_address_overtake() -> None:
    air = Air(latency=1)
    air.send_down("a", Ack(1), 0, Link(latency=4))
    air.send_down("a", Ack(2), 1)
    air.send_down("b", Ack(3), 1)
    assert air.take_down(4.9) == [("b", Ack(3))]
    assert air.take_down(5) == [("a", Ack(1)), ("a", Ack(2))]
    air.send_down("a", Ack(4), 5)
    assert air.take_down(6) == [("a", Ack(4))]


def test_losses_add_up_as_shares() -> None:
    air = Air(latency=0, loss=0.5)
    for mid in range(1000):
        air.send_up("a", REGISTER, mid, Link(loss=0.5))
        air.take_up(mid)
    assert 0.70 < air.lost / 1000 < 0.80


def test_what_an_address_cannot_take_is_lost_and_others_are_none_the_worse() -> None:
    air = Air()
    for mid in range(CAPACITY + 5):
        air.send_down("a", Ack(mid), 0)
    air.send_down("b", Ack(1), 0)
    air.send_up("a", REGISTER, 0)
    assert air.lost == 5
    assert len(air.take_down(1)) == CAPACITY + 1
    air.send_down("a", Ack(1), 1)
    assert air.take_down(2) == [("a", Ack(1))]


@pytest.mark.parametrize("latency", [-1, float("nan"), float("inf")])
def test_a_latency_that_is_none_is_refused(latency: float) -> None:
    with pytest.raises(ValueError, match=r"latency .*expected a number of seconds"):
        Air(latency=latency)


@pytest.mark.parametrize("loss", [-0.1, 1.1, float("nan")])
def test_a_loss_that_is_no_share_is_refused(loss: float) -> None:
    with pytest.raises(ValueError, match=r"loss .*expected a share"):
        Air(loss=loss)
