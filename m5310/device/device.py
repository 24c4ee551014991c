"""A device on OneNET, carried by one module: create, declare, log in, report, serve, leave."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, assert_never, overload

from m5310.at import Answer, Command
from m5310.classic import commands as classic
from m5310.classic.miplconf import Blocks, Config
from m5310.classic.urc import (
    Acknowledged,
    Closed,
    Discovered,
    ExecuteRequest,
    Observed,
    Opened,
    ReadRequest,
    Updated,
    WriteRequest,
)
from m5310.commands import general
from m5310.device.callbacks import Callback
from m5310.device.continuity import Continuity
from m5310.device.declarations import Declarations
from m5310.device.registration import CLOSE, CONNECT, UPDATE, Registration
from m5310.device.reports import ACKNOWLEDGED, Report, Reports
from m5310.device.requests import ANSWER_WITHIN, Handlers, Requests
from m5310.device.upkeep import Listener, UpkeepCounters
from m5310.errors import (
    AnswerError,
    Code,
    CommandTimeout,
    M5310Error,
    ModemReset,
    ParameterError,
    PortError,
    StateError,
)
from m5310.lwm2m import Access, ObjectTree, Path, Resource
from m5310.modem import Modem
from m5310.shield import to_the_end
from m5310.states import DeviceEvent, DeviceState
from m5310.values import Value, ValueType

if TYPE_CHECKING:
    from random import Random

URI: Final = "coap://183.230.40.40:5683"
"""OneNET's LwM2M server (seen)."""

_log = logging.getLogger("m5310.device")


