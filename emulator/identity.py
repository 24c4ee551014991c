"""Who the module and its SIM are, and the commands that tell it."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.commands import OK, Answer, Forms, Query, Table, Values


@dataclass(frozen=True, slots=True)
class Identity:
    """What is printed on module and SIM, and its firmware's own words for itself.

    The texts are guesses in the manner of the maker; only that `version` holds `3.` from firmware
    SP3 on is seen: hosts test for it before they use acknowledged reports.
    """

    imei: str = "865820030013978"  # 15 digits, the last is the check digit (TS 23.003 6.2.1)
    imsi: str = "460040000000001"  # MCC 460, MNC 04: China Mobile's Internet of things
    iccid: str = "89860400000000000001"  # 20 digits
    manufacturer: str = "CMCC"
    model: str = "M5310"
    firmware: str = "V100R100C10B657SP3"
    version: str = "M5310_V3.1.0"
    serial: str = "M5310000000001"


def commands(identity: Identity) -> Table:
    def serial_number(values: Values, _now: float) -> Answer:
        imei = values.integer(0, 1)
        values.end()
        return Answer((f"+CGSN:{identity.imei if imei else identity.serial}",))

    return {
        "+CGMI": Forms(execute=_says(identity.manufacturer), test=""),
        "+CGMM": Forms(execute=_says(identity.model), test=""),
        "+CGMR": Forms(execute=_says(identity.firmware), test=""),
        "+CMVER": Forms(execute=_says(identity.version), test=""),
        "+CIMI": Forms(execute=_says(identity.imsi), test=""),
        "+CGSN": Forms(execute=lambda _now: OK, assign=serial_number, test="+CGSN:(0,1)"),
        "+NCCID": Forms(execute=_says(f"+NCCID:{identity.iccid}"), test=""),
    }


def _says(line: str) -> Query:
    return lambda _now: Answer((line,))
