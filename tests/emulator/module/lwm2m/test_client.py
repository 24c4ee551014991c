"""The LwM2M client without AT: messages of the platform in, messages and host events out."""

from __future__ import annotations

import pytest

from emulator.lwm2m.model import Item, Path, Value
from emulator.module.lwm2m.client import ACKIDS_REMEMBERED, REPORT_ITEMS
from emulator.module.lwm2m.host import PAYLOAD_LIMIT, InvalidValue, NoNetwork, NotAllowed
from emulator.module.lwm2m.objects import INSTANCE_LIMIT, RESOURCE_LIMIT
from emulator.module.lwm2m.observations import OBSERVATION_LIMIT
from emulator.module.lwm2m.states import State
from tests.support.lwm2m import ClientBench
from tests.support.lwm2m_messages import (
    Ack,
    CancelObserve,
    Code,
    Deregister,
    Discover,
    Downlink,
    Execute,
    Notification,
    Observe,
    Read,
    Register,
    Reset,
    Response,
    Update,
    Write,
)

NUMBER, TEXT = 4, 1  # value types: plain numbers to the client
WARM, UNIT, LEVEL = Path(3303, 0, 5700), Path(3303, 0, 5701), Path(3306, 0, 5851)


def configured() -> ClientBench:
    bench = ClientBench()
    bench.configure((WARM, NUMBER), (UNIT, TEXT), (LEVEL, NUMBER))
    return bench


def online() -> ClientBench:
    """Registered; /3303/0 is observed with token 1 and /3306/0 with token 2."""
    bench = configured()
    bench.register()
    bench.observe(1, WARM.instance_path)
    bench.observe(2, LEVEL.instance_path)
    return bench


def notify(
    bench: ClientBench,
    path: Path,
    value: Value = 1,
    value_type: int = NUMBER,
    *,
    size: int = 1,
    ackid: int = 0,
    complete: bool = True,
) -> list[Notification]:
    bench.client.notify(
        Item(path, value), value_type, size=size, ackid=ackid, complete=complete, now=bench.now
    )
    sent = bench.uplink()
    assert all(isinstance(message, Notification) for message in sent), sent
    return [message for message in sent if isinstance(message, Notification)]


def refuse(bench: ClientBench, path: Path, value_type: int = NUMBER, **options: int) -> None:
    with pytest.raises(InvalidValue):
        notify(bench, path, 1, value_type, **options)  # type: ignore[arg-type]


# Instance and objects ----------------------------------------------------------------------------


def test_delete_clears_objects() -> None:
    bench = configured()
    bench.client.delete(bench.now)
    assert (bench.client.state, bench.client.objects.instances) == (State.ABSENT, ())
    with pytest.raises(NotAllowed):
        bench.client.add_instance(Path(3303, 0))


def test_instances_and_resources_are_limited() -> None:
    bench = configured()
    for number in range(2, INSTANCE_LIMIT):
        bench.client.add_instance(Path(3303, number))
    with pytest.raises(NotAllowed):
        bench.client.add_instance(Path(3311, 0))
    for number in range(RESOURCE_LIMIT - 2):
        notify(bench, Path(3303, 0, number))
    with pytest.raises(NotAllowed):
        notify(bench, Path(3303, 0, 9999))
    notify(bench, Path(3303, 0, 0), "another type", TEXT)
    assert bench.client.objects.type_of(Path(3303, 0, 0)) == TEXT


def test_instance_is_added_and_deleted_once() -> None:
    bench = configured()
    bench.client.add_instance(WARM.instance_path)
    assert bench.client.objects.type_of(WARM) == NUMBER
    bench.client.delete_instance(Path(3303, 1))
    assert bench.client.objects.instances == (Path(3303, 0), Path(3306, 0))
    with pytest.raises(NotAllowed):
        notify(bench, Path(3303, 1, 5700))


def test_declaration_is_not_acknowledged() -> None:
    bench = configured()
    assert notify(bench, Path(3303, 0, 5702), ackid=5) == []
    assert bench.client.objects.type_of(Path(3303, 0, 5702)) == NUMBER
    assert not bench.client.reports(WARM)


# Registration ------------------------------------------------------------------------------------


