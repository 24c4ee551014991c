"""Registrations as the platform sees them: login, update, logout."""

from __future__ import annotations

import pytest
from aiocoap.numbers import Code

from emulator.lwm2m.model import Path
from tests.support.fake_device import (
    IMEI,
    TEMPERATURE,
    CloudWithDevice,
    FakeDevice,
)

INSTANCE = Path(3303, 0)


@pytest.fixture
def cloud() -> CloudWithDevice:
    return CloudWithDevice()


# Login --------------------------------------------------------------------------------------------


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


# Update, deregistration ---------------------------------------------------------------------------


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
