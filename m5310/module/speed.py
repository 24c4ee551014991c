"""The speed of the serial line: of the port, of the module, and of both together."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Final

from m5310.at.codec import Command, Execute
from m5310.at.engine import QUIET
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
)
from m5310.ports.speed import PortSpeed

USUAL: Final = (9600, 115200, 57600, 38400, 19200, 4800)
"""Where to look for a module of unknown speed, likeliest first: 9600 is its default, 115200 what
hosts set (both seen)."""
TRIAL: Final = 3.0
"""Seconds to listen at one speed after a first look. Three probes: one may end the garbage that
another speed left in the module's buffer, one may wake it."""
FALL_BACK: Final = 30
"""Seconds after which the module is to return from a speed at which nobody speaks (the value in
the lines that were seen; that this is its meaning is a guess)."""

_log = logging.getLogger("m5310.speed")


class SpeedError(M5310Error):
    """The module took a new speed but does not answer at it.

    `wanted` is that speed, `baudrate` the one at which port and module talk again, or None if
    the module answers at neither; the port then is at the old speed.
    """

    code = Code.TIMEOUT

    def __init__(self, wanted: int, old: int, *, back: bool) -> None:
        after = (
            f"both are back at {old}; can the adapter do {wanted}?"
            if back
            else f"nor at {old}; switch it off and on, and search with attach(speeds=...)"
        )
        super().__init__(f"the module took {wanted} baud but does not answer there, {after}")
        self.wanted = wanted
        self.baudrate = old if back else None


async def open_modem(url: str, baudrate: int, *, quiet: float = QUIET) -> tuple[Modem, PortSpeed]:
    """A modem on a port of its own, and the port's speed. Raises what `open_port` raises."""
    modem = await Modem.open(url, baudrate, quiet=quiet)
    port = PortSpeed.of(modem)
    assert port is not None  # all of pyserial's ports have a speed, if only by name
    return modem, port


async def answers(execute: Execute, within: float = TRIAL) -> bool:
    """Whether anybody answers `AT`, now or within so many seconds more."""
    # In step, the first look is one AT alone; only when that is lost the second one repeats it.
    return await _answered(execute, PROBE_INTERVAL) or await _answered(execute, within)


async def _answered(execute: Execute, within: float) -> bool:
    try:
        await execute(Command(general.attention().line, timeout=within))
    except (CommandError, ModemReset):
        return True  # whatever is refused was read, and the text of a start could be read
    except CommandTimeout:
        return False
    return True


async def find(execute: Execute, port: PortSpeed, speeds: Iterable[int]) -> int | None:
    """The first of `speeds` at which the module answers; None, with the port as it was.

    A module that left the port's speed did so by a restart: it is met where it starts.
    """
    old = port.baudrate
    found = None
    try:
        for baudrate in speeds:
            try:
                await port.change(baudrate)
            except PortError as error:  # not every adapter does every speed
                _log.info("%s", error)
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
    """Take the module and then the port to `baudrate`, and look whether they still talk.

    Raises CommandError if the module refuses (nothing has changed then) and SpeedError. If
    cancelled, port and module have both changed or neither, but nobody looked. Nobody else may
    execute a command meanwhile: it would go out at a speed that the module left.
    """
    old = port.baudrate
    command = general.speed(baudrate, seconds=FALL_BACK, store=store)

    async def switch() -> bool:
        await execute(command)
        try:
            await port.change(baudrate)
        except PortError as error:
            _log.warning("%s", error)
            return False
        return True

    if await finish(switch()) and await answers(execute):
        if store:
            port.stored = baudrate
        return
    await port.change(old)
    raise SpeedError(baudrate, old, back=await answers(execute, FALL_BACK + TRIAL))
