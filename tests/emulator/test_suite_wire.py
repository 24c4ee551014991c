"""Every transcript of `tests/wire/suite` against each emulated module that it is true for.

And against each that it is not true for: that one must do something else.
"""

from __future__ import annotations

import re
from itertools import combinations

import pytest

from emulator.module.dialects.suite.dialect import SuiteDialect
from tests.support.hostile import BYTEWISE, WHOLE, Cut, Hostile
from tests.support.suite_emulator_player import differs, play
from tests.support.suite_transcript import TOLD_APART, TRANSCRIPTS, Transcript
from tests.support.transcript import Kind

LINES = (WHOLE, BYTEWISE, Hostile("random cuts", Cut.ANYWHERE, seed=1))
PLAYED = [each for each in TRANSCRIPTS if not each.driver_only]
TRUE = [(each, module) for each in PLAYED for module in sorted(each.plays)]


@pytest.mark.parametrize(("transcript", "module"), TRUE, ids=str)
def test_module_writes_the_transcript(transcript: Transcript, module: str) -> None:
    for line in LINES:
        play(transcript, module, line)


@pytest.mark.parametrize("transcript", PLAYED, ids=str)
def test_other_modules_write_something_else(transcript: Transcript) -> None:
    same = [each for each in sorted(transcript.fails) if not differs(transcript, each, WHOLE)]
    assert not same


def test_every_command_is_played() -> None:
    lines = [
        step.text
        for each in PLAYED
        for exchange in each.exchanges
        for step in exchange.steps
        if step.kind is Kind.HOST
    ]
    played = {found[1] for line in lines if (found := re.match(r"AT(\+MIPL[A-Z]+)", line))}
    assert SuiteDialect.COMMANDS.keys() <= played


@pytest.mark.parametrize(("one", "other"), list(combinations(TOLD_APART, 2)))
def test_a_transcript_tells_two_modules_apart(one: str, other: str) -> None:
    assert any(
        (one in each.plays and other in each.fails) or (other in each.plays and one in each.fails)
        for each in PLAYED
    )