class Device:
    """One device. `async with` creates it, and leaves the module clean whatever happens.

    `port` is a pyserial URL, opened and closed here, or a `Modem` that stays the caller's.
    `endpoint` is `<imei>;<imsi>`, `lifetime` in seconds, 10..86400. For the callbacks see
    `m5310.device.requests.Handlers`; each must end `answer_within` s after its request arrived.

    The registration is renewed in time for as long as the device is open; if that fails, it is
    logged in anew. A module that restarts by itself is told everything again and logged in again
    if it was: whoever waited gets ModemReset, `state` is RESTORING. `on_event` hears of each step
    (see `m5310.device.upkeep`), `random` spreads the waits between attempts. With `recover=False` a
    restart makes the device LOST, and a renewal that failed is only told.
    """

    def __init__(
        self,
        port: str | Modem,
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
        reading: classic.Reading = classic.Reading.EITHER,
        recover: bool = True,
        on_event: Listener | None = None,
        random: Random | None = None,
    ) -> None:
        if not isinstance(port, str | Modem):
            raise ParameterError(
                f"{port!r} is no port; expected a name like /dev/ttyUSB0, or a Modem"
            )
        self._config = Config(endpoint, uri, lifetime, bootstrap, blocks=blocks)
        self._registration = Registration(self._execute, self._config, self._moved)
        self._port = port
        self._baudrate = baudrate
        self._reading = reading
        self._modem: Modem | None = None
        self._stop_listening: Callable[[], None] = _nothing
        self._creating = asyncio.Lock()
        self._destroying: asyncio.Task[None] | None = None
        self._resources = ObjectTree()
        self._declarations = Declarations(
            self._resources, self._execute, self._config, partial(self._registration.expect, Closed)
        )
        self._continuity = Continuity(
            self._registration,
            self._declarations,
            lifetime,
            recover=recover,
            on_event=on_event,
            random=random,
        )
        self._reports = Reports(self._execute)
        self._requests = Requests(
            self._resources,
            self._execute,
            Handlers(on_read, on_write, on_execute),
            answer_within=answer_within,
        )

    @property
    def state(self) -> DeviceState:
        """Where the device stands, as far as the module said."""
        return self._registration.state

    @property
    def in_service(self) -> bool:
        """Whether reports can go out, or will again without the program's doing."""
        return self._continuity.in_service

    @property
    def counters(self) -> UpkeepCounters:
        """What happened to the device so far; `modem.counters` has the wire's part."""
        return self._continuity.counters

    @property
    def resources(self) -> tuple[Resource, ...]:
        """What was added and not removed, in that order."""
        return tuple(self._resources)

    @property
    def modem(self) -> Modem:
        """The module below, for commands of its general vocabulary."""
        if self._modem is None:
            raise StateError("the device is not created yet, or destroyed")
        return self._modem

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
        self._registration.check(DeviceEvent.CREATE)
        if self._creating.locked():
            raise StateError("the device is being created", Code.PENDING)
        async with self._creating:
            await self._create()

    async def _create(self) -> None:
        if isinstance(self._port, str):
            self._modem = await Modem.open(self._port, self._baudrate)
        else:
            self._modem = self._port
        try:
            self._stop_listening = self._modem.listen(self._on_line, self._on_lost)
            await self._declarations.create()
            self._registration.move(DeviceEvent.CREATE)
        except BaseException as error:
            await to_the_end(self._undo(error))
            raise
        self._requests.start()

    async def _undo(self, error: BaseException) -> None:
        # A module that is gone or mute would only make the caller wait once more.
        if not isinstance(error, PortError | CommandTimeout | ModemReset):
            await self._declarations.delete_all()
        await self._leave_port()

    async def add_resource(
        self,
        path: Path | str,
        type: ValueType,  # noqa: A002  # the field's word
        value: Value,
        access: Access = Access.READABLE,
    ) -> Resource:
        """Declare a resource to the module. Before login only: later ones are never reported."""
        resource = Resource(path, type, value, access)
        async with self._declarations.changing:
            self._registration.check(DeviceEvent.CONNECT, "resources are declared before login")
            await to_the_end(self._declarations.declare(resource))
            return resource

    async def remove_resource(self, resource: Resource) -> None:
        """Serve and report it no more; the last one of an instance takes that with it."""
        async with self._declarations.changing:
            instance = self._declarations.withdraw(resource)
            if instance is None:
                return
            await to_the_end(self._declarations.delete(instance))
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
        """
        self._registration.check(DeviceEvent.CLOSE)
        try:
            await self._continuity.stop()  # it would log in again
            await self._registration.close(timeout)
        finally:
            self._continuity.resume()

    async def destroy(self) -> None:
        """Log out if need be, delete everything from the module, close the port if it is ours.

        Never raises for what the module does: it is left as clean as it lets itself be left.
        Not interrupted by a cancellation. A second call waits for the first one's end.
        """
        self._requests.let_caller_go()
        if self._destroying is None:
            self._registration.end()
            self._continuity.end()
            self._destroying = asyncio.create_task(self._destroy())
        await to_the_end(self._destroying)

    async def _destroy(self) -> None:
        async with self._creating:
            pass  # a creation under way undoes itself first
        await self._continuity.stop()
        try:
            await self._registration.settled()
            if self._registration.allows(DeviceEvent.CLOSE):
                await self.close()
        except M5310Error as error:
            _log.warning("the logout did not succeed: %s", error)
        await self._requests.close()
        async with self._declarations.changing:  # a declaration under way is done to its end
            if self._modem is not None and self.state is not DeviceState.LOST:
                await self._declarations.delete_all()
        await self._leave_port()
        # whatever the module said last: it is forgotten there
        self._registration.follow(DeviceEvent.CLOSED)
        self._registration.follow(DeviceEvent.DESTROY)

    async def _leave_port(self) -> None:
        self._stop_listening()
        gone = PortError("the device was destroyed")
        self._registration.fail(gone)
        self._reports.fail(gone)
        modem, self._modem = self._modem, None
        if modem is not None and modem is not self._port:
            await modem.close()

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

        With `acknowledge` also until the platform has it, or AcknowledgementTimeout. What the
        module took becomes the resources' value.
        """
        if not isinstance(what, Mapping):
            if value is None:
                raise ParameterError(f"{what!r}: no value to report")
            what = {what: value}
        report = await self.report(what, acknowledge=acknowledge)
        if acknowledge:
            await report.acknowledgement(timeout)
        return report

    async def report(
        self, values: Mapping[Resource, Value], *, acknowledge: bool = False
    ) -> Report:
        """Like `notify`, but leaves waiting for the platform to the caller."""
        for resource in values:
            self._resources.check(resource)
        self.check_registered()
        return await self._reports.send(values, acknowledge=acknowledge)

    def check_registered(self) -> None:
        """Raise why no report can go out now: StateError, or what the device was lost by."""
        self._registration.check_registered()

    async def left(self, timeout: float) -> None:  # noqa: ASYNC109
        """Wait until the device is out of service for good, at most `timeout` s.

        For good: not registered, and not being restored either.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._continuity.left()

    # --- what comes --------------------------------------------------------------------------

    def _on_line(self, line: str) -> None:
        if general.restarting(line):
            self._on_restart(line)
            return
        try:
            urc = classic.parse(line, self._reading)
        except AnswerError as error:
            _log.warning("a line is ignored: %s", error)
            return
        match urc:
            case ReadRequest() | WriteRequest() | ExecuteRequest():
                self._requests.arrived(urc, registered=self.state.registered)
            case Acknowledged():
                self._reports.acknowledged(urc.ackid)
            case Opened() | Closed() | Updated():
                self._registration.heard(urc)
            case Observed() | Discovered() | None:
                pass  # the module answers these itself; None is not of this language
            case _:
                assert_never(urc)

    def _on_lost(self, error: PortError) -> None:
        self._registration.lost(error)
        self._reports.fail(error)

    # --- coming back -------------------------------------------------------------------------

    def _on_restart(self, line: str) -> None:
        """Whoever waits for anything that the module was to say is told that it never will."""
        error = ModemReset(
            f"the module restarted by itself ({line}); its objects, sockets and registration "
            "are gone"
        )
        self.modem.abandon(error)
        self._reports.fail(error)
        self._requests.forget()
        self._declarations.forget()
        self._continuity.restarted(line, error)

    def _moved(self, event: DeviceEvent) -> None:
        self._continuity.moved(event)

    # --- commands ----------------------------------------------------------------------------

    async def _execute(self, command: Command) -> Answer:
        return await self.modem.execute(command)


def _nothing() -> None:
    """What stops listening before anybody listens."""
