"""Reports in the order they were made: sent whole, kept while the device comes back, repeated."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from enum import Enum
from typing import Final

from m5310.device.acknowledgements import Acknowledgements
from m5310.device.events import ReportDropped, UpkeepEvent
from m5310.device.observations import Observation, Observations
from m5310.device.report_sender import ReportSender
from m5310.device.reports import Portion, Report, grouped
from m5310.dialects.dialect import Dialect
from m5310.errors import (
    AcknowledgementRefused,
    CommandError,
    CommandTimeout,
    M5310Error,
    OutboxFull,
    ParameterError,
)
from m5310.lwm2m.resources import Resource
from m5310.lwm2m.values import Value
from m5310.module.queries import Queries

LIMIT: Final = 1000
"""Reports that wait for the device to come back: a megabyte of the longest ones."""

ATTEMPTS: Final = 3
"""How often a report is said to a module that answers and is registered. A guess: a bad line takes
one line of a thousand, and a platform that never acknowledges is not to be asked for ever."""

WINDOW: Final = 64
"""Acknowledgements that may be missing at once; the next report waits. A guess: much more than the
one exchange at a time that CoAP asks for (RFC 7252 4.7), little enough for a module's memory."""

_log = logging.getLogger("m5310.device")

Verify = Callable[[], Awaitable[bool]]


class WhenFull(Enum):
    """What happens to a report that finds the outbox full."""

    DROP_OLDEST = "drop oldest"  # the oldest one fails with OutboxFull
    REFUSE = "refuse"  # it is not taken: OutboxFull


