"""Every transcript of `tests/wire` against the driver: what it writes, whose each line is."""

from __future__ import annotations

from pathlib import Path as File

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.driver_player import VERBS, play
from tests.support.hostile import GENTLE, Cut, Hostile
from tests.support.transcript import WIRE, Kind, load

FILES = sorted(WIRE.glob("*.txt"))


@pytest.mark.parametrize("hostile", GENTLE, ids=str)
@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_driver_plays_the_transcript(file: File, hostile: Hostile) -> None:
    play(file, hostile)


@given(st.integers(0, 2**32))
def test_driver_plays_a_session_in_any_cut(seed: int) -> None:
    play(WIRE / "session.txt", Hostile("any cut", Cut.ANYWHERE, seed))


def test_every_verb_is_played() -> None:
    played = set()
    for file in FILES:
        for exchange in load(file)[1]:
            for step in exchange.steps:
                words = step.words[1:] if step.kind is Kind.EVENT else []
                played |= {" ".join(words[:length]) for length in (1, 2, 3)}
    assert set(VERBS) <= played
