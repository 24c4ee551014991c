"""What the module holds of a device: its configuration, its object instances, its resources."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any, Final

from m5310.at.codec import Command, Execute
from m5310.commands import general
from m5310.dialects.dialect import Commands, Dialect
from m5310.dialects.urcs import Closed, Opened
from m5310.errors import (
    CommandError,
    CommandTimeout,
    M5310Error,
    ModemReset,
    ParameterError,
    PortError,
)
from m5310.lwm2m.path import Path
from m5310.lwm2m.resources import ObjectTree, Resource
from m5310.module.link import Session

LOGOUT: Final = 30.0
"""Seconds an earlier program's logout may take. A guess, as `registration.CLOSE`."""

LOGIN: Final = 65.0
"""Seconds an earlier program's login may take to end: `registration.CONNECT`, and some more."""

RESTARTS: Final = 2
"""Restarts of the module, or results lost on the line, that `create` survives: one restart by the
opened port, one to spare."""

ATTEMPTS: Final = 3
"""How often a resource is said that the line may have garbled. A guess, as `outbox.ATTEMPTS`."""

_log = logging.getLogger("m5310.device")


class Provisioning:
    """`expect` gives a future of the module's next word of that kind.

    Whoever changes what is declared holds `changing`.
    """

    def __init__(
        self,
        resources: ObjectTree,
        execute: Execute,
        dialect: Dialect,
        session: Session,
        expect: Callable[[type[Opened | Closed]], asyncio.Future[bool]],
    ) -> None:
        self._resources = resources
        self._execute = execute
        self._dialect = dialect
        self._session = session
        self._expect = expect
        self._instances: dict[Path, None] = {}  # what the module was told of, in order
        self._perhaps: set[Path] = set()  # what it may have been told of: no result came
        self.changing = asyncio.Lock()

    async def create(self) -> None:
        """Configure a module whose port was just opened, which resets many boards."""
        setbacks = 0
        while True:
            session = self._session.number
            try:
                await self.configure()
            except ModemReset as error:
                failure: M5310Error = error
            except CommandTimeout as error:
                if not error.sent:
                    raise
                failure = error  # what was obeyed all the same is found and deleted
            else:
                if session == self._session.number:
                    return
                assert self._session.interruption is not None
                failure = self._session.interruption  # just after it was configured
            setbacks += 1
            if setbacks > RESTARTS:
                raise failure

    async def configure(self) -> None:
        """Configure the module; what an earlier program left behind in it is deleted first.

        Raises CommandError, CommandTimeout, ModemReset, PortError.
        """
        await self._tolerated(general.error_numbers(on=True))
        try:
            await self._dialect.configure(self._execute)
        except CommandError as error:
            _log.info("the module holds an instance already (%s): it is deleted first", error)
        else:
            return None
        opened = self._expect(Opened)
        if not await self._take_over():
            # There is none, and the line was garbled; or a login of the earlier program is under
            # way, and nothing can be done before its end.
            with contextlib.suppress(CommandError):
                return await self._insist()
            await asyncio.wait({opened}, timeout=LOGIN)
            await self._take_over()
        return await self._insist()

    async def _send(self, commands: Commands) -> None:
        for command in commands:
            await self._execute(command)

    async def _insist(self) -> None:
        """Nothing is there that could make the module refuse them, but the line may garble one."""
        for _ in range(ATTEMPTS - 1):
            with contextlib.suppress(CommandError):
                return await self._dialect.configure(self._execute)
        return await self._dialect.configure(self._execute)

    async def _take_over(self) -> bool:
        """Log out what an earlier program logged in and delete it. Whether it could be deleted."""
        closed = self._expect(Closed)
        try:
            await self._send(self._dialect.close())
        except CommandError as error:
            _log.debug("it is not logged in: %s", error)
        else:
            # DEL is refused as long as the logout is under way
            await asyncio.wait({closed}, timeout=LOGOUT)
        return await self._tolerated(*self._dialect.delete())

    async def declare(self, resource: Resource) -> None:
        """Tell the module of a resource, and of its instance; it is the device's afterwards."""
        self._resources.add(resource)
        try:
            await self._declare_surely(resource)
        except M5310Error:
            self._resources.remove(resource)
            raise

    async def _declare_surely(self, resource: Resource) -> None:
        """What is refused, or gets no result, may have been garbled on the line: it is said again,
        which changes nothing if it was obeyed."""
        for _ in range(ATTEMPTS - 1):
            try:
                return await self._declare(resource, resource.text)
            except CommandError as error:
                _log.info("declared again: %s", error)
            except CommandTimeout as error:
                if not error.sent:
                    raise
                _log.info("declared again: %s", error)
        return await self._declare(resource, resource.text)

    async def _declare(self, resource: Resource, text: str) -> None:
        instance = resource.path.instance_path
        if instance not in self._instances:
            await self._add(instance)
            self._instances[instance] = None
        await self._send(self._dialect.declare(resource, text))

    async def _add(self, instance: Path) -> None:
        """Tell the module of an instance, perhaps for the second time: it refuses that."""
        try:
            await self._send(self._dialect.add_instance(instance))
        except CommandTimeout as error:
            if error.sent:
                self._perhaps.add(instance)
            raise
        except CommandError as error:
            if instance not in self._perhaps:
                raise
            _log.debug("it was told already, its result got lost: %s", error)
        self._perhaps.discard(instance)

    def withdraw(self, resource: Resource) -> Path | None:
        """The device's no more. Returns the instance if the module must be told of its end."""
        self._resources.remove(resource)
        instance = resource.path.instance_path
        if instance in self._resources.instances() or instance not in self._instances:
            return None
        return instance

    async def delete(self, instance: Path) -> None:
        await self._send(self._dialect.delete_instance(instance))
        self._instances.pop(instance, None)

    def forget(self) -> None:
        """The module has restarted, or the port is gone: it holds nothing any more."""
        self._instances.clear()
        self._perhaps.clear()

    async def restore(self) -> None:
        """Tell the module everything again, each resource with its present value."""
        async with self.changing:
            self.forget()
            await self.configure()
            for resource in self._resources:
                await self._declare(resource, _text(resource))

    async def delete_all(self) -> None:
        """Leave the module as clean as it lets itself be left; raises nothing for it."""
        try:
            for instance in tuple(self._instances):  # a restart forgets them
                await self._tolerated(*self._dialect.delete_instance(instance))
            await self._tolerated(*self._dialect.delete())
        except (PortError, CommandTimeout, ModemReset) as error:
            _log.warning("the module could not be left clean: %s", error)
        self.forget()

    async def _tolerated(self, *commands: Command[Any]) -> bool:
        """Send what may be refused or stay without result; nothing worse is tolerated.

        Whether it was not refused.
        """
        try:
            await self._send(commands)
        except (PortError, ModemReset):
            raise
        except M5310Error as error:
            if isinstance(error, CommandTimeout) and not error.sent:
                raise  # not even AT was answered: nothing else will be
            _log.debug("tolerated: %s", error)
            return not isinstance(error, CommandError)
        return True


def _text(resource: Resource) -> str:
    """The value as a declaration carries it; the empty text for one that no line can carry."""
    try:
        return resource.text
    except ParameterError as error:
        # Only a text that the platform wrote is not checked (a quote in it), and only it can be
        # empty; the value itself stays what it is.
        _log.warning("declared empty: %s", error)
        return ""
