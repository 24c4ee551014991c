"""PDP contexts and their addresses (CGDCONT, CGPADDR)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from emulator.module.at.codec import Cme, Refusal
from emulator.module.at.commands import OK, Answer, CommandForms, Commands, Values
from emulator.module.radio.radio import Radio

_FIRST = 0  # the context of the attach, which is always there
_CONTEXTS = (_FIRST, 10)  # the chip's numbers
_ADDRESS = "10.160.3.14"
_APN = "nbiot.MNC002.MCC460.GPRS"


@dataclass(frozen=True, slots=True)
class _Context:
    type: str = "IP"
    apn: str = _APN


class PdpContexts:
    """Contexts that the host defines are stored until the next start but never used."""

    # guess: the network attaches the module with the first context, with any definition of it
    def __init__(self, radio: Radio) -> None:
        self._radio = radio
        self._defined = {_FIRST: _Context()}

    def _define(self, values: Values, _now: float) -> Answer:
        """TS 27.007 10.1.1; a number alone deletes the context (the first one: resets it)."""
        number = values.integer(*_CONTEXTS)
        if not values.more:
            self._defined.pop(number, None)
            self._defined.setdefault(_FIRST, _Context())
            return OK
        kind = values.word("IP|NONIP")
        apn = values.optional_word("[A-Za-z0-9.-]{0,63}") or ""
        values.optional_word("")  # the address: only the network assigns one
        values.optional_integer(0, 0)  # no data compression
        values.optional_integer(0, 0)  # no header compression
        values.end()
        self._defined[number] = _Context(kind, apn)
        return OK

    def _read(self, _now: float) -> Answer:
        rows = sorted(self._defined.items())
        return Answer(
            tuple(f'+CGDCONT:{number},"{it.type}","{it.apn}",,0,0' for number, it in rows)
        )

    def _read_addresses(self, _now: float) -> Answer:
        return Answer(tuple(self._address_of(number) for number in sorted(self._defined)))

    def _read_numbers(self, _now: float) -> Answer:
        # TS 27.007 10.1.14: the defined contexts
        return Answer((f"+CGPADDR:({','.join(map(str, sorted(self._defined)))})",))

    def _read_address(self, values: Values, _now: float) -> Answer:
        (number,) = values.only(_CONTEXTS)
        if number not in self._defined:
            raise Refusal(Cme.INCORRECT_PARAMETERS)
        return Answer((self._address_of(number),))

    def _address_of(self, number: int) -> str:
        used = number == _FIRST and self._radio.registered
        return f"+CGPADDR:{number},{_ADDRESS}" if used else f"+CGPADDR:{number}"

    COMMANDS: ClassVar[Commands] = {
        "+CGDCONT": CommandForms(
            set=_define,
            read=_read,
            test='+CGDCONT:(0-10),("IP","NONIP"),,,(0),(0)',
        ),
        "+CGPADDR": CommandForms(execute=_read_addresses, set=_read_address, test=_read_numbers),
    }
