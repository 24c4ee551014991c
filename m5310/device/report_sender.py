"""One portion of a report on the wire: all its lines, or none that joins another report."""

from __future__ import annotations

import logging
from collections.abc import Callable

from m5310.device.reports import Line, Portion
from m5310.dialects.dialect import Dialect
from m5310.errors import AcknowledgementRefused, CommandError, CommandTimeout, M5310Error
from m5310.lwm2m.resources import Resource
from m5310.module.queries import Queries

_log = logging.getLogger("m5310.device")


class ReportSender:
    def __init__(self, module: Queries, dialect: Dialect) -> None:
        self._module = module
        self._dialect = dialect
        self._taken: set[Resource] = set()  # reports of these are not refused, or not always
        self._doubted: set[Resource] = set()

    def doubts(self, portion: Portion) -> bool:
        """Whether the module may have been told something else than was said of a resource.

        Asked of a portion that is refused again and again: the line of its declaration may have
        been damaged and taken all the same. True only once for each resource, until a report of
        it is taken: a module that was told anew and still refuses it has other reasons.
        """
        suspects = {line.resource for line in portion.lines} - self._taken - self._doubted
        self._doubted |= suspects
        return bool(suspects)

    def forget(self) -> None:
        """The module is told everything again."""
        self._taken.clear()

    async def send(self, portion: Portion, ackid: int | None, current: Callable[[], bool]) -> bool:
        """Whether the module took it; not if it began anew meanwhile, and forgot what it had.

        `current` says whether it has not. What it took becomes the resources' value.
        """
        held: Line | None = None  # the module has it and waits for the report's end
        commands = self._dialect.report([line.wire for line in portion.lines], ackid)
        for line, command in zip(portion.lines, commands, strict=True):
            if not current():
                # it would take the line for a declaration
                return False
            last = line is portion.lines[-1]
            try:
                await self._module.execute(command)
            except (CommandError, CommandTimeout) as error:
                if isinstance(error, CommandTimeout) and error.sent and not last:
                    held = line  # perhaps: only its result may have got lost
                if held is not None and current():
                    await self._complete(held)
                if last and ackid is not None and isinstance(error, CommandError):
                    await self._check_firmware(error)
                raise
            held = line
            line.resource.store(line.value)  # was checked when the report was made
            self._taken.add(line.resource)
            self._doubted.discard(line.resource)
        return True

    async def _check_firmware(self, error: CommandError) -> None:
        """Raise AcknowledgementRefused if `error` came of that: saying it again does not help."""
        try:
            version = await self._module.firmware()
        except M5310Error as failure:
            _log.info("whether it acknowledges is not known: %s", failure)
            return
        if not self._dialect.acknowledges(version):
            why = f"firmware {version} acknowledges no reports; use acknowledge=False"
            raise AcknowledgementRefused(error.command, error.result, error.number, why) from error

    async def _complete(self, line: Line) -> None:
        """Close a report that stopped half way, or its first half would join the next one.

        Only a report's last line closes it, so the last one that was taken is said again.
        """
        try:
            for command in self._dialect.report([line.wire], ackid=None):
                await self._module.execute(command)
        except M5310Error as error:
            _log.warning("the module may hold half a report: %s", error)
