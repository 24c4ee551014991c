"""How long sessions last, how many there are, and how a lost one is made again."""

from __future__ import annotations

import pytest

from tests.support.dtls import CLIENT, KEYS, SERVER, Credentials, Pair, SecureClient, end, records

PEER = f"coaps://{CLIENT}"


@pytest.fixture
def pair() -> Pair:
    """With a session."""
    made = Pair()
    made.ask(b"first")
    made.run()
    made.answer(b"first answer")
    made.run()
    made.sent.clear()
    made.up.clear()
    made.down.clear()
    return made


def others(number: int) -> list[str]:
    return [f"198.51.100.{each}:5684" for each in range(number)]


def join(pair: Pair, address: str, identity: str = "device") -> SecureClient:
    """Another client, which makes a session."""
    client = SecureClient(
        lambda to, datagram, now: pair.air.send(address, to, datagram, now),
        lambda _peer, _data, _now: None,
        lambda _peer: Credentials(identity, KEYS[identity]),
    )
    pair.air.attach(address, client.receive)
    client.send(f"coaps://{SERVER}", b"hello", pair.now)
    pair.run()
    return client


# A session that one end has lost -----------------------------------------------------------------


def test_a_client_that_started_again_makes_a_new_session(pair: Pair) -> None:
    pair.start_client()
    pair.ask(b"again")
    pair.run(0.45)  # the server waits for the proof of the key
    pair.answer(b"to the old one")  # which cannot read it
    assert pair.server.identity(PEER) == "device"
    pair.run()
    pair.answer()
    pair.run()
    assert pair.up == [(PEER, b"again")]
    assert pair.down == [(f"coaps://{SERVER}", b"answer")]


def test_a_new_session_may_be_of_another_identity(pair: Pair) -> None:
    pair.start_client()
    pair.credentials = Credentials("other", KEYS["other"])
    pair.ask()
    assert pair.server.identity(PEER) == "device"
    pair.run()
    assert pair.server.identity(PEER) == "other"


@pytest.mark.parametrize("repetitions", [(0, 2, 6, 14, 30), (0, 5, 10, 15)])
def test_a_client_notices_that_the_server_has_lost_the_session(
    pair: Pair, repetitions: tuple[int, ...]
) -> None:
    pair.start_server()
    began = pair.now
    for after in repetitions:
        pair.run(began + after - pair.now)
        pair.ask(b"%d" % after)
    pair.run()
    assert pair.up == [(PEER, b"%d" % after) for after in repetitions[3:]]


def test_a_client_keeps_its_session_while_the_server_answers(pair: Pair) -> None:
    for _ in range(20):
        pair.ask()
        pair.answer()
        pair.run(60)
    assert {datagram[0] for datagram in pair.of(CLIENT)} == {23}


def test_a_client_that_is_not_answered_for_long_has_a_session_all_the_time(pair: Pair) -> None:
    """As one that only reports: it makes a new one now and then, and nothing is lost."""
    for number in range(20):
        pair.ask(b"%d" % number)
        pair.run(60)
    assert pair.up == [(PEER, b"%d" % number) for number in range(20)]


def test_a_client_at_a_new_address_makes_a_new_session(pair: Pair) -> None:
    """Behind a NAT that has forgotten it."""
    moved = "203.0.113.9:1024"
    pair.air.detach(CLIENT)
    pair.air.attach(moved, lambda *arrived: pair.client.receive(*arrived))
    pair.client._send_sealed = lambda to, datagram, now: pair.air.send(moved, to, datagram, now)
    for number in range(4):
        pair.ask(b"%d" % number)
        pair.run(5)
    pair.run()
    assert pair.up == [(f"coaps://{moved}", b"3")]


def test_a_peer_that_closes_is_forgotten(pair: Pair) -> None:
    pair.client.close(pair.now)
    pair.run()
    assert not pair.server.sessions
    # Both have sent it to the other (RFC 5246 section 7.2.1).
    assert pair.of(CLIENT)[-1][:5] == pair.of(SERVER)[-1][:5] == bytes.fromhex("15fefd0001")
    assert pair.server.due is pair.client.due is None
    pair.ask()
    pair.run()
    assert pair.up == [(PEER, b"question")]


def test_a_server_that_closes_is_asked_for_a_new_session(pair: Pair) -> None:
    pair.server.close(pair.now)
    pair.run()
    assert not pair.client.sessions
    pair.ask()
    pair.run()
    assert pair.up == [(PEER, b"question")]


def test_a_dropped_handshake_leaves_nothing() -> None:
    pair = Pair()
    pair.ask()
    pair.client.drop(f"coaps://{SERVER}", pair.now)
    assert pair.client.due is None
    pair.run()
    assert pair.up == []


