"""The lines of a conversation in words, for other programs (entry point `emulator.explain`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from m5310.cli.explain.lines import Explainer
from m5310.cli.translation import catalogue, translated

_CATALOGUES: Final = {"zh": "zh_CN"}
"""The catalogue of each language that has one; all others are English."""


def conversation(language: str) -> Callable[[str, str], str | None]:
    """Describes the lines of one conversation in their order, in `language`: `en` or `zh`.

    The result is called with the side that sent the line, `host` or `module`, and the line. It
    returns words, None for an unknown line. It never raises, and knows nothing of the language of
    the process.
    """
    explainer = Explainer()
    name = _CATALOGUES.get(language)
    translate = str if name is None else catalogue(name)

    def describe(side: str, line: str) -> str | None:
        words = explainer.host(line) if side == "host" else explainer.module(line)
        return None if words is None else str.__str__(translated(words, translate))

    return describe
