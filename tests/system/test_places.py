"""A device and its cloud across good coverage, bad coverage and none, asleep and awake."""

from __future__ import annotations

import pytest

from emulator.air.faults import LATENCY
from emulator.lwm2m.model import Path
from emulator.module.radio.coverage import RECEPTIONS, Coverage
from emulator.onenet.lwm2m.operations import Read
from emulator.onenet.lwm2m.requests import Failure
from tests.support.language import running
from tests.support.reporting_host import ReportingHost
from tests.support.stored import streams

pytestmark = pytest.mark.usefixtures("each_language")

TEMPERATURE = Path(3303, 0, 5700)


def place(coverage: Coverage) -> ReportingHost:
    """Logged in at ECL0, its conversation over, then moved to `coverage`."""
    host = ReportingHost()
    host.module.radio.coverage = coverage
    host.news.clear()
    return host


@pytest.mark.parametrize("coverage", RECEPTIONS)
def test_acknowledged_report_takes_a_round_trip(coverage: Coverage) -> None:
    host = place(coverage)
    host.report(22.5, 7)
    begin = host.now
    host.wait(120)
    (at,) = host.times_of("acknowledged 7")
    round_trip = 2 * (LATENCY + RECEPTIONS[coverage].latency)
    assert at - begin == pytest.approx(round_trip)
    (stream,) = streams(host.platform, host.device, 10)
    assert [point.value for point in stream.points] == [22.5], "repetitions count once"


@pytest.mark.parametrize("coverage", RECEPTIONS)
def test_read_is_answered_in_each_coverage(coverage: Coverage) -> None:
    host = place(coverage)
    begin = host.now
    host.read()
    host.wait(120)
    (outcome,) = host.outcomes
    assert outcome.failure is None
    assert outcome.at - begin == pytest.approx(2 * (LATENCY + RECEPTIONS[coverage].latency))


@pytest.mark.parametrize("coverage", RECEPTIONS)
def test_login_in_each_coverage(coverage: Coverage) -> None:
    host = place(coverage)
    host.write(host.words.close)
    host.wait(60)
    assert len(host.times_of("closed 1")) == 1
    host.write(host.words.open(120))
    host.wait(120)
    assert len(host.times_of("opened 1")) == 1
    assert host.platform.online(host.device)


def test_read_out_of_coverage_fails() -> None:
    host = place(Coverage.OUT)
    begin = host.now
    host.read()
    host.wait(60)
    (outcome,) = host.outcomes
    assert (outcome.failure, outcome.at - begin) == (Failure.TIME_OUT, 30.0)
    assert host.platform.online(host.device), "it is still on the cloud's list"


def test_read_is_repeated_until_coverage_returns() -> None:
    host = place(Coverage.OUT)
    host.read()
    host.wait(15)
    host.module.radio.coverage = Coverage.ECL0
    host.wait(60)
    (outcome,) = host.outcomes
    assert outcome.failure is None


def test_login_out_of_coverage_is_refused_at_once() -> None:
    host = place(Coverage.ECL0)
    host.write(host.words.close)
    host.wait(10)
    host.module.radio.coverage = Coverage.OUT
    host.write("AT+CMEE=1")
    host.write(host.words.open(30))
    number = "+CME ERROR:30" if running().classic else "+CIS ERROR:602"
    assert len(host.times_of(f"refused {number}")) == 1


def test_login_fails_when_coverage_ends() -> None:
    host = place(Coverage.ECL2)
    host.write(host.words.close)
    host.wait(60)
    host.write(host.words.open(30))
    begin = host.now
    host.module.radio.coverage = Coverage.OUT
    host.wait(60)
    assert host.times_of("opened 0") == [begin + 30]


def test_sleeping_module_reports_but_cannot_be_read() -> None:
    host = place(Coverage.ECL1)
    host.write('AT+CPSMS=1,,,"01000001","00000101"')
    host.wait(60)
    assert host.module.power_saving.asleep
    host.platform.request(host.device, Read(TEMPERATURE), host.outcomes.append, host.now)
    host.wait(31)
    (outcome,) = host.outcomes
    assert outcome.failure is Failure.TIME_OUT
    host.write("ATAT")
    host.report(22.5, 7)
    host.wait(20)
    assert len(host.times_of("acknowledged 7")) == 1
