"""All waits of the driver in one table, and calls on a module that falls silent."""

from __future__ import annotations

import ast
import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest

import m5310
from m5310 import Device, M5310Error, Resource, ValueType
from m5310.at.codec import PROMPT
from m5310.device.provisioning import LOGIN, RESTARTS
from m5310.device.registration import CLOSE, OUTCOME_MARGIN, UPDATE
from tests.support.clock import run
from tests.support.unreliable_module import Mood, Platform, UnreliableModule

COAP = "RFC 7252 4.8.2, MAX_TRANSMIT_WAIT"

TABLE: Final = {
    # name: seconds, and their source; "guess" where there is none
    "at.codec.PROMPT": (5.0, "guess: hosts wait 1 to 5 s"),
    "at.engine.QUIET": (0.02, "u-blox, Zephyr; China Mobile asks for an interval without a number"),
    "at.engine.TEXT_PAUSE": (0.25, "guess: a module writes a line without a pause"),
    "at.engine.LINE_END": (0.04, "a character at 300 baud"),
    "at.resync.SETTLE": (0.1, "an OK at 9600 baud, with a margin"),
    "at.resync.PROBE_INTERVAL": (1.0, "boot time"),
    "at.resync.SETTLE_OWED": (1.5, "PROBE_INTERVAL and a half"),
    "at.wakeup.AWAKE": (2.0, "TS 24.008 10.5.7.4, the step of T3324; guess: the UART follows it"),
    "at.wakeup.WAKING": (5.0, "guess: as PROMPT"),
    "commands.general.RADIO_SWITCH": (90.0, "seen"),
    "commands.general.BOOT": (30.0, "guess: some seconds were seen"),
    "commands.network.SEARCH": (60.0, "guess"),
    "device.acknowledgements.OVERDUE": (103.0, "ACKNOWLEDGED, and 10 s for the line"),
    "device.answers.ANSWER_WITHIN": (3.0, "OneNET guide 5.1.3"),
    "device.callbacks.GRACE": (1.0, "guess"),
    "device.events.TOLD_AFTER": (2.0, "guess"),
    "device.firmware.ANSWER_WITHIN": (25.0, "OneNET guide 5.1.3: given up after 30 s"),
    "device.observations.OBSERVE_WITHIN": (10.0, "guess: up to 9 s were seen"),
    "device.outbox.BUSY_WAIT": (2.0, "guess"),
    "device.provisioning.LOGOUT": (30.0, "guess: as CLOSE"),
    "device.provisioning.LOGIN": (65.0, "CONNECT and OUTCOME_MARGIN"),
    "device.registration.CONNECT": (60.0, "guess: hosts wait 30 to 60 s"),
    "device.registration.OUTCOME_MARGIN": (5.0, "guess"),
    "device.registration.UPDATE": (93.0, COAP),
    "device.registration.CLOSE": (30.0, "guess: a third of UPDATE"),
    "device.registration.LATE_UPDATE": (1.0, "guess"),
    "device.renewal.MARGIN": (93.0, "UPDATE"),
    "device.renewal.CHECK_AFTER": (10.0, "guess"),
    "device.reports.ACKNOWLEDGED": (93.0, COAP),
    "device.requests.REMEMBERED": (247.0, "RFC 7252 4.8.2"),
    "device.requests.PART_WITHIN": (2.0, "guess"),
    "device.restore.FIRST_WAIT": (1.0, "boot time"),
    "device.restore.LONGEST_WAIT": (300.0, "guess"),
    "device.restore.LONGEST_PORT_WAIT": (10.0, "guess"),
    "device.restore.STABLE_AFTER": (60.0, "guess"),
    "device.restore.ATTACH_GRACE": (30.0, "guess: several times the boot time"),
    "device.restore.ATTACH_TIME": (15.0, "guess: an attach takes 2 to 120 s (seen)"),
    "dialects.classic.commands.PROMPT": (5.0, "guess"),
    "dialects.suite.commands.ASKED": (0.5, "guess"),
    "module.attach.ATTACH_TIMEOUT": (120.0, "seen"),
    "module.attach.POLL_INTERVAL": (10.0, "guess"),
    "module.attach.REFUSAL_CONFIRMED_AFTER": (8.0, "guess"),
    "module.banner.ASKED": (0.5, "guess"),
    "module.ping.REPLY": (10.0, "guess"),
    "module.ping.MARGIN": (5.0, "guess"),
    "module.restart.TEXT_WITHIN": (10.0, "guess: several times the 3.5 s that were seen"),
    "module.restart.LATE_TEXT": (2.0, "guess"),
    "module.settings.PUTTING_BACK": (2.0, "guess"),
    "module.speed.LISTEN_TIME": (3.0, "three times PROBE_INTERVAL"),
    "module.speed.FALL_BACK": (30, "guess: the value is in lines that were seen"),
    "module.udp.CLOSE_TIMEOUT": (10.0, "guess"),
    "nbiot.device.ANSWER_WITHIN": (25.0, "OneNET guide 5.1.3: given up after 30 s"),
    "nbiot.loop_thread.EXIT_TIMEOUT": (1.0, "guess"),
    "onenet.client.DEFAULT_TIMEOUT": (60.0, "longer than `timeout` of a call, 40 s at most"),
    "ports.transport._CANCEL_INTERVAL": (0.1, "guess"),
    "ports.transport._LAST_WRITE": (1.0, "guess"),
}


