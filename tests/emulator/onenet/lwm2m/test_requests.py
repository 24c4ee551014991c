"""Requests to devices: message ids, repeats, exactly one end, what answers mean."""

from __future__ import annotations

from functools import partial
from random import Random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from emulator.clock.deadlines import earliest
from emulator.coap.endpoint import Endpoint
from emulator.coap.tuning import Tuning
from emulator.lwm2m.model import Item, Path
from emulator.onenet.lwm2m.operations import (
    CancelObserve,
    Discover,
    Observe,
    Operation,
    Read,
    WriteAttributes,
)
from emulator.onenet.lwm2m.outcomes import Failure, Outcome
from emulator.onenet.lwm2m.registrations import AWAKE_TIME, Registration, Registrations
from emulator.onenet.lwm2m.requests import MIDS, Request, Requests
from emulator.onenet.years import YEARS, Retry
from tests.support.effort import scaled

PATH = Path(3303, 0, 5700)
READ = Read(PATH)
CONTENT = 0x45
SENML = b'[{"bn":"/31024/10/","n":"1","v":20}]'
CODES = [0x41, 0x42, 0x44, 0x45, 0x80, 0x81, 0x83, 0x84, 0x85, 0x86, 0x8F, 0xA0, 0xA1]


def answer(request: bytes, code: int = CONTENT, rest: str = "") -> bytes:
    """A piggybacked response to `request`, with options and payload `rest` as hex."""
    tkl = request[0] & 15
    return bytes((0x60 | tkl, code)) + request[2 : 4 + tkl] + bytes.fromhex(rest)


class Bench:
    """Requests to the endpoint `a;1`; records the datagrams, the outcomes and the reports."""

    def __init__(self, retry: Retry = YEARS[2018].retry, first_mid: int = MIDS[0]) -> None:
        self.sent: list[tuple[str, bytes]] = []
        self.outcomes: list[Outcome] = []
        self.reports: list[tuple[Item, ...]] = []
        self.coap = Endpoint(
            lambda peer, datagram, _now: self.sent.append((peer, datagram)),
            mids=MIDS,
            first_mid=first_mid,
            tuning=Tuning(nstart=None),
        )
        self.requests = Requests(
            self.coap,
            lambda _registration, items, _now: self.reports.append(items),
            retry,
            Random(0),
        )
        self.table = Registrations()
        self.device = self.register("a;1", "there")

    def register(self, endpoint: str, address: str) -> Registration:
        return self.table.register(endpoint, address, 1000, (), 0)

    def begin(self, operation: Operation = READ, now: float = 0) -> bytes:
        """Returns the datagram of the request."""
        self.requests.begin(self.device, operation, self.outcomes.append, now)
        return self.sent[-1][1]

    def end(self, operation: Operation, code: int, rest: str = "") -> Outcome:
        """The outcome of an operation that is answered so."""
        self.coap.receive("there", answer(self.begin(operation), code, rest), 0)
        return self.outcomes.pop()


def test_request_is_sent_at_once_with_message_ids_of_five_digits_counted_up() -> None:
    bench = Bench()
    mids = [int.from_bytes(bench.begin()[2:4]) for _ in range(3)]
    assert mids == [10_000, 10_001, 10_002]
    assert bench.outcomes == []


def test_message_ids_begin_again_after_the_last_one() -> None:
    bench = Bench(first_mid=65_535)
    assert [int.from_bytes(bench.begin()[2:4]) for _ in range(2)] == [65_535, 10_000]


def test_request_knows_its_message_id() -> None:
    bench = Bench()
    request = bench.requests.begin(bench.device, READ, bench.outcomes.append, 0)
    assert request.mid == 10_000


def test_token_has_four_to_eight_bytes() -> None:
    assert 4 <= Bench().begin()[0] & 15 <= 8


