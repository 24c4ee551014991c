"""Fixtures: an emulated module on a port, for the command as a process."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cli_process import STARTED, Piped


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """One for all tests of a file: each leaves the module as it was."""
    link = str(Path(tmp_path_factory.mktemp("port")) / "m5310")
    options = ("--link", link, "--api-key", "secret", "--json", "--baud", "off")
    running = Piped(*options, module="emulator")
    yield json.loads(running.until("\n")) | {"pid": str(running.process.pid)}
    status, _, errors = running.end(signal.SIGTERM)
    running.kill()
    assert (status, errors) == (0, "")


@pytest.fixture(autouse=True)
def end_started_processes() -> Iterator[None]:
    before = len(STARTED)
    yield
    while len(STARTED) > before:
        STARTED.pop().kill()


@pytest.fixture
def port(emulator: dict[str, str]) -> str:
    return emulator["port"]
