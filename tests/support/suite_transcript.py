"""The transcripts of `tests/wire/suite`: for which modules each is true, and for which it is not.

The format is described in `tests/wire/README.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.support.transcript import WIRE, Exchange, Step, load

SUITE = WIRE / "suite"
TOLD_APART = (
    *("m5310", "m5310a", "m5310a-2018", "m5311", "bc95", "bc28", "bc35g"),
    *("nb86", "nb73", "me3616", "sim7000c", "sim7020", "mn316", "generic"),
)
UNKNOWN = ("n700-cn", "ml5530", "im2209")
"""Nothing about them is public: what is true for `generic` is true for them."""
MODULES = (*TOLD_APART[:-1], *UNKNOWN, TOLD_APART[-1])
"""All modules by the name of their profile."""
CLASSIC = "m5310"
"""The one that speaks the other language."""


@dataclass(frozen=True)
class Transcript:
    """`plays` are the modules it is true for, `fails` those it is not true for.

    For the others its source says nothing. With `echo` the module is as after its start; without,
    the echo was switched off. With `driver_only` no single module writes all its lines.
    """

    name: str
    plays: frozenset[str]
    fails: frozenset[str]
    echo: bool
    driver_only: bool
    opening: tuple[Step, ...]
    exchanges: tuple[Exchange, ...]

    def __str__(self) -> str:
        return self.name


def transcript(file: Path) -> Transcript:
    opening, exchanges = load(file)
    words: dict[str, list[str]] = {step.words[0]: step.words[1:] for step in opening}
    known = {"module", "plays", "fails", "echo", "driver", "cloud"}
    assert set(words) <= known, f"{file.name}: expected one of {sorted(known)} at the beginning"
    plays, fails = (frozenset(words.get(name, ())) for name in ("plays", "fails"))
    if "generic" in plays:
        plays |= frozenset(UNKNOWN)
    assert plays | fails <= set(MODULES), f"{file.name}: {(plays | fails) - set(MODULES)}?"
    assert not plays & fails, f"{file.name}: both true and not true for {plays & fails}"
    return Transcript(
        file.stem, plays, fails, "echo" in words, "driver" in words, opening, exchanges
    )


TRANSCRIPTS = tuple(transcript(file) for file in sorted(SUITE.glob("*.txt")))


def checked_id(words: list[str], values: dict[str, str]) -> None:
    """`@ id NAME count=N [after=OTHER]`: the parts of a message id.

    The count of observes is in its upper bits, a CoAP message id in the lower 16: one more than
    that of OTHER.
    """
    name, *rest = words
    given = dict(word.split("=", 1) for word in rest)
    count, mid = divmod(int(values[name]), 0x10000)
    assert count == int(given["count"]), f"{name} is {values[name]}: count {count}"
    if "after" in given:
        before = int(values[given["after"]]) % 0x10000
        # one behind 65535 is 0, and a module may leave out ids that hosts cannot read
        assert mid == before + 1 or mid < before, f"{name} is {mid} after {before}"
