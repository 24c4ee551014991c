"""Offline commands of a platform that ends and starts again on the same database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path as File

import pytest

from emulator.air.faults import Faults
from emulator.air.network import MemoryAir
from emulator.lwm2m.model import Path
from emulator.onenet.commands.command import Kind, State
from emulator.onenet.devices import Description
from emulator.onenet.lwm2m.operations import Execute
from emulator.onenet.lwm2m.server import Sign
from emulator.onenet.platform import Platform
from emulator.onenet.store.database import Database
from emulator.simulation.simulation import Simulation
from tests.support.fake_device import IMEI, IMSI, FakeDevice, silent, success

PING = Execute(Path(3303, 0, 5700), b"ping")


class Stored:
    """One device, and the platform that is started last."""

    def __init__(self, path: File) -> None:
        self.path = path
        self.now = 0.0
        self.start()
        self.platform.create_device(Description("a device", IMEI, IMSI, observed=False), 0)
        self.module.register(Path(3303, 0), lifetime=86400)
        self.step()

    def start(self) -> None:
        self.platform = Platform(database=Database(self.path))
        self.simulation = Simulation(self.platform, MemoryAir(Faults(latency=0)))
        self.module = FakeDevice()
        self.simulation.add(self.module)

    def kill(self) -> None:
        self.platform.database.close()

    def step(self, seconds: float = 0) -> None:
        self.now += seconds
        self.simulation.step(self.now)

    def update(self) -> list[str]:
        before = len(self.module.operations())
        self.module.update()
        self.step(1)
        return self.module.operations()[before:]

    @property
    def number(self) -> int:
        device = self.platform.device_by_imei(IMEI)
        assert device is not None
        return int(device.id)

    def create(self) -> str:
        return self.platform.commands.create(
            *(self.number, Kind.EXECUTE, {}, None, PING),
            valid=self.now,
            expires=self.now + 3600,
            retry=3,
            signs=Sign(7),
            now=self.now,
        )

    def state(self, uuid: str) -> State:
        return self.platform.commands.get(self.number, uuid, self.now).state


@pytest.fixture
def stored(tmp_path: File) -> Iterator[Stored]:
    made = Stored(tmp_path / "platform.db")
    yield made
    made.platform.database.close()


def test_command_that_waits_is_sent_by_the_next_platform(stored: Stored) -> None:
    uuid = stored.create()
    stored.kill()
    stored.start()
    assert stored.update() == ["Execute /3303/0/5700"]
    assert stored.state(uuid) is State.SUCCESS
    assert stored.update() == []


def test_command_that_was_sent_is_not_sent_again(stored: Stored) -> None:
    uuid = stored.create()
    stored.module.answer = silent
    assert stored.update() == ["Execute /3303/0/5700"]
    stored.kill()
    stored.start()
    assert stored.state(uuid) is State.UNDEFINED
    assert stored.update() == []


def test_command_whose_platform_is_stopped_waits_for_its_repetition(stored: Stored) -> None:
    uuid = stored.create()
    stored.module.answer = silent
    stored.update()
    stored.platform.close(stored.now, online=True)
    stored.kill()
    stored.start()
    assert stored.state(uuid) is State.WAIT
    stored.module.answer = success
    assert stored.update() == ["Execute /3303/0/5700"]
    assert stored.state(uuid) is State.SUCCESS


def test_commands_of_a_deleted_device_are_gone(stored: Stored) -> None:
    stored.create()
    device = stored.platform.device_by_imei(IMEI)
    assert device is not None
    stored.platform.delete_device(device)
    stored.kill()
    stored.start()
    (left,) = stored.platform.database.execute("SELECT count(*) FROM commands").fetchone()
    assert left == 0
