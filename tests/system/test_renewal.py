"""A lifetime that never ends, seen from the cloud."""

from __future__ import annotations

import pytest

from m5310 import DeviceState, ValueType
from m5310.device.events import Reconnecting, RenewalFailed, Renewed, Restored
from m5310.device.restore import LONGEST_WAIT
from m5310.errors import CommandError, RegistrationError
from tests.support.clock import elapse
from tests.support.world import World

S = DeviceState


@pytest.mark.parametrize("lifetime", [10, 60, 100, 300, 86400])
async def test_the_cloud_never_loses_a_device_that_is_left_alone(lifetime: int) -> None:
    world = World()
    async with world.device(lifetime=lifetime) as device:
        await device.add_resource("3303/0/5700", ValueType.FLOAT, 21.5)
        await device.connect(30)
        for _ in range(60):
            await elapse(lifetime / 6 + 0.01)
            assert world.online
        assert device.counters.renewed == len(world.events) > 9
        assert set(world.events) == {Renewed(lifetime)}
    updates = [line for line in world.commands if "UPDATE" in line]
    assert 9 < len(updates) < 25
    world.stop()


@pytest.mark.parametrize("hours", [0.1, 5])
async def test_an_outage_longer_than_a_lifetime_is_survived(hours: float) -> None:
    world = World()
    async with world.device(lifetime=300) as device:
        sensor = await device.add_resource("3303/0/5700", ValueType.FLOAT, 21.5)
        await device.connect(30)
        world.outage()
        await elapse(hours * 3600)
        assert not world.online
        assert device.in_service
        world.back()
        await world.until(lambda: device.state is S.REGISTERED, LONGEST_WAIT + 200)
        await elapse(5)
        assert world.online
        await device.notify(sensor, 4.5, acknowledge=True)
        assert world.reported[-1] == 4.5
        await elapse(3600)
        assert world.online
    failed, *attempts, restored = [each for each in world.events if not isinstance(each, Renewed)]
    assert isinstance(failed, RenewalFailed)
    assert isinstance(failed.error, RegistrationError)
    assert all(isinstance(each, Reconnecting) for each in attempts)
    assert isinstance(restored, Restored)
    world.stop()


async def test_a_short_outage_costs_nothing() -> None:
    world = World()
    async with world.device(lifetime=300) as device:
        await device.add_resource("3303/0/5700", ValueType.FLOAT, 21.5)
        await device.connect(30)
        await elapse(200)
        world.outage()
        await elapse(40)
        world.back()
        for _ in range(100):
            await elapse(10)
            assert world.online
    world.stop()


async def test_a_reset_during_the_renewal() -> None:
    world = World()
    async with world.device(lifetime=300) as device:
        await device.add_resource("3303/0/5700", ValueType.FLOAT, 21.5)
        await device.connect(30)
        world.outage()
        await world.until(lambda: device.state is S.REG_UPDATE_PENDING)
        world.reset()
        world.back()
        await world.until(lambda: device.counters.restored == 1, 60)
        assert device.counters.renewals_failed == 0
        for _ in range(100):
            await elapse(10)
            assert world.online
    world.stop()


@pytest.mark.parametrize("after", [207.1, 207.5, 215])
async def test_a_logout_ends_the_renewals(after: float) -> None:
    world = World()
    async with world.device(lifetime=300) as device:
        await device.add_resource("3303/0/5700", ValueType.FLOAT, 21.5)
        await device.connect(30)
        await elapse(100)
        world.outage()
        await elapse(after - 100)
        world.back()
        await device.close(30)
        since = len(world.commands)
        await elapse(3600)
        assert device.state is S.DEREGISTERED
        assert len(world.commands) == since
    world.stop()


async def test_told_not_to_recover_a_failed_renewal_is_told_only() -> None:
    world = World()
    async with world.device(lifetime=300, recover=False) as device:
        await device.add_resource("3303/0/5700", ValueType.FLOAT, 21.5)
        await device.connect(30)
        world.outage()
        await elapse(1000)
        assert device.state is S.REG_UPDATE_NEEDED
        assert device.counters.renewals_failed == 1
        world.back()
        with pytest.raises(CommandError):  # the module has given the login up itself
            await device.close(30)
        await device.connect(30)
        assert world.online
        await elapse(1000)
        assert world.online
    world.stop()
