"""Reports on their way to the platform: sent whole, acknowledgements awaited."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from m5310.at import Answer, Command
from m5310.classic import commands as classic
from m5310.errors import (
    AcknowledgementTimeout,
    CommandError,
    CommandTimeout,
    M5310Error,
    ParameterError,
)
from m5310.lwm2m import Resource
from m5310.shield import to_the_end
from m5310.values import PAYLOAD_LIMIT, Value, size

ACKNOWLEDGED: Final = 93.0
"""Seconds a platform's acknowledgement may take: CoAP's MAX_TRANSMIT_WAIT (RFC 7252 4.8.2), after
which the module itself stops repeating the report."""

AWAITED_LIMIT: Final = 256
"""Acknowledgements that may be missing at once; the oldest is given up beyond it."""

Execute = Callable[[Command], Awaitable[Answer]]

_log = logging.getLogger("m5310.device")


@dataclass(frozen=True, slots=True)
class Line:
    """One resource of a report, with what it says and how the wire carries it."""

    resource: Resource
    value: Value
    text: str


@dataclass(slots=True)
class _Session:
    """From one start of the module to the next; `over` is what ended it."""

    over: M5310Error | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A report that the module took. That is not yet delivery: see `acknowledgement`."""

    resources: tuple[Resource, ...]
    ackids: tuple[int, ...] = ()
    """One for each object instance reported, if acknowledgement was asked for."""
    _acknowledgements: tuple[asyncio.Future[None], ...] = ()

    @property
    def acknowledged(self) -> bool:
        """Whether the platform has confirmed all of it."""
        return bool(self._acknowledgements) and all(
            each.done() and not each.cancelled() and each.exception() is None
            for each in self._acknowledgements
        )

    async def acknowledgement(self, timeout: float = ACKNOWLEDGED) -> None:  # noqa: ASYNC109
        """Wait for the platform's word, at most `timeout` s from now.

        Raises AcknowledgementTimeout if it does not come; waiting again is fine. Raises
        ParameterError if none was asked for, PortError or ModemReset once none can come any more.
        """
        if not self._acknowledgements:
            raise ParameterError("the report was sent without asking for an acknowledgement")
        # not wait_for: it would cancel the futures, and a later word would be lost
        _, missing = await asyncio.wait(self._acknowledgements, timeout=timeout)
        if missing:
            raise AcknowledgementTimeout(
                f"the module took the report {list(self.ackids)}, but the platform did not "
                f"acknowledge it within {timeout:g} s; it may or may not have arrived"
            )
        for each in self._acknowledgements:
            each.result()


class Reports:
    """Sends reports, one at a time, and keeps the acknowledgements that are awaited."""

    def __init__(self, execute: Execute) -> None:
        self._execute = execute
        self._sending = asyncio.Lock()
        # The guide asks for an ackid greater than 0 in one place and greater than 1 in another
        # (5.1.2): counted from 2, both are right. None repeats within the device's lifetime.
        self._ackids = itertools.count(2)
        self._awaited: dict[int, asyncio.Future[None]] = {}
        self._session = _Session()

    async def send(self, values: Mapping[Resource, Value], *, acknowledge: bool) -> Report:
        """Report these values; returns once the module has taken them all.

        One report carries one object instance, so the values go out in as many as they need.
        Everything is checked before the first byte: ParameterError. Cancelled while it waits
        for its turn it sends nothing, cancelled later it leaves no report half sent.
        """
        groups = grouped(values)
        session = self._session
        async with self._sending:
            return await to_the_end(self._send(groups, acknowledge, session))

    async def _send(
        self, groups: tuple[tuple[Line, ...], ...], acknowledge: bool, session: _Session
    ) -> Report:
        ackids: list[int] = []
        futures: list[asyncio.Future[None]] = []
        for group in groups:
            ackid = next(self._ackids) if acknowledge else None
            if ackid is not None:
                # before the line goes out: the word may come before its result
                futures.append(self._await(ackid))
                ackids.append(ackid)
            try:
                await self._send_group(group, ackid, session)
            except M5310Error:
                for each in ackids:
                    self._awaited.pop(each, None)
                raise
        resources = tuple(line.resource for group in groups for line in group)
        return Report(resources, tuple(ackids), tuple(futures))

    def _await(self, ackid: int) -> asyncio.Future[None]:
        if len(self._awaited) >= AWAITED_LIMIT:
            oldest = next(iter(self._awaited))
            future = self._awaited.pop(oldest)
            future.set_exception(
                AcknowledgementTimeout(
                    f"the acknowledgement {oldest} was given up: {AWAITED_LIMIT} later ones "
                    "are missing too"
                )
            )
            future.exception()  # looked at: perhaps nobody waits
        self._awaited[ackid] = asyncio.get_running_loop().create_future()
        return self._awaited[ackid]

    async def _send_group(
        self, group: tuple[Line, ...], ackid: int | None, session: _Session
    ) -> None:
        held: Line | None = None  # the module has it and waits for the report's end
        for line in group:
            last = line is group[-1]
            try:
                await self._notify(line, session, last=last, ackid=ackid if last else None)
            except (CommandError, CommandTimeout) as error:
                if isinstance(error, CommandTimeout) and error.sent and not last:
                    held = line  # perhaps: only its result may have got lost
                if held is not None:
                    await self._complete(held, session)
                raise
            held = line
            line.resource.value = line.value

    async def _complete(self, line: Line, session: _Session) -> None:
        """Close a report that stopped half way, or its first half would join the next one.

        Only a report's last line closes it, so the last one that was taken is said again.
        """
        try:
            await self._notify(line, session, last=True, ackid=None)
        except M5310Error as error:
            _log.warning("the module may hold half a report: %s", error)

    async def _notify(
        self, line: Line, session: _Session, *, last: bool, ackid: int | None
    ) -> None:
        if session.over is not None:
            # What waited for its turn, or was begun before: the module knows nothing of it now,
            # and would take the line for a declaration.
            raise session.over
        path, kind = line.resource.path, line.resource.type
        await self._execute(classic.notify(path, kind, line.text, last=last, ackid=ackid))

    def acknowledged(self, ackid: int) -> None:
        """The platform's word came."""
        future = self._awaited.pop(ackid, None)
        if future is None:
            _log.info("an acknowledgement came for %d, which nobody awaits", ackid)
        else:
            future.set_result(None)

    def fail(self, error: M5310Error) -> None:
        """No word will come for what was sent so far: whoever waits gets `error`, now."""
        self._session.over = error
        self._session = _Session()
        awaited, self._awaited = self._awaited, {}
        for future in awaited.values():
            future.set_exception(error)
            future.exception()  # looked at: perhaps nobody waits


def grouped(values: Mapping[Resource, Value]) -> tuple[tuple[Line, ...], ...]:
    """The lines of each object instance's report; ParameterError for what cannot be sent."""
    if not values:
        raise ParameterError("a report of nothing; expected one value or more")
    groups: dict[tuple[int, int], list[Line]] = {}
    for resource, value in values.items():
        key = resource.path.object, resource.path.instance
        groups.setdefault(key, []).append(Line(resource, value, resource.encode(value)))
    for (object_, instance), group in groups.items():
        check_payload(f"the report of {object_}/{instance}", (line.text for line in group))
    return tuple(tuple(group) for group in groups.values())


def check_payload(what: str, texts: Iterable[str]) -> None:
    """Raises ParameterError if the values are more than one report or read answer carries."""
    total = sum(map(size, texts))
    if total > PAYLOAD_LIMIT:
        raise ParameterError(f"{what} takes {total} bytes, at most {PAYLOAD_LIMIT} fit into one")
