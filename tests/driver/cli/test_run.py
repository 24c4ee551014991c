"""A device from a file, over a scripted module: what the emulated one cannot be made to do."""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import pytest

from emulator.module.module import Cause
from m5310.cli import run
from m5310.cli.arguments import parser
from m5310.cli.run import DeviceRunner
from m5310.cli.run_profile import parse_profile
from m5310.cli.terminal import stdin
from m5310.cli.terminal.output import Output
from m5310.device.device import Device
from m5310.device.reports import Report
from m5310.errors import PortError
from m5310.lwm2m.resources import Access, Resource
from m5310.lwm2m.values import ValueType
from m5310.module.attach_errors import AttachError
from m5310.module.module import Module
from tests.support.null_modem import ENDPOINT
from tests.support.scripted import Scripted, platform
from tests.support.world import World

TOML = b'[[resource]]\npath = "3303/0/5700"\ntype = "float"\n'
ANSWERS = {"AT+CFUN?": ["+CFUN:1", "OK"], "AT+CSQ": ["+CSQ:20,99", "OK"]}


class NoInput:
    def fileno(self) -> int:
        return 0


@pytest.fixture(autouse=True)
def somebody_elses_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", NoInput())
    monkeypatch.setattr(stdin, "in_background", lambda _: True)


async def ended(
    scripted: Scripted,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    happens: Callable[[Device], object],
) -> tuple[int, str]:
    """How a device ends to which this happens two hours after its login."""
    profile = tmp_path / "my.toml"
    profile.write_bytes(TOML)
    screen = Output(io.StringIO(), io.StringIO(), {})
    given = parser().parse_args(["run", str(profile), "--port", "X", "--endpoint", ENDPOINT])
    modem = scripted.modem
    monkeypatch.setattr(run, "Module", lambda port, baud: Module(modem))

    def device(_: str, *told: Any, **more: Any) -> Device:
        made = Device(modem, *told, **more)
        asyncio.get_running_loop().call_later(7200, happens, made)
        return made

    monkeypatch.setattr(run, "Device", device)
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
    closing = []

    def close(device: Device) -> None:
        closing.append(asyncio.create_task(device.close()))

    status, errors = await ended(registered(), tmp_path, monkeypatch, close)
    await closing[0]
    assert status == 1
    assert errors.startswith("m5310: the device is logged in no more")


async def served(
    world: World, monkeypatch: pytest.MonkeyPatch, settings: bytes = b""
) -> tuple[list[str], list[str]]:
    """What is told, and what is shown, of a device that reports 0, 1, ... for 270 s."""
    profile = parse_profile(settings + TOML + b'command = "x"\n', "my.toml")
    screen = Output(io.StringIO(), io.StringIO(), {})
    runner = DeviceRunner(screen, acknowledge=profile.acknowledge)
    outputs = iter(map(str, range(100)))

    async def measured(command: str, within: float) -> str:
        return next(outputs)

    monkeypatch.setattr(run, "command_output", measured)
    port: Any = world.open  # as from a name: opened once more when it is lost
    async with runner.device(port, 9600, ENDPOINT, profile) as device:
        await runner.login(device, profile, 30)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(runner.serve(device, profile), 270)
        assert world.online
    world.stop()
    assert isinstance(screen.err, io.StringIO)
    assert isinstance(screen.out, io.StringIO)
    return screen.err.getvalue().splitlines(), screen.out.getvalue().splitlines()


