"""Retransmission of confirmable messages."""

from __future__ import annotations

from emulator.air.messages import Deregister, Register, Update
from emulator.module.lwm2m.exchange import ACK_TIMEOUT, MAX_TRANSMIT_WAIT, Exchanges


def test_unanswered_message_is_repeated_four_times_with_doubled_pauses() -> None:
    exchanges = Exchanges(0)
    message = Deregister(exchanges.next_mid(), "rd/1")
    exchanges.begin(message, 100.0)
    sent, now = [], 100.0
    while exchanges.due is not None:
        now = exchanges.due
        if exchanges.expired(now):
            break
        assert exchanges.repeated(now) == [message]
        sent.append(now - 100.0)
    assert sent == [2.0, 6.0, 14.0, 30.0]
    assert now - 100.0 == MAX_TRANSMIT_WAIT == 62.0
    assert exchanges.due is None


def test_exchange_expires_within_the_given_time() -> None:
    exchanges = Exchanges(0)
    message = Register(1, "1;2", 300, ())
    exchanges.begin(message, 0.0, within=5.0)
    assert exchanges.due == ACK_TIMEOUT
    assert exchanges.repeated(2.0) == [message]
    assert exchanges.due == 5.0
    assert exchanges.expired(4.9) == []
    assert exchanges.expired(5.0) == [message]
    assert exchanges.expired(5.0) == []


def test_long_exchange_is_not_repeated_more_often() -> None:
    exchanges = Exchanges(0)
    exchanges.begin(Register(1, "1;2", 300, ()), 0.0, within=300.0)
    for now in (2.0, 6.0, 14.0, 30.0):
        assert exchanges.repeated(now)
    assert exchanges.due == 300.0
    assert exchanges.repeated(200.0) == []


def test_answer_ends_the_exchange_once() -> None:
    exchanges = Exchanges(0)
    message = Update(7, "rd/1")
    exchanges.begin(message, 0.0)
    assert exchanges.end(8) is None
    assert len(exchanges) == 1
    assert exchanges.end(7) == message
    assert len(exchanges) == 0
    assert exchanges.end(7) is None
    assert exchanges.due is None


def test_clear_removes_all_exchanges() -> None:
    exchanges = Exchanges(0)
    exchanges.begin(Update(7, "rd/1"), 0.0)
    exchanges.clear()
    assert exchanges.expired(1000.0) == []
    assert exchanges.repeated(1000.0) == []


def test_message_ids_wrap_and_skip_those_in_use() -> None:
    exchanges = Exchanges(0xFFFE)
    assert exchanges.next_mid() == 0xFFFF
    exchanges.begin(Update(0, "rd/1"), 0.0)
    assert exchanges.next_mid() == 1
