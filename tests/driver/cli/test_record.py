"""A recording's port: what the command does on it, beside what passes."""

from __future__ import annotations

import os
import tty

import pytest

from m5310.at.modem import Modem
from m5310.cli import record


@pytest.mark.realtime
async def test_a_recorded_port_that_changes_speed_tells_its_modem(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    paced: list[float] = []
    monkeypatch.setattr(Modem, "pace", lambda _, byte_time: paced.append(byte_time))
    master, slave = os.openpty()
    tty.setraw(slave)
    modem, port = await record._open(os.ttyname(slave), 9600)
    async with modem:
        await port.change(115200)
    assert paced == [10 / 115200]
    os.close(master)
    os.close(slave)
