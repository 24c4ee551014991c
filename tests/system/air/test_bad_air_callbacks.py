"""The driver behind a bad air: however often a request is repeated, its callback runs once."""

from __future__ import annotations

from random import Random

import pytest

from emulator.lwm2m.model import Item, Path
from emulator.onenet.errors import ApiError
from emulator.onenet.lwm2m.operations import Execute, Operation, Write
from emulator.onenet.lwm2m.outcomes import Outcome
from m5310 import Access, DeviceState, ValueType
from m5310.device.restore import LONGEST_WAIT
from tests.support.clock import elapse, run
from tests.support.effort import either
from tests.support.testbed import DeviceTestbed

pytestmark = pytest.mark.usefixtures("each_language")

TEXT = Path(3341, 0, 5527)
SEEDS, BATCH = 200, 20


async def play(seed: int) -> None:
    random = Random(seed)
    testbed = DeviceTestbed()
    calls: list[str] = []

    async def execute(_: object, arguments: bytes) -> None:
        calls.append(arguments.decode())

    async def write(_: object, value: object) -> None:
        calls.append(str(value))

    device = testbed.device(lifetime=3600, on_execute=execute, on_write=write)
    async with device:
        await device.add_resource("3341/0/5527", ValueType.STRING, "x", Access(7))
        await device.connect(30)
        await elapse(30)
        faults = testbed.air.faults
        faults.loss, faults.duplication, faults.reordering = 0.3, 0.1, 0.2
        faults.delayed, faults.delay = 0.1, 40.0
        asked: list[tuple[str, list[Outcome]]] = []
        for number in range(30):
            what = f"{random.choice('we')}{number}"
            operation: Operation = Execute(TEXT, what.encode())
            if what[0] == "w":
                operation = Write(TEXT.instance_path, (Item(TEXT, what),), replace=False)
            try:
                asked.append((what, testbed.ask(operation)))
            except ApiError:  # its registration has ended: the update was lost
                continue
            await elapse(random.expovariate(1 / 30))
        await elapse(100)
        faults.loss = faults.duplication = faults.reordering = faults.delayed = 0.0
        await elapse(300)
        assert len(calls) == len(set(calls)), f"seed {seed}: a callback ran twice: {calls}"
        assert all(len(outcomes) == 1 for _, outcomes in asked)
        done = {what for what, outcomes in asked if outcomes[0].failure is None}
        assert done <= set(calls), f"seed {seed}: done without a callback"
        await elapse(3600)
        await testbed.until(
            lambda: device.state is DeviceState.REGISTERED and testbed.online, 2 * LONGEST_WAIT
        )
        await device.notify(device.resources[0], "end", acknowledge=True)
        assert testbed.reported[-1] == "end"
    testbed.stop()


@pytest.mark.parametrize("batch", range(SEEDS // BATCH))
def test_each_callback_runs_once(batch: int) -> None:
    for seed in range(batch * BATCH, batch * BATCH + either(1, BATCH)):
        run(play(seed))
