"""Who the module and its SIM are, and the commands that tell it."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.module.at.codec import Cme, Refusal
from emulator.module.at.commands import OK, Answer, Forms, Query, Table, Values
from emulator.module.firmware import Firmware
from emulator.module.radio.radio import Radio
from emulator.module.radio.sim import Sim


@dataclass(frozen=True, slots=True)
class Identity:
    """What is printed on module and SIM. The texts are guesses in the manner of the maker."""

    imei: str = "865820030013978"  # 15 digits, the last is the check digit (TS 23.003 6.2.1)
    imsi: str = "460040000000001"  # MCC 460, MNC 04: China Mobile's Internet of things
    iccid: str = "89860400000000000001"  # 20 digits
    manufacturer: str = "CMCC"
    model: str = "M5310"
    serial: str = "M5310000000001"
    pin: str = "1234"


def commands(identity: Identity, firmware: Firmware, radio: Radio) -> Table:
    """`radio` has the SIM, which is asked at each question to it."""

    def serial_number(values: Values, _now: float) -> Answer:
        imei = values.integer(0, 1)
        values.end()
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
        """TS 27.007 8.3. The card is never blocked by wrong ones, and the host turns the radio on
        afterwards: guesses.
        """
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
        "+CPIN": Forms(assign=unlock, read=lock, test=""),
        "+CGMI": Forms(execute=_says(identity.manufacturer), test=""),
        "+CGMM": Forms(execute=_says(identity.model), test=""),
        "+CGMR": Forms(execute=_says(firmware.revision), test=""),
        "+CMVER": Forms(execute=_says(firmware.version), test=""),
        "+CIMI": Forms(execute=subscriber, test=""),
        "+CGSN": Forms(execute=lambda _now: OK, assign=serial_number, test="+CGSN:(0,1)"),
        "+NCCID": Forms(execute=card, test=""),
    }


def _says(line: str) -> Query:
    return lambda _now: Answer((line,))
