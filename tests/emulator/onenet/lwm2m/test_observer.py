"""What the platform asks by itself: discover per object, observe per instance, one at a time."""

from __future__ import annotations

from emulator.air.memory import Air
from emulator.air.messages import Ack, Discover, Observe, Read, Reset, Response
from emulator.air.model import Code, Item, Path
from emulator.onenet.devices import Description
from emulator.onenet.lwm2m.requests import Operation
from emulator.onenet.platform import Platform
from emulator.simulation.simulation import Simulation
from tests.support.stations import FakeDevice, refusing, silent, well

FIRST, SECOND = Path(3303, 0), Path(3303, 1)
HUMIDITY = Path(3304, 0)


class World:
    def __init__(self, *, observed: bool = True, final_read: bool = False) -> None:
        self.platform = Platform(subscribed_read=final_read)
        self.simulation = Simulation(self.platform.server, Air(latency=0))
        self.module = FakeDevice()
        self.simulation.add(self.module)
        imei, _, imsi = self.module.endpoint.partition(";")
        described = Description("a device", imei, imsi, observed=observed)
        self.device = self.platform.create_device(described, 0)

    def log_in(self, *objects: Path, now: float = 0) -> list[str]:
        """What the module is asked after it."""
        return self.asked_after(self.module.register(*objects, lifetime=1000), now)

    def update(self, *objects: Path, now: float = 0) -> list[str]:
        return self.asked_after(self.module.update(*objects), now)

    def asked_after(self, _: object, now: float) -> list[str]:
        before = len(self.module.asked_for())
        self.simulation.step(now)
        return self.module.asked_for()[before:]

    @property
    def resources(self) -> dict[int, tuple[Path, ...]]:
        registration = self.platform.registration(self.device)
        assert registration is not None
        return registration.resources


def test_every_object_is_discovered_before_any_instance_is_observed() -> None:
    assert World().log_in(FIRST, SECOND, HUMIDITY) == [
        "Discover /3303",
        "Discover /3304",
        "Observe /3303/0",
        "Observe /3303/1",
        "Observe /3304/0",
    ]


def test_management_objects_are_left_alone() -> None:
    assert World().log_in(Path(0, 0), Path(1, 0), Path(2), FIRST) == [
        "Discover /3303",
        "Observe /3303/0",
    ]


def test_an_object_without_an_instance_is_only_discovered() -> None:
    assert World().log_in(Path(3303)) == ["Discover /3303"]


def test_a_read_of_the_device_object_is_the_sign_that_all_is_subscribed() -> None:
    assert World(final_read=True).log_in(FIRST) == [
        "Discover /3303",
        "Observe /3303/0",
        "Read /3/0",
    ]


def test_a_device_whose_owner_does_not_want_it_is_not_asked() -> None:
    world = World(observed=False, final_read=True)
    assert world.log_in(FIRST) == []
    assert world.update(FIRST, SECOND) == []
    assert world.log_in(FIRST) == []


def test_one_question_at_a_time() -> None:
    world = World()
    world.module.answer = silent
    assert world.log_in(FIRST, HUMIDITY) == ["Discover /3303"]
    world.module.answer = well
    world.module.send(well(world.module.asked[-1]))
    assert world.asked_after(None, 1) == ["Discover /3304", "Observe /3303/0", "Observe /3304/0"]


def test_a_refused_question_does_not_end_the_rest() -> None:
    world = World(final_read=True)
    world.module.answer = refusing(Code.METHOD_NOT_ALLOWED)
    assert world.log_in(FIRST) == ["Discover /3303", "Observe /3303/0", "Read /3/0"]
    assert world.resources == {}


def test_an_unanswered_question_does_not_either() -> None:
    world = World()
    world.module.answer = lambda q: None if isinstance(q, Discover) else well(q)
    assert world.log_in(FIRST) == ["Discover /3303"]
    for now in range(31):
        world.simulation.step(now)
    assert world.module.asked_for() == [*["Discover /3303"] * 3, "Observe /3303/0"]


def test_discovery_fills_the_list_of_resources() -> None:
    world = World()
    world.log_in(FIRST)
    assert world.resources == {3303: (Path(3303), Path(3303, 0, 5700))}


def test_the_list_is_empty_while_it_is_asked_for_again() -> None:
    world = World()
    world.log_in(FIRST)
    world.module.answer = silent
    world.update(FIRST, SECOND)
    assert world.resources == {}


def test_what_the_first_answer_holds_is_the_first_data_point() -> None:
    world = World()

    def with_values(question: Operation) -> Response:
        items = (Item(Path(3303, 0, 5700), 4.5),) if isinstance(question, Observe) else ()
        return Response(question.mid, Code.CONTENT, items=items)

    world.module.answer = with_values
    world.log_in(FIRST, now=7)
    (stream,) = world.device.points.streams()
    assert (stream.points[0].value, stream.points[0].at) == (4.5, 7)