@pytest.mark.parametrize(
    ("code", "failure"),
    [
        (0x41, None),
        (0x42, None),
        (0x44, None),
        (0x45, None),
        (0x80, "BAD_REQUEST"),
        (0x81, "UNAUTHORIZED"),
        (0x83, "FORBIDDEN"),
        (0x84, "NOT_FOUND"),
        (0x85, "METHOD_NOT_ALLOWED"),
        (0x86, "NOT_ACCEPTABLE"),
        (0x8F, "UNSUPPORTED_CONTENT_FORMAT"),
        (0xA0, "INTERNAL_SERVER_ERROR"),
        (0xA1, "INTERNAL_SERVER_ERROR"),
        (0xA3, "INTERNAL_SERVER_ERROR"),
        (0xBF, "INTERNAL_SERVER_ERROR"),
        (0x89, "BAD_REQUEST"),  # 4.09, which LwM2M does not use
    ],
)
def test_error_code_is_named_in_the_outcome(code: int, failure: str | None) -> None:
    assert Bench().end(READ, code).failure == failure


@pytest.mark.parametrize(
    ("path", "rest", "items"),
    [
        # Captures of China Mobile's suite SDK 2.3.0.
        ("/3303/0/5700", "c100 ff 33302e313233303030303030303030303031", {"/3303/0/5700": 30.123}),
        (
            "/3303/0",
            "c20606 ff 08000de4164441f0fbe7e3164543656c",
            {"/3303/0/5700": 30.123, "/3303/0/5701": "Cel"},
        ),
        # Captures of both branches of OneNET's C kit.
        ("/3200/0/5500", "c0 ff 31", {"/3200/0/5500": True}),
        ("/3200/0/5500", "c22d16 ff 410000", {"/3200/0/5500": False}),
        (  # the first one counts the NUL at the end of a text
            "/3200/0/5750",
            "c22d16 ff e816760b3137313436333639313500",
            {"/3200/0/5750": "1714636915\0"},
        ),
        # Capture of wakaama's client.
        (
            "/31024/10",
            "c16e ff" + b'[{"bn":"/31024/10/","n":"1","v":20}]'.hex(),
            {"/31024/10/1": 20},
        ),
        # Unknown object: the value stays binary (OneNET FAQ of 2019).
        ("/9999/0/1", "c22d16 ff c3010a647b", {"/9999/0/1": b"\x0a\x64\x7b"}),
        # LwM2M 1.0.2 section 6.4.3.3: two instances of a resource.
        ("/3/0/6", "c22d16 ff 8606410001410105", {"/3/0/6/0": 1, "/3/0/6/1": 5}),
        # One byte is no float: it stays binary, and the other resource is kept.
        (
            "/3303/0",
            "c22d16 ff e1164415e3164543656c",
            {"/3303/0/5700": b"\x15", "/3303/0/5701": "Cel"},
        ),
        ("/3303/0", "", {}),
    ],
)
def test_content_of_an_answer(path: str, rest: str, items: dict[str, object]) -> None:
    outcome = Bench().end(Read(Path.parse(path)), CONTENT, rest)
    assert outcome.failure is None
    assert {str(item.path): item.value for item in outcome.items} == items


@pytest.mark.parametrize(
    ("operation", "rest"),
    [
        (Read(PATH), "c100 ff 6d616e79"),  # text, no number
        (Read(PATH), "c132 ff 7b7d"),  # application/json
        (Read(Path(3303)), "c22d16 ff 0800"),  # TLV that ends early
        (Discover(Path(3303)), "c128 ff 3c"),
    ],
)
def test_content_that_cannot_be_read_is_an_error_of_the_response(
    operation: Operation, rest: str
) -> None:
    assert Bench().end(operation, CONTENT, rest).failure is Failure.RESP_ERROR


def test_outcome_has_the_links_of_a_discovery() -> None:
    rest = "c128 ff" + b"</3303>;dim=2,</3303/0/5700>".hex()
    outcome = Bench().end(Discover(Path(3303)), CONTENT, rest)
    assert outcome.links == (Path(3303), PATH)


