"""Observation of resources (RFC 7641), as client and as server, byte for byte."""

from __future__ import annotations

import pytest
from aiocoap.numbers import Code, Type

from emulator.coap.transmission import Delivery
from emulator.coap.tuning import Tuning
from tests.support.coap import PEER, Bench, message

NEW_ADDRESS = "192.0.2.1:40001"
OBSERVE = "41017d344a60" + "5b74656d7065726174757265"  # GET /temperature, Observe 0, token 4a
ANSWER = "61457d344a6109ff18"  # Observe 9, payload 18


def observe(bench: Bench) -> None:
    request = message(Code.GET, "temperature", observe=0)
    bench.endpoint.request(
        PEER,
        request,
        bench.on_response,
        bench.now,
        token=b"\x4a",
        on_notification=bench.on_notification,
    )


def observing(tuning: Tuning | None = None) -> Bench:
    bench = Bench(tuning)
    observe(bench)
    assert bench.takes() == [OBSERVE]
    bench.receives(ANSWER)
    assert len(bench.responses) == 1
    assert list(bench.endpoint.observations) == [b"\x4a"]
    return bench


def notification(mid: int, value: int, payload: str, kind: str = "4") -> str:
    return f"{kind}145{mid:04x}4a61{value:02x}ff{payload}"


def test_observe_without_answer_may_have_arrived() -> None:
    bench = Bench()
    observe(bench)
    bench.elapse(93)
    assert bench.responses == [None]
    bench.receives(notification(0x5EBA, 10, "19"))
    assert bench.takes()[-1] == "60005eba"
    assert bench.notifications == [(PEER, b"\x19")]
    bench.endpoint.forget_observation(b"\x4a")
    bench.receives(notification(0x5EBB, 11, "19"))
    assert bench.takes() == ["70005ebb"]


def test_observe_that_was_reset_is_none() -> None:
    bench = Bench()
    observe(bench)
    bench.receives("70007d34")
    assert bench.responses == [None]
    bench.receives(notification(0x5EBA, 10, "19"))
    assert bench.takes()[-1] == "70005eba"


def test_notifications_are_acknowledged() -> None:
    bench = observing()
    bench.receives(notification(0x5EBA, 10, "19"))
    assert bench.takes() == ["60005eba"]
    assert bench.notifications == [(PEER, b"\x19")]


def test_a_notification_may_be_confirmable_or_not_or_an_acknowledgement() -> None:
    bench = observing()
    for value, kind in enumerate("456", 10):
        bench.receives(notification(0x5EB0 + value, value, f"{value:02x}", kind))
    assert [payload[0] for _, payload in bench.notifications] == [10, 11, 12]
    assert bench.takes() == ["60005eba"]


def test_a_repeated_notification_counts_once() -> None:
    bench = observing()
    for _ in range(3):
        bench.receives(notification(0x5EBA, 10, "19"))
    bench.receives(notification(0x5EBA, 10, "19"), peer=NEW_ADDRESS)
    assert len(bench.notifications) == 1
    assert [peer for peer, _ in bench.sent] == [PEER] * 3 + [NEW_ADDRESS]


def test_an_older_notification_does_not_count() -> None:
    """Section 3.4; it is acknowledged."""
    bench = observing()
    bench.receives(notification(1, 12, "12"))
    bench.receives(notification(2, 11, "11"))
    assert bench.takes() == ["60000001", "60000002"]
    bench.now += 128
    bench.receives(notification(3, 10, "10"))
    assert len(bench.notifications) == 1
    bench.now += 0.1
    bench.receives(notification(4, 10, "10"))
    assert [payload[0] for _, payload in bench.notifications] == [0x12, 0x10]


def test_the_value_of_observe_may_overflow() -> None:
    bench = observing()
    for mid, value in enumerate(["63700000", "63e00000", "6105"], 1):
        bench.receives(f"4145{mid:04x}4a{value}ff{mid:02x}")
    assert [payload[0] for _, payload in bench.notifications] == [1, 2, 3]


def test_a_notification_from_a_new_address() -> None:
    bench = observing()
    bench.receives(notification(1, 10, "19"), peer=NEW_ADDRESS)
    assert bench.notifications == [(NEW_ADDRESS, b"\x19")]
    assert bench.sent == [(NEW_ADDRESS, "60000001")]
    assert bench.endpoint.observations[b"\x4a"].peer == NEW_ADDRESS


