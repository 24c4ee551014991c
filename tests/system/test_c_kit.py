"""A program with the C kit's names runs unchanged on modules of either language."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from emulator import Cloud, Emulator, LoopClock
from emulator.module.firmware import MODULES
from m5310 import (
    NBIOT_EXECUTABLE,
    NBIOT_FLOAT,
    NBIOT_INTEGER,
    NBIOT_READABLE,
    NBIOT_UPDATED,
    NBIOT_WRITABLE,
    DeviceState,
    NbiotDevice,
    NbiotValue,
    nbiot_device_close,
    nbiot_device_connect,
    nbiot_device_create,
    nbiot_device_destroy,
    nbiot_device_step,
    nbiot_device_sync,
    nbiot_resource_add,
)
from tests.support.patience import PATIENCE


def step_until(dev: NbiotDevice, done: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < end, "the cloud waits for the program"
        nbiot_device_step(dev, timeout=0.05)


@pytest.mark.parametrize("module", MODULES)
def test_program_of_the_c_kit(module: str) -> None:
    calls: list[object] = []
    with Emulator(module=module, baud=None, clock=LoopClock(speed=20)) as it:
        cloud = Cloud(it)
        dev = nbiot_device_create(
            it.port,
            f"{it.imei};{it.imsi}",
            "coap://183.230.40.40:5683",
            86400,
            lambda *given: calls.append(("write", *given[:3], given[3].value)),
            lambda *given: calls.append(("read", *given[:3])),
            lambda *given: calls.append(("execute", *given[:3], given[4])),
        )
        try:
            temperature = NbiotValue(NBIOT_FLOAT, 21.5, NBIOT_READABLE)
            dimmer = NbiotValue(NBIOT_INTEGER, 40, NBIOT_READABLE | NBIOT_WRITABLE)
            button = NbiotValue(NBIOT_INTEGER, 0, NBIOT_EXECUTABLE)
            nbiot_resource_add(dev, 3303, 0, 5700, temperature)
            nbiot_resource_add(dev, 3306, 0, 5851, dimmer)
            nbiot_resource_add(dev, 3306, 0, 5523, button)
            nbiot_device_connect(dev, 60)
            assert cloud.online

            temperature.value = 22.5
            temperature.flag |= NBIOT_UPDATED
            step_until(dev, lambda: not temperature.flag & NBIOT_UPDATED)
            nbiot_device_sync(dev)
            step_until(dev, lambda: cloud.points("3303/0/5700") == [22.5])

            reading = cloud.start_read("3303/0/5700")
            step_until(dev, reading.done)
            assert reading.result() == 22.5
            writing = cloud.start_write({"3306/0/5851": 55})
            step_until(dev, writing.done)
            assert dimmer.value == 55
            executing = cloud.start_execute("3306/0/5523", "now")
            step_until(dev, executing.done)
            executing.result()
            assert calls == [
                ("read", 3303, 0, 5700),
                ("write", 3306, 0, 5851, 55),
                ("execute", 3306, 0, 5523, b"now"),
            ]
            nbiot_device_close(dev, 30)
            assert dev.state is DeviceState.DEREGISTERED
            assert not cloud.online
        finally:
            nbiot_device_destroy(dev)
