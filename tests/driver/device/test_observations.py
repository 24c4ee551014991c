"""What the platform observes, and how long it is given to say so again."""

from __future__ import annotations

import asyncio

import pytest

from m5310.device.observations import AGAIN, Observations
from tests.support.clock import elapse

TEMPERATURE, HUMIDITY = (3303, 0, -1), (3304, 0, -1)


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_nothing_missing_before_first_login() -> None:
    it = Observations()
    assert not it.missing
    it.observed(TEMPERATURE, added=True)
    assert not it.missing
    await it.complete()
    assert now() == 0


async def test_wait_after_interruption_until_observed_again() -> None:
    it = Observations()
    it.observed(TEMPERATURE, added=True)
    it.observed(HUMIDITY, added=True)
    it.interrupted()
    assert it.missing
    loop = asyncio.get_running_loop()
    loop.call_later(1, lambda: it.observed(HUMIDITY, added=True))
    loop.call_later(2, lambda: it.observed(TEMPERATURE, added=True))
    await it.complete()
    assert now() == 2
    assert not it.missing


async def test_cancelled_observation_is_not_missing() -> None:
    it = Observations()
    it.observed(TEMPERATURE, added=True)
    it.observed(TEMPERATURE, added=False)
    it.interrupted()
    assert not it.missing


async def test_wait_ends_after_timeout(
    caplog: pytest.LogCaptureFixture,
) -> None:
    it = Observations()
    it.observed(TEMPERATURE, added=True)
    it.interrupted()
    with caplog.at_level("INFO"):
        await it.complete()
    assert now() == AGAIN
    assert "3303" in caplog.text
    assert not it.missing


async def test_second_interruption_ends_wait_and_keeps_missing() -> None:
    it = Observations()
    it.observed(TEMPERATURE, added=True)
    it.interrupted()
    asyncio.get_running_loop().call_later(3, it.interrupted)
    await it.complete()
    assert now() == 3
    assert it.missing
    await elapse(1)
    it.observed(TEMPERATURE, added=True)
    await it.complete()
    assert now() == 4
