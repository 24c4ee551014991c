"""The cloud as a device sees it: logins, reports, requests; and as its owner does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.air.memory import Air
from emulator.air.messages import (
    Ack,
    Deregister,
    Notification,
    Read,
    Register,
    Reset,
    Response,
    Update,
    Write,
)
from emulator.air.model import Code, Item, Path
from emulator.onenet.devices import Description, Device
from emulator.onenet.errors import ApiError, Errno
from emulator.onenet.lwm2m.requests import LATER_RETRY, Failure, Outcome, Retry
from emulator.onenet.platform import MAX_OPEN_REQUESTS, Platform
from emulator.simulation.simulation import Simulation
from tests.support.stations import FakeDevice, refusing, silent

IMEI, IMSI = "867726030000001", "460040000000001"
INSTANCE = Path(3303, 0)
TEMPERATURE = Path(3303, 0, 5700)


class World:
    """One device known to the platform, in an air that takes no time."""

    def __init__(self, *, observed: bool = True, retry: Retry | None = None) -> None:
        options = {} if retry is None else {"retry": retry}
        self.platform = Platform(subscribed_read=False, **options)
        self.simulation = Simulation(self.platform.server, Air(latency=0))
        self.module = FakeDevice(f"{IMEI};{IMSI}")
        self.address = self.simulation.add(self.module)
        described = Description("a device", IMEI, IMSI, observed=observed)
        self.device = self.platform.create_device(described, 0)
        self.now = 0.0
        self.outcomes: list[Outcome] = []

    def step(self, seconds: float = 0) -> None:
        self.now += seconds
        self.simulation.step(self.now)

    def log_in(self, *objects: Path, lifetime: int = 300) -> None:
        self.module.register(*(objects or (INSTANCE,)), lifetime=lifetime)
        self.step()
        assert self.module.response().code is Code.CREATED

    def ask(self, question: Read | Write = Read(0, TEMPERATURE)) -> None:  # noqa: B008 - frozen
        self.platform.request(self.device, question, self.outcomes.append, self.now)
        self.step()

    @property
    def online(self) -> bool:
        return self.platform.online(self.device)

    def values(self, stream: str = "3303_0_5700") -> list[object]:
        found = self.device.points.streams(6000, {stream})
        return [point.value for stream in found for point in stream.points]


@pytest.fixture
def world() -> World:
    return World()


# Login -------------------------------------------------------------------------------------------


def test_a_known_device_logs_in_at_the_location_of_its_imei(world: World) -> None:
    request = world.module.register(INSTANCE)
    world.step()
    expected = Response(request.mid, Code.CREATED, location=f"rd/{IMEI}")
    assert world.module.response() == expected
    assert world.online


@pytest.mark.parametrize(
    "endpoint",
    [
        "867726030000002;460040000000001",
        "867726030000001;460040000000002",
        "867726030000001",
        "867726030000001;",
        "867726030000001;460040000000001;",
        ";",
        "",
    ],
)
def test_another_endpoint_is_forbidden(world: World, endpoint: str) -> None:
    world.module.endpoint = endpoint
    request = world.module.register(INSTANCE)
    world.step()
    assert world.module.received == [Response(request.mid, Code.FORBIDDEN)]
    assert not world.online


@pytest.mark.parametrize("lifetime", [0, -1])
def test_a_lifetime_that_is_none_is_a_bad_request(world: World, lifetime: int) -> None:
    world.module.register(INSTANCE, lifetime=lifetime)
    world.step()
    assert world.module.response().code is Code.BAD_REQUEST
    assert not world.online


def test_a_device_may_come_without_objects(world: World) -> None:
    world.module.register()
    world.step()
    assert world.online
    assert world.module.asked == []


def test_it_is_online_until_its_lifetime_ends(world: World) -> None:
    world.log_in(lifetime=86400)
    world.step(86399.9)
    assert world.online
    world.step(0.1)
    assert not world.online


def test_the_platform_names_the_end_of_the_lifetime_as_its_deadline(world: World) -> None:
    assert world.simulation.step(0) is None
    world.log_in(lifetime=86400)
    assert world.simulation.step(0) == 86400


def test_a_repeated_login_is_answered_the_same_and_starts_nothing_anew(world: World) -> None:
    request = world.module.register(INSTANCE)
    world.step()
    asked = len(world.module.asked)
    world.module.send(request)
    world.step(4)
    assert world.module.response() == Response(request.mid, Code.CREATED, location=f"rd/{IMEI}")
    assert len(world.module.asked) == asked
    world.module.notify(TEMPERATURE, 1.0)
    world.step()
    assert world.values() == [1.0]


def test_the_same_id_much_later_is_another_login(world: World) -> None:
    request = world.module.register(INSTANCE)
    world.step()
    asked = len(world.module.asked)
    world.step(248)
    world.module.send(request)
    world.step()
    assert len(world.module.asked) == 2 * asked


def test_another_login_ends_the_reports_of_the_first(world: World) -> None:
    world.log_in()
    old = world.module.token(INSTANCE)
    world.log_in()
    sent = world.module.notify(TEMPERATURE, 1.0, token=old)
    world.step()
    assert world.module.received[-1] == Reset(sent.mid)
    world.module.notify(TEMPERATURE, 2.0)
    world.step()
    assert world.values() == [2.0]


# Update, deregistration --------------------------------------------------------------------------


def test_an_update_keeps_it_online(world: World) -> None:
    world.log_in(lifetime=100)
    world.step(90)
    request = world.module.update()
    world.step()
    assert world.module.response() == Response(request.mid, Code.CHANGED)
    world.step(99)
    assert world.online
    world.step(1)
    assert not world.online


def test_an_update_can_change_the_lifetime(world: World) -> None:
    world.log_in(lifetime=100)
    world.module.update(lifetime=1000)
    world.step()
    world.step(999)
    assert world.online


@pytest.mark.parametrize("lifetime", [0, -5])
def test_an_update_to_no_lifetime_is_a_bad_request_and_changes_nothing(
    world: World, lifetime: int
) -> None:
    world.log_in(lifetime=100)
    world.step(50)
    world.module.update(lifetime=lifetime)
    world.step()
    assert world.module.response().code is Code.BAD_REQUEST
    world.step(50)
    assert not world.online


def test_an_update_after_the_lifetime_is_not_found(world: World) -> None:
    world.log_in(lifetime=100)
    world.step(100)
    world.module.update()
    world.step()
    assert world.module.response().code is Code.NOT_FOUND


def test_an_update_from_elsewhere_takes_the_requests_there(world: World) -> None:
    world.log_in()
    elsewhere = FakeDevice(world.module.endpoint)
    world.simulation.add(elsewhere)
    elsewhere.update()
    world.step()
    world.ask()
    assert elsewhere.asked_for() == ["Read /3303/0/5700"]
    assert world.outcomes[0].failure is None


def test_a_goodbye_ends_it(world: World) -> None:
    world.log_in()
    token = world.module.token(INSTANCE)
    request = world.module.deregister()
    world.step()
    assert world.module.response() == Response(request.mid, Code.DELETED)
    assert not world.online
    sent = world.module.notify(TEMPERATURE, 1.0, token=token)
    world.step()
    assert world.module.received[-1] == Reset(sent.mid)


def test_a_goodbye_of_nobody_is_not_found(world: World) -> None:
    world.module.deregister()
    world.step()
    assert world.module.response().code is Code.NOT_FOUND


# Reports -----------------------------------------------------------------------------------------


def test_a_report_becomes_a_data_point_with_its_time(world: World) -> None:
    world.log_in()
    world.step(5)
    world.module.notify(TEMPERATURE, 21.5)
    heard = len(world.module.received)
    world.step()
    (stream,) = world.device.points.streams()
    assert (stream.id, stream.points[0].at, stream.points[0].value) == ("3303_0_5700", 5, 21.5)
    assert len(world.module.received) == heard


def test_a_confirmable_report_is_acknowledged_each_time_and_recorded_once(world: World) -> None:
    world.log_in()
    sent = world.module.notify(TEMPERATURE, 21.5, confirmable=True)
    world.step()
    world.module.send(sent)
    world.step(2)
    assert world.module.received[-2:] == [Ack(sent.mid), Ack(sent.mid)]
    assert world.values() == [21.5]


def test_the_same_id_counts_again_after_its_lifetime(world: World) -> None:
    world.log_in(lifetime=1000)
    sent = world.module.notify(TEMPERATURE, 21.5)
    world.step()
    world.module.send(sent)
    world.step(246)
    assert world.values() == [21.5]
    world.module.send(sent)
    world.step(1)
    assert world.values() == [21.5, 21.5]


def test_one_report_can_hold_several_resources(world: World) -> None:
    world.log_in()
    items = (Item(TEMPERATURE, 1.5), Item(Path(3303, 0, 5701), "Cel"))
    world.module.send(Notification(7, world.module.token(INSTANCE), 1, items, False))
    world.step()
    assert [stream.id for stream in world.device.points.streams()] == ["3303_0_5700", "3303_0_5701"]


@pytest.mark.parametrize("confirmable", [True, False])
def test_a_report_of_a_stranger_is_reset(world: World, confirmable: bool) -> None:
    sent = world.module.notify(TEMPERATURE, 1.0, token=1, confirmable=confirmable)
    world.step()
    assert world.module.received == [Reset(sent.mid)]
    assert world.values() == []


def test_a_report_after_the_lifetime_is_reset(world: World) -> None:
    world.log_in(lifetime=60)
    world.step(60)
    sent = world.module.notify(TEMPERATURE, 1.0)
    world.step()
    assert world.module.received[-1] == Reset(sent.mid)
    assert world.values() == []


# Requests ----------------------------------------------------------------------------------------


def test_a_request_reaches_the_device_and_its_outcome_the_caller(world: World) -> None:
    world.log_in()
    world.ask()
    assert world.outcomes == [Outcome(0, None, (Item(TEMPERATURE, 20.123),))]


def test_a_request_to_a_device_that_is_not_online_is_refused(world: World) -> None:
    for prepare in (lambda: None, world.log_in, lambda: world.step(300)):
        prepare()
        if world.online:
            continue
        with pytest.raises(ApiError) as refused:
            world.ask()
        assert refused.value.errno is Errno.NOT_ONLINE


def test_a_silent_device_is_asked_three_times_in_30_seconds(world: World) -> None:
    world.log_in()
    world.module.answer = silent
    before = len(world.module.received)
    world.ask()
    for _ in range(30):
        assert world.outcomes == []
        world.step(1)
    assert [outcome.failure for outcome in world.outcomes] == [Failure.TIME_OUT]
    assert len(set(world.module.received[before:])) == 1
    assert len(world.module.received[before:]) == 3
    assert world.online


def test_the_retry_profile_is_a_choice() -> None:
    world = World(retry=LATER_RETRY)
    world.log_in()
    world.module.answer = silent
    world.ask()
    world.step(25)
    assert [outcome.failure for outcome in world.outcomes] == [Failure.TIME_OUT]


def test_a_device_that_leaves_fails_what_it_was_asked(world: World) -> None:
    world.log_in()
    world.module.answer = silent
    world.ask()
    world.module.deregister()
    world.step(1)
    assert world.outcomes == [Outcome(1, Failure.OFFLINE)]


def test_a_lifetime_that_ends_fails_what_was_asked(world: World) -> None:
    world.log_in(lifetime=15)
    world.module.answer = silent
    world.ask()
    world.step(15)
    assert world.outcomes == [Outcome(15, Failure.OFFLINE)]


def test_a_request_outlives_another_login(world: World) -> None:
    world.log_in()
    world.module.answer = silent
    world.ask()
    world.log_in()
    late = next(q for q in world.module.asked if isinstance(q, Read))
    world.module.send(Response(late.mid, Code.CONTENT))
    world.step()
    assert [outcome.failure for outcome in world.outcomes] == [None]


def test_an_answer_from_a_stranger_is_none(world: World) -> None:
    world.log_in()
    world.module.answer = silent
    world.ask()
    stranger = FakeDevice()
    world.simulation.add(stranger)
    stranger.send(Response(world.module.asked[-1].mid, Code.CONTENT))
    world.step()
    assert world.outcomes == []


def test_too_many_open_requests_are_refused_until_one_is_taken_back(world: World) -> None:
    world.log_in()
    world.module.answer = silent
    for _ in range(MAX_OPEN_REQUESTS - 1):
        world.ask()
    last = world.platform.request(world.device, Read(0, INSTANCE), world.outcomes.append, 0)
    with pytest.raises(ApiError, match="20 requests wait") as refused:
        world.ask()
    assert refused.value.errno is Errno.LIMIT
    world.platform.cancel(last)
    world.ask()
    assert world.outcomes == []


def test_a_refusal_of_the_device_is_the_outcome(world: World) -> None:
    world.log_in()
    world.module.answer = refusing(Code.METHOD_NOT_ALLOWED)
    world.ask(Write(0, INSTANCE, (Item(TEMPERATURE, 1),), replace=True))
    assert [outcome.failure for outcome in world.outcomes] == [Failure.METHOD_NOT_ALLOWED]


# Devices -----------------------------------------------------------------------------------------


def test_a_device_is_found_by_its_id_and_by_its_imei(world: World) -> None:
    assert world.platform.device(world.device.id) is world.device
    assert world.platform.device_by_imei(IMEI) is world.device
    assert world.platform.device("1") is world.platform.device_by_imei("1") is None


def deleted(world: World) -> Device:
    world.platform.delete_device(world.device)
    return world.device


def test_a_deleted_device_stays_until_its_update(world: World) -> None:
    world.log_in()
    deleted(world)
    sent = world.module.notify(TEMPERATURE, 1.0, confirmable=True)
    world.step()
    assert world.module.received[-1] == Ack(sent.mid)
    assert world.values() == []
    world.module.update()
    world.step()
    assert world.module.response().code is Code.NOT_FOUND
    assert world.platform.registration(world.device) is None
    world.module.register(INSTANCE)
    world.step()
    assert world.module.response().code is Code.FORBIDDEN


def test_a_deleted_device_is_forgotten_when_its_lifetime_ends(world: World) -> None:
    world.log_in(lifetime=60)
    deleted(world)
    world.step(60)
    assert world.platform.registration(world.device) is None


def test_a_deleted_device_that_is_offline_is_forgotten_at_once(world: World) -> None:
    world.log_in(lifetime=60)
    world.step(60)
    deleted(world)
    assert world.platform.registration(world.device) is None
    never_logged_in = world.platform.create_device(Description("other", "1", "2"), 0)
    world.platform.delete_device(never_logged_in)


def test_the_last_login_is_remembered_while_the_device_exists(world: World) -> None:
    assert world.platform.registration(world.device) is None
    world.log_in(lifetime=60)
    world.step(60)
    registration = world.platform.registration(world.device)
    assert registration is not None
    assert registration.objects == (INSTANCE,)


# Any order ---------------------------------------------------------------------------------------

PATHS = st.builds(Path, st.sampled_from([0, 3303]), st.sampled_from([0, 1]))
MIDS = st.integers(1, 6)
UPLINKS = st.one_of(
    st.builds(
        Register,
        MIDS,
        st.sampled_from([f"{IMEI};{IMSI}", "x;y"]),
        st.integers(-1, 50),
        st.lists(PATHS).map(tuple),
    ),
    st.builds(
        Update,
        MIDS,
        st.sampled_from([f"rd/{IMEI}", "rd/x"]),
        st.none() | st.integers(-1, 50),
        st.none() | st.lists(PATHS).map(tuple),
    ),
    st.builds(Deregister, MIDS, st.sampled_from([f"rd/{IMEI}", "rd/x"])),
    st.builds(
        Notification,
        MIDS,
        st.integers(0x1000_0000, 0x1000_0005),
        MIDS,
        st.lists(st.builds(Item, st.just(TEMPERATURE), st.floats())).map(tuple),
        st.booleans(),
    ),
    st.builds(Response, st.integers(10000, 10010), st.sampled_from(Code)),
)


@given(
    story=st.lists(st.tuples(st.floats(0, 40), st.sampled_from(["a", "b"]), UPLINKS), max_size=30),
    observed=st.booleans(),
)
def test_whatever_comes_is_answered_at_most_once_and_to_its_sender(
    story: list[tuple[float, str, Register | Update | Deregister | Notification | Response]],
    observed: bool,
) -> None:
    platform = Platform()
    server, sent = platform.server, []
    server.send = lambda address, message, _now: sent.append((address, message))
    device = platform.create_device(Description("a device", IMEI, IMSI, observed=observed), 0)
    now = 0.0
    for pause, address, message in story:
        now += pause
        server.step(now)
        sent.clear()
        server.receive(address, message, now)
        answers = [
            (to, answer) for to, answer in sent if isinstance(answer, Response | Ack | Reset)
        ]
        assert all(to == address and answer.mid == message.mid for to, answer in answers)
        assert len(answers) <= 1
        if isinstance(message, Register | Update | Deregister):
            assert len(answers) == 1
        deadline = server.step(now)
        assert deadline is None or deadline > now
        if platform.online(device):
            assert deadline is not None
