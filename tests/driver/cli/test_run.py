"""`m5310 run` over scripted modules and, in virtual time, over driver and emulator."""

from __future__ import annotations

import asyncio
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
from m5310.device.device import Device
from m5310.device.reports import Report
from m5310.errors import PortError
from m5310.lwm2m.resources import Access, Resource
from m5310.lwm2m.values import ValueType
from m5310.module.attach_errors import AttachError
from m5310.module.module import Module
from tests.support.cli import make_output, texts
from tests.support.null_modem import ENDPOINT
from tests.support.scripted import Scripted, platform
from tests.support.testbed import DeviceTestbed

TOML = b'[[resource]]\npath = "3303/0/5700"\ntype = "float"\n'
ANSWERS = {"AT+CFUN?": ["+CFUN:1", "OK"], "AT+CSQ": ["+CSQ:20,99", "OK"]}


class NoInput:
    def fileno(self) -> int:
        return 0


@pytest.fixture(autouse=True)
def run_in_background(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", NoInput())
    monkeypatch.setattr(stdin, "in_background", lambda _: True)


async def run_profile(
    scripted: Scripted,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    happens: Callable[[Device], object],
) -> tuple[int, str]:
    """Run a device; call `happens` two hours after its login. Returns status and stderr."""
    profile = tmp_path / "my.toml"
    profile.write_bytes(TOML)
    output = make_output()
    given = parser().parse_args(["run", str(profile), "--port", "X", "--endpoint", ENDPOINT])
    modem = scripted.modem
    monkeypatch.setattr(run, "Module", lambda port, baud: Module(modem))

    def device(_: str, *arguments: Any, **more: Any) -> Device:
        made = Device(modem, *arguments, **more)
        asyncio.get_running_loop().call_later(7200, happens, made)
        return made

    monkeypatch.setattr(run, "Device", device)
    try:
        status = await run.command(given, output)
    finally:
        await scripted.modem.close()
    return status, texts(output)[1]


def registered() -> Scripted:
    return Scripted(platform() | {"AT+CEREG?": ["+CEREG:2,1", "OK"]} | ANSWERS)


async def test_logged_out_device_ends_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closing = []

    def close(device: Device) -> None:
        closing.append(asyncio.create_task(device.close()))

    status, errors = await run_profile(registered(), tmp_path, monkeypatch, close)
    await closing[0]
    assert status == 1
    assert errors.startswith("m5310: the device is no longer logged in")


SUBSCRIBED = "m5310: the platform has subscribed to the device"  # after each login


async def served(
    testbed: DeviceTestbed, monkeypatch: pytest.MonkeyPatch, settings: bytes = b""
) -> tuple[list[str], list[str]]:
    """Lines on stdout and on stderr, after each login, of a device that reports 0, 1, ... for
    270 s.
    """
    profile = parse_profile(settings + TOML + b'command = "x"\n', "my.toml")
    output = make_output()
    runner = DeviceRunner(output, acknowledge=profile.acknowledge)
    outputs = iter(map(str, range(100)))

    async def measured(command: str, within: float) -> str:
        return next(outputs)

    monkeypatch.setattr(run, "command_output", measured)
    port: Any = testbed.open  # called again when the port is lost
    async with runner.device(port, 9600, ENDPOINT, profile) as device:
        await runner.login(device, profile, 30)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(runner.serve(device, profile), 270)
        assert testbed.online
    testbed.stop()
    out, err = texts(output)
    first, *upkeep = err.splitlines()
    assert first == SUBSCRIBED
    return out.splitlines(), [line for line in upkeep if line != SUBSCRIBED]


async def test_device_recovers_from_a_restart_of_the_module(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    testbed = DeviceTestbed()
    asyncio.get_running_loop().call_later(100, testbed.reset, Cause.WATCHDOG)
    out, err = await served(testbed, monkeypatch)
    assert err[0].startswith("m5310: the module has restarted (REBOOT_CAUSE_APPLICATION_WATCHDOG)")
    assert err[-1].startswith("m5310: the device is restored")
    assert out == [f"reported 3303/0/5700 = {minute}.0" for minute in range(5)]
    assert testbed.reported == [0.0, 1.0, 2.0, 3.0, 4.0]


async def test_reports_without_a_port_are_queued(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    testbed = DeviceTestbed()
    clock = asyncio.get_running_loop()
    clock.call_later(100, testbed.unplug)
    clock.call_later(220, testbed.plug)
    out, err = await served(testbed, monkeypatch)
    assert err[0].startswith("m5310: the port is lost (")
    assert "m5310: the port is back: the testbed" in err
    assert err[-1].startswith("m5310: the device is restored")
    assert out == [
        f"{word} 3303/0/5700 = {number}.0"
        for word, number in [
            *(("reported", 0), ("reported", 1), ("queued", 2), ("queued", 3)),
            *(("reported", 2), ("reported", 3), ("reported", 4)),
        ]
    ]
    assert testbed.reported == [0.0, 1.0, 2.0, 3.0, 4.0]


async def test_acknowledged_reports_are_printed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    testbed = DeviceTestbed()
    out, err = await served(testbed, monkeypatch, b"acknowledge = true\n")
    assert err == []
    assert out == [
        f"{word} 3303/0/5700 = {minute}.0"
        for minute in range(5)
        for word in ("reported", "acknowledged")
    ]


async def test_outbox_limit_of_the_profile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    testbed = DeviceTestbed()
    asyncio.get_running_loop().call_later(100, testbed.unplug)
    out, err = await served(testbed, monkeypatch, b'outbox = 1\nwhen_full = "refuse"\n')
    assert [line for line in out if line.startswith("queued")] == ["queued 3303/0/5700 = 2.0"]
    refused = [line for line in err if "was not taken" in line]
    assert len(refused) == 2
    assert refused[0].startswith("m5310: 3303/0/5700: ")


async def test_failed_report_is_printed_with_its_value() -> None:
    output = make_output()
    runner = DeviceRunner(output, acknowledge=True)
    resource = Resource("3303/0/5700", ValueType.FLOAT, 21.5, Access.READABLE)
    report = Report((resource,), 1, acknowledge=True)
    report.fail(PortError("unplugged"))
    runner._followed.put_nowait((report, "3303/0/5700 = 21.5", True))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(runner._print_outcomes(), 1)
    assert texts(output)[1] == "m5310: 3303/0/5700 = 21.5: unplugged\n"


async def test_denied_registration_shows_the_reject_cause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted = Scripted(
        {"AT+CEREG?": ["+CEREG:1,3,,,,0,15", "OK"], "AT+CIMI": ["1" * 15, "OK"]} | ANSWERS
    )
    with pytest.raises(AttachError, match=r"EMM cause 15, no suitable cell"):
        await run_profile(scripted, tmp_path, monkeypatch, lambda _: None)
    assert "AT+CEREG=3" in scripted.sent


class RecoveringDevice:
    """Its port is lost, and it will reopen it."""

    in_service = True

    async def report(self, values: object, *, acknowledge: bool) -> None:
        raise PortError("the port was lost")


async def test_lost_port_fails_only_the_report_if_the_device_recovers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    profile = parse_profile(TOML + b'command = "x"\n', "my.toml")
    module = Scripted(platform())
    output = make_output()
    runner = DeviceRunner(output)
    async with runner.device(module.modem, 9600, ENDPOINT, profile) as device:
        await runner.login(device, profile, 10)
    await module.modem.close()

    async def lines() -> AsyncGenerator[str, None]:
        yield "3303/0/5700=1"

    async def measured(command: str, within: float) -> str:
        return "1"

    monkeypatch.setattr(run, "command_output", measured)
    recovering: Any = RecoveringDevice()
    for work in (
        runner._report_lines(recovering, lines()),
        runner._report_command(recovering, profile.items[0]),
    ):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(work, 10)
    assert texts(output)[1].splitlines() == [
        "m5310: the port was lost",
        "m5310: 3303/0/5700: the port was lost",
    ]


async def test_lost_port_ends_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scripted = registered()
    with pytest.raises(PortError):
        await run_profile(scripted, tmp_path, monkeypatch, lambda _: scripted.vanish())


async def test_port_lost_during_a_report_ends_the_input() -> None:
    profile = parse_profile(TOML, "my.toml")
    module = Scripted(platform())
    runner = DeviceRunner(make_output())
    async with runner.device(module.modem, 9600, ENDPOINT, profile) as device:
        await runner.login(device, profile, 10)
        module.vanish()

        async def lines() -> object:
            yield "3303/0/5700=1"

        with pytest.raises(PortError):
            await runner._report_lines(device, lines())  # type: ignore[arg-type]


async def test_lost_port_ends_the_reports_of_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    profile = parse_profile(TOML + b'command = "x"\n', "my.toml")
    module = Scripted(platform())
    runner = DeviceRunner(make_output())

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
