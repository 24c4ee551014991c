"""A module whose own server is hostile: nothing raises, lines stay lines, memory stays bounded."""

from __future__ import annotations

import gc
import re
import tracemalloc
from random import Random

import pytest
from aiocoap import Message
from aiocoap.numbers import Code, Type
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from emulator.module.lwm2m.host import ACCESS_MACHINE
from emulator.module.lwm2m.observations import HELD_LIMIT, OBSERVATION_LIMIT
from emulator.module.lwm2m.requests import PENDING_LIMIT
from emulator.module.module import Module
from tests.support.captures import datagrams
from tests.support.effort import scaled
from tests.support.hostile_messages import a_message, messages
from tests.support.uart import DIRECT, lines

CAPTURED = [each for each in datagrams() if len(each) >= 4]
ELSEWHERE = "198.51.100.7:5683"
BOOTSTRAP_SERVER = "183.230.40.39:5683"
BOOTSTRAP = (
    "AT+MIPLCONF=71,10000000805101001900636F61703A2F2F3138332E3233302E34302E33393A353638331F00"
    "3132333435363738393031323334353B313233343536373839303132333435050501,1,1"
)
HOST_LINES = [
    DIRECT,
    BOOTSTRAP,
    *("AT+MIPLADDOBJ=0,3303,0", "AT+MIPLADDOBJ=0,3303,1", "AT+MIPLADDOBJ=0,3200,0"),
    *('AT+MIPLNOTIFY=0,3303,0,5700,4,"20.5",1', 'AT+MIPLNOTIFY=0,3303,0,5701,1,"Cel",1'),
    *('AT+MIPLNOTIFY=0,3303,0,5700,4,"21",1,7', 'AT+MIPLNOTIFY=0,3303,0,5700,4,"22",0'),
    *('AT+MIPLNOTIFY=0,3200,0,5500,5,"1",1', 'AT+MIPLNOTIFY=0,3303,0,5701,2,"00FF",1'),
    *("AT+MIPLOPEN=0,30", "AT+MIPLUPDATE=0,60,1", "AT+MIPLUPDATE=0,300,0", "AT+MIPLCLOSE=0"),
    *("AT+MIPLDELOBJ=0,3303,1", "AT+MIPLDEL=0", "AT+CFUN=0", "AT+CFUN=1"),
]
REQUEST = re.compile(r"\+MIPL(READ|WRITE|EXECUTE):0,(\d+),(\d+),(-?\d+),(-?\d+)")


