"""Who explains lines of the AT conversation in words: other packages, where they are installed.

A package registers a function under the entry point group `emulator.explain`. Called with a
language, `en` or `zh`, it returns a function for one conversation, which is called with each line
in its order, `explain(side, text)`, side `host` or `module`, and returns words or None.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from importlib.metadata import entry_points
from typing import Any

logger = logging.getLogger("emulator.explain")

GROUP = "emulator.explain"
Explain = Callable[[str, str], str | None]
# Characters of what is taken of an explanation.
_MAX_WORDS = 2000


class Explainers:
    """Asks all that are installed. One that fails is logged once, and is not asked again."""

    def __init__(self) -> None:
        self._makers: dict[str, Callable[[str], Explain]] | None = None
        self._loading = asyncio.Lock()

    async def conversation(self, language: str) -> Explain:
        """A function that explains the lines of a new conversation, in their order."""
        async with self._loading:
            if self._makers is None:  # its imports would hold the event loop
                self._makers = await asyncio.to_thread(self._load)
        asked = {}
        for name, make in list(self._makers.items()):
            asked[name] = self._call(name, make, language)

        def explain(side: str, text: str) -> str | None:
            found = None
            for name, one in asked.items():
                words = self._call(name, one, side, text) if callable(one) else None
                if found is None and isinstance(words, str):
                    found = words[:_MAX_WORDS]
            return found

        return explain

    def _load(self) -> dict[str, Callable[[str], Explain]]:
        made = {}
        for entry in _sorted(entry_points(group=GROUP)):
            try:
                made[entry.name] = entry.load()
            except Exception:
                logger.exception("%s does not explain lines", entry.name)
        return made

    def _call(self, name: str, function: Callable[..., Any], *given: str) -> Any:
        """What it returns; None from one that fails, or has failed before."""
        assert self._makers is not None, "they are loaded"
        if name not in self._makers:
            return None
        try:
            return function(*given)
        except Exception:
            logger.exception("%s no longer explains lines", name)
            del self._makers[name]
            return None


def _sorted(found: Iterable[Any]) -> list[Any]:
    return sorted(found, key=lambda entry: str(entry.name))
