"""An idle module or device causes no wakeup of the loop but those of the renewals."""

from __future__ import annotations

import asyncio

import pytest

from m5310.device.device import Device
from m5310.device.renewal import renewal_interval
from m5310.lwm2m.values import ValueType
from m5310.module.module import Module
from m5310.states import DeviceState
from tests.support.clock import elapse
from tests.support.scripted import Scripted, platform

DAY = 86400
ENDPOINT = "123456789012345;460001234567890"

OWN = 2
"""Rounds of the loop for a test's own timer, and for what that wakes."""

RENEWAL = 12
"""Rounds at most for an update: the timer, its task, the probe that wakes a module and the settle
time after it, the command, its `OK`, the outcome, and the task that waits for it."""


class Rounds:
    """How often the loop asked the selector, waited or not."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        selector = asyncio.get_running_loop()._selector  # type: ignore[attr-defined]
        select = selector.select

        def counted(timeout: float | None = None) -> object:
            self.count += 1
            return select(timeout)

        monkeypatch.setattr(selector, "select", counted)

    async def of_a_day(self) -> int:
        before = self.count
        await elapse(DAY)
        return self.count - before


async def test_open_module_causes_no_wakeup(monkeypatch: pytest.MonkeyPatch) -> None:
    port = Scripted()
    async with Module(port.modem) as module:
        await module.check()
        module.follow("+CEREG")
        assert await Rounds(monkeypatch).of_a_day() == OWN
    await port.modem.close()


async def test_device_without_a_login_causes_no_wakeup(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    port = Scripted(platform())
    async with Device(port.modem, ENDPOINT) as device:
        await device.add_resource("3303/0/5700", ValueType.FLOAT, 21.5)
        assert await Rounds(monkeypatch).of_a_day() == OWN
    await port.modem.close()


@pytest.mark.parametrize("lifetime", [300, 3600, DAY])
async def test_logged_in_device_wakes_for_renewals_only(
    monkeypatch: pytest.MonkeyPatch, lifetime: int
) -> None:
    port = Scripted(platform(NOTIFY=["OK", "+MIPLNOTIFY:0,2"]))
    async with Device(port.modem, ENDPOINT, lifetime=lifetime) as device:
        sensor = await device.add_resource("3303/0/5700", ValueType.FLOAT, 21.5)
        await device.connect()
        await device.notify(sensor, 22.5, acknowledge=True)
        rounds = await Rounds(monkeypatch).of_a_day()
        renewals = device.counters.renewed
        assert renewals == DAY // renewal_interval(lifetime)
        assert rounds <= OWN + renewals * RENEWAL
    await port.modem.close()


async def test_lost_device_causes_no_wakeup(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    port = Scripted(platform())
    async with Device(port.modem, ENDPOINT, recover=False) as device:
        await device.connect()
        port.vanish()
        assert device.state is DeviceState.LOST
        assert await Rounds(monkeypatch).of_a_day() == OWN
