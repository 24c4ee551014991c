"""Coverage levels: each is worse than the one before."""

from __future__ import annotations

from itertools import pairwise

from emulator.module.radio.coverage import RECEPTIONS, Coverage


def test_worse_coverage_is_weaker_and_slower() -> None:
    levels = [RECEPTIONS[level] for level in (Coverage.ECL0, Coverage.ECL1, Coverage.ECL2)]
    for better, worse in pairwise(levels):
        assert better.cell.rsrp > worse.cell.rsrp
        assert better.cell.rssi > worse.cell.rssi
        assert better.cell.snr > worse.cell.snr
        assert better.cell.ecl < worse.cell.ecl
        assert better.cell.round_trip < worse.cell.round_trip
        assert better.latency < worse.latency
        assert better.loss < worse.loss
        assert better.attach_time < worse.attach_time
    assert all(2.0 <= level.attach_time <= 120.0 for level in levels)


def test_out_of_coverage_has_no_reception() -> None:
    assert Coverage.OUT not in RECEPTIONS
    assert len(RECEPTIONS) == len(Coverage) - 1