def test_register_request_carries_endpoint_lifetime_and_instances() -> None:
    bench = configured()
    bench.client.open(30.0, bench.now)
    (register,) = bench.uplink()
    objects = (Path(3303, 0), Path(3306, 0))
    assert register == Register(register.mid, "1234;test", 300, objects)
    assert bench.client.waiting
    accepted = Response(register.mid, Code.CREATED, location="rd/1")
    assert bench.deliver(accepted) == [("registered", True)]
    assert bench.deliver(accepted) == []
    assert not bench.client.waiting


def test_open_without_network_is_refused() -> None:
    bench = configured()
    bench.online = False
    with pytest.raises(NoNetwork):
        bench.client.open(30.0, bench.now)
    assert bench.client.state is State.CONFIGURED


def test_unanswered_register_is_repeated_and_fails_at_its_timeout() -> None:
    bench = configured()
    bench.client.open(20.0, bench.now)
    (register,) = bench.uplink()
    while bench.client.due is not None:
        bench.now = bench.client.due
        bench.client.step(bench.now)
    assert bench.uplink() == [register] * 3  # after 2, 6 and 14 seconds
    assert bench.now == 20.0
    assert bench.host.events == [("registered", False)]
    assert bench.client.state is State.CONFIGURED


def test_update_lifetime_is_kept_for_the_next_registration() -> None:
    bench = online()
    bench.client.update(600, with_objects=True, now=bench.now)
    (update,) = bench.uplink()
    assert update == Update(update.mid, "rd/1", 600, (Path(3303, 0), Path(3306, 0)))
    assert bench.deliver(Response(update.mid, Code.CHANGED)) == [("updated", True)]
    bench.client.update(700, with_objects=False, now=bench.now)
    (update,) = bench.uplink()
    assert update == Update(update.mid, "rd/1", 700, None)
    assert bench.deliver(Response(update.mid, Code.NOT_FOUND)) == [("updated", False)]
    assert bench.client.observed == ()
    bench.client.open(30.0, bench.now)
    (register,) = bench.uplink()
    assert isinstance(register, Register)
    assert register.lifetime == 700


def test_close_deregisters_and_drops_what_is_pending() -> None:
    bench = online()
    (sent,) = notify(bench, WARM, ackid=7)
    bench.deliver(Read(10_001, WARM))
    bench.client.close(bench.now)
    (deregister,) = bench.uplink()
    assert deregister == Deregister(deregister.mid, "rd/1")
    assert len(bench.client.requests) == 1  # served until the platform has answered
    assert bench.deliver(Response(deregister.mid, Code.DELETED)) == [("deregistered",)]
    assert len(bench.client.requests) == 0
    assert bench.deliver(Ack(sent.mid)) == []
    assert bench.client.due is None


@pytest.mark.parametrize("answered", [True, False])
def test_logout_gives_up_a_login_under_way(answered: bool) -> None:
    bench = configured()
    bench.client.open(30.0, bench.now)
    (register,) = bench.uplink()
    bench.client.close(bench.now)
    assert bench.host.events == [("deregistered",)]
    assert (bench.client.state, bench.client.due) == (State.CONFIGURED, None)
    if answered:  # the platform has registered it nevertheless
        assert bench.deliver(Response(register.mid, Code.CREATED, location="rd/1")) == []
    assert bench.uplink() == []
    bench.client.open(30.0, bench.now)


def test_second_logout_changes_nothing() -> None:
    bench = online()
    bench.client.close(bench.now)
    bench.client.close(bench.now)
    (deregister,) = bench.uplink()
    assert bench.deliver(Response(deregister.mid, Code.DELETED)) == [("deregistered",)]


def test_newer_update_replaces_the_older_one() -> None:
    bench = online()
    bench.client.update(600, with_objects=False, now=bench.now)
    bench.client.update(700, with_objects=False, now=bench.now)
    first, second = bench.uplink()
    assert bench.deliver(Response(first.mid, Code.CHANGED)) == []
    assert bench.deliver(Response(second.mid, Code.CHANGED)) == [("updated", True)]


