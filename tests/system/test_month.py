"""Thirty days of a module and its platform: nothing drifts, grows or differs."""

from __future__ import annotations

from emulator.air.messages import Read
from emulator.onenet.lwm2m.requests import FIRST_MID, LAST_MID, Failure
from tests.support.reporting_host import TEMPERATURE, ReportingHost

HOUR, DAY = 3600.0, 86_400.0


def month(loss: float) -> ReportingHost:
    post = ReportingHost(loss)
    for hour in range(30 * 24):
        if hour % 12 == 0:
            post.say("AT+MIPLUPDATE=0,86400,0")
            post.wait(60)
        post.say(f'AT+MIPLNOTIFY=0,3303,0,5700,4,"{hour}.5",1,{hour + 1}')
        if post.platform.online(post.device):
            post.read()
        post.wait(HOUR)
    return post


def test_a_month_without_loss() -> None:
    post = month(0.0)
    (stream,) = post.device.points.streams(6000)
    assert [point.value for point in stream.points] == [hour + 0.5 for hour in range(720)]
    assert len(post.heard(b"+MIPLNOTIFY:0,")) == 720
    assert len(post.heard(b"+MIPLUPDATE:0,1")) == 60
    assert [outcome.failure for outcome in post.outcomes] == [None] * 720
    assert not post.heard(b"ERROR")


def test_the_same_month_twice_is_the_same_to_the_byte() -> None:
    first, again = month(0.2), month(0.2)
    assert first.simulation.air.lost > 100
    assert first.log == again.log
    assert first.outcomes == again.outcomes
    assert first.device.points.streams(6000) == again.device.points.streams(6000)


def test_nobody_renews_and_the_login_is_over_with_its_lifetime() -> None:
    post = ReportingHost()
    post.say("AT+MIPLUPDATE=0,86400,0")
    renewed = post.now + post.simulation.air.latency
    post.wait(DAY - 1)
    assert post.platform.online(post.device)
    post.wait(renewed + DAY - post.now)
    assert not post.platform.online(post.device)
    post.say("AT+MIPLUPDATE=0,86400,0")
    post.wait(60)
    assert len(post.heard(b"+MIPLUPDATE:0,0")) == 1


def test_a_silent_host_is_asked_three_times_ten_seconds_apart_and_then_given_up() -> None:
    post = ReportingHost(answering=False)
    begin = post.now
    post.read()
    post.wait(60)
    asked = post.heard(b"+MIPLREAD:0,10002,3303,0,5700")
    assert [round(at - begin, 6) for at in asked] == [0.1, 10.1, 20.1]
    (outcome,) = post.outcomes
    assert (outcome.failure, outcome.at - begin) == (Failure.TIME_OUT, 30.0)
    post.say('AT+MIPLREAD=0,10002,3303,0,5700,4,"21.5",1')
    assert post.log[-1][1] == b"\r\nERROR\r\n"


def test_an_answer_just_in_time() -> None:
    post = ReportingHost(answering=False)
    post.read()
    post.wait(29.8)
    post.say('AT+MIPLREAD=0,10002,3303,0,5700,4,"21.5",1')
    post.wait(1)
    (outcome,) = post.outcomes
    assert outcome.failure is None


def test_message_ids_begin_again_after_the_last_with_five_digits() -> None:
    post = ReportingHost(answering=False)
    post.simulation.air.loss = 1
    for _ in range(LAST_MID - FIRST_MID - 2):
        post.platform.cancel(
            post.platform.request(post.device, Read(0, TEMPERATURE), post.outcomes.append, post.now)
        )
    post.simulation.air.loss = 0
    post.answering = True
    for _ in range(3):
        post.read()
        post.wait(1)
    told = [output.split(b",")[1] for _, output in post.log if b"+MIPLREAD:" in output]
    assert told == [b"65535", b"10000", b"10001"]
    assert [outcome.failure for outcome in post.outcomes] == [None] * 3
