"""Unsolicited lines as a stream, and how a program says which lines it means."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from m5310.at.modem import Modem
from m5310.errors import ParameterError, PortError, StateError

LIMIT: Final = 1000
"""Lines a stream keeps for a reader who is behind: half a minute of a 9600 baud line that never
pauses, some 30 characters a line."""

Wanted = str | re.Pattern[str]
"""Which lines are meant: `"+CEREG"` those that begin with `+CEREG:`, a compiled pattern those that
it matches as a whole."""


def shape(wanted: Wanted) -> re.Pattern[str]:
    """The pattern that matches as a whole the lines that are meant."""
    if isinstance(wanted, re.Pattern):
        return wanted
    name = wanted.removesuffix(":")
    if not name:
        raise ParameterError(
            f"{wanted!r} is not the name of a line; expected one like '+CEREG', or a pattern"
        )
    return re.compile(re.escape(name) + ":.*")


class Following:
    """The unsolicited lines that are meant, from the moment it is entered:

        async with module.follow("+CEREG", "+CSCON") as lines:
            async for line in lines: ...

    At most `limit` lines wait for the reader; then the oldest is dropped and counted in `dropped`.
    When the port is lost, or the modem is closed by its owner, what waits is still given, and then
    the iteration raises that PortError. It simply ends after `close`, of the module or of this.
    """

    def __init__(self, modem: Modem, wanted: tuple[Wanted, ...], limit: int = LIMIT) -> None:
        """No `wanted`: all lines. Raises ParameterError on one that is no name."""
        if limit < 1:
            raise ParameterError(f"a limit of {limit} lines; expected 1 or more")
        self.dropped = 0
        self._modem = modem
        self._shapes = tuple(map(shape, wanted))
        self._waiting: deque[str] = deque(maxlen=limit)
        self._changed = asyncio.Event()
        self._lost: PortError | None = None
        self._closed = False
        self._stop: Callable[[], None] | None = None

    async def __aenter__(self) -> Self:
        if self._stop is not None or self._closed:
            raise StateError("this stream was entered before; call follow() again")
        self._stop = self._modem.listen(self._on_line, self._on_lost)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hear no more lines. Harmless the second time."""
        self._closed = True
        if self._stop is not None:
            self._stop()
        self._changed.set()

    def __aiter__(self) -> Self:
        if self._stop is None:
            raise StateError("lines are heard inside `async with module.follow(...) as lines`")
        return self

    async def __anext__(self) -> str:
        while not self._waiting:
            if self._lost is not None:
                raise self._lost
            if self._closed:
                raise StopAsyncIteration
            self._changed.clear()
            await self._changed.wait()
        return self._waiting.popleft()

    def _on_line(self, line: str) -> None:
        if self._shapes and not any(one.fullmatch(line) for one in self._shapes):
            return
        if len(self._waiting) == self._waiting.maxlen:
            self.dropped += 1
        self._waiting.append(line)
        self._changed.set()

    def _on_lost(self, error: PortError) -> None:
        self._lost = error
        self._changed.set()