def documented_waits() -> Iterator[tuple[str, float]]:
    """The constants whose documentation begins with their unit, outside the command line."""
    top = Path(m5310.__file__).parent
    for path in sorted(top.rglob("*.py")):
        name = ".".join(path.relative_to(top).with_suffix("").parts)
        body = ast.parse(path.read_text(encoding="utf-8")).body
        for node, after in pairwise(body):
            match node, after:
                case (
                    ast.AnnAssign(target=ast.Name(id=constant))
                    | ast.Assign(targets=[ast.Name(id=constant)]),
                    ast.Expr(value=ast.Constant(value=str(text))),
                ) if text.startswith(("Seconds", "Default timeout", "The same for a port")):
                    value = getattr(import_module(f"m5310.{name}"), constant)
                    if not name.startswith("cli.") and isinstance(value, int | float):
                        yield f"{name}.{constant}", value


def test_table_has_every_wait() -> None:
    assert dict(documented_waits()) == {name: seconds for name, (seconds, _) in TABLE.items()}


# --- a module that falls silent --------------------------------------------------------------

SILENCE: Final = 2 * PROMPT + 1
"""Any number of commands to a silent module: one times out, and the next is not sent; a second for
those that were answered before."""

Call = Callable[[Device, Resource], Awaitable[object]]

CALLS: Final[dict[str, tuple[Call, float]]] = {
    "add_resource": (
        lambda device, _: device.add_resource("3304/0/1", ValueType.INTEGER, 0),
        SILENCE,
    ),
    "remove_resource": (lambda device, it: device.remove_resource(it), SILENCE + UPDATE),
    "connect": (lambda device, _: device.connect(20), SILENCE + 20 + OUTCOME_MARGIN),
    "update": (lambda device, _: device.update(timeout=20), SILENCE + 20),
    "close": (lambda device, _: device.close(20), SILENCE + 20),
    "notify": (lambda device, it: device.notify(it, 5), 2 * SILENCE),
    "notify, acknowledged": (
        lambda device, it: device.notify(it, 5, acknowledge=True, timeout=20),
        2 * SILENCE + 20,
    ),
    "destroy": (lambda device, _: device.destroy(), 2 * SILENCE + CLOSE),
}
"""Each call, and within how many seconds it ends, as documented: its commands, and its timeout."""

SILENCES: Final = [
    (mood, platform, after)
    for mood, platform in [
        (Mood.SILENT, Platform.ACCEPTING),
        (Mood.ANSWERS_LOST, Platform.ACCEPTING),
        (Mood.ANSWERS_LOST, Platform.SILENT),
        (Mood.ANSWERING, Platform.SILENT),
        (Mood.ANSWERING, Platform.REFUSING),
        (Mood.REFUSING, Platform.ACCEPTING),
    ]
    for after in (0, 1, 2)
]
"""How module and platform behave, after so many more lines of the driver."""


class FallsSilent(UnreliableModule):
    """Changes its mood after `lines` more lines."""

    def fall_silent(self, mood: Mood, platform: Platform, lines: int) -> None:
        self._fall, self._left = (mood, platform), lines
        self._fall_if_due()

    def written(self, line: str) -> None:
        super().written(line)
        if hasattr(self, "_fall") and line.startswith("AT+"):
            self._left -= 1

    def reply(self, line: str) -> object:  # type: ignore[override]
        reply = super().reply(line)
        if hasattr(self, "_fall"):
            self._fall_if_due()
        return reply

    def _fall_if_due(self) -> None:
        if self._left <= 0:
            self.mood, self.platform = self._fall


async def seconds_of(
    call: Call, mood: Mood, platform: Platform, after: int, logged_in: bool
) -> float:
    module = FallsSilent()
    device = Device(module.open, "123456789012345;460001234567890", lifetime=86400)
    await device.create()
    resource = await device.add_resource("3303/0/5700", ValueType.INTEGER, 0)
    if logged_in:
        await device.connect(20)
    module.fall_silent(mood, platform, after)
    loop = asyncio.get_running_loop()
    begun = loop.time()
    with contextlib.suppress(M5310Error):
        await call(device, resource)
    ended = loop.time()
    module.mood, module.platform = Mood.ANSWERING, Platform.ACCEPTING
    module._left = 10**6
    await device.destroy()
    return ended - begun


@pytest.mark.parametrize("name", CALLS)
def test_call_ends_in_time_however_the_module_falls_silent(name: str) -> None:
    call, bound = CALLS[name]
    logged_in = name not in ("add_resource", "connect")
    for silence in SILENCES:
        took = run(seconds_of(call, *silence, logged_in=logged_in))
        assert took <= bound, (silence, took)


@pytest.mark.parametrize("silence", SILENCES)
async def test_create_ends_in_time_however_the_module_falls_silent(
    silence: tuple[Mood, Platform, int],
) -> None:
    module = FallsSilent()
    module.fall_silent(*silence)
    device = Device(module.open, "123456789012345;460001234567890")
    begun = asyncio.get_running_loop().time()
    with contextlib.suppress(M5310Error):
        await device.create()
    took = asyncio.get_running_loop().time() - begun
    assert took <= (RESTARTS + 1) * SILENCE + LOGIN
    await device.destroy()
