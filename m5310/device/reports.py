"""Reports: their values, and how far each has come on its way to the platform."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, NamedTuple

from m5310.device import parameters
from m5310.dialects.dialect import WireValue
from m5310.errors import AcknowledgementTimeout, HeldBack, M5310Error, ParameterError, Text
from m5310.lwm2m.resources import Resource
from m5310.lwm2m.values import PAYLOAD_LIMIT, Value, size

ACKNOWLEDGED: Final = 93.0
"""Seconds in which the platform acknowledges a report: CoAP's MAX_TRANSMIT_WAIT (RFC 7252 4.8.2),
after which the module stops repeating it."""


class Line(NamedTuple):
    """A resource's new value in a report, as the program gave it and as the line carries it."""

    resource: Resource
    value: Value
    wire: WireValue


class ReportState(Enum):
    """How far a report has come, as far as the driver knows."""

    QUEUED = "queued"  # not yet accepted completely
    ACCEPTED = "accepted"  # the module accepted it with `OK`. The platform may never receive it.
    ACKNOWLEDGED = "acknowledged"  # the platform has received it
    HELD = "held"  # not sent: the platform asks for fewer reports; see `HeldBack`
    FAILED = "failed"  # it is not sent, or not sent again: see `Report.error`


class Report:
    """A report on its way to the platform; see `state`. ACCEPTED does not mean delivered."""

    def __init__(
        self, resources: tuple[Resource, ...], portions: int, *, acknowledge: bool
    ) -> None:
        """`portions` is their number, one for each object instance, see also `add_portion`. Needs
        the running loop."""
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
            held = isinstance(self._error, HeldBack)
            return ReportState.HELD if held else ReportState.FAILED
        if self.acknowledged:
            return ReportState.ACKNOWLEDGED
        return ReportState.QUEUED if self._unaccepted else ReportState.ACCEPTED

    @property
    def error(self) -> M5310Error | None:
        """The reason, if the report has failed or is held back."""
        return self._error

    @property
    def ackids(self) -> tuple[int, ...]:
        """One for each object instance reported so far, if an acknowledgement was requested; for
        each observe, if the platform observes resources of one instance apart.

        Each attempt has new ones.
        """
        return tuple(self._ackids[portion] for portion in sorted(self._ackids))

    @property
    def acknowledged(self) -> bool:
        """Whether the platform has acknowledged all of it."""
        return self._acknowledge and not self._unacknowledged

    async def accepted(self, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Wait until the module has accepted all of it, at most `timeout` s.

        Raises `error` if the report fails, TimeoutError after `timeout`. May be called again.
        """
        if timeout is not None:
            parameters.seconds("timeout", timeout)
        async with asyncio.timeout(timeout):
            await asyncio.shield(self._accepted)

    async def acknowledgement(
        self,
        timeout: float | None = ACKNOWLEDGED,  # noqa: ASYNC109
    ) -> None:
        """Wait for the platform's acknowledgement, at most `timeout` s; None: until it fails.

        Raises `error` if the report fails, AcknowledgementTimeout after `timeout` (the report is
        still tried: `state` shows what becomes of it), ParameterError if no acknowledgement was
        requested. May be called again.
        """
        if not self._acknowledge:
            raise ParameterError("the report was sent without asking for an acknowledgement")
        if timeout is not None:
            parameters.seconds("timeout", timeout)
        # not wait_for: it would cancel the future, and a later acknowledgement would be lost
        done, _ = await asyncio.wait({self._acknowledged}, timeout=timeout)
        if not done:
            assert timeout is not None
            within = Text("within {timeout:g} s", timeout=timeout)
            raise AcknowledgementTimeout(
                Text(
                    "{error}. It is not given up yet: see its state",
                    error=self.unacknowledged(within),
                )
            )
        self._acknowledged.result()

    def unacknowledged(self, when: str) -> AcknowledgementTimeout:
        """The error for an acknowledgement that did not come."""
        if self._unaccepted:
            taken = Text(
                "the module has not accepted the report {numbers}", numbers=list(self.ackids)
            )
        else:
            taken = Text("the module accepted the report {numbers}", numbers=list(self.ackids))
        return AcknowledgementTimeout(
            Text(
                "{taken}, and the platform did not acknowledge it {when}; it may or may not have "
                "arrived",
                taken=taken,
                when=when,
            )
        )

    # --- for the outbox ----------------------------------------------------------------------

    async def wait_released(self) -> None:
        """Wait until it is accepted, has failed, or is kept for later."""
        await asyncio.wait({self._released})

    def release(self) -> None:
        """End `wait_released`."""
        _set(self._released)

    def add_portion(self) -> int:
        """One more portion; returns its number."""
        number, self.portions = self.portions, self.portions + 1
        self._unaccepted.add(number)
        if self._acknowledge:
            self._unacknowledged.add(number)
        return number

    def portion_sent(self, portion: int, ackid: int) -> None:
        self._ackids[portion] = ackid

    def portion_accepted(self, portion: int) -> None:
        self._unaccepted.discard(portion)
        if not self._unaccepted:
            _set(self._accepted)
            self.release()

    def portion_acknowledged(self, portion: int) -> None:
        self.portion_accepted(portion)  # its `OK` may come later, or may be lost
        self._unacknowledged.discard(portion)
        if not self._unacknowledged:
            _set(self._acknowledged)

    def fail(self, error: M5310Error) -> None:
        """Raise `error` in every caller that waits. Ignored after the first failure."""
        if self._error is None and not self.acknowledged:
            self._error = error
            for future in (self._accepted, self._acknowledged):
                if not future.done():
                    future.set_exception(error)
                    future.exception()  # mark as retrieved: possibly none waits
            self.release()


@dataclass(eq=False, slots=True)
class Portion:
    """The part of a report for one object instance, or one observe. It is sent and acknowledged as
    a unit."""

    report: Report
    number: int
    lines: tuple[Line, ...]
    acknowledge: bool
    attempts: int = 0
    busy: int = 0  # attempts that found the module's uplink busy
    ackids: list[int] = field(default_factory=list)  # of all attempts since the module's start
    acknowledged: bool = False


def _set(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def grouped(values: Mapping[Resource, Value]) -> tuple[tuple[Line, ...], ...]:
    """The lines of a report by object instance. Raises ParameterError for unsendable values."""
    if not values:
        raise ParameterError("the report is empty; expected one value or more")
    groups: dict[tuple[int, int], list[Line]] = {}
    for resource, value in values.items():
        key = resource.path.object, resource.path.instance
        wire = WireValue(resource.path, resource.type, resource.encode(value))
        groups.setdefault(key, []).append(Line(resource, value, wire))
    for (object_, instance), group in groups.items():
        check_payload(f"the report of {object_}/{instance}", (line.wire for line in group))
    return tuple(tuple(group) for group in groups.values())


def check_payload(what: str, values: Iterable[WireValue]) -> None:
    """Raise ParameterError if the values are too large for one report or read answer."""
    total = sum(size(each.type, each.text) for each in values)
    if total > PAYLOAD_LIMIT:
        raise ParameterError(f"{what} takes {total} bytes, at most {PAYLOAD_LIMIT} fit into one")
