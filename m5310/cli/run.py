"""`m5310 run`: a OneNET device from a file, without writing a program."""

from __future__ import annotations

import argparse
import asyncio
import math
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing

from m5310.at.modem import Modem
from m5310.cli.exits import Exit
from m5310.cli.explain.questions import signal_words, status_words
from m5310.cli.run_measure import output_of
from m5310.cli.run_profile import Item, Profile, assignment, parsed, value_of
from m5310.cli.terminal import stdin
from m5310.cli.terminal.output import Screen, Style
from m5310.cli.terminal.session import first_to_end
from m5310.commands.network import NetworkStatus
from m5310.device.device import URI, Device
from m5310.device.reports import Report, ReportState
from m5310.errors import M5310Error, ParameterError, PortError, StateError
from m5310.lwm2m.path import Path
from m5310.lwm2m.resources import Resource
from m5310.lwm2m.values import Value
from m5310.module.attach import Setup
from m5310.module.attach_errors import Attempt
from m5310.module.module import Module


async def command(given: argparse.Namespace, screen: Screen) -> int:
    name = str(given.profile)
    profile = parsed(given.profile.read_bytes(), name)
    port = given.port or profile.port
    if port is None:
        raise ParameterError(f'{name}: port is missing; write port = "..." or use --port')
    baud = given.baud or profile.baud
    # Two openings of the port: a device survives the loss of a port only if it is its own.
    async with Module(port, baud) as module:
        await _attach(module, given.timeout, screen)
        endpoint = given.endpoint or profile.endpoint or await _endpoint(module)
    trial = Trial(screen, acknowledge=profile.acknowledge)
    async with trial.device(port, baud, endpoint, profile) as device:
        try:
            await trial.login(device, profile, given.timeout)
            screen.say(f"logged in as {endpoint}; Ctrl-C logs out", Style.GREEN)
            await trial.serve(device, profile)
        except asyncio.CancelledError:
            screen.tell("logging out; Ctrl-C again leaves at once")
            raise
    screen.tell("the device is logged in no more: the platform or the module has ended it")
    return Exit.WRONG


async def _attach(module: Module, seconds: float, screen: Screen) -> None:
    async with screen.working("looking for the network") as say:

        def progress(attempt: Attempt) -> None:
            status = status_words(NetworkStatus(attempt.stat, reject_cause=attempt.cause))
            say(f"looking for the network: {status}, {signal_words(attempt.signal)}")

        # from level 3 on a network that denies says why
        await module.attach(seconds, setup=Setup(registration=3), progress=progress)


async def _endpoint(module: Module) -> str:
    return f"{await module.imei()};{await module.imsi()}"


class Trial:
    """The device of a profile, everything that happens to it shown on a screen."""

    def __init__(self, screen: Screen, *, acknowledge: bool = False) -> None:
        self._screen = screen
        self._acknowledge = acknowledge
        self._resources: dict[Path, Resource] = {}
        # What the platform does is shown by a task of ours: a reader of the output who has gone
        # must end the command, and not be answered to the platform as a refusal.
        self._happened: asyncio.Queue[str] = asyncio.Queue()
        self._unconfirmed: asyncio.Queue[tuple[Report, str]] = asyncio.Queue()

    def device(self, port: str | Modem, baud: int, endpoint: str, profile: Profile) -> Device:
        return Device(
            port,
            endpoint,
            baudrate=baud,
            uri=URI if profile.uri is None else profile.uri,
            lifetime=profile.lifetime,
            recover=profile.recover,
            outbox=profile.outbox,
            when_full=profile.when_full,
            on_read=self._on_read,
            on_write=self._on_write,
            on_execute=self._on_execute,
            on_event=lambda event: self._screen.tell(str(event)),
        )

    async def login(self, device: Device, profile: Profile, seconds: float) -> None:
        """Declare what the profile has, and log in."""
        async with self._screen.working("logging in"):
            for item in profile.items:
                resource = await device.add_resource(item.path, item.type, item.value, item.access)
                self._resources[item.path] = resource
            await device.connect(seconds)

    async def serve(self, device: Device, profile: Profile) -> None:
        """Until the device is out of service for good. Raises PortError if it is for the port."""
        descriptor = sys.stdin.fileno()
        ours = not stdin.in_background(descriptor)
        lines = stdin.lines(descriptor) if ours else stdin.nothing()
        await first_to_end(
            self._show(),
            self._confirm(),
            self._until_left(device),
            self._follow(device, lines),
            *(self._measure(device, item) for item in profile.items if item.command),
        )

    # --- values ------------------------------------------------------------------------------

    async def _measure(self, device: Device, item: Item) -> None:
        assert item.command is not None
        clock = asyncio.get_running_loop().time
        while True:
            began = clock()
            try:
                output = await output_of(item.command, item.every)
                await self._report(device, item.path, output)
            except M5310Error as error:
                _outlived(device, error)
                self._screen.tell(f"{item.path}: {error}")
            await asyncio.sleep(began + item.every - clock())

    async def _follow(self, device: Device, lines: AsyncGenerator[str, None]) -> None:
        """Report what the lines say; their end is not ours."""
        async with aclosing(lines):
            async for line in lines:
                if not line.strip():
                    continue
                try:
                    path, text = assignment(line)
                    await self._report(device, path, text)
                except M5310Error as error:
                    _outlived(device, error)
                    self._screen.tell(str(error))
        await asyncio.get_running_loop().create_future()

    async def _report(self, device: Device, path: Path, text: str) -> None:
        resource = self._resources.get(path)
        if resource is None:
            raise ParameterError(f"{path} is not in the profile")
        value = value_of(resource.type, text)
        report = await device.report({resource: value}, acknowledge=self._acknowledge)
        kept = report.state is ReportState.QUEUED
        what = f"{path} = {_shown(value)}"
        self._happened.put_nowait(f"{'kept' if kept else 'reported'} {what}")
        if self._acknowledge:
            self._unconfirmed.put_nowait((report, what))

    async def _confirm(self) -> None:
        """Show of each report, in their order, whether the platform has it."""
        while True:
            report, what = await self._unconfirmed.get()
            try:
                await report.acknowledgement(None)
            except M5310Error as error:
                self._screen.tell(f"{what}: {error}")
            else:
                self._happened.put_nowait(f"acknowledged {what}")

    # --- what the platform does --------------------------------------------------------------

    async def _on_read(self, resource: Resource) -> None:
        self._happened.put_nowait(f"read {resource.path}: {_shown(resource.value)}")

    async def _on_write(self, resource: Resource, value: Value) -> None:
        self._happened.put_nowait(f"written {resource.path} = {_shown(value)}")

    async def _on_execute(self, resource: Resource, arguments: bytes) -> None:
        given = f" with {arguments.decode(errors='replace')!r}" if arguments else ""
        self._happened.put_nowait(f"executed {resource.path}{given}")

    async def _show(self) -> None:
        while True:
            self._screen.say(await self._happened.get())

    async def _until_left(self, device: Device) -> None:
        """Raises PortError if that is why."""
        await device.left(math.inf)
        try:
            device.check_registered()
        except StateError:
            return


def _outlived(device: Device, error: M5310Error) -> None:
    """Raise what ends the device with a report; anything else costs that report only."""
    if isinstance(error, PortError) and not device.in_service:
        raise error


def _shown(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value.hex() if isinstance(value, bytes) else str(value)
