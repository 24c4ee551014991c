"""Faults of the platform, as a device sees them."""

from __future__ import annotations

import math

import pytest
from aiocoap.numbers import Code

from emulator.lwm2m.model import Path
from emulator.onenet.lwm2m.outcomes import Failure
from emulator.onenet.misbehaviour import REPEAT_TIME, PlatformFaults
from tests.support.fake_device import CloudWithDevice


def cloud_with(faults: PlatformFaults) -> CloudWithDevice:
    cloud = CloudWithDevice()
    set_faults(cloud, faults)
    return cloud


def set_faults(cloud: CloudWithDevice, faults: PlatformFaults) -> None:
    cloud.simulation.misbehaviour.faults = faults


def register(cloud: CloudWithDevice) -> None:
    cloud.module.register(Path(3303, 0), lifetime=86_400)
    cloud.step()


def test_platform_without_faults_behaves_normally() -> None:
    cloud = CloudWithDevice()
    register(cloud)
    assert cloud.module.operations() == ["Discover /3303", "Observe /3303/0"]
    cloud.request()
    assert cloud.outcomes[0].failure is None


def test_refusing_platform_answers_register_and_update_with_forbidden() -> None:
    cloud = cloud_with(PlatformFaults(refusing=True))
    register(cloud)
    assert cloud.module.response().code == Code.FORBIDDEN
    assert not cloud.online
    set_faults(cloud, PlatformFaults())
    register(cloud)
    assert cloud.module.response().code == Code.CREATED
    set_faults(cloud, PlatformFaults(refusing=True))
    cloud.module.update()
    cloud.step()
    assert cloud.module.response().code == Code.FORBIDDEN


def test_silent_platform_receives_nothing() -> None:
    cloud = cloud_with(PlatformFaults(silent=True))
    register(cloud)
    assert cloud.module.received == []
    assert not cloud.online


def test_silent_platform_sends_nothing() -> None:
    cloud = CloudWithDevice()
    register(cloud)
    set_faults(cloud, PlatformFaults(silent=True))
    before = len(cloud.module.received)
    cloud.request()
    cloud.step(60)
    assert len(cloud.module.received) == before
    assert [outcome.failure for outcome in cloud.outcomes] == [Failure.TIME_OUT]


def test_delay_postpones_each_message() -> None:
    cloud = cloud_with(PlatformFaults(delay=4.0))
    register(cloud)
    assert cloud.module.received == []
    cloud.step(3.9)
    assert cloud.module.received == []
    cloud.step(0.1)
    assert cloud.module.response().code == Code.CREATED


def test_repeats_send_an_answered_request_again() -> None:
    cloud = CloudWithDevice()
    register(cloud)
    set_faults(cloud, PlatformFaults(repeats=2))
    before = len(cloud.module.datagrams)
    cloud.request()
    assert len(cloud.outcomes) == 1
    cloud.step(3 * REPEAT_TIME)
    sent = cloud.module.datagrams[before:]
    assert len(sent) == 3
    assert len(set(sent)) == 1
    assert len(cloud.outcomes) == 1


def test_responses_are_not_repeated() -> None:
    cloud = cloud_with(PlatformFaults(repeats=2))
    register(cloud)
    cloud.step(60)
    assert sum(message.code.is_response() for message in cloud.module.received) == 1


@pytest.mark.parametrize("delay", [-1.0, math.inf, math.nan])
def test_invalid_delay_is_refused(delay: float) -> None:
    with pytest.raises(ValueError, match="delay"):
        PlatformFaults(delay=delay)


def test_negative_repeats_are_refused() -> None:
    with pytest.raises(ValueError, match="repeats -1"):
        PlatformFaults(repeats=-1)
