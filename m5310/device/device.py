"""Device: one device on OneNET, on one module. The public asyncio API."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from functools import partial
from random import Random
from typing import Final, Self, overload

from m5310.at.modem import Modem
from m5310.at.tasks import finish
from m5310.device import parameters
from m5310.device.answers import ANSWER_WITHIN, Handlers, RequestHandler
from m5310.device.callbacks import Callback, Callbacks
from m5310.device.dispatch import Dispatch
from m5310.device.events import (
    Created,
    EventEmitter,
    Listener,
    LoggedIn,
    Searching,
    UpkeepCounters,
    announced,
)
from m5310.device.firmware import Firmware, FirmwareObjects, version_of
from m5310.device.holding import Holding
from m5310.device.language import Language
from m5310.device.lifecycle import Lifecycle
from m5310.device.outbox import LIMIT, Outbox, WhenFull
from m5310.device.parts import Parts
from m5310.device.provisioning import Provisioning
from m5310.device.recovery import RecoveryPolicy
from m5310.device.registration import CLOSE, CONNECT, UPDATE, Registration
from m5310.device.reports import ACKNOWLEDGED, Report, ReportState
from m5310.device.requests import Requests
from m5310.dialects.classic.config import Blocks, Config
from m5310.dialects.classic.dialect import Classic
from m5310.dialects.classic.form import Reading
from m5310.dialects.dialect import Options
from m5310.dialects.profiles import Profile, profile_for
from m5310.dialects.suite.dialect import Suite
from m5310.errors import M5310Error, NotFound, ParameterError, Text
from m5310.lwm2m.path import Path
from m5310.lwm2m.resources import Access, ObjectTree, Resource
from m5310.lwm2m.values import Value, ValueType
from m5310.module.attach import Setup
from m5310.module.attach_errors import Attempt
from m5310.module.link import Link, Opener
from m5310.module.module import Module
from m5310.states import DeviceEvent, DeviceState

URI: Final = "coap://183.230.40.40:5683"
"""OneNET's LwM2M server (seen)."""
BAUDRATE: Final = 9600
"""Baud of a module after its start, unless its profile says something else (seen)."""

ModuleName = str | Profile
"""A module that the program names: a name in `PROFILES`, or a profile of its own."""


