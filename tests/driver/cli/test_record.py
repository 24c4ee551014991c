"""The recorded port."""

from __future__ import annotations

import os
import tty

import pytest

from m5310.at.modem import Modem
from m5310.cli import record


@pytest.mark.realtime
async def test_speed_change_sets_the_modems_byte_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    byte_times: list[float] = []
    monkeypatch.setattr(Modem, "pace", lambda _, byte_time: byte_times.append(byte_time))
    master, slave = os.openpty()
    tty.setraw(slave)
    modem, port = await record._open(os.ttyname(slave), 9600)
    async with modem:
        await port.change(115200)
    assert byte_times == [10 / 115200]
    os.close(master)
    os.close(slave)
