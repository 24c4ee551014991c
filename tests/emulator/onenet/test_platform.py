"""Platform and server together: registrations, reports, requests, devices."""

from __future__ import annotations

import pytest
from aiocoap import Message
from aiocoap.numbers import Code, Type

from emulator.lwm2m.model import Item, Path
from emulator.onenet.devices import Description
from emulator.onenet.errors import ApiError, Reason
from emulator.onenet.lwm2m.operations import Read, Write
from emulator.onenet.lwm2m.outcomes import Failure, Outcome
from emulator.onenet.platform import MAX_OPEN_REQUESTS
from tests.support.fake_device import (
    IMEI,
    IMSI,
    TEMPERATURE,
    CloudWithDevice,
    FakeDevice,
    operation_of,
    refusing,
    silent,
)
from tests.support.stored import streams

INSTANCE = Path(3303, 0)


@pytest.fixture
def cloud() -> CloudWithDevice:
    return CloudWithDevice()


# Login -------------------------------------------------------------------------------------------


def test_known_device_registers_at_location_of_its_imei(cloud: CloudWithDevice) -> None:
    request = cloud.module.register(INSTANCE)
    cloud.step()
    assert cloud.module.brief()[0] == f"ACK 2.01 {request.mid}"
    assert cloud.module.response().opt.location_path == ("rd", IMEI)
    assert cloud.online


@pytest.mark.parametrize(
    "endpoint",
    [
        "867726030000002;460040000000001",
        "867726030000001;460040000000002",
        "867726030000001",
        "867726030000001;",
        "867726030000001;460040000000001;",
        ";",
    ],
)
def test_unknown_endpoint_is_forbidden(cloud: CloudWithDevice, endpoint: str) -> None:
    cloud.module.endpoint = endpoint
    request = cloud.module.register(INSTANCE)
    cloud.step()
    assert cloud.module.brief() == [f"ACK 4.03 {request.mid}"]
    assert not cloud.online


@pytest.mark.parametrize("lifetime", [0, -1])
def test_register_with_invalid_lifetime_is_bad_request(
    cloud: CloudWithDevice, lifetime: int
) -> None:
    cloud.module.register(INSTANCE, lifetime=lifetime)
    cloud.step()
    assert cloud.module.response().code == Code.BAD_REQUEST
    assert not cloud.online


def test_device_may_register_without_instances(cloud: CloudWithDevice) -> None:
    cloud.module.register()
    cloud.step()
    assert cloud.online
    assert cloud.module.requests == []


def test_device_is_online_until_its_lifetime_ends(cloud: CloudWithDevice) -> None:
    cloud.log_in(lifetime=86400)
    cloud.step(86399.9)
    assert cloud.online
    cloud.step(0.1)
    assert not cloud.online


def test_end_of_lifetime_is_the_deadline(cloud: CloudWithDevice) -> None:
    assert cloud.simulation.step(0) is None
    cloud.log_in(lifetime=86400)
    assert cloud.simulation.step(0) == 86400


def test_repeated_register_gets_same_response_and_no_second_registration(
    cloud: CloudWithDevice,
) -> None:
    request = cloud.module.register(INSTANCE)
    cloud.step()
    count = len(cloud.module.requests)
    cloud.module.send_bytes(request.encode())
    cloud.step(4)
    assert cloud.module.datagrams[-1] == cloud.module.datagrams[0]
    assert len(cloud.module.requests) == count
    cloud.module.notify(TEMPERATURE, 1.0)
    cloud.step()
    assert cloud.values() == [1.0]


def test_register_with_same_message_id_after_exchange_lifetime_is_new(
    cloud: CloudWithDevice,
) -> None:
    request = cloud.module.register(INSTANCE)
    cloud.step()
    count = len(cloud.module.requests)
    cloud.step(248)
    cloud.module.send_bytes(request.encode())
    cloud.step()
    assert len(cloud.module.requests) == 2 * count


def test_new_registration_ends_observations_of_old_one(cloud: CloudWithDevice) -> None:
    cloud.log_in()
    old = cloud.module.token(INSTANCE)
    cloud.log_in()
    sent = cloud.module.notify(TEMPERATURE, 1.0, token=old)
    cloud.step()
    assert cloud.module.brief()[-1] == f"RST 0.00 {sent.mid}"
    cloud.module.notify(TEMPERATURE, 2.0)
    cloud.step()
    assert cloud.values() == [2.0]