def test_a_report_may_overtake_the_answer_to_the_observation() -> None:
    world = World()
    world.module.answer = lambda q: None if isinstance(q, Observe) else well(q)
    world.log_in(FIRST)
    world.module.notify(Path(3303, 0, 5700), 4.5)
    world.simulation.step(1)
    assert [stream.id for stream in world.device.points.streams()] == ["3303_0_5700"]


def test_a_report_stands_for_an_answer_to_the_observation_that_was_lost() -> None:
    world = World()
    world.module.answer = lambda q: None if isinstance(q, Observe) else well(q)
    assert world.log_in(FIRST, SECOND)[1:] == ["Observe /3303/0"]
    world.module.notify(Path(3303, 0, 5700), 4.5)
    world.module.notify(Path(3303, 0, 5700), 5.5)
    world.simulation.step(1)
    assert world.module.asked_for()[2:] == ["Observe /3303/1"]
    for now in range(2, 60):
        world.simulation.step(now)
    assert world.module.asked_for()[2:] == ["Observe /3303/1"] * 3  # the other is given up
    late = world.module.notify(Path(3303, 0, 5700), 6.5, confirmable=True)
    world.simulation.step(60)
    assert world.module.received[-1] == Ack(late.mid)


def test_what_could_not_be_observed_does_not_report() -> None:
    world = World()
    world.module.answer = refusing(Code.NOT_FOUND)
    world.log_in(FIRST)
    sent = world.module.notify(Path(3303, 0, 5700), 4.5)
    world.simulation.step(1)
    assert world.module.received[-1] == Reset(sent.mid)


def test_an_update_without_objects_asks_nothing() -> None:
    world = World()
    world.log_in(FIRST)
    assert world.update() == []
    assert world.update(FIRST) == []


def test_new_instances_are_discovered_and_observed() -> None:
    world = World(final_read=True)
    world.log_in(FIRST)
    assert world.update(FIRST, SECOND) == ["Discover /3303", "Observe /3303/1"]
    world.module.notify(Path(3303, 0, 5700), 1.0)
    world.module.notify(Path(3303, 1, 5700), 2.0)
    world.simulation.step(1)
    assert [stream.id for stream in world.device.points.streams()] == ["3303_0_5700", "3303_1_5700"]


def test_vanished_instances_report_no_more() -> None:
    world = World()
    world.log_in(FIRST, SECOND, HUMIDITY)
    assert world.update(SECOND) == []
    assert world.resources.keys() == {3303}
    sent = [world.module.notify(path, 1.0) for path in (Path(3303, 0, 5700), Path(3304, 0, 5700))]
    world.module.notify(Path(3303, 1, 5700), 2.0)
    world.simulation.step(1)
    assert world.module.received[-2:] == [Reset(report.mid) for report in sent]
    assert [stream.id for stream in world.device.points.streams()] == ["3303_1_5700"]


def test_what_vanishes_before_its_turn_is_not_asked_for() -> None:
    world = World()
    world.module.answer = silent
    world.log_in(FIRST, SECOND)
    world.update(FIRST)
    world.module.answer = well
    world.module.send(well(world.module.asked[-1]))
    assert world.asked_after(None, 1) == ["Observe /3303/0"]


def test_an_update_amid_the_subscriptions_is_served_after_them() -> None:
    world = World()
    world.module.answer = silent
    world.log_in(FIRST)
    assert world.update(FIRST, HUMIDITY) == []
    world.module.answer = well
    world.module.send(well(world.module.asked[-1]))
    assert world.asked_after(None, 1) == ["Observe /3303/0", "Discover /3304", "Observe /3304/0"]


def test_another_login_begins_anew_and_waits_for_no_old_answer() -> None:
    world = World()
    world.module.answer = silent
    world.log_in(FIRST)
    old = world.module.asked[-1]
    assert world.log_in(HUMIDITY) == ["Discover /3304"]
    world.module.answer = well
    world.module.send(well(old))
    assert world.asked_after(None, 1) == []
    world.module.send(well(world.module.asked[-1]))
    assert world.asked_after(None, 2) == ["Observe /3304/0"]


def test_a_device_that_left_is_asked_nothing_more() -> None:
    world = World()
    world.module.answer = silent
    world.log_in(FIRST)
    world.module.deregister()
    assert world.asked_after(None, 1) == []
    assert world.simulation.step(100) is None


def test_a_user_s_request_waits_for_no_subscription() -> None:
    world = World()
    world.module.answer = lambda q: None if isinstance(q, Discover) else well(q)
    world.log_in(FIRST)
    outcomes: list[object] = []
    world.platform.request(world.device, Read(0, FIRST), outcomes.append, 0)
    world.simulation.step(0)
    assert len(outcomes) == 1
