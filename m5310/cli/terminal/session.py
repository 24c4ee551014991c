"""Commands whose effect on the port is followed, and tasks that end together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from m5310.at.codec import Command
from m5310.at.modem import Modem
from m5310.cli.explain.catalogue import speed_in
from m5310.commands import general
from m5310.errors import AnswerError, CommandError, CommandTimeout, ModemReset
from m5310.module.link import Session as LinkSession
from m5310.module.settings import Settings

T = TypeVar("T")


class Session:
    """A modem whose port follows the speed of the module.

    `set_speed` changes the speed of the port, in baud. It is called after the module accepted a
    command that changes the speed of the line. `numbered`: refusals have a number, from the first
    command until `close`, unless a command sets that itself.
    """

    def __init__(
        self,
        modem: Modem,
        set_speed: Callable[[int], Awaitable[None]],
        *,
        numbered: bool = False,
    ) -> None:
        self.modem = modem
        self._set_speed = set_speed
        self._session = LinkSession()
        self._settings = Settings(modem.execute, self._session) if numbered else None
        self._numbered = not numbered

    async def close(self) -> None:
        """Put the setting of the refusals back. Raises nothing."""
        if self._settings is not None:
            await self._settings.put_back()

    async def execute(self, command: Command[T]) -> T:
        """Like Modem.execute. Also raises PortError if the port cannot change its speed."""
        await self._number_refusals(command)
        answer = await self.modem.execute(command)
        if command.line.upper() == general.restart().line:  # it has its own setting again
            self._session.end(ModemReset("restarted on request"))
            self._numbered = self._settings is None
        if (baud := speed_in(command.line)) is not None:
            await self._set_speed(baud)
        return answer

    async def _number_refusals(self, command: Command[T]) -> None:
        if "+CMEE" in command.line.upper():
            self._settings = None  # the person decides
        if self._numbered or self._settings is None:
            return
        try:
            await self._settings.error_numbers()
        except CommandTimeout as error:
            if error.sent:
                return
            if command.timeout <= error.timeout:  # it has been waited for
                raise CommandTimeout(command.line, command.timeout, sent=False) from None
            return
        except (CommandError, AnswerError):
            pass  # refusals stay as they are
        self._numbered = True


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
