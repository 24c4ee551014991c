"""Observations, and the reports sent on them."""

from __future__ import annotations

from emulator.coap.endpoint import Endpoint
from emulator.coap.tuning import Tuning
from emulator.lwm2m.model import Item, Path
from emulator.lwm2m.values import Type
from emulator.module.lwm2m.attributes import AttributeTable
from emulator.module.lwm2m.objects import Objects
from emulator.module.lwm2m.observations import (
    HELD_LIMIT,
    HELD_TIME,
    OBSERVATION_LIMIT,
    Observations,
)
from emulator.module.lwm2m.registration import MAX_TRANSMIT_WAIT
from emulator.module.lwm2m.style import ONENET
from tests.support.lwm2m_messages import Ack, Notification, Observe, Reset, ServerSide

PEER = "183.230.40.40:5683"
TYPES = {5700: Type.FLOAT, 5701: Type.STRING, 5850: Type.BOOLEAN}
WARM = Item(Path(3303, 0, 5700), 21.5)
UNIT = Item(Path(3303, 0, 5701), "Cel")
ON = Item(Path(3306, 0, 5850), True)


class ObservationBench:
    """Observations, the notifications they send, and the ackids acknowledged."""

    def __init__(self) -> None:
        self.sent: list[Notification] = []
        self.acknowledged: list[int] = []
        self.lost: list[int] = []
        self.server = ServerSide(lambda path: TYPES[path.resource or 0])
        tuning = Tuning(nstart=None, ack_random=1.0)
        self.endpoint = Endpoint(self._send, tuning=tuning)
        self.observations = Observations(
            self.endpoint,
            Objects(),
            ONENET,
            AttributeTable(),
            self.acknowledged.append,
            self.lost.append,
            lambda _now: None,
        )

    def _send(self, destination: str, datagram: bytes, _now: float) -> None:
        assert destination == PEER
        notification = self.server.message(datagram)
        assert isinstance(notification, Notification)
        self.sent.append(notification)

    def receive(self, message: Ack | Reset) -> None:
        self.endpoint.receive(PEER, self.server.datagram(message), 0.0)

    def observe(self, token: int, *ids: int) -> None:
        path = Path(*ids)
        self.server.datagram(Observe(0, token, path))
        assert self.observations.observe(PEER, token.to_bytes(4), path, 0.0)
        self.observations.release(0.0)

    def report(self, *items: Item, ackid: int = 0) -> None:
        self.observations.report(items, ackid, 0.0)

    def notified(self) -> list[tuple[int, int, list[Item]]]:
        """Token, sequence and items of the notifications since the last call."""
        sent, self.sent = self.sent, []
        return [(n.token, n.sequence, list(n.items)) for n in sent]


def test_report_is_sent_on_its_observation_with_a_sequence_number() -> None:
    bench = ObservationBench()
    bench.observe(7, 3303, 0)
    bench.report(WARM, UNIT)
    bench.report(UNIT)
    assert bench.notified() == [(7, 1, [WARM, UNIT]), (7, 2, [UNIT])]
    assert bench.observations.paths == (Path(3303, 0),)


def test_report_over_two_instances_is_one_notification_each() -> None:
    bench = ObservationBench()
    bench.observe(7, 3303, 0)
    bench.observe(8, 3306, 0)
    bench.report(WARM, ON, UNIT)
    assert bench.notified() == [(7, 1, [WARM, UNIT]), (8, 1, [ON])]


def test_observations_of_objects_and_resources_get_the_values_they_cover() -> None:
    bench = ObservationBench()
    bench.observe(1, 3303)
    bench.observe(2, 3303, 0, 5701)
    bench.report(WARM, UNIT)
    assert bench.notified() == [(1, 1, [WARM, UNIT]), (2, 1, [UNIT])]


def test_unobserved_reports_are_held_in_order() -> None:
    bench = ObservationBench()
    bench.report(WARM, ON)
    bench.report(UNIT)
    assert bench.notified() == []
    assert bench.observations.held == 3
    bench.observe(7, 3303, 0)
    assert bench.notified() == [(7, 1, [WARM]), (7, 2, [UNIT])]
    assert bench.observations.held == 1
    bench.observe(8, 3306, 0)
    assert bench.notified() == [(8, 1, [ON])]


def test_as_many_reports_are_held_as_there_are_instances() -> None:
    bench = ObservationBench()
    other = Path(3303, 1, 5700)
    for number in range(HELD_LIMIT):
        assert bench.observations.has_room_for([Path(3303, 0, 5700)], 0.0)
        bench.report(Item(Path(3303, 0, 5700), float(number)))
    assert not bench.observations.has_room_for([other], 0.0)
    bench.observe(7, 3303, 0)
    values = [items[0].value for _, _, items in bench.notified()]
    assert values == list(range(HELD_LIMIT))
    assert bench.observations.has_room_for([other], 0.0)


def test_report_without_observation_is_lost_in_time() -> None:
    bench = ObservationBench()
    for _ in range(HELD_LIMIT):
        bench.report(WARM)
    assert bench.observations.has_room_for([WARM.path], HELD_TIME)
    assert bench.observations.held == 0


