"""Thirty days of a module and its platform: nothing drifts, grows or differs."""

from __future__ import annotations

from dataclasses import dataclass, field

from emulator.air.memory import Air
from emulator.air.messages import Path, Read
from emulator.module.module import Identity, Module
from emulator.onenet.devices import Description
from emulator.onenet.lwm2m.requests import FIRST_MID, LAST_MID, Failure, Outcome
from emulator.onenet.platform import Platform
from emulator.simulation.simulation import Chain
from tests.support.uart import DIRECT, START

HOUR, DAY = 3600.0, 86_400.0
TEMPERATURE = Path(3303, 0, 5700)


@dataclass
class Outpost:
    """A host that reports, renews its login and answers reads, with a loss on its air."""

    loss: float = 0.0
    now: float = START
    log: list[tuple[float, bytes]] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    answering: bool = True

    def __post_init__(self) -> None:
        self.module = Module(Identity(imei="1234", imsi="test"), seed=5, now=self.now)
        self.platform = Platform(subscribed_read=False)
        self.chain = Chain(self.platform, Air(loss=self.loss, seed=5))
        self.chain.add(self.module)
        self.device = self.platform.create_device(Description("post", "1234", "test"), self.now)
        for line in (
            DIRECT,
            "AT+MIPLADDOBJ=0,3303,0",
            'AT+MIPLNOTIFY=0,3303,0,5700,4,"20.5",1',
            "AT+MIPLOPEN=0,60",
        ):
            self.say(line)
        self.wait(60)

    def say(self, line: str) -> None:
        self.chain.step(self.now)
        self.module.receive(line.encode() + b"\r", self.now)
        self.settle()

    def settle(self) -> float | None:
        deadline = self.chain.step(self.now)
        while output := self.module.take_output():
            self.log.append((self.now, output))
            for urc in output.split(b"\r\n"):
                if self.answering and urc.startswith(b"+MIPLREAD:"):
                    msgid = urc.split(b",")[1].decode()
                    self.say(f'AT+MIPLREAD=0,{msgid},3303,0,5700,4,"21.5",1')
            deadline = self.chain.step(self.now)
        return deadline

    def wait(self, seconds: float) -> None:
        end = self.now + seconds
        while (deadline := self.settle()) is not None and deadline <= end:
            assert deadline > self.now
            self.now = deadline
        self.now = end
        self.settle()

    def read(self) -> None:
        self.chain.step(self.now)
        self.platform.request(self.device, Read(0, TEMPERATURE), self.outcomes.append, self.now)

    def heard(self, text: bytes) -> list[float]:
        """When the host was told this."""
        return [at for at, output in self.log if text in output]


def month(loss: float) -> Outpost:
    post = Outpost(loss)
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
    assert first.chain.air.lost > 100
    assert first.log == again.log
    assert first.outcomes == again.outcomes
    assert first.device.points.streams(6000) == again.device.points.streams(6000)


def test_nobody_renews_and_the_login_is_over_with_its_lifetime() -> None:
    post = Outpost()
    post.say("AT+MIPLUPDATE=0,86400,0")
    renewed = post.now + post.chain.air.latency
    post.wait(DAY - 1)
    assert post.platform.online(post.device)
    post.wait(renewed + DAY - post.now)
    assert not post.platform.online(post.device)
    post.say("AT+MIPLUPDATE=0,86400,0")
    post.wait(60)
    assert len(post.heard(b"+MIPLUPDATE:0,0")) == 1


def test_a_silent_host_is_asked_three_times_ten_seconds_apart_and_then_given_up() -> None:
    post = Outpost(answering=False)
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
    post = Outpost(answering=False)
    post.read()
    post.wait(29.8)
    post.say('AT+MIPLREAD=0,10002,3303,0,5700,4,"21.5",1')
    post.wait(1)
    (outcome,) = post.outcomes
    assert outcome.failure is None


def test_message_ids_begin_again_after_the_last_with_five_digits() -> None:
    post = Outpost(answering=False)
    for _ in range(LAST_MID - FIRST_MID - 2):
        post.platform.cancel(
            post.platform.request(post.device, Read(0, TEMPERATURE), post.outcomes.append, post.now)
        )
    post.platform.take_downlink()
    post.answering = True
    for _ in range(3):
        post.read()
        post.wait(1)
    told = [output.split(b",")[1] for _, output in post.log if b"+MIPLREAD:" in output]
    assert told == [b"65535", b"10000", b"10001"]
    assert [outcome.failure for outcome in post.outcomes] == [None] * 3