def test_reset_is_an_error_of_the_response() -> None:
    bench = Bench()
    bench.coap.receive("there", b"\x70\x00" + bench.begin()[2:4], 1)
    assert bench.outcomes == [Outcome(1, Failure.RESP_ERROR)]


def sendings(bench: Bench) -> list[float]:
    """When the next request is sent, without an answer."""
    first, sent = bench.begin(), [0.0]
    while bench.coap.due is not None:
        now, before = bench.coap.due, len(bench.sent)
        bench.coap.step(now)
        sent += [now] * (len(bench.sent) - before)
    assert {datagram for _, datagram in bench.sent} == {first}
    bench.sent.clear()
    return sent


def test_request_without_answer_is_repeated_as_in_2018() -> None:
    bench = Bench(YEARS[2018].retry)
    assert sendings(bench) == [0, 10, 20]
    assert bench.outcomes == [Outcome(30, Failure.TIME_OUT)]


def test_request_without_answer_is_repeated_as_in_2019() -> None:
    """OneNET's FAQ: the first wait is 5 to 7.5 s, the second twice as long, 25 s together."""
    bench = Bench(YEARS[2019].retry)
    firsts = set()
    for _ in range(20):
        _, first, second = sendings(bench)
        assert 5 <= first <= 7.5
        assert second == pytest.approx(3 * first)
        end = bench.outcomes.pop()
        assert (end.at, end.failure) == (pytest.approx(25), Failure.TIME_OUT)
        firsts.add(first)
    assert len(firsts) == 20
    assert sendings(Bench(YEARS[2019].retry)) == sendings(Bench(YEARS[2019].retry))


# Queue mode --------------------------------------------------------------------------------------


def dozing(now: float) -> Bench:
    """Its device is in queue mode, and has sent something at 0."""
    bench = Bench()
    bench.device.queue = True
    bench.requests.begin(bench.device, READ, bench.outcomes.append, now)
    return bench


def test_request_to_a_device_that_listens_is_sent() -> None:
    assert len(dozing(AWAKE_TIME).sent) == 1


def test_request_to_a_device_that_sleeps_waits_until_it_sends_something() -> None:
    bench = dozing(100)
    assert bench.sent == []
    assert bench.requests.due == 130
    bench.requests.seen(bench.device, "elsewhere", 115)
    assert [to for to, _ in bench.sent] == ["elsewhere"]
    assert bench.requests.due is None
    bench.coap.step(125)
    assert len(bench.sent) == 2
    assert bench.coap.due == 130
    bench.coap.receive("elsewhere", answer(bench.sent[-1][1]), 129)
    assert bench.outcomes == [Outcome(129)]
    bench.begin(now=129 + AWAKE_TIME)  # the answer, too, has shown that it is awake
    assert len(bench.sent) == 3


def test_request_to_a_device_that_sleeps_on_times_out() -> None:
    bench = dozing(100)
    bench.requests.step(129.9)
    assert bench.outcomes == []
    bench.requests.step(130)
    assert bench.outcomes == [Outcome(130, Failure.TIME_OUT)]
    assert bench.requests.count("a;1") == 0
    bench.requests.seen(bench.device, "there", 131)
    assert bench.sent == []


@pytest.mark.parametrize("how", ["cancelled", "abandoned"])
def test_request_that_waits_may_end(how: str) -> None:
    bench = dozing(100)
    if how == "abandoned":
        bench.requests.abandon("a;1", 101)
        assert bench.outcomes == [Outcome(101, Failure.OFFLINE)]
    else:
        (request,) = bench.requests._open["a;1"]
        assert request.mid == 0
        bench.requests.cancel(request)
        assert bench.outcomes == []
    assert bench.requests.due is None
    bench.requests.seen(bench.device, "there", 110)
    assert bench.sent == []


