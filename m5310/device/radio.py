"""A module that gave up on the network: its radio is turned off and on, as one does by hand."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from m5310.at.codec import Execute
from m5310.at.tasks import finish
from m5310.commands import general
from m5310.errors import CommandError

if TYPE_CHECKING:
    from m5310.commands.network import Registration

PATIENCE: Final = 30.0
"""Seconds without a network that are left to the module: it boots in 3.5 s, attaches some seconds
later, and one that a network denies goes on to the next by itself. A guess."""

ATTACHING: Final = 15.0
"""Seconds from turning a radio on to the next login: an attach takes 2 to 120 s (seen), mostly few,
and the attempt after that comes minutes later. A guess."""


_log = logging.getLogger("m5310.device")


async def restart_idle(execute: Execute) -> Registration | None:
    """Have a module look for the network anew that does not look any more.

    A radio stays idle that started switched off (AT+NCONFIG), that was denied (for these causes a
    host is to be off before it tries again: TS 24.301 5.5.1.2.5), or whose SIM was out for a while.
    A module that searches is left alone: more than that it would not do. Returns how it stood
    (AT+CEREG) if its radio was restarted; a refusal on the way is nobody's end. A cancellation
    waits for the radio to be on again. Raises CommandTimeout, ModemReset, PortError.
    """
    from m5310.commands import network  # noqa: PLC0415 - a month may pass without

    idle = (network.Registration.NOT_REGISTERED, network.Registration.DENIED)
    try:
        stat = (await execute(network.registration())).stat
        if stat not in idle:
            return None
        # a device that is closed meanwhile must not leave the radio off
        await finish(_off_and_on(execute))
    except CommandError as error:
        _log.info("the radio is left as it is: %s", error)
        return None
    return stat


async def _off_and_on(execute: Execute) -> None:
    await execute(general.radio(on=False))
    try:
        await execute(general.radio(on=True))
    except CommandError as error:  # no SIM: perhaps the next time
        _log.warning("the radio stays off: %s", error)