def test_newer_observation_of_a_path_replaces_the_older() -> None:
    bench = ObservationBench()
    bench.observe(7, 3303, 0)
    bench.report(WARM)
    bench.observe(9, 3303, 0)
    bench.report(WARM)
    assert bench.notified() == [(7, 1, [WARM]), (9, 1, [WARM])]


def test_numbers_go_on_when_the_platform_repeats_its_request() -> None:
    bench = ObservationBench()
    bench.observe(7, 3303, 0)
    bench.report(WARM)
    bench.observe(7, 3303, 0)
    bench.report(WARM)
    assert bench.notified() == [(7, 1, [WARM]), (7, 2, [WARM])]


def test_cancelled_observation_gets_no_reports() -> None:
    bench = ObservationBench()
    bench.observe(7, 3303, 0)
    bench.observe(8, 3306, 0)
    assert bench.observations.cancel(Path(3306, 0))
    assert not bench.observations.cancel(Path(3306, 0))
    bench.report(WARM)
    bench.report(ON)
    assert bench.notified() == [(7, 1, [WARM])]


def test_observations_are_limited() -> None:
    bench = ObservationBench()
    for number in range(OBSERVATION_LIMIT):
        bench.observe(number, 3303, number)
    assert not bench.observations.observe(PEER, b"t", Path(3306, 0), 0.0)
    assert bench.observations.observe(PEER, b"t", Path(3303, 0), 0.0)


# Acknowledgements --------------------------------------------------------------------------------


def test_report_with_ackid_is_confirmable_and_acknowledged_once() -> None:
    bench = ObservationBench()
    bench.observe(7, 3303, 0)
    bench.report(WARM, ackid=278)
    (notification,) = bench.sent
    assert notification.confirmable
    assert bench.acknowledged == []
    bench.receive(Ack(notification.mid))
    bench.receive(Ack(notification.mid))
    assert bench.acknowledged == [278]
    assert not bench.observations.waiting


def test_report_without_ackid_is_not_confirmable() -> None:
    bench = ObservationBench()
    bench.observe(7, 3303, 0)
    bench.report(WARM)
    (notification,) = bench.sent
    assert not notification.confirmable
    bench.receive(Ack(notification.mid))
    assert bench.acknowledged == []
    assert not bench.observations.waiting


def test_report_is_acknowledged_with_its_last_part() -> None:
    bench = ObservationBench()
    bench.observe(7, 3303, 0)
    bench.report(WARM, ON, ackid=5)
    (first,) = bench.sent
    bench.receive(Ack(first.mid))
    assert bench.acknowledged == []
    bench.observe(8, 3306, 0)
    bench.receive(Ack(bench.sent[1].mid))
    assert bench.acknowledged == [5]


def test_failed_part_leaves_the_report_unacknowledged() -> None:
    bench = ObservationBench()
    bench.observe(7, 3303, 0)
    bench.observe(8, 3306, 0)
    bench.report(WARM, ON, ackid=5)
    first, second = bench.sent[:2]
    bench.receive(Ack(second.mid))
    while bench.endpoint.due is not None and bench.endpoint.due <= MAX_TRANSMIT_WAIT:
        bench.endpoint.step(bench.endpoint.due)
    assert [sent.mid for sent in bench.sent] == [first.mid, second.mid, *[first.mid] * 4]
    bench.receive(Ack(first.mid))
    assert (bench.acknowledged, bench.lost) == ([], [5])
    assert not bench.observations.waiting
    assert bench.observations.paths == (Path(3303, 0), Path(3306, 0))


# Ends --------------------------------------------------------------------------------------------


def test_reset_ends_the_observation_of_its_notification() -> None:
    bench = ObservationBench()
    bench.observe(7, 3303, 0)
    bench.report(WARM, ackid=5)
    bench.receive(Reset(bench.sent[0].mid))
    bench.receive(Reset(bench.sent[0].mid))
    bench.receive(Reset(12345))
    assert bench.observations.paths == ()
    assert not bench.observations.waiting
    assert bench.acknowledged == []


def test_deleted_instance_drops_its_observation_and_held_reports() -> None:
    bench = ObservationBench()
    bench.observe(7, 3303, 0)
    bench.observe(6, 3303)
    bench.report(ON)
    bench.report(Item(Path(3306, 1, 5850), False))
    bench.observations.remove_instance(Path(3303, 0))
    bench.observations.remove_instance(Path(3306, 0))
    assert bench.observations.paths == (Path(3303),)
    assert bench.observations.held == 1


def test_clear_drops_everything() -> None:
    bench = ObservationBench()
    bench.observe(7, 3303, 0)
    bench.report(WARM, ackid=5)
    bench.report(ON)
    bench.endpoint.forget(PEER)
    bench.observations.clear()
    assert (bench.observations.paths, bench.observations.held) == ((), 0)
    bench.receive(Ack(bench.sent[0].mid))
    assert bench.acknowledged == []
