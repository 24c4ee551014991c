"""What the platform observes, and how long it is given to say so again."""

from __future__ import annotations

import asyncio

import pytest

from m5310.device.observations import AGAIN, Observations
from tests.support.clock import elapse

TEMPERATURE, HUMIDITY = (3303, 0, -1), (3304, 0, -1)


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_before_the_first_login_nothing_is_missing() -> None:
    it = Observations()
    assert not it.missing
    it.observed(TEMPERATURE, added=True)
    assert not it.missing
    await it.complete()
    assert now() == 0


async def test_what_was_observed_is_awaited_after_an_interruption() -> None:
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


async def test_what_was_observed_no_more_is_not_missed() -> None:
    it = Observations()
    it.observed(TEMPERATURE, added=True)
    it.observed(TEMPERATURE, added=False)
    it.interrupted()
    assert not it.missing


async def test_a_platform_that_does_not_observe_again_is_not_awaited_for_ever(
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


async def test_an_interruption_ends_the_wait_and_forgets_nothing() -> None:
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