def test_observation_begins_after_the_wait() -> None:
    bench = dozing(1)
    bench.requests.begin(bench.device, Observe(PATH), bench.outcomes.append, 100)
    bench.requests.begin(bench.device, CancelObserve(PATH), bench.outcomes.append, 101)
    bench.requests.seen(bench.device, "there", 110)
    assert len(bench.sent) == 3
    bench.coap.receive("there", answer(bench.sent[1][1], CONTENT, "60 ff 31"), 111)
    assert list(bench.device.observations) == [PATH]


# Write-Attributes --------------------------------------------------------------------------------


def test_step_is_written_as_stp_after_a_refusal() -> None:
    """One branch of OneNET's C kit reads `stp` only, and answers 4.00 to `st`."""
    bench = Bench()
    write = WriteAttributes(Path(3303, 0), ("pmin=15", "st=2.0"))
    first = bench.begin(write)
    assert first.endswith(b"\xb4" + b"3303" + b"\x01" + b"0" + b"\x47pmin=15" + b"\x06st=2.0")
    bench.coap.receive("there", answer(first, 0x80), 1)
    assert bench.outcomes == []
    second = bench.sent[-1][1]
    assert second.endswith(b"\x47pmin=15" + b"\x07stp=2.0")
    bench.coap.receive("there", answer(second, 0x44), 2)
    assert bench.outcomes == [Outcome(2)]
    assert bench.requests.count("a;1") == 0


def test_step_is_written_as_stp_once() -> None:
    bench = Bench()
    bench.begin(WriteAttributes(PATH, ("st=2.0",)))
    bench.coap.receive("there", answer(bench.sent[-1][1], 0x80), 1)
    bench.coap.receive("there", answer(bench.sent[-1][1], 0x80), 2)
    assert bench.outcomes == [Outcome(2, Failure.BAD_REQUEST)]
    assert len(bench.sent) == 2


@pytest.mark.parametrize(("attribute", "code"), [("pmin=1", 0x80), ("st=1", 0x84)])
def test_other_attributes_and_refusals_are_not_written_again(attribute: str, code: int) -> None:
    bench = Bench()
    bench.coap.receive("there", answer(bench.begin(WriteAttributes(PATH, (attribute,))), code), 1)
    assert len(bench.outcomes) == len(bench.sent) == 1


def test_repetitions_go_to_the_new_address() -> None:
    bench = Bench()
    first = bench.begin()
    bench.requests.seen(bench.device, "elsewhere", 0)
    bench.coap.step(10)
    assert bench.sent == [("there", first), ("elsewhere", first)]
    bench.coap.receive("elsewhere", answer(first), 11)
    assert bench.outcomes == [Outcome(11)]


def test_abandon_ends_the_requests_of_one_endpoint_as_offline() -> None:
    bench = Bench()
    other = bench.register("b;2", "elsewhere")
    bench.begin(), bench.begin()
    bench.requests.begin(other, READ, bench.outcomes.append, 0)
    bench.requests.abandon("a;1", 4)
    assert bench.outcomes == [Outcome(4, Failure.OFFLINE)] * 2
    assert (bench.requests.count("a;1"), bench.requests.count("b;2")) == (0, 1)


def test_cancelled_request_has_no_outcome_and_is_not_repeated() -> None:
    bench = Bench()
    request = bench.requests.begin(bench.device, READ, bench.outcomes.append, 0)
    bench.requests.cancel(request)
    bench.requests.cancel(request)
    assert bench.coap.due is None
    bench.coap.receive("there", answer(bench.sent[0][1]), 1)
    assert bench.outcomes == []


