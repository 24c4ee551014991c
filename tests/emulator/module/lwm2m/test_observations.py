"""Reports and the observations that carry them."""

from __future__ import annotations

from emulator.air.messages import CancelObserve, Item, Notification, Observe, Path, Uplink
from emulator.module.lwm2m.exchange import Exchanges
from emulator.module.lwm2m.observations import HELD_LIMIT, OBSERVATION_LIMIT, SENT_LIMIT, Reports

WARM = Item(Path(3303, 0, 5700), 21.5)
UNIT = Item(Path(3303, 0, 5701), "Cel")
ON = Item(Path(3306, 0, 5850), True)


class Station:
    def __init__(self) -> None:
        self.sent: list[Notification] = []
        self.acknowledged: list[int] = []
        self.exchanges = Exchanges(0)
        self.reports = Reports(self._send, self.exchanges, self.acknowledged.append)

    def _send(self, message: Uplink) -> None:
        assert isinstance(message, Notification)
        self.sent.append(message)

    def observe(self, token: int, *ids: int) -> None:
        assert self.reports.observe(Observe(0, token, Path(*ids)))
        self.reports.release(0.0)

    def report(self, *items: Item, ackid: int = 0) -> None:
        self.reports.report(items, ackid, 0.0)

    def told(self) -> list[tuple[int, int, list[Item]]]:
        """Token, sequence and items of what was sent since last asked."""
        sent, self.sent = self.sent, []
        return [(n.token, n.sequence, list(n.items)) for n in sent]


def test_a_report_goes_out_on_its_observation_and_counts() -> None:
    station = Station()
    station.observe(7, 3303, 0)
    station.report(WARM, UNIT)
    station.report(UNIT)
    assert station.told() == [(7, 1, [WARM, UNIT]), (7, 2, [UNIT])]
    assert station.reports.observed == (Path(3303, 0),)


def test_a_report_over_two_instances_is_one_notification_for_each() -> None:
    station = Station()
    station.observe(7, 3303, 0)
    station.observe(8, 3306, 0)
    station.report(WARM, ON, UNIT)
    assert station.told() == [(7, 1, [WARM, UNIT]), (8, 1, [ON])]


def test_observations_of_objects_and_resources_take_what_is_theirs() -> None:
    station = Station()
    station.observe(1, 3303)
    station.observe(2, 3303, 0, 5701)
    station.report(WARM, UNIT)
    assert station.told() == [(1, 1, [WARM, UNIT]), (2, 1, [UNIT])]


def test_what_is_not_observed_waits_in_order() -> None:
    station = Station()
    station.report(WARM, ON)
    station.report(UNIT)
    assert station.told() == []
    assert station.reports.held == 3
    station.observe(7, 3303, 0)
    assert station.told() == [(7, 1, [WARM]), (7, 2, [UNIT])]
    assert station.reports.held == 1
    station.observe(8, 3306, 0)
    assert station.told() == [(8, 1, [ON])]


def test_only_the_newest_wait() -> None:
    station = Station()
    for number in range(HELD_LIMIT + 2):
        station.report(Item(Path(3303, 0, 5700), number))
    station.observe(7, 3303, 0)
    values = [items[0].value for _, _, items in station.told()]
    assert values == list(range(2, HELD_LIMIT + 2))


def test_a_newer_observation_of_the_same_replaces_the_older() -> None:
    station = Station()
    station.observe(7, 3303, 0)
    station.report(WARM)
    station.observe(9, 3303, 0)
    station.report(WARM)
    assert station.told() == [(7, 1, [WARM]), (9, 1, [WARM])]


def test_cancelled_it_is_observed_no_more() -> None:
    station = Station()
    station.observe(7, 3303, 0)
    station.observe(8, 3306, 0)
    assert station.reports.cancel(CancelObserve(0, 8, Path(3306, 0)))
    assert not station.reports.cancel(CancelObserve(0, 8, Path(3306, 0)))
    station.report(WARM)
    station.report(ON)
    assert station.told() == [(7, 1, [WARM])]


def test_observations_are_bounded() -> None:
    station = Station()
    for number in range(OBSERVATION_LIMIT):
        station.observe(number, 3303, number)
    assert not station.reports.observe(Observe(0, 999, Path(3306, 0)))
    assert station.reports.observe(Observe(0, 999, Path(3303, 0)))


# Acknowledgements --------------------------------------------------------------------------------


def test_a_report_with_an_ackid_is_confirmable_and_acknowledged_once() -> None:
    station = Station()
    station.observe(7, 3303, 0)
    station.report(WARM, ackid=278)
    (notification,) = station.sent
    assert notification.confirmable
    assert station.acknowledged == []
    station.reports.acknowledge(notification.mid)
    station.reports.acknowledge(notification.mid)
    assert station.acknowledged == [278]
    assert station.exchanges.deadline is None


def test_a_report_without_is_not() -> None:
    station = Station()
    station.observe(7, 3303, 0)
    station.report(WARM)
    (notification,) = station.sent
    assert not notification.confirmable
    station.reports.acknowledge(notification.mid)
    assert station.acknowledged == []
    assert station.exchanges.deadline is None


def test_a_report_of_several_parts_is_acknowledged_with_the_last() -> None:
    station = Station()
    station.observe(7, 3303, 0)
    station.report(WARM, ON, ackid=5)
    (first,) = station.sent
    station.reports.acknowledge(first.mid)
    assert station.acknowledged == []
    station.observe(8, 3306, 0)
    station.reports.acknowledge(station.sent[1].mid)
    assert station.acknowledged == [5]


def test_a_part_that_failed_leaves_the_report_unacknowledged() -> None:
    station = Station()
    station.observe(7, 3303, 0)
    station.observe(8, 3306, 0)
    station.report(WARM, ON, ackid=5)
    first, second = station.sent
    station.reports.give_up(first.mid)
    station.reports.acknowledge(second.mid)
    station.reports.acknowledge(first.mid)
    assert station.acknowledged == []


# Ends --------------------------------------------------------------------------------------------


def test_a_reset_ends_the_observation_of_its_notification() -> None:
    station = Station()
    station.observe(7, 3303, 0)
    station.report(WARM, ackid=5)
    station.reports.reset(station.sent[0].mid)
    station.reports.reset(station.sent[0].mid)
    station.reports.reset(12345)
    assert station.reports.observed == ()
    assert station.exchanges.deadline is None
    assert station.acknowledged == []


def test_a_reset_of_an_old_notification_is_not_understood() -> None:
    station = Station()
    station.observe(7, 3303, 0)
    for _ in range(SENT_LIMIT + 1):
        station.report(WARM)
    station.reports.reset(station.sent[0].mid)
    assert station.reports.observed == (Path(3303, 0),)
    station.reports.reset(station.sent[1].mid)
    assert station.reports.observed == ()


def test_a_deleted_instance_takes_its_observation_and_what_waits_along() -> None:
    station = Station()
    station.observe(7, 3303, 0)
    station.observe(6, 3303)
    station.report(ON)
    station.report(Item(Path(3306, 1, 5850), False))
    station.reports.forget(Path(3303, 0))
    station.reports.forget(Path(3306, 0))
    assert station.reports.observed == (Path(3303),)
    assert station.reports.held == 1


def test_clear_forgets_everything() -> None:
    station = Station()
    station.observe(7, 3303, 0)
    station.report(WARM, ackid=5)
    station.report(ON)
    station.reports.clear()
    assert (station.reports.observed, station.reports.held) == ((), 0)
    station.reports.acknowledge(station.sent[0].mid)
    assert station.acknowledged == []
