"""Firmware variants of the M5310, and the other modules of OneNET, as data.

To try a variant, write a TOML file (see `emulator.cli.firmware_file`) or pass a `Firmware` to the
emulator. To add one, add its differences to FIRMWARES or MODULES, each with its source or marked as
a guess, and the transcripts that show it. A difference without a field needs a new field, whose
default is today's behaviour.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from emulator.module.general_profile import GENERALS, M5310, General
from emulator.module.suite import SUITES, Suite

_GENERIC = SUITES["generic"]


def is_information(text: str) -> bool:
    """Whether `text` is one line that a host can read before the final result of its command."""
    if re.fullmatch(r"OK|ERROR|\+CM[ES] ERROR:.*", text):
        return False
    return re.fullmatch("[ -~]+", text) is not None


@dataclass(frozen=True, slots=True)
class Firmware:
    """What differs between firmware versions and modules. The defaults are those of SP3.

    `revision`, `version`: answers to AT+CGMR, with "\\n" between its lines, and to AT+CMVER; None:
    there is no such command. `typed_urcs`: +MIPLWRITE and
    +MIPLEXECUTE have types and lengths, and a write announces all its resources at once.
    `read_suffix`: text after the ids in +MIPLREAD. `acknowledges`: AT+MIPLNOTIFY takes an ackid.
    `msgids`: message ids of requests, which the host answers; the platform's own id where it is one
    of them. `general`: the commands without OneNET. `dialect`: the OneNET commands, a key of
    `emulator.module.dialects.dialect.DIALECTS`; `suite`: how it speaks `suite`.

    Of the line: `quiet`: seconds from a final result code to the host's next command. `hasty_lost`:
    a command that comes sooner is lost; False: it is only noted. `overruns`: bytes are lost when
    more than the UART buffer holds come without a pause.

    Of the module itself: `manufacturer`, `model`: answers to AT+CGMI and AT+CGMM; empty: those of
    its `Identity`. `information`: of ATI; None: it is refused. `serial`: what AT+CGSN reads without
    a number: "", "serial" or "imei". `boot`: the lines of a start; none: those of the Hi21xx chips,
    with `boot_name`, or the model if that is empty. `echo`: on after a start. `speed`: of the UART
    by default. `speed_command`, `reboot`: what the module has, AT+NATSPEED or AT+IPR, AT+NRB or
    AT+CMRB. `shows_address`: a line `+IP` follows each attach. `blank`: one stands after the colon
    of all general answers; `error_blank`: in `+CME ERROR: `.

    Raises ValueError for a text that no host could read as part of its line, or for no message ids.
    """

    revision: str
    version: str | None
    typed_urcs: bool = False
    read_suffix: str = ""
    acknowledges: bool = True
    msgids: range = range(10_000, 0x10000)  # five digits: hosts copy exactly so many characters
    quiet: float = 0.02  # what makers of such modules ask for (the u-blox AT manuals: 20 ms)
    hasty_lost: bool = False
    overruns: bool = False
    dialect: str = "classic"
    suite: Suite = _GENERIC
    general: General = M5310
    manufacturer: str = ""
    model: str = ""
    information: tuple[str, ...] | None = ()
    serial: Literal["", "serial", "imei"] = ""
    boot: tuple[str, ...] = ()
    boot_name: str = ""
    echo: bool = False
    speed: int = 9600
    speed_command: Literal["+NATSPEED", "+IPR"] = "+NATSPEED"
    reboot: Literal["+NRB", "+CMRB"] = "+NRB"
    shows_address: bool = False
    blank: bool = False
    error_blank: bool = False

    def __post_init__(self) -> None:
        for name, texts in {
            "revision": self.revision.split("\n"),
            "version": () if self.version is None else (self.version,),
            "manufacturer": (self.manufacturer or "-",),
            "model": (self.model or "-",),
            "information": self.information or (),
            "boot": self.boot,
            "boot_name": (self.boot_name or "-",),
        }.items():
            for text in texts:
                if not is_information(text):
                    raise ValueError(
                        f"{name} {text!r}: expected one line of ASCII, no final result"
                    )
        if not re.fullmatch("(,-?[0-9]{1,5})?", self.read_suffix):
            raise ValueError(f'read_suffix {self.read_suffix!r}: expected for example ",0", or ""')
        if not self.msgids:
            raise ValueError(f"msgids {self.msgids}: expected one or more")


# Seen: CMVER contains `3.` from SP3 on, and hosts check it before they use acknowledged reports;
# some firmware appends a value to +MIPLREAD. Documented for later firmware: the typed lines.
# guess: which older version appends the value, loses early commands or overruns; all texts; that
# SP5 is the later firmware
FIRMWARES: Mapping[str, Firmware] = {
    "SP1": Firmware(
        revision="V100R100C10B657SP1",
        version="M5310_V1.1.0",
        acknowledges=False,
        hasty_lost=True,
        overruns=True,
    ),
    "SP2": Firmware(
        revision="V100R100C10B657SP2",
        version="M5310_V2.1.0",
        read_suffix=",0",
        acknowledges=False,
    ),
    "SP3": Firmware(revision="V100R100C10B657SP3", version="M5310_V3.1.0"),
    "SP5": Firmware(revision="V100R100C10B657SP5", version="M5310_V3.5.0", typed_urcs=True),
}
DEFAULT = "SP3"

_HI21XX = Firmware(
    revision="V100R100C10B657SP5",
    version=None,
    msgids=range(0x10000),
    dialect="suite",
    serial="serial",
    error_blank=True,  # real logs of modules with these chips
)
# guess: general answers have the blank that the lines of a start have
_MT2625 = replace(_HI21XX, serial="imei", speed_command="+IPR", echo=True, blank=True)
_SIMCOM = replace(_MT2625, manufacturer="SIMCOM_Ltd", speed=115_200)
_M5310A = replace(
    _HI21XX,
    manufacturer="CMCC",
    model="M5310-A",
    revision="\n".join(  # AT command set of the M5310-A
        (
            "SSB,V150R100C10B200SP1",
            "SECURITY_A,V150R100C10B300",
            "PROTOCOL_A,V150R100C10B300",
            "APPLICATION_A,M5310-A-MONH0S00",
            "SECURITY_B,V150R100C10B300",
            "RADIO,Hi15RM1_v1_2_V003",
        )
    ),
    version="2.1.1.1809071028",
    suite=SUITES["m5310a"],
    general=GENERALS["m5310a"],
)


def _quectel(name: str, revision: str, model: str) -> Firmware:
    """Only firmware whose name ends in _ONT knows OneNET (Quectel's application note)."""
    return replace(
        _HI21XX,
        manufacturer="Quectel",
        model=model,
        revision=f"SECURITY,V150R100C20B300SP2\nAPPLICATION,{revision}_ONT",
        information=("Quectel", name, f"Revision:{revision}_ONT"),
        boot_name="Neul",
        suite=SUITES["bc28"],
        general=GENERALS["quectel"],
    )


# Sources: the modules' AT manuals for what they say of themselves; logs for boot texts.
# guess: revisions and models of bc28, nb86, nb73, me3616, mn316 and SIMCom's; that a module without
# a known command restarts by AT+NRB; speeds that are set automatically are 9600 by default
MODULES: Mapping[str, Firmware] = {
    "m5310": FIRMWARES[DEFAULT],
    "m5310a": _M5310A,
    "m5310a-2018": replace(_M5310A, information=None, suite=SUITES["m5310a-2018"]),
    "m5311": replace(
        _MT2625,
        manufacturer="CMCC",
        model="M5311",
        revision="M5311-MBRH0S00",
        version="M5311-MBRH0S00",
        information=("CMCC", "M5311", "M5311-MBRH0S00", "M5311-H01"),
        boot=("*ATREADY: 1", "+CFUN: 1", "+CPIN: READY"),
        reboot="+CMRB",
        suite=SUITES["m5311"],
        general=GENERALS["m5311"],
    ),
    "bc95": _quectel("BC95-B5", "BC95B5HBR01A02W16", "BC95HB-02-STD_850"),
    "bc28": _quectel("BC28", "BC28JAR01A10", "BC28JA-02-STD"),
    "bc35g": _quectel("BC35-G", "BC35GJBR01A01", "BC35GJB-02-STD"),
    "nb86": replace(
        _HI21XX, manufacturer="Lierda", model="NB86-G", boot_name="Lierda", suite=SUITES["nb86"]
    ),
    "nb73": replace(
        _HI21XX, manufacturer="USR", model="WH-NB73", boot_name="Neul", suite=SUITES["nb73"]
    ),
    "me3616": replace(
        _MT2625,
        manufacturer="GOSUNCN",
        model="ME3616",
        revision="ME3616V1.0",
        information=("GOSUNCN", "ME3616", "ME3616V1.0"),
        boot=("*MATREADY: 1", "+CFUN: 1", "+CPIN: READY"),
        shows_address=True,
        suite=SUITES["me3616"],
        general=GENERALS["me3616"],
    ),
    "sim7000c": replace(
        _SIMCOM,
        model="SIMCOM_SIM7000C-N",
        revision="Revision:1529B01SIM7000C",
        information=("SIM7000C R1529",),
        boot=("RDY", "+CFUN: 1", "+CPIN: READY"),
        suite=SUITES["sim7000c"],
    ),
    "sim7020": replace(
        _SIMCOM,
        model="SIM7020C",
        revision="1752B08SIM7020C",
        information=("SIM7020C R1752",),
        boot=("+CFUN: 1", "+CPIN: READY"),
        suite=SUITES["sim7020"],
    ),
    "mn316": replace(
        _MT2625,
        manufacturer="CMCC",
        model="MN316",
        revision="MN316-DLVS",
        version="MN316-DLVS",
        information=("CMCC", "MN316", "MN316-DLVS"),
        boot=("+MATREADY",),
        echo=False,
        suite=SUITES["mn316"],
        general=GENERALS["mn316"],
    ),
    # guess: all about these three, of which nothing is public: generic modules with their chips
    "n700-cn": replace(
        _MT2625, manufacturer="Fibocom", model="N700-CN", boot=("+CFUN: 1", "+CPIN: READY")
    ),
    "ml5530": replace(_HI21XX, manufacturer="Cheerzing", model="ML5530"),
    "im2209": replace(_HI21XX, manufacturer="H3C", model="IM2209"),
    "generic": replace(_HI21XX, manufacturer="NB-IoT", model="GENERIC"),
}


def firmware_of(module: str | None, firmware: str | Firmware = DEFAULT) -> str | Firmware:
    """That of `module`; None: `firmware`. Raises ValueError for both, and for an unknown name."""
    if module is None:
        return firmware
    if module not in MODULES:
        raise ValueError(f"module {module!r}: expected one of {', '.join(MODULES)}")
    if firmware != DEFAULT:
        raise ValueError(
            "module and firmware: expected one of them; a firmware file names its module by `like`"
        )
    return MODULES[module]


def profile(
    firmware: str | Firmware,
    paced: bool = True,
    typed_urcs: bool | None = None,
    quiet: float | None = None,
    hasty_lost: bool | None = None,
    overruns: bool | None = None,
) -> Firmware:
    """The named firmware with the given overrides (None keeps its value).

    An unpaced line (`paced` False) has no quiet time and no overruns. Raises ValueError for an
    unknown name.
    """
    if isinstance(firmware, str):
        known = {**FIRMWARES, **MODULES}
        if firmware not in known:
            names = ", ".join(known)
            raise ValueError(f"firmware {firmware!r}: expected one of {names}, or a file .toml")
        firmware = known[firmware]
    if not paced:
        firmware = replace(firmware, quiet=0.0, overruns=False)
    return replace(
        firmware,
        typed_urcs=firmware.typed_urcs if typed_urcs is None else typed_urcs,
        quiet=firmware.quiet if quiet is None else quiet,
        hasty_lost=firmware.hasty_lost if hasty_lost is None else hasty_lost,
        overruns=firmware.overruns if overruns is None else overruns,
    )
