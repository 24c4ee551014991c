"""One conversation with a module: commands, unsolicited lines, loss of the port."""

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
"""Unsolicited lines kept for a slow terminal; when full, the oldest is dropped."""


class Session:
    """A modem with its unsolicited lines as a stream.

    `set_speed` changes the speed of the port, in baud. It is called after the module accepted a
    command that changes the speed of the line.
    """

    def __init__(
        self, modem: Modem, set_speed: Callable[[int], Awaitable[None]] | None = None
    ) -> None:
        self._modem = modem
        self._set_speed = set_speed
        self._lines: asyncio.Queue[str] = asyncio.Queue()
        self._lost: asyncio.Future[PortError] = asyncio.get_running_loop().create_future()
        modem.listen(self._on_line, self._lost.set_result)

    async def execute(self, command: Command[T]) -> T:
        """Like Modem.execute. Also raises PortError if the port cannot change its speed."""
        answer = await self._modem.execute(command)
        if self._set_speed is not None and (baud := speed_in(command.line)) is not None:
            await self._set_speed(baud)
        return answer

    async def unsolicited(self) -> AsyncGenerator[str, None]:
        """Yield the unsolicited lines in order. Raises PortError when the port is lost."""
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

    async def wait_until_lost(self) -> NoReturn:
        """Raises PortError when the port is lost."""
        raise await asyncio.shield(self._lost)

    def take_received(self) -> list[str]:
        """The unsolicited lines received so far and not yet taken."""
        found = []
        with contextlib.suppress(asyncio.QueueEmpty):
            while True:
                found.append(self._lines.get_nowait())
        return found

    def _on_line(self, line: str) -> None:
        if self._lines.qsize() >= BACKLOG:
            self._lines.get_nowait()
        self._lines.put_nowait(line)


async def run_until_first_ends(*works: Coroutine[Any, Any, None]) -> None:
    """Run all concurrently; when one ends, cancel the others. Raises what that one raised."""
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