class Outbox:
    """`verify` asks the platform whether it still knows the device; False: that is being mended.

    `redeclare` has the module told everything again, and the device logged in again, if it can.
    `dropped` is called with each report that had to make room. Without `recover` nothing is kept
    and nothing repeated: `verify`, `redeclare` and `limit` mean nothing then.
    """

    def __init__(
        self,
        module: Queries,
        dialect: Dialect,
        verify: Verify,
        redeclare: Callable[[], bool],
        emit: Callable[[UpkeepEvent], None],
        *,
        recover: bool = True,
        limit: int = LIMIT,
        when_full: WhenFull = WhenFull.DROP_OLDEST,
    ) -> None:
        if type(limit) is not int or limit < 1:
            raise ParameterError(f"an outbox of {limit!r}; expected a number of reports, 1 or more")
        self._sender = ReportSender(module, dialect)
        self._verify = verify
        self._redeclare = redeclare
        self._emit = emit
        self._recover = recover
        self._limit = limit
        self._when_full = WhenFull(when_full)
        self._queue: list[Portion] = []
        self._sending: Portion | None = None  # the first of the queue, on the wire now
        self._acknowledgements = Acknowledgements(self._overdue)
        self._observations = Observations()
        self._held = False
        self._interrupted = False  # the module forgot what it has of the portion on the wire
        self._unsure = False  # something went wrong: the platform is asked before the next report
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        """Portions that the module has not taken, or not acknowledged."""
        return len(self._queue) + len(self._acknowledgements)

    # --- what the program reports ------------------------------------------------------------

    async def send(self, values: Mapping[Resource, Value], *, acknowledge: bool) -> Report:
        """Report these values; returns once the module has taken them all, or they are kept.

        One line of the wire carries one object instance, so the values go out in as many portions
        as they need. Everything is checked before the first byte: ParameterError. Cancelled while
        it waits for its turn it sends nothing, cancelled later it is sent all the same.
        """
        report = self._put(values, acknowledge=acknowledge)
        if not self._held:
            try:
                await report.released()
            except asyncio.CancelledError:
                self._withdraw(report)
                raise
        if report.error is not None:
            raise report.error
        return report

    def _put(self, values: Mapping[Resource, Value], *, acknowledge: bool) -> Report:
        groups = grouped(values)
        if self._held and len(self._queue) + len(groups) > self._limit:
            if self._when_full is WhenFull.REFUSE or len(groups) > self._limit:
                raise OutboxFull(f"the report was not taken: waiting already: {len(self._queue)}")
            self._make_room(len(groups))
        resources = tuple(line.resource for group in groups for line in group)
        report = Report(resources, len(groups), acknowledge=acknowledge)
        for number, group in enumerate(groups):
            self._queue.append(Portion(report, number, group, acknowledge))
        self._send_on()
        return report

    def _make_room(self, wanted: int) -> None:
        while self._queue and len(self._queue) + wanted > self._limit:
            report = self._queue[0].report
            self._forget(report)
            report.fail(OutboxFull(f"the report was dropped: waiting after it: {self._limit}"))
            self._emit(ReportDropped(report))

    def _withdraw(self, report: Report) -> None:
        mine = [portion for portion in self._queue if portion.report is report]
        if len(mine) == report.portions and not any(portion.attempts for portion in mine):
            self._forget(report)

    def _forget(self, report: Report) -> None:
        """Of none of its portions anything is sent or awaited any more."""
        self._queue = [portion for portion in self._queue if portion.report is not report]
        for portion in self._acknowledgements.portions:
            if portion.report is report:
                self._acknowledgements.forget(portion)
        self._wake()

    # --- what happens meanwhile --------------------------------------------------------------

    def hold(self) -> None:
        """The login is over: nothing goes out until `release`, and then first what was not
        acknowledged. Whoever waits for the module goes on: its report is kept."""
        self._end_session()
        self._held = True
        waiting = [each for each in self._acknowledgements.forget_all() if each not in self._queue]
        self._queue[:0] = waiting
        for portion in self._queue:
            portion.attempts = 0
            portion.report.release()
        self._make_room(0)

    def release(self) -> None:
        """The device is registered: reports go out."""
        self._held = False
        self._send_on()

    def stop(self, error: M5310Error) -> None:
        """The device is logged out, or about to be: what has not begun fails with `error`."""
        self._held = False
        for portion in tuple(self._queue):
            if portion is not self._sending:
                self._fail(portion, error)

    def fail(self, error: M5310Error) -> None:
        """Nothing can be sent and no word will come: everything fails with `error`, now."""
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
        """The platform's word came."""
        portion = self._acknowledgements.arrived(ackid)
        if portion is None:
            return
        self._wake()
        if portion is not self._sending and portion in self._queue:
            self._queue.remove(portion)  # it came late: what it is for need not be said again
        portion.report.portion_acknowledged(portion.number)

    def observed(self, what: Observation, *, added: bool) -> None:
        """The platform observes it, or no more."""
        self._observations.observed(what, added=added)

    # --- sending -----------------------------------------------------------------------------

    def _send_on(self) -> None:
        self._wake()
        if self._queue and not self._held and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._send_all(), name="m5310-outbox")

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _send_all(self) -> None:
        while self._queue and not self._held:
            if self._observations.missing:
                await self._observations.complete()
            elif self._unsure:
                self._unsure = False
                if not await self._verify():
                    self.hold()
            elif len(self._acknowledgements) >= WINDOW and self._queue[0].acknowledge:
                await self._changed.wait()
            else:
                await self._send_first()

    async def _send_first(self) -> None:
        portion = self._sending = self._queue[0]
        self._interrupted = False
        portion.attempts += 1
        ackid: int | None = None
        if portion.acknowledge:
            ackid = self._acknowledgements.asked(portion)
        error: M5310Error | None = None
        taken = False
        try:
            taken = await self._sender.send(portion, ackid, lambda: not self._interrupted)
        except M5310Error as failure:
            error = failure
        self._sending = None
        if not self._queue or self._queue[0] is not portion:
            return  # it was dropped, or failed with all the others
        # its acknowledgement is not expected any more
        forgotten = portion.acknowledge and self._interrupted
        if portion.acknowledged or (taken and not forgotten):
            self._taken(portion)
        elif error is not None and not self._interrupted:
            await self._went_wrong(portion, error)

    def _taken(self, portion: Portion) -> None:
        del self._queue[0]
        portion.report.portion_accepted(portion.number)
        if portion.ackids:
            self._acknowledgements.accepted(portion)

    async def _went_wrong(self, portion: Portion, error: M5310Error) -> None:
        # said twice: a bad line may make another firmware's name of it once
        hopeless = isinstance(error, AcknowledgementRefused) and portion.attempts > 1
        if self._recover and not hopeless and isinstance(error, CommandError | CommandTimeout):
            if not await self._verify():
                self.hold()
                return
            if not self._queue or self._queue[0] is not portion:
                return  # it was kept or dropped meanwhile
            # What is refused was checked before it was taken: the line made something else of it.
            if portion.attempts < ATTEMPTS:
                return
            refused = isinstance(error, CommandError)
            if refused and self._sender.doubts(portion) and self._redeclare():
                _log.warning("the module refuses %r: it is told everything anew", portion.report)
                self.hold()
                return
        self._fail(portion, error)

    def _fail(self, portion: Portion, error: M5310Error) -> None:
        self._forget(portion.report)
        portion.report.fail(error)

    def _overdue(self, portion: Portion) -> None:
        """No word came: it is said again, if the platform still knows the device."""
        if self._recover and portion.attempts < ATTEMPTS:
            self._unsure = True
            self._queue.insert(0, portion)
            self._send_on()
        else:
            self._fail(portion, portion.report.unacknowledged(f"in {portion.attempts} attempts"))
            self._wake()

    def _end_session(self) -> None:
        self._interrupted = True
        self._unsure = False
        self._sender.forget()
        self._observations.interrupted()
        self._wake()