def test_deletion_logs_out_and_ends_everything() -> None:
    bench = online()
    notify(bench, WARM, ackid=7)
    bench.client.delete(bench.now)
    (deregister,) = bench.uplink()
    assert deregister == Deregister(deregister.mid, "rd/1")
    assert (bench.client.state, bench.client.due, bench.client.observed) == (State.ABSENT, None, ())
    assert bench.deliver(Response(deregister.mid, Code.DELETED)) == []
    bench.configure((WARM, NUMBER))
    bench.client.open(30.0, bench.now)
    bench.client.delete(bench.now)
    (register,) = bench.uplink()
    assert isinstance(register, Register)  # what was not registered is not logged out
    assert bench.deliver(Response(register.mid, Code.CREATED, location="rd/1")) == []


# Reports -----------------------------------------------------------------------------------------


def test_report_of_several_values_is_sent_when_complete() -> None:
    bench = online()
    assert notify(bench, WARM, 22.0, complete=False) == []
    assert notify(bench, UNIT, "F", TEXT, complete=False) == []
    first, second = notify(bench, LEVEL, -7)
    assert (first.token, first.items) == (1, (Item(WARM, 22.0), Item(UNIT, "F")))
    assert (second.token, second.items) == (2, (Item(LEVEL, -7),))
    assert not first.confirmable


def test_acknowledged_report() -> None:
    bench = online()
    (sent,) = notify(bench, WARM, ackid=278)
    assert sent.confirmable
    assert bench.deliver(Ack(sent.mid)) == [("acknowledged", 278)]
    assert bench.deliver(Ack(sent.mid)) == []


def test_unacknowledged_report_is_given_up_without_event() -> None:
    bench = online()
    (sent,) = notify(bench, WARM, ackid=278)
    bench.host.events.clear()
    while bench.client.due is not None:
        bench.now = bench.client.due
        bench.client.step(bench.now)
    assert bench.uplink() == [sent] * 4
    assert bench.host.events == []
    assert bench.deliver(Ack(sent.mid)) == []


def test_refused_values_leave_the_incomplete_report() -> None:
    bench = online()
    notify(bench, WARM, 22.0, complete=False)
    refuse(bench, Path(3303, 0, 5702))  # never declared
    refuse(bench, UNIT, TEXT, size=PAYLOAD_LIMIT)
    (sent,) = notify(bench, UNIT, "F", TEXT, size=PAYLOAD_LIMIT - 1)
    assert [item.value for item in sent.items] == [22.0, "F"]


def test_ackid_before_the_last_value_is_ignored() -> None:
    bench = online()
    notify(bench, WARM, 22.0, ackid=7, complete=False)
    (sent,) = notify(bench, UNIT, "F", TEXT)
    assert not sent.confirmable
    notify(bench, WARM, ackid=7)


def test_report_has_a_limit_of_values() -> None:
    bench = online()
    for _ in range(REPORT_ITEMS):
        notify(bench, WARM, complete=False)
    refuse(bench, WARM)


def test_ackid_is_used_once_until_the_instance_is_deleted() -> None:
    bench = online()
    notify(bench, WARM, ackid=7)
    refuse(bench, WARM, ackid=7)
    bench.client.close(bench.now)
    bench.deliver(Response(bench.uplink()[0].mid, Code.DELETED))
    bench.register()
    refuse(bench, WARM, ackid=7)
    bench.client.close(bench.now)
    bench.deliver(Response(bench.uplink()[0].mid, Code.DELETED))
    bench.client.delete(bench.now)
    bench.configure((WARM, NUMBER))
    bench.register()
    notify(bench, WARM, ackid=7)


def test_old_ackids_may_be_used_again() -> None:
    bench = online()
    for ackid in range(1, ACKIDS_REMEMBERED + 2):
        (sent,) = notify(bench, WARM, ackid=ackid)
        bench.deliver(Ack(sent.mid))
    refuse(bench, WARM, ackid=2)
    notify(bench, WARM, ackid=1)


def test_deleted_instance_leaves_the_incomplete_report() -> None:
    bench = online()
    notify(bench, WARM, complete=False)
    bench.client.delete_instance(WARM.instance_path)
    (sent,) = notify(bench, LEVEL)
    assert [item.path for item in sent.items] == [LEVEL]
    assert bench.client.observed == (LEVEL.instance_path,)


