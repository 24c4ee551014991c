"""Requests and their answers, against the message flows of RFC 7252 appendix A, byte for byte."""

from __future__ import annotations

import pytest
from aiocoap.numbers import Code, Type

from emulator.coap.client import Exchange
from emulator.coap.tuning import Tuning
from tests.support.coap import PEER, Bench, message

TEMPERATURE = "bb74656d7065726174757265"
ANSWER = "ff32322e332043"  # "22.3 C"


def get(bench: Bench, **options: object):  # type: ignore[no-untyped-def]
    request = message(Code.GET, "temperature")
    options.setdefault("token", b"")
    return bench.endpoint.request(PEER, request, bench.on_response, bench.now, **options)  # type: ignore[arg-type]


def test_a_piggybacked_answer() -> None:
    """Figure 16."""
    bench = Bench()
    exchange = get(bench)
    assert bench.takes() == ["40017d34" + TEMPERATURE]
    assert exchange.mid == 0x7D34
    bench.receives("60457d34" + ANSWER)
    (response,) = bench.responses
    assert response is not None
    assert (response.code, response.payload) == (Code.CONTENT, b"22.3 C")
    assert bench.endpoint.due is None
    assert bench.takes() == []


def test_a_token_in_request_and_answer() -> None:
    """Figure 17: token 20; another token or another MID is no answer."""
    bench = Bench(first_mid=0x7D35)
    get(bench, token=b"\x20")
    assert bench.takes() == ["41017d3520" + TEMPERATURE]
    bench.receives("61457d3521" + ANSWER)
    bench.receives("61457d3620" + ANSWER)
    bench.receives("61457d3520" + ANSWER, peer="192.0.2.2:5683")
    assert not bench.responses
    bench.receives("61457d3520" + ANSWER)
    bench.receives("61457d3520" + ANSWER)
    assert len(bench.responses) == 1
    assert not bench.takes()


def test_the_request_is_repeated_with_back_off() -> None:
    """Section 4.2: 2 s, then twice as long each time; 4 repetitions; given up after 62 s."""
    bench = Bench()
    get(bench)
    assert bench.elapse(61.9) == [2.0, 6.0, 14.0, 30.0]
    assert bench.takes() == ["40017d34" + TEMPERATURE] * 5
    assert not bench.responses
    bench.elapse(0.1)
    assert bench.responses == [None]
    bench.elapse(1000)
    assert bench.responses == [None]
    assert not bench.takes()


def test_the_first_wait_is_up_to_half_as_long_again() -> None:
    waits = set()
    for seed in range(50):
        bench = Bench(Tuning(), seed=seed)
        get(bench)
        waits.add(bench.elapse(100)[0])
    assert 2.0 <= min(waits) < 2.2
    assert 2.8 < max(waits) <= 3.0


def test_a_schedule_of_its_own() -> None:
    bench = Bench()
    exchange = get(bench, schedule=(10.0, 10.0, 10.0))
    assert bench.elapse(29.9) == [10.0, 20.0]
    bench.elapse(0.1)
    assert bench.responses == [None]
    assert not exchange.reset


def test_a_separate_answer() -> None:
    """Figure 20: the acknowledgement ends the repetitions, the answer is acknowledged each time."""
    bench = Bench(first_mid=0x7D38)
    get(bench, token=b"\x53")
    bench.receives("60007d38")
    assert bench.elapse(50) == []
    bench.takes()
    for _ in range(2):
        bench.receives("4145ad7b53" + ANSWER)
        assert bench.takes() == ["6000ad7b"]
    assert [each and each.payload for each in bench.responses] == [b"22.3 C"]


def test_an_answer_that_overtakes_the_acknowledgement() -> None:
    """Section 5.2.2: it acknowledges the request, too."""
    bench = Bench(first_mid=0x7D38)
    get(bench, token=b"\x53")
    bench.receives("4145ad7b53" + ANSWER)
    bench.receives("60007d38")
    assert bench.elapse(100) == []
    assert len(bench.responses) == 1


def test_an_acknowledged_request_waits_for_its_answer_for_a_time() -> None:
    bench = Bench()
    get(bench)
    bench.receives("60007d34")
    bench.elapse(92.9)
    assert bench.responses == []
    bench.elapse(0.1)
    assert bench.responses == [None]


