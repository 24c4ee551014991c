"""`m5310 probe` over scripted modules."""

from __future__ import annotations

import json
from typing import Any

import pytest

from m5310.cli import probe
from m5310.cli.probe import _run_checks
from m5310.cli.probe_checks import CHECKS, Verdict
from m5310.errors import PortError
from tests.support.cli import Ran, run_subcommand
from tests.support.scripted import Scripted

IMEI = "865820030013978"
NO_PROBLEM: dict[str, Any] = {
    "AT+CMEE?": ["+CMEE:1", "OK"],
    "AT+CGMI": ["CMCC", "OK"],
    "AT+CGMM": ["M5310", "OK"],
    "AT+CGMR": ["M5310_V3.1.0", "OK"],
    "AT+CGSN=1": [f"+CGSN:{IMEI}", "OK"],
    "AT+CIMI": ["460040000000001", "OK"],
    "AT+NCCID": ["+NCCID:89860400000000000001", "OK"],
    "AT+CFUN?": ["+CFUN:1", "OK"],
    "AT+CSQ": ["+CSQ:20,99", "OK"],
    "AT+CEREG?": ["+CEREG:0,1", "OK"],
    "AT+CGATT?": ["+CGATT:1", "OK"],
    "AT+CGPADDR": ["+CGPADDR:0,10.1.2.3", "OK"],
}
RADIO_OFF = NO_PROBLEM | {"AT+CFUN?": ["+CFUN:0", "OK"], "AT+CSQ": ["+CSQ:99,99", "OK"]}


@pytest.fixture
def progress() -> list[str]:
    return []


async def run(
    monkeypatch: pytest.MonkeyPatch, rules: dict[str, Any], *options: str, baud: int | None = 9600
) -> Ran:
    """Run a probe that finds the module at this speed."""

    async def find(*_: object) -> int | None:
        return baud

    monkeypatch.setattr(probe, "find", find)
    module = Scripted(rules)
    ran = await run_subcommand(monkeypatch, module, "probe", *options)
    assert module.closed
    return ran


async def test_module_without_problems(monkeypatch: pytest.MonkeyPatch) -> None:
    ran = await run(monkeypatch, NO_PROBLEM)
    assert (ran.status, ran.err) == (0, "")
    assert f"IMEI          ok      {IMEI}\n" in ran.out
    assert ran.out.endswith("PORT at 9600 baud: no problem found\n")


async def test_problem_comes_with_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    ran = await run(monkeypatch, RADIO_OFF)
    assert ran.status == 1
    assert "radio         problem  off -> turn it on: AT+CFUN=1\n" in ran.out
    assert ran.out.endswith("PORT at 9600 baud: 1 problem: radio (off)\n")


async def test_what_follows_from_a_problem_is_a_note_that_names_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refused = "+CME ERROR:10"
    ran = await run(
        monkeypatch,
        NO_PROBLEM
        | {"AT+CIMI": refused, "AT+NCCID": refused, "AT+CSQ": ["+CSQ:99,99", "OK"]}
        | {"AT+CEREG?": ["+CEREG:0,0", "OK"], "AT+CGATT?": ["+CGATT:0", "OK"]}
        | {"AT+CGPADDR": ["+CGPADDR:0", "OK"], "AT+CFUN?": ["+CFUN:0", "OK"]},
    )
    notes = [line.split()[0] for line in ran.out.splitlines() if "follows from" in line]
    assert notes == ["SIM", "radio", "signal", "registration", "attached", "address"]
    assert ran.out.count("follows from the problem with the SIM\n") == 6
    assert ran.out.endswith("1 problem: SIM (refused with +CME ERROR:10)\n")
    assert ran.status == 1


async def test_another_speed_is_named_for_the_other_commands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ran = await run(monkeypatch, NO_PROBLEM, baud=115200)
    assert ran.out.splitlines()[-2:] == [
        "PORT at 115200 baud: no problem found",
        "the other commands need the speed: --baud 115200",
    ]


async def test_json_output(monkeypatch: pytest.MonkeyPatch) -> None:
    ran = await run(monkeypatch, RADIO_OFF, "--json")
    found = json.loads(ran.out)
    verdicts = {finding["name"]: finding["verdict"] for finding in found["findings"]}
    assert (ran.status, found["port"], found["baud"], found["well"]) == (1, "PORT", 9600, False)
    assert (verdicts["IMEI"], verdicts["radio"], verdicts["signal"]) == ("WELL", "WRONG", "NOTE")