def test_incomplete_report_ends_with_the_registration() -> None:
    bench = online()
    notify(bench, WARM, complete=False)
    bench.client.close(bench.now)
    bench.deliver(Response(bench.uplink()[0].mid, Code.DELETED))
    bench.register()
    bench.observe(1, WARM.instance_path)
    (sent,) = notify(bench, UNIT, "F", TEXT)
    assert len(sent.items) == 1


# Requests of the platform ------------------------------------------------------------------------

UNREGISTERED: list[Downlink] = [
    Read(10_001, WARM),
    Write(10_001, WARM.instance_path, (), replace=True),
    Execute(10_001, WARM, b""),
    Discover(10_001, WARM),
    Observe(10_001, 1, WARM),
    CancelObserve(10_001, 1, WARM),
    Response(1, Code.CREATED, location="rd/1"),
    Ack(1),
    Reset(1),
]


@pytest.mark.parametrize("message", UNREGISTERED, ids=lambda message: type(message).__name__)
def test_nothing_is_served_before_the_registration(message: Downlink) -> None:
    bench = configured()
    assert bench.deliver(message) == []
    assert bench.uplink() == []


def test_discover_is_answered_with_the_object_tree() -> None:
    bench = online()
    assert bench.deliver(Discover(10_001, Path(3303))) == [("discovered", 10_001, Path(3303))]
    (response,) = bench.uplink()
    links = (Path(3303), Path(3303, 0), WARM, UNIT)
    assert response == Response(10_001, Code.CONTENT, links=links)
    assert bench.deliver(Discover(10_002, Path(3))) == []  # its own: listed, and nothing to tell
    assert bench.uplink() == [Response(10_002, Code.CONTENT)]
    assert bench.deliver(Discover(10_003, Path(0))) == []
    assert bench.uplink() == [Response(10_003, Code.NOT_FOUND)]


def test_observe_is_answered_before_held_reports() -> None:
    bench = configured()
    bench.register()
    assert notify(bench, WARM, 22.0) == []
    event = ("observed", 10_001, Path(3303), True)
    assert bench.deliver(Observe(10_001, 9, Path(3303))) == [event]
    answer, held = bench.uplink()
    assert answer == Response(10_001, Code.CONTENT)
    assert isinstance(held, Notification)
    assert (held.token, held.sequence) == (9, 1)


def test_cancelled_observation_is_reported_once() -> None:
    bench = online()
    path = WARM.instance_path
    event = ("observed", 10_003, path, False)
    assert bench.deliver(CancelObserve(10_003, 1, path)) == [event]
    assert bench.deliver(CancelObserve(10_004, 1, path)) == []
    assert bench.uplink() == [
        Response(10_003, Code.CONTENT),
        Response(10_004, Code.NOT_FOUND),
    ]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        (Path(3), Code.METHOD_NOT_ALLOWED),
        (Path(5, 0), Code.METHOD_NOT_ALLOWED),
        (Path(6), Code.NOT_FOUND),
        (Path(3303, 1), Code.NOT_FOUND),
        (Path(3303, 0, 5999), Code.NOT_FOUND),
    ],
)
def test_unknown_paths_cannot_be_observed(path: Path, code: Code) -> None:
    bench = online()
    assert bench.deliver(Observe(10_001, 9, path)) == []
    assert bench.uplink() == [Response(10_001, code)]


def test_observations_are_limited() -> None:
    bench = configured()
    for number in range(1, INSTANCE_LIMIT - 1):
        bench.client.add_instance(Path(3303, number))
    bench.register()
    paths = [*bench.client.objects.instances, WARM, UNIT]
    for token, path in enumerate(paths[:OBSERVATION_LIMIT]):
        bench.observe(token, path)
    assert bench.deliver(Observe(10_001, 99, Path(3303))) == []
    assert bench.uplink() == [Response(10_001, Code.INTERNAL_SERVER_ERROR)]


def test_reset_ends_an_observation() -> None:
    bench = online()
    (sent,) = notify(bench, WARM)
    assert bench.deliver(Reset(sent.mid)) == []
    assert bench.client.observed == (LEVEL.instance_path,)
    assert notify(bench, WARM) == []
