"""Radio measurements in their units."""

from __future__ import annotations

import pytest

from m5310.at.codec import Answer
from m5310.commands import signal as m
from m5310.errors import AnswerError
from tests.support.answers import parsed


def test_each_command_line() -> None:
    assert m.signal_quality().line == "AT+CSQ"
    assert m.statistics().line == "AT+NUESTATS"
    assert m.cells().line == "AT+NUESTATS=CELL"


@pytest.mark.parametrize(
    ("line", "dbm"),
    [("+CSQ:0,99", -113), ("+CSQ:31,99", -51), ("+CSQ: 17,0", -79), ("+CSQ:99,99", None)],
)
def test_signal_in_dbm(line: str, dbm: int | None) -> None:
    assert parsed(m.signal_quality(), line) == dbm


@pytest.mark.parametrize("line", ["+CSQ:32,99", "+CSQ:1", "+CSQ:1,8", "+CSQ:-1,99"])
def test_signal_out_of_range(line: str) -> None:
    with pytest.raises(AnswerError):
        m.signal_quality().parse(Answer(m.signal_quality(), (line,)))


def test_statistics_in_units() -> None:
    got = parsed(
        m.statistics(),
        "Signal power:-666",
        "Total power:-602",
        "TX power:-32768",
        "TX time:2431",
        "Cell ID:27447553",
        "ECL:0",
        "SNR:205",
        "EARFCN:3555",
        "PCI:7",
        "RSRQ:-108",
    )
    assert got == m.RadioStatistics(
        signal_power=-66.6,
        total_power=-60.2,
        transmit_power=None,
        snr=20.5,
        coverage_level=0,
        earfcn=3555,
        cell=27447553,
        pci=7,
        rsrq=-10.8,
    )


def test_unknown_statistics_are_ignored() -> None:
    assert parsed(m.statistics(), "Row:1") == m.RadioStatistics()


def test_cells_in_units() -> None:
    got = parsed(
        m.cells(),
        "NUESTATS:CELL,3555,7,1,-666,-108,-602,205",
        "NUESTATS:CELL,3555,9,0,-700,-120,-602,-15",
    )
    assert got == (
        m.Cell(3555, 7, True, -66.6, -10.8, -60.2, 20.5),
        m.Cell(3555, 9, False, -70.0, -12.0, -60.2, -1.5),
    )
    assert parsed(m.cells()) == ()


def test_statistics_out_of_coverage() -> None:
    rows = ("Signal power:-32768", "ECL:255", "SNR:-32768", "RSRQ:-32768")
    assert parsed(m.statistics(), *rows) == m.RadioStatistics()
