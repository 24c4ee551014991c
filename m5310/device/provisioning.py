"""Provisioning: the configuration, object instances and resources that the module holds."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from m5310.at.codec import PROMPT
from m5310.at.tasks import Pending
from m5310.device.events import UpkeepEvent, announced
from m5310.device.language import Language
from m5310.dialects.dialect import ATTEMPTS, Commands, Dialect, execute_all, undo_all
from m5310.dialects.urcs import Closed, Opened
from m5310.errors import (
    CommandError,
    CommandTimeout,
    M5310Error,
    ModemReset,
    ParameterError,
    PortError,
    Text,
)
from m5310.lwm2m.path import Path
from m5310.lwm2m.resources import ObjectTree, Resource
from m5310.module.link import Session
from m5310.module.queries import Queries
from m5310.module.settings import Settings

LOGOUT: Final = 30.0
"""Seconds that the logout of a previous program may take."""  # guess: as `registration.CLOSE`

LOGIN: Final = 65.0
"""Seconds that a login of a previous program may take: `registration.CONNECT`, and a margin."""

RESTARTS: Final = 2
"""Restarts of the module, or lost results, that `create` survives: opening the port resets many
boards once; one is spare."""

INCORRECT_PARAMETERS: Final = 50
"""CME number (TS 27.007 9.2)."""

_log = logging.getLogger("m5310.device")


class Provisioning:
    """Creates, declares, restores and deletes what the module holds of the device.

    `outcomes` brings the module's next `Opened` or `Closed`. A caller that changes the resources
    holds `lock`. `emit` gets a `Waiting` for each long wait. Methods raise CommandError,
    CommandTimeout, ModemReset and PortError unless they say otherwise.
    """

    def __init__(
        self,
        resources: ObjectTree,
        module: Queries,
        settings: Settings,
        dialect: Dialect,
        session: Session,
        outcomes: Pending[type, bool],
        emit: Callable[[UpkeepEvent], None] = lambda _: None,
        language: Language | None = None,
    ) -> None:
        self._resources = resources
        self._module = module
        self._settings = settings
        self._dialect = dialect
        self._session = session
        self._outcomes = outcomes
        self._emit = emit
        self._language = language or Language(dialect)
        self._instances: dict[Path, None] = {}  # that the module holds, in the order added
        self._maybe_instances: set[Path] = set()  # were sent, but no result came
        self.lock: Final = asyncio.Lock()

    async def create(self) -> None:
        """Configure the module, again if it restarts meanwhile: opening the port resets many."""
        failures = 0
        while True:
            session = self._session.number
            try:
                await self.configure()
            except ModemReset as error:
                failure: M5310Error = error
            except CommandTimeout as error:
                if not error.sent:
                    raise
                failure = error  # if it was executed, the next attempt deletes the instance first
            else:
                if session == self._session.number:
                    return
                assert self._session.interruption is not None
                failure = self._session.interruption  # just after it was configured
            failures += 1
            if failures > RESTARTS:
                raise failure

    async def configure(self) -> None:
        """Configure the module; an instance of a previous program is deleted first."""
        with announced(self._emit, Text("the module has not answered yet"), 2 * PROMPT):
            await self._try(self._settings.error_numbers())
        try:
            await self._dialect.configure(self._module.execute)
        except CommandError as error:
            _log.info("deleting the instance of a previous program: %s", error)
            refused = error
        else:
            return None
        opened = self._outcomes.expect(Opened)
        if not await self._delete_previous():
            if await self._speaks_other(refused):
                return await self.configure()
            # Either there is none and the line damaged the configuration, or a login of the
            # previous program is under way: then nothing is accepted before its end.
            try:
                return await self._retry_configure()
            except CommandError as error:
                if await self._language.is_later(self._module.execute):
                    return await self.configure()
                if error.number == INCORRECT_PARAMETERS:
                    raise
            with announced(self._emit, Text("a login of the previous program is under way"), LOGIN):
                await asyncio.wait({opened}, timeout=LOGIN)
            await self._delete_previous()
        try:
            return await self._retry_configure()
        except CommandError as error:
            # another module may take the logout and the deletion, and only refuse this
            if await self._speaks_other(error, last=True):
                return await self.configure()
            raise

    async def _speaks_other(self, refused: CommandError, *, last: bool = False) -> bool:
        """Whether the module speaks another dialect, which is spoken from now on; see
        `Language.judge`."""
        return await self._language.judge(self._module.execute, refused, last=last)

    async def _retry_configure(self) -> None:
        """Configure a module that holds no instance: a refusal means a damaged line."""
        for _ in range(ATTEMPTS - 1):
            with contextlib.suppress(CommandError):
                return await self._dialect.configure(self._module.execute)
        return await self._dialect.configure(self._module.execute)

    async def _delete_previous(self) -> bool:
        """Log out and delete the instance of a previous program; False if that is refused."""
        closed = self._outcomes.expect(Closed)
        try:
            await self._execute(self._dialect.close())
        except CommandError as error:
            _log.debug("not logged in: %s", error)
        else:
            # the module refuses to delete the instance until the logout has ended
            with announced(self._emit, Text("the previous program is being logged out"), LOGOUT):
                await asyncio.wait({closed}, timeout=LOGOUT)
        return await self._try(self._execute(self._dialect.delete()))

    async def declare(self, resource: Resource) -> None:
        """Add a resource to the device and declare it to the module, with its instance."""
        self._resources.add(resource)
        try:
            await self._retry_declare(resource)
        except M5310Error:
            self._resources.remove(resource)
            raise

    async def _retry_declare(self, resource: Resource) -> None:
        """Declare a resource, again after a refusal or without a result.

        The line may have damaged the command. A second declaration changes nothing.
        """
        for _ in range(ATTEMPTS - 1):
            try:
                return await self._declare(resource, resource.text)
            except (CommandError, CommandTimeout) as error:
                if isinstance(error, CommandTimeout) and not error.sent:
                    raise
                _log.info("declaring %s again: %s", resource.path, error)
        return await self._declare(resource, resource.text)

    async def _declare(self, resource: Resource, text: str) -> None:
        instance = resource.path.instance_path
        if instance not in self._instances:
            await self._add(instance)
            self._instances[instance] = None
        await self._execute(self._dialect.declare(resource, text))

    async def _add(self, instance: Path) -> None:
        """Add an instance. The module refuses one that it holds: its result may have been lost."""
        try:
            await self._execute(self._dialect.add_instance(instance))
        except CommandTimeout as error:
            if error.sent:
                self._maybe_instances.add(instance)
            raise
        except CommandError as error:
            if instance not in self._maybe_instances:
                raise
            _log.debug("%s was added before, and the result was lost: %s", instance, error)
        self._maybe_instances.discard(instance)

    async def remove(self, resource: Resource) -> bool:
        """Delete the instance of a resource that was removed, if that is empty now.

        Returns whether it was, and is deleted now.
        """
        instance = resource.path.instance_path
        if instance in self._resources.instances() or instance not in self._instances:
            return False
        try:
            await self._undo(self._dialect.delete_instance(instance))
        except (PortError, ModemReset):
            return False  # the module has lost it, or is configured again without it
        self._instances.pop(instance, None)
        return True

    def forget(self) -> None:
        """Note that the module holds nothing: it has restarted, or its port is lost."""
        self._instances.clear()
        self._maybe_instances.clear()

    def may_be_gone(self, refused: CommandError) -> bool:
        """Whether the module may have refused a login because it has lost its configuration."""
        return self._dialect.may_lack_instance(refused)

    async def restore(self) -> None:
        """Configure the module and declare all resources, each with its present value."""
        async with self.lock:
            self.forget()
            await self.configure()
            for resource in self._resources:
                await self._declare(resource, _text(resource))

    async def delete_configuration(self) -> bool:
        """Delete the configuration with all instances; False if the module refuses that."""
        deleted = await self._try(self._undo(self._dialect.delete()))
        if deleted:
            self.forget()
        return deleted

    async def delete_all(self) -> None:
        """Delete everything from the module as far as it obeys. Raises nothing."""
        try:
            for instance in tuple(self._instances):  # a restart clears them meanwhile
                await self._try(self._undo(self._dialect.delete_instance(instance)))
            deleted = await self._try(self._undo(self._dialect.delete()))
            # a false line may have reported that it is logged out
            if not deleted and not await self._delete_previous():
                _log.warning("the module refused to delete the device, and may still hold it")
        except (PortError, CommandTimeout, ModemReset) as error:
            _log.warning("the module still holds the device: %s", error)
        self.forget()

    async def _execute(self, commands: Commands) -> None:
        await execute_all(self._module.execute, commands)

    async def _undo(self, commands: Commands) -> None:
        session = self._session.number  # a module that restarts meanwhile holds nothing
        await undo_all(self._module.execute, commands, lambda: session != self._session.number)

    async def _try(self, commands: Awaitable[object]) -> bool:
        """Execute commands that may be refused, or get no result; False if one is refused.

        Raises PortError, ModemReset, and CommandTimeout if the module did not answer AT either.
        """
        try:
            await commands
        except (PortError, ModemReset):
            raise
        except M5310Error as error:
            if isinstance(error, CommandTimeout) and not error.sent:
                raise
            _log.debug("ignoring %s", error)
            return not isinstance(error, CommandError)
        return True


def _text(resource: Resource) -> str:
    """The text of the value in a declaration; empty if the value cannot be sent."""
    try:
        return resource.text
    except ParameterError as error:
        # Such a value was written by the platform: a string with a quote in it. The resource
        # keeps it; an empty string is declared.
        _log.warning("declaring an empty value: %s", error)
        return ""
