"""Firmware variants of the module, as data.

To try a variant, write a TOML file (see `emulator.cli.firmware_file`) or pass a `Firmware` to the
emulator. To add one, add its differences to FIRMWARES, each with its source or marked as a guess,
and the transcripts that show it. A difference without a field needs a new field, whose default is
today's behaviour.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from emulator.module.suite import SUITES, Suite

_GENERIC = SUITES["generic"]


def is_information(text: str) -> bool:
    """Whether `text` is one line that a host can read before the final result of its command."""
    if re.fullmatch(r"OK|ERROR|\+CM[ES] ERROR:.*", text):
        return False
    return re.fullmatch("[ -~]+", text) is not None


@dataclass(frozen=True, slots=True)
class Firmware:
    """What differs between firmware versions. The defaults are those of SP3.

    `revision`, `version`: answers to AT+CGMR and AT+CMVER. `typed_urcs`: +MIPLWRITE and
    +MIPLEXECUTE have types and lengths, and a write announces all its resources at once.
    `read_suffix`: text after the ids in +MIPLREAD. `acknowledges`: AT+MIPLNOTIFY takes an ackid.
    `msgids`: message ids of requests, which the host answers; the platform's own id where it is one
    of them. `dialect`: the OneNET commands, a key of
    `emulator.module.dialects.dialect.DIALECTS`; `suite`: how it speaks `suite`.

    Of the line: `quiet`: seconds from a final result code to the host's next command. `hasty_lost`:
    a command that comes sooner is lost; False: it is only noted. `overruns`: bytes are lost when
    more than the UART buffer holds come without a pause.

    Raises ValueError for a text that no host could read as part of its line, or for no message ids.
    """

    revision: str
    version: str
    typed_urcs: bool = False
    read_suffix: str = ""
    acknowledges: bool = True
    msgids: range = range(10_000, 0x10000)  # five digits: hosts copy exactly so many characters
    quiet: float = 0.02  # what makers of such modules ask for (the u-blox AT manuals: 20 ms)
    hasty_lost: bool = False
    overruns: bool = False
    dialect: str = "classic"
    suite: Suite = _GENERIC

    def __post_init__(self) -> None:
        for name in ("revision", "version"):
            if not is_information(text := getattr(self, name)):
                raise ValueError(f"{name} {text!r}: expected one line of ASCII, no final result")
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
# guess: the texts that no document gives; the first lines of the answers are enough for hosts
MODULES: Mapping[str, Firmware] = {
    "m5310": FIRMWARES[DEFAULT],
    **{
        name: Firmware(
            revision=f"{name.upper()}V100R100",
            version="2.1.0",
            msgids=range(0x10000),
            dialect="suite",
            suite=suite,
        )
        for name, suite in SUITES.items()
    },
}


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
