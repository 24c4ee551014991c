"""A device on OneNET, carried by one module: create, declare, log in, report, serve, leave."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from random import Random
from types import TracebackType
from typing import Final, Self, overload

from m5310.at.modem import Modem
from m5310.at.tasks import finish
from m5310.device.answers import ANSWER_WITHIN, Handlers, RequestHandler
from m5310.device.callbacks import Callback, Callbacks
from m5310.device.dispatch import Dispatch
from m5310.device.events import EventEmitter, Listener, UpkeepCounters
from m5310.device.lifecycle import Lifecycle
from m5310.device.outbox import LIMIT, Outbox, WhenFull
from m5310.device.provisioning import Provisioning
from m5310.device.recovery import RecoveryPolicy
from m5310.device.registration import CLOSE, CONNECT, UPDATE, Registration
from m5310.device.reports import ACKNOWLEDGED, Report, ReportState
from m5310.device.requests import Requests
from m5310.dialects.classic.config import Blocks, Config
from m5310.dialects.classic.dialect import Classic
from m5310.dialects.classic.urcs import Reading
from m5310.dialects.dialect import Dialect
from m5310.errors import ParameterError
from m5310.lwm2m.path import Path
from m5310.lwm2m.resources import Access, ObjectTree, Resource
from m5310.lwm2m.values import Value, ValueType
from m5310.module.link import Link, Opener
from m5310.module.module import Module
from m5310.states import DeviceEvent, DeviceState

URI: Final = "coap://183.230.40.40:5683"
"""OneNET's LwM2M server (seen)."""


