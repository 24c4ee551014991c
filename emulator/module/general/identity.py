"""Identity of module and SIM, and the commands that read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from emulator.module.at.codec import Cme, Refusal
from emulator.module.at.commands import OK, Answer, CommandForms, Commands, Values
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


class IdentityCommands:
    """`radio` has the current SIM."""

    def __init__(self, identity: Identity, firmware: Firmware, radio: Radio) -> None:
        self._identity = identity
        self._firmware = firmware
        self._radio = radio

    def _information(self, values: Values, _now: float) -> Answer:
        values.only((0, 0xFFFF))
        if self._firmware.information is None:
            raise Refusal(Cme.NOT_SUPPORTED)
        return Answer(self._firmware.information)

    def _read_manufacturer(self, _now: float) -> Answer:
        return Answer((self._firmware.manufacturer or self._identity.manufacturer,))

    def _read_model(self, _now: float) -> Answer:
        return Answer((self._firmware.model or self._identity.model,))

    def _read_version(self, _now: float) -> Answer:
        if self._firmware.version is None:
            raise Refusal(Cme.NOT_SUPPORTED)
        return Answer((self._firmware.version,))

    def _read_serial(self, _now: float) -> Answer:
        match self._firmware.serial:
            case "serial":
                return Answer((f"+CGSN:{self._identity.serial}",))
            case "imei":
                return Answer((self._identity.imei,))
            case _:
                return OK

    def _read_serial_number(self, values: Values, _now: float) -> Answer:
        (imei,) = values.only((0, 1))
        return Answer((f"+CGSN:{self._identity.imei if imei else self._identity.serial}",))

    def _read_imsi(self, _now: float) -> Answer:
        self._radio.sim.check_usable()
        return Answer((self._identity.imsi,))

    def _read_iccid(self, _now: float) -> Answer:
        self._radio.sim.check_present()
        return Answer((f"+NCCID:{self._identity.iccid}",))

    def _read_lock(self, _now: float) -> Answer:
        self._radio.sim.check_present()
        return Answer((f"+CPIN:{'SIM PIN' if self._radio.sim is Sim.LOCKED else 'READY'}",))

    def _unlock(self, values: Values, _now: float) -> Answer:
        """Enter the PIN (TS 27.007 8.3)."""
        # guess: wrong PINs never block the card, and the host must turn the radio on afterwards
        pin = values.word("[0-9]{4,8}")
        values.end()
        self._radio.sim.check_present()
        if self._radio.sim is not Sim.LOCKED:  # TS 27.007 8.3: an error where no PIN is expected
            raise Refusal(Cme.NOT_ALLOWED)
        if pin != self._identity.pin:
            raise Refusal(Cme.INCORRECT_PASSWORD)  # TS 27.007 9.2
        self._radio.unlock()
        return OK

    COMMANDS: ClassVar[Commands] = {
        "+CPIN": CommandForms(set=_unlock, read=_read_lock, test=""),
        "I": CommandForms(set=_information),
        "+CGMI": CommandForms(execute=_read_manufacturer, test=""),
        "+CGMM": CommandForms(execute=_read_model, test=""),
        "+CGMR": CommandForms(
            execute=lambda self, _now: Answer(tuple(self._firmware.revision.split("\n"))), test=""
        ),
        "+CMVER": CommandForms(execute=_read_version, test=""),
        "+CIMI": CommandForms(execute=_read_imsi, test=""),
        "+CGSN": CommandForms(execute=_read_serial, set=_read_serial_number, test="+CGSN:(0,1)"),
        "+NCCID": CommandForms(execute=_read_iccid, read=_read_iccid, test=""),
    }