# Update, deregistration --------------------------------------------------------------------------


def test_update_renews_the_lifetime(cloud: CloudWithDevice) -> None:
    cloud.log_in(lifetime=100)
    cloud.step(90)
    request = cloud.module.update()
    cloud.step()
    assert cloud.module.brief()[-1] == f"ACK 2.04 {request.mid}"
    cloud.step(99)
    assert cloud.online
    cloud.step(1)
    assert not cloud.online


def test_update_changes_the_lifetime(cloud: CloudWithDevice) -> None:
    cloud.log_in(lifetime=100)
    cloud.module.update(lifetime=1000)
    cloud.step()
    cloud.step(999)
    assert cloud.online


@pytest.mark.parametrize("lifetime", [0, -5])
def test_update_with_invalid_lifetime_is_bad_request_and_changes_nothing(
    cloud: CloudWithDevice, lifetime: int
) -> None:
    cloud.log_in(lifetime=100)
    cloud.step(50)
    cloud.module.update(lifetime=lifetime)
    cloud.step()
    assert cloud.module.response().code == Code.BAD_REQUEST
    cloud.step(50)
    assert not cloud.online


def test_update_after_lifetime_is_not_found(cloud: CloudWithDevice) -> None:
    cloud.log_in(lifetime=100)
    cloud.step(100)
    cloud.module.update()
    cloud.step()
    assert cloud.module.response().code == Code.NOT_FOUND


def test_update_from_another_address_redirects_requests(cloud: CloudWithDevice) -> None:
    cloud.log_in()
    elsewhere = FakeDevice(cloud.module.endpoint)
    cloud.simulation.add(elsewhere)
    elsewhere.update()
    cloud.step()
    cloud.request()
    assert elsewhere.operations() == ["Read /3303/0/5700"]
    assert cloud.outcomes[0].failure is None


def test_deregister_ends_registration_and_observations(cloud: CloudWithDevice) -> None:
    cloud.log_in()
    token = cloud.module.token(INSTANCE)
    request = cloud.module.deregister()
    cloud.step()
    assert cloud.module.brief()[-1] == f"ACK 2.02 {request.mid}"
    assert not cloud.online
    sent = cloud.module.notify(TEMPERATURE, 1.0, token=token)
    cloud.step()
    assert cloud.module.brief()[-1] == f"RST 0.00 {sent.mid}"


def test_deregister_of_unknown_location_is_not_found(cloud: CloudWithDevice) -> None:
    cloud.module.deregister()
    cloud.step()
    assert cloud.module.response().code == Code.NOT_FOUND


# Reports -----------------------------------------------------------------------------------------


def test_report_is_stored_as_data_point_with_its_time(cloud: CloudWithDevice) -> None:
    cloud.log_in()
    cloud.step(5)
    cloud.module.notify(TEMPERATURE, 21.5)
    received = len(cloud.module.received)
    cloud.step()
    (stream,) = streams(cloud.platform, cloud.device)
    assert (stream.id, stream.points[0].at, stream.points[0].value) == ("3303_0_5700", 5, 21.5)
    assert len(cloud.module.received) == received


def test_repeated_confirmable_report_is_acknowledged_again_and_stored_once(
    cloud: CloudWithDevice,
) -> None:
    cloud.log_in()
    sent = cloud.module.notify(TEMPERATURE, 21.5, confirmable=True)
    cloud.step()
    cloud.module.send_bytes(sent.encode())
    cloud.step(2)
    assert cloud.module.brief()[-2:] == [f"ACK 0.00 {sent.mid}"] * 2
    assert cloud.values() == [21.5]


def test_report_with_same_message_id_after_exchange_lifetime_is_stored(
    cloud: CloudWithDevice,
) -> None:
    cloud.log_in(lifetime=1000)
    sent = cloud.module.notify(TEMPERATURE, 21.5)
    cloud.step()
    cloud.module.send_bytes(sent.encode())
    cloud.step(246)
    assert cloud.values() == [21.5]
    cloud.module.send_bytes(sent.encode())
    cloud.step(1)
    assert cloud.values() == [21.5, 21.5]


