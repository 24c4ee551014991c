"""`m5310 run`: run a OneNET device described by a file."""

from __future__ import annotations

import argparse
import asyncio
import math
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing

from m5310.at.modem import Modem
from m5310.cli.exits import Exit
from m5310.cli.run_measure import command_output
from m5310.cli.run_profile import (
    Item,
    Profile,
    parse_assignment,
    parse_profile,
    parse_value,
)
from m5310.cli.terminal import stdin
from m5310.cli.terminal.output import Output, Style
from m5310.cli.terminal.session import run_until_first_ends
from m5310.device.device import URI, Device
from m5310.device.events import Created, LoggedIn, Reported, UpkeepEvent
from m5310.device.reports import Report, ReportState
from m5310.errors import M5310Error, ParameterError, PortError, StateError, Text
from m5310.lwm2m.path import Path
from m5310.lwm2m.resources import Resource
from m5310.lwm2m.values import Value
from m5310.module.attach import Setup
from m5310.module.attach_errors import Attempt
from m5310.module.module import Module


async def command(given: argparse.Namespace, output: Output) -> int:
    name = str(given.profile)
    profile = parse_profile(given.profile.read_bytes(), name)
    port = given.port or profile.port
    if port is None:
        raise ParameterError(
            Text('{file}: port is missing; add port = "..." or use --port', file=name)
        )
    baud = given.baud or profile.baud
    # The port is opened twice: a device reopens a lost port only if it opened it itself.
    async with Module(port, baud) as module:
        await _attach(module, given.timeout, output)
        endpoint = given.endpoint or profile.endpoint
        endpoint = endpoint or f"{await module.imei()};{await module.imsi()}"
    runner = DeviceRunner(output, acknowledge=profile.acknowledge)
    async with runner.device(port, baud, endpoint, profile) as device:
        try:
            await runner.login(device, profile, given.timeout)
            output.sentence(
                Text("logged in as {endpoint}; Ctrl-C logs out", endpoint=endpoint), Style.GREEN
            )
            await runner.serve(device, profile)
        except asyncio.CancelledError:
            output.erase_echo()
            output.message(Text("logging out; Ctrl-C again exits at once"))
            raise
    output.message(
        Text("the device is no longer logged in: the platform or the module logged it out")
    )
    return Exit.FAILED


async def _attach(module: Module, seconds: float, output: Output) -> None:
    async with output.progress(Text("searching for the network")) as show_progress:

        def progress(attempt: Attempt) -> None:
            show_progress(Text("network: {attempt}", attempt=attempt))

        # from level 3 on +CEREG carries the reject cause
        await module.attach(seconds, setup=Setup(registration=3), progress=progress)


