"""Offline commands for a program whose module sleeps: they come at its next sign of life, once."""

from __future__ import annotations

import pytest

from emulator.lwm2m.model import Item
from emulator.lwm2m.model import Path as CloudPath
from emulator.onenet.commands.command import State
from emulator.onenet.lwm2m.operations import Write
from m5310 import Access, Resource, ValueType
from m5310.commands.power import PowerSaving
from m5310.module.module import Module
from tests.support.clock import elapse
from tests.support.testbed import DeviceTestbed

pytestmark = pytest.mark.usefixtures("each_language")

LAMP = CloudPath(3311, 0, 5850)
ON = Write(CloudPath(3311, 0), (Item(LAMP, True),), replace=False)
SAVING = PowerSaving(on=True, periodic_update=3600, active=2)


@pytest.mark.parametrize("sign", ["report", "update"])
async def test_write_reaches_a_sleeping_module_at_its_next_sign(sign: str) -> None:
    testbed, writes = DeviceTestbed(), list[object]()

    async def on_write(resource: Resource, value: object) -> None:
        writes.append((resource is lamp, value))

    async with testbed.device(on_write=on_write) as device:
        async with Module(device.modem) as module:
            await module.power_saving(SAVING)
        sensor = await device.add_resource("3303/0/5700", ValueType.FLOAT, 21.5)
        lamp = await device.add_resource("3311/0/5850", ValueType.BOOLEAN, False, Access(3))
        await device.connect(30)
        testbed.module.downlink_window = 60.0
        await elapse(120)
        assert testbed.module.power_saving.asleep
        uuid = testbed.queue(ON)
        await elapse(3600)
        assert writes == []
        for _ in range(2):
            if sign == "report":
                await device.notify(sensor, 22.0, acknowledge=True)
            else:
                await device.update()
            await elapse(120)
            assert writes == [(True, True)]
        assert lamp.value is True
        command = testbed.platform.commands.get(int(testbed.cloud.id), uuid, 0.0)
        assert (command.state, command.status, command.retry) == (State.SUCCESS, "SUCCESS", 3)
    testbed.stop()
