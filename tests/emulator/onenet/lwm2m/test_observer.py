"""The requests of the server itself: discover each object, observe each instance."""

from __future__ import annotations

from aiocoap import Message
from aiocoap.numbers import Code

from emulator.lwm2m.model import Path
from emulator.onenet.lwm2m.operations import Read
from tests.support.fake_device import (
    TEMPERATURE,
    TLV,
    Answer,
    CloudWithDevice,
    operation_of,
    refusing,
    resource,
    silent,
    success,
)
from tests.support.stored import streams

FIRST, SECOND = Path(3303, 0), Path(3303, 1)
HUMIDITY = Path(3304, 0)


def log_in(cloud: CloudWithDevice, *objects: Path) -> list[str]:
    """Register with `objects`; returns the operations of the server that follow."""
    cloud.module.register(*objects)
    return next_operations(cloud)


def update(cloud: CloudWithDevice, *objects: Path) -> list[str]:
    cloud.module.update(*objects)
    return next_operations(cloud)


def answer_last_request(cloud: CloudWithDevice) -> list[str]:
    request = cloud.module.requests[-1]
    cloud.module.respond(request, success(request))
    return next_operations(cloud)


def next_operations(cloud: CloudWithDevice) -> list[str]:
    before = len(cloud.module.operations())
    cloud.step()
    return cloud.module.operations()[before:]


def no_answer_to(kind: str) -> Answer:
    return lambda request: None if operation_of(request).startswith(kind) else success(request)


def resources(cloud: CloudWithDevice) -> dict[int, tuple[Path, ...]]:
    registration = cloud.platform.registration(cloud.device)
    assert registration is not None
    return registration.resources


def test_all_objects_are_discovered_before_instances_are_observed() -> None:
    assert log_in(CloudWithDevice(), FIRST, SECOND, HUMIDITY) == [
        "Discover /3303",
        "Discover /3304",
        "Observe /3303/0",
        "Observe /3303/1",
        "Observe /3304/0",
    ]


def test_in_2018_observes_come_first_in_ascending_order_and_the_read_last() -> None:
    cloud = CloudWithDevice(year=2018, final_read=True)
    assert log_in(cloud, HUMIDITY, SECOND, FIRST) == [
        "Observe /3303/0",
        "Observe /3303/1",
        "Observe /3304/0",
        "Discover /3303",
        "Discover /3304",
        "Read /3/0",
    ]


def test_observe_without_answer_is_repeated_after_an_update() -> None:
    cloud = CloudWithDevice(year=2018)
    cloud.module.answer = no_answer_to("Observe")
    log_in(cloud, FIRST)
    cloud.step(31)
    cloud.module.answer = success
    assert update(cloud) == ["Observe /3303/0"]
    assert update(cloud) == []


def test_management_objects_are_not_observed() -> None:
    assert log_in(CloudWithDevice(), Path(0, 0), Path(1, 0), Path(2), FIRST) == [
        "Discover /3303",
        "Observe /3303/0",
    ]


def test_object_without_instance_is_only_discovered() -> None:
    assert log_in(CloudWithDevice(), Path(3303)) == ["Discover /3303"]


def test_device_object_is_read_after_all_observations() -> None:
    assert log_in(CloudWithDevice(final_read=True), FIRST) == [
        "Discover /3303",
        "Observe /3303/0",
        "Read /3/0",
    ]


def test_device_created_with_obsv_false_is_not_observed() -> None:
    cloud = CloudWithDevice(observed=False, final_read=True)
    assert log_in(cloud, FIRST) == []
    assert update(cloud, FIRST, SECOND) == []
    assert log_in(cloud, FIRST) == []


def test_one_request_is_open_at_a_time() -> None:
    cloud = CloudWithDevice()
    cloud.module.answer = silent
    assert log_in(cloud, FIRST, HUMIDITY) == ["Discover /3303"]
    cloud.module.answer = success
    assert answer_last_request(cloud) == ["Discover /3304", "Observe /3303/0", "Observe /3304/0"]


def test_refused_request_does_not_stop_the_others() -> None:
    cloud = CloudWithDevice(final_read=True)
    cloud.module.answer = refusing(Code.METHOD_NOT_ALLOWED)
    assert log_in(cloud, FIRST) == ["Discover /3303", "Observe /3303/0", "Read /3/0"]
    assert resources(cloud) == {}


def test_request_without_answer_does_not_stop_the_others() -> None:
    cloud = CloudWithDevice()
    cloud.module.answer = no_answer_to("Discover")
    assert log_in(cloud, FIRST) == ["Discover /3303"]
    cloud.step(30)
    assert cloud.module.operations() == [*["Discover /3303"] * 3, "Observe /3303/0"]


def test_discovery_fills_the_list_of_resources() -> None:
    cloud = CloudWithDevice()
    log_in(cloud, FIRST)
    assert resources(cloud) == {3303: (Path(3303), TEMPERATURE)}


def test_list_of_resources_is_empty_during_a_new_discovery() -> None:
    cloud = CloudWithDevice()
    log_in(cloud, FIRST)
    cloud.module.answer = silent
    update(cloud, FIRST, SECOND)
    assert resources(cloud) == {}


def ids(cloud: CloudWithDevice) -> list[str]:
    return [stream.id for stream in streams(cloud.platform, cloud.device)]


