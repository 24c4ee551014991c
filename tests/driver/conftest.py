"""Fixtures of the driver's tests."""

from __future__ import annotations

import os
import tty
from collections.abc import Iterator

import pytest

from m5310.at.modem import Modem
from m5310.errors import PortError
from m5310.module.link import Link
from tests.support.devices import Ports
from tests.support.scripted import Scripted


@pytest.fixture
def opening(monkeypatch: pytest.MonkeyPatch) -> Ports:
    """Ports that are opened by name are scripted modules."""
    opened = Ports()

    async def fake(_: Link) -> Modem:
        if opened.rules is None:
            raise PortError("not plugged in")
        opened.append(Scripted(opened.rules))
        return opened[-1].modem

    monkeypatch.setattr(Link, "_open_by_name", fake)
    return opened


@pytest.fixture
def pty() -> Iterator[tuple[int, str]]:
    """A raw pseudo terminal: the descriptor of the module's end, the name of the host's."""
    master, slave = os.openpty()
    tty.setraw(slave)
    try:
        yield master, os.ttyname(slave)
    finally:
        os.close(slave)
        os.close(master)
