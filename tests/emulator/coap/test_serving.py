"""Requests of a peer: answers, duplicates and refusals, byte for byte."""

from __future__ import annotations

import pytest
from aiocoap.numbers import Code

from emulator.coap.endpoint import Endpoint
from emulator.coap.tuning import Tuning
from tests.support.coap import PEER, Bench, message

GET = "41017d3520bb74656d7065726174757265"
ANSWER = "61457d3520ff32322e332043"


def respond(bench: Bench, payload: bytes = b"22.3 C") -> None:
    bench.requests[-1].respond(message(Code.CONTENT, payload=payload), bench.now)


def test_a_piggybacked_answer_however_late() -> None:
    """RFC 7252 figure 17, answered after 90 s."""
    bench = Bench()
    bench.receives(GET)
    assert bench.elapse(90) == []
    respond(bench)
    assert bench.takes() == [ANSWER]
    (request,) = bench.requests
    assert (request.mid, request.token, request.peer) == (0x7D35, b"\x20", PEER)
    assert request.message.opt.uri_path == ("temperature",)


def test_a_repeated_request_is_answered_from_memory() -> None:
    bench = Bench()
    bench.receives(GET)
    bench.receives(GET)
    assert bench.takes() == []
    respond(bench)
    bench.receives(GET)
    assert bench.takes() == [ANSWER] * 2
    bench.now += 246.9
    bench.receives(GET)
    assert bench.takes() == [ANSWER]
    assert len(bench.requests) == 1
    bench.now += 0.1
    bench.receives(GET)
    assert len(bench.requests) == 2


def test_the_same_mid_from_elsewhere_or_with_another_token_is_another_request() -> None:
    bench = Bench()
    bench.receives(GET)
    bench.receives(GET, peer="192.0.2.2:5683")
    bench.receives(GET.replace("3520", "3521"))
    assert len(bench.requests) == 3


def test_without_duplicate_filter_a_repeated_request_is_served_again() -> None:
    """As China Mobile's suite: each repetition reaches the host, and each can be answered."""
    bench = Bench(Tuning(deduplicate=False))
    bench.receives(GET)
    assert not bench.requests[0].repeated
    bench.receives(GET)
    respond(bench)
    bench.receives(GET)
    respond(bench)
    assert bench.takes() == [ANSWER] * 2
    assert bench.requests == [bench.requests[0]] * 3
    assert bench.requests[0].repeated


def test_without_duplicate_filter_an_acknowledged_request_is_acknowledged_again() -> None:
    bench = Bench(Tuning(deduplicate=False))
    bench.receives(GET)
    bench.requests[0].acknowledge(bench.now)
    bench.receives(GET)
    assert bench.takes() == ["60007d35"] * 2
    assert len(bench.requests) == 1


def test_one_answer_to_each_request() -> None:
    bench = Bench()
    bench.receives(GET)
    respond(bench)
    with pytest.raises(RuntimeError, match="one answer"):
        respond(bench)


def test_a_non_confirmable_request_gets_a_non_confirmable_answer() -> None:
    bench = Bench(first_mid=0xAD7C)
    bench.receives("51017d4075bb74656d7065726174757265")
    respond(bench)
    assert bench.takes() == ["5145ad7c75ff32322e332043"]
    bench.receives("51017d4075bb74656d7065726174757265")
    assert len(bench.requests) == 1
    bench.now += 145
    bench.receives("51017d4075bb74656d7065726174757265")
    assert len(bench.requests) == 2


def test_a_separate_answer_is_repeated_until_it_is_acknowledged() -> None:
    """RFC 7252 figure 20."""
    bench = Bench(first_mid=0xAD7B)
    bench.receives("41017d3853bb74656d7065726174757265")
    for _ in range(2):
        bench.requests[0].acknowledge(bench.now)
    assert bench.takes() == ["60007d38"]
    respond(bench)
    bench.elapse(2)
    assert bench.takes() == ["4145ad7b53ff32322e332043"] * 2
    bench.receives("41017d3853bb74656d7065726174757265")
    assert bench.takes() == ["60007d38"]
    bench.receives("6000ad7b")
    assert bench.elapse(100) == []


def test_a_ping_gets_a_reset() -> None:
    bench = Bench()
    bench.receives("40001234")
    assert bench.takes() == ["70001234"]


@pytest.mark.parametrize(
    ("datagram", "reply"),
    [
        ("41017d3520d1f803", "61827d3520ff" + b"option 261".hex()),  # unknown critical option
        ("51017d3520d1f803", None),  # the same, not confirmable
        ("41017d352031ff", "61827d3520ff" + b"option 3".hex()),  # Uri-Host that is no text
        ("41017d3520d116" + "61", "61a57d3520ff" + b"option 35".hex()),  # Proxy-Uri
        ("4145123420d1f803", "70001234"),  # an answer with an unknown critical option
        ("6145123420d1f803", None),
        ("49017d35202122232425262728", "70007d35"),  # token of 9 bytes
        ("44017d352021", "70007d35"),  # token that ends early
        ("40017d35ff", "70007d35"),  # payload marker without payload
        ("40017d35f1", "70007d35"),  # delta 15
        ("40017d35b574", "70007d35"),  # option that ends early
        ("40017d35d1", "70007d35"),  # extended delta that ends early
        ("40017d35e1ffffe1ffff0000", "70007d35"),  # option number above 65535
        ("4000123400", "70001234"),  # ping with more than a header
        ("40201234", "70001234"),  # code 1.00, a reserved class
        ("40e11234", "70001234"),  # code 7.01
        ("60017d35", None),  # a request as acknowledgement
        ("70017d35", None),  # a request as reset
        ("60001234", None),  # acknowledgement of nothing
        ("70001234", None),  # reset of nothing
        ("80011234", None),  # version 2
        ("400112", None),  # shorter than a header
        ("", None),
        ("40017d35ff" + 1300 * "00", "70007d35"),  # longer than a datagram may be
        ("4145123420", "70001234"),  # answer to nothing, confirmable
        ("5145123420", "70001234"),  # answer to nothing, not confirmable
        ("6145123420", None),  # answer to nothing, piggybacked
    ],
)
def test_what_cannot_be_served_is_refused(datagram: str, reply: str | None) -> None:
    bench = Bench()
    bench.receives(datagram)
    assert bench.takes() == ([] if reply is None else [reply])
    assert bench.requests == []


def test_a_critical_option_that_is_named_is_accepted() -> None:
    """Option 63: an authentication code."""
    refusing, accepting = Bench(), Bench(known_options=frozenset({63}))
    register = "4402456767452f0bb27264d627617574683737"
    for bench in (refusing, accepting):
        bench.receives(register)
    assert refusing.takes() == ["6482456767452f0bff" + b"option 63".hex()]
    assert len(accepting.requests) == 1


def test_elective_options_that_are_unknown_or_bad_are_ignored() -> None:
    bench = Bench()
    bench.receives("40017d35" + "44010203ff" + "a100")  # ETag of 4 bytes; option 14 with 0
    bench.receives("40017d36" + "40")  # ETag without value
    bench.receives("40017d37" + "d1ef03")  # option 252
    assert len(bench.requests) == 3
    assert bench.requests[1].message.opt.etag is None


def test_without_an_application_there_is_no_resource() -> None:
    sent: list[str] = []
    endpoint = Endpoint(lambda _peer, datagram, _now: sent.append(datagram.hex()))
    endpoint.receive(PEER, bytes.fromhex(GET), 0.0)
    assert sent == ["61847d3520"]
