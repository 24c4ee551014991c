"""Holds reports back as the attributes of the platform ask, and sends them when they are due."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from m5310.at.tasks import begin
from m5310.device import parameters
from m5310.device.attributes import Attributes, Schedule
from m5310.device.outbox import Outbox
from m5310.device.reports import Report
from m5310.errors import HeldBack, M5310Error, Text
from m5310.lwm2m.path import Path
from m5310.lwm2m.resources import Resource
from m5310.lwm2m.values import Value

_log = logging.getLogger("m5310.device")


class Holding:
    """Without `honour` nothing is held back."""

    def __init__(self, outbox: Outbox, honour: bool) -> None:
        """Raises ParameterError if `honour` is neither True nor False."""
        self._outbox = outbox
        self._honour = parameters.flag("honour_attributes", honour)
        self._schedule = Schedule()
        self._resources: dict[Path, Resource] = {}  # those that were reported
        self._acknowledge = False  # as the newest report
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    def set(self, path: Path, attributes: Attributes) -> None:
        """The platform sets attributes."""
        self._schedule.set(path, attributes)
        self._set_timer()

    def known(self, resource: Resource) -> None:
        """The platform wrote or read the present value: no older one is reported any more."""
        self._schedule.known(resource.path, resource.value)
        self._set_timer()

    def remove(self, resource: Resource) -> None:
        """The resource is removed."""
        self._schedule.remove(resource.path)
        self._resources.pop(resource.path, None)
        self._set_timer()

    def stop(self) -> None:
        """The device was logged out: nothing is due any more."""
        self._schedule.forget()
        self._resources.clear()
        self._set_timer()

    async def send(self, values: Mapping[Resource, Value], *, acknowledge: bool) -> Report:
        """As `Outbox.send`. If none of the values is due, they are kept, and the report is HELD.
        Raises ParameterError for a value that cannot be sent."""
        if not self._honour:
            return await self._outbox.send(values, acknowledge=acknowledge)
        for resource, value in values.items():
            resource.encode(value)
        self._acknowledge = acknowledge
        now = asyncio.get_running_loop().time()
        due = [self._schedule.offer(each.path, value, now) for each, value in values.items()]
        if any(due) or not due:
            return await self._send(values, acknowledge=acknowledge)
        for resource, value in values.items():
            resource.set(value)
        self._set_timer()
        report = Report(tuple(values), 1, acknowledge=acknowledge)
        report.fail(
            HeldBack(
                Text(
                    "not reported: the platform asks for fewer reports (pmin, gt, lt, st); the "
                    "newest value is sent when it is due"
                )
            )
        )
        return report

    async def _send(self, values: Mapping[Resource, Value], *, acknowledge: bool) -> Report:
        now = asyncio.get_running_loop().time()
        for resource, value in values.items():
            self._schedule.reported(resource.path, value, now)
            self._resources[resource.path] = resource
        self._set_timer()
        try:
            return await self._outbox.send(values, acknowledge=acknowledge)
        except (M5310Error, asyncio.CancelledError):
            for resource in values:
                self.remove(resource)  # as if it had never been reported
            raise

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadline = self._schedule.deadline
        if self._honour and deadline is not None:
            self._timer = asyncio.get_running_loop().call_at(deadline, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self._task = begin(self._send_due(), "m5310-held-reports")

    async def _send_due(self) -> None:
        due = self._schedule.due(asyncio.get_running_loop().time())
        if not due:
            return  # it was removed or logged out just now
        values = {self._resources[path]: value for path, value in due.items()}
        try:
            await self._send(values, acknowledge=self._acknowledge)
        except M5310Error as error:
            _log.warning("not reported, although it is due: %s", error)
