"""In-memory air: latency, order, loss, capacity."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.air.memory import CAPACITY, Air, Link
from emulator.air.messages import Ack, Downlink, Register, Uplink
from tests.support.effort import scaled

REGISTER = Register(1, "imei;imsi", 60, ())


class Receiver:
    """An endpoint that records what arrives."""

    def __init__(self, link: Link = Link()) -> None:  # noqa: B008 - frozen
        self.link = link
        self.received: list[tuple[float, int]] = []

    def deliver(self, message: Downlink, now: float) -> None:
        self.received.append((now, message.mid))


class Server:
    """The server's end of `air`; records what arrives."""

    def __init__(self, air: Air) -> None:
        self.received: list[tuple[float, str, Uplink]] = []
        air.to_server = lambda address, message, now: self.received.append((now, address, message))


def attached(air: Air, address: str, link: Link = Link()) -> Receiver:  # noqa: B008 - frozen
    receiver = Receiver(link)
    air.attach(address, receiver)
    return receiver


def run(air: Air, until: float) -> None:
    while air.deadline is not None and air.deadline <= until:
        air.step(air.deadline)


def test_message_arrives_one_latency_later() -> None:
    air = Air(latency=0.25)
    server = Server(air)
    air.send_up("a", REGISTER, now=10.0)
    assert air.deadline == 10.25
    air.step(10.2)
    assert server.received == []
    air.step(10.25)
    air.step(99.0)
    assert server.received == [(10.25, "a", REGISTER)]
    assert air.deadline is None


def test_directions_are_independent() -> None:
    air = Air(latency=1)
    server, endpoint = Server(air), attached(air, "b")
    air.send_up("a", REGISTER, now=0)
    air.send_down("b", Ack(7), now=2)
    run(air, 5)
    assert server.received == [(1, "a", REGISTER)]
    assert endpoint.received == [(3, 7)]


def test_message_without_latency_arrives_at_once() -> None:
    air = Air(latency=0)
    endpoint = attached(air, "a")
    air.send_down("a", Ack(1), now=3)
    run(air, 3)
    assert endpoint.received == [(3, 1)]


def test_message_to_unknown_address_is_dropped() -> None:
    air = Air()
    air.send_down("nowhere", Ack(1), now=0)
    run(air, 1)
    assert air.deadline is None


def test_lower_latency_does_not_reorder_messages() -> None:
    air = Air(latency=5)
    endpoint = attached(air, "a")
    air.send_down("a", Ack(1), now=0)
    air.latency = 0
    air.send_down("a", Ack(2), now=1)
    run(air, 9)
    assert endpoint.received == [(5, 1), (5, 2)]


def test_default_latency_is_a_tenth_of_a_second() -> None:
    air = Air()
    air.send_up("a", REGISTER, now=0)
    assert air.deadline == pytest.approx(0.1)


def delivered(air: Air, count: int = 1000) -> list[int]:
    endpoint = attached(air, "a")
    for mid in range(count):
        air.send_down("a", Ack(mid), now=mid)
        air.step(mid + 0.5)
    return [mid for _, mid in endpoint.received]


def test_everything_arrives_without_loss() -> None:
    air = Air()
    assert delivered(air) == list(range(1000))
    assert (air.carried, air.lost) == (1000, 0)


def test_nothing_arrives_with_full_loss() -> None:
    air = Air(loss=1)
    assert delivered(air) == []
    assert (air.carried, air.lost) == (0, 1000)
    assert air.deadline is None


@settings(max_examples=scaled(40))
@given(seed=st.integers(0, 2**32), loss=st.floats(0.05, 0.95))
def test_share_of_lost_messages(seed: int, loss: float) -> None:
    air = Air(loss=loss, seed=seed)
    arrived = delivered(air)
    assert arrived == sorted(arrived)
    assert air.lost + air.carried == 1000
    assert abs(air.lost / 1000 - loss) < 0.1


def test_same_seed_loses_the_same_messages() -> None:
    first, again, other = (delivered(Air(loss=0.5, seed=seed)) for seed in (1, 1, 2))
    assert first == again != other


def test_loss_may_change() -> None:
    air = Air()
    server = Server(air)
    air.loss = 1
    air.send_up("a", REGISTER, now=0)
    air.loss = 0
    air.send_up("b", REGISTER, now=0)
    air.step(1)
    assert [address for _, address, _ in server.received] == ["b"]


def test_link_adds_latency_and_loss() -> None:
    air = Air(latency=0.5)
    server = Server(air)
    attached(air, "far", Link(latency=4.0))
    lossy = attached(air, "lossy", Link(loss=1.0))
    air.send_up("far", REGISTER, 0)
    air.send_up("near", REGISTER, 1)
    air.send_down("lossy", Ack(1), 1)
    run(air, 9)
    assert [(at, address) for at, address, _ in server.received] == [(1.5, "near"), (4.5, "far")]
    assert lossy.received == []
    assert (air.carried, air.lost) == (2, 1)


def test_better_link_does_not_reorder_messages_of_one_address() -> None:
    air = Air(latency=1)
    first, second = attached(air, "a", Link(latency=4)), attached(air, "b")
    air.send_down("a", Ack(1), 0)
    first.link = Link()
    air.send_down("a", Ack(2), 1)
    air.send_down("b", Ack(3), 1)
    run(air, 5)
    assert second.received == [(2, 3)]
    assert first.received == [(5, 1), (5, 2)]
    air.send_down("a", Ack(4), 5)
    run(air, 6)
    assert first.received[-1] == (6, 4)


def test_losses_of_air_and_link_combine() -> None:
    air = Air(latency=0, loss=0.5)
    attached(air, "a", Link(loss=0.5))
    for mid in range(1000):
        air.send_up("a", REGISTER, mid)
        air.step(mid)
    assert 0.70 < air.lost / 1000 < 0.80


def test_messages_beyond_the_capacity_of_an_address_are_lost() -> None:
    air = Air()
    full, other = attached(air, "a"), attached(air, "b")
    for mid in range(CAPACITY + 5):
        air.send_down("a", Ack(mid), 0)
    air.send_down("b", Ack(1), 0)
    air.send_up("a", REGISTER, 0)
    assert air.lost == 5
    air.step(1)
    assert (len(full.received), len(other.received)) == (CAPACITY, 1)
    air.send_down("a", Ack(99), 1)
    air.step(2)
    assert full.received[-1] == (2, 99)


@pytest.mark.parametrize("latency", [-1, float("nan"), float("inf")])
def test_invalid_latency_is_refused(latency: float) -> None:
    with pytest.raises(ValueError, match=r"latency .*expected a number of seconds"):
        Air(latency=latency)


@pytest.mark.parametrize("loss", [-0.1, 1.1, float("nan")])
def test_invalid_loss_is_refused(loss: float) -> None:
    with pytest.raises(ValueError, match=r"loss .*expected a share"):
        Air(loss=loss)