def test_a_non_confirmable_request() -> None:
    """Figure 22: it is sent once; its answer needs no acknowledgement."""
    bench = Bench(first_mid=0x7D40)
    request = message(Code.GET, "temperature", confirmable=False)
    bench.endpoint.request(PEER, request, bench.on_response, bench.now, token=b"\x75")
    assert bench.elapse(30) == []
    assert bench.takes() == ["51017d4075" + TEMPERATURE]
    bench.receives("5145ad7c75" + ANSWER)
    assert len(bench.responses) == 1
    assert bench.takes() == []


@pytest.mark.parametrize("first", ["40", "50"])
def test_a_reset_ends_the_request(first: str) -> None:
    bench = Bench()
    request = message(Code.GET, "temperature", confirmable=first == "40")
    exchange = bench.endpoint.request(PEER, request, bench.on_response, bench.now, token=b"")
    bench.receives("70007d34")
    bench.elapse(300)
    assert bench.responses == [None]
    assert exchange.reset


def test_no_call_after_cancel() -> None:
    bench = Bench()
    exchange = get(bench)
    exchange.cancel()
    exchange.cancel()
    bench.receives("60457d34" + ANSWER)
    assert bench.elapse(300) == []
    assert bench.responses == []


def test_repetitions_go_to_the_new_address() -> None:
    bench = Bench()
    exchange = get(bench)
    exchange.peer = "192.0.2.2:5683"
    assert bench.elapse(2) == [2.0]
    assert [peer for peer, _ in bench.sent] == [PEER, "192.0.2.2:5683"]
    bench.receives("60457d34" + ANSWER)
    assert bench.responses == []
    bench.receives("60457d34" + ANSWER, peer="192.0.2.2:5683")
    assert len(bench.responses) == 1


def test_nstart_holds_back_the_second_request_to_a_peer() -> None:
    """Section 4.7. The answer to the first releases the second; another peer is not held back."""
    bench = Bench()
    get(bench)
    get(bench, token=b"\x20")
    bench.endpoint.request("b", message(Code.GET), bench.on_response, bench.now, token=b"")
    assert [peer for peer, _ in bench.sent] == [PEER, "b"]
    bench.sent.clear()
    bench.receives("60457d34" + ANSWER)
    assert bench.elapse(0) == [0.0]
    assert bench.takes() == ["41017d3520" + TEMPERATURE]


def test_a_request_that_nstart_holds_back_has_no_answer_yet() -> None:
    bench = Bench()
    get(bench)
    get(bench, token=b"\x20")
    for digits in ("60007d35", "70007d35", "61457d3520" + ANSWER):
        bench.receives(digits)
    assert bench.responses == []


def test_requests_that_move_to_another_peer() -> None:
    """Nothing is sent for it. NSTART counts there; a message id that is in use there stays away."""
    bench = Bench()
    get(bench)
    held = get(bench, token=b"\x20")
    bench.endpoint.request("b", message(Code.GET), bench.on_response, bench.now, token=b"")
    held.peer = "b"
    assert len(bench.sent) == 2
    bench.endpoint.receive("b", bytes.fromhex("60457d36"), bench.now)
    bench.elapse(0)
    assert bench.sent[2:] == [("b", "41017d3520" + TEMPERATURE)]
    moved = get(bench, token=b"\x21", schedule=(1.0, 1.0))
    bench.endpoint.request("c", message(Code.GET), bench.on_response, bench.now, token=b"\x01")
    moved.peer = "c"
    bench.endpoint.request("d", message(Code.GET), bench.on_response, bench.now, token=b"\x02")
    for mid in (0x7D35, 0x7D36):
        bench.endpoint.receive("c", bytes.fromhex(f"6000{mid:04x}"), bench.now)
    held.cancel()
    held.peer = "e"
    bench.elapse(1000)
    assert "e" not in {peer for peer, _ in bench.sent}


def test_a_request_does_not_move_to_where_its_message_id_is_in_use() -> None:
    bench = Bench(mids=range(0x7D34, 0x7D36))
    exchange = get(bench)
    for peer in ("b", "c"):
        bench.endpoint.request(peer, message(Code.GET), bench.on_response, bench.now)
    exchange.peer = "c"
    bench.sent.clear()
    bench.elapse(2)
    assert [peer for peer, _ in bench.sent] == [PEER, "b", "c"]


