"""What only some modules of the suite have: operations that they buffer, updates of the host."""

from __future__ import annotations

import dataclasses

import pytest

from emulator.lwm2m.model import Item, Path
from emulator.onenet.lwm2m.operations import Execute, Read, Write
from m5310 import PROFILES, Access, Firmware, Resource, UpdateStep, ValueType
from m5310.device.events import FirmwareUpdate
from tests.support.clock import elapse
from tests.support.language import Language
from tests.support.testbed import DeviceTestbed

SENSOR = Path(3303, 0, 5700)
SUBSCRIBED = 60  # seconds until the platform has observed and discovered all
MODES = [("m5310a", 2), ("m5311", 2), ("mn316", 1), ("bc28", 3), ("bc28", 1), ("bc28", 2)]
"""Whose number of the mode it is, differs between manuals."""


def bed(module: str) -> DeviceTestbed:
    return DeviceTestbed(language=Language(module, declaring=not module.startswith("bc")))


@pytest.mark.parametrize(("name", "mode"), MODES)
async def test_buffered_operations_are_fetched(name: str, mode: int) -> None:
    testbed, done = bed(name), []

    async def on_write(_: Resource, value: object) -> None:
        done.append(value)

    async def on_execute(_: Resource, arguments: bytes) -> None:
        done.append(arguments)

    profile = dataclasses.replace(PROFILES[name], buffered=mode)
    async with testbed.device(module=profile, on_write=on_write, on_execute=on_execute) as device:
        sensor = await device.add_resource("3303/0/5700", ValueType.FLOAT, 21.5, Access(7))
        await device.connect(60)
        await elapse(SUBSCRIBED)
        before = len(testbed.commands)
        write = Write(Path(3303, 0), (Item(SENSOR, 1.5),), replace=False)
        outcomes = [testbed.ask(each) for each in (Read(SENSOR), write, Execute(SENSOR, b"hi"))]
        await testbed.until(lambda: all(outcomes), 30)
        assert [each.failure for (each,) in outcomes] == [None] * 3
        assert sorted(map(str, done)) == ["1.5", "b'hi'"]
        fetched = [each for each in testbed.commands[before:] if each[:10] in FETCHES]
        assert fetched
        await device.notify(sensor, 22.5, acknowledge=True)
    testbed.stop()


FETCHES = ("AT+MIPLMGR", "AT+MIPLRD=")


@pytest.mark.parametrize("name", ["m5310a", "m5311"])
async def test_platform_updates_the_program_of_the_host(name: str) -> None:
    testbed, memory, failures = bed(name), bytearray(), []
    package = bytes(range(256)) * 5

    async def store(offset: int, data: bytes) -> None:
        memory[offset:] = data

    def steps() -> list[UpdateStep]:
        return [each.step for each in testbed.events if isinstance(each, FirmwareUpdate)]

    firmware = Firmware("1.0", store)
    async with testbed.device(module=name, firmware=firmware) as device:
        sensor = await device.add_resource("3303/0/5700", ValueType.FLOAT, 21.5)
        await device.connect(60)
        await elapse(SUBSCRIBED)
        testbed.platform.updates.start(testbed.cloud, "2.0", package, failures.append)
        testbed.settle()
        await testbed.until(lambda: UpdateStep.INSTALL in steps(), 120)
        assert memory == package
        firmware.version = "2.0"
        await device.update()
        await testbed.until(lambda: bool(failures), 60)
        assert failures == [""]
        assert steps() == [
            *(UpdateStep.BEGUN, UpdateStep.ERASED, UpdateStep.COMPLETE, UpdateStep.INSTALL),
            *(UpdateStep.BEGUN, UpdateStep.OVER),
        ]
        await device.notify(sensor, 22.5, acknowledge=True)
    testbed.stop()
