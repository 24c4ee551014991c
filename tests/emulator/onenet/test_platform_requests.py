"""Requests of the platform: how they end, and how many there may be."""

from __future__ import annotations

import pytest
from aiocoap import Message
from aiocoap.numbers import Code

from emulator.lwm2m.model import Item, Path
from emulator.onenet.errors import ApiError, Reason
from emulator.onenet.lwm2m.operations import Write
from emulator.onenet.lwm2m.outcomes import Failure, Outcome
from emulator.onenet.platform import MAX_OPEN_REQUESTS
from tests.support.fake_device import (
    TEMPERATURE,
    CloudWithDevice,
    FakeDevice,
    operation_of,
    refusing,
    silent,
)

INSTANCE = Path(3303, 0)


@pytest.fixture
def cloud() -> CloudWithDevice:
    return CloudWithDevice()


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