# Time --------------------------------------------------------------------------------------------


def test_a_handshake_without_answer_is_given_up() -> None:
    pair = Pair()
    pair.lose = lambda sender, _datagram: sender == SERVER
    for number in range(20):
        pair.ask(b"%d" % number)
    pair.run(59.9)
    assert pair.client.handshakes
    pair.run(0.2)
    assert not pair.client.handshakes
    assert pair.client.due is None
    assert pair.notes == [f"client: no DTLS session with {SERVER} as 'device': no answer"]
    pair.lose = lambda _sender, _datagram: False
    pair.ask(b"next")
    pair.run()
    assert pair.up == [(PEER, b"next")]  # the earlier ones are lost


def test_what_is_sent_during_a_handshake_waits_for_it() -> None:
    pair = Pair()
    for number in range(20):
        pair.ask(b"%d" % number)
    pair.run()
    assert [data for _, data in pair.up] == [b"%d" % number for number in range(16)]


def test_a_server_gives_up_a_client_that_shows_no_key() -> None:
    pair = Pair()
    pair.lose = lambda sender, datagram: sender == CLIENT and len(pair.of(CLIENT)) > 2
    pair.ask()
    pair.run(50)
    assert list(pair.server.handshakes) == [CLIENT]
    pair.run(15)
    assert not pair.server.handshakes


def test_a_session_in_which_nothing_comes_is_closed(pair: Pair) -> None:
    pair.run(80_000)
    pair.ask()
    pair.answer()
    pair.run(end.IDLE_TIME - 1)
    assert pair.server.sessions
    assert pair.client.sessions
    pair.run(2)
    assert not pair.server.sessions
    assert not pair.client.sessions
    assert pair.server.due is pair.client.due is None
    assert pair.of(CLIENT)[-1][:5] == pair.of(SERVER)[-1][:5] == bytes.fromhex("15fefd0001")


def test_a_change_of_the_deadline_is_reported(pair: Pair) -> None:
    due: list[float | None] = []
    pair.client.on_change = lambda: due.append(pair.client.due)
    pair.start_server()
    pair.client.drop(f"coaps://{SERVER}", pair.now)
    assert due == [None]
    pair.ask()
    assert len(due) == 2
    assert due[1] == pair.client.due is not None


# Bounds ------------------------------------------------------------------------------------------


def test_the_session_that_was_silent_for_longest_makes_room(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(end, "MAX_SESSIONS", 3)
    a, b, c = others(3)
    join(pair, a)
    join(pair, b, "other")
    pair.ask()
    pair.run()
    client = join(pair, c)
    assert list(pair.server.sessions) == [b, CLIENT, c]
    assert len(client.sessions) == 1


def test_handshakes_that_do_not_end_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(end, "MAX_HANDSHAKES", 3)
    pair = Pair()
    pair.air.on_datagram = None
    for address in others(5):
        client = SecureClient(
            lambda to, datagram, now, source=address: (
                pair.air.send(source, to, datagram, now) if datagram[13] == 1 else None
            ),
            lambda _peer, _data, _now: None,
            lambda _peer: Credentials("device", KEYS["device"]),
        )
        pair.air.attach(address, client.receive)
        client.send(f"coaps://{SERVER}", b"", pair.now)
    pair.run(1)
    assert list(pair.server.handshakes) == others(5)[2:]
    pair.ask()
    pair.run(1)
    assert pair.up == [(PEER, b"question")]
    assert list(pair.server.handshakes) == others(5)[3:]


def test_nothing_is_kept_for_an_address_that_is_not_verified() -> None:
    pair = Pair()
    pair.ask()
    hello = pair.of(CLIENT)[0]
    for each in range(1000):
        pair.forged(f"198.51.100.{each % 250}:{each}", SERVER, hello)
    assert len(pair.of(SERVER)) == 1000
    assert all(len(demand) <= len(hello) for demand in pair.of(SERVER))  # amplifies nothing
    assert not pair.server.handshakes
    assert not pair.server.sessions
    assert pair.server.due is None


def test_the_cookie_of_one_address_is_none_at_another() -> None:
    pair = Pair()
    pair.ask()
    pair.run(0.25)
    first, second = pair.of(CLIENT)
    pair.forged("198.51.100.1:5684", SERVER, second)
    assert not pair.server.handshakes
    assert pair.of(SERVER)[-1][13] == 3  # HelloVerifyRequest
    pair.run()
    assert pair.up == [(PEER, b"question")]
    assert records.client_random(first) == records.client_random(second)
