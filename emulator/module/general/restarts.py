"""Restarts by a command: AT+NRB, AT+CMRB, AT+COLDRB."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar

from emulator.module.at.codec import Cme, Refusal
from emulator.module.at.commands import OK, Answer, CommandForms, Commands

# What is written before: the first without OK, the others behind it (documented).
# guess: the third as the second
_LINES = {
    "+NRB": ("REBOOTING",),
    "+CMRB": ("OK", "REBOOTING.."),
    "+COLDRB": ("OK", "REBOOTING.."),
}
_OF = {"+NRB": ("+NRB",), "+CMRB": ("+CMRB", "+COLDRB")}


class Restarts:
    """`reboot`: which command the module has. `restart` writes lines and restarts it."""

    def __init__(self, reboot: str, restart: Callable[[Sequence[str], float], None]) -> None:
        self._commands = _OF[reboot]
        self._restart = restart

    def _run(self, now: float, command: str) -> Answer:
        if command not in self._commands:
            raise Refusal(Cme.NOT_SUPPORTED)
        self._restart(_LINES[command], now)
        return OK

    COMMANDS: ClassVar[Commands] = {
        "+NRB": CommandForms(execute=partial(_run, command="+NRB")),
        "+CMRB": CommandForms(execute=partial(_run, command="+CMRB")),
        "+COLDRB": CommandForms(execute=partial(_run, command="+COLDRB")),
    }
