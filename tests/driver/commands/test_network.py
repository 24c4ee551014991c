"""Registration, operator, addresses and ping."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m5310.at.codec import Answer, Command
from m5310.commands import network as n
from m5310.commands.network import NetworkStatus, Registration
from m5310.commands.ping import PingFailure, PingReply, ping, ping_outcome
from m5310.errors import AnswerError, ParameterError
from tests.support.answers import parsed


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (n.report_registration(2), "AT+CEREG=2"),
        (n.registration(), "AT+CEREG?"),
        (n.attach(on=True), "AT+CGATT=1"),
        (n.attachment(), "AT+CGATT?"),
        (n.report_connection(on=False), "AT+CSCON=0"),
        (n.connection(), "AT+CSCON?"),
        (n.operator("46000"), 'AT+COPS=1,2,"46000"'),
        (n.operator(None), "AT+COPS=0"),
        (n.operator_query(), "AT+COPS?"),
        (n.bands(5, 8), "AT+NBAND=5,8"),
        (n.bands_query(), "AT+NBAND?"),
        (n.lock_frequency(3555), "AT+NEARFCN=0,3555"),
        (n.forget_frequencies(), "AT+NCSEARFCN"),
        (n.addresses(), "AT+CGPADDR"),
        (n.contexts(), "AT+CGDCONT?"),
        (ping("183.230.40.40"), "AT+NPING=183.230.40.40"),
        (ping("183.230.40.40", 12, 10000), "AT+NPING=183.230.40.40,12,10000"),
        (ping("183.230.40.40", timeout_ms=500), "AT+NPING=183.230.40.40,,500"),
    ],
)
def test_each_command_line(command: Command, line: str) -> None:
    assert command.line == line


ASLEEP_SOON = NetworkStatus(Registration.HOME, 0x19E6, 0x94, 7, active=10, periodic_update=3600)


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("+CEREG:0,1", NetworkStatus(Registration.HOME)),
        ("+CEREG: 1,3", NetworkStatus(Registration.DENIED)),
        ("+CEREG:2,1,19E6,94,7", NetworkStatus(Registration.HOME, 0x19E6, 0x94, 7)),
        ('+CEREG:2,5,"19E6","0000094F",9', NetworkStatus(Registration.ROAMING, 0x19E6, 0x94F, 9)),
        ("+CEREG:2,2,,,", NetworkStatus(Registration.SEARCHING)),
        ('+CEREG:2,2,"","",7', NetworkStatus(Registration.SEARCHING, technology=7)),
        ("+CEREG:2,1,19E6,,7", NetworkStatus(Registration.HOME, technology=7)),
        (
            "+CEREG:3,3,,,,0,15",
            NetworkStatus(Registration.DENIED, cause_type=0, reject_cause=15),
        ),
        ('+CEREG:4,1,19E6,94,7,,,"00000101","00100001"', ASLEEP_SOON),
        ("+CEREG:5,1,19E6,94,7,,,00000101,00100001", ASLEEP_SOON),
        (
            "+CEREG:5,3,,,,1,312,,",
            NetworkStatus(Registration.DENIED, cause_type=1, reject_cause=312),
        ),
    ],
)
def test_registration_response(line: str, status: NetworkStatus) -> None:
    assert parsed(n.registration(), line) == status
    assert n.registration_change(line) is None  # not an unsolicited line


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("+CEREG:5", NetworkStatus(Registration.ROAMING)),
        ("+CEREG:2", NetworkStatus(Registration.SEARCHING)),
        ("+CEREG:1,19E6,94,7", NetworkStatus(Registration.HOME, 0x19E6, 0x94, 7)),
        ("+CEREG:2,,,", NetworkStatus(Registration.SEARCHING)),
        ("+CEREG:3,,,,0,15", NetworkStatus(Registration.DENIED, cause_type=0, reject_cause=15)),
        ('+CEREG:1,19E6,94,7,,,"00000101","00100001"', ASLEEP_SOON),
        (
            "+CEREG:1,19E6,94,7,,,11100000,11100000",
            replace(ASLEEP_SOON, active=None, periodic_update=None),
        ),
    ],
)
def test_registration_urc_does_not_match_the_response(line: str, status: NetworkStatus) -> None:
    assert n.registration_change(line) == status
    (shape,) = n.registration().responses
    assert not shape.pattern.fullmatch(line)


values = st.lists(st.sampled_from(["", "0", "1", "2", "5", "94", "19E6", "00000101"]), max_size=9)


@given(values)
def test_registration_line_is_response_or_urc_never_both(values: list[str]) -> None:
    line = f"+CEREG:{','.join(values)}"
    (shape,) = n.registration().responses
    answers = shape.pattern.fullmatch(line) is not None
    assert not (answers and n.registration_change(line))
    if answers:
        assert len(values) in (2, 5, 7, 9)


def test_registered_states() -> None:
    assert [stat.name for stat in Registration if stat.registered] == ["HOME", "ROAMING"]


def test_switches() -> None:
    assert parsed(n.attachment(), "+CGATT:1")
    assert not parsed(n.attachment(), "+CGATT:0")
    assert parsed(n.connection(), "+CSCON:0,1")
    assert not parsed(n.connection(), "+CSCON:1,0")
    (shape,) = n.connection().responses
    assert not shape.pattern.fullmatch("+CSCON:1")  # the unsolicited one


@pytest.mark.parametrize(
    ("line", "operator"),
    [
        ('+COPS:1,2,"46000"', "46000"),
        ("+COPS:0", None),
        ('+COPS:0,2,""', None),
        ("+COPS:0,2,46000,9", "46000"),
    ],
)
def test_operator_response(line: str, operator: str | None) -> None:
    assert parsed(n.operator_query(), line) == operator


def test_bands_addresses_and_contexts() -> None:
    assert parsed(n.bands_query(), "+NBAND:5,8") == (5, 8)
    assert parsed(n.addresses(), "+CGPADDR:0,10.169.241.248") == "10.169.241.248"
    assert parsed(n.addresses(), "+CGPADDR:0") is None
    assert parsed(n.addresses(), "+CGPADDR:0", "+CGPADDR:1,10.0.0.7") == "10.0.0.7"
    both = '+CGPADDR:0,"10.0.0.7","2001:DB8::7"'
    assert parsed(n.addresses(), both) == "10.0.0.7"
    row = '+CGDCONT:0,"IP","nbiot.MNC002.MCC460.GPRS",,0,0'
    assert parsed(n.contexts(), row) == {0: "nbiot.MNC002.MCC460.GPRS"}
    assert n.contexts().parse(Answer(n.contexts(), ("hm",))) == {}


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: n.report_registration(6),
        lambda: n.operator("CMCC"),
        lambda: n.bands(),
        lambda: n.bands(0),
        lambda: n.lock_frequency(-1),
        lambda: ping("example.com"),
        lambda: ping("dead.beef"),
        lambda: ping("1.2.3.4", 0),
        lambda: ping("1.2.3.4", 12, 1),
    ],
)
def test_parameters_out_of_range(wrong: object) -> None:
    assert callable(wrong)
    with pytest.raises(ParameterError):
        wrong()


def test_ping_outcome() -> None:
    assert ping_outcome("+NPING:183.230.40.40,52,1034") == PingReply("183.230.40.40", 52, 1.034)
    assert ping_outcome("+NPINGERR:1") == PingFailure(1)
    assert ping_outcome("+NSONMI:0,5") is None
    for line in ("+NPING:1.2.3.4,52", "+NPING:1.2.3.4,x,1", "+NPINGERR:"):
        with pytest.raises(AnswerError, match="shape"):
            ping_outcome(line)