def test_values_in_answer_to_observe_are_stored() -> None:
    cloud = CloudWithDevice()

    def with_values(request: Message) -> Message:
        if not operation_of(request).startswith("Observe"):
            return success(request)
        payload = resource(TEMPERATURE, 4.5)
        return Message(code=Code.CONTENT, observe=0, content_format=TLV, payload=payload)

    cloud.module.answer = with_values
    cloud.step(7)
    log_in(cloud, FIRST)
    (stream,) = streams(cloud.platform, cloud.device)
    assert (stream.points[0].value, stream.points[0].at) == (4.5, 7)


def test_report_before_answer_to_observe_is_stored() -> None:
    cloud = CloudWithDevice()
    cloud.module.answer = no_answer_to("Observe")
    log_in(cloud, FIRST)
    cloud.module.notify(TEMPERATURE, 4.5)
    cloud.step(1)
    assert ids(cloud) == ["3303_0_5700"]


def test_report_counts_as_answer_to_observe() -> None:
    cloud = CloudWithDevice()
    cloud.module.answer = no_answer_to("Observe")
    assert log_in(cloud, FIRST, SECOND)[1:] == ["Observe /3303/0"]
    cloud.module.notify(TEMPERATURE, 4.5)
    cloud.module.notify(TEMPERATURE, 5.5)
    cloud.step(1)
    assert cloud.module.operations()[2:] == ["Observe /3303/1"]
    cloud.step(59)
    assert cloud.module.operations()[2:] == ["Observe /3303/1"] * 3  # the other is given up
    late = cloud.module.notify(TEMPERATURE, 6.5, confirmable=True)
    cloud.step()
    assert cloud.module.brief()[-1] == f"ACK 0.00 {late.mid}"


def test_report_of_refused_observation_is_reset() -> None:
    cloud = CloudWithDevice()
    cloud.module.answer = refusing(Code.NOT_FOUND)
    log_in(cloud, FIRST)
    sent = cloud.module.notify(TEMPERATURE, 4.5)
    cloud.step(1)
    assert cloud.module.brief()[-1] == f"RST 0.00 {sent.mid}"


def test_update_without_new_objects_sends_no_request() -> None:
    cloud = CloudWithDevice()
    log_in(cloud, FIRST)
    assert update(cloud) == []
    assert update(cloud, FIRST) == []


def test_instances_added_by_update_are_discovered_and_observed() -> None:
    cloud = CloudWithDevice(final_read=True)
    log_in(cloud, FIRST)
    assert update(cloud, FIRST, SECOND) == ["Discover /3303", "Observe /3303/1"]
    cloud.module.notify(TEMPERATURE, 1.0)
    cloud.module.notify(Path(3303, 1, 5700), 2.0)
    cloud.step(1)
    assert ids(cloud) == ["3303_0_5700", "3303_1_5700"]


def test_instances_removed_by_update_are_no_longer_observed() -> None:
    cloud = CloudWithDevice()
    log_in(cloud, FIRST, SECOND, HUMIDITY)
    assert update(cloud, SECOND) == []
    assert resources(cloud).keys() == {3303}
    sent = [cloud.module.notify(path, 1.0) for path in (TEMPERATURE, Path(3304, 0, 5700))]
    cloud.module.notify(Path(3303, 1, 5700), 2.0)
    cloud.step(1)
    assert cloud.module.brief()[-2:] == [f"RST 0.00 {report.mid}" for report in sent]
    assert ids(cloud) == ["3303_1_5700"]


def test_instance_removed_before_its_observe_is_not_observed() -> None:
    cloud = CloudWithDevice()
    cloud.module.answer = silent
    log_in(cloud, FIRST, SECOND)
    update(cloud, FIRST)
    cloud.module.answer = success
    assert answer_last_request(cloud) == ["Observe /3303/0"]


def test_instances_added_during_subscription_are_observed_after_it() -> None:
    cloud = CloudWithDevice()
    cloud.module.answer = silent
    log_in(cloud, FIRST)
    assert update(cloud, FIRST, HUMIDITY) == []
    cloud.module.answer = success
    assert answer_last_request(cloud) == ["Observe /3303/0", "Discover /3304", "Observe /3304/0"]


def test_new_registration_cancels_the_open_request_of_the_old_one() -> None:
    cloud = CloudWithDevice()
    cloud.module.answer = silent
    log_in(cloud, FIRST)
    old = cloud.module.requests[-1]
    assert log_in(cloud, HUMIDITY) == ["Discover /3304"]
    cloud.module.answer = success
    cloud.module.respond(old, success(old))
    assert next_operations(cloud) == []
    assert answer_last_request(cloud) == ["Observe /3304/0"]


def test_deregister_ends_the_subscription() -> None:
    cloud = CloudWithDevice()
    cloud.module.answer = silent
    log_in(cloud, FIRST)
    cloud.module.deregister()
    assert next_operations(cloud) == []
    assert cloud.simulation.step(100) is None


def test_request_of_application_does_not_wait_for_the_subscription() -> None:
    cloud = CloudWithDevice()
    cloud.module.answer = no_answer_to("Discover")
    log_in(cloud, FIRST)
    cloud.request(Read(FIRST))
    assert len(cloud.outcomes) == 1
