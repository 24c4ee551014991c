from __future__ import annotations

from collections.abc import Iterator

import pytest

from m5310 import DeviceState, nbiot_device_destroy
from m5310.at.modem import Modem
from m5310.module.link import Link
from tests.support.scripted import platform
from tests.support.scripted_port import ScriptedPort


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedPort]:
    made = ScriptedPort()

    async def open_port(link: Link) -> Modem:
        return await made.open(link)

    monkeypatch.setattr(Link, "_open_by_name", open_port)
    yield made
    made.rules.clear()
    made.rules.update(platform())
    for device in made.devices:
        nbiot_device_destroy(device)
        assert device.state is DeviceState.DESTROYED
    assert all(each.closed == 1 for each in made.ports)