class HostileServer(RuleBasedStateMachine):
    """A host does what hosts do; its server answers and asks whatever it likes."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_795_415_760.0
        self.sent: list[bytes] = []
        self.peer = ACCESS_MACHINE
        self.waiting: list[
            tuple[str, str, str, str, str]
        ] = []  # requests that the host has not answered

    @initialize(
        style=st.sampled_from(["onenet", "standard"]),
        typed=st.booleans(),
        begin=st.sampled_from(["open", "open", "open", ""]),
        bootstrap=st.booleans(),
    )
    def start(self, style: str, typed: bool, begin: str, bootstrap: bool) -> None:
        self.module = Module(style=style, typed_urcs=typed, now=self.now)
        self.module.send_up = self._send
        if begin:
            self.host(BOOTSTRAP if bootstrap else DIRECT)
            for line in HOST_LINES[2:7]:
                self.host(line)
        if begin == "open":
            self.host("AT+MIPLOPEN=0,30")
            if not bootstrap:
                created = Message(code=Code.CREATED)
                created.opt.location_path = ("rd", "1")
                self.answer(created, 0, Type.ACK)

    def _send(self, to: str, datagram: bytes, _now: float) -> None:
        self.peer = to
        self.sent.append(datagram)
        del self.sent[:-20]

    def _take(self) -> None:
        """What the host reads is made of whole lines."""
        for line in lines(self.module.take_output()):
            found = REQUEST.match(line)
            if found is not None:
                self.waiting.append(found.group(1, 2, 3, 4, 5))
                del self.waiting[:-20]

    def _deliver(self, datagram: bytes, source: str | None = None) -> None:
        self.module.deliver(source or self.peer, datagram[:1280], self.now)
        self._take()

    @rule(line=st.sampled_from(HOST_LINES))
    def host(self, line: str) -> None:
        self.module.receive(line.encode() + b"\r", self.now)
        self._take()

    @rule(which=st.integers(0, 19), done=st.booleans())
    def host_answers(self, which: int, done: bool) -> None:
        if self.waiting:
            self._answer(*self.waiting[which % len(self.waiting)], done=done)

    def _answer(self, kind: str, msgid: str, *ids: str, done: bool) -> None:
        if kind == "READ":
            named = ",".join(each if each != "-1" else "0" for each in ids)
            value = '4,"21.5",1' if done else '2,"",1'
            self.host(f"AT+MIPLREAD=0,{msgid},{named},{value}")
        else:
            self.host(f"AT+MIPL{kind}=0,{msgid},{done:d}")

    @rule(asked=st.lists(messages, min_size=1, max_size=15))
    def ask(self, asked: list[Message]) -> None:
        for message in asked:
            message.mtype = Type.CON
            self._deliver(message.encode())

    @rule(
        message=messages,
        kind=st.sampled_from(list(Type)),
        source=st.sampled_from([None, ELSEWHERE, BOOTSTRAP_SERVER]),
    )
    def stray(self, message: Message, kind: Type, source: str | None) -> None:
        message.mtype = kind
        self._deliver(message.encode(), source)

    @rule(message=messages, which=st.integers(0, 19), kind=st.sampled_from(list(Type)))
    def answer(self, message: Message, which: int, kind: Type) -> None:
        """With message id and token of one of the module's messages."""
        if self.sent:
            sent = self.sent[-1 - which % len(self.sent)]
            message.mtype, message.mid = kind, int.from_bytes(sent[2:4])
            message.token = sent[4 : 4 + (sent[0] & 15)]
            self._deliver(message.encode())

    @rule(
        captured=st.sampled_from(CAPTURED),
        cut=st.integers(0, 60),
        put=st.binary(max_size=6),
        which=st.integers(0, 20),
    )
    def play_capture(self, captured: bytes, cut: int, put: bytes, which: int) -> None:
        sent = self.sent[-1 - which] if which < len(self.sent) else captured
        self._deliver(captured[:2] + sent[2:4] + captured[4:cut] + put + captured[cut + len(put) :])

    @rule(datagram=st.binary(max_size=30))
    def garbage(self, datagram: bytes) -> None:
        self._deliver(datagram)

    @rule(seconds=st.sampled_from([0.0, 0.5, 2.0, 10.0, 31.0, 100.0, 300.0]))
    def wait(self, seconds: float) -> None:
        end = self.now + seconds
        while (deadline := self.module.step(self.now)) is not None and deadline <= end:
            assert deadline > self.now
            self.now = deadline
        self.now = end
        self.module.step(end)
        self._take()

    @invariant()
    def memory_is_bounded(self) -> None:
        if hasattr(self, "module"):
            client = self.module.client
            assert len(client.requests) <= PENDING_LIMIT
            assert len(client.observed) <= OBSERVATION_LIMIT
            assert client._observations.held <= HELD_LIMIT


TestHostileServer = HostileServer.TestCase
TestHostileServer.settings = settings(
    max_examples=scaled(400), stateful_step_count=50, deadline=None
)


@pytest.mark.parametrize("style", ["onenet", "standard"])
def test_memory_stays_flat(style: str) -> None:
    """Under observes of everything, notifications that are never acknowledged, and blocks."""
    chance = Random(1)
    machine = HostileServer()
    machine.start(style, typed=False, begin="open", bootstrap=False)

    def attack(count: int) -> int:
        for number in range(count):
            message = a_message(chance)
            message.mid, message.token = number & 0xFFFF, chance.randbytes(8)
            machine.ask([message])
            machine.host(f'AT+MIPLNOTIFY=0,3303,0,5700,4,"{number}",1,{number + 1}')
            machine.wait(0.5)
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    attack(1500)  # fills what is bounded
    tracemalloc.start()
    try:
        before = attack(500)
        after = attack(500)
    finally:
        tracemalloc.stop()
    assert after - before < 100_000
