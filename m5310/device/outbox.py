"""Reports in the order they were made: sent whole, kept while the device comes back, repeated."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from m5310.at import Answer, Command
from m5310.classic import commands as classic
from m5310.device.reports import ACKNOWLEDGED, Line, Report, grouped
from m5310.errors import CommandError, CommandTimeout, M5310Error, OutboxFull, ParameterError
from m5310.lwm2m import Resource
from m5310.values import Value

LIMIT: Final = 1000
"""Reports that wait for the device to come back: a megabyte of the longest ones."""

ATTEMPTS: Final = 3
"""How often a report is said to a module that answers and is registered. A guess: a bad line takes
one line of a thousand, and a platform that never acknowledges is not to be asked for ever."""

WINDOW: Final = 64
"""Acknowledgements that may be missing at once; the next report waits. A guess: much more than the
one exchange at a time that CoAP asks for (RFC 7252 4.7), little enough for a module's memory."""

OVERDUE: Final = ACKNOWLEDGED + 10.0
"""Seconds after which no acknowledgement comes: the module's time, and some for the line."""

OBSERVED_AGAIN: Final = 10.0
"""Seconds the platform gets, after a new login, to observe what it observed before. Until then a
module may drop what is reported; a guess, some seconds were seen."""

Execute = Callable[[Command], Awaitable[Answer]]
Observation = tuple[int, int, int]
Verify = Callable[[], Awaitable[bool]]

_log = logging.getLogger("m5310.device")


class WhenFull(Enum):
    """What happens to a report that finds the outbox full."""

    DROP_OLDEST = "drop oldest"  # the oldest one fails with OutboxFull
    REFUSE = "refuse"  # it is not taken: OutboxFull


@dataclass(eq=False, slots=True)
class _Portion:
    """What a report says of one object instance: sent whole, acknowledged by itself."""

    report: Report
    number: int
    lines: tuple[Line, ...]
    acknowledge: bool
    attempts: int = 0
    ackids: list[int] = field(default_factory=list)  # of all attempts since the module's start
    due: float = 0.0
    acknowledged: bool = False


