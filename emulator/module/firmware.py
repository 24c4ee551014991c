"""The firmware of the classic module, its variants as data.

To try one: a TOML file (`emulator.variants`), or a `Firmware` of your own for the emulator. To add
one: its place in FIRMWARES, its differences and nothing else, with the source or the word "guess"
beside each, and the transcripts that show it. What no field can express is a new field, with
today's behaviour as its default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Firmware:
    """How one firmware differs from another. The defaults are those of SP3.

    `revision`, `version`: the answers to AT+CGMR and AT+CMVER. `dialect`: the OneNET commands, one
    of `emulator.module.dialects.dialect.DIALECTS`. `typed_urcs`: writes and executes
    are announced with type and length, several at once. `read_suffix`: what stands behind the ids
    in +MIPLREAD. `acknowledges`: AT+MIPLNOTIFY takes an ackid. `msgids`: the message ids that a
    host may answer.

    For the line: `quiet` is the time in seconds that a host leaves after a final result code before
    its next command; `hasty_lost`: what comes sooner is lost, otherwise it is taken all the same.
    `overruns`: bytes are lost when more than the UART's buffer holds come without a pause.
    """

    revision: str
    version: str
    typed_urcs: bool = False
    read_suffix: str = ""
    acknowledges: bool = True
    msgids: range = range(10_000, 0x10000)  # five digits: hosts patch exactly so many characters
    quiet: float = 0.02  # what makers of such modules ask for (the u-blox AT manuals: 20 ms)
    hasty_lost: bool = False
    overruns: bool = False
    dialect: str = "classic"


# Seen: CMVER holds `3.` from SP3 on, and hosts test for it before they use acknowledged reports;
# some firmware appends a value to +MIPLREAD. Documented for later firmware: the typed lines. Which
# of the older ones appends, is hasty or overruns is a guess, and so are the texts and the number of
# the later one.
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


def profile(
    firmware: str | Firmware,
    paced: bool = True,
    typed_urcs: bool | None = None,
    quiet: float | None = None,
    hasty_lost: bool | None = None,
    overruns: bool | None = None,
) -> Firmware:
    """This firmware, or that of this name, but for what is said otherwise (None: is not said).

    A line without pace is no UART, and asks for no patience. Raises ValueError: no such name.
    """
    if isinstance(firmware, str):
        if firmware not in FIRMWARES:
            known = ", ".join(FIRMWARES)
            raise ValueError(f"firmware {firmware!r}: expected one of {known}, or a file .toml")
        firmware = FIRMWARES[firmware]
    if not paced:
        firmware = replace(firmware, quiet=0.0, overruns=False)
    return replace(
        firmware,
        typed_urcs=firmware.typed_urcs if typed_urcs is None else typed_urcs,
        quiet=firmware.quiet if quiet is None else quiet,
        hasty_lost=firmware.hasty_lost if hasty_lost is None else hasty_lost,
        overruns=firmware.overruns if overruns is None else overruns,
    )