def test_outcome_may_cancel_another_request() -> None:
    bench = Bench()
    second: list[Request] = []

    def first_done(_: Outcome) -> None:
        bench.requests.cancel(second[0])

    bench.requests.begin(bench.device, READ, first_done, 0)
    second.append(bench.requests.begin(bench.device, READ, bench.outcomes.append, 0))
    bench.requests.abandon("a;1", 1)
    assert bench.outcomes == []

    second.clear()
    bench.requests.begin(bench.device, READ, first_done, 0)
    second.append(bench.requests.begin(bench.device, READ, bench.outcomes.append, 0))
    for now in (10, 20, 30):
        bench.coap.step(now)
    assert bench.outcomes == []


def test_outcome_may_begin_another_request() -> None:
    bench = Bench()
    bench.requests.begin(bench.device, READ, lambda _: bench.begin() and None, 0)
    bench.coap.receive("there", answer(bench.sent[0][1]), 1)
    assert bench.requests.count("a;1") == 1
    assert len(bench.sent) == 2


# Observations ------------------------------------------------------------------------------------

OBSERVE, CANCEL = Observe(PATH), CancelObserve(PATH)
OBSERVED = "60 622d16 ff e4164441a0fbe7"


def notification(token: bytes, mid: int = 1, kind: int = 0x50) -> bytes:
    head = bytes((kind | len(token), CONTENT)) + mid.to_bytes(2) + token
    return head + bytes.fromhex("6101 622d16 ff e4164441a40000")


def observed() -> tuple[Bench, bytes]:
    """With an observation, and its token."""
    bench = Bench()
    bench.end(OBSERVE, CONTENT, OBSERVED)
    return bench, bench.device.observations[PATH]


@pytest.mark.parametrize("kind", [0x40, 0x50, 0x60], ids=["CON", "NON", "ACK"])
def test_values_of_observe_and_of_notifications_are_reported(kind: int) -> None:
    bench, token = observed()
    bench.coap.receive("there", notification(token, kind=kind), 1)
    assert bench.reports == [(Item(PATH, 20.123),), (Item(PATH, 20.5),)]
    assert [d for _, d in bench.sent[1:]] == [b"\x60\x00\x00\x01"] * (kind == 0x40)


def test_notification_from_a_new_address_moves_the_device() -> None:
    bench, token = observed()
    bench.begin()
    bench.coap.receive("elsewhere", notification(token), 1)
    assert bench.device.address == "elsewhere"
    bench.coap.step(10)
    assert bench.sent[-1][0] == "elsewhere"


def test_notification_that_cannot_be_read_is_acknowledged_and_dropped() -> None:
    bench, token = observed()
    bench.coap.receive("there", notification(token, kind=0x40)[:-3], 1)
    assert bench.sent[-1][1] == b"\x60\x00\x00\x01"
    assert bench.reports[1:] == []


@pytest.mark.parametrize(
    ("code", "rest"), [(0x84, ""), (0xA0, ""), (CONTENT, "c22d16 ff e4164441a0fbe7")]
)
def test_observe_without_agreement_leaves_no_observation(code: int, rest: str) -> None:
    bench = Bench()
    bench.end(OBSERVE, code, rest)
    assert bench.device.observations == {}
    assert bench.coap.observations == {}


def unanswered(bench: Bench) -> bytes:
    """An observe that has timed out; returns its token."""
    token = bench.begin(OBSERVE)[4:8]
    for _ in range(3):
        due = bench.coap.due
        assert due is not None
        bench.coap.step(due)
    assert bench.device.observations == {}
    return token


def test_notification_shows_that_an_observe_without_answer_has_arrived() -> None:
    bench = Bench()
    token = unanswered(bench)
    bench.coap.receive("there", notification(token, kind=0x40), 31)
    assert bench.sent[-1][1] == b"\x60\x00\x00\x01"
    assert bench.device.observations == {OBSERVE.path: token}
    assert len(bench.reports) == 1


def test_of_observes_without_answer_the_newest_counts() -> None:
    bench = Bench()
    old, new = unanswered(bench), unanswered(bench)
    bench.coap.receive("there", notification(old), 61)
    assert bench.sent[-1][1] == b"\x70\x00\x00\x01"
    bench.coap.receive("there", notification(new), 62)
    assert bench.device.observations == {OBSERVE.path: new}


