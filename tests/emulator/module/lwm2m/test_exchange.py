"""Retransmission as CoAP does it."""

from __future__ import annotations

from emulator.air.messages import Deregister, Register, Update
from emulator.module.lwm2m.exchange import ACK_TIMEOUT, MAX_TRANSMIT_WAIT, Exchanges


def test_an_unanswered_message_is_repeated_four_times_with_growing_pauses() -> None:
    exchanges = Exchanges(0)
    message = Deregister(exchanges.next_mid(), "rd/1")
    exchanges.begin(message, 100.0)
    sent, now = [], 100.0
    while exchanges.deadline is not None:
        now = exchanges.deadline
        if exchanges.expired(now):
            break
        assert exchanges.repeated(now) == [message]
        sent.append(now - 100.0)
    assert sent == [2.0, 6.0, 14.0, 30.0]
    assert now - 100.0 == MAX_TRANSMIT_WAIT == 62.0
    assert exchanges.deadline is None


def test_the_end_comes_within_the_given_time() -> None:
    exchanges = Exchanges(0)
    message = Register(1, "1;2", 300, ())
    exchanges.begin(message, 0.0, within=5.0)
    assert exchanges.deadline == ACK_TIMEOUT
    assert exchanges.repeated(2.0) == [message]
    assert exchanges.deadline == 5.0
    assert exchanges.expired(4.9) == []
    assert exchanges.expired(5.0) == [message]
    assert exchanges.expired(5.0) == []


def test_a_long_time_is_waited_out_after_the_last_repetition() -> None:
    exchanges = Exchanges(0)
    exchanges.begin(Register(1, "1;2", 300, ()), 0.0, within=300.0)
    for now in (2.0, 6.0, 14.0, 30.0):
        assert exchanges.repeated(now)
    assert exchanges.deadline == 300.0
    assert exchanges.repeated(200.0) == []


def test_an_answer_ends_it_once() -> None:
    exchanges = Exchanges(0)
    message = Update(7, "rd/1")
    exchanges.begin(message, 0.0)
    assert exchanges.end(8) is None
    assert len(exchanges) == 1
    assert exchanges.end(7) == message
    assert len(exchanges) == 0
    assert exchanges.end(7) is None
    assert exchanges.deadline is None


def test_clear_gives_up_all_of_them() -> None:
    exchanges = Exchanges(0)
    exchanges.begin(Update(7, "rd/1"), 0.0)
    exchanges.clear()
    assert exchanges.expired(1000.0) == []
    assert exchanges.repeated(1000.0) == []


def test_message_ids_go_round_and_skip_those_in_use() -> None:
    exchanges = Exchanges(0xFFFE)
    assert exchanges.next_mid() == 0xFFFF
    exchanges.begin(Update(0, "rd/1"), 0.0)
    assert exchanges.next_mid() == 1