class Outbox:
    """`verify` asks the platform whether it still knows the device; False: that is being mended.

    `dropped` is called with each report that had to make room. Without `recover` nothing is kept
    and nothing repeated: `verify` and `limit` mean nothing then.
    """

    def __init__(
        self,
        execute: Execute,
        verify: Verify,
        dropped: Callable[[Report], None],
        *,
        recover: bool = True,
        limit: int = LIMIT,
        when_full: WhenFull = WhenFull.DROP_OLDEST,
    ) -> None:
        if type(limit) is not int or limit < 1:
            raise ParameterError(f"an outbox of {limit!r}; expected a number of reports, 1 or more")
        self._execute = execute
        self._verify = verify
        self._dropped = dropped
        self._recover = recover
        self._limit = limit
        self._when_full = WhenFull(when_full)
        # The guide asks for an ackid greater than 0 in one place and greater than 1 in another
        # (5.1.2): counted from 2, both are right. None repeats within the device's lifetime.
        self._ackids = itertools.count(2)
        self._queue: deque[_Portion] = deque()
        self._sending: _Portion | None = None  # the first of the queue, on the wire now
        self._by_ackid: dict[int, _Portion] = {}
        self._unacknowledged: dict[_Portion, None] = {}  # accepted, in the order they fall due
        self._held = False
        self._session = 0  # from one start of the module or login to the next
        self._unsure = False  # something went wrong: the platform is asked before the next report
        self._observed: set[Observation] = set()
        self._expected: set[Observation] = set()  # observed before the last interruption
        self._changed = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        """Portions that the module has not taken, or not acknowledged."""
        return len(self._queue) + len(self._unacknowledged)

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
                raise OutboxFull(f"the report was not taken: {len(self._queue)} wait already")
            self._make_room(len(groups))
        resources = tuple(line.resource for group in groups for line in group)
        report = Report(resources, len(groups), acknowledge=acknowledge)
        for number, group in enumerate(groups):
            self._queue.append(_Portion(report, number, group, acknowledge))
        self._send_on()
        return report

    def _make_room(self, wanted: int) -> None:
        while self._queue and len(self._queue) + wanted > self._limit:
            report = self._queue[0].report
            self._forget(report)
            report.fail(OutboxFull(f"the report was dropped: {self._limit} later ones wait"))
            self._dropped(report)

    def _withdraw(self, report: Report) -> None:
        mine = [portion for portion in self._queue if portion.report is report]
        if len(mine) == report.portions and not any(portion.attempts for portion in mine):
            self._forget(report)

    def _forget(self, report: Report) -> None:
        """Of none of its portions anything is sent or awaited any more."""
        self._queue = deque(portion for portion in self._queue if portion.report is not report)
        for portion in [p for p in self._by_ackid.values() if p.report is report]:
            self._await_no_more(portion)

    # --- what happens meanwhile --------------------------------------------------------------

    def hold(self) -> None:
        """The login is over: nothing goes out until `release`, and then first what was not
        acknowledged. Whoever waits for the module goes on: its report is kept."""
        self._end_session()
        self._held = True
        waiting = [portion for portion in self._unacknowledged if portion not in self._queue]
        self._queue.extendleft(reversed(waiting))
        self._await_nothing()
        self._expected |= self._observed
        self._observed.clear()
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
        for portion in (*self._queue, *self._by_ackid.values()):
            portion.report.fail(error)
        self._queue.clear()
        self._await_nothing()

    async def close(self, error: M5310Error) -> None:
        self.fail(error)
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    def acknowledged(self, ackid: int) -> None:
        """The platform's word came."""
        portion = self._by_ackid.get(ackid)
        if portion is None:
            _log.info("an acknowledgement came for %d, which nobody awaits", ackid)
            return
        portion.acknowledged = True
        self._await_no_more(portion)
        if portion is not self._sending and portion in self._queue:
            self._queue.remove(portion)  # it came late: what it is for need not be said again
        portion.report.portion_acknowledged(portion.number)

    def observed(self, what: Observation, *, added: bool) -> None:
        """The platform observes these ids of object, instance and resource, or no more."""
        if added:
            self._observed.add(what)
        else:
            self._observed.discard(what)
        self._wake()

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
            if self._expected:
                await self._observed_again()
            elif self._unsure:
                self._unsure = False
                if not await self._verify():
                    self.hold()
            elif len(self._unacknowledged) >= WINDOW and self._queue[0].acknowledge:
                await self._changed.wait()
            else:
                await self._send_first()

    async def _observed_again(self) -> None:
        session = self._session
        try:
            async with asyncio.timeout(OBSERVED_AGAIN):
                while session == self._session and not self._expected <= self._observed:
                    await self._changed.wait()
        except TimeoutError:
            _log.info("the platform has not observed again: %s", self._expected - self._observed)
        if session == self._session:
            self._expected.clear()

    async def _send_first(self) -> None:
        portion = self._sending = self._queue[0]
        session = self._session
        portion.attempts += 1
        ackid: int | None = None
        if portion.acknowledge:
            # before the line goes out: the word may come before its result
            ackid = next(self._ackids)
            self._by_ackid[ackid] = portion
            portion.ackids.append(ackid)
            portion.report.portion_sent(portion.number, ackid)
        error: M5310Error | None = None
        taken = False
        try:
            taken = await self._send_lines(portion, ackid, session)
        except M5310Error as failure:
            error = failure
        self._sending = None
        if not self._queue or self._queue[0] is not portion:
            return  # it was dropped, or failed with all the others
        forgotten = session != self._session and portion.acknowledge  # no word of it will come
        if portion.acknowledged or (taken and not forgotten):
            self._taken(portion)
        elif error is not None:
            await self._went_wrong(portion, error)

    def _taken(self, portion: _Portion) -> None:
        self._queue.popleft()
        portion.report.portion_accepted(portion.number)
        if portion.ackids:
            self._unacknowledged[portion] = None
            portion.due = asyncio.get_running_loop().time() + OVERDUE
            self._set_timer()

    async def _went_wrong(self, portion: _Portion, error: M5310Error) -> None:
        if self._held:
            return  # it is kept
        if self._recover and isinstance(error, CommandError | CommandTimeout):
            if not await self._verify():
                self.hold()
                return
            if not self._queue or self._queue[0] is not portion:
                return  # it was kept or dropped meanwhile
            # What is refused was checked before it was taken: the line made something else of it.
            if portion.attempts < ATTEMPTS:
                return
        self._fail(portion, error)

    def _fail(self, portion: _Portion, error: M5310Error) -> None:
        self._forget(portion.report)
        portion.report.fail(error)

    async def _send_lines(self, portion: _Portion, ackid: int | None, session: int) -> bool:
        """Whether the module took them all; not if it began anew meanwhile, and forgot them."""
        held: Line | None = None  # the module has it and waits for the report's end
        for line in portion.lines:
            if session != self._session:
                # it would take the line for a declaration
                return False
            last = line is portion.lines[-1]
            try:
                await self._notify(line, last=last, ackid=ackid if last else None)
            except (CommandError, CommandTimeout) as error:
                if isinstance(error, CommandTimeout) and error.sent and not last:
                    held = line  # perhaps: only its result may have got lost
                if held is not None and session == self._session:
                    await self._complete(held)
                raise
            held = line
            line.resource.value = line.value
        return True

    async def _complete(self, line: Line) -> None:
        """Close a report that stopped half way, or its first half would join the next one.

        Only a report's last line closes it, so the last one that was taken is said again.
        """
        try:
            await self._notify(line, last=True, ackid=None)
        except M5310Error as error:
            _log.warning("the module may hold half a report: %s", error)

    async def _notify(self, line: Line, *, last: bool, ackid: int | None) -> None:
        path, kind = line.resource.path, line.resource.type
        await self._execute(classic.notify(path, kind, line.text, last=last, ackid=ackid))

    # --- acknowledgements --------------------------------------------------------------------

    def _await_no_more(self, portion: _Portion) -> None:
        for ackid in portion.ackids:
            self._by_ackid.pop(ackid, None)
        portion.ackids.clear()
        self._unacknowledged.pop(portion, None)
        self._set_timer()
        self._wake()

    def _await_nothing(self) -> None:
        for portion in tuple(self._by_ackid.values()):
            self._await_no_more(portion)

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        first = next(iter(self._unacknowledged), None)
        if first is not None:
            self._timer = asyncio.get_running_loop().call_at(first.due, self._overdue)

    def _overdue(self) -> None:
        """No word came for the oldest: it is said again, if the platform still knows the device."""
        portion = next(iter(self._unacknowledged))
        del self._unacknowledged[portion]
        self._set_timer()
        if self._recover and portion.attempts < ATTEMPTS:
            self._unsure = True
            self._queue.appendleft(portion)
            self._send_on()
        else:
            self._fail(portion, portion.report.unacknowledged(f"in {portion.attempts} attempts"))
            self._wake()

    def _end_session(self) -> None:
        self._session += 1
        self._unsure = False
        self._wake()
