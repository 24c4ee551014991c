"""PDP contexts and their addresses (CGDCONT, CGPADDR)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from emulator.module.at.commands import OK, Answer, CommandForms, Commands, Values
from emulator.module.radio.radio import Radio

_FIRST = 0  # the context of the attach, which is always there
_CONTEXTS = range(_FIRST, 11)  # the chip's numbers
_ANY_CONTEXT = (0, 0xFF)
_TYPES = ("IP", "NONIP")
ADDRESS = "10.160.3.14"
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
        number = values.integer(*_ANY_CONTEXT)
        if not values.more:
            self._defined.pop(number, None)
            self._defined.setdefault(_FIRST, _Context())
            return OK
        kind = values.word("[A-Za-z0-9-]{1,16}")
        apn = values.optional_word('[^"]{0,100}') or ""  # TS 23.003 9.1: 100 bytes
        address = values.optional_word('[^"]{0,100}')  # only the network assigns one
        compression = [values.optional_integer(0, 4) for _ in range(2)]  # of data and headers
        values.end()
        if number not in _CONTEXTS or kind not in _TYPES or address or any(compression):
            values.doubts.take("a context that no host program was seen to define")
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
        numbers = values.integers(_ANY_CONTEXT)
        while values.more:
            numbers += values.integers(_ANY_CONTEXT)
        if not set(numbers) <= set(self._defined):
            values.doubts.take(f"of the contexts {numbers} not all are defined")
        return Answer(tuple(self._address_of(number) for number in numbers))

    def _address_of(self, number: int) -> str:
        used = number == _FIRST and self._radio.registered
        return f"+CGPADDR:{number},{ADDRESS}" if used else f"+CGPADDR:{number}"

    COMMANDS: ClassVar[Commands] = {
        "+CGDCONT": CommandForms(
            set=_define,
            read=_read,
            test='+CGDCONT:(0-10),("IP","NONIP"),,,(0),(0)',
        ),
        "+CGPADDR": CommandForms(execute=_read_addresses, set=_read_address, test=_read_numbers),
    }
