"""A device and its cloud across good coverage, bad coverage and none, asleep and awake."""

from __future__ import annotations

import pytest

from emulator.air.memory import LATENCY
from emulator.air.messages import Path, Read
from emulator.module.radio.coverage import RECEPTIONS, Coverage
from emulator.onenet.lwm2m.requests import Failure
from tests.support.reporting_host import ReportingHost

TEMPERATURE = Path(3303, 0, 5700)


def place(coverage: Coverage) -> ReportingHost:
    """Logged in at ECL0, its conversation over, then moved to `coverage`."""
    post = ReportingHost()
    post.module.radio.coverage = coverage
    post.log.clear()
    return post


@pytest.mark.parametrize("coverage", RECEPTIONS)
def test_an_acknowledged_report_takes_the_way_there_and_back(coverage: Coverage) -> None:
    post = place(coverage)
    post.say('AT+MIPLNOTIFY=0,3303,0,5700,4,"22.5",1,7')
    begin = post.now
    post.wait(120)
    (at,) = post.heard(b"+MIPLNOTIFY:0,7")
    round_trip = 2 * (LATENCY + RECEPTIONS[coverage].latency)
    assert at - begin == pytest.approx(round_trip)
    (stream,) = post.device.points.streams(10)
    assert [point.value for point in stream.points] == [22.5], "repetitions count once"


@pytest.mark.parametrize("coverage", RECEPTIONS)
def test_a_read_is_answered_from_everywhere(coverage: Coverage) -> None:
    post = place(coverage)
    begin = post.now
    post.read()
    post.wait(120)
    (outcome,) = post.outcomes
    assert outcome.failure is None
    assert outcome.at - begin == pytest.approx(2 * (LATENCY + RECEPTIONS[coverage].latency))


@pytest.mark.parametrize("coverage", RECEPTIONS)
def test_a_login_works_wherever_there_is_coverage(coverage: Coverage) -> None:
    post = place(coverage)
    post.say("AT+MIPLCLOSE=0")
    post.wait(60)
    assert len(post.heard(b"+MIPLCLOSE:0,1")) == 1
    post.say("AT+MIPLOPEN=0,120")
    post.wait(120)
    assert len(post.heard(b"+MIPLOPEN:0,1")) == 1
    assert post.platform.online(post.device)


def test_out_of_coverage_the_cloud_waits_and_gives_up() -> None:
    post = place(Coverage.OUT)
    begin = post.now
    post.read()
    post.wait(60)
    (outcome,) = post.outcomes
    assert (outcome.failure, outcome.at - begin) == (Failure.TIME_OUT, 30.0)
    assert post.platform.online(post.device), "it is still on the cloud's list"


def test_back_in_time_it_hears_the_repetition() -> None:
    post = place(Coverage.OUT)
    post.read()
    post.wait(15)
    post.module.radio.coverage = Coverage.ECL0
    post.wait(60)
    (outcome,) = post.outcomes
    assert outcome.failure is None


def test_a_login_out_of_coverage_is_refused_at_once() -> None:
    post = place(Coverage.ECL0)
    post.say("AT+MIPLCLOSE=0")
    post.wait(10)
    post.module.radio.coverage = Coverage.OUT
    post.say("AT+CMEE=1")
    post.say("AT+MIPLOPEN=0,30")
    assert len(post.heard(b"+CME ERROR:30")) == 1


def test_a_login_whose_coverage_goes_meanwhile_fails_in_its_time() -> None:
    post = place(Coverage.ECL2)
    post.say("AT+MIPLCLOSE=0")
    post.wait(60)
    post.say("AT+MIPLOPEN=0,30")
    begin = post.now
    post.module.radio.coverage = Coverage.OUT
    post.wait(60)
    assert post.heard(b"+MIPLOPEN:0,0") == [begin + 30]


def test_asleep_it_is_asked_in_vain_and_reports_all_the_same() -> None:
    post = place(Coverage.ECL1)
    post.say('AT+CPSMS=1,,,"01000001","00000101"')
    post.wait(60)
    assert post.module.power_saving.asleep
    post.platform.request(post.device, Read(0, TEMPERATURE), post.outcomes.append, post.now)
    post.wait(31)
    (outcome,) = post.outcomes
    assert outcome.failure is Failure.TIME_OUT
    post.say("ATAT")
    post.say('AT+MIPLNOTIFY=0,3303,0,5700,4,"22.5",1,7')
    post.wait(20)
    assert len(post.heard(b"+MIPLNOTIFY:0,7")) == 1