def test_the_application_may_refuse_a_notification() -> None:
    """It gets a reset whenever it is repeated, and leaves no trace."""
    bench = observing()
    bench.accepts = False
    for _ in range(2):
        bench.receives(notification(1, 200, "19"), peer=NEW_ADDRESS)
    assert bench.sent == [(NEW_ADDRESS, "70000001")] * 2
    assert len(bench.notifications) == 1
    bench.accepts = True
    bench.receives(notification(2, 10, "20"))
    assert bench.notifications[1:] == [(PEER, b"\x20")]


@pytest.mark.parametrize(("kind", "reply"), [("4", "7"), ("5", "7"), ("6", "7")])
def test_a_forgotten_observation_is_reset(kind: str, reply: str) -> None:
    bench = observing()
    bench.endpoint.forget_observation(b"\x4a")
    bench.endpoint.forget_observation(b"\x4a")
    bench.receives(notification(1, 10, "19", kind))
    assert bench.takes() == [f"{reply}0000001"]
    assert bench.notifications == []


@pytest.mark.parametrize("end", ["41840001" + "4a", "41450001" + "4aff19"])
def test_the_server_ends_the_observation(end: str) -> None:
    """By an error, or by a notification without Observe (section 4.2)."""
    bench = observing()
    bench.receives(end)
    bench.receives(notification(2, 10, "19"))
    assert bench.takes() == ["60000001", "70000002"]
    assert len(bench.notifications) == 1
    assert not bench.endpoint.observations


def test_the_application_may_refuse_the_end() -> None:
    """It came from elsewhere, perhaps from somebody who guessed the token."""
    bench = observing()
    bench.accepts = False
    bench.receives("418400014a", peer=NEW_ADDRESS)
    assert bench.sent == [(NEW_ADDRESS, "70000001")]
    assert bench.endpoint.observations


@pytest.mark.parametrize("answer", ["61457d344aff18", "61847d344a", "61847d344a6109"])
def test_a_server_that_does_not_agree_is_not_observed(answer: str) -> None:
    bench = Bench()
    observe(bench)
    bench.receives(answer)
    assert len(bench.responses) == 1
    assert not bench.endpoint.observations


def test_a_notification_before_the_answer_is_the_answer() -> None:
    bench = Bench()
    observe(bench)
    bench.receives(notification(1, 10, "19"))
    assert [each and each.payload for each in bench.responses] == [b"\x19"]
    bench.receives(ANSWER)
    bench.receives(notification(2, 11, "20"))
    assert bench.notifications == [(PEER, b"\x20")]
    assert len(bench.responses) == 1
    assert bench.takes() == [OBSERVE, "60000001", "60000002"]


def test_other_requests_to_the_peer_do_not_touch_its_observations() -> None:
    bench = observing()
    bench.endpoint.request(PEER, message(Code.GET), bench.on_response, bench.now)
    bench.elapse(100)
    bench.endpoint.request(PEER, message(Code.GET), bench.on_response, bench.now)
    bench.receives("70007d36")
    assert bench.responses[1:] == [None, None]
    bench.takes()
    bench.receives(notification(1, 10, "19"))
    assert len(bench.notifications) == 1


def test_a_new_request_with_the_same_token_keeps_the_observation() -> None:
    """Notifications count while it is open; if it is not answered, nothing changes."""
    bench = observing()
    observe(bench)
    bench.receives(notification(1, 10, "19"))
    assert bench.elapse(2) == [2.0]
    bench.elapse(100)
    assert bench.responses[1:] == [None]
    bench.receives(notification(2, 11, "20"))
    assert [payload for _, payload in bench.notifications] == [b"\x19", b"\x20"]


def test_the_answer_to_a_new_request_begins_a_new_order() -> None:
    """A device that restarted counts from 0 again."""
    bench = observing()
    observe(bench)
    bench.receives("61457d354a60")
    bench.receives(notification(1, 1, "19"))
    assert len(bench.notifications) == 1


