"""Observations: waiting until the platform observes again after an interruption."""

from __future__ import annotations

import asyncio

import pytest

from m5310.device.observations import OBSERVE_WITHIN, OBSERVED_LIMIT, Observations
from m5310.lwm2m.path import Path
from tests.support.clock import elapse

TEMPERATURE, HUMIDITY = (3303, 0, -1), (3304, 0, -1)


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_nothing_missing_before_first_login() -> None:
    observations = Observations()
    assert not observations.missing
    observations.observed(TEMPERATURE, added=True)
    assert not observations.missing
    await observations.wait_complete()
    assert now() == 0


async def test_wait_after_interruption_until_observed_again() -> None:
    observations = Observations()
    observations.observed(TEMPERATURE, added=True)
    observations.observed(HUMIDITY, added=True)
    observations.interrupted()
    assert observations.missing
    loop = asyncio.get_running_loop()
    loop.call_later(1, lambda: observations.observed(HUMIDITY, added=True))
    loop.call_later(2, lambda: observations.observed(TEMPERATURE, added=True))
    await observations.wait_complete()
    assert now() == 2
    assert not observations.missing


async def test_cancelled_observation_is_not_missing() -> None:
    observations = Observations()
    observations.observed(TEMPERATURE, added=True)
    observations.observed(TEMPERATURE, added=False)
    observations.interrupted()
    assert not observations.missing


async def test_wait_ends_after_timeout(
    caplog: pytest.LogCaptureFixture,
) -> None:
    observations = Observations()
    observations.observed(TEMPERATURE, added=True)
    observations.interrupted()
    with caplog.at_level("INFO"):
        await observations.wait_complete()
    assert now() == OBSERVE_WITHIN
    assert "3303" in caplog.text
    assert not observations.missing


async def test_second_interruption_ends_wait_and_keeps_missing() -> None:
    observations = Observations()
    observations.observed(TEMPERATURE, added=True)
    observations.interrupted()
    asyncio.get_running_loop().call_later(3, observations.interrupted)
    await observations.wait_complete()
    assert now() == 3
    assert observations.missing
    await elapse(1)
    observations.observed(TEMPERATURE, added=True)
    await observations.wait_complete()
    assert now() == 4


async def test_expected_instance_is_waited_for_and_no_other() -> None:
    observations = Observations()
    first, second = Path(3303, 0, 5700), Path(3304, 1, 5700)
    assert not observations.lacks(first)
    observations.expect([first.instance_path, second.instance_path])
    assert observations.lacks(first)
    loop = asyncio.get_running_loop()
    loop.call_later(9, lambda: observations.observed((3303, 0, -1), added=True))
    loop.call_later(18, lambda: observations.observed((3304, -1, -1), added=True))
    await observations.wait_for(first)
    assert now() == 9
    await observations.wait_for(second)  # observes come one at a time
    assert now() == 18
    assert not observations.lacks(second)


async def test_expected_observe_that_does_not_come_is_not_waited_for_again() -> None:
    observations = Observations()
    observations.expect([Path(3303, 0), Path(3304, 0)])
    await observations.wait_for(Path(3303, 0, 5700))
    assert now() == OBSERVE_WITHIN
    assert not observations.lacks(Path(3304, 0, 5700))
    observations.expect([Path(3303, 0)])
    asyncio.get_running_loop().call_later(3, observations.interrupted)
    await observations.wait_for(Path(3303, 0, 5700))
    assert now() == OBSERVE_WITHIN + 3


async def test_observations_are_bounded() -> None:
    observations = Observations()
    for number in range(2 * OBSERVED_LIMIT):
        observations.observed((number, 0, -1), added=True)
    assert len(observations._observed) == OBSERVED_LIMIT
