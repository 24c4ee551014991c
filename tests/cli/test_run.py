"""A device from a file, over a scripted module: what the emulated one cannot be made to do."""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from m5310.cli import run, stdin
from m5310.cli.arguments import parser
from m5310.cli.profile import parsed
from m5310.cli.run import Trial
from m5310.cli.screen import Screen
from m5310.errors import PortError
from m5310.module.module import Module
from tests.driver.scripted import Scripted, platform

TOML = b'[[resource]]\npath = "3303/0/5700"\ntype = "float"\n'
ANSWERS = {"AT+CFUN?": ["+CFUN:1", "OK"], "AT+CSQ": ["+CSQ:20,99", "OK"]}
ENDPOINT = "865820030013978;460040000000001"


class NoInput:
    def fileno(self) -> int:
        return 0


@pytest.fixture(autouse=True)
def somebody_elses_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", NoInput())
    monkeypatch.setattr(stdin, "in_background", lambda _: True)


async def ended(
    scripted: Scripted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, happens: Callable[[], None]
) -> tuple[int, str]:
    """How a device ends to which this happens two hours after its login."""
    profile = tmp_path / "my.toml"
    profile.write_bytes(TOML)
    screen = Screen(io.StringIO(), io.StringIO(), {})
    given = parser().parse_args(["run", str(profile), "--port", "X", "--endpoint", ENDPOINT])
    monkeypatch.setattr(run, "Module", lambda port, baud: Module(scripted.modem))
    asyncio.get_running_loop().call_later(7200, happens)
    try:
        status = await run.command(given, screen)
    finally:
        await scripted.modem.close()
    assert isinstance(screen.err, io.StringIO)
    return status, screen.err.getvalue()


def registered() -> Scripted:
    return Scripted(platform() | {"AT+CEREG?": ["+CEREG:2,1", "OK"]} | ANSWERS)


async def test_a_device_that_is_logged_out_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted = registered()
    status, errors = await ended(
        scripted, tmp_path, monkeypatch, lambda: scripted.say("+MIPLCLOSE:0,1")
    )
    assert status == 1
    assert errors.startswith("m5310: the device is logged in no more")


async def test_a_device_whose_port_is_lost_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted = registered()
    with pytest.raises(PortError):
        await ended(scripted, tmp_path, monkeypatch, scripted.vanish)


async def test_a_port_lost_under_a_report_ends_it() -> None:
    profile = parsed(TOML, "my.toml")
    module = Scripted(platform())
    trial = Trial(Screen(io.StringIO(), io.StringIO(), {}))
    async with Module(module.modem) as one, trial.device(one, ENDPOINT, profile) as device:
        await trial.login(device, profile, 10)
        module.vanish()

        async def lines() -> object:
            yield "3303/0/5700=1"

        with pytest.raises(PortError):
            await trial._follow(device, lines())  # type: ignore[arg-type]


async def test_a_measuring_command_outlives_no_port(monkeypatch: pytest.MonkeyPatch) -> None:
    profile = parsed(TOML + b'command = "x"\n', "my.toml")
    module = Scripted(platform())
    trial = Trial(Screen(io.StringIO(), io.StringIO(), {}))

    async def measured(command: str, within: float) -> str:
        return "1"

    monkeypatch.setattr(run, "output_of", measured)
    async with Module(module.modem) as one, trial.device(one, ENDPOINT, profile) as device:
        await trial.login(device, profile, 10)
        asyncio.get_running_loop().call_later(150, module.vanish)
        with pytest.raises(PortError):
            await trial._measure(device, profile.items[0])
    reports = [line for line in module.sent if line.endswith('"1.0",1')]
    assert len(reports) == 3  # at 0, 60 and 120 s
