"""What happens to a device in its life, as the platform sees it: new addresses, sleep, restarts."""

from __future__ import annotations

import pytest
from aiocoap.numbers import Code, Type

from emulator.lwm2m.model import Path
from emulator.onenet.devices import Description
from emulator.onenet.lwm2m.outcomes import Failure
from emulator.onenet.platform import Platform
from emulator.simulation.simulation import Simulation
from tests.support.fake_device import (
    IMEI,
    IMSI,
    TEMPERATURE,
    CloudWithDevice,
    FakeDevice,
    operation_of,
    silent,
    success,
)

INSTANCE = Path(3303, 0)


def address(cloud: CloudWithDevice) -> str:
    registration = cloud.platform.registration(cloud.device)
    assert registration is not None
    return registration.address


def moved(cloud: CloudWithDevice) -> FakeDevice:
    """The same device behind another address, as after a rebinding of its NAT."""
    other = FakeDevice(cloud.module.endpoint)
    cloud.simulation.add(other)
    other.received = list(cloud.module.received)
    other._mid = cloud.module._mid
    return other


# New address -------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["update", "notify"])
@pytest.mark.parametrize("confirmable", [True, False])
def test_observation_is_kept_behind_a_new_address(by: str, confirmable: bool) -> None:
    cloud = CloudWithDevice()
    cloud.log_in()
    cloud.module.notify(TEMPERATURE, 1.0)
    cloud.step()
    before, asked = address(cloud), len(cloud.module.requests)
    elsewhere = moved(cloud)
    if by == "update":
        elsewhere.update()
        cloud.step()
    report = elsewhere.notify(TEMPERATURE, 2.0, confirmable=confirmable)
    cloud.step()
    if confirmable:
        assert elsewhere.brief()[-1] == f"ACK 0.00 {report.mid}"
    assert cloud.values() == [1.0, 2.0]
    assert address(cloud) != before
    assert len(elsewhere.requests) == asked  # nothing is observed again
    cloud.request()
    assert elsewhere.operations()[-1] == "Read /3303/0/5700"
    assert cloud.outcomes[0].failure is None


def test_notification_of_type_ack_may_come_from_a_new_address() -> None:
    cloud = CloudWithDevice()
    cloud.log_in()
    elsewhere = moved(cloud)
    report = elsewhere.notify(TEMPERATURE, 2.0)
    elsewhere._unsent.clear()
    elsewhere.send(report, Type.ACK)
    cloud.step()
    assert cloud.values() == [2.0]


def test_request_that_waits_is_repeated_to_the_new_address() -> None:
    cloud = CloudWithDevice(year=2018)
    cloud.log_in()
    cloud.module.answer = silent
    cloud.request()
    elsewhere = moved(cloud)
    elsewhere.update()
    cloud.step(5)
    assert cloud.outcomes == []
    cloud.step(5)
    assert elsewhere.operations()[-1] == "Read /3303/0/5700"
    assert [outcome.failure for outcome in cloud.outcomes] == [None]


def test_observe_that_waits_is_answered_from_the_new_address() -> None:
    cloud = CloudWithDevice(year=2018)
    cloud.module.answer = silent
    cloud.module.register(INSTANCE)
    cloud.step()
    elsewhere = moved(cloud)
    elsewhere.update()
    cloud.step(1)
    cloud.step(9)
    assert elsewhere.operations()[-2:] == ["Observe /3303/0", "Discover /3303"]
    elsewhere.notify(TEMPERATURE, 1.0)
    cloud.step()
    assert cloud.values() == [1.0]


def test_notification_of_type_ack_counts_as_the_answer_that_was_lost() -> None:
    cloud = CloudWithDevice(year=2018)
    cloud.module.answer = silent
    cloud.module.register(INSTANCE)
    cloud.step()
    report = cloud.module.notify(TEMPERATURE, 2.0)
    cloud.module._unsent.clear()
    cloud.module.send(report, Type.ACK)
    cloud.step()
    assert cloud.values() == [2.0]
    assert cloud.module.operations() == ["Observe /3303/0", "Discover /3303"]
    assert cloud.module.brief()[-1].startswith("CON")


# Queue mode --------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", [("b=UQ",), ("b=U", "lwm2m=1.1", "Q")])
@pytest.mark.parametrize("by", ["update", "notify"])
def test_request_waits_for_the_sign_of_life_of_a_device_in_queue_mode(
    query: tuple[str, ...], by: str
) -> None:
    cloud = CloudWithDevice(year=2018)
    cloud.module.request(Code.POST, "rd", (f"ep={IMEI};{IMSI}", "lt=3600", *query), b"</3303/0>")
    cloud.step()
    cloud.step(94)
    asked = len(cloud.module.datagrams)
    cloud.request()
    cloud.step(29)
    assert len(cloud.module.datagrams) == asked
    if by == "update":
        cloud.module.update()
    else:
        cloud.module.notify(TEMPERATURE, 1.0)
    cloud.step()
    assert cloud.module.operations()[-1] == "Read /3303/0/5700"
    assert [outcome.failure for outcome in cloud.outcomes] == [None]
    cloud.step(94)
    cloud.request()
    cloud.step(30)
    assert cloud.outcomes[1].failure is Failure.TIME_OUT


def test_update_may_end_queue_mode() -> None:
    cloud = CloudWithDevice()
    cloud.module.request(Code.POST, "rd", (f"ep={IMEI};{IMSI}", "lt=3600", "b=UQ"), b"</3303/0>")
    cloud.step()
    cloud.module.request(Code.POST, f"rd/{IMEI}", ("b=U",))
    cloud.step()
    cloud.step(94)
    cloud.request()
    assert [outcome.failure for outcome in cloud.outcomes] == [None]


