"""Occasions and acts: which command is meant, and what becomes of it."""

from __future__ import annotations

import pytest

from emulator.module.boot import Cause
from emulator.module.command_faults import CommandFault, ExtraBytes
from emulator.scenario.events import Action, At, Event, On, Restart, When


@pytest.mark.parametrize(
    ("command", "line", "meant"),
    [
        ("AT+NSO", "AT+NSOCR=1", False),
        ("AT+MIPLOPEN", "at+miplopen=0,30", True),
        ("AT+MIPLREAD=0,", "AT+MIPLREAD=0,10000", True),
        ("AT+CEREG?", "AT+CEREG?", True),
        ("AT+CEREG=1", "AT+CEREG=12", False),
        ("AT", "AT+CSQ", True),
        ("AT+CSQ", "AT", False),
    ],
)
def test_a_command_is_met_by_how_it_begins(command: str, line: str, meant: bool) -> None:
    assert On(command).matches(line) is meant


ASIDE = ExtraBytes(b"x")


@pytest.mark.parametrize(
    ("when", "action", "upset"),
    [
        (On("AT"), CommandFault(delay=1), CommandFault(delay=1)),
        (On("AT"), ASIDE, CommandFault(extra=ASIDE)),
        (On("AT", after=1), ASIDE, None),
        (At(1), ASIDE, None),
        (On("AT"), Restart(Cause.WATCHDOG), None),
    ],
)
def test_some_acts_are_what_becomes_of_the_command(
    when: When, action: Action, upset: CommandFault | None
) -> None:
    assert Event(when, action, None, "", 1).upset == upset
