"""The outbox: sends reports in their order, and keeps and repeats them during a recovery."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from enum import Enum
from typing import Final

from m5310.at.tasks import begin
from m5310.device import parameters
from m5310.device.acknowledgements import Acknowledgements
from m5310.device.events import ReportDropped, Reported, UpkeepEvent
from m5310.device.observations import Observations
from m5310.device.report_sender import ReportSender
from m5310.device.reports import Portion, Report, ReportState, grouped
from m5310.dialects.dialect import Dialect
from m5310.errors import (
    AcknowledgementRefused,
    CommandError,
    CommandTimeout,
    M5310Error,
    OutboxFull,
    ParameterError,
    Text,
)
from m5310.lwm2m.resources import Resource
from m5310.lwm2m.values import Value
from m5310.module.queries import Queries

LIMIT: Final = 1000
"""Reports that wait while the device is restored: a megabyte of the longest ones."""

ATTEMPTS: Final = 3
"""How often a report is sent to a module that answers and is registered."""
# guess: a bad line damages one line of a thousand, and a platform that never acknowledges is not
# asked for ever.

BUSY_WAIT: Final = 2.0
"""Seconds after which a report is sent again that the module refused because its uplink is busy."""
# guess: it recovers after 1 to 35 refusals of a host that sends at once (seen)
BUSY_ATTEMPTS: Final = 50
"""How often that is tried."""

WINDOW: Final = 64
"""Acknowledgements that may be outstanding; after that the next report waits."""
# guess: much more than the one exchange at a time that CoAP asks for (RFC 7252 4.7), little enough
# for the memory of a module.

_log = logging.getLogger("m5310.device")


class WhenFull(Enum):
    """What happens to a report that finds the outbox full."""

    DROP_OLDEST = "drop oldest"  # the oldest one fails with OutboxFull
    REFUSE = "refuse"  # the report itself fails with OutboxFull


class Outbox:
    """Reports that are not accepted yet, and those whose acknowledgement is outstanding.

    `verify` asks the platform whether it still knows the device; if it returns False, a recovery
    has begun. `restore` configures the module again and logs in; it returns whether that began.
    Without `recover` nothing is kept or repeated, and `verify`, `restore` and `limit` are not used.
    """

    def __init__(
        self,
        module: Queries,
        dialect: Dialect,
        verify: Callable[[], Awaitable[bool]],
        restore: Callable[[], bool],
        emit: Callable[[UpkeepEvent], None],
        *,
        recover: bool = True,
        limit: int = LIMIT,
        when_full: WhenFull = WhenFull.DROP_OLDEST,
    ) -> None:
        if type(limit) is not int or limit < 1:
            raise ParameterError(f"outbox {limit!r}: expected a number of reports, 1 or more")
        self._sender = ReportSender(module, dialect)
        self._verify = verify
        self._restore = restore
        self._emit = emit
        self._recover = recover
        self._limit = limit
        self._when_full = parameters.member("when_full", when_full, WhenFull)
        self._queue: list[Portion] = []
        self._sending: Portion | None = None  # the first of the queue while it is sent
        self._interrupted = False  # the module forgot what it has of the portion being sent
        self._held = False
        self._stopped = False  # the device is logged out, or about to be
        self._doubtful = False  # verify before the next report
        self._acknowledgements = Acknowledgements(self._on_overdue)
        self.observations: Final = Observations()
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    # --- the program -------------------------------------------------------------------------

    async def send(self, values: Mapping[Resource, Value], *, acknowledge: bool) -> Report:
        """Report these values; returns once the module has accepted them all, or they are kept.

        One report on the wire carries one object instance, so the values are sent in as many
        portions as they need. All are checked first: ParameterError. If the caller is cancelled
        before the first portion is sent, nothing is sent; after that the report is completed.
        """
        report = self._put(values, acknowledge=acknowledge)
        if not self._held:
            try:
                await report.wait_released()
            except asyncio.CancelledError:
                self._withdraw(report)
                raise
        if report.error is not None:
            raise report.error
        return report

    def _put(self, values: Mapping[Resource, Value], *, acknowledge: bool) -> Report:
        groups = grouped(values)
        dropped: list[Report] = []
        if self._held and len(self._queue) + len(groups) > self._limit:
            if self._when_full is WhenFull.REFUSE or len(groups) > self._limit:
                raise OutboxFull(
                    Text(
                        "the report was not taken: {count} of {limit} wait already; "
                        "report less often, or enlarge the outbox",
                        count=len(self._queue),
                        limit=self._limit,
                    )
                )
            dropped = self._make_room(len(groups))
        resources = tuple(line.resource for group in groups for line in group)
        report = Report(resources, len(groups), acknowledge=acknowledge)
        for number, group in enumerate(groups):
            self._queue.append(Portion(report, number, group, acknowledge))
        self._proceed()
        for each in dropped:
            self._emit(ReportDropped(each))
        return report

    def _make_room(self, wanted: int) -> list[Report]:
        """The reports that were dropped; the caller emits the events."""
        dropped: list[Report] = []
        while self._queue and len(self._queue) + wanted > self._limit:
            dropped.append(self._queue[0].report)
            full = OutboxFull(
                Text("the report was dropped: {limit} later ones wait", limit=self._limit)
            )
            self._fail(dropped[-1], full)
        return dropped

    def _withdraw(self, report: Report) -> None:
        mine = [portion for portion in self._queue if portion.report is report]
        if len(mine) == report.portions and not any(portion.attempts for portion in mine):
            self._forget(report)

    def _fail(self, report: Report, error: M5310Error) -> None:
        self._forget(report)
        report.fail(error)

    def _forget(self, report: Report) -> None:
        """Send no portion of it, and expect no acknowledgement."""
        self._queue = [portion for portion in self._queue if portion.report is not report]
        for portion in self._acknowledgements.portions:
            if portion.report is report:
                self._acknowledgements.forget(portion)
        self._wake()

    # --- the state of the device -------------------------------------------------------------

    def hold(self, *, forget: bool = False) -> None:
        """The login has ended: keep reports until `release`, the unacknowledged ones first.

        Callers that wait for the module return: their reports are kept. `forget`: no
        acknowledgement can come any more.
        """
        self._end_session()
        self._held = True
        waiting = self._acknowledgements.stop_timers()
        self._queue[:0] = [each for each in waiting if each not in self._queue]
        if forget:
            self._acknowledgements.forget_all()
        for portion in self._queue:
            portion.attempts = 0
            portion.report.release()
        for report in self._make_room(0):
            self._emit(ReportDropped(report))

    def release(self) -> None:
        """The device is registered: send reports."""
        self._held = self._stopped = False
        self._proceed()

    def stop(self, error: M5310Error) -> None:
        """The device is logged out, or about to be: reports that are not being sent fail, and
        those that the platform has not acknowledged."""
        self._held = False
        self._stopped = True
        for portion in (*self._queue, *self._acknowledgements.waiting):
            if portion is not self._sending:
                self._end(portion.report, error, Text("before the logout"))

    def _end(self, report: Report, error: M5310Error, when: str) -> None:
        """Fail a report: if the module has accepted it, it may have arrived."""
        if report.state is ReportState.ACCEPTED:
            error = report.unacknowledged(when)
        self._fail(report, error)

    async def remove(self, resource: Resource, error: M5310Error) -> None:
        """The resource is removed: each report of it fails with `error`.

        Returns once no line of it is being sent: none may follow its deletion.
        """
        for portion in (*self._queue, *self._acknowledgements.waiting):
            if resource in portion.report.resources:
                self._end(portion.report, error, "before its resource was removed")
        while self._sending is not None and resource in self._sending.report.resources:
            await self._changed.wait()

    def fail(self, error: M5310Error) -> None:
        """Nothing can be sent or acknowledged any more: every report fails."""
        self._end_session()
        self._held = False
        for portion in (*self._queue, *self._acknowledgements.portions):
            portion.report.fail(error)
        self._queue.clear()
        self._acknowledgements.forget_all()

    async def close(self, error: M5310Error) -> None:
        self.fail(error)
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    def acknowledged(self, ackid: int) -> None:
        """The platform has acknowledged a portion."""
        portion = self._acknowledgements.resolve(ackid)
        if portion is None:
            return
        self._wake()
        if portion is not self._sending and portion in self._queue:
            self._queue.remove(portion)  # it was to be sent again
        queued = portion.report.state is ReportState.QUEUED
        portion.report.portion_acknowledged(portion.number)
        self._emit_if_accepted(portion.report, queued)

    def not_acknowledged(self, ackid: int) -> None:
        """The module gave a portion up: it is sent again, as an overdue one."""
        self._acknowledgements.lose(ackid)

    # --- sending -----------------------------------------------------------------------------

    def _proceed(self) -> None:
        self._wake()
        if self._queue and not self._held and (self._task is None or self._task.done()):
            self._task = begin(self._send_all(), "m5310-outbox")

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _send_all(self) -> None:
        while self._queue and not self._held:
            path = self._queue[0].lines[0].resource.path
            if self.observations.lacks(path):
                await self.observations.wait_for(path)
            elif self._doubtful:
                self._doubtful = False
                if not await self._verify():
                    self.hold()
            elif len(self._acknowledgements) >= WINDOW and self._queue[0].acknowledge:
                await self._changed.wait()
            else:
                await self._send_first()

    def _separate(self, portion: Portion) -> None:
        """What the platform observes by several observes is acknowledged for each by itself."""
        first, *others = self._sender.by_observe(portion.lines)
        report, portion.lines = portion.report, first
        self._queue[1:1] = [Portion(report, report.add_portion(), each, True) for each in others]

    async def _send_first(self) -> None:
        portion = self._sending = self._queue[0]
        if portion.acknowledge:
            self._separate(portion)
        self._interrupted = False
        portion.attempts += 1
        ackid = self._acknowledgements.expect(portion) if portion.acknowledge else None
        error: M5310Error | None = None
        accepted = False
        try:
            accepted = await self._sender.send(portion, ackid, lambda: not self._interrupted)
        except M5310Error as failure:
            error = failure
        self._sending = None
        self._wake()
        if portion not in self._queue:
            return  # it was dropped, or failed with all the others
        # after an interruption its acknowledgement may never come: it is sent again
        doubtful = self._interrupted and portion.acknowledge
        if portion.acknowledged or (accepted and not doubtful):
            self._on_accepted(portion)
        elif error is not None and not self._interrupted:
            await self._on_error(portion, error)

    def _on_accepted(self, portion: Portion) -> None:
        self._queue.remove(portion)  # an overdue one may be before it by now
        queued = portion.report.state is ReportState.QUEUED
        portion.report.portion_accepted(portion.number)
        self._emit_if_accepted(portion.report, queued)
        if portion.ackids and self._stopped:
            self._fail(portion.report, portion.report.unacknowledged(Text("before the logout")))
        elif portion.ackids:
            self._acknowledgements.accepted(portion)

    def _emit_if_accepted(self, report: Report, queued: bool) -> None:
        """`queued`: whether it was so far."""
        if queued and report.state is not ReportState.QUEUED:
            self._emit(Reported(report))

    async def _on_busy(self, portion: Portion) -> None:
        """The module's uplink is busy: wait a little, or until the portion has changed."""
        portion.busy += 1
        portion.attempts -= 1
        due = asyncio.get_running_loop().time() + BUSY_WAIT
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(due):
                while not self._held and portion in self._queue:
                    await self._changed.wait()

    async def _on_error(self, portion: Portion, error: M5310Error) -> None:
        if isinstance(error, CommandError) and error.busy and portion.busy < BUSY_ATTEMPTS:
            await self._on_busy(portion)
            return
        # twice: once, a bad line may have damaged the firmware's name
        unsupported = isinstance(error, AcknowledgementRefused) and portion.attempts > 1
        if self._recover and not unsupported and isinstance(error, CommandError | CommandTimeout):
            if not await self._verify():
                self.hold()
                return
            if portion not in self._queue:
                return  # it was dropped meanwhile
            # the values were checked before: the line may have damaged them
            if portion.attempts < ATTEMPTS:
                return
            refused = isinstance(error, CommandError)
            if refused and self._sender.doubts(portion) and self._restore():
                _log.warning("the module keeps refusing %r: configuring it again", portion.report)
                self.hold()
                return
        self._fail(portion.report, error)

    def _on_overdue(self, portion: Portion) -> None:
        """Send it again, after the platform has confirmed the registration."""
        if self._recover and portion.attempts < ATTEMPTS:
            self._doubtful = True
            self._queue.insert(0, portion)
            self._proceed()
        else:
            error = portion.report.unacknowledged(
                Text("in {count} attempts", count=portion.attempts)
            )
            self._fail(portion.report, error)

    def _end_session(self) -> None:
        self._interrupted = True
        self._doubtful = False
        self._sender.forget()
        self.observations.interrupted()
        self._wake()