async def test_a_module_that_restarts_is_told_and_outlived(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    asyncio.get_running_loop().call_later(100, world.reset, Cause.WATCHDOG)
    told, shown = await served(world, monkeypatch)
    assert told[0].startswith("m5310: the module has restarted (REBOOT_CAUSE_APPLICATION_WATCHDOG)")
    assert told[-1].startswith("m5310: the device is back")
    assert shown == [f"reported 3303/0/5700 = {minute}.0" for minute in range(5)]
    assert world.reported == [0.0, 1.0, 2.0, 3.0, 4.0]


async def test_what_is_measured_while_the_port_is_gone_is_said_to_be_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    clock = asyncio.get_running_loop()
    clock.call_later(100, world.unplug)
    clock.call_later(220, world.plug)
    told, shown = await served(world, monkeypatch)
    assert told[0].startswith("m5310: the port is gone (")
    assert "m5310: the port is back: the world" in told
    assert told[-1].startswith("m5310: the device is back")
    words = ["reported", "reported", "kept", "kept", "reported"]
    assert shown == [f"{word} 3303/0/5700 = {at}.0" for at, word in enumerate(words)]
    assert world.reported == [0.0, 1.0, 2.0, 3.0, 4.0]


async def test_what_the_platform_has_is_said_to_be_acknowledged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    told, shown = await served(world, monkeypatch, b"acknowledge = true\n")
    assert told == []
    assert shown == [
        f"{word} 3303/0/5700 = {minute}.0"
        for minute in range(5)
        for word in ("reported", "acknowledged")
    ]


async def test_what_is_kept_is_bounded_as_the_profile_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    asyncio.get_running_loop().call_later(100, world.unplug)
    told, shown = await served(world, monkeypatch, b'outbox = 1\nwhen_full = "refuse"\n')
    assert [line for line in shown if line.startswith("kept")] == ["kept 3303/0/5700 = 2.0"]
    refused = [line for line in told if "was not taken" in line]
    assert len(refused) == 2
    assert refused[0].startswith("m5310: 3303/0/5700: ")


async def test_a_report_that_fails_later_is_told_with_its_value() -> None:
    screen = Output(io.StringIO(), io.StringIO(), {})
    runner = DeviceRunner(screen, acknowledge=True)
    resource = Resource("3303/0/5700", ValueType.FLOAT, 21.5, Access.READABLE)
    report = Report((resource,), 1, acknowledge=True)
    report.fail(PortError("unplugged"))
    runner._unconfirmed.put_nowait((report, "3303/0/5700 = 21.5"))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(runner._print_acknowledgements(), 1)
    assert isinstance(screen.err, io.StringIO)
    assert screen.err.getvalue() == "m5310: 3303/0/5700 = 21.5: unplugged\n"


async def test_a_network_that_denies_is_asked_for_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted = Scripted(
        {"AT+CEREG?": ["+CEREG:3,3,,,,0,15", "OK"], "AT+CIMI": ["1" * 15, "OK"]} | ANSWERS
    )
    with pytest.raises(AttachError, match=r"EMM cause 15, no suitable cell"):
        await ended(scripted, tmp_path, monkeypatch, lambda _: None)
    assert "AT+CEREG=3" in scripted.sent


class ComingBack:
    """A device whose port is lost, and which will find it again."""

    in_service = True

    async def report(self, values: object, *, acknowledge: bool) -> None:
        raise PortError("the port was lost")


async def test_a_report_lost_with_a_port_that_comes_back_costs_that_report_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    profile = parse_profile(TOML + b'command = "x"\n', "my.toml")
    module = Scripted(platform())
    screen = Output(io.StringIO(), io.StringIO(), {})
    runner = DeviceRunner(screen)
    async with runner.device(module.modem, 9600, ENDPOINT, profile) as device:
        await runner.login(device, profile, 10)
    await module.modem.close()

    async def lines() -> AsyncGenerator[str, None]:
        yield "3303/0/5700=1"

    async def measured(command: str, within: float) -> str:
        return "1"

    monkeypatch.setattr(run, "command_output", measured)
    coming_back: Any = ComingBack()
    for work in (
        runner._report_lines(coming_back, lines()),
        runner._report_command(coming_back, profile.items[0]),
    ):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(work, 10)
    assert isinstance(screen.err, io.StringIO)
    assert screen.err.getvalue().splitlines() == [
        "m5310: the port was lost",
        "m5310: 3303/0/5700: the port was lost",
    ]


async def test_a_device_whose_port_is_lost_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted = registered()
    with pytest.raises(PortError):
        await ended(scripted, tmp_path, monkeypatch, lambda _: scripted.vanish())


async def test_a_port_lost_under_a_report_ends_it() -> None:
    profile = parse_profile(TOML, "my.toml")
    module = Scripted(platform())
    runner = DeviceRunner(Output(io.StringIO(), io.StringIO(), {}))
    async with runner.device(module.modem, 9600, ENDPOINT, profile) as device:
        await runner.login(device, profile, 10)
        module.vanish()

        async def lines() -> object:
            yield "3303/0/5700=1"

        with pytest.raises(PortError):
            await runner._report_lines(device, lines())  # type: ignore[arg-type]


async def test_a_measuring_command_outlives_no_port(monkeypatch: pytest.MonkeyPatch) -> None:
    profile = parse_profile(TOML + b'command = "x"\n', "my.toml")
    module = Scripted(platform())
    runner = DeviceRunner(Output(io.StringIO(), io.StringIO(), {}))

    async def measured(command: str, within: float) -> str:
        return "1"

    monkeypatch.setattr(run, "command_output", measured)
    async with runner.device(module.modem, 9600, ENDPOINT, profile) as device:
        await runner.login(device, profile, 10)
        asyncio.get_running_loop().call_later(150, module.vanish)
        with pytest.raises(PortError):
            await runner._report_command(device, profile.items[0])
    reports = [line for line in module.sent if line.endswith('"1.0",1')]
    assert len(reports) == 3  # at 0, 60 and 120 s