@pytest.mark.parametrize(("options", "lines"), [((), 2), (("--json",), 1)])
async def test_no_answer_at_any_speed(
    monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], lines: int
) -> None:
    ran = await run(monkeypatch, {}, *options, baud=None)
    assert ran.status == 3
    assert "no answer at 9600, 115200" in ran.out
    assert ran.out.count("\n") == lines


async def test_module_that_refuses_all_commands(progress: list[str]) -> None:
    module = Scripted({"AT+": "ERROR"})
    findings = await _run_checks(module.modem, progress.append)
    names = [*(check.name for check in CHECKS), "language"]
    assert [finding.name for finding in findings] == names
    assert {finding.words for finding in findings} == {"refused with ERROR", "not known"}
    assert progress == names
    assert "AT+CMEE=1" not in module.sent  # its previous value is unknown
    await module.modem.close()


async def test_module_that_stops_answering(progress: list[str]) -> None:
    module = Scripted({"AT+CMEE?": ["+CMEE:1", "OK"], "AT": None})
    findings = await _run_checks(module.modem, progress.append)
    assert {finding.words for finding in findings} == {"no answer", "not known"}
    assert max(finding.verdict for finding in findings) is Verdict.WRONG
    await module.modem.close()


@pytest.mark.parametrize(
    ("model", "version", "value", "words"),
    [
        ("M5310", "ERROR", "m5310", "the classic one: China Mobile M5310 (m5310)"),
        ("BC35GJB-02-STD", ["+MIPLVER:2.2.0", "OK"], "bc35g", "the suite 2.2.0: Quectel BC35-G"),
        ("BC95HB-02-STD_850", "ERROR", None, "Quectel BC95 (bc95), but it does not know"),
        (
            "A9500",
            ["+MIPLVER: 2.3", "OK"],
            "generic",
            "the suite 2.3: a module that is not",
        ),
        ("SIM800", "ERROR", None, "not known"),
    ],
)
async def test_language_of_the_module(
    progress: list[str], model: str, version: Any, value: str | None, words: str
) -> None:
    rules = NO_PROBLEM | {"AT+CGMM": [model, "OK"], "AT+CGMI": "ERROR", "AT+CGMR": "ERROR"}
    module = Scripted(rules | {"AT+MIPLVER?": version, "AT+CMVER": ["2.1.1.1809", "OK"]})
    found = {each.name: each for each in await _run_checks(module.modem, progress.append)}
    assert found["language"].value == value
    assert found["language"].words.startswith(words)
    old = found["firmware"].verdict is Verdict.NOTE  # no acknowledgements
    assert old is (model in ("M5310", "SIM800"))
    await module.modem.close()


async def test_lost_port_ends_the_probe(progress: list[str]) -> None:
    module = Scripted({"AT+CMEE?": ["+CMEE:0", "OK"]})
    module.rules["AT+CGMM"] = lambda _: module.vanish()
    with pytest.raises(PortError):
        await _run_checks(module.modem, progress.append)


@pytest.mark.parametrize(("setting", "sent"), [("0", ["AT+CMEE=1", "AT+CMEE=0"]), ("1", [])])
async def test_error_code_setting_is_restored(
    progress: list[str], setting: str, sent: list[str]
) -> None:
    module = Scripted({"AT+CMEE?": [f"+CMEE:{setting}", "OK"], "AT+CI": "+CME ERROR:10"})
    found = {finding.name: finding for finding in await _run_checks(module.modem, progress.append)}
    assert "insert a SIM" in found["SIM"].advice
    assert [line for line in module.sent if "CMEE=" in line] == sent
    await module.modem.close()


async def test_module_of_the_suite_without_a_version_of_its_own_shows_its_revision(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rules = NO_PROBLEM | {
        "AT+CGMI": ["Quectel", "OK"],
        "AT+CGMM": ["BC28JA-02-STD", "OK"],
        "AT+CGMR": ["APPLICATION,BC28JAR01A10_ONT", "OK"],
        "AT+CMVER": ["+CME ERROR: 4"],
        "AT+MIPLVER?": ["+MIPLVER:2.2.0", "OK"],
    }
    ran = await run(monkeypatch, rules)
    assert "firmware      ok      APPLICATION,BC28JAR01A10_ONT\n" in ran.out
    assert "language      ok      the suite 2.2.0: Quectel BC28 (bc28)\n" in ran.out
    assert ran.out.endswith("no problem found\n")
