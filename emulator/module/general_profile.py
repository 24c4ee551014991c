"""How the commands that have nothing to do with OneNET differ between modules, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

FACTORY_FLAGS: Mapping[str, str] = {
    "AUTOCONNECT": "TRUE",
    "CR_0354_0338_SCRAMBLING": "TRUE",
    "CR_0859_SI_AVOID": "FALSE",
    "COMBINE_ATTACH": "FALSE",
    "CELL_RESELECTION": "TRUE",
    "ENABLE_BIP": "FALSE",
}
"""Of AT+NCONFIG. The names are the chip's, seen on boards. AUTOCONNECT turns the radio on;
CR_0354_0338_SCRAMBLING must match the network or no cell is found."""


@dataclass(frozen=True, slots=True)
class General:
    """The defaults are the M5310's.

    Sockets: `datagram`: bytes of one at most. `sequences`: AT+NSOST takes a sequence number, and
    +NSOSTR says what became of it; AT+NQSOS lists those under way. `announces_each`: +NSONMI comes
    for each datagram that waits, else for the first. `resolves`: AT+CMDNS exists.

    Others: `empty_cell`: +CEREG has a cell of zeros while there is none. `speed_timeout`: seconds
    until the former speed returns, where AT+NATSPEED gives none; 0: never. `speed_in_full`:
    AT+NATSPEED? has this time and whether it is stored, too. `operator_mode`: the last row of
    AT+NUESTATS. `flags`: of AT+NCONFIG, with their values. `asleep`: a line that is written when
    the module falls asleep. `taken`: names of commands that exist, and have no effect here.
    """

    datagram: int = 512
    sequences: bool = False
    announces_each: bool = True
    resolves: bool = False
    empty_cell: bool = False
    speed_timeout: int = 0
    speed_in_full: bool = True
    operator_mode: bool = False
    flags: Mapping[str, str] = field(default_factory=lambda: FACTORY_FLAGS, hash=False)
    asleep: str = ""
    taken: tuple[str, ...] = ()


M5310 = General()
# Its AT command set 1.4.
# guess: the values of the flags
M5310A = General(
    datagram=1358,
    sequences=True,
    announces_each=False,
    resolves=True,
    speed_timeout=3,
    speed_in_full=False,
    operator_mode=True,
    flags={
        **FACTORY_FLAGS,
        "MULTITONE": "TRUE",
        "NAS_SIM_POWER_SAVING_ENABLE": "TRUE",
        "BARRING_RELEASE_DELAY": "64",
        "RELEASE_VERSION": "13",
        "RPM": "FALSE",
        "SYNC_TIME_PERIOD": "0",
        "IPV6_GET_PREFIX_TIME": "15",
        "NB_CATEGORY": "1",
        "HEAD_COMPRESS": "TRUE",
        "RLF_UPDATE": "FALSE",
        "CONNECTION_REESTABLISHMENT": "FALSE",
    },
    taken=("+CMSRI", "+NPTWEDRXS", "+NPOWERCLASS", "+NCHIPINFO", "+NXLOG", "+NFWUPD"),
)
# The command chooses the platform at which the module registers by itself.
# The empty cell is seen in a log of BC95.
QUECTEL = General(empty_cell=True, taken=("+QREGSWT",))
# guess: the text comes without being asked for
M5311 = General(asleep="*GOTOSLEEP", taken=("*SLEEP", "+SM"))
ME3616 = General(asleep='*MNBIOTEVENT: "ENTER PSM"', taken=("+ZSLR",))
MN316 = General(taken=("+WORKLOCK",))
GENERALS: Mapping[str, General] = {
    "m5310": M5310,
    "m5310a": M5310A,
    "m5311": M5311,
    "quectel": QUECTEL,
    "me3616": ME3616,
    "mn316": MN316,
}
