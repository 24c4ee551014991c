"""Requests to devices: message ids, repeats, exactly one end."""

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
    Failure,
    Outcome,
    Request,
    Requests,
)
from emulator.onenet.years import YEARS, Retry
from tests.support.effort import scaled

PATH = Path(3303, 0, 5700)
READ = Read(0, PATH)


class RecordedRequests(Requests):
    """Records the messages it sends, and the outcomes of `read`."""

    def __init__(self, retry: Retry = YEARS[2018].retry) -> None:
        super().__init__(self._record, retry)
        self.sent: list[tuple[str, Downlink]] = []
        self.outcomes: list[Outcome] = []

    def _record(self, endpoint: str, message: Downlink, _now: float) -> None:
        self.sent.append((endpoint, message))

    def read(self, endpoint: str = "a;1", now: float = 0) -> int:
        return self.begin(endpoint, READ, self.outcomes.append, now).mid


def test_request_is_sent_at_once_with_message_id_of_five_digits() -> None:
    requests = RecordedRequests()
    mid = requests.read()
    assert 10000 <= mid <= 65535
    assert requests.sent == [("a;1", Read(mid, PATH))]
    assert requests.outcomes == []


def test_answer_ends_the_request() -> None:
    requests = RecordedRequests()
    items = (Item(PATH, 20.5),)
    requests.answer("a;1", Response(requests.read(), Code.CONTENT, items=items), 3)
    assert requests.outcomes == [Outcome(3, None, items)]
    assert requests.step(100) is None


def test_outcome_has_the_links_of_a_discovery() -> None:
    requests = RecordedRequests()
    requests.answer("a;1", Response(requests.read(), Code.CONTENT, links=(PATH,)), 3)
    assert requests.outcomes == [Outcome(3, None, (), (PATH,))]


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
def test_error_code_is_named_in_the_outcome(code: Code, failure: str | None) -> None:
    requests = RecordedRequests()
    requests.answer("a;1", Response(requests.read(), code), 0)
    assert requests.outcomes[0].failure == failure


def times_of_sending(requests: RecordedRequests, now: float = 0) -> list[float]:
    requests.read(now=now)
    times = [now]
    deadline = requests.step(now)
    while deadline is not None:
        before = len(requests.sent)
        now, deadline = deadline, requests.step(deadline)
        times += [now] * (len(requests.sent) - before)
    return times


def test_seed_retry_repeats_twice_and_fails_after_30_seconds() -> None:
    requests = RecordedRequests()
    assert times_of_sending(requests, 100) == [100, 110, 120]
    assert len({message.mid for _, message in requests.sent}) == 1
    assert requests.outcomes == [Outcome(130, Failure.TIME_OUT)]


def test_later_retry_repeats_twice_and_fails_after_25_seconds() -> None:
    requests = RecordedRequests(YEARS[2019].retry)
    assert times_of_sending(requests) == [0, 5, 15]
    assert requests.outcomes == [Outcome(25, Failure.TIME_OUT)]


def test_step_before_the_deadline_does_nothing() -> None:
    requests = RecordedRequests()
    requests.read()
    assert requests.step(9.99) == 10
    assert len(requests.sent) == 1


def test_second_answer_is_ignored() -> None:
    requests = RecordedRequests()
    mid = requests.read()
    requests.step(10)
    requests.answer("a;1", Response(mid, Code.CONTENT), 11)
    requests.answer("a;1", Response(mid, Code.NOT_FOUND), 12)
    assert requests.outcomes == [Outcome(11)]


def test_answer_after_timeout_is_ignored() -> None:
    requests = RecordedRequests()
    times_of_sending(requests)
    mid = requests.sent[0][1].mid
    requests.answer("a;1", Response(mid, Code.CONTENT), 31)
    assert [outcome.failure for outcome in requests.outcomes] == [Failure.TIME_OUT]


def test_answer_of_another_endpoint_is_ignored() -> None:
    requests = RecordedRequests()
    requests.answer("b;2", Response(requests.read("a;1"), Code.CONTENT), 0)
    assert requests.outcomes == []


