"""Starting a network search again that the module has stopped."""

from __future__ import annotations

import logging
from typing import Final

from m5310.at.tasks import finish
from m5310.commands.network import Registration
from m5310.errors import CommandError
from m5310.module.queries import Queries

_STOPPED: Final = (Registration.NOT_REGISTERED, Registration.DENIED)

_log = logging.getLogger("m5310.module")


async def restart_idle_radio(module: Queries) -> Registration | None:
    """Turn the radio off and on if the module has stopped searching for a network.

    Returns the state in which it had stopped, None if it searches, is registered, or refused. A
    radio stays idle that started switched off (AT+NCONFIG), that was denied (for some causes it
    must be off before the next attempt: TS 24.301 5.5.1.2.5), or whose SIM was out for a while. A
    cancellation waits until the radio is on again. Raises CommandTimeout, ModemReset and PortError.
    """
    try:
        stat = (await module.registration()).stat
        if stat not in _STOPPED:
            return None
        await finish(_turn_off_and_on(module))
    except CommandError as error:
        _log.info("leaving the radio as it is: %s", error)
        return None
    return stat


async def _turn_off_and_on(module: Queries) -> None:
    await module.radio(on=False)
    try:
        await module.radio(on=True)
    except CommandError as error:  # no SIM: perhaps the next time
        _log.warning("the radio stays off: %s", error)
