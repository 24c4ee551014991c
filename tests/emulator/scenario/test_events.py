"""Scenario events: matching of commands, and faults of commands."""

from __future__ import annotations

import pytest

from emulator.module.at.command_faults import CommandFault, ExtraBytes
from emulator.module.boot import Cause
from emulator.scenario.events import Action, At, Event, On, Restart, When


@pytest.mark.parametrize(
    ("command", "line", "expected"),
    [
        ("AT+NSO", "AT+NSOCR=1", False),
        ("AT+MIPLOPEN", "at+miplopen=0,30", True),
        ("AT+MIPLREAD=0,", "AT+MIPLREAD=0,10000", True),
        ("AT+CEREG?", "AT+CEREG?", True),
        ("AT+CEREG=1", "AT+CEREG=12", False),
        ("AT", "AT+CSQ", True),
        ("AT+CSQ", "AT", False),
        ("AT+MIPL*", "AT+MIPLCREATE", True),
        ("AT+MIPL*", "at+mipl", True),
        ("AT+MIPL*", "AT+MIP", False),
    ],
)
def test_on_matches_the_start_of_a_command(command: str, line: str, expected: bool) -> None:
    assert On(command).matches(line) is expected


EXTRA = ExtraBytes(b"x")


@pytest.mark.parametrize(
    ("when", "action", "fault"),
    [
        (On("AT"), CommandFault(delay=1), CommandFault(delay=1)),
        (On("AT"), EXTRA, CommandFault(extra=EXTRA)),
        (On("AT", after=1), EXTRA, None),
        (At(1), EXTRA, None),
        (On("AT"), Restart(Cause.WATCHDOG), None),
    ],
)
def test_command_fault_of_an_event(when: When, action: Action, fault: CommandFault | None) -> None:
    assert Event(when, action, None, "", 1).command_fault == fault
