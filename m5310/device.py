"""A device on OneNET, carried by one module: create, declare, log in, report, serve, leave."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Final, Self, assert_never, overload

from m5310 import classic, commands
from m5310.at import Answer, Command
from m5310.callbacks import Callback
from m5310.errors import (
    AnswerError,
    Code,
    CommandError,
    CommandTimeout,
    M5310Error,
    ParameterError,
    PortError,
    StateError,
)
from m5310.lwm2m import Access, ObjectTree, Path, Resource
from m5310.miplconf import Blocks, Config
from m5310.modem import Modem
from m5310.registration import CLOSE, CONNECT, UPDATE, Registration
from m5310.reports import ACKNOWLEDGED, Report, Reports
from m5310.requests import ANSWER_WITHIN, Handlers, Requests
from m5310.shield import to_the_end
from m5310.states import DeviceEvent, DeviceState
from m5310.urc import (
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
from m5310.values import Value, ValueType

URI: Final = "coap://183.230.40.40:5683"
"""OneNET's LwM2M server (seen)."""

_log = logging.getLogger("m5310.device")


class Device:
    """One device. `async with` creates it, and leaves the module clean whatever happens.

    `port` is a pyserial URL, opened and closed here, or a `Modem` that stays the caller's.
    `endpoint` is `<imei>;<imsi>`, `lifetime` in seconds, 10..86400. For the callbacks see
    `m5310.requests.Handlers`; each must end `answer_within` s after its request arrived.
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
    ) -> None:
        if not isinstance(port, str | Modem):
            raise ParameterError(
                f"{port!r} is no port; expected a name like /dev/ttyUSB0, or a Modem"
            )
        self._config = Config(endpoint, uri, lifetime, bootstrap, blocks=blocks)
        self._registration = Registration(self._execute, self._config)
        self._port = port
        self._baudrate = baudrate
        self._reading = reading
        self._modem: Modem | None = None
        self._stop_listening: Callable[[], None] = _nothing
        self._creating = asyncio.Lock()
        self._destroying: asyncio.Task[None] | None = None
        self._resources = ObjectTree()
        self._instances: dict[Path, None] = {}  # what the module was told of, in order
        self._declaring = asyncio.Lock()
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
            await self._tolerated(commands.error_numbers(on=True))
            await self._configure()
            self._registration.move(DeviceEvent.CREATE)
        except BaseException as error:
            await to_the_end(self._undo(error))
            raise
        self._requests.start()

    async def _undo(self, error: BaseException) -> None:
        # A module that is gone or mute would only make the caller wait once more.
        if not isinstance(error, PortError | CommandTimeout):
            await self._delete_all()
        await self._leave_port()

    async def _configure(self) -> None:
        lines = classic.configure(self._config)
        try:
            for line in lines:
                await self._execute(line)
        except CommandError as error:
            _log.info("the module holds an instance already (%s): it is deleted first", error)
        else:
            return
        closed = self._registration.expect(Closed)
        try:
            await self._execute(classic.close())
        except CommandError as error:
            _log.debug("it is not logged in: %s", error)
        else:
            # DEL is refused as long as the logout is under way
            await asyncio.wait({closed}, timeout=CLOSE)
        await self._tolerated(classic.delete())
        for line in lines:
            await self._execute(line)

    async def add_resource(
        self,
        path: Path | str,
        type: ValueType,  # noqa: A002  # the field's word
        value: Value,
        access: Access = Access.READABLE,
    ) -> Resource:
        """Declare a resource to the module. Before login only: later ones are never reported."""
        resource = Resource(path, type, value, access)
        async with self._declaring:
            self._registration.check(DeviceEvent.CONNECT, "resources are declared before login")
            return await to_the_end(self._declare(resource))

    async def _declare(self, resource: Resource) -> Resource:
        self._resources.add(resource)
        path, instance = resource.path, Path(resource.path.object, resource.path.instance)
        try:
            if instance not in self._instances:
                await self._execute(classic.add_object(path))
                self._instances[instance] = None
            await self._execute(classic.notify(path, resource.type, resource.text))
        except M5310Error:
            self._resources.remove(resource)
            raise
        return resource

    async def remove_resource(self, resource: Resource) -> None:
        """Serve and report it no more; the last one of an instance takes that with it."""
        async with self._declaring:
            self._resources.remove(resource)
            path = Path(resource.path.object, resource.path.instance)
            if path in self._resources.instances() or path not in self._instances:
                return
            await to_the_end(self._execute(classic.delete_object(path)))
            self._instances.pop(path, None)
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
        """Renew the registration for another lifetime. Raises RegistrationError."""
        await self._registration.update(with_objects=with_objects, timeout=timeout)

    async def close(self, timeout: float = CLOSE) -> None:  # noqa: ASYNC109
        """Log out. Raises RegistrationError if nothing confirms it in time.

        The device is DEREGISTERED in either case: the module forgets what the platform may not.
        """
        await self._registration.close(timeout)

    async def destroy(self) -> None:
        """Log out if need be, delete everything from the module, close the port if it is ours.

        Never raises for what the module does: it is left as clean as it lets itself be left.
        Not interrupted by a cancellation. A second call waits for the first one's end.
        """
        self._requests.let_caller_go()
        if self._destroying is None:
            self._registration.end()
            self._destroying = asyncio.create_task(self._destroy())
        await to_the_end(self._destroying)

    async def _destroy(self) -> None:
        async with self._creating:
            pass  # a creation under way undoes itself first
        try:
            await self._registration.settled()
            if self._registration.allows(DeviceEvent.CLOSE):
                await self.close()
        except M5310Error as error:
            _log.warning("the logout did not succeed: %s", error)
        await self._requests.close()
        async with self._declaring:  # a declaration under way is done to its end
            if self._modem is not None and self.state is not DeviceState.LOST:
                await self._delete_all()
        await self._leave_port()
        # whatever the module said last: it is forgotten there
        self._registration.follow(DeviceEvent.CLOSED)
        self._registration.follow(DeviceEvent.DESTROY)

    async def _delete_all(self) -> None:
        try:
            for instance in self._instances:
                await self._tolerated(classic.delete_object(instance))
            await self._tolerated(classic.delete())
        except (PortError, CommandTimeout) as error:
            _log.warning("the module could not be left clean: %s", error)
        self._instances.clear()

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
        """Raise why no report can go out now: StateError, or the PortError of a lost port."""
        self._registration.check_registered()

    async def left(self, timeout: float) -> None:  # noqa: ASYNC109
        """Wait until the device is registered no more, at most `timeout` s."""
        await self._registration.left(timeout)

    # --- what comes --------------------------------------------------------------------------

    def _on_line(self, line: str) -> None:
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

    # --- commands ----------------------------------------------------------------------------

    async def _execute(self, command: Command) -> Answer:
        return await self.modem.execute(command)

    async def _tolerated(self, command: Command) -> None:
        """Send what may be refused or stay without answer; a lost port and a mute module matter."""
        try:
            await self._execute(command)
        except PortError:
            raise
        except CommandTimeout as error:
            if not error.sent:
                raise  # not even AT was answered: nothing else will be
            _log.debug("tolerated: %s", error)
        except M5310Error as error:
            _log.debug("tolerated: %s", error)


def _nothing() -> None:
    """What stops listening before anybody listens."""
