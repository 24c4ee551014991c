"""Thirty days of a module and its platform, without driver: no drift, no loss, same each time."""

from __future__ import annotations

from emulator.onenet.lwm2m.operations import Read
from emulator.onenet.lwm2m.outcomes import Failure
from emulator.onenet.lwm2m.requests import MIDS
from tests.support.reporting_host import TEMPERATURE, ReportingHost
from tests.support.stored import streams

HOUR, DAY = 3600.0, 86_400.0


def month(loss: float) -> ReportingHost:
    host = ReportingHost(loss)
    for hour in range(30 * 24):
        if hour % 12 == 0:
            host.write("AT+MIPLUPDATE=0,86400,0")
            host.wait(60)
        host.write(f'AT+MIPLNOTIFY=0,3303,0,5700,4,"{hour}.5",1,{hour + 1}')
        if host.platform.online(host.device):
            host.read()
        host.wait(HOUR)
    return host


def test_month_without_loss() -> None:
    host = month(0.0)
    (stream,) = streams(host.platform, host.device, 6000)
    assert [point.value for point in stream.points] == [hour + 0.5 for hour in range(720)]
    assert len(host.times_of(b"+MIPLNOTIFY:0,")) == 720
    assert len(host.times_of(b"+MIPLUPDATE:0,1")) == 60
    assert [outcome.failure for outcome in host.outcomes] == [None] * 720
    assert not host.times_of(b"ERROR")


def test_same_seed_gives_the_same_bytes() -> None:
    first, again = month(0.2), month(0.2)
    assert first.simulation.air.lost > 100
    assert first.log == again.log
    assert first.outcomes == again.outcomes
    assert streams(first.platform, first.device, 6000) == streams(
        again.platform, again.device, 6000
    )


def test_registration_ends_with_its_lifetime() -> None:
    host = ReportingHost()
    host.write("AT+MIPLUPDATE=0,86400,0")
    renewed = host.now + host.simulation.air.faults.latency
    host.wait(DAY - 1)
    assert host.platform.online(host.device)
    host.wait(renewed + DAY - host.now)
    assert not host.platform.online(host.device)
    host.write("AT+MIPLUPDATE=0,86400,0")
    host.wait(60)
    assert len(host.times_of(b"+MIPLUPDATE:0,0")) == 1


def msgids(host: ReportingHost) -> list[int]:
    """Of the reads that the host got."""
    return [int(output.split(b",")[1]) for _, output in host.log if b"+MIPLREAD:" in output]


def last_msgid(host: ReportingHost) -> int:
    return msgids(host)[-1]


def test_silent_host_is_asked_three_times() -> None:
    host = ReportingHost(answering=False)
    begin = host.now
    host.read()
    host.wait(60)
    msgid = last_msgid(host)
    asked = host.times_of(b"+MIPLREAD:0,%d,3303,0,5700" % msgid)
    assert [round(at - begin, 6) for at in asked] == [0.1, 10.1, 20.1]
    (outcome,) = host.outcomes
    assert (outcome.failure, outcome.at - begin) == (Failure.TIME_OUT, 30.0)
    host.write(f'AT+MIPLREAD=0,{msgid},3303,0,5700,4,"21.5",1')
    assert host.log[-1][1] == b"\r\nERROR\r\n"


def test_answer_just_in_time() -> None:
    host = ReportingHost(answering=False)
    host.read()
    host.wait(29.8)
    host.write(f'AT+MIPLREAD=0,{last_msgid(host)},3303,0,5700,4,"21.5",1')
    host.wait(1)
    (outcome,) = host.outcomes
    assert outcome.failure is None


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
