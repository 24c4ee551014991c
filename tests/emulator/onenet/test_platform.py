"""Platform and server together: reports, and devices that come and go."""

from __future__ import annotations

import pytest
from aiocoap import Message
from aiocoap.numbers import Code, Type

from emulator.lwm2m.model import Path
from emulator.onenet.devices import Description
from emulator.onenet.errors import ApiError
from emulator.onenet.lwm2m.operations import Read
from emulator.onenet.lwm2m.outcomes import Failure, Outcome
from tests.support.fake_device import (
    IMEI,
    IMSI,
    TEMPERATURE,
    CloudWithDevice,
    silent,
)
from tests.support.stored import streams

INSTANCE = Path(3303, 0)


@pytest.fixture
def cloud() -> CloudWithDevice:
    return CloudWithDevice()


# Reports ------------------------------------------------------------------------------------------


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


# Devices ------------------------------------------------------------------------------------------


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
