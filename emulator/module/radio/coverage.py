"""Coverage levels of NB-IoT, and the reception at each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import auto

from emulator.module.named import Named


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell and how it is received; powers in tenths of a dBm, ratios in tenths of a dB."""

    plmn: str = "46000"
    tac: str = "19E6"
    ci: str = "94"
    earfcn: int = 3555
    band: int = 8
    scrambling: bool = True  # 3GPP change requests 0354 and 0338: module and cell must agree
    pci: int = 88
    rsrp: int = -666
    rssi: int = -570
    rsrq: int = -108
    snr: int = 222
    tx_power: int = 0
    ecl: int = 0
    round_trip: float = 0.32  # seconds to a host on the Internet and back


class Coverage(Named):
    """NB-IoT's coverage enhancement levels; OUT: no coverage."""

    ECL0 = auto()
    ECL1 = auto()
    ECL2 = auto()
    OUT = auto()


@dataclass(frozen=True, slots=True)
class Reception:
    """Effects of a coverage level. Times in seconds, `loss` a fraction from 0 to 1.

    `latency` (each direction) and `loss` are added to those of the air; `burst`: transmission time
    of one message.
    """

    cell: Cell
    attach_time: float
    latency: float
    loss: float
    burst: float


# An attach takes 2 s in good coverage and up to 120 s in bad coverage: seen on boards. The power
# limits of the levels, and 1, 8 and 64 repetitions, are usual for NB-IoT networks.
# guess: every figure here
RECEPTIONS: Mapping[Coverage, Reception] = {
    Coverage.ECL0: Reception(Cell(), attach_time=2.0, latency=0.0, loss=0.0, burst=0.04),
    Coverage.ECL1: Reception(
        Cell(rsrp=-1120, rssi=-1010, rsrq=-130, snr=20, tx_power=230, ecl=1, round_trip=2.1),
        attach_time=12.0,
        latency=0.9,
        loss=0.02,
        burst=0.32,
    ),
    Coverage.ECL2: Reception(
        Cell(rsrp=-1240, rssi=-1090, rsrq=-170, snr=-80, tx_power=230, ecl=2, round_trip=8.5),
        attach_time=60.0,
        latency=4.0,
        loss=0.1,
        burst=2.56,
    ),
}
ATTACH_TIME = RECEPTIONS[Coverage.ECL0].attach_time
