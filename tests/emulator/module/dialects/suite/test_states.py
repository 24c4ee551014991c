"""A model of the suite's states: which command is refused when, and with which number."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from emulator.module.lwm2m.states import REGISTERED, State
from tests.support.suite_bench import SuiteBench, msgid

OBJECTS = st.sampled_from((3303, 3306, 3311))


class Suite(RuleBasedStateMachine):
    """What a host does in any order, with all that the platform sends."""

    name = "nb73"
    exists, missing, state, unknown = 602, 602, 602, 601

    def __init__(self) -> None:
        super().__init__()
        self.created = False
        self.logged_in = False
        self.objects: set[int] = set()
        self.acked = 0

    @initialize()
    def start(self) -> None:
        self.bench = SuiteBench(self.name)
        self.bench.lists[3311] = "5850"

    def does(self, line: str, refusal: int | None) -> bool:
        """Whether it is done, as it must be unless `refusal` is a number."""
        answer = self.bench.ask(line)[-1]
        assert answer == ("OK" if refusal is None else f"+CIS ERROR:{refusal}"), line
        return refusal is None

    def needs_instance(self) -> int | None:
        return None if self.created else self.missing

    def needs_login(self) -> int | None:
        return self.needs_instance() or (None if self.logged_in else self.state)

    @rule()
    def create(self) -> None:
        if self.does("AT+MIPLCREATE", self.exists if self.created else None):
            self.created = True

    @rule(number=OBJECTS)
    def add_object(self, number: int) -> None:
        if self.does(f'AT+MIPLADDOBJ=0,{number},1,"1",2,0', self.needs_instance()):
            self.objects.add(number)

    @rule(number=OBJECTS)
    def delete_object(self, number: int) -> None:
        missing = None if number in self.objects else self.unknown
        if self.does(f"AT+MIPLDELOBJ=0,{number}", self.needs_instance() or missing):
            self.objects.discard(number)

    @rule(answers=st.booleans())
    def open(self, answers: bool) -> None:
        self.bench.answers = answers and self.bench.module.firmware.suite.host_answers
        busy = self.state if self.logged_in else None
        if self.does("AT+MIPLOPEN=0,86400,30", self.needs_instance() or busy):
            self.logged_in = True
            assert any(line.endswith("0,6") for line in self.bench.wait(5))

    @rule(objects=st.booleans())
    def update(self, objects: bool) -> None:
        if self.does(f"AT+MIPLUPDATE=0,0,{objects:d}", self.needs_login()):
            assert any(line.endswith("0,11") for line in self.bench.wait(2))

    @rule()
    def close(self) -> None:
        if self.does("AT+MIPLCLOSE=0", self.needs_login()):
            self.logged_in = False
            assert any(line.endswith("0,15") for line in self.bench.wait(2))

    @rule()
    def delete(self) -> None:
        if self.does("AT+MIPLDELETE=0", self.needs_instance()):
            self.created = self.logged_in = False
            self.objects.clear()

    @precondition(lambda self: self.logged_in)
    @rule(number=OBJECTS)
    def report(self, number: int) -> None:
        """An acknowledged report has one end, and only one."""
        self.acked += 1
        missing = None if number in self.objects else self.unknown
        line = f"AT+MIPLNOTIFY=0,0,{number},0,5700,3,4,{self.acked},0,0,{self.acked}"
        before = len(self.bench.lines)
        if not self.does(line, missing):
            return
        self.bench.wait(3)
        ends = [text for _, text in self.bench.lines[before:] if text.endswith(f",{self.acked}")]
        assert ends in ([f"+MIPLEVENT:0,26,{self.acked}"], [f"+MIPLEVENT:0,25,{self.acked}"])

    @precondition(lambda self: self.logged_in and 3303 in self.objects)
    @rule()
    def read(self) -> None:
        lines = [line for line in self.bench.read("3303/0/5700") if line.startswith("+MIPLREAD")]
        if not lines:  # an instance that no update has listed
            return
        answer = f"AT+MIPLREADRSP=0,{msgid(lines[-1])},1,3303,0,5700,3,4,5,0,0"
        assert self.bench.ask(answer) == ["OK"]
        self.bench.wait(1)
        assert self.bench.result in ((5,), (b"\x05",), ("5",))
        assert self.bench.ask(answer) == [f"+CIS ERROR:{self.unknown}"], "it is answered"

    @rule(seconds=st.integers(1, 100))
    def wait(self, seconds: int) -> None:
        self.bench.wait(seconds)

    @invariant()
    def states_agree(self) -> None:
        if not hasattr(self, "bench"):
            return
        state = self.bench.module.client.state
        assert (state is not State.ABSENT) is self.created
        assert (state in REGISTERED) is self.logged_in


class ChinaMobile(Suite):
    name = "m5310a"
    exists, missing, state, unknown = 653, 653, 602, 651


Suite.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
ChinaMobile.TestCase.settings = Suite.TestCase.settings
TestHostAnswered = Suite.TestCase
TestModuleAnswered = ChinaMobile.TestCase