class DeviceRunner:
    """Runs the device of a profile and prints its events."""

    def __init__(self, output: Output, *, acknowledge: bool = False) -> None:
        self._output = output
        self._acknowledge = acknowledge
        self._resources: dict[Path, Resource] = {}
        # Printed by its own task: a closed output must end the command, and not make a callback
        # fail, which the platform would see as a refusal.
        self._events: asyncio.Queue[str] = asyncio.Queue()
        self._followed: asyncio.Queue[tuple[Report, str, bool]] = asyncio.Queue()

    def device(self, port: str | Modem, baud: int, endpoint: str, profile: Profile) -> Device:
        return Device(
            port,
            endpoint,
            baudrate=baud,
            module=profile.module,
            uri=URI if profile.uri is None else profile.uri,
            lifetime=profile.lifetime,
            recover=profile.recover,
            outbox=profile.outbox,
            when_full=profile.when_full,
            on_read=self._on_read,
            on_write=self._on_write,
            on_execute=self._on_execute,
            on_event=self._on_event,
        )

    async def login(self, device: Device, profile: Profile, seconds: float) -> None:
        """Add the resources of the profile, and log in within `seconds`."""
        async with self._output.progress(Text("logging in")):
            for item in profile.items:
                resource = await device.add_resource(item.path, item.type, item.value, item.access)
                self._resources[item.path] = resource
            await device.connect(seconds)

    async def serve(self, device: Device, profile: Profile) -> None:
        """Report values until the device is logged out. Raises PortError if the port is lost."""
        descriptor = sys.stdin.fileno()
        background = stdin.in_background(descriptor)
        lines = stdin.no_lines() if background else stdin.read_lines(descriptor)
        await run_until_first_ends(
            self._print_events(),
            self._print_outcomes(),
            self._wait_logged_out(device),
            self._report_lines(device, lines),
            *(self._report_command(device, item) for item in profile.items if item.command),
        )

    # --- values ------------------------------------------------------------------------------

    async def _report_command(self, device: Device, item: Item) -> None:
        assert item.command is not None
        clock = asyncio.get_running_loop().time
        while True:
            began = clock()
            try:
                output = await command_output(item.command, item.every)
                await self._report(device, item.path, output)
            except M5310Error as error:
                _raise_if_over(device, error)
                self._output.message(Text("{what}: {reason}", what=item.path, reason=error))
            await asyncio.sleep(began + item.every - clock())

    async def _report_lines(self, device: Device, lines: AsyncGenerator[str, None]) -> None:
        """Report the value of each line; continue after the end of the input."""
        async with aclosing(lines):
            async for line in lines:
                if not line.strip():
                    continue
                try:
                    path, text = parse_assignment(line)
                    await self._report(device, path, text)
                except M5310Error as error:
                    _raise_if_over(device, error)
                    self._output.message(str(error))
        await asyncio.get_running_loop().create_future()

    async def _report(self, device: Device, path: Path, text: str) -> None:
        resource = self._resources.get(path)
        if resource is None:
            raise ParameterError(
                Text("{path} is not in the profile; add a [[resource]] for it", path=path)
            )
        value = parse_value(resource.type, text)
        report = await device.report({resource: value}, acknowledge=self._acknowledge)
        queued = report.state is ReportState.QUEUED
        what = f"{path} = {_format(value)}"
        if queued:
            self._events.put_nowait(Text("queued {what}", what=what))
        else:
            self._events.put_nowait(Text("reported {what}", what=what))
        if queued or self._acknowledge:
            self._followed.put_nowait((report, what, queued))

    async def _print_outcomes(self) -> None:
        """Print, in order, what becomes of queued reports, and of those to be acknowledged."""
        while True:
            report, what, queued = await self._followed.get()
            try:
                if queued:
                    await report.accepted()
                    self._events.put_nowait(Text("reported {what}", what=what))
                if self._acknowledge:
                    await report.acknowledgement(None)
                    self._events.put_nowait(Text("acknowledged {what}", what=what))
            except M5310Error as error:
                self._output.message(Text("{what}: {reason}", what=what, reason=error))

    # --- events ------------------------------------------------------------------------------

    def _on_event(self, event: UpkeepEvent) -> None:
        if not isinstance(event, Created | LoggedIn | Reported):  # printed where they are awaited
            self._output.message(str(event))

    async def _on_read(self, resource: Resource) -> None:
        self._events.put_nowait(
            Text("read {path}: {value}", path=resource.path, value=_format(resource.value))
        )

    async def _on_write(self, resource: Resource, value: Value) -> None:
        self._events.put_nowait(
            Text("written {path} = {value}", path=resource.path, value=_format(value))
        )

    async def _on_execute(self, resource: Resource, arguments: bytes) -> None:
        path, given = resource.path, repr(arguments.decode(errors="replace"))
        if arguments:
            self._events.put_nowait(Text("executed {path} with {given}", path=path, given=given))
        else:
            self._events.put_nowait(Text("executed {path}", path=path))

    async def _print_events(self) -> None:
        while True:
            self._output.result(await self._events.get())

    async def _wait_logged_out(self, device: Device) -> None:
        """Raises PortError if the port was lost."""
        await device.left(math.inf)
        try:
            device.check_registered()
        except StateError:
            return


def _raise_if_over(device: Device, error: M5310Error) -> None:
    """Raise `error` if the device cannot recover from it; otherwise only this report failed."""
    if isinstance(error, PortError) and not device.in_service:
        raise error


def _format(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    # a line end in a text must not look like the next event
    return value.hex() if isinstance(value, bytes) else str(value).replace("\n", "\\n")
