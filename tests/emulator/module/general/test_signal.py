"""CSQ and NUESTATS follow the coverage."""

from __future__ import annotations

import pytest

from emulator.module.radio.coverage import Cell, Coverage
from emulator.module.radio.radio import INACTIVITY_TIME
from tests.support.uart import Host

ROWS = [
    "Signal power:-666",
    "Total power:-570",
    "TX power:0",
    "TX time:0",
    "RX time:0",
    "Cell ID:94",
    "ECL:0",
    "SNR:222",
    "EARFCN:3555",
    "PCI:88",
    "RSRQ:-108",
]
CELL = "NUESTATS:CELL,3555,88,1,-666,-108,-570,222"
ERRORS = [f"NUESTATS:BLER,{way} BLER,0" for way in ("RLC UL", "RLC DL", "MAC UL", "MAC DL")]
THROUGHPUT = [f"NUESTATS:THP,{way},0" for way in ("RLC UL", "RLC DL", "MAC UL", "MAC DL")]
RADIO = [f"NUESTATS:RADIO,{row}" for row in ROWS]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("AT+CSQ", ["+CSQ:28,99"]),
        ("AT+CSQ=?", ["+CSQ:(0-31,99),(99)"]),
        ("AT+NUESTATS", ROWS),
        ("AT+NUESTATS=RADIO", RADIO),
        ("AT+NUESTATS=CELL", [CELL]),
        ("AT+NUESTATS=BLER", ERRORS),
        ("AT+NUESTATS=THP", THROUGHPUT),
        ("AT+NUESTATS=ALL", [*RADIO, *ERRORS, *THROUGHPUT, CELL]),
        ("AT+NUESTATS=?", ["+NUESTATS:(RADIO,CELL,BLER,THP,ALL)"]),
    ],
)
def test_answers_byte_for_byte(question: str, answer: list[str]) -> None:
    lines = "".join(f"\r\n{line}" for line in answer)  # they touch
    assert Host().raw(question.encode() + b"\r") == f"{lines}\r\n\r\nOK\r\n".encode()


@pytest.mark.parametrize(
    ("command", "number"),
    [("AT+CSQ=1", 50), ("AT+CSQ?", 4), ("AT+NUESTATS=NONE", 50), ("AT+NUESTATS=CELL,1", 50)],
)
def test_refusals(command: str, number: int) -> None:
    assert Host().refused(command) == number


@pytest.mark.parametrize(
    ("rssi", "shown"), [(-1130, 0), (-1200, 0), (-510, 31), (-300, 31), (-1110, 1), (-1115, 0)]
)
def test_csq_counts_in_steps_of_two_decibels(rssi: int, shown: int) -> None:
    host = Host()
    host.module.radio.cell = Cell(rssi=rssi)
    assert host.ask("AT+CSQ") == [f"+CSQ:{shown},99", "OK"]


@pytest.mark.parametrize(
    ("coverage", "csq", "power", "level", "errors"),
    [
        (Coverage.ECL0, "28,99", -666, 0, 0),
        (Coverage.ECL1, "6,99", -1120, 1, 2),
        (Coverage.ECL2, "2,99", -1240, 2, 10),
        (Coverage.OUT, "99,99", -32768, 255, 0),
    ],
)
def test_figures_follow_the_coverage(
    coverage: Coverage, csq: str, power: int, level: int, errors: int
) -> None:
    host = Host()
    host.module.radio.coverage = coverage
    assert host.ask("AT+CSQ") == [f"+CSQ:{csq}", "OK"]
    rows = host.ask("AT+NUESTATS")
    assert rows[0] == f"Signal power:{power}"
    assert f"ECL:{level}" in rows
    assert host.ask("AT+NUESTATS=BLER")[0] == f"NUESTATS:BLER,RLC UL BLER,{errors}"


def test_no_cell_row_without_a_cell() -> None:
    host = Host()
    host.module.radio.coverage = Coverage.OUT
    assert host.ask("AT+NUESTATS=CELL") == ["OK"]


def test_rejecting_network_is_measured() -> None:
    host = Host()
    host.module.radio.refusing = True
    assert host.ask("AT+CSQ") == ["+CSQ:28,99", "OK"]
    assert host.ask("AT+NUESTATS=CELL") == [CELL, "OK"]


def test_radio_times_add_up() -> None:
    host = Host()
    host.well("AT+NPING=192.0.2.1")
    host.wait(10)
    assert host.ask("AT+NUESTATS")[3:5] == ["TX time:40", "RX time:10000"]
    host.wait(60)
    assert f"RX time:{round(INACTIVITY_TIME * 1000)}" in host.ask("AT+NUESTATS")