class Device:
    """One device. `async with` creates it, and leaves the module clean whatever happens.

    `port` is a pyserial URL, opened and closed here; or a `Modem` that remains the caller's; or a
    coroutine function that opens a `Modem`, called again after each loss of the port. `endpoint` is
    `<imei>;<imsi>`, `lifetime` in seconds, 10..86400. For the callbacks see
    `m5310.device.answers.Handlers`; each must end within `answer_within` s of its request.

    `dialect` and `module` None: it is found out which module answers (event `Identified`). A name
    of `m5310.dialects.profiles.PROFILES`, or a `Profile`, overrules that; `dialect` is "classic" or
    "suite". `baudrate` None: that of the given module, else 9600.

    Attributes that the platform sets (`pmin`, `pmax`, `gt`, `lt`, `st`) are an event,
    `AttributesSet`. With `honour_attributes` reports that they do not ask for are HELD: not sent,
    but the newest value is as soon as it is due. A classic module shows no attributes.

    The registration is renewed in time while the device is open. If that fails, or the module logs
    out by itself, the device logs in again. A lost port is opened again when it is back, under its
    name or with its USB serial number. A module that restarts is configured again, and logged in
    if it was. Meanwhile `state` is RESTORING, calls that wait raise PortError or ModemReset, and up
    to `outbox` reports are kept in order (beyond that see `when_full`). `on_event` is called with
    each step (see `m5310.device.events`); `random` spreads the waits between attempts. With
    `recover=False` a restart or a lost port makes the device LOST, no report is kept, and a failed
    renewal is only an event.
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
        dialect: str | None = None,
        module: ModuleName | None = None,
        baudrate: int | None = None,
        auth_code: str | None = None,
        psk: str | None = None,
        firmware: Firmware | None = None,
        answer_within: float = ANSWER_WITHIN,
        reading: Reading = Reading.EITHER,
        honour_attributes: bool = False,
        recover: bool = True,
        outbox: int = LIMIT,
        when_full: WhenFull = WhenFull.DROP_OLDEST,
        on_event: Listener | None = None,
        random: Random | None = None,
    ) -> None:
        given = profile_for(dialect, module)
        options = Options(auth_code, psk, version_of(firmware))
        default = given.baud if given else BAUDRATE
        link = Link(port, default if baudrate is None else baudrate)
        config = Config(endpoint, uri, lifetime, bootstrap, blocks=blocks)
        self.module: Final = Module(link)
        self._events = EventEmitter(on_event)
        resources = self._resources = ObjectTree()
        emit = self._events.emit
        language = self._language = Language(
            Classic(config, parameters.member("reading", reading, Reading)),
            partial(Suite, config=config, resources=resources, options=options),
            *(link, emit, given, options.wanted),
            asks=dialect == "suite",
        )
        spoken = language.dialect
        registration = self._registration = Registration(link.execute, spoken, lifetime, emit)
        settings, outcomes = self.module.settings, registration.outcomes
        provisioning = self._provisioning = Provisioning(
            resources, self.module, settings, spoken, link.session, outcomes, emit, language
        )
        recovery = self._recovery = RecoveryPolicy(
            *(self.module, registration, provisioning, lifetime, emit),
            recover=recover,
            random=random,
        )
        reports = self._outbox = Outbox(
            *(self.module, spoken, recovery.verify_registration, recovery.restore_configuration),
            emit,
            recover=recover,
            limit=outbox,
            when_full=when_full,
        )
        self._holding = Holding(reports, honour_attributes)
        callbacks, handlers = Callbacks(), Handlers(on_read, on_write, on_execute)
        answering = partial(RequestHandler, dialect=spoken, callbacks=callbacks)
        known = self._holding.known
        handler = answering(resources, handlers, answer_within=answer_within, known=known)
        requests = Requests(handler, link.execute, link.session)
        parts = Parts(registration, provisioning, recovery, reports, requests, callbacks)
        self._lifecycle = Lifecycle(self.module, parts)
        updates = None if firmware is None else FirmwareObjects(firmware, answering, callbacks)
        Dispatch(link, parts, spoken, resources, self._events, self._holding, updates)

    @property
    def state(self) -> DeviceState:
        """The state of the device, as far as the module has reported it."""
        return self._registration.state

    @property
    def profile(self) -> Profile | None:
        """The module's profile, as given or as found out; None for an M5310 that was not asked, and
        before `create`."""
        return self._language.profile

    @property
    def in_service(self) -> bool:
        """Whether reports can be sent, or will be without an action of the program."""
        return self._recovery.in_service

    @property
    def counters(self) -> UpkeepCounters:
        """Counts of the events so far; `modem.counters` has those of the line."""
        return self._events.counters

    @property
    def resources(self) -> tuple[Resource, ...]:
        """The resources that were added and not removed, in that order."""
        return tuple(self._resources)

    @property
    def modem(self) -> Modem:
        """The modem on the port, another one after each opening. Raises StateError if closed."""
        return self.module.modem

    async def __aenter__(self) -> Self:
        await self.create()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.destroy()

    # --- create and declare ------------------------------------------------------------------

    async def create(self) -> None:
        """Open the port and configure the module.

        What a previous program left in the module is logged out and deleted first. Raises
        LanguageRefused if it speaks no language known here, NotInDialect if its language has no
        command for the server, PortError, CommandError, CommandTimeout or ModemReset; the port is
        then closed again.
        """
        await self._lifecycle.create()
        self._events.emit(Created(self.modem.name))

    async def add_resource(
        self,
        path: Path | str,
        type: ValueType,  # noqa: A002  # as LwM2M calls it
        value: Value,
        access: Access = Access.READABLE,
    ) -> Resource:
        """Declare a resource to the module. Raises StateError after the login, since the module
        would never report it, and ParameterError for an invalid path, type or value. If the call is
        cancelled, the resource is removed again."""
        resource = Resource(path, type, value, access)
        async with self._provisioning.lock:
            self._registration.check(DeviceEvent.CONNECT, "resources are declared before login")
            try:
                await finish(self._provisioning.declare(resource))
            except (asyncio.CancelledError, M5310Error):
                await finish(self._take_back(resource))
                raise
            return resource

    async def _take_back(self, resource: Resource) -> None:
        """`add_resource` failed, or its caller was cancelled and does not know the resource."""
        gone = NotFound(f"not reported: {resource.path} was not added")
        declared = resource in self._resources
        if declared:
            self._resources.remove(resource)
        await self._outbox.remove(resource, gone)
        if declared:
            with contextlib.suppress(M5310Error):
                await self._provisioning.remove(resource)

    async def remove_resource(self, resource: Resource) -> None:
        """Remove a resource; with the last one of an object instance, the module deletes that.

        Its reports fail. The platform learns it now, by an update, or with the next one. If the
        module refuses, the resource stays, and the call can be repeated. Raises NotFound if it is
        not a resource of this device, CommandError, CommandTimeout, and as `update`.
        """
        async with self._provisioning.lock:
            await finish(self._remove(resource))
        await self._registration.wait_updated()  # a renewal under way names the old objects
        changed = self._registration.objects_changed
        if changed and self._registration.allows(DeviceEvent.UPDATE):
            await self.update(with_objects=True)

    async def _remove(self, resource: Resource) -> None:
        self._resources.remove(resource)
        gone = NotFound(f"not reported: {resource.path} was removed")
        self._holding.remove(resource)
        await self._outbox.remove(resource, gone)
        try:
            if await self._provisioning.remove(resource):
                self._registration.objects_changed = True
        except M5310Error:
            self._resources.add(resource)  # the module still holds it: the call can be repeated
            raise

    # --- log in, renew, log out --------------------------------------------------------------

    async def connect(self, timeout: float = CONNECT) -> None:  # noqa: ASYNC109  # the module's
        """Log in within `timeout` s (rounded up to whole seconds).

        A module without a network is brought there first, in the same time: its radio is turned on,
        and each poll of the network is an event `Searching`. An attach takes 2 to 120 s (seen).
        One that refuses, as if it had restarted unnoticed, is configured again, once.

        Raises AttachError if there is no network, with the reason: no SIM, no coverage, denied;
        RegistrationError if the platform refuses, or if there is no outcome in time (`timed_out`);
        CommandError if the module refuses to begin. After a cancellation during the login the
        module continues, and `state` follows the outcome.
        """
        await self._lifecycle.connect(timeout, self._find_network)
        self._events.emit(LoggedIn(self._language.dialect.endpoint))

    async def _find_network(self, seconds: float) -> None:
        def progress(attempt: Attempt) -> None:
            self._events.emit(Searching(attempt))

        with announced(self._events.emit, Text("the module has no network"), seconds):
            # from level 3 on, +CEREG carries the cause of a rejection
            await self.module.attach(seconds, setup=Setup(registration=3), progress=progress)

    async def update(
        self,
        *,
        with_objects: bool = False,
        timeout: float = UPDATE,  # noqa: ASYNC109
    ) -> None:
        """Renew the registration now; in time this happens by itself.

        Waits for the outcome no longer than the lifetime lasts. Raises RegistrationError.
        """
        await self._registration.update(with_objects=with_objects, timeout=timeout)

    async def close(self, timeout: float = CLOSE) -> None:  # noqa: ASYNC109
        """Log out. Raises RegistrationError if that is not confirmed within `timeout` s.

        The device is DEREGISTERED in either case: the module deletes the registration, even if the
        platform does not. A login under way is ended, or awaited if the module refuses that; a
        failed login is logged out as well, since the module may hold it. Reports that are not
        acknowledged yet fail. During a recovery the login is cancelled and the kept reports fail; a
        module that lost its configuration is still configured, and the device RESTORING until then.
        """
        await self._lifecycle.close(timeout)

    async def destroy(self) -> None:
        """Log out if necessary, delete everything from the module, close the port if opened here.

        A login under way is ended, or awaited if the module refuses that: the event `Waiting` says
        how long. Errors of the module are logged, not raised. A cancellation waits until this is
        done, unless the loop is ended (a second Ctrl-C): then only the port is closed. A second
        call waits for the end of the first one.
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
        """Report one value, or several that belong together; wait until the module accepts them.

        With `acknowledge`, wait also until the platform acknowledges the report, or raise
        AcknowledgementTimeout after `timeout` s; the report's `state` shows what becomes of it.
        Accepted values become the resources' values. During a recovery the report is kept and
        returned at once, in state QUEUED; it is sent after the login. Raises OutboxFull, StateError
        without a login, NotFound, ParameterError, CommandError, CommandTimeout, ModemReset,
        PortError.
        """
        if not isinstance(what, Mapping):
            if value is None:
                raise ParameterError(f"{what!r}: no value to report; expected one")
            what = {what: value}
        parameters.seconds("timeout", timeout)
        report = await self.report(what, acknowledge=acknowledge)
        if acknowledge and report.state not in (ReportState.QUEUED, ReportState.HELD):
            await report.acknowledgement(timeout)
        return report

    async def report(
        self, values: Mapping[Resource, Value], *, acknowledge: bool = False
    ) -> Report:
        """As `notify`, without waiting for the platform."""
        parameters.flag("acknowledge", acknowledge)
        for resource in values:
            self._resources.check(resource)
        if not self._recovery.login_pending:
            self.check_registered()
        return await self._holding.send(values, acknowledge=acknowledge)

    def check_registered(self) -> None:
        """Raise StateError, or the error of a LOST device, unless reports can be sent."""
        self._registration.check_registered()

    async def left(self, timeout: float) -> None:  # noqa: ASYNC109
        """Wait until the device is neither registered nor being restored, at most `timeout` s."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._recovery.wait_out_of_service()