def test_late_observe_may_replace_the_newer_one() -> None:
    """Its repetition took longer than the next observe and its answer."""
    bench = Bench()
    late = unanswered(bench)
    newer = bench.begin(OBSERVE)
    bench.coap.receive("there", answer(newer, CONTENT, "60"), 31)
    assert bench.device.observations == {OBSERVE.path: newer[4:8]}
    bench.coap.receive("there", notification(late), 32)
    assert bench.device.observations == {OBSERVE.path: late}
    bench.coap.receive("there", notification(newer[4:8]), 33)
    assert bench.sent[-1][1] == b"\x70\x00\x00\x01"


def test_end_of_the_registration_ends_what_was_not_answered() -> None:
    bench = Bench()
    token = unanswered(bench)
    bench.requests.unobserve_all(bench.device)
    assert bench.coap.observations == {}
    bench.coap.receive("there", notification(token), 31)
    assert bench.sent[-1][1] == b"\x70\x00\x00\x01"


def test_cancel_has_the_token_of_the_observation() -> None:
    bench, token = observed()
    cancel = bench.begin(CANCEL)
    assert cancel[4:8] == token
    bench.coap.receive("there", answer(cancel, CONTENT), 1)
    assert bench.device.observations == {}
    bench.coap.receive("there", notification(token), 2)
    assert bench.sent[-1][1] == b"\x70\x00\x00\x01"


def test_cancel_of_what_is_not_observed_has_a_token_of_its_own() -> None:
    bench = Bench()
    assert bench.end(CANCEL, 0x84).failure is Failure.NOT_FOUND


def test_two_cancels_at_once_have_different_tokens() -> None:
    bench, _ = observed()
    assert bench.begin(CANCEL)[4:8] != bench.begin(CANCEL)[4:8]


def test_second_observe_of_a_path_replaces_the_first() -> None:
    bench, old = observed()
    bench.end(OBSERVE, CONTENT, OBSERVED)
    assert list(bench.coap.observations) == [bench.device.observations[PATH]]
    assert bench.device.observations[PATH] != old


@pytest.mark.parametrize("operation", [OBSERVE, CANCEL])
def test_request_that_times_out_or_is_refused_keeps_the_observation(operation: Operation) -> None:
    bench, token = observed()
    bench.begin(operation)
    for now in (10, 20, 30):
        bench.coap.step(now)
    assert bench.outcomes == [Outcome(30, Failure.TIME_OUT)]
    bench.end(operation, 0x85)
    assert bench.device.observations == {PATH: token}
    bench.coap.receive("there", notification(token), 31)
    assert bench.reports[1:] == [(Item(PATH, 20.5),)]


def test_cancel_of_what_the_device_does_not_observe_ends_the_observation() -> None:
    bench, _ = observed()
    bench.end(CANCEL, 0x84)
    assert bench.device.observations == bench.coap.observations == {}


def test_observe_that_was_replaced_before_its_answer_leaves_no_observation() -> None:
    bench = Bench()
    old, new = bench.begin(OBSERVE), bench.begin(OBSERVE)
    for request in (old, new):
        bench.coap.receive("there", answer(request, CONTENT, "60"), 1)
    assert list(bench.coap.observations) == [new[4:8]] == list(bench.device.observations.values())


def test_observe_that_was_cancelled_leaves_no_observation() -> None:
    bench = Bench()
    request = bench.requests.begin(bench.device, OBSERVE, bench.outcomes.append, 0)
    bench.requests.cancel(request)
    bench.coap.receive("there", notification(request.exchange.token), 1)
    assert bench.device.observations == {}
    assert bench.reports == []


