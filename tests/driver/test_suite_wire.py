"""Every transcript of `tests/wire/suite` against the driver: what it writes, whose each line is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import driver_player
from tests.support.hostile import GENTLE, Cut, Hostile
from tests.support.suite_driver_player import VERBS, play
from tests.support.suite_transcript import TRANSCRIPTS, Transcript
from tests.support.transcript import Kind


@pytest.mark.parametrize("hostile", GENTLE, ids=str)
@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=str)
def test_driver_plays_the_transcript(transcript: Transcript, hostile: Hostile) -> None:
    play(transcript, hostile)


@given(st.sampled_from(TRANSCRIPTS), st.integers(0, 2**32))
def test_driver_plays_in_any_cut(transcript: Transcript, seed: int) -> None:
    play(transcript, Hostile("any cut", Cut.ANYWHERE, seed))


def test_every_verb_of_the_suite_is_played() -> None:
    played = set()
    for each in TRANSCRIPTS:
        for exchange in each.exchanges:
            for step in exchange.steps:
                words = step.words[1:] if step.kind is Kind.EVENT else []
                played |= {" ".join(words[:length]) for length in (1, 2, 3)}
    own = {verb for verb in VERBS if VERBS[verb] is not driver_player.VERBS.get(verb)}
    assert own <= played
