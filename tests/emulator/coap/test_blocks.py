"""Bodies in blocks (RFC 7959): the message flows of section 3, byte for byte; `.` is any token."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from aiocoap import Message
from aiocoap.numbers import Code, Type

from emulator.coap.tuning import Tuning
from tests.support.coap import PEER, Bench, message

STATUS = "b6737461747573"  # Uri-Path: status
OPTIONS = "b76f7074696f6e73"  # Uri-Path: options
ANY = "." * 8  # a token that the endpoint chose
BODY = bytes(range(256)) * 2  # a test must notice blocks out of order


def part(size: int, number: int) -> str:
    return BODY[size * number : size * (number + 1)].hex()


def ask(bench: Bench, code: Code = Code.GET, path: str = "status", payload: bytes = b"") -> None:
    request = message(code, path, payload)
    bench.endpoint.request(PEER, request, bench.on_response, bench.now, token=b"")


def token_of(digits: str) -> str:
    return digits[8 : 8 + 2 * int(digits[1], 16)]


def exchanges(bench: Bench, flow: list[tuple[str, str]]) -> None:
    """The endpoint sends the first of each pair, and receives the second."""
    for expected, answer in flow:
        (sent,) = bench.takes()
        assert re.fullmatch(expected, sent), f"{sent}: expected {expected}"
        head = f"{answer[0]}{len(token_of(sent)) // 2}{answer[2:8]}{token_of(sent)}"
        bench.receives(head + answer[8:])


def payload_of(response: Message | None) -> bytes | None:
    return None if response is None else response.payload


# --- as client -----------------------------------------------------------------------------------


def test_a_long_body_is_read_block_by_block() -> None:
    """Figure 2: three blocks of 128 bytes."""
    bench = Bench(first_mid=1234)
    ask(bench)
    exchanges(
        bench,
        [
            ("400104d2" + STATUS, "604504d2" + "d10a0bff" + part(128, 0)),
            (f"440104d3{ANY}{STATUS}c113", "604504d3" + "d10a1bff" + part(128, 1)),
            (f"440104d4{ANY}{STATUS}c123", "604504d4" + "d10a23ff" + part(128, 2)),
        ],
    )
    assert [payload_of(each) for each in bench.responses] == [BODY[:384]]
    assert bench.takes() == []
    assert bench.endpoint.due is None


def test_each_block_is_repeated_until_it_comes() -> None:
    bench = Bench(first_mid=1234)
    ask(bench)
    bench.takes()
    bench.receives("604504d2" + "d10a0bff" + part(128, 0))
    assert bench.elapse(3) == [2.0]
    first, second = bench.takes()
    assert first == second
    bench.elapse(100)
    assert bench.responses == [None]


def test_a_server_may_go_on_with_smaller_blocks() -> None:
    """Late negotiation: 128 bytes, then blocks of 64."""
    bench = Bench(first_mid=1234)
    ask(bench)
    exchanges(
        bench,
        [
            ("400104d2" + STATUS, "604504d2" + "d10a0bff" + part(128, 0)),
            (f"440104d3{ANY}{STATUS}c113", "604504d3" + "d10a2aff" + part(64, 2)),
            (f"440104d4{ANY}{STATUS}c132", "604504d4" + "d10a32ff" + part(64, 3)),
        ],
    )
    assert [payload_of(each) for each in bench.responses] == [BODY[:256]]


def test_this_client_goes_on_with_blocks_of_its_size() -> None:
    bench = Bench(Tuning(block_size=64), first_mid=1234)
    ask(bench)
    exchanges(
        bench,
        [
            ("400104d2" + STATUS, "604504d2" + "d10a0bff" + part(128, 0)),
            (f"440104d3{ANY}{STATUS}c122", "604504d3" + "d10a22ff" + part(64, 2)),
        ],
    )
    assert [payload_of(each) for each in bench.responses] == [BODY[:192]]


def test_sizes_of_blocks_may_change() -> None:
    bench = Bench(first_mid=1234)
    bench.endpoint.blocks.requests, bench.endpoint.blocks.answers = 16, 32
    bench.endpoint.request(PEER, message(Code.PUT, "status", b"x" * 17), bench.on_response, 1000)
    sent = bytes.fromhex(bench.takes()[0])
    assert sent.endswith(b"\xd1\x03\x08\xd1\x14\x11\xff" + b"x" * 16)  # Block1 0/1/16, Size1 17
    bench.receives("40017d34b6737461747573")
    bench.requests[0].respond(message(Code.CONTENT, payload=b"y" * 33), bench.now)
    assert bytes.fromhex(bench.takes()[0]).endswith(b"\xd1\x06\x09\x51\x21\xff" + b"y" * 32)


ETAG1, ETAG2 = "4141", "4142"  # option 4, one byte


def test_a_body_that_changes_is_read_again() -> None:
    """Section 2.4: by the ETag."""
    bench = Bench(first_mid=1234)
    ask(bench)
    exchanges(
        bench,
        [
            ("400104d2" + STATUS, f"604504d2{ETAG1}d1060bff" + part(128, 0)),
            (f"440104d3{ANY}{STATUS}c113", f"604504d3{ETAG2}d10613ff" + part(128, 1)),
            (f"440104d4{ANY}{STATUS}c103", f"604504d4{ETAG2}d1060bff" + part(128, 2)),
            (f"440104d5{ANY}{STATUS}c113", f"604504d5{ETAG2}d10613ff" + part(128, 3)),
        ],
    )
    assert [payload_of(each) for each in bench.responses] == [BODY[256:]]


def test_a_body_that_changes_all_the_time_cannot_be_had() -> None:
    bench = Bench(first_mid=0)
    ask(bench)
    mid = 0
    while sent := bench.takes():
        token, block = token_of(sent[0]), "13" if sent[0].endswith("13") else "0b"
        head = f"6{len(token) // 2}45{mid:04x}{token}"
        bench.receives(f"{head}41{mid:02x}d106{block}ff" + part(128, 0))
        mid += 1
        assert mid < 20
    assert bench.responses == [None]


@pytest.mark.parametrize(
    "second",
    [
        "604504d3d10a2bff" + part(128, 2),  # a block is missing
        "604504d3d10a1bff" + part(64, 1),  # not the last one, and short
        "604504d3d10a1bff" + part(128, 1),  # too long in the end
    ],
)
def test_a_body_that_cannot_be_had(second: str) -> None:
    bench = Bench(Tuning(max_body=200), first_mid=1234)
    ask(bench)
    exchanges(
        bench,
        [
            ("400104d2" + STATUS, "604504d2" + "d10a0bff" + part(128, 0)),
            (f"440104d3{ANY}{STATUS}c113", second),
        ],
    )
    assert bench.responses == [None]
    assert bench.endpoint.due is None


def test_a_body_that_begins_in_its_middle_when_it_is_read_again() -> None:
    bench = Bench(first_mid=1234)
    ask(bench)
    exchanges(
        bench,
        [
            ("400104d2" + STATUS, f"604504d2{ETAG1}d1060bff" + part(128, 0)),
            (f"440104d3{ANY}{STATUS}c113", f"604504d3{ETAG2}d10613ff" + part(128, 1)),
            (f"440104d4{ANY}{STATUS}c103", f"604504d4{ETAG2}d1061bff" + part(128, 2)),
        ],
    )
    assert bench.responses == [None]


def test_the_request_for_the_next_block_may_not_fit_into_a_datagram() -> None:
    bench = Bench(first_mid=1234)
    request = message(Code.GET, "/".join([*(4 * ["a" * 255]), "a" * 246]))
    bench.endpoint.request(PEER, request, bench.on_response, bench.now, token=b"")
    bench.takes()
    bench.receives("604504d2" + "d10a0bff" + part(128, 0))
    assert bench.responses == [None]


def test_an_answer_to_an_earlier_block_is_ignored() -> None:
    bench = Bench(Tuning(block_size=128), first_mid=1234)
    ask(bench, Code.PUT, "options", BODY[:300])
    bench.takes()
    bench.receives("605f04d2d10e1b")
    assert bench.takes() == []
    bench.receives("605f04d2d10e0b")
    assert len(bench.takes()) == 1


def test_an_error_instead_of_a_block_is_the_answer() -> None:
    bench = Bench(first_mid=1234)
    ask(bench)
    exchanges(
        bench,
        [
            ("400104d2" + STATUS, "604504d2" + "d10a0bff" + part(128, 0)),
            (f"440104d3{ANY}{STATUS}c113", "608404d3"),
        ],
    )
    assert [each and each.code for each in bench.responses] == [Code.NOT_FOUND]


def test_a_block_that_was_asked_for_is_not_the_beginning_of_a_body() -> None:
    bench = Bench(first_mid=1234)
    request = message(Code.GET, "status", block2=(1, False, 3))
    bench.endpoint.request(PEER, request, bench.on_response, bench.now, token=b"")
    exchanges(bench, [(f"400104d2{STATUS}c113", "604504d2d10a1bff" + part(128, 1))])
    assert [payload_of(each) for each in bench.responses] == [BODY[128:256]]


def test_a_long_body_is_sent_block_by_block() -> None:
    """Figure 7: PUT /options in blocks of 128 bytes; here with Size1."""
    bench = Bench(Tuning(block_size=128), first_mid=1234)
    ask(bench, Code.PUT, "options", BODY[:300])
    block = "d103"  # Block1 after Uri-Path
    exchanges(
        bench,
        [
            (f"400304d2{OPTIONS}{block}0bd214012cff" + part(128, 0), "605f04d2d10e0b"),
            (f"440304d3{ANY}{OPTIONS}{block}1bff" + part(128, 1), "605f04d3d10e1b"),
            (f"440304d4{ANY}{OPTIONS}{block}23ff" + BODY[256:300].hex(), "604404d4d10e23"),
        ],
    )
    assert [each and each.code for each in bench.responses] == [Code.CHANGED]


def test_the_server_asks_for_smaller_blocks() -> None:
    """Figure 9: 128 bytes, then blocks of 32."""
    bench = Bench(Tuning(block_size=128), first_mid=1234)
    ask(bench, Code.PUT, "options", BODY[:192])
    exchanges(
        bench,
        [
            (f"400304d2{OPTIONS}d1030bd114c0ff" + part(128, 0), "605f04d2d10e09"),
            (f"440304d3{ANY}{OPTIONS}d10349ff" + part(32, 4), "605f04d3d10e49"),
            (f"440304d4{ANY}{OPTIONS}d10351ff" + part(32, 5), "604404d4d10e51"),
        ],
    )
    assert [each and each.code for each in bench.responses] == [Code.CHANGED]


def test_the_server_refuses_the_size_of_the_first_block() -> None:
    """Section 2.9.3: 4.13 with a smaller size begins again."""
    bench = Bench(Tuning(block_size=128), first_mid=1234)
    ask(bench, Code.PUT, "options", BODY[:192])
    exchanges(
        bench,
        [
            (f"400304d2{OPTIONS}d1030bd114c0ff" + part(128, 0), "608d04d2d10e0a"),
            (f"440304d3{ANY}{OPTIONS}d1030ad114c0ff" + part(64, 0), "605f04d3d10e0a"),
            (f"440304d4{ANY}{OPTIONS}d1031aff" + part(64, 1), "605f04d4d10e1a"),
            (f"440304d5{ANY}{OPTIONS}d10322ff" + part(64, 2), "604404d5d10e22"),
        ],
    )
    assert [each and each.code for each in bench.responses] == [Code.CHANGED]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("608d04d2d10e0b", Code.REQUEST_ENTITY_TOO_LARGE),
        ("608d04d2", Code.REQUEST_ENTITY_TOO_LARGE),
        ("608804d2d10e0b", Code.REQUEST_ENTITY_INCOMPLETE),
        ("604404d2", Code.CHANGED),  # a server that does not know Block1
    ],
)
def test_the_server_ends_the_transfer(answer: str, code: Code) -> None:
    bench = Bench(Tuning(block_size=128), first_mid=1234)
    ask(bench, Code.PUT, "options", BODY[:192])
    exchanges(bench, [(".*", answer)])
    assert [each and each.code for each in bench.responses] == [code]
    assert bench.takes() == []


def test_the_answer_to_a_long_body_may_be_long() -> None:
    """Figure 11: Block1, then Block2."""
    bench = Bench(Tuning(block_size=128), first_mid=1234)
    ask(bench, Code.POST, "options", BODY[:192])
    exchanges(
        bench,
        [
            (f"400204d2{OPTIONS}d1030bd114c0ff" + part(128, 0), "605f04d2d10e0b"),
            (
                f"440204d3{ANY}{OPTIONS}d10313ff" + BODY[128:192].hex(),
                "604404d3d10a0b4113ff" + part(128, 0),
            ),
            (f"440204d4{ANY}{OPTIONS}c113", "604404d4d10a13ff" + part(128, 1)),
        ],
    )
    assert [payload_of(each) for each in bench.responses] == [BODY[:256]]


def test_the_rest_of_a_notification_is_asked_for() -> None:
    """Figure 12. A newer notification ends the transfer of an older one."""
    bench = Bench(first_mid=1234)
    request = message(Code.GET, "status", observe=0)
    bench.endpoint.request(
        PEER,
        request,
        bench.on_response,
        bench.now,
        token=b"\xfb",
        on_notification=bench.on_notification,
    )
    bench.takes()
    bench.receives("614504d2fb60" + "d1040bff" + part(128, 0))
    exchanges(bench, [(f"440104d3{ANY}{STATUS}c113", "604504d3d10a13ff" + part(128, 1))])
    assert [payload_of(each) for each in bench.responses] == [BODY[:256]]
    bench.receives("5145ae00fb6101" + "d1040bff" + part(128, 1))
    (outdated,) = bench.takes()
    bench.receives("4145ae01fb6102" + "d1040bff" + part(128, 2))
    newest, acknowledgement = bench.takes()
    assert re.fullmatch(f"440104d5{ANY}{STATUS}c113", newest)
    assert acknowledgement == "6000ae01"
    bench.receives(f"644504d4{token_of(outdated)}d10a13ff" + part(128, 0))
    assert bench.notifications == []
    bench.receives(f"644504d5{token_of(newest)}d10a13ff" + part(128, 3))
    assert bench.notifications == [(PEER, BODY[256:])]


def test_the_rest_of_a_notification_that_cannot_be_had() -> None:
    """Nothing is reported; the observation goes on."""
    bench = Bench(Tuning(max_body=100), first_mid=1234)
    request = message(Code.GET, "status", observe=0)
    bench.endpoint.request(
        PEER, request, bench.on_response, bench.now, on_notification=bench.on_notification
    )
    token = token_of(bench.takes()[0])
    bench.receives(f"644504d2{token}60")
    bench.receives(f"5445ae00{token}6101" + "d1040bff" + part(128, 0))  # too long
    bench.receives(f"5445ae01{token}6102" + "d1040aff" + part(64, 0))
    exchanges(bench, [(f"440104d3{ANY}{STATUS}c112", "608404d3")])
    bench.receives(f"5445ae02{token}6103" + "ff01")
    assert bench.notifications == [(PEER, b"\x01")]


# --- as server -----------------------------------------------------------------------------------


def answering(bench: Bench, payload: bytes) -> Callable[[], int]:
    """It answers each request; returns how many there were."""
    count = 0

    def serve(incoming, now: float) -> None:  # type: ignore[no-untyped-def]
        nonlocal count
        count += 1
        bench.requests.append(incoming)
        code = Code.CONTENT if incoming.message.code == Code.GET else Code.CHANGED
        incoming.respond(message(code, payload=payload), now)

    bench.endpoint.serve = serve
    return lambda: count


def converses(bench: Bench, flow: list[tuple[str, str]]) -> None:
    for request, expected in flow:
        bench.receives(request)
        (sent,) = bench.takes()
        assert re.fullmatch(expected, sent), f"{sent}: expected {expected}"


TAG = "44........"  # an ETag of 4 bytes


def test_a_long_answer_is_handed_out_in_blocks() -> None:
    """Figure 2. The application is asked once."""
    bench = Bench(Tuning(block_size=128))
    asked = answering(bench, BODY[:300])
    converses(
        bench,
        [
            ("400104d2" + STATUS, f"604504d2{TAG}d1060b52012cff" + part(128, 0)),
            ("400104d3" + STATUS + "c113", f"604504d3{TAG}d1061bff" + part(128, 1)),
            ("400104d4" + STATUS + "c123", f"604504d4{TAG}d10623ff" + BODY[256:300].hex()),
            ("400104d5" + STATUS + "c133", "608004d5ff.*"),
        ],
    )
    assert asked() == 1


def test_the_client_asks_for_small_blocks() -> None:
    """Figure 3: early negotiation; figure 4: late, after the first block."""
    bench = Bench(Tuning(block_size=128))
    answering(bench, BODY[:300])
    converses(
        bench,
        [
            ("400104d2" + STATUS + "c102", f"604504d2{TAG}d1060a52012cff" + part(64, 0)),
            ("400104d3" + STATUS + "c112", f"604504d3{TAG}d1061aff" + part(64, 1)),
            ("400104d4" + STATUS, f"604504d4{TAG}d1060b52012cff" + part(128, 0)),
            ("400104d5" + STATUS + "c122", f"604504d5{TAG}d1062aff" + part(64, 2)),
        ],
    )


def test_a_client_that_asks_for_large_blocks_gets_small_ones() -> None:
    bench = Bench(Tuning(block_size=64))
    answering(bench, BODY)
    converses(
        bench,
        [
            ("400104d2" + STATUS + "c106", f"604504d2{TAG}d1060a520200ff" + part(64, 0)),
            ("400104d3" + STATUS + "c113", f"604504d3{TAG}d1062aff" + part(64, 2)),
        ],
    )


def test_any_block_of_an_answer_can_be_asked_for() -> None:
    bench = Bench()
    asked = answering(bench, BODY[:300])
    converses(bench, [("400104d2" + STATUS + "c143", "608004d2ff.*")])
    converses(bench, [("400104d3" + STATUS + "c123", f"604504d3{TAG}d10623ff.*")])
    assert asked() == 1
    bench.now += 247
    converses(bench, [("400104d4" + STATUS + "c123", f"604504d4{TAG}d10623ff.*")])
    assert asked() == 2


def test_a_request_is_not_served_for_the_rest_of_an_answer_that_is_gone() -> None:
    bench = Bench()
    asked = answering(bench, BODY)
    converses(bench, [("400304d4" + STATUS + "c123", "608804d4")])
    assert asked() == 0


def test_a_short_answer_is_not_cut() -> None:
    bench = Bench()
    answering(bench, b"short")
    converses(bench, [("400104d2" + STATUS + "c103", "604504d2ff" + b"short".hex())])


def test_a_long_request_is_collected() -> None:
    """Figure 7: 2.31 for each block but the last."""
    bench = Bench()
    answering(bench, b"")
    converses(
        bench,
        [
            (f"400304d2{OPTIONS}d1030bff" + part(128, 0), "605f04d2d10e0b"),
            (f"400304d2{OPTIONS}d1030bff" + part(128, 0), "605f04d2d10e0b"),
            (f"400304d3{OPTIONS}d1031bff" + part(128, 1), "605f04d3d10e1b"),
            (f"400304d4{OPTIONS}d10323ff" + BODY[256:300].hex(), "604404d4d10e23"),
        ],
    )
    (incoming,) = bench.requests
    assert incoming.message.payload == BODY[:300]


@pytest.mark.parametrize("deduplicate", [True, False])
def test_a_repeated_block_counts_once(deduplicate: bool) -> None:
    bench = Bench(Tuning(deduplicate=deduplicate))
    answering(bench, b"")
    blocks = [
        f"400304d2{OPTIONS}d1030bff" + part(128, 0),
        f"400304d3{OPTIONS}d1031bff" + part(128, 1),
        f"400304d2{OPTIONS}d1030bff" + part(128, 0),
        f"400304d4{OPTIONS}d10323ff" + BODY[256:300].hex(),
    ]
    for block in blocks:
        bench.receives(block)
    assert bench.requests[0].message.payload == BODY[:300]


def test_this_server_asks_for_blocks_of_its_size() -> None:
    """Figure 9."""
    bench = Bench(Tuning(block_size=32))
    answering(bench, b"")
    converses(
        bench,
        [
            (f"400304d2{OPTIONS}d1030bff" + part(128, 0), "605f04d2d10e09"),
            (f"400304d3{OPTIONS}d10349ff" + part(32, 4), "605f04d3d10e49"),
            (f"400304d4{OPTIONS}d10351ff" + part(32, 5), "604404d4d10e51"),
        ],
    )
    assert bench.requests[0].message.payload == BODY[:192]


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (f"400304d2{OPTIONS}d1031aff" + part(64, 1), "608804d2"),  # nothing before it
        (f"400304d2{OPTIONS}d1030bff" + part(64, 0), "608004d2ff.*"),  # not a whole block
        (f"400304d2{OPTIONS}d10302ff" + part(128, 0), "608004d2ff.*"),  # longer than a block
        (f"400304d2{OPTIONS}d1030bd2140190ff" + part(128, 0), "608d04d2d12fc8"),  # Size1 400
        (f"400304d2{OPTIONS}d103" + "2bff" + part(128, 0), "608d04d2d12fc8"),  # beyond 200 bytes
        (f"400304d2{OPTIONS}d1030fff" + part(128, 0), "608204d2ff.*"),  # reserved size
    ],
)
def test_a_block_that_is_refused(request_: str, answer: str) -> None:
    bench = Bench(Tuning(max_body=200))
    answering(bench, b"")
    converses(bench, [(request_, answer)])
    assert bench.requests == []


def test_a_gap_ends_the_transfer() -> None:
    bench = Bench()
    answering(bench, b"")
    converses(
        bench,
        [
            (f"400304d2{OPTIONS}d1030bff" + part(128, 0), "605f04d2d10e0b"),
            (f"400304d4{OPTIONS}d10323ff" + part(128, 2), "608804d4"),
            (f"400304d5{OPTIONS}d10313ff" + part(128, 1), "608804d5"),
        ],
    )


def test_a_long_notification_is_cut_and_its_observer_reads_the_rest() -> None:
    """Figure 12. The application is not asked for what it has sent."""
    bench = Bench(Tuning(block_size=128), first_mid=0xAE00)
    asked = answering(bench, b"short")

    def serve(incoming, now: float) -> None:  # type: ignore[no-untyped-def]
        incoming.respond(message(Code.CONTENT, payload=b"x", observe=0), now)

    bench.endpoint.serve = serve
    converses(bench, [("410104d2fb60" + "5" + STATUS[1:], "614504d2fb60ff78")])
    sent = message(Code.CONTENT, payload=BODY[:200], observe=1)
    assert bench.endpoint.notify(PEER, b"\xfb", sent, bench.now, type=Type.NON) == 0xAE00
    (first,) = bench.takes()
    assert re.fullmatch(f"5145ae00fb{TAG}2101d1040b51c8ff" + part(128, 0), first)
    rest = BODY[128:200].hex()
    converses(bench, [("410104d3fc" + STATUS + "c113", f"614504d3fc{TAG}d10613ff{rest}")])
    assert asked() == 0


def test_forget_drops_what_a_peer_reads_and_sends() -> None:
    bench = Bench()
    asked = answering(bench, BODY)
    converses(
        bench,
        [
            (f"400304d2{OPTIONS}d1030bff" + part(128, 0), "605f04d2d10e0b"),
            ("400104d3" + STATUS + "c103", f"604504d3{TAG}d1060b520200ff.*"),
        ],
    )
    bench.endpoint.forget(PEER)
    converses(
        bench,
        [
            (f"400304d4{OPTIONS}d1031bff" + part(128, 1), "608804d4"),
            ("400104d5" + STATUS + "c113", f"604504d5{TAG}d1061bff.*"),
        ],
    )
    assert asked() == 2


def test_requests_may_be_served_block_by_block() -> None:
    """The application answers each block, and so says when the next may come."""
    bench = Bench()
    bench.endpoint.by_blocks = lambda request: request.opt.uri_path == ("options",)
    served = []

    def serve(incoming, now: float) -> None:  # type: ignore[no-untyped-def]
        block = incoming.message.opt.block1
        served.append((block.block_number, incoming.message.payload))
        answer = message(Code.CONTINUE if block.more else Code.CHANGED)
        if block.more:
            answer.opt.block1 = (block.block_number, True, block.size_exponent)
        incoming.respond(answer, now)

    bench.endpoint.serve = serve
    converses(
        bench,
        [
            ("400304d2" + OPTIONS + "d1030bff" + part(128, 0), "605f04d2d10e0b"),
            ("400304d3" + OPTIONS + "d10313ff" + part(128, 1), "604404d3d10e13"),
        ],
    )
    assert served == [(0, BODY[:128]), (1, BODY[128:256])]
