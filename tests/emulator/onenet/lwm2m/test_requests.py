"""Questions to devices: message ids, repeats at their times, and exactly one end for each."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from emulator.air.messages import Downlink, Execute, Read, Response
from emulator.air.model import Code, Item, Path
from emulator.onenet.lwm2m.requests import (
    FIRST_MID,
    LAST_MID,
    LATER_RETRY,
    SEED_RETRY,
    Failure,
    Outcome,
    Requests,
    Retry,
)
from tests.support.effort import scaled

PATH = Path(3303, 0, 5700)
READ = Read(0, PATH)


class Desk:
    """Requests with what they sent and what came of them."""

    def __init__(self, retry: Retry = SEED_RETRY) -> None:
        self.sent: list[tuple[str, Downlink]] = []
        self.outcomes: list[Outcome] = []
        self.requests = Requests(self._send, retry)

    def _send(self, endpoint: str, message: Downlink, _now: float) -> None:
        self.sent.append((endpoint, message))

    def ask(self, endpoint: str = "a;1", now: float = 0) -> int:
        return self.requests.begin(endpoint, READ, self.outcomes.append, now).mid


def test_a_question_is_sent_at_once_under_an_id_of_five_digits() -> None:
    desk = Desk()
    mid = desk.ask()
    assert 10000 <= mid <= 65535
    assert desk.sent == [("a;1", Read(mid, PATH))]
    assert desk.outcomes == []


def test_the_answer_ends_it() -> None:
    desk = Desk()
    items = (Item(PATH, 20.5),)
    desk.requests.answer("a;1", Response(desk.ask(), Code.CONTENT, items=items), 3)
    assert desk.outcomes == [Outcome(3, None, items)]
    assert desk.requests.step(100) is None


def test_links_of_a_discovery_come_with_the_outcome() -> None:
    desk = Desk()
    desk.requests.answer("a;1", Response(desk.ask(), Code.CONTENT, links=(PATH,)), 3)
    assert desk.outcomes == [Outcome(3, None, (), (PATH,))]


@pytest.mark.parametrize(
    ("code", "failure"),
    [
        (Code.CREATED, None),
        (Code.DELETED, None),
        (Code.CHANGED, None),
        (Code.CONTENT, None),
        (Code.BAD_REQUEST, "BAD_REQUEST"),
        (Code.UNAUTHORIZED, "UNAUTHORIZED"),
        (Code.FORBIDDEN, "FORBIDDEN"),
        (Code.NOT_FOUND, "NOT_FOUND"),
        (Code.METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED"),
        (Code.NOT_ACCEPTABLE, "NOT_ACCEPTABLE"),
        (Code.INTERNAL_SERVER_ERROR, "INTERNAL_SERVER_ERROR"),
    ],
)
def test_codes_become_the_reasons_of_the_error_table(code: Code, failure: str | None) -> None:
    desk = Desk()
    desk.requests.answer("a;1", Response(desk.ask(), code), 0)
    assert desk.outcomes[0].failure == failure


def times_of_sending(desk: Desk, now: float = 0) -> list[float]:
    desk.ask(now=now)
    times = [now]
    deadline = desk.requests.step(now)
    while deadline is not None:
        before = len(desk.sent)
        now, deadline = deadline, desk.requests.step(deadline)
        times += [now] * (len(desk.sent) - before)
    return times


def test_the_guide_s_patience_is_10_seconds_and_two_repeats() -> None:
    desk = Desk()
    assert times_of_sending(desk, 100) == [100, 110, 120]
    assert len({message.mid for _, message in desk.sent}) == 1
    assert desk.outcomes == [Outcome(130, Failure.TIME_OUT)]


def test_the_patience_of_2019_is_25_seconds() -> None:
    desk = Desk(LATER_RETRY)
    assert times_of_sending(desk) == [0, 5, 15]
    assert desk.outcomes == [Outcome(25, Failure.TIME_OUT)]


def test_nothing_is_repeated_early() -> None:
    desk = Desk()
    desk.ask()
    assert desk.requests.step(9.99) == 10
    assert len(desk.sent) == 1


def test_an_answer_after_a_repeat_counts_and_a_second_one_does_not() -> None:
    desk = Desk()
    mid = desk.ask()
    desk.requests.step(10)
    desk.requests.answer("a;1", Response(mid, Code.CONTENT), 11)
    desk.requests.answer("a;1", Response(mid, Code.NOT_FOUND), 12)
    assert desk.outcomes == [Outcome(11)]
    assert desk.requests.ignored == 1


def test_a_late_answer_is_ignored() -> None:
    desk = Desk()
    times_of_sending(desk)
    mid = desk.sent[0][1].mid
    desk.requests.answer("a;1", Response(mid, Code.CONTENT), 31)
    assert [outcome.failure for outcome in desk.outcomes] == [Failure.TIME_OUT]
    assert desk.requests.ignored == 1


def test_the_answer_of_another_device_is_not_taken() -> None:
    desk = Desk()
    desk.requests.answer("b;2", Response(desk.ask("a;1"), Code.CONTENT), 0)
    assert desk.outcomes == []


def test_going_offline_ends_what_this_device_was_asked() -> None:
    desk = Desk()
    desk.ask("a;1"), desk.ask("a;1"), desk.ask("b;2")
    desk.requests.abandon("a;1", 4)
    assert desk.outcomes == [Outcome(4, Failure.OFFLINE)] * 2
    assert desk.requests.count("a;1") == 0
    assert desk.requests.count("b;2") == 1


def test_a_cancelled_question_has_no_outcome_and_is_not_repeated() -> None:
    desk = Desk()
    request = desk.requests.begin("a;1", READ, desk.outcomes.append, 0)
    desk.requests.cancel(request)
    desk.requests.cancel(request)
    assert desk.requests.step(10) is None
    desk.requests.answer("a;1", Response(request.mid, Code.CONTENT), 11)
    assert desk.outcomes == []


def test_one_outcome_may_cancel_the_next_question() -> None:
    desk = Desk()
    second = []

    def first_done(_: Outcome) -> None:
        desk.requests.cancel(second[0])

    desk.requests.begin("a;1", READ, first_done, 0)
    second.append(desk.requests.begin("a;1", READ, desk.outcomes.append, 0))
    desk.requests.abandon("a;1", 1)
    assert desk.outcomes == []

    second.clear()
    desk.requests.begin("a;1", READ, first_done, 0)
    second.append(desk.requests.begin("a;1", READ, desk.outcomes.append, 0))
    for now in (10, 20, 30):
        desk.requests.step(now)
    assert desk.outcomes == []


def test_an_outcome_may_ask_anew() -> None:
    desk = Desk()
    mid = desk.requests.begin("a;1", READ, lambda _: desk.ask() and None, 0).mid
    desk.requests.answer("a;1", Response(mid, Code.CONTENT), 1)
    assert desk.requests.count("a;1") == 1
    assert desk.sent[1][1].mid != mid


def test_the_id_that_the_question_carries_is_replaced() -> None:
    desk = Desk()
    desk.requests.begin("a;1", Execute(4, PATH, b"on"), desk.outcomes.append, 0)
    assert desk.sent == [("a;1", Execute(FIRST_MID, PATH, b"on"))]


def test_ids_go_round_and_pass_over_those_in_use() -> None:
    desk = Desk(Retry((1e9,)))
    kept = [desk.ask() for _ in range(3)]
    for _ in range(LAST_MID - FIRST_MID + 1 - 3):
        desk.requests.answer("a;1", Response(desk.ask(), Code.CONTENT), 0)
    assert kept == [FIRST_MID, FIRST_MID + 1, FIRST_MID + 2]
    assert desk.ask() == FIRST_MID + 3
    assert desk.ask("b;2") == FIRST_MID + 4


class OneEndForEach(RuleBasedStateMachine):
    """Whatever comes in whatever order: each question ends at most once, and ends."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.ends: dict[int, int] = {}
        self.asked: dict[int, float] = {}
        self.cancelled: set[int] = set()
        self.requests = Requests(lambda *_: None)
        self.open: dict[int, object] = {}

    @rule(endpoint=st.sampled_from(["a;1", "b;2"]))
    def ask(self, endpoint: str) -> None:
        number = len(self.asked)
        self.asked[number] = self.now
        self.ends[number] = 0

        def done(_: Outcome) -> None:
            self.ends[number] += 1

        self.open[number] = self.requests.begin(endpoint, READ, done, self.now)

    @precondition(lambda self: self.open)
    @rule(data=st.data(), code=st.sampled_from(Code))
    def answer(self, data: st.DataObject, code: Code) -> None:
        request = self.open[data.draw(st.sampled_from(sorted(self.open)))]
        self.requests.answer(request.endpoint, Response(request.mid, code), self.now)

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.open)))
        if not self.ends[number]:
            self.cancelled.add(number)
        self.requests.cancel(self.open[number])

    @rule(endpoint=st.sampled_from(["a;1", "b;2"]))
    def offline(self, endpoint: str) -> None:
        self.requests.abandon(endpoint, self.now)

    @rule(seconds=st.floats(0, 12))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        deadline = self.requests.step(self.now)
        assert deadline is None or deadline > self.now

    @invariant()
    def each_ends_once(self) -> None:
        for number, ends in self.ends.items():
            assert ends == 0 if number in self.cancelled else ends <= 1

    def teardown(self) -> None:
        while (deadline := self.requests.step(self.now)) is not None:
            self.now = deadline
        for number, ends in self.ends.items():
            assert ends == (number not in self.cancelled)


TestOneEndForEach = OneEndForEach.TestCase
TestOneEndForEach.settings = settings(max_examples=scaled(40), stateful_step_count=30)