class Device:
    """One device. `async with` creates it, and leaves the module clean whatever happens.

    `port` is a pyserial URL, opened and closed here, or a `Modem` that stays the caller's, or a
    coroutine function that opens a `Modem`, and another one each time the port was lost.
    `endpoint` is `<imei>;<imsi>`, `lifetime` in seconds, 10..86400. For the callbacks see
    `m5310.device.answering.Handlers`; each must end `answer_within` s after its request arrived.

    The registration is renewed in time for as long as the device is open; if that fails, or the
    module logs out unasked, it is logged in anew. A port that was lost and comes back, with the
    same name or the same USB serial number, is opened again; a module that restarts is told
    everything again and logged in again if it was. Meanwhile `state` is RESTORING, whoever waited
    for a command or a verdict got PortError or ModemReset, and up to `outbox` reports are kept in
    order (`when_full` says what happens beyond). `on_event` hears of each step (see
    `m5310.device.upkeep`), `random` spreads the waits between attempts. With `recover=False` either
    makes the device LOST, nothing is kept, and a renewal that failed is only told.
    """

    def __init__(
        self,
        port: str | Modem | Opener,
        endpoint: str,
        *,
        uri: str = URI,
        lifetime: int = 86400,
        bootstrap: bool | None = None,
        blocks: Blocks | None = Blocks(),  # noqa: B008  # frozen
        on_read: Callback | None = None,
        on_write: Callback | None = None,
        on_execute: Callback | None = None,
        baudrate: int = 9600,
        answer_within: float = ANSWER_WITHIN,
        reading: Reading = Reading.EITHER,
        recover: bool = True,
        outbox: int = LIMIT,
        when_full: WhenFull = WhenFull.DROP_OLDEST,
        on_event: Listener | None = None,
        random: Random | None = None,
    ) -> None:
        link = Link(port, baudrate)
        execute, session = link.execute, link.session
        config = Config(endpoint, uri, lifetime, bootstrap, blocks=blocks)
        dialect: Dialect = Classic(config, reading)
        self.module: Final = Module(link)
        self._events = EventEmitter(on_event)
        self._resources = ObjectTree()
        registration = self._registration = Registration(execute, dialect)
        provisioning = self._provisioning = Provisioning(
            self._resources, self.module, dialect, session, registration.outcomes
        )
        recovery = self._recovery = RecoveryPolicy(
            self.module,
            registration,
            provisioning,
            lifetime,
            self._events.emit,
            recover=recover,
            random=random,
        )
        reports = self._outbox = Outbox(
            self.module,
            dialect,
            recovery.verify_registration,
            recovery.restore_configuration,
            self._events.emit,
            recover=recover,
            limit=outbox,
            when_full=when_full,
        )
        handlers = Handlers(on_read, on_write, on_execute)
        callbacks = Callbacks()
        handler = RequestHandler(
            self._resources, handlers, dialect, callbacks, answer_within=answer_within
        )
        requests = self._requests = Requests(handler, execute, session)
        parts = registration, provisioning, recovery, reports, requests
        self._lifecycle = Lifecycle(self.module, *parts, callbacks)
        Dispatch(link, *parts, dialect)

    @property
    def state(self) -> DeviceState:
        """Where the device stands, as far as the module said."""
        return self._registration.state

    @property
    def in_service(self) -> bool:
        """Whether reports can go out, or will again without the program's doing."""
        return self._recovery.in_service

    @property
    def counters(self) -> UpkeepCounters:
        """What happened to the device so far; `modem.counters` has the wire's part."""
        return self._events.counters

    @property
    def resources(self) -> tuple[Resource, ...]:
        """What was added and not removed, in that order."""
        return tuple(self._resources)

    @property
    def modem(self) -> Modem:
        """The modem below; another one after each opening of the port. Raises StateError while
        closed."""
        return self.module.modem

    async def __aenter__(self) -> Self:
        await self.create()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await self.destroy()

    # --- create and declare ------------------------------------------------------------------

    async def create(self) -> None:
        """Open the port and configure the module.

        What an earlier program left behind in the module is logged out and deleted first.
        Raises PortError, CommandError, CommandTimeout; the port is closed again then.
        """
        await self._lifecycle.create()

    async def add_resource(
        self,
        path: Path | str,
        type: ValueType,  # noqa: A002  # the field's word
        value: Value,
        access: Access = Access.READABLE,
    ) -> Resource:
        """Declare a resource to the module. Before login only: later ones are never reported."""
        resource = Resource(path, type, value, access)
        async with self._provisioning.lock:
            self._registration.check(DeviceEvent.CONNECT, "resources are declared before login")
            await finish(self._provisioning.declare(resource))
            return resource

    async def remove_resource(self, resource: Resource) -> None:
        """Serve and report it no more; the last one of an instance takes that with it."""
        async with self._provisioning.lock:
            instance = self._provisioning.remove(resource)
            if instance is None:
                return
            await finish(self._provisioning.delete(instance))
        if self._registration.allows(DeviceEvent.UPDATE):
            await self.update(with_objects=True)

    # --- log in, renew, log out --------------------------------------------------------------

    async def connect(self, timeout: float = CONNECT) -> None:  # noqa: ASYNC109  # the module's
        """Log in; the module gives up after `timeout` s (rounded up to whole ones).

        Raises RegistrationError, its `timed_out` saying whether the platform refused or no
        verdict came; CommandError if the module does not even begin (30: no network yet).
        Cancelled, it leaves the module trying: `state` follows what comes of it.
        """
        await self._registration.connect(timeout)

    async def update(
        self,
        *,
        with_objects: bool = False,
        timeout: float = UPDATE,  # noqa: ASYNC109
    ) -> None:
        """Renew the registration now; in time it is done unasked. Raises RegistrationError."""
        await self._registration.update(with_objects=with_objects, timeout=timeout)

    async def close(self, timeout: float = CLOSE) -> None:  # noqa: ASYNC109
        """Log out. Raises RegistrationError if nothing confirms it in time.

        The device is DEREGISTERED in either case: the module forgets what the platform may not.
        A login under way is awaited first, since the module takes no logout before its end; what a
        failed one may have left in the module is logged out as well. A device that is to be logged
        in again is not, and what was kept for that fails; a module that forgot what it was told is
        still told it: RESTORING until then.
        """
        await self._lifecycle.close(timeout)

    async def destroy(self) -> None:
        """Log out if need be, delete everything from the module, close the port if it is ours.

        Never raises for what the module does: it is left as clean as it lets itself be left.
        Not interrupted by a cancellation. A second call waits for the first one's end.
        """
        await self._lifecycle.destroy()

    # --- report ------------------------------------------------------------------------------

    @overload
    async def notify(
        self,
        what: Resource,
        value: Value,
        *,
        acknowledge: bool = False,
        timeout: float = ACKNOWLEDGED,  # noqa: ASYNC109
    ) -> Report: ...
    @overload
    async def notify(
        self,
        what: Mapping[Resource, Value],
        *,
        acknowledge: bool = False,
        timeout: float = ACKNOWLEDGED,  # noqa: ASYNC109
    ) -> Report: ...
    async def notify(
        self,
        what: Resource | Mapping[Resource, Value],
        value: Value | None = None,
        *,
        acknowledge: bool = False,
        timeout: float = ACKNOWLEDGED,  # noqa: ASYNC109
    ) -> Report:
        """Report one value, or several that belong together, and wait until it is taken.

        With `acknowledge` also until the platform has it, or AcknowledgementTimeout, which need
        not be the end: the report's `state` tells what becomes of it. What the module took becomes
        the resources' value. While the device is being brought back the report is kept, to be sent
        after the login, and returned at once: its `state` is QUEUED, or OutboxFull is raised.
        """
        if not isinstance(what, Mapping):
            if value is None:
                raise ParameterError(f"{what!r}: no value to report")
            what = {what: value}
        report = await self.report(what, acknowledge=acknowledge)
        if acknowledge and report.state is not ReportState.QUEUED:
            await report.acknowledgement(timeout)
        return report

    async def report(
        self, values: Mapping[Resource, Value], *, acknowledge: bool = False
    ) -> Report:
        """Like `notify`, but leaves waiting for the platform to the caller."""
        for resource in values:
            self._resources.check(resource)
        if not self._recovery.login_pending:
            self.check_registered()
        return await self._outbox.send(values, acknowledge=acknowledge)

    def check_registered(self) -> None:
        """Raise why no report can go out now: StateError, or what the device was lost by."""
        self._registration.check_registered()

    async def left(self, timeout: float) -> None:  # noqa: ASYNC109
        """Wait until the device is out of service for good, at most `timeout` s.

        For good: not registered, and not being restored either.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._recovery.wait_out_of_service()
