"""The judge of command lines: what it allows, and what it objects to."""

from __future__ import annotations

import pytest

from tests.support.command_order import CommandOrder

CONF = "AT+MIPLCONF=2,0000,1,1"
ADD = "AT+MIPLADDOBJ=0,3303,0"
DECLARE = 'AT+MIPLNOTIFY=0,3303,0,5700,4,"20.5",1'
REPORT = 'AT+MIPLNOTIFY=0,3303,0,5700,4,"20.5",1,1'
HALF = 'AT+MIPLNOTIFY=0,3303,0,5700,4,"20.5",0'
OPEN, CLOSE, DEL = "AT+MIPLOPEN=0,30", "AT+MIPLCLOSE=0", "AT+MIPLDEL=0"
UPDATE = "AT+MIPLUPDATE=0,300,0"
ANSWER = 'AT+MIPLREAD=0,10001,3303,0,5700,4,"20.5",1'

CONFIGURED = [f"> {CONF}", "< OK"]
DECLARED = [*CONFIGURED, f"> {ADD}", "< OK", f"> {DECLARE}", "< OK"]
LOGGED_IN = [*DECLARED, f"> {OPEN}", "< OK", "< +MIPLOPEN:0,1"]
ASKED = [*LOGGED_IN, "< +MIPLREAD:0,10001,3303,0,5700"]
LOGGED_OUT = [*LOGGED_IN, f"> {CLOSE}", "< OK", "< +MIPLCLOSE:0,1"]
DELETED = [*LOGGED_OUT, "> AT+MIPLDELOBJ=0,3303,0", "< OK", f"> {DEL}", "< OK"]
RESTARTED = [*LOGGED_IN, "< REBOOT_CAUSE_APPLICATION_WATCHDOG"]


def judged(*steps: str) -> list[str]:
    """The violations of a conversation, one line a minute."""
    now = 0.0
    order = CommandOrder(lambda: now)
    for step in steps:
        now += 60
        if step.startswith(">"):
            order.wrote(f"{step[2:]}\r".encode())
        else:
            order.received(f"\r\n{step[2:]}\r\n".encode())
    return order.violations


@pytest.mark.parametrize(
    "steps",
    [
        [*DELETED, f"> {CONF}"],
        [*RESTARTED, f"> {CONF}", "< OK", f"> {ADD}"],
        [*LOGGED_IN, f"> {REPORT}", "< OK", f"> {UPDATE}", "< OK"],
        [*ASKED, f"> {ANSWER}", "< OK"],
        [*ASKED, f"> {HALF}", "< OK", f"> {ANSWER}", "< OK", f"> {REPORT}"],
        [*LOGGED_IN, f"> {REPORT}", "> AT", "< OK", f"> {DEL}"],  # who knows what it has done
        [*LOGGED_IN, f"> {REPORT}", "< ERROR", f"> {CONF}"],
        [*RESTARTED, f"> {DEL}"],  # harmless, and leaves it clean
        ["> AT+MIPLCONF=1,00,1,0", "< OK", "> AT+MIPLCONF=1,00,2,1", "< OK", f"> {ADD}"],
    ],
)
def test_legal_conversations(steps: list[str]) -> None:
    assert judged(*steps) == []


@pytest.mark.parametrize(
    ("steps", "line", "reason"),
    [
        ([f"> {CONF}"], ADD, "not answered yet"),
        ([], "AT+MIPLADDOBJ=0,3303", "not a form"),
        ([], "AT+MIPLCONF=3,0000,1,1", "the size is not"),
        ([], "AT+MIPLCONF=2,0000,2,1", "fragment 2 follows fragment 0"),
        (CONFIGURED, CONF, "configured already"),
        (DELETED, ADD, "not configured"),
        (RESTARTED, DECLARE, "not configured"),
        (CONFIGURED, DECLARE, "was not added"),
        (DECLARED, ADD, "there already"),
        (CONFIGURED, "AT+MIPLDELOBJ=0,3303,0", "no such instance"),
        (DECLARED, REPORT, "cannot be acknowledged"),
        (DECLARED, DECLARE.replace("20.5", "warm"), "not a value of type 4"),
        (DECLARED, DECLARE.replace("4,", "1,").replace("20.5", 1025 * "x"), "more than 1024"),
        (LOGGED_IN, REPORT.replace('",1,', '",0,'), "only the last line"),
        ([*LOGGED_IN, f"> {REPORT}", "< OK"], REPORT, "used before"),
        ([*LOGGED_IN, f"> {HALF}", "< OK"], UPDATE, "half a report"),
        (LOGGED_IN, UPDATE.replace("300", "9"), "out of range"),
        ([*DECLARED, f"> {OPEN}", "< OK"], OPEN, "a login is under way"),
        (LOGGED_IN, OPEN, "is logged in"),
        (LOGGED_IN, DEL, "is logged in"),
        (LOGGED_OUT, UPDATE, "not logged in"),
        (LOGGED_OUT, CLOSE, "not logged in"),
        (LOGGED_IN, ANSWER, "no such request"),
        ([*ASKED, f"> {ANSWER}", "< OK"], ANSWER, "no such request"),
        (ASKED, "AT+MIPLWRITE=0,10001,1", "no such request"),
    ],
)
def test_illegal_lines(steps: list[str], line: str, reason: str) -> None:
    assert judged(*steps) == []
    (violation,) = judged(*steps, f"> {line}")
    assert reason in violation


def test_impatient_probe() -> None:
    order = CommandOrder(lambda: 0.0)
    order.wrote(f"{CONF}\rAT\r".encode())
    with pytest.raises(AssertionError, match=r"AT: AT\+MIPLCONF\S+ is not answered yet"):
        order.check()


def test_lossy_line_is_judged_by_form_only() -> None:
    order = CommandOrder(lambda: 0.0, lossy=True)
    order.wrote(f"{OPEN}\r{ADD}\r{ANSWER}\r".encode())
    order.check()
    order.wrote(b"AT+MIPLOPEN=1\r")
    assert len(order.violations) == 1
