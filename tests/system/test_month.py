"""Thirty days of a module and its platform, without driver: no drift, no loss, same each time."""

from __future__ import annotations

import pytest

from emulator.onenet.lwm2m.operations import Read
from emulator.onenet.lwm2m.outcomes import Failure
from emulator.onenet.lwm2m.requests import MIDS
from tests.support.effort import either
from tests.support.language import running
from tests.support.reporting_host import TEMPERATURE, ReportingHost
from tests.support.stored import streams

pytestmark = [pytest.mark.usefixtures("each_language"), pytest.mark.unmeasured]

HOUR, DAY = 3600.0, 86_400.0


def month(loss: float, days: int = 30) -> ReportingHost:
    host = ReportingHost(loss)
    for hour in range(days * 24):
        if hour % 12 == 0:
            host.write(host.words.update(86_400))
            host.wait(60)
        host.report(hour + 0.5, hour + 1)
        if host.platform.online(host.device):
            host.read()
        host.wait(HOUR)
    return host


def test_month_without_loss() -> None:
    host = month(0.0)
    (stream,) = streams(host.platform, host.device, 6000)
    assert [point.value for point in stream.points] == [hour + 0.5 for hour in range(720)]
    assert len(host.times_of("acknowledged")) == 720
    assert len(host.times_of("updated 1")) == 60
    assert [outcome.failure for outcome in host.outcomes] == [None] * 720
    assert not host.times_of("refused")


def test_same_seed_gives_the_same_bytes() -> None:
    days = either(10, 30)
    first, again = month(0.2, days), month(0.2, days)
    assert first.simulation.air.lost > 100
    assert first.log == again.log
    assert first.outcomes == again.outcomes
    assert streams(first.platform, first.device, 6000) == streams(
        again.platform, again.device, 6000
    )


def test_registration_ends_with_its_lifetime() -> None:
    host = ReportingHost()
    host.write(host.words.update(86_400))
    renewed = host.now + host.simulation.air.faults.latency
    host.wait(DAY - 1)
    assert host.platform.online(host.device)
    host.wait(renewed + DAY - host.now)
    assert not host.platform.online(host.device)
    host.write(host.words.update(86_400))
    host.wait(60)
    if running().classic:
        assert len(host.times_of("updated 0")) == 1
    else:  # the module says that by itself, and takes no update from then on
        assert len(host.times_of("over")) == 1
        host.write(host.words.update(86_400))
        assert host.times_of("refused") == [host.now]


def msgids(host: ReportingHost) -> list[int]:
    """Of the reads that the host got."""
    return [int(line.split()[1]) for _, line in host.news if line.startswith("read")]


def last_msgid(host: ReportingHost) -> int:
    return msgids(host)[-1]


def test_silent_host_is_asked_three_times() -> None:
    host = ReportingHost(answering=False)
    begin = host.now
    host.read()
    host.wait(60)
    msgid = last_msgid(host)
    asked = host.times_of(f"read {msgid} 3303 5700")
    assert [round(at - begin, 6) for at in asked] == [0.1, 10.1, 20.1]
    (outcome,) = host.outcomes
    assert (outcome.failure, outcome.at - begin) == (Failure.TIME_OUT, 30.0)
    host.answer(msgid)
    assert host.times_of("refused") == [host.now]


def test_answer_just_in_time() -> None:
    host = ReportingHost(answering=False)
    host.read()
    # a module of the suite waits less than the platform
    host.wait(29.8 if running().classic else host.module.firmware.suite.answer_time - 0.2)
    host.answer(last_msgid(host))
    host.wait(1)
    (outcome,) = host.outcomes
    assert outcome.failure is None


@pytest.mark.classic_only("of the platform's ids, which the classic module shows to its host")
def test_message_ids_wrap_within_five_digits() -> None:
    host = ReportingHost()
    host.read()
    host.wait(1)
    host.simulation.air.faults.loss = 1
    for _ in range(last_msgid(host) + 1, MIDS[-1]):
        host.platform.cancel(
            host.platform.request(host.device, Read(TEMPERATURE), host.outcomes.append, host.now)
        )
    host.simulation.air.faults.loss = 0
    for _ in range(3):
        host.read()
        host.wait(1)
    assert msgids(host)[-3:] == [65_535, 10_000, 10_001]
    assert [outcome.failure for outcome in host.outcomes] == [None] * 4
