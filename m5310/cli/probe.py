"""`m5310 probe`: check the module and give advice for each problem."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Final, TypeVar

from m5310.at.codec import Command
from m5310.at.modem import Modem
from m5310.cli.arguments import DEFAULT_BAUD
from m5310.cli.exits import Exit
from m5310.cli.probe_checks import CHECKS, Finding, Verdict, no_answer, with_causes, with_language
from m5310.cli.terminal.output import Output, Style
from m5310.commands import general
from m5310.dialects.suite import commands
from m5310.errors import M5310Error, PortError, Text, listed
from m5310.module import banner
from m5310.module.speed import COMMON_SPEEDS, find, open_modem

T = TypeVar("T")

_SHOWN: Final = {
    Verdict.WELL: (Text("ok"), Style.GREEN),
    Verdict.NOTE: (Text("note"), Style.YELLOW),
    Verdict.WRONG: (Text("problem"), Style.RED),
}


async def command(given: argparse.Namespace, output: Output) -> int:
    try:
        return await _probe(given, output)
    except PortError as error:
        if given.json:  # scripts get JSON for this error too
            no_port = Finding("port", None, Verdict.WRONG, str(error))
            _print_json(given.port, None, [no_port], output)
        raise


async def _probe(given: argparse.Namespace, output: Output) -> int:
    speeds = COMMON_SPEEDS if given.baud is None else (given.baud,)
    modem, port = await open_modem(given.port, speeds[0])
    async with modem, output.progress(Text("asking {port}", port=given.port)) as show_progress:
        baud = None
        for speed in speeds:
            show_progress(Text("asking {port} at {speed} baud", port=given.port, speed=speed))
            if baud := await find(modem.execute, port, (speed,)):
                break
        if baud is None:
            findings = [no_answer(given.port, speeds)]
        else:
            findings = await _run_checks(
                modem,
                lambda name: show_progress(
                    Text("asking {port}: {check}", port=given.port, check=name)
                ),
            )
    well = _well(findings)
    if given.json:
        _print_json(given.port, baud, findings, output)
    else:
        _print_table(findings, output)
        if baud is not None:
            output.result(
                Text(
                    "{port} at {speed} baud: {summary}",
                    port=given.port,
                    speed=baud,
                    summary=_summary(findings),
                )
            )
            if baud != DEFAULT_BAUD:
                output.result(Text("the other commands need the speed: --baud {speed}", speed=baud))
    if baud is None:
        return Exit.TIMEOUT
    return Exit.OK if well else Exit.FAILED


async def _run_checks(modem: Modem, progress: Callable[[str], None]) -> list[Finding]:
    """Run all checks with numeric error codes (AT+CMEE=1); the setting is restored afterwards.

    `progress` is called with the name of each check: without answers, all take a minute.
    """
    were_off = await _ask(modem, general.error_numbers_query()) is False
    if were_off:
        await _ask(modem, general.error_numbers(True))
    findings = []
    try:
        for check in CHECKS:
            progress(check.name)
            findings.append(check.finding(await _ask(modem, check.command)))
        progress(Text("language"))
        said = await banner.ask_all(modem.execute)
        version = await _ask(modem, commands.version())
        known = version if isinstance(version, str) else ""
        return with_language(with_causes(findings), said, known)
    finally:
        if were_off:
            await _ask(modem, general.error_numbers(False))


async def _ask(modem: Modem, command: Command[T]) -> T | M5310Error:
    """The result or the error. Raises PortError: only a lost port ends a probe."""
    try:
        return await modem.execute(command)
    except PortError:
        raise
    except M5310Error as error:
        return error


def _well(findings: list[Finding]) -> bool:
    return all(finding.verdict is not Verdict.WRONG for finding in findings)


def _summary(findings: list[Finding]) -> str:
    problems = [finding for finding in findings if finding.verdict is Verdict.WRONG]
    if not problems:
        return Text("no problem found")
    found = [Text("{name} ({words})", name=each.name, words=each.words) for each in problems]
    all_found = listed(found, clauses=True)
    if len(problems) == 1:
        return Text("1 problem: {listed}", listed=all_found)
    return Text("{count} problems: {listed}", count=len(problems), listed=all_found)


def _print_table(findings: list[Finding], output: Output) -> None:
    rows, styles = [], []
    for finding in findings:
        verdict, style = _SHOWN[finding.verdict]
        words = finding.words
        if finding.advice:
            words = Text("{words} -> {advice}", words=words, advice=finding.advice)
        rows.append((finding.name, verdict, words))
        styles.append(style)
    output.table((Text("CHECK"), Text("RESULT"), Text("FOUND")), rows, styles)


def _print_json(port: str, baud: int | None, findings: list[Finding], output: Output) -> None:
    listed = [asdict(each) | {"verdict": each.verdict.name} for each in findings]
    found = {"port": port, "baud": baud, "well": _well(findings), "findings": listed}
    # ASCII only: valid JSON in every code page
    output.result(json.dumps(found))
