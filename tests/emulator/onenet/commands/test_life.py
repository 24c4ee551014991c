"""Offline commands over any sequence of signs, outcomes, cancels, time and restarts."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from emulator.lwm2m.model import Item, Path
from emulator.onenet.commands.command import Command, Kind
from emulator.onenet.commands.commands import Commands
from emulator.onenet.errors import ApiError, Reason
from emulator.onenet.lwm2m.operations import Execute, Operation, Read, Write
from emulator.onenet.lwm2m.outcomes import Failure, Outcome
from emulator.onenet.lwm2m.requests import OnDone
from emulator.onenet.lwm2m.server import Sign
from emulator.onenet.store.database import Database
from tests.support.effort import scaled

RESOURCE = Path(3303, 0, 5700)
# States of the guide's 4.2.9.4.
WAIT, CANCELLED, SENT, EXPIRED, SUCCESS, FAILED, TIME_OUT, UNDEFINED = range(1, 9)
ENDED = {CANCELLED, EXPIRED, SUCCESS, FAILED, TIME_OUT, UNDEFINED}
DEVICES = st.sampled_from((1, 2))
SECONDS = st.sampled_from((0, 0, 1, 10, 50))
FAILURES = st.sampled_from(
    (None, Failure.TIME_OUT, Failure.TIME_OUT, Failure.OFFLINE, Failure.NOT_FOUND)
)
SIGNS = st.sampled_from((1, 2, 4))


@dataclass(eq=False)
class Expected:
    """A command as the documents have it. `attempts`: times at which it was sent."""

    device: int
    valid: float
    expires: float
    retry: int
    signs: int
    state: int = WAIT
    attempts: list[float] = field(default_factory=list)


class Life(RuleBasedStateMachine):
    """The model knows no queue: it says what may be sent, and each sending is held against it."""

    @initialize()
    def begin(self) -> None:
        self.now = 1000.0
        self.database = Database()
        self.expected: dict[str, Expected] = {}
        self.results: dict[str, int] = {}
        self.open: dict[int, tuple[str, OnDone]] = {}  # by device
        self.allowed: dict[int, list[str]] = {1: [], 2: []}  # may be sent since the last sign
        self.online = {1: True, 2: True}
        self.by_tag: dict[bytes, str] = {}  # uuids
        self.start()

    def start(self) -> None:
        self.commands = Commands(self.database, self.send, self.result)

    def send(self, device: int, operation: Operation, on_done: OnDone, now: float) -> None:
        assert isinstance(operation, Execute)
        uuid = self.by_tag[operation.arguments]
        if not self.online[device]:
            raise ApiError(Reason.NOT_ONLINE)
        one = self.expected[uuid]
        assert one.device == device
        assert one.state == WAIT
        assert device not in self.open, "one after the other"
        assert one.valid <= now < one.expires
        assert uuid in self.allowed[device], "no sign has come for it"
        earlier = self.allowed[device][: self.allowed[device].index(uuid)]
        assert all(self.expected[other].state != WAIT for other in earlier if self.ready(other))
        del self.allowed[device][: len(earlier) + 1]
        stored = self.database.execute("SELECT state FROM commands WHERE uuid = ?", (uuid,))
        assert stored.fetchone() == (SENT,), "kept before it is sent"
        one.state = SENT
        one.attempts.append(now)
        assert len(one.attempts) <= 1 + one.retry
        self.open[device] = uuid, on_done

    def ready(self, uuid: str) -> bool:
        one = self.expected[uuid]
        return one.state == WAIT and self.now < one.expires

    def result(self, command: Command, _now: float) -> None:
        assert command.uuid not in self.results
        self.results[command.uuid] = command.state

    @rule(
        device=DEVICES,
        delay=st.sampled_from((0, 0, 0, 3, 20)),
        span=st.integers(1, 200),
        retry=st.integers(0, 3),
        signs=st.sampled_from((7, 7, 7, 3, 4, 1)),
    )
    def create(self, device: int, delay: int, span: int, retry: int, signs: int) -> None:
        tag = str(len(self.by_tag)).encode()
        valid = self.now + delay
        waiting = [
            one
            for one in self.expected.values()
            if one.device == device
            and (one.state == SENT or (one.state == WAIT and self.now < one.expires))
        ]
        arguments = (device, Kind.EXECUTE, {"imei": "1"}, None, Execute(RESOURCE, tag))
        create = partial(
            self.commands.create,
            *arguments,
            valid=valid,
            expires=valid + span,
            retry=retry,
            signs=Sign(signs),
            now=self.now,
        )
        if len(waiting) == 10:
            with pytest.raises(ApiError, match="system limit: 10 offline commands"):
                create()
            return
        uuid = create()
        assert uuid not in self.expected
        self.by_tag[tag] = uuid
        self.expected[uuid] = Expected(device, valid, valid + span, retry, signs)

    @rule(device=DEVICES, sign=SIGNS)
    def sign(self, device: int, sign: int) -> None:
        for uuid, one in self.expected.items():
            wanted = one.device == device and one.state == WAIT and one.signs & sign
            if wanted and one.valid <= self.now < one.expires and uuid not in self.allowed[device]:
                self.allowed[device].append(uuid)
        self.commands.reachable(device, Sign(sign))
        self.commands.step(self.now)
        self.nothing_is_left(device)

    def nothing_is_left(self, device: int) -> None:
        """A device that listens is sent what it may be sent."""
        if not self.online[device]:
            self.allowed[device] = []
        elif device not in self.open:
            assert not [uuid for uuid in self.allowed[device] if self.ready(uuid)]

    @rule(device=DEVICES, sign=SIGNS, failures=st.lists(FAILURES, max_size=4), seconds=SECONDS)
    def conversation(
        self, device: int, sign: int, failures: list[Failure | None], seconds: int
    ) -> None:
        self.sign(device, sign)
        for failure in failures:
            self.now += seconds
            self.outcome(device, failure)

    @rule(device=DEVICES, failure=FAILURES)
    def outcome(self, device: int, failure: Failure | None) -> None:
        if device not in self.open:
            return
        uuid, on_done = self.open.pop(device)
        one = self.expected[uuid]
        if failure is None:
            one.state = SUCCESS
        elif len(one.attempts) <= one.retry and self.now < one.expires:
            one.state = WAIT
        elif failure in (Failure.TIME_OUT, Failure.OFFLINE):
            one.state = TIME_OUT
        else:
            one.state = FAILED
        if failure in (Failure.TIME_OUT, Failure.OFFLINE):
            self.allowed[device] = []
        on_done(Outcome(self.now, failure))
        self.commands.step(self.now)
        assert self.results.get(uuid) == (one.state if one.state in ENDED else None)
        self.nothing_is_left(device)

    @rule(seconds=SECONDS)
    def wait(self, seconds: int) -> None:
        self.now += seconds

    @rule(device=DEVICES, what=st.sampled_from(("online", "cancel_all", "delete", "restart")))
    def disturb(self, device: int, what: str) -> None:
        match what:
            case "online":
                self.online[device] = not self.online[device]
            case "cancel_all":
                self.cancel_all(device)
            case "delete":
                self.delete(device)
            case "restart":
                self.restart()

    @precondition(lambda self: self.expected)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        uuid = data.draw(st.sampled_from(sorted(self.expected)))
        one = self.expected[uuid]
        self.expire()
        if one.state == WAIT:
            self.commands.cancel(one.device, uuid, self.now)
            one.state = CANCELLED
        else:
            with pytest.raises(ApiError, match=f"in state {one.state}, expected 1"):
                self.commands.cancel(one.device, uuid, self.now)

    def cancel_all(self, device: int) -> None:
        self.expire()
        own = {uuid: one for uuid, one in self.expected.items() if one.device == device}
        succeeded, failed = self.commands.cancel_all(device, self.now)
        assert succeeded == [uuid for uuid, one in own.items() if one.state == WAIT]
        assert failed == [uuid for uuid, one in own.items() if one.state == SENT]
        for uuid in succeeded:
            own[uuid].state = CANCELLED

    def delete(self, device: int) -> None:
        self.commands.forget(device)
        self.commands.drop(device)
        late = self.open.pop(device, None)
        self.expected = {u: one for u, one in self.expected.items() if one.device != device}
        self.allowed[device] = []
        if late is not None:
            late[1](Outcome(self.now))
            self.commands.step(self.now)
        assert self.commands.history(device, 0, None, self.now, per_page=100) == (0, [])

    def restart(self) -> None:
        """As after kill -9: all that is left is the database."""
        self.open.clear()
        self.allowed = {1: [], 2: []}
        for one in self.expected.values():
            if one.state == SENT:
                one.state = UNDEFINED
        self.start()

    def expire(self) -> None:
        for one in self.expected.values():
            if one.state == WAIT and one.expires <= self.now:
                one.state = EXPIRED

    @invariant()
    def states_are_as_expected(self) -> None:
        self.expire()
        for device in (1, 2):
            own = [(u, one.state) for u, one in self.expected.items() if one.device == device]
            count, found = self.commands.history(
                device, 0, None, self.now, per_page=1000, newest_first=False
            )
            assert [(each.uuid, each.state) for each in found] == own
            assert count == len(own)


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=scaled(400), stateful_step_count=40, deadline=None)


def test_what_is_kept_is_what_was_asked() -> None:
    """Each operation, with values of every type, survives a restart unchanged."""
    database = Database()
    sent: list[Operation] = []
    wanted: list[tuple[Kind, Operation]] = [
        (Kind.READ, Read(Path(3303))),
        (
            Kind.WRITE,
            Write(Path(3303, 0), (Item(RESOURCE, 1.0), Item(Path(3303, 0, 5701), "Cel")), True),
        ),
        (Kind.WRITE, Write(Path(3303, 0), (Item(Path(3303, 0, 5701), '温度 "x"'),), False)),
        (Kind.WRITE, Write(Path(40000, 1), (Item(Path(40000, 1, 1), b"\x00\xff"),), False)),
        (Kind.WRITE, Write(Path(40000, 1), (Item(Path(40000, 1, 2), True),), False)),
        (Kind.WRITE, Write(Path(40000, 1), (Item(Path(40000, 1, 3), -5),), False)),
        (Kind.EXECUTE, Execute(RESOURCE, b"ping\x00")),
    ]
    first = Commands(database, lambda *_: None)
    for kind, operation in wanted:
        first.create(
            *(1, kind, {}, None, operation),
            valid=0,
            expires=9,
            retry=0,
            signs=Sign(7),
            now=0,
        )

    def send(_device: int, operation: Operation, on_done: OnDone, _now: float) -> None:
        sent.append(operation)
        outcomes.append(on_done)

    outcomes: list[OnDone] = []
    again = Commands(database, send)
    again.reachable(1, Sign.UPDATE)
    again.step(1)
    while outcomes:
        outcomes.pop()(Outcome(1))
        again.step(1)
    assert sent == [operation for _, operation in wanted]