def test_notification_with_an_error_ends_the_observation() -> None:
    bench, token = observed()
    gone = b"\x44\x84\x00\x01" + token
    bench.coap.receive("there", gone, 1)
    assert bench.device.observations == {}
    assert bench.reports[1:] == []


# In any order ------------------------------------------------------------------------------------


class RequestMachine(RuleBasedStateMachine):
    """In any order of events, each request ends exactly once."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.bench = Bench()
        self.devices = [self.bench.device, self.bench.register("b;2", "elsewhere")]
        self.ends: dict[int, int] = {}
        self.cancelled: set[int] = set()
        self.begun: dict[int, tuple[Request, bytes]] = {}
        self.devices[1].queue = True

    @rule(
        device=st.sampled_from([0, 1]),
        operation=st.sampled_from([READ, OBSERVE, CANCEL, Discover(Path(3303))]),
    )
    def begin(self, device: int, operation: Operation) -> None:
        number = len(self.ends)
        self.ends[number] = 0
        done = partial(self.done, number)
        requests, sent = self.bench.requests, self.bench.sent
        asleep, before = self.devices[device].asleep(self.now), len(sent)
        request = requests.begin(self.devices[device], operation, done, self.now)
        assert len(sent) == before + (not asleep)
        self.begun[number] = request, sent[-1][1] if sent else bytes(8)

    def done(self, number: int, _: Outcome) -> None:
        self.ends[number] += 1

    @precondition(lambda self: self.begun)
    @rule(
        data=st.data(),
        code=st.sampled_from(CODES),
        observe=st.booleans(),
        peer=st.sampled_from(["there", "elsewhere"]),
    )
    def answer(self, data: st.DataObject, code: int, observe: bool, peer: str) -> None:
        _, datagram = self.begun[data.draw(st.sampled_from(sorted(self.begun)))]
        self.bench.coap.receive(peer, answer(datagram, code, "60" * observe), self.now)

    @precondition(lambda self: self.begun)
    @rule(data=st.data(), peer=st.sampled_from(["there", "elsewhere", "third"]))
    def notify(self, data: st.DataObject, peer: str) -> None:
        _, datagram = self.begun[data.draw(st.sampled_from(sorted(self.begun)))]
        self.bench.coap.receive(peer, notification(datagram[4:8], int(self.now) + 1), self.now)

    @precondition(lambda self: self.begun)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.begun)))
        if not self.ends[number]:
            self.cancelled.add(number)
        self.bench.requests.cancel(self.begun[number][0])

    @rule(endpoint=st.sampled_from(["a;1", "b;2"]))
    def offline(self, endpoint: str) -> None:
        self.bench.requests.abandon(endpoint, self.now)

    @rule(device=st.sampled_from([0, 1]), address=st.sampled_from(["elsewhere", "third"]))
    def update(self, device: int, address: str) -> None:
        self.bench.requests.seen(self.devices[device], address, self.now)

    @rule(seconds=st.one_of(st.floats(0, 12), st.just(100.0)))
    def wait(self, seconds: float) -> None:
        self.step(self.now + seconds)

    def step(self, now: float) -> None:
        self.now = now
        self.bench.coap.step(now)
        self.bench.requests.step(now)

    @invariant()
    def each_ends_once(self) -> None:
        for number, ends in self.ends.items():
            assert ends == 0 if number in self.cancelled else ends <= 1

    @invariant()
    def observations_are_those_of_the_devices(self) -> None:
        tokens = {
            token
            for one in self.devices
            for known in (one.observations, one.unanswered)
            for token in known.values()
        }
        assert set(self.bench.coap.observations) <= tokens

    def teardown(self) -> None:
        while (due := earliest(self.bench.coap.due, self.bench.requests.due)) is not None:
            self.step(max(self.now, due))
        for number, ends in self.ends.items():
            assert ends == (number not in self.cancelled)


TestRequestMachine = RequestMachine.TestCase
TestRequestMachine.settings = settings(max_examples=scaled(40), stateful_step_count=30)
