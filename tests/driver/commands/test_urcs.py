"""Unsolicited result codes of the module itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m5310.commands.general import BootCause, Booted
from m5310.commands.network import NetworkStatus, Registration
from m5310.commands.ping import PingFailure, PingReply
from m5310.commands.sockets import DatagramWaiting
from m5310.commands.urcs import RadioConnection, Sleep, Urc, parse
from m5310.errors import AnswerError


@pytest.mark.parametrize(
    ("line", "urc"),
    [
        ("+CEREG:5", NetworkStatus(Registration.ROAMING)),
        ("+CSCON:1", RadioConnection(connected=True)),
        ("+CSCON:0", RadioConnection(connected=False)),
        ("+NPSMR:1", Sleep(asleep=True)),
        ("+NPSMR: 0", Sleep(asleep=False)),
        ("+NPSMR:2", None),
        ("+NPSMR:1,0", None),
        ("+NSONMI:0,4", DatagramWaiting(0, 4)),
        ("+NPING:1.2.3.4,50,20", PingReply("1.2.3.4", 50, 0.02)),
        ("+NPINGERR:1", PingFailure(1)),
        (
            "REBOOT_CAUSE_SECURITY_RESET_PIN",
            Booted(BootCause.RESET_PIN, "REBOOT_CAUSE_SECURITY_RESET_PIN"),
        ),
        *(
            (line, Booted(BootCause.UNKNOWN, line))
            for line in ("*ATREADY: 1", "*MATREADY: 1", "+MATREADY")  # M5311, ME3616, MN316
        ),
        ("*ATREADY: 0", None),
        ("*GOTOSLEEP", Sleep(asleep=True)),
        ('*MNBIOTEVENT: "ENTER PSM"', Sleep(asleep=True)),
        ('*MNBIOTEVENT: "EXIT PSM"', None),
        ("+MIPLOPEN:0,1", None),
        ("+CSCON:1,0", None),  # the response to AT+CSCON?
        ("REBOOTING", None),
        ("", None),
    ],
)
def test_parse(line: str, urc: Urc | None) -> None:
    assert parse(line) == urc


@given(
    st.sampled_from(["+CEREG", "+CSCON", "+NPSMR", "+NSONMI", "+NPING", "+NPINGERR"]),
    st.text(max_size=20),
)
def test_parse_raises_only_answer_error(name: str, text: str) -> None:
    try:
        parse(f"{name}:{text}")
    except AnswerError:
        return