def test_a_new_peer_gets_message_ids_that_were_not_used() -> None:
    """It may be a known one behind a new address, which would take them for repetitions."""
    bench = Bench(Tuning(nstart=None))
    for peer in (PEER, PEER, "b", "c", PEER):
        bench.endpoint.request(peer, message(Code.GET), bench.on_response, bench.now)
    mids = [digits[4:8] for _, digits in bench.sent]
    assert mids == ["7d34", "7d35", "7d36", "7d37", "7d36"]


def test_a_call_may_end_other_requests_that_are_due() -> None:
    bench = Bench(Tuning(nstart=None, ack_random=1.0))
    others = []

    def on_response(_response: object, _now: float) -> None:
        bench.responses.append(None)
        for each in others:
            each.cancel()

    def ask(token: int, *, confirmable: bool) -> Exchange:
        request = message(Code.GET, confirmable=confirmable)
        sent = bench.endpoint.request(
            PEER, request, on_response, bench.now, token=bytes([token]), schedule=(5.0,)
        )
        others.append(sent)
        return sent

    for confirmable in (True, False):
        others.clear()
        ask(1, confirmable=confirmable)
        ask(2, confirmable=confirmable)
        bench.elapse(5)
    assert bench.responses == [None, None]


def test_a_repeated_answer_that_needs_no_acknowledgement() -> None:
    bench = Bench()
    get(bench, token=b"\x53")
    bench.takes()
    for _ in range(2):
        bench.receives("5145ad7b53" + ANSWER)
    assert len(bench.responses) == 1
    assert bench.takes() == []


def test_no_limit_without_nstart() -> None:
    bench = Bench(Tuning(nstart=None))
    get(bench)
    get(bench, token=b"\x20")
    assert len(bench.takes()) == 2


def test_a_token_in_use_is_refused() -> None:
    bench = Bench()
    get(bench)
    with pytest.raises(ValueError, match="in use"):
        get(bench)


def test_message_ids_go_up_within_their_range() -> None:
    bench = Bench(Tuning(nstart=None), mids=range(5, 8), first_mid=6)
    assert [get(bench, token=bytes([n])).mid for n in range(3)] == [6, 7, 5]
    with pytest.raises(OverflowError, match="message ids"):
        get(bench, token=b"\x09")
    bench.receives("61450007" + "01" + ANSWER)
    assert get(bench, token=b"\x09").mid == 7


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"mids": range(0x10001)}, "range within"),
        ({"mids": range(0)}, "range within"),
        ({"mids": range(5), "first_mid": 5}, "expected one of"),
    ],
)
def test_bad_message_ids(options: dict[str, object], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        Bench(**options)  # type: ignore[arg-type]


def test_bad_block_size() -> None:
    with pytest.raises(ValueError, match="block size 100: expected one of 16, 32"):
        Tuning(block_size=100)


def test_ping() -> None:
    """Section 4.3."""
    bench = Bench()
    answers: list[bool] = []
    bench.endpoint.ping(PEER, lambda alive, _: answers.append(alive), bench.now)
    assert bench.takes() == ["40007d34"]
    bench.receives("70007d34")
    bench.endpoint.ping(PEER, lambda alive, _: answers.append(alive), bench.now)
    bench.elapse(100)
    assert answers == [True, False]


def test_forget_drops_the_exchanges_of_a_peer() -> None:
    bench = Bench(Tuning(nstart=None))
    get(bench)
    get(bench, token=b"\x01")
    bench.receives("60007d34")
    bench.endpoint.request("b", message(Code.GET), bench.on_response, bench.now)
    bench.endpoint.notify(PEER, b"", message(Code.CONTENT), bench.now, type=Type.CON)
    bench.endpoint.forget(PEER)
    bench.sent.clear()
    bench.elapse(1000)
    assert {peer for peer, _ in bench.sent} == {"b"}
    assert bench.responses == [None]


def test_a_change_of_the_deadline_is_announced() -> None:
    bench = Bench()
    exchange = get(bench)
    assert bench.changes == 1
    assert bench.endpoint.due == bench.now + 2
    exchange.cancel()
    assert bench.changes == 2
    assert bench.endpoint.due is None
