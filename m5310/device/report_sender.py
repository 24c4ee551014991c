"""Sends one portion of a report: all its lines, and no line that joins another report."""

from __future__ import annotations

import logging
from collections.abc import Callable

from m5310.device.reports import Line, Portion
from m5310.dialects.dialect import Dialect
from m5310.errors import AcknowledgementRefused, CommandError, CommandTimeout, M5310Error, Text
from m5310.lwm2m.resources import Resource
from m5310.module.queries import Queries

_log = logging.getLogger("m5310.device")


class ReportSender:
    def __init__(self, module: Queries, dialect: Dialect) -> None:
        self._module = module
        self._dialect = dialect
        self._accepted: set[Resource] = set()  # the module accepted a report of these
        self._doubted: set[Resource] = set()

    def doubts(self, portion: Portion) -> bool:
        """Whether the declaration of a resource may have been damaged on the line.

        For a portion that the module refuses again and again. True only once for each resource,
        until a report of it is accepted: if the module still refuses it after a second
        declaration, the reason is another one.
        """
        suspects = {line.resource for line in portion.lines} - self._accepted - self._doubted
        self._doubted |= suspects
        return bool(suspects)

    def forget(self) -> None:
        """The module lost its configuration, and is configured again."""
        self._accepted.clear()

    def by_observe(self, lines: tuple[Line, ...]) -> list[tuple[Line, ...]]:
        """The lines of each observe that the platform has made of them."""
        groups: dict[int, list[Line]] = {}
        for line in lines:
            groups.setdefault(self._dialect.observe_of(line.wire.path), []).append(line)
        return [tuple(group) for group in groups.values()]

    async def send(self, portion: Portion, ackid: int | None, current: Callable[[], bool]) -> bool:
        """Send a portion; False if it was interrupted before its last line.

        `current` returns whether the module still holds the lines sent so far. Accepted values
        become the resources' values. Raises CommandError, CommandTimeout, ModemReset, PortError.
        """
        held: Line | None = None  # the module has it and waits for the end of the report
        commands = self._dialect.report([line.wire for line in portion.lines], ackid)
        for line, command in zip(portion.lines, commands, strict=True):
            if not current():
                return False  # after a restart the module would take the line for a declaration
            last = line is portion.lines[-1]
            try:
                await self._module.execute(command)
            except (CommandError, CommandTimeout) as error:
                if isinstance(error, CommandTimeout) and error.sent and not last:
                    held = line  # possibly: its result may have been lost
                if held is not None and current():
                    await self._close(held)
                if last and ackid is not None and isinstance(error, CommandError):
                    await self._check_firmware(error)
                raise
            held = line
            line.resource.store(line.value)  # was checked when the report was made
            self._accepted.add(line.resource)
            self._doubted.discard(line.resource)
        return True

    async def _check_firmware(self, error: CommandError) -> None:
        """Raise AcknowledgementRefused if the firmware is the reason for `error`."""
        try:
            version = await self._module.firmware()
        except M5310Error as failure:
            _log.info("cannot tell whether the firmware acknowledges reports: %s", failure)
            return
        if not self._dialect.acknowledges(version):
            why = Text(
                "firmware {version} acknowledges no reports; use acknowledge=False",
                version=version,
            )
            raise AcknowledgementRefused(error.command, error.result, error.number, why) from None

    async def _close(self, line: Line) -> None:
        """Close a report that stopped half way, or its lines would join the next report.

        Only the last line of a report closes it, so the last accepted one is sent again as such.
        """
        try:
            for command in self._dialect.report([line.wire], ackid=None):
                await self._module.execute(command)
        except M5310Error as error:
            _log.warning("the module may hold half a report: %s", error)
