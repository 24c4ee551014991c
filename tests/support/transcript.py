"""The transcripts of `tests/wire`: their grammar, and the names that are bound while one is played.

The format is described in `tests/wire/README.md`.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import pairwise
from pathlib import Path

WIRE = Path(__file__).resolve().parents[1] / "wire"
GRADES = {"documented", "seen", "inferred"}

_PLACEHOLDER = re.compile(r"\{(\w+)(?:=([^}]*))?\}")


class Kind(Enum):
    HOST = "> "  # a line to the module
    ANSWER = "< "  # a line to the host, of the command before it
    UNSOLICITED = "<! "  # a line to the host, of itself
    BYTES = "<~ "  # bytes to the host, unframed
    EVENT = "@ "  # what happens beyond the wire


@dataclass(frozen=True)
class Step:
    kind: Kind
    text: str
    where: str  # file:line, for messages
    touches: bool = False  # an information line right behind another of the same answer

    @property
    def words(self) -> list[str]:
        return shlex.split(self.text)


@dataclass(frozen=True)
class Exchange:
    title: str
    steps: tuple[Step, ...]


@dataclass
class Bindings:
    """What the placeholders stand for, in the order they were first seen."""

    values: dict[str, str] = field(default_factory=dict)

    def samples(self, text: str) -> str:
        """`text` as the driver is played it: unbound names take their sample."""

        def value(match: re.Match[str]) -> str:
            name, sample = match.groups()
            if name not in self.values:
                assert sample is not None, f"{{{name}}} has neither a value nor a sample: {text}"
                self.values[name] = sample
            return self.values[name]

        return _PLACEHOLDER.sub(value, text)

    def pattern(self, text: str) -> re.Pattern[bytes]:
        """A pattern for `text` as the module may write it: unbound names match their kind."""
        parts, end = [], 0
        for match in _PLACEHOLDER.finditer(text):
            parts.append(re.escape(text[end : match.start()]))
            name, sample = match.groups()
            if name in self.values:
                parts.append(re.escape(self.values[name]))
            else:
                assert sample is not None, f"{{{name}}} has neither a value nor a sample: {text}"
                parts.append(f"(?P<{name}>{_like(sample)})")
            end = match.end()
        parts.append(re.escape(text[end:]))
        return re.compile("".join(parts).encode())

    def bind(self, match: re.Match[bytes]) -> None:
        self.values |= {name: value.decode() for name, value in match.groupdict().items()}


def _like(sample: str) -> str:
    """What may stand where `sample` stands: a number for a number, else text without quotes."""
    return r"-?\d+" if re.fullmatch(r"-?\d+", sample) else r'[^\r\n"]+'


def literal(text: str) -> bytes:
    r"""The bytes a `<~` line stands for: `\r`, `\n` and `\xHH` are escapes."""
    return text.encode("latin-1").decode("unicode_escape").encode("latin-1")


def framed(text: str, *, touches: bool = False) -> bytes:
    """A line from the module as its bytes: CR LF, text, CR LF (V.250 6.2.5, seen).

    One that touches the line before it shares the line end with it.
    """
    return (b"" if touches else b"\r\n") + text.encode() + b"\r\n"


def sent(text: str) -> bytes:
    r"""A line to the module as its bytes; a text that ends in `\n` stands for CR LF."""
    return (text[:-2] + "\r\n" if text.endswith("\\n") else text + "\r").encode()


def load(path: Path) -> tuple[tuple[Step, ...], tuple[Exchange, ...]]:
    """The opening `@` lines of a file, and its exchanges."""
    blocks: list[list[tuple[int, str]]] = [[]]
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line:
            blocks[-1].append((number, line))
        elif blocks[-1]:
            blocks.append([])
    opening: tuple[Step, ...] = ()
    exchanges = []
    for block in filter(None, blocks):
        comment = " ".join(line[1:].strip() for _, line in block if line.startswith("#"))
        steps = _touching(
            [_step(line, f"{path.name}:{number}") for number, line in block if line[0] != "#"]
        )
        if comment:
            exchanges.append(Exchange(comment, steps))
        else:
            assert not exchanges, (
                f"{path.name}:{block[0][0]}: expected a comment that says what the exchange shows"
            )
            opening += steps
    return opening, tuple(exchanges)


_FINAL = re.compile(r"OK|ERROR|\+C(ME|IS) ERROR:.*")


def _touching(steps: list[Step]) -> tuple[Step, ...]:
    """`steps`, in which the second and each further information line of an answer is marked."""
    marked = [
        replace(step, touches=before.kind is step.kind is Kind.ANSWER)
        if not _FINAL.fullmatch(step.text)
        else step
        for before, step in pairwise(steps)
    ]
    return tuple(steps[:1] + marked)


def _step(line: str, where: str) -> Step:
    for kind in Kind:
        if line.startswith(kind.value):
            return Step(kind, line[len(kind.value) :], where)
    raise AssertionError(f"{where}: not a line of a transcript: {line!r}")
