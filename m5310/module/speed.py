"""The speed of the serial line: finding the module at a speed, and changing it on both sides."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Final

from m5310.at.codec import Command, Execute
from m5310.at.modem import Modem
from m5310.at.resync import PROBE_INTERVAL
from m5310.at.tasks import finish
from m5310.commands import general
from m5310.errors import (
    Code,
    CommandError,
    CommandTimeout,
    M5310Error,
    ModemReset,
    PortError,
    Text,
)
from m5310.ports.speed import PortSpeed

COMMON_SPEEDS: Final = (9600, 115200, 57600, 38400, 19200, 4800)
"""Speeds in baud to try for a module of unknown speed, likeliest first: 9600 is its default,
115200 is what hosts set (both seen)."""
LISTEN_TIME: Final = 3.0
"""Seconds to probe at one speed after a first `AT`. Three probes: one may end the garbage that
another speed left in the module's buffer, one may wake the module."""
FALL_BACK: Final = 30
"""Seconds without a command at a new speed after which the module returns to the old one."""
# guess: the value is in the lines that were seen; its meaning is inferred.

_log = logging.getLogger("m5310.speed")


class SpeedError(M5310Error):
    """The module accepted a new speed but does not answer at it.

    `wanted` is that speed. `baudrate` is the old speed if the module answers there again; None if
    it answers at neither, and the port is at the old speed.
    """

    code = Code.TIMEOUT

    def __init__(self, wanted: int, old: int, *, back: bool) -> None:
        if back:
            after = Text(
                "both are back at {old}; check that the adapter supports {wanted}",
                old=old,
                wanted=wanted,
            )
        else:
            after = Text(
                "nor at {old}; power it off and on, and find it with attach(speeds=...)", old=old
            )
        super().__init__(
            Text(
                "the module accepted {wanted} baud but does not answer there, {after}",
                wanted=wanted,
                after=after,
            )
        )
        self.wanted = wanted
        self.baudrate: Final = old if back else None


async def open_modem(url: str, baudrate: int) -> tuple[Modem, PortSpeed]:
    """Open a port: the modem on it and its speed. Raises PortError or ParameterError."""
    modem = await Modem.open(url, baudrate)
    port = PortSpeed.of(modem)
    assert port is not None  # every port of pyserial has a speed attribute
    return modem, port


async def answers(execute: Execute, within: float = LISTEN_TIME) -> bool:
    """Whether the module answers `AT`, at once or within `within` more seconds."""
    # In a synchronized conversation the first try is a single AT; if it is lost, the second try
    # probes each second.
    return await answered(execute, PROBE_INTERVAL) or await answered(execute, within)


async def answered(execute: Execute, within: float) -> bool:
    """Whether an `AT` is answered within `within` s."""
    try:
        await execute(Command(general.attention().line, timeout=within))
    except (CommandError, ModemReset):
        return True  # the module understood the AT, or its boot text came through
    except CommandTimeout:
        return False
    return True


async def find(execute: Execute, port: PortSpeed, speeds: Iterable[int]) -> int | None:
    """The first of `speeds` at which the module answers; None: at none, the port is as before.

    The speed found becomes `port.stored`: a module left the port's speed only by a restart.
    """
    old = port.baudrate
    found = None
    try:
        for baudrate in speeds:
            try:
                await port.change(baudrate)
            except PortError as error:  # the adapter does not support it
                _log.info("skipping %d baud: %s", baudrate, error)
                continue
            if await answers(execute):
                found = baudrate
                if baudrate != old:
                    port.stored = baudrate
                break
    finally:
        if found is None:
            await port.change(old)
    return found


async def change(execute: Execute, port: PortSpeed, baudrate: int, *, store: bool) -> None:
    """Change the speed of the module, then of the port, and check that the module answers.

    No other command may be executed meanwhile: it would be sent at the wrong speed. If cancelled,
    both have changed or neither, without the check. Raises CommandError if the module refuses
    (nothing has changed), SpeedError, ParameterError or CommandTimeout.
    """
    old = port.baudrate
    command = general.speed(baudrate, seconds=FALL_BACK, store=store)

    async def switch() -> bool:
        await execute(command)
        try:
            await port.change(baudrate)
        except PortError as error:
            _log.warning("going back to %d baud: %s", old, error)
            return False
        return True

    if await finish(switch()) and await answers(execute):
        if store:
            port.stored = baudrate
        return
    await port.change(old)
    raise SpeedError(baudrate, old, back=await answers(execute, FALL_BACK + LISTEN_TIME))