def test_report_may_have_several_resources(cloud: CloudWithDevice) -> None:
    cloud.log_in()
    report = Message(code=Code.CONTENT, observe=1, content_format=11542)
    report.payload = b"\xe4\x16\x44\x41\xa0\xfb\xe7\xe3\x16\x45Cel"
    report.token = cloud.module.token(INSTANCE)
    cloud.module.send(report, Type.NON)
    cloud.step()
    found = [stream.id for stream in streams(cloud.platform, cloud.device)]
    assert found == ["3303_0_5700", "3303_0_5701"]
    assert cloud.values() == [20.123, "Cel"]


@pytest.mark.parametrize("confirmable", [True, False])
def test_report_with_unknown_token_is_reset(cloud: CloudWithDevice, confirmable: bool) -> None:
    sent = cloud.module.notify(TEMPERATURE, 1.0, token=b"\1\2\3\4", confirmable=confirmable)
    cloud.step()
    assert cloud.module.brief() == [f"RST 0.00 {sent.mid}"]
    assert cloud.values() == []


def test_report_after_lifetime_is_reset(cloud: CloudWithDevice) -> None:
    cloud.log_in(lifetime=60)
    cloud.step(60)
    sent = cloud.module.notify(TEMPERATURE, 1.0)
    cloud.step()
    assert cloud.module.brief()[-1] == f"RST 0.00 {sent.mid}"
    assert cloud.values() == []


# Requests ----------------------------------------------------------------------------------------


def test_request_ends_with_the_answer_of_the_device(cloud: CloudWithDevice) -> None:
    cloud.log_in()
    cloud.request()
    assert cloud.outcomes == [Outcome(0, None, (Item(TEMPERATURE, 20.123),))]


def test_request_to_offline_device_is_refused(cloud: CloudWithDevice) -> None:
    for prepare in (lambda: None, cloud.log_in, lambda: cloud.step(300)):
        prepare()
        if cloud.online:
            continue
        with pytest.raises(ApiError) as refused:
            cloud.request()
        assert refused.value.reason is Reason.NOT_ONLINE


def test_request_to_silent_device_is_sent_three_times_and_times_out_after_30_seconds() -> None:
    cloud = CloudWithDevice(year=2018)
    cloud.log_in()
    cloud.module.answer = silent
    before = len(cloud.module.received)
    cloud.request()
    for _ in range(30):
        assert cloud.outcomes == []
        cloud.step(1)
    assert [outcome.failure for outcome in cloud.outcomes] == [Failure.TIME_OUT]
    assert len(set(cloud.module.datagrams[before:])) == 1
    assert len(cloud.module.datagrams[before:]) == 3
    assert cloud.online


def test_retry_profile_of_2019_times_out_after_25_seconds() -> None:
    cloud = CloudWithDevice(year=2019)
    cloud.log_in()
    cloud.module.answer = silent
    cloud.request()
    cloud.step(25)
    assert [outcome.failure for outcome in cloud.outcomes] == [Failure.TIME_OUT]


def test_deregister_ends_open_requests_as_offline(cloud: CloudWithDevice) -> None:
    cloud.log_in()
    cloud.module.answer = silent
    cloud.request()
    cloud.module.deregister()
    cloud.step(1)
    assert cloud.outcomes == [Outcome(1, Failure.OFFLINE)]


def test_end_of_lifetime_ends_open_requests_as_offline(cloud: CloudWithDevice) -> None:
    cloud.log_in(lifetime=15)
    cloud.module.answer = silent
    cloud.request()
    cloud.step(15)
    assert cloud.outcomes == [Outcome(15, Failure.OFFLINE)]


def test_request_stays_open_over_a_new_registration(cloud: CloudWithDevice) -> None:
    cloud.log_in()
    cloud.module.answer = silent
    cloud.request()
    cloud.log_in()
    late = next(r for r in cloud.module.requests if operation_of(r) == f"Read {TEMPERATURE}")
    cloud.module.respond(late, Message(code=Code.CONTENT))
    cloud.step()
    assert [outcome.failure for outcome in cloud.outcomes] == [None]


