"""What the engine guarantees about late final results, whatever their order, delay and loss.

The wire does not say to which command a result belongs. The guarantees are those of the docstring
of `Engine`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from m5310.at.codec import Answer, Command, Response
from m5310.at.engine import QUIET, Engine
from m5310.at.events import Event, Refused, Synchronized, TimedOut, Unsolicited
from m5310.at.resync import SETTLE, SETTLE_OWED
from m5310.at.wakeup import WAKING
from tests.support.effort import scaled
from tests.support.engine_events import events_of
from tests.support.hostile_port import ERROR, OK, lines

TIMEOUT = 2.0
SIGNAL = Command("AT+CSQ", (Response(re.compile(r"\+CSQ:\d+")),), TIMEOUT)
STATUS = Command("AT+CEREG?", (Response(re.compile(r"\+CEREG:\d+")),), TIMEOUT)
PLAIN = Command("AT+CFUN=1", timeout=TIMEOUT)
KINDS = {SIGNAL: "+CSQ", STATUS: "+CEREG", PLAIN: ""}


@dataclass(frozen=True, slots=True)
class Fate:
    """The result of a command line comes `after` so many seconds, or never."""

    after: float | None
    refused: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Result:
    at: float
    number: int  # of the line that it answers
    data: bytes


class UnorderedModule:
    """A module that writes at most one result for each line, in any order, however late."""

    def __init__(self, fates: list[Fate], probes: list[float], quiet: float) -> None:
        self.engine = Engine(quiet=quiet)
        self.now = 0.0
        self._fates = iter(fates)
        self._probes = probes
        self._pending: list[Result] = []
        self._last_result = 0.0
        self._written = 0
        self._outstanding = 0  # the number of the command's line

    def execute(self, command: Command) -> Event:
        """Run one command to its end. Checks that the result that ended it was its own."""
        self.engine.submit(command, self.now)
        while True:
            self._read(command)
            deadline = self.engine.deadline
            first = min(self._pending, default=None)
            if first is not None and (deadline is None or first.at <= deadline):
                self._last_result = self.now = max(self.now, first.at)
                self._pending.remove(first)
                events = events_of(self.engine, first.data, self.now)
            else:
                assert deadline is not None, "the command never ends"
                self.now = deadline
                events = self.engine.tick(self.now)
            for event in events:
                if isinstance(event, Synchronized):
                    self._synchronized()
                if isinstance(event, Answer | Refused):
                    assert first is not None
                    assert first.number == self._outstanding, "the result of another line"
                if isinstance(event, Answer | Refused | TimedOut):
                    return event
                assert not isinstance(event, Unsolicited), "expected a LateResponse"

    def _read(self, command: Command) -> None:
        for line in self.engine.outgoing().decode().split("\r")[:-1]:
            self._written += 1
            if line == "AT":
                after = self._probes[self._written % len(self._probes)]
                self._pending.append(Result(self.now + after, self._written, OK))
                continue
            self._outstanding = self._written
            fate = next(self._fates, Fate(0.01))
            if fate.after is None:
                continue
            prefix = KINDS[command]
            response = lines(f"{prefix}:{self._outstanding}") if prefix else b""
            data = ERROR if fate.refused else response + OK
            self._pending.append(Result(self.now + fate.after, self._outstanding, data))

    def _synchronized(self) -> None:
        """All results still to come are later than the engine promises to wait."""
        assert all(result.at >= self._last_result + SETTLE_OWED for result in self._pending)
        self._pending.clear()


AFTER = st.one_of(
    st.sampled_from([None, 0.01, TIMEOUT - 0.01, TIMEOUT + 0.01]), st.floats(0.0, 3 * TIMEOUT)
)


@given(
    st.lists(st.builds(Fate, AFTER, st.booleans()), max_size=20),
    st.lists(st.sampled_from(list(KINDS)), min_size=1, max_size=20),
    st.lists(st.floats(0.001, 1.4), min_size=1, max_size=5),
    st.sampled_from([0.0, QUIET]),
)
@settings(max_examples=scaled(400))
def test_results_in_any_order_end_only_their_own_command(
    fates: list[Fate], commands: list[Command], probes: list[float], quiet: float
) -> None:
    module = UnorderedModule(fates, probes, quiet)
    for command in commands:
        begun = module.now
        module.execute(command)
        assert module.now - begun <= max(TIMEOUT, WAKING) + SETTLE_OWED + TIMEOUT


NUMBERED = Response(re.compile(r"\+ID:\d+"))


@given(
    st.lists(
        st.tuples(
            st.sampled_from([0.01, 0.01, 0.2, 0.9, 1.1, 2.5, 7.0]),  # seconds to execute it
            st.sampled_from([False, False, True]),  # whether the line is lost
        ),
        min_size=40,
        max_size=40,
    ),
    st.sampled_from([0.0, 0.3, 1.05]),  # delay of the line
    st.sampled_from([0.0, QUIET]),
)
@settings(max_examples=scaled(300))
def test_results_in_order_end_only_their_own_command_however_late(
    fates: list[tuple[float, bool]], delay: float, quiet: float
) -> None:
    """The module executes one line after the other, also those that have timed out."""
    engine = Engine(quiet=quiet)
    fate = iter(fates)
    output: list[tuple[float, bytes]] = []  # by the time when it arrives
    now, busy_until, number, ended = 0.0, 0.0, 0, 0
    while ended < 12:
        if engine.can_submit:
            number += 1
            engine.submit(Command(f"AT+ID={number}", (NUMBERED,), timeout=2), now)
        for line in engine.outgoing().decode().split("\r")[:-1]:
            took, lost = next(fate, (0.01, False))
            if not lost:
                probe = line == "AT"
                busy_until = max(busy_until, now) + (0.01 if probe else took)
                response = [] if probe else [line.replace("AT", "").replace("=", ":")]
                output.append((busy_until + delay, lines(*response, "OK")))
        times = [at for at, _ in output[:1]]
        times += [] if engine.deadline is None else [engine.deadline]
        now = max(now, min(times))
        arrived = b"".join(data for at, data in output if at <= now)
        output = [(at, data) for at, data in output if at > now]
        for event in [*events_of(engine, arrived, now), *engine.tick(now)]:
            assert not isinstance(event, Unsolicited)
            if isinstance(event, Answer):
                assert event.lines == (f"+ID:{number}",)
            ended += isinstance(event, Answer | TimedOut)


def test_result_later_than_settle_owed_may_end_a_command_of_the_same_shape() -> None:
    """The limit of the guarantee: nothing on the wire distinguishes the two."""
    engine = Engine()
    engine.submit(SIGNAL, 0.0)
    events_of(engine, OK, 0.0)
    engine.tick(SETTLE)
    now = SETTLE + TIMEOUT
    assert isinstance(engine.tick(now)[0], TimedOut)
    engine.submit(SIGNAL, now)
    events_of(engine, OK, now)  # of the probe
    now += SETTLE_OWED
    assert engine.tick(now) == [Synchronized()]
    (ended,) = events_of(engine, lines("+CSQ:1") + OK, now)  # of the first command
    assert isinstance(ended, Answer)