def test_abandon_ends_the_requests_of_one_endpoint_as_offline() -> None:
    requests = RecordedRequests()
    requests.read("a;1"), requests.read("a;1"), requests.read("b;2")
    requests.abandon("a;1", 4)
    assert requests.outcomes == [Outcome(4, Failure.OFFLINE)] * 2
    assert requests.count("a;1") == 0
    assert requests.count("b;2") == 1


def test_cancelled_request_has_no_outcome_and_is_not_repeated() -> None:
    requests = RecordedRequests()
    request = requests.begin("a;1", READ, requests.outcomes.append, 0)
    requests.cancel(request)
    requests.cancel(request)
    assert requests.step(10) is None
    requests.answer("a;1", Response(request.mid, Code.CONTENT), 11)
    assert requests.outcomes == []


def test_outcome_may_cancel_another_request() -> None:
    requests = RecordedRequests()
    second = []

    def first_done(_: Outcome) -> None:
        requests.cancel(second[0])

    requests.begin("a;1", READ, first_done, 0)
    second.append(requests.begin("a;1", READ, requests.outcomes.append, 0))
    requests.abandon("a;1", 1)
    assert requests.outcomes == []

    second.clear()
    requests.begin("a;1", READ, first_done, 0)
    second.append(requests.begin("a;1", READ, requests.outcomes.append, 0))
    for now in (10, 20, 30):
        requests.step(now)
    assert requests.outcomes == []


def test_outcome_may_begin_another_request() -> None:
    requests = RecordedRequests()
    mid = requests.begin("a;1", READ, lambda _: requests.read() and None, 0).mid
    requests.answer("a;1", Response(mid, Code.CONTENT), 1)
    assert requests.count("a;1") == 1
    assert requests.sent[1][1].mid != mid


def test_message_id_of_the_operation_is_replaced() -> None:
    requests = RecordedRequests()
    requests.begin("a;1", Execute(4, PATH, b"on"), requests.outcomes.append, 0)
    assert requests.sent == [("a;1", Execute(FIRST_MID, PATH, b"on"))]


def test_message_ids_wrap_around_and_skip_those_in_use() -> None:
    requests = RecordedRequests((1e9,))
    kept = [requests.read() for _ in range(3)]
    for _ in range(LAST_MID - FIRST_MID + 1 - 3):
        requests.answer("a;1", Response(requests.read(), Code.CONTENT), 0)
    assert kept == [FIRST_MID, FIRST_MID + 1, FIRST_MID + 2]
    assert requests.read() == FIRST_MID + 3
    assert requests.read("b;2") == FIRST_MID + 4


class RequestMachine(RuleBasedStateMachine):
    """In any order of events, each request ends exactly once."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.ends: dict[int, int] = {}
        self.cancelled: set[int] = set()
        self.requests = Requests(lambda *_: None)
        self.begun: dict[int, Request] = {}

    @rule(endpoint=st.sampled_from(["a;1", "b;2"]))
    def begin(self, endpoint: str) -> None:
        number = len(self.ends)
        self.ends[number] = 0

        def done(_: Outcome) -> None:
            self.ends[number] += 1

        self.begun[number] = self.requests.begin(endpoint, READ, done, self.now)

    @precondition(lambda self: self.begun)
    @rule(data=st.data(), code=st.sampled_from(Code))
    def answer(self, data: st.DataObject, code: Code) -> None:
        request = self.begun[data.draw(st.sampled_from(sorted(self.begun)))]
        self.requests.answer(request.endpoint, Response(request.mid, code), self.now)

    @precondition(lambda self: self.begun)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.begun)))
        if not self.ends[number]:
            self.cancelled.add(number)
        self.requests.cancel(self.begun[number])

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


TestRequestMachine = RequestMachine.TestCase
TestRequestMachine.settings = settings(max_examples=scaled(40), stateful_step_count=30)
