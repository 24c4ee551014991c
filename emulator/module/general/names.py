"""AT+CMDNS: the address of a name (AT command set of the M5310-A)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar
from zlib import crc32

from emulator.module.at.codec import Cme, Refusal
from emulator.module.at.commands import OK, Answer, CommandForms, Commands, Values
from emulator.module.general_profile import General
from emulator.module.radio.radio import Radio

# The names of OneNET's servers; the addresses are those that real configurations use for the same.
_KNOWN: Mapping[str, str] = {
    "nbiotbt.heclouds.com": "183.230.40.39",
    "nbiotacc.heclouds.com": "183.230.40.40",
}
# guess: every other name has an address, too; it is one for documentation (RFC 5737)
_OTHERS = "203.0.113.{}"


class Names:
    """`urc` queues an unsolicited line; `transmit` uses the radio, False without a network."""

    __slots__ = ("_exists", "_name", "_radio", "_transmit", "_urc", "due")

    def __init__(
        self,
        general: General,
        radio: Radio,
        urc: Callable[[str], None],
        transmit: Callable[[float], bool],
    ) -> None:
        self._exists = general.resolves
        self._radio = radio
        self._urc = urc
        self._transmit = transmit
        self._name = ""
        self.due: float | None = None  # when the answer comes

    def step(self, _now: float) -> None:
        """Report the address."""
        self.due = None
        if self._radio.registered:  # guess: no answer comes otherwise
            self._urc(f"+CMDNS:{address_of(self._name)}")

    def _begin(self, values: Values, now: float) -> Answer:
        if not self._exists:
            raise Refusal(Cme.NOT_SUPPORTED)
        name = values.word("[!-+./-~-]{1,255}")
        values.end()
        if self.due is not None:  # one at a time (its AT command set)
            raise Refusal(Cme.NOT_ALLOWED)
        if not self._transmit(now):
            raise Refusal(Cme.NO_NETWORK)
        self._name = name
        self.due = now + self._radio.cell.round_trip
        return OK

    COMMANDS: ClassVar[Commands] = {"+CMDNS": CommandForms(set=_begin)}


def address_of(name: str) -> str:
    found = _KNOWN.get(name.lower())
    return found or _OTHERS.format(1 + crc32(name.lower().encode()) % 254)
