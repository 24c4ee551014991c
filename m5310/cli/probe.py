"""`m5310 probe`: is the module well, and what to do if not."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Final

from m5310.at.codec import Answer, Command
from m5310.at.modem import Modem
from m5310.cli.exits import Exit
from m5310.cli.probe_checks import QUESTIONS, Finding, Verdict, silence
from m5310.cli.terminal.output import Screen, Style
from m5310.commands import general
from m5310.errors import M5310Error, PortError
from m5310.module.speed import USUAL, find, open_modem

_SHOWN: Final = {
    Verdict.WELL: ("well", Style.GREEN),
    Verdict.NOTE: ("note", Style.YELLOW),
    Verdict.WRONG: ("wrong", Style.RED),
}


async def command(given: argparse.Namespace, screen: Screen) -> int:
    try:
        return await _probe(given, screen)
    except PortError as error:
        if given.json:  # whoever parses the output gets something to parse
            no_port = Finding("port", None, Verdict.WRONG, str(error))
            _print_json(given.port, None, [no_port], screen, well=False)
        raise


async def _probe(given: argparse.Namespace, screen: Screen) -> int:
    speeds = USUAL if given.baud is None else (given.baud,)
    modem, port = await open_modem(given.port, speeds[0])
    async with modem, screen.working(f"asking {given.port}") as say:
        baud = None
        for speed in speeds:
            say(f"asking {given.port} at {speed} baud")
            if baud := await find(modem.execute, port, (speed,)):
                break
        if baud is None:
            findings = [silence(given.port, speeds)]
        else:
            findings = await _findings(modem, lambda name: say(f"asking {given.port}: {name}"))
    well = all(finding.verdict is not Verdict.WRONG for finding in findings)
    if given.json:
        _print_json(given.port, baud, findings, screen, well=well)
    else:
        _print_table(findings, screen)
        if baud is not None:
            screen.say(f"{given.port} at {baud} baud: {'all is well' if well else 'not well'}")
    if baud is None:
        return Exit.TIMEOUT
    return Exit.WELL if well else Exit.WRONG


async def _findings(modem: Modem, say: Callable[[str], None]) -> list[Finding]:
    """Every question's; error numbers are on meanwhile, and off again if they were.

    `say` is told what is asked: a module that fell silent takes a minute.
    """
    numbers = await _asked(modem, general.error_numbers_query())
    were_off = isinstance(numbers, Answer) and not general.error_numbers_on(numbers)
    if were_off:
        await _asked(modem, general.error_numbers(on=True))
    findings = []
    try:
        for question in QUESTIONS:
            say(question.name)
            findings.append(question.finding(await _asked(modem, question.command)))
        return findings
    finally:
        if were_off:
            await _asked(modem, general.error_numbers(on=False))


async def _asked(modem: Modem, question: Command) -> Answer | M5310Error:
    """The answer, or why there is none; only a lost port ends a probe."""
    try:
        return await modem.execute(question)
    except PortError:
        raise
    except M5310Error as error:
        return error


def _print_table(findings: list[Finding], screen: Screen) -> None:
    rows, styles = [], []
    for finding in findings:
        verdict, style = _SHOWN[finding.verdict]
        advice = f" -> {finding.advice}" if finding.advice else ""
        rows.append((finding.name, verdict, finding.words + advice))
        styles.append(style)
    screen.table(("WHAT", "VERDICT", "FOUND"), rows, styles)


def _print_json(
    port: str, baud: int | None, findings: list[Finding], screen: Screen, *, well: bool
) -> None:
    listed = [asdict(each) | {"verdict": each.verdict.name} for each in findings]
    found = {"port": port, "baud": baud, "well": well, "findings": listed}
    # escaped: a code page that lacks a character must not make it a line that nobody can parse
    screen.say(json.dumps(found))
