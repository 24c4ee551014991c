"""The judge of command lines of the suite: what it allows, and what it objects to."""

from __future__ import annotations

import pytest

from tests.support.suite_order import SuiteOrder

CREATE, OPEN = "AT+MIPLCREATE", "AT+MIPLOPEN=0,300,60"
REPORT = "AT+MIPLNOTIFY=0,70247,3303,0,5700,4,8,20.5,0,0,1"
LISTED = 'AT+MIPLDISCOVERRSP=0,3303,1,4,"5700"'
ASKED = ["< +MIPLREAD: 0, 12, 3303, 0, 5700"]
OBSERVED = ["< +MIPLOBSERVE:0,70247,1,3303,0,-1"]
MORE = "AT+MIPLREADRSP=0,12,1,3303,0,5700,4,8,20.5,1,0"
LAST = "AT+MIPLREADRSP=0,12,1,3303,0,5701,1,1,"
ANSWER = f'{LAST}"x",0,0'


def judged(*steps: str, declaring: bool = False, lossy: bool = False) -> list[str]:
    """The violations of a conversation, one line a minute."""
    now = 0.0
    order = SuiteOrder(lambda: now, declaring=declaring, lossy=lossy)
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
        [f"> {CREATE}", "< +MIPLCREATE:0", "< OK", f"> {OPEN}", "< OK", f"> {REPORT}"],
        [*ASKED, f"> {MORE}", "< OK", f"> {ANSWER}"],
        [*OBSERVED, "> AT+MIPLOBSERVERSP=0,70247,1"],
        ["> AT+MIPLCONF=1,00,1,1", "< ERROR", "> AT+MIPLDEL=0", "< ERROR"],  # finds out
        [f"> {REPORT}", "> AT", "< OK", f"> {REPORT}"],
        ["> AT+CSQ", "< +CME ERROR: 3", f"> {OPEN}", "< +CIS ERROR:602", f"> {CREATE}"],
        ["> AT+NRB", "< REBOOTING", "> AT"],
    ],
)
def test_legal_conversations(steps: list[str]) -> None:
    assert judged(*steps) == []


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ([f"> {CREATE}", f"> {OPEN}"], "is not answered yet"),
        (["> AT+MIPLOPEN=0,5,60"], "lifetime"),
        ([f"> {ANSWER}"], "no such request"),
        ([*ASKED, f"> {ANSWER}", "< OK", f"> {ANSWER}"], "no such request"),
        ([*ASKED, "> AT+MIPLWRITERSP=0,12,2"], "no such request"),
        ([*ASKED, "< REBOOT_CAUSE_UNKNOWN", f"> {ANSWER}"], "no such request"),
        ([f"> {LISTED}"], "no such request"),
    ],
)
def test_illegal_lines(steps: list[str], reason: str) -> None:
    (violation,) = judged(*steps)
    assert reason in violation


def test_module_that_answers_is_given_lists() -> None:
    assert judged(f"> {LISTED}", declaring=True) == []


def test_lossy_line_is_judged_by_its_values_alone() -> None:
    assert judged(f"> {CREATE}", f"> {ANSWER}", lossy=True) == []
    assert judged("> AT+MIPLWRITERSP=0,12,1", lossy=True) != []
