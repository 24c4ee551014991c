"""Every transcript of `tests/wire`, played against the emulated module, byte for byte."""

from __future__ import annotations

from pathlib import Path as File

import pytest

from tests.support.emulator_player import Player
from tests.support.hostile import GENTLE, Hostile
from tests.support.transcript import WIRE, load

FILES = sorted(WIRE.glob("*.txt"))
# The other lines differ only in what they do to the bytes for the host.
LINES = [
    line for line in GENTLE if not (line.echo or line.doubled_cr or line.garbage or line.noise)
]


@pytest.mark.parametrize("line", LINES, ids=str)
@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_module_writes_the_transcript(file: File, line: Hostile) -> None:
    opening, exchanges = load(file)
    player = Player(opening, line)
    for exchange in exchanges:
        for step in exchange.steps:
            player.play(step)
        player.nothing_left(f"{file.name}, after {exchange.title!r}")
