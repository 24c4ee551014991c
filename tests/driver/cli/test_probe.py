"""A probe of modules that the emulated one cannot be: those that refuse, or fall silent."""

from __future__ import annotations

import io

import pytest

from m5310.at.modem import Modem
from m5310.cli import probe
from m5310.cli.arguments import parser
from m5310.cli.probe import _run_checks
from m5310.cli.probe_checks import CHECKS, Verdict
from m5310.cli.terminal.output import Output
from m5310.errors import PortError
from tests.support.scripted import Scripted


async def test_a_module_that_refuses_everything_is_judged_to_the_end() -> None:
    said: list[str] = []
    module = Scripted({"AT+": "ERROR"})
    findings = await _run_checks(module.modem, said.append)
    assert [finding.name for finding in findings] == [question.name for question in CHECKS]
    assert {finding.words for finding in findings} == {"refused with ERROR"}
    assert said == [question.name for question in CHECKS]
    assert "AT+CMEE=1" not in module.sent  # what it was cannot be put back
    await module.modem.close()


async def test_a_module_that_falls_silent_is_judged_to_the_end() -> None:
    said: list[str] = []
    module = Scripted({"AT+CMEE?": ["+CMEE:1", "OK"], "AT": None})
    findings = await _run_checks(module.modem, said.append)
    assert {finding.words for finding in findings} == {"no answer"}
    assert max(finding.verdict for finding in findings) is Verdict.WRONG
    await module.modem.close()


async def test_a_lost_port_ends_a_probe() -> None:
    said: list[str] = []
    module = Scripted({"AT+CMEE?": ["+CMEE:0", "OK"]})
    module.rules["AT+CGMM"] = lambda _: module.vanish()
    with pytest.raises(PortError):
        await _run_checks(module.modem, said.append)


async def test_error_numbers_are_put_back() -> None:
    said: list[str] = []
    module = Scripted({"AT+CMEE?": ["+CMEE:0", "OK"], "AT+CI": "+CME ERROR:10"})
    findings = {finding.name: finding for finding in await _run_checks(module.modem, said.append)}
    assert "insert a SIM" in findings["SIM"].advice
    assert [line for line in module.sent if "CMEE=" in line] == ["AT+CMEE=1", "AT+CMEE=0"]
    await module.modem.close()


@pytest.mark.parametrize("as_json", [False, True])
async def test_nobody_anywhere_is_one_finding(
    monkeypatch: pytest.MonkeyPatch, as_json: bool
) -> None:
    module = Scripted()

    async def opened(*_: object) -> tuple[Modem, None]:
        return module.modem, None

    async def found(*_: object) -> None:
        return None

    monkeypatch.setattr(probe, "open_modem", opened)
    monkeypatch.setattr(probe, "find", found)
    screen = Output(io.StringIO(), io.StringIO(), {})
    options = ["--json"] if as_json else []
    assert await probe.command(parser().parse_args(["probe", "X", *options]), screen) == 3
    assert isinstance(screen.out, io.StringIO)
    shown = screen.out.getvalue()
    assert "nobody answers at 9600, 115200" in shown
    assert shown.count("\n") == (1 if as_json else 2)
    assert module.closed
