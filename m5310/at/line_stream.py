"""Unsolicited lines as an async iterator, selected by name or pattern."""

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
"""Lines kept for a slow reader: half a minute of a busy 9600 baud line, at 30 characters a line."""

Wanted = str | re.Pattern[str]
"""Selects lines: `"+CEREG"` those that begin with `+CEREG:`, a compiled pattern those that it
matches as a whole."""


def shape(wanted: Wanted) -> re.Pattern[str]:
    """The pattern of the wanted lines. Raises ParameterError on an empty name."""
    if isinstance(wanted, re.Pattern):
        return wanted
    name = wanted.removesuffix(":")
    if not name:
        raise ParameterError(
            f"{wanted!r} is not the name of a line; expected a name like '+CEREG', or a pattern"
        )
    return re.compile(re.escape(name) + ":.*", re.DOTALL)  # a text may hold line ends


class Following:
    """The wanted unsolicited lines, from the moment it is entered:

        async with module.follow("+CEREG", "+CSCON") as lines:
            async for line in lines: ...

    At most `limit` lines wait for the reader; then the oldest is dropped and counted in `dropped`.
    When the port is lost or the modem is closed, the waiting lines are still returned, then the
    iteration raises that PortError. After `close` of the module or of this stream it ends.
    """

    def __init__(self, modem: Modem, wanted: tuple[Wanted, ...], limit: int = LIMIT) -> None:
        """No `wanted`: all lines. Raises ParameterError on an empty name and a `limit` below 1."""
        if limit < 1:
            raise ParameterError(f"limit must be 1 line or more, got {limit}")
        self.dropped: int = 0
        self._modem = modem
        self._shapes = tuple(map(shape, wanted))
        self._waiting: deque[str] = deque(maxlen=limit)
        self._changed = asyncio.Event()
        self._lost: PortError | None = None
        self._closed = False
        self._stop: Callable[[], None] | None = None

    async def __aenter__(self) -> Self:
        if self._stop is not None or self._closed:
            raise StateError("this stream was entered before; use a new one: call follow() again")
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
        """Receive no more lines. No effect the second time."""
        self._closed = True
        if self._stop is not None:
            self._stop()
        self._changed.set()

    def __aiter__(self) -> Self:
        if self._stop is None:
            raise StateError(
                "the stream is not entered; use `async with module.follow(...) as lines`"
            )
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
