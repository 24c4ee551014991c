"""One talk with a module: its commands, the lines that come unasked, and the end of its port."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from typing import Any, Final, NoReturn, TypeVar

from m5310.at.codec import Command
from m5310.at.modem import Modem
from m5310.cli.explain.catalogue import speed_in
from m5310.errors import PortError

T = TypeVar("T")

BACKLOG: Final = 10_000
"""Unsolicited lines kept for a terminal that is slower than the module; the oldest go first."""


class Session:
    """A modem, and the lines that nobody asked for as a stream.

    `retune` brings the port to another speed; it is called once the module took a command that
    changes the line's, as both must go there together.
    """

    def __init__(
        self, modem: Modem, retune: Callable[[int], Awaitable[None]] | None = None
    ) -> None:
        self._modem = modem
        self._retune = retune
        self._lines: asyncio.Queue[str] = asyncio.Queue()
        self._lost: asyncio.Future[PortError] = asyncio.get_running_loop().create_future()
        modem.listen(self._heard, self._lost.set_result)

    async def execute(self, command: Command[T]) -> T:
        """As the modem does. Raises PortError also if the port cannot follow to a new speed."""
        answer = await self._modem.execute(command)
        if self._retune is not None and (baud := speed_in(command.line)) is not None:
            await self._retune(baud)
        return answer

    async def lines(self) -> AsyncGenerator[str, None]:
        """Every unsolicited line, in order; raises PortError when the port is lost."""
        while True:
            getting = asyncio.ensure_future(self._lines.get())
            try:
                either: set[asyncio.Future[Any]] = {getting, self._lost}
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
                if not getting.done():
                    raise self._lost.result()
                yield getting.result()
            finally:
                getting.cancel()

    async def until_lost(self) -> NoReturn:
        """Raises PortError when the port is lost."""
        raise await asyncio.shield(self._lost)

    def waiting(self) -> list[str]:
        """The unsolicited lines that are there already."""
        found = []
        with contextlib.suppress(asyncio.QueueEmpty):
            while True:
                found.append(self._lines.get_nowait())
        return found

    def _heard(self, line: str) -> None:
        if self._lines.qsize() >= BACKLOG:
            self._lines.get_nowait()
        self._lines.put_nowait(line)


async def first_to_end(*works: Coroutine[Any, Any, None]) -> None:
    """Do all of this at once until one of it ends, then end the rest; raises what that one did."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    for task, outcome in zip(tasks, outcomes, strict=True):
        if task in done and isinstance(outcome, BaseException):
            raise outcome
