"""Reports: what they say, and how far each has come on its way to the platform."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, NamedTuple

from m5310.dialects.dialect import WireValue
from m5310.errors import AcknowledgementTimeout, M5310Error, ParameterError
from m5310.lwm2m.resources import Resource
from m5310.lwm2m.values import PAYLOAD_LIMIT, Value, size

ACKNOWLEDGED: Final = 93.0
"""Seconds a platform's acknowledgement may take: CoAP's MAX_TRANSMIT_WAIT (RFC 7252 4.8.2), after
which the module itself stops repeating the report."""


class Line(NamedTuple):
    """One resource's new value in a report, as the program and as the line has it."""

    resource: Resource
    value: Value
    wire: WireValue


class ReportState(Enum):
    """How far a report has come, as far as anybody said."""

    QUEUED = "queued"  # the module has not taken all of it yet
    ACCEPTED = "accepted"  # the module took it: `OK`. The platform may never get it.
    ACKNOWLEDGED = "acknowledged"  # the platform has it
    FAILED = "failed"  # it will not be sent, or not any more: see `Report.error`


class Report:
    """A report on its way. `state` says how far it is; that the module took it is not delivery."""

    def __init__(
        self, resources: tuple[Resource, ...], portions: int, *, acknowledge: bool
    ) -> None:
        """Of so many `portions`, each of one object instance. Needs the running loop."""
        loop = asyncio.get_running_loop()
        self.resources = resources
        self.portions = portions
        self._acknowledge = acknowledge
        self._ackids: dict[int, int] = {}  # by portion, of its last attempt
        self._unaccepted = set(range(portions))
        self._unacknowledged = set(range(portions)) if acknowledge else set()
        self._accepted: asyncio.Future[None] = loop.create_future()
        self._acknowledged: asyncio.Future[None] = loop.create_future()
        self._released: asyncio.Future[None] = loop.create_future()
        self._error: M5310Error | None = None

    def __repr__(self) -> str:
        paths = ", ".join(str(resource.path) for resource in self.resources)
        return f"<Report {paths} {self.state.name}>"

    @property
    def state(self) -> ReportState:
        if self._error is not None:
            return ReportState.FAILED
        if self.acknowledged:
            return ReportState.ACKNOWLEDGED
        return ReportState.QUEUED if self._unaccepted else ReportState.ACCEPTED

    @property
    def error(self) -> M5310Error | None:
        """Why it failed."""
        return self._error

    @property
    def ackids(self) -> tuple[int, ...]:
        """One for each object instance reported so far, if acknowledgement was asked for.

        A report that had to be said again has new ones.
        """
        return tuple(self._ackids[portion] for portion in sorted(self._ackids))

    @property
    def acknowledged(self) -> bool:
        """Whether the platform has confirmed all of it."""
        return self._acknowledge and not self._unacknowledged

    async def accepted(self, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Wait until the module has taken all of it, at most `timeout` s from now.

        Raises what the report failed by, and TimeoutError; waiting again is fine.
        """
        async with asyncio.timeout(timeout):
            await asyncio.shield(self._accepted)

    async def acknowledgement(
        self,
        timeout: float | None = ACKNOWLEDGED,  # noqa: ASYNC109
    ) -> None:
        """Wait for the platform's word, at most `timeout` s from now; None: as long as it is sent.

        Raises AcknowledgementTimeout if it does not come; waiting again is fine. Raises
        ParameterError if none was asked for, and what the report failed by.
        """
        if not self._acknowledge:
            raise ParameterError("the report was sent without asking for an acknowledgement")
        # not wait_for: it would cancel the future, and a later word would be lost
        done, _ = await asyncio.wait({self._acknowledged}, timeout=timeout)
        if not done:
            assert timeout is not None
            error = self.unacknowledged(f"within {timeout:g} s")
            raise AcknowledgementTimeout(
                f"{error}; it is not given up yet, its state tells what becomes of it"
            )
        self._acknowledged.result()

    def unacknowledged(self, when: str) -> AcknowledgementTimeout:
        """What is to be said of an acknowledgement that did not come."""
        took = "has not taken" if self._unaccepted else "took"
        return AcknowledgementTimeout(
            f"the module {took} the report {list(self.ackids)}, and the platform did not "
            f"acknowledge it {when}; it may or may not have arrived"
        )

    # --- for who sends it --------------------------------------------------------------------

    async def released(self) -> None:
        """Wait until the module has taken it, it has failed, or it is kept for later."""
        await asyncio.wait({self._released})

    def release(self) -> None:
        """Whoever made it goes on."""
        _settle(self._released)

    def portion_sent(self, portion: int, ackid: int) -> None:
        self._ackids[portion] = ackid

    def portion_accepted(self, portion: int) -> None:
        self._unaccepted.discard(portion)
        if not self._unaccepted:
            _settle(self._accepted)
            self.release()

    def portion_acknowledged(self, portion: int) -> None:
        self.portion_accepted(portion)  # its `OK` may come later, or have got lost
        self._unacknowledged.discard(portion)
        if not self._unacknowledged:
            _settle(self._acknowledged)

    def fail(self, error: M5310Error) -> None:
        """Whoever waits gets `error`, now."""
        if self._error is None and not self.acknowledged:
            self._error = error
            for future in (self._accepted, self._acknowledged):
                if not future.done():
                    future.set_exception(error)
                    future.exception()  # looked at: perhaps nobody waits
            self.release()


@dataclass(eq=False, slots=True)
class Portion:
    """What a report says of one object instance: sent whole, acknowledged by itself."""

    report: Report
    number: int
    lines: tuple[Line, ...]
    acknowledge: bool
    attempts: int = 0
    ackids: list[int] = field(default_factory=list)  # of all attempts since the module's start
    due: float = 0.0
    acknowledged: bool = False


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def grouped(values: Mapping[Resource, Value]) -> tuple[tuple[Line, ...], ...]:
    """The lines of each object instance's report; ParameterError for what cannot be sent."""
    if not values:
        raise ParameterError("a report of nothing; expected one value or more")
    groups: dict[tuple[int, int], list[Line]] = {}
    for resource, value in values.items():
        key = resource.path.object, resource.path.instance
        wire = WireValue(resource.path, resource.type, resource.encode(value))
        groups.setdefault(key, []).append(Line(resource, value, wire))
    for (object_, instance), group in groups.items():
        check_payload(f"the report of {object_}/{instance}", (line.wire.text for line in group))
    return tuple(tuple(group) for group in groups.values())


def check_payload(what: str, texts: Iterable[str]) -> None:
    """Raises ParameterError if the values are more than one report or read answer carries."""
    total = sum(map(size, texts))
    if total > PAYLOAD_LIMIT:
        raise ParameterError(f"{what} takes {total} bytes, at most {PAYLOAD_LIMIT} fit into one")
