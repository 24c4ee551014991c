"""Identity of module and SIM, and the commands that read it."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.module.at.codec import Cme, Refusal
from emulator.module.at.commands import OK, Answer, CommandForms, Query, Table, Values
from emulator.module.firmware import Firmware
from emulator.module.radio.radio import Radio
from emulator.module.radio.sim import Sim


@dataclass(frozen=True, slots=True)
class Identity:
    """What is printed on module and SIM."""

    # guess: the default texts follow the manufacturer's style
    imei: str = "865820030013978"  # 15 digits, the last is the check digit (TS 23.003 6.2.1)
    imsi: str = "460040000000001"  # MCC 460, MNC 04: China Mobile IoT
    iccid: str = "89860400000000000001"  # 20 digits
    manufacturer: str = "CMCC"
    model: str = "M5310"
    serial: str = "M5310000000001"
    pin: str = "1234"


def commands(identity: Identity, firmware: Firmware, radio: Radio) -> Table:
    """The identity commands; `radio` has the current SIM."""

    def serial_number(values: Values, _now: float) -> Answer:
        (imei,) = values.only((0, 1))
        return Answer((f"+CGSN:{identity.imei if imei else identity.serial}",))

    def subscriber(_now: float) -> Answer:
        radio.sim.check_usable()
        return Answer((identity.imsi,))

    def card(_now: float) -> Answer:
        radio.sim.check_present()
        return Answer((f"+NCCID:{identity.iccid}",))

    def lock(_now: float) -> Answer:
        radio.sim.check_present()
        return Answer((f"+CPIN:{'SIM PIN' if radio.sim is Sim.LOCKED else 'READY'}",))

    def unlock(values: Values, _now: float) -> Answer:
        """Enter the PIN (TS 27.007 8.3)."""
        # guess: wrong PINs never block the card, and the host must turn the radio on afterwards
        pin = values.word("[0-9]{4,8}")
        values.end()
        radio.sim.check_present()
        if radio.sim is not Sim.LOCKED:
            raise Refusal(Cme.NOT_ALLOWED)
        if pin != identity.pin:
            raise Refusal(Cme.INCORRECT_PASSWORD)
        radio.unlock()
        return OK

    return {
        "+CPIN": CommandForms(set=unlock, read=lock, test=""),
        "+CGMI": CommandForms(execute=_fixed(identity.manufacturer), test=""),
        "+CGMM": CommandForms(execute=_fixed(identity.model), test=""),
        "+CGMR": CommandForms(execute=_fixed(firmware.revision), test=""),
        "+CMVER": CommandForms(execute=_fixed(firmware.version), test=""),
        "+CIMI": CommandForms(execute=subscriber, test=""),
        "+CGSN": CommandForms(execute=lambda _now: OK, set=serial_number, test="+CGSN:(0,1)"),
        "+NCCID": CommandForms(execute=card, test=""),
    }


def _fixed(line: str) -> Query:
    return lambda _now: Answer((line,))