def test_answer_from_another_address_is_ignored(cloud: CloudWithDevice) -> None:
    cloud.log_in()
    cloud.module.answer = silent
    cloud.request()
    other = FakeDevice()
    cloud.simulation.add(other)
    other.respond(cloud.module.requests[-1], Message(code=Code.CONTENT))
    cloud.step()
    assert cloud.outcomes == []


def test_too_many_open_requests_are_refused_until_one_is_cancelled(cloud: CloudWithDevice) -> None:
    cloud.log_in()
    cloud.module.answer = silent
    for _ in range(MAX_OPEN_REQUESTS - 1):
        cloud.request()
    last = cloud.request()
    with pytest.raises(ApiError, match="20 requests wait") as refused:
        cloud.request()
    assert refused.value.reason is Reason.LIMIT
    cloud.platform.cancel(last)
    cloud.request()
    assert cloud.outcomes == []


def test_refusal_of_device_is_the_outcome(cloud: CloudWithDevice) -> None:
    cloud.log_in()
    cloud.module.answer = refusing(Code.METHOD_NOT_ALLOWED)
    cloud.request(Write(INSTANCE, (Item(TEMPERATURE, 1),), replace=True))
    assert [outcome.failure for outcome in cloud.outcomes] == [Failure.METHOD_NOT_ALLOWED]


# Devices -----------------------------------------------------------------------------------------


def test_deleted_device_stays_registered_until_its_update(cloud: CloudWithDevice) -> None:
    cloud.log_in()
    cloud.platform.delete_device(cloud.device)
    sent = cloud.module.notify(TEMPERATURE, 1.0, confirmable=True)
    cloud.step()
    assert cloud.module.brief()[-1] == f"ACK 0.00 {sent.mid}"
    assert cloud.values() == []
    cloud.module.update()
    cloud.step()
    assert cloud.module.response().code == Code.NOT_FOUND
    assert cloud.platform.registration(cloud.device) is None
    cloud.module.register(INSTANCE)
    cloud.step()
    assert cloud.module.response().code == Code.FORBIDDEN


def test_registration_of_deleted_device_is_forgotten_when_its_lifetime_ends(
    cloud: CloudWithDevice,
) -> None:
    cloud.log_in(lifetime=60)
    cloud.platform.delete_device(cloud.device)
    cloud.step(60)
    assert cloud.platform.registration(cloud.device) is None


def test_registration_of_deleted_offline_device_is_forgotten_at_once(
    cloud: CloudWithDevice,
) -> None:
    cloud.log_in(lifetime=60)
    cloud.step(60)
    cloud.platform.delete_device(cloud.device)
    assert cloud.platform.registration(cloud.device) is None
    never_logged_in = cloud.platform.create_device(Description("other", "1", "2"), 0)
    cloud.platform.delete_device(never_logged_in)


def test_ended_registration_is_kept_while_the_device_exists(cloud: CloudWithDevice) -> None:
    assert cloud.platform.registration(cloud.device) is None
    cloud.log_in(lifetime=60)
    cloud.step(60)
    registration = cloud.platform.registration(cloud.device)
    assert registration is not None
    assert registration.objects == (INSTANCE,)
    cloud.log_in()
    assert cloud.online


def test_second_delete_of_a_device_does_nothing(cloud: CloudWithDevice) -> None:
    cloud.platform.delete_device(cloud.device)
    again = cloud.platform.create_device(Description("again", IMEI, IMSI), cloud.now)
    cloud.log_in()
    cloud.module.deregister()
    cloud.step()
    cloud.platform.delete_device(cloud.device)
    assert cloud.platform.device_by_imei(IMEI) is again
    assert cloud.platform.device(again.id) is again
    assert cloud.platform.registration(again) is not None
    cloud.platform.delete_device(again)
    assert cloud.platform.registration(again) is None


def test_close_takes_the_devices_offline_and_ends_their_requests(cloud: CloudWithDevice) -> None:
    cloud.log_in()
    cloud.module.answer = silent
    outcomes: list[Outcome] = []
    cloud.platform.request(cloud.device, Read(INSTANCE), outcomes.append, cloud.now)
    cloud.platform.server.close(cloud.now)
    assert [outcome.failure for outcome in outcomes] == [Failure.OFFLINE]
    with pytest.raises(ApiError, match="device not online"):
        cloud.platform.request(cloud.device, Read(INSTANCE), outcomes.append, cloud.now)