def test_the_answer_to_a_new_request_may_be_separate() -> None:
    bench = observing()
    observe(bench)
    bench.receives("60007d35")
    bench.receives("4145000" + "14a60ff18")
    assert len(bench.responses) == 2
    assert bench.notifications == []


def test_cancelling_with_the_token_of_the_observation() -> None:
    """Observe 1. A notification that comes meanwhile counts; the answer is an answer."""
    bench = observing()
    cancel = message(Code.GET, "temperature", observe=1)
    bench.endpoint.request(PEER, cancel, bench.on_response, bench.now, token=b"\x4a")
    assert bench.takes() == ["41017d354a61015b74656d7065726174757265"]
    bench.receives(notification(1, 10, "19"))
    bench.receives("61457d354aff18")
    assert len(bench.notifications) == 1
    assert len(bench.responses) == 2


def test_a_token_observes_at_one_peer() -> None:
    bench = observing()
    request = message(Code.GET, observe=0)
    with pytest.raises(ValueError, match="in use"):
        bench.endpoint.request(
            "b",
            request,
            bench.on_response,
            bench.now,
            token=b"\x4a",
            on_notification=bench.on_notification,
        )


# --- the server's side ---------------------------------------------------------------------------


def notify(bench: Bench, kind: Type, ends: list[Delivery]) -> int:
    sent = message(Code.CONTENT, payload=b"\x19", observe=10)
    return bench.endpoint.notify(
        PEER, b"\x4a", sent, bench.now, type=kind, on_end=lambda end, _: ends.append(end)
    )


@pytest.mark.parametrize("kind", [Type.CON, Type.NON, Type.ACK])
def test_a_notification_goes_out(kind: Type) -> None:
    bench = Bench(first_mid=0x5EBA)
    ends: list[Delivery] = []
    assert notify(bench, kind, ends) == 0x5EBA
    assert bench.takes() == [f"{4 + kind}1455eba4a610aff19"]
    bench.receives("70005eba")
    bench.receives("70005eba")
    assert ends == [Delivery.RESET]
    assert bench.elapse(100) == []


def test_a_confirmable_notification_is_repeated() -> None:
    bench = Bench(first_mid=0x5EBA)
    ends: list[Delivery] = []
    notify(bench, Type.CON, ends)
    assert bench.elapse(61) == [2.0, 6.0, 14.0, 30.0]
    bench.elapse(1)
    assert ends == [Delivery.TIMED_OUT]
    notify(bench, Type.CON, ends)
    bench.receives("60005ebb")
    assert ends[1:] == [Delivery.ACKNOWLEDGED]


def test_a_late_reset_of_a_non_confirmable_notification_is_ignored() -> None:
    bench = Bench(first_mid=0x5EBA)
    ends: list[Delivery] = []
    notify(bench, Type.NON, ends)
    bench.now += 145
    bench.receives("70005eba")
    assert ends == []


@pytest.mark.parametrize("acknowledgement", ["60445eba", "61455eba4a", "62a05ebabeefff78"])
def test_an_acknowledgement_with_an_answer_acknowledges_a_notification(
    acknowledgement: str,
) -> None:
    """RFC 7252 section 4.2: its message id counts, not its code."""
    bench = Bench(first_mid=0x5EBA)
    ends: list[Delivery] = []
    notify(bench, Type.CON, ends)
    bench.takes()
    bench.receives(acknowledgement)
    assert ends == [Delivery.ACKNOWLEDGED]
    assert bench.elapse(100) == []


@pytest.mark.parametrize("datagram", ["60015eba", "60445ebb", "60e05eba"])
def test_other_acknowledgements_do_not(datagram: str) -> None:
    """One with the code of a request, of another message, and with a reserved code."""
    bench = Bench(first_mid=0x5EBA)
    ends: list[Delivery] = []
    notify(bench, Type.CON, ends)
    bench.receives(datagram)
    assert ends == []


def test_a_request_is_answered_under_its_token_only() -> None:
    bench = Bench(first_mid=0x5EBA)
    bench.endpoint.request(PEER, message(Code.GET), bench.on_response, bench.now, token=b"\x4a")
    bench.receives("61455eba4b")
    assert bench.responses == []
    assert bench.elapse(2.5) == [2.0]  # it is repeated
