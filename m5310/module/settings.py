"""Settings that are changed while a program uses the module, and put back at the end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Final, TypeVar

from m5310.at.codec import Command, Execute
from m5310.commands import general, network
from m5310.errors import AnswerError, CommandError, CommandTimeout, M5310Error
from m5310.module.link import Session

PUTTING_BACK: Final = 2.0
"""Seconds for a module that may answer no longer, when a program ends."""
# guess: a person who ends a program does not wait longer; a module that answers needs some 0.1 s.

T = TypeVar("T")

_log = logging.getLogger("m5310.module")


class Settings:
    """Each method changes one setting, and notes the value that it had; `put_back` sets that.

    A module that has restarted has its own settings again: nothing is put back then. What the
    program itself sets by a command of `Queries` is not noted. Methods raise what `execute` raises.
    """

    __slots__ = ("_execute", "_noted", "_session")

    def __init__(self, execute: Execute, session: Session) -> None:
        self._execute = execute
        self._session = session
        self._noted: dict[str, tuple[int, Command[None] | None]] = {}  # by query, with the session

    async def error_numbers(self) -> None:
        """A refusal has a number from now on."""
        await self._change(general.error_numbers_query(), general.error_numbers, True)

    async def report_registration(self, level: int) -> None:
        """Report changes of the registration, at this level."""
        await self._change(network.registration_reports(), network.report_registration, level)

    async def report_connection(self, on: bool) -> None:
        """Report the radio connection, or do not."""
        await self._change(network.connection_reports(), network.report_connection, on)

    async def put_back(self) -> None:
        """Set the values of before. Raises nothing: what the module refuses is logged."""
        noted, self._noted = self._noted, {}
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PUTTING_BACK):
                await self._set_again(noted)

    async def _set_again(self, noted: dict[str, tuple[int, Command[None] | None]]) -> None:
        for session, command in noted.values():
            if command is None or session != self._session.number:
                continue
            try:
                await self._execute(command)
            except CommandError as error:
                _log.info("not put back: %s", error)
            except M5310Error as error:  # it does not answer: no further attempt
                _log.info("the settings are not put back: %s", error)
                return

    async def _change(
        self, query: Command[T], setting: Callable[[T], Command[None]], value: T
    ) -> None:
        wanted = setting(value)  # refuses an invalid value
        session = self._session.number
        if self._noted.get(query.line, (None, None))[0] != session:
            before = await self._present(query)
            if before == value:
                return
            self._noted[query.line] = session, None if before is None else setting(before)
        await self._execute(wanted)

    async def _present(self, query: Command[T]) -> T | None:
        """The present value, None if the module does not report it."""
        try:
            return await self._execute(query)
        except (CommandError, AnswerError) as error:
            _log.info("the present value is unknown: %s", error)
        except CommandTimeout as error:
            if not error.sent:
                raise
            _log.info("the present value is unknown: %s", error)
        return None
