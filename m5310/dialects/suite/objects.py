"""The objects that a module holds for a device, each with all its instances in one line."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterable

from m5310.at.codec import Command, Execute
from m5310.dialects.dialect import ATTEMPTS, Commands
from m5310.dialects.suite import commands
from m5310.errors import CommandError, CommandTimeout
from m5310.lwm2m.path import Path
from m5310.lwm2m.resources import Access, ObjectTree, Resource

_log = logging.getLogger("m5310.device")


class Objects:
    """`resources` are those of the device, read here only. `declares`: the module wants the ids of
    the resources before each login. `ref` is the number of the instance."""

    def __init__(self, resources: ObjectTree, *, declares: bool) -> None:
        self._resources = resources
        self._declares = declares
        self._held: dict[int, str] = {}  # by object: the line that added it, empty if in doubt

    def forget(self) -> None:
        """The module holds none."""
        self._held.clear()

    async def prepare(self, execute: Execute, ref: int) -> None:
        """Delete, add and declare objects, so that the module has those of the device. Raises what
        `execute` raises."""
        wanted = self._wanted(ref)
        for number in [each for each in self._held if each not in wanted]:
            await self._drop(execute, ref, number)
        for number, command in wanted.items():
            if self._held.get(number) != command.line:
                if number in self._held:
                    await self._drop(execute, ref, number)
                await self._add(execute, ref, number, command)
        for command in self._declarations(ref, wanted):
            await _declare(execute, command)

    def without(self, ref: int, instance: Path) -> Commands:
        """Delete an instance: its object goes, and comes again with the others.

        Nothing, if the instance still has resources: then all is about to be deleted.
        """
        number = instance.object
        if number not in self._held or instance in self._resources.instances():
            return ()
        self._held[number] = ""
        delete = commands.delete_object(ref, number)
        rest = self._wanted(ref).get(number)
        if rest is None:
            return (delete,)
        return delete, rest, *self._declarations(ref, [number])

    def ids(self, number: int) -> tuple[int, ...]:
        """The resources of all instances of an object, as many as a line takes."""
        ids = sorted({each.path.resource for each in self._resources if each.path.object == number})
        while len(";".join(map(str, ids))) > commands.IDS_LIMIT:
            _log.warning("object %d: resource %d is not listed: the line is full", number, ids[-1])
            ids.pop()
        return tuple(ids)

    async def _add(self, execute: Execute, ref: int, number: int, command: Command) -> None:
        """Add an object. The line may have damaged the command, or its result."""
        for left in reversed(range(ATTEMPTS)):
            self._held[number] = ""
            try:
                await execute(command)
            except (CommandError, CommandTimeout) as error:
                if not left or (isinstance(error, CommandTimeout) and not error.sent):
                    raise
                _log.info("adding object %d again: %s", number, error)
                await self._drop(execute, ref, number)
            else:
                self._held[number] = command.line
                return

    async def _drop(self, execute: Execute, ref: int, number: int) -> None:
        with contextlib.suppress(CommandError):  # it was not there
            await execute(commands.delete_object(ref, number))
        self._held.pop(number, None)

    def _wanted(self, ref: int) -> dict[int, Command]:
        """The line that adds each object, by its number."""
        found: dict[int, list[Resource]] = {}
        for resource in self._resources:
            found.setdefault(resource.path.object, []).append(resource)
        return {number: _line(ref, number, found[number]) for number in sorted(found)}

    def _declarations(self, ref: int, objects: Iterable[int]) -> Commands:
        if not self._declares:
            return ()
        return tuple(commands.declare(ref, each, self.ids(each)) for each in objects)


async def _declare(execute: Execute, command: Command) -> None:
    """Declare resources. Firmware that leaves discovers to the host refuses it, such as that of
    2018 for M5310-A, which has the name of a later one that wants it."""
    for left in reversed(range(ATTEMPTS)):
        try:
            await execute(command)
        except CommandError as error:  # or the line has damaged it
            if not left:
                _log.info("the platform asks the host for the resources: %s", error)
        else:
            return


def _line(ref: int, number: int, resources: list[Resource]) -> Command:
    ids = {each.path.resource for each in resources}
    # guess: "attributes" are what has a value, "actions" what can only be executed. NB86 wants one
    # attribute or more, and together at least as many as a discover lists (seen).
    valued = Access.READABLE | Access.WRITABLE
    attributes = {each.path.resource for each in resources if each.access & valued}
    instances = (each.path.instance for each in resources)
    actions = len(ids - attributes)
    return commands.add_object(ref, number, instances, max(len(attributes), 1), actions)
