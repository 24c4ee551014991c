"""A lifetime that never ends, seen from the cloud."""

from __future__ import annotations

import pytest

from m5310 import DeviceState, ValueType
from m5310.device.events import LoggedOut, Reconnecting, RenewalFailed, Renewed, Restored, Waiting
from m5310.device.restore import LONGEST_WAIT
from m5310.errors import CommandError, RegistrationError, StateError
from tests.support.clock import elapse
from tests.support.testbed import DeviceTestbed

pytestmark = pytest.mark.usefixtures("each_language")

S = DeviceState


@pytest.mark.parametrize("lifetime", [10, 60, 100, 300, 86400])
async def test_idle_device_stays_online(lifetime: int) -> None:
    testbed = DeviceTestbed()
    async with testbed.device(lifetime=lifetime) as device:
        await device.add_resource("3303/0/5700", ValueType.FLOAT, 21.5)
        await device.connect(30)
        for _ in range(60):
            await elapse(lifetime / 6 + 0.01)
            assert testbed.online
        assert device.counters.renewed == len(testbed.events) > 9
        assert set(testbed.events) == {Renewed(lifetime)}
    updates = [line for line in testbed.commands if "UPDATE" in line]
    assert 9 < len(updates) < 25
    testbed.stop()


@pytest.mark.parametrize("hours", [0.1, 5])
async def test_outage_longer_than_the_lifetime(hours: float) -> None:
    testbed = DeviceTestbed()
    async with testbed.device(lifetime=300) as device:
        sensor = await device.add_resource("3303/0/5700", ValueType.FLOAT, 21.5)
        await device.connect(30)
        testbed.outage()
        await elapse(hours * 3600)
        assert not testbed.online
        assert device.in_service
        testbed.back()
        await testbed.until(lambda: device.state is S.REGISTERED, LONGEST_WAIT + 200)
        await elapse(5)
        assert testbed.online
        await device.notify(sensor, 4.5, acknowledge=True)
        assert testbed.reported[-1] == 4.5
        await elapse(3600)
        assert testbed.online
    # in the suite an update without an answer is the end of the login
    usual = Renewed | Waiting if testbed.language.classic else Renewed | Waiting | LoggedOut
    news = [each for each in testbed.events if not isinstance(each, usual)]
    failed, *attempts, restored = news
    assert isinstance(failed, RenewalFailed)
    assert isinstance(failed.error, RegistrationError)
    assert all(isinstance(each, Reconnecting) for each in attempts)
    assert isinstance(restored, Restored)
    testbed.stop()


async def test_short_outage_costs_nothing() -> None:
    testbed = DeviceTestbed()
    async with testbed.device(lifetime=300) as device:
        await device.add_resource("3303/0/5700", ValueType.FLOAT, 21.5)
        await device.connect(30)
        await elapse(200)
        testbed.outage()
        await elapse(40)
        testbed.back()
        for _ in range(100):
            await elapse(10)
            assert testbed.online
    testbed.stop()


async def test_reset_during_renewal() -> None:
    testbed = DeviceTestbed()
    async with testbed.device(lifetime=300) as device:
        await device.add_resource("3303/0/5700", ValueType.FLOAT, 21.5)
        await device.connect(30)
        testbed.outage()
        await testbed.until(lambda: device.state is S.REG_UPDATE_PENDING)
        testbed.reset()
        testbed.back()
        await testbed.until(lambda: device.counters.restored == 1, 60)
        assert device.counters.renewals_failed == 0
        for _ in range(100):
            await elapse(10)
            assert testbed.online
    testbed.stop()


@pytest.mark.parametrize("after", [207.1, 207.5, 215])
async def test_logout_ends_renewals(after: float) -> None:
    testbed = DeviceTestbed()
    async with testbed.device(lifetime=300) as device:
        await device.add_resource("3303/0/5700", ValueType.FLOAT, 21.5)
        await device.connect(30)
        await elapse(100)
        testbed.outage()
        await elapse(after - 100)
        testbed.back()
        await device.close(30)
        since = len(testbed.commands)
        await elapse(3600)
        assert device.state is S.DEREGISTERED
        assert len(testbed.commands) == since
    testbed.stop()


async def test_failed_renewal_is_only_reported_without_recovery() -> None:
    testbed = DeviceTestbed()
    async with testbed.device(lifetime=300, recover=False) as device:
        await device.add_resource("3303/0/5700", ValueType.FLOAT, 21.5)
        await device.connect(30)
        testbed.outage()
        await elapse(1000)
        assert device.state is (S.REG_UPDATE_NEEDED if testbed.language.classic else S.DEREGISTERED)
        assert device.counters.renewals_failed == 1
        testbed.back()
        with pytest.raises((CommandError, StateError)):  # the module has given the login up itself
            await device.close(30)
        await device.connect(30)
        assert testbed.online
        await elapse(1000)
        assert testbed.online
    testbed.stop()


@pytest.mark.parametrize("lifetime", [10, 60, 185])
async def test_lost_answer_to_an_update_costs_no_more_than_the_lifetime(lifetime: int) -> None:
    testbed = DeviceTestbed()
    async with testbed.device(lifetime=lifetime) as device:
        sensor = await device.add_resource("3303/0/5700", ValueType.FLOAT, 21.5)
        await device.connect(30)
        await elapse(2)
        testbed.air.mute = True  # the platform renews, and the module does not learn it
        await testbed.until(lambda: device.state is S.REG_UPDATE_PENDING)
        await elapse(1)
        testbed.air.mute = False
        for value in range(lifetime):
            await device.notify(sensor, float(value))
            await elapse(1)
        await testbed.until(lambda: device.state is S.REGISTERED, lifetime)
        await device.notify(sensor, -1.0, acknowledge=True, timeout=lifetime)
        assert testbed.reported[-1] == -1.0
        waits = [event.seconds for event in testbed.events if isinstance(event, Waiting)]
        assert all(seconds <= lifetime for seconds in waits)
    testbed.stop()
