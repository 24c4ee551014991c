"""A suite module whose server is hostile: nothing raises, lines stay lines, memory is bounded."""

from __future__ import annotations

import re
from collections import deque

from aiocoap import Message
from aiocoap.numbers import Code, Type
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from emulator.module.at.conversation import URC_LIMIT
from emulator.module.lwm2m.host import ACCESS_MACHINE
from emulator.module.lwm2m.observations import OBSERVATION_LIMIT
from emulator.module.lwm2m.requests import OBSERVE_IDS_LIMIT, PENDING_LIMIT
from emulator.module.module import Module
from tests.support.effort import scaled
from tests.support.hostile_messages import messages
from tests.support.uart import START, lines

DIRECT = (
    "AT+MIPLCREATE=49,130031F10003F2002304001100000000000000123138332E3233302E34302E34303A35363833"
    "000131F30008C000000000,0,49,0"
)
HOST_LINES = [
    *(DIRECT, "AT+MIPLCREATE", 'AT+MIPLADDOBJ=0,3303,2,"11",2,0', 'AT+MIPLADDOBJ=0,3200,1,"1",1,0'),
    *("AT+MIPLOPEN=0,30,30", "AT+MIPLUPDATE=0,30,1", "AT+MIPLCLOSE=0", "AT+MIPLDELETE=0"),
    *("AT+MIPLNOTIFY=0,0,3303,0,5700,4,4,21.5,0,0,7", 'AT+MIPLDISCOVERRSP=0,3303,1,4,"5700"'),
    'AT+MIPLNOTIFY=0,0,3303,0,5701,1,3,"Cel",1,1',
    "AT+MIPLDELOBJ=0,3303",
]
ASKED = re.compile(
    r"\+MIPL(READ|WRITE|EXECUTE|OBSERVE|DISCOVER|PARAMETER): ?0, ?(\d+)"
    r"(?:, ?(-?\d+))?(?:, ?(-?\d+))?(?:, ?(-?\d+))?"
)


class HostileServer(RuleBasedStateMachine):
    """A host does what hosts do; its server answers and asks whatever it likes."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.sent: deque[bytes] = deque(maxlen=20)
        self.asked: deque[tuple[str, ...]] = deque(maxlen=20)

    @initialize(
        name=st.sampled_from(["nb73", "m5310a", "m5311", "me3616", "bc28"]),
        style=st.sampled_from(["onenet", "standard"]),
    )
    def start(self, name: str, style: str) -> None:
        self.module = Module(firmware=name, style=style, now=self.now)
        self.module.send_up = lambda _to, datagram, _now: self.sent.append(datagram)
        self.host("ATE0")
        for line in (DIRECT, 'AT+MIPLADDOBJ=0,3303,2,"11",2,0', "AT+MIPLOPEN=0,30,30"):
            self.host(line)
        if self.sent:
            created = Message(code=Code.CREATED)
            created.opt.location_path = ("rd", "1")
            self._answer(created, self.sent[-1])

    def _answer(self, message: Message, to: bytes) -> None:
        message.mtype, message.mid = Type.ACK, int.from_bytes(to[2:4])
        message.token = to[4 : 4 + (to[0] & 15)]
        self._deliver(message)

    def _deliver(self, message: Message) -> None:
        self.module.deliver(ACCESS_MACHINE, message.encode()[:1280], self.now)
        self._take()

    def _take(self) -> None:
        output = self.module.take_output()
        for line in lines(output.removeprefix(b"ATE0\r")):
            found = ASKED.match(line)
            if found is not None:
                self.asked.append(tuple(group or "" for group in found.groups()))

    @rule(line=st.sampled_from(HOST_LINES))
    def host(self, line: str) -> None:
        self.module.receive(line.encode() + b"\r", self.now)
        self._take()

    @rule(which=st.integers(0, 19), result=st.sampled_from([1, 2, 11, 13]))
    def host_answers(self, which: int, result: int) -> None:
        if not self.asked:
            return
        kind, msgid, *ids = self.asked[which % len(self.asked)]
        ending = ""
        if kind == "READ" and result == 1:
            named = ",".join(one if one not in ("", "-1") else "0" for one in ids)
            ending = f",{named},4,4,21.5,0,0"
        elif kind == "DISCOVER" and result == 1:
            ending = ',4,"5700"'
        self.host(f"AT+MIPL{kind}RSP=0,{msgid},{result}{ending}")

    @rule(asked=st.lists(messages, min_size=1, max_size=10))
    def ask(self, asked: list[Message]) -> None:
        for message in asked:
            message.mtype = Type.CON
            self._deliver(message)

    @rule(message=messages, which=st.integers(0, 19))
    def answer(self, message: Message, which: int) -> None:
        """With message id and token of one of the module's messages."""
        if self.sent:
            self._answer(message, self.sent[which % len(self.sent)])

    @rule(seconds=st.sampled_from([0.5, 4.0, 10.0, 25.0, 100.0]))
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
            assert len(client.requests._observe_ids) <= OBSERVE_IDS_LIMIT
            assert len(client.observed) <= OBSERVATION_LIMIT
            assert client._observations.held == 0
            assert len(client.host._paced) <= URC_LIMIT  # type: ignore[attr-defined]


TestHostileServer = HostileServer.TestCase
TestHostileServer.settings = settings(
    max_examples=scaled(150), stateful_step_count=40, deadline=None
)