# Order -------------------------------------------------------------------------------------------


def test_notification_that_was_overtaken_is_dropped() -> None:
    cloud = CloudWithDevice()
    cloud.log_in(lifetime=1000)
    for observe, value in ((5, 5.0), (4, 4.0), (6, 6.0), (0xFFFFFF, 7.0), (2, 8.0)):
        cloud.module.notify(TEMPERATURE, value, observe=observe)
        cloud.step(1)
    assert cloud.values() == [5.0, 6.0]
    cloud.step(128)
    cloud.module.notify(TEMPERATURE, 9.0, observe=1)
    cloud.step()
    assert cloud.values() == [5.0, 6.0, 9.0]


# Registration again ------------------------------------------------------------------------------


@pytest.mark.parametrize("elsewhere", [False, True])
def test_new_registration_observes_again_under_new_tokens(elsewhere: bool) -> None:
    cloud = CloudWithDevice()
    cloud.log_in()
    old = cloud.module.token(INSTANCE)
    device = moved(cloud) if elsewhere else cloud.module
    asked = len(device.requests)
    device.register(INSTANCE)
    cloud.step()
    assert device.operations()[asked:] == ["Discover /3303", "Observe /3303/0"]
    assert device.token(INSTANCE) != old
    stale = device.notify(TEMPERATURE, 1.0, token=old, confirmable=True)
    cloud.step()
    assert device.brief()[-1] == f"RST 0.00 {stale.mid}"
    device.notify(TEMPERATURE, 2.0)
    cloud.step()
    assert cloud.values() == [2.0]


def test_device_that_expired_is_reset_and_registers_again() -> None:
    cloud = CloudWithDevice()
    cloud.log_in(lifetime=60)
    cloud.step(60)
    late = cloud.module.notify(TEMPERATURE, 1.0)
    update = cloud.module.update()
    cloud.step()
    assert cloud.module.brief()[-2:] == [f"RST 0.00 {late.mid}", f"ACK 4.04 {update.mid}"]
    cloud.log_in()
    cloud.module.notify(TEMPERATURE, 2.0)
    cloud.step()
    assert cloud.values() == [2.0]


def test_reset_of_a_notification_does_not_touch_other_observations() -> None:
    cloud = CloudWithDevice()
    cloud.log_in(INSTANCE, Path(3304, 0))
    cloud.module.notify(TEMPERATURE, 1.0, token=b"\1\2\3\4")
    cloud.module.notify(TEMPERATURE, 2.0)
    cloud.module.notify(Path(3304, 0, 5700), 3.0)
    cloud.step()
    assert cloud.values() == [2.0, 3.0]


# The platform starts again -----------------------------------------------------------------------


def test_device_that_was_reset_is_observed_again_at_its_update() -> None:
    """A late observe from before may have replaced the newer one at the device."""
    cloud = CloudWithDevice()
    cloud.log_in()
    stale = cloud.module.notify(TEMPERATURE, 1.0)
    cloud.module._unsent.clear()
    stale.token = b"stale"
    cloud.module.send(stale, Type.CON)
    cloud.step()
    assert cloud.module.brief()[-1] == f"RST 0.00 {stale.mid}"
    asked = len(cloud.module.requests)
    cloud.module.update()
    cloud.step()
    assert cloud.module.operations()[asked:] == ["Observe /3303/0"]
    cloud.module.notify(TEMPERATURE, 2.0)
    cloud.step()
    assert cloud.values() == [2.0]
    asked = len(cloud.module.requests)
    cloud.module.update()
    cloud.step()
    assert cloud.module.operations()[asked:] == []


def test_platform_that_started_again_knows_no_registration() -> None:
    cloud = CloudWithDevice()
    cloud.log_in()
    token = cloud.module.token(INSTANCE)
    cloud.platform = Platform()
    cloud.simulation = Simulation(cloud.platform, cloud.simulation.air)
    cloud.simulation.add(cloud.module)
    cloud.device = cloud.platform.create_device(Description("a device", IMEI, IMSI), cloud.now)
    late = cloud.module.notify(TEMPERATURE, 1.0, token=token, confirmable=True)
    update = cloud.module.update()
    cloud.step()
    assert cloud.module.brief()[-2:] == [f"RST 0.00 {late.mid}", f"ACK 4.04 {update.mid}"]
    assert cloud.values() == []
    cloud.log_in()
    cloud.module.notify(TEMPERATURE, 2.0)
    cloud.step()
    assert cloud.values() == [2.0]


# Sleep -------------------------------------------------------------------------------------------


def test_time_out_of_a_request_keeps_the_observation() -> None:
    cloud = CloudWithDevice()
    cloud.log_in()
    cloud.module.answer = silent
    cloud.request()
    cloud.step(60)
    assert [outcome.failure for outcome in cloud.outcomes] == ["TIME_OUT"]
    cloud.module.notify(TEMPERATURE, 1.0)
    cloud.step()
    assert cloud.values() == [1.0]


def test_late_answer_to_a_request_that_timed_out_changes_nothing() -> None:
    cloud = CloudWithDevice()
    cloud.log_in()
    cloud.module.answer = silent
    cloud.request()
    late = cloud.module.requests[-1]
    assert operation_of(late) == "Read /3303/0/5700"
    cloud.step(60)
    cloud.module.respond(late, success(late))
    cloud.request()
    assert len(cloud.outcomes) == 1
