"""Bad airs and hostile datagrams: nothing raises, memory stays flat, strangers change nothing."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.dtls import CLIENT, SERVER, Pair, lib, psk, records
from tests.support.effort import either, scaled

PEERS = {SERVER: f"coaps://{CLIENT}", CLIENT: f"coaps://{SERVER}"}


def handshake() -> list[bytes]:
    pair = Pair()
    pair.ask()
    pair.run()
    return [datagram for _, datagram in pair.sent]


RECORDED = handshake()


@st.composite
def hostile(draw: st.DrawFn) -> bytes:
    """Any bytes, or a recorded datagram with some bytes changed, cut off or put before it."""
    if draw(st.booleans()):
        return draw(st.binary(max_size=100))
    datagram = bytearray(draw(st.sampled_from(RECORDED)))
    for _ in range(draw(st.integers(0, 3))):
        datagram[draw(st.integers(0, len(datagram) - 1))] = draw(st.integers(0, 255))
    end = draw(st.integers(0, len(datagram)))
    return draw(st.sampled_from([b"", *RECORDED])) + bytes(datagram[:end])


@settings(max_examples=scaled(400))
@given(datagrams=st.lists(st.tuples(st.integers(0, 9), st.booleans(), hostile()), max_size=30))
def test_no_datagram_raises(datagrams: list[tuple[int, bool, bytes]]) -> None:
    """Whenever it comes in a handshake and after it; from the peer's address or another."""
    pair = Pair()
    pair.ask()
    for tenths, from_peer, datagram in datagrams:
        pair.run(tenths / 10)
        for to, source in ((SERVER, CLIENT), (CLIENT, SERVER)):
            pair.forged(source if from_peer else "198.51.100.1:9", to, datagram)
    pair.run()


@settings(max_examples=scaled(400))
@given(datagrams=st.lists(hostile(), max_size=30))
def test_an_established_session_cannot_be_disturbed(datagrams: list[bytes]) -> None:
    """Neither by alerts and handshakes without keys, nor by copies of its own datagrams."""
    pair = Pair()
    pair.ask()
    pair.run()
    own = [datagram for _, datagram in pair.sent]
    pair.up.clear()
    for datagram in (*datagrams, *own):
        pair.forged(CLIENT, SERVER, datagram)
        pair.forged(SERVER, CLIENT, datagram)
    pair.ask(b"still")
    pair.answer(b"there")
    pair.run()
    assert pair.up == [(PEERS[SERVER], b"still")]
    assert pair.down == [(PEERS[CLIENT], b"there")]


@settings(max_examples=scaled(400))
@given(datagrams=st.lists(hostile(), max_size=10))
def test_a_sender_from_elsewhere_changes_nothing(datagrams: list[bytes]) -> None:
    """Not even in a handshake; and what fails for one leaves no error for the next."""
    pair = Pair()
    pair.ask()
    for datagram in datagrams:
        pair.run(0.1)
        pair.forged("198.51.100.1:9", SERVER, datagram)
        pair.forged("198.51.100.1:9", CLIENT, datagram)
    pair.run()
    assert pair.up == [(PEERS[SERVER], b"question")]
    assert pair.notes == []


def test_a_broken_hello_leaves_no_error_for_the_next_one() -> None:
    pair = Pair()
    pair.ask()
    pair.run(0.05)
    hello = pair.of(CLIENT)[0]
    for at in range(13, len(hello)):
        for value in (0, 1, 255):
            broken = hello[:at] + bytes([value]) + hello[at + 1 :]
            pair.forged("198.51.100.1:9", SERVER, broken)
            pair.forged("198.51.100.1:9", SERVER, broken[: len(broken) // 2])
            assert lib.ERR_peek_error() == 0
    pair.run()
    assert pair.up == [(PEERS[SERVER], b"question")]


@pytest.mark.parametrize("cipher", psk.CIPHERS)
def test_no_forged_record_ends_a_session(cipher: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of any type and length, with a number that could come next; also in the handshake."""
    monkeypatch.setattr(psk, "CIPHERS", (cipher,))
    forged = [
        bytes((type_, 0xFE, 0xFD, 0, 1, 0, 0, 0, 0, 1, 0, 0, length)) + bytes(length)
        for type_ in (20, 21, 22, 23)
        for length in range(80)
    ]
    pair = Pair()
    pair.ask()
    pair.run(0.35)
    for datagram in forged:
        pair.forged(SERVER, CLIENT, datagram)
    pair.run()
    for datagram in forged:
        pair.forged(CLIENT, SERVER, datagram)
        pair.forged(SERVER, CLIENT, datagram)
    pair.ask()
    pair.answer()
    pair.run()
    assert pair.up == [(PEERS[SERVER], b"question")] * 2
    assert pair.down == [(PEERS[CLIENT], b"answer")]
    assert pair.server.sessions[CLIENT]._connection.get_cipher_name() == cipher


def test_a_datagram_that_is_too_long_is_ignored() -> None:
    pair = Pair()
    pair.ask()
    pair.run()
    pair.lose = lambda _sender, _datagram: True
    pair.ask(b"more")
    pair.forged(CLIENT, SERVER, pair.of(CLIENT)[-1] + bytes(5000))
    assert pair.up == [(PEERS[SERVER], b"question")]


def test_an_old_hello_with_its_cookie_does_not_end_a_session() -> None:
    """Recorded from the air and sent again, without the key: the session stays."""
    pair = Pair()
    pair.ask()
    pair.run()
    second = pair.of(CLIENT)[1]
    pair.start_client()
    pair.ask()
    pair.run()
    pair.up.clear()
    pair.forged(CLIENT, SERVER, second)
    assert pair.server.handshakes
    pair.ask(b"still")
    pair.run(70)
    assert pair.up == [(PEERS[SERVER], b"still")]
    assert not pair.server.handshakes


@settings(max_examples=scaled(200))
@given(
    seed=st.integers(0, 2**32),
    duplication=st.sampled_from([0.0, 0.5, 1.0]),
    reordering=st.sampled_from([0.0, 0.3]),
    loss=st.sampled_from([0.0, 0.3]),
)
def test_a_bad_air_repeats_and_invents_nothing(
    seed: int, duplication: float, reordering: float, loss: float
) -> None:
    """Each end gets what the other has sent, in any order, at most once."""
    air = {"duplication": duplication, "reordering": reordering, "loss": loss}
    pair = Pair(seed=seed, **air)  # type: ignore[arg-type]
    questions = [b"question %d" % number for number in range(40)]
    answers = [b"answer %d" % number for number in range(40)]
    for question, answer in zip(questions, answers, strict=True):
        pair.ask(question)
        pair.run(3)
        pair.answer(answer)
        pair.run(3)
    pair.air.faults.loss = 0
    pair.run(30)
    up, down = [data for _, data in pair.up], [data for _, data in pair.down]
    assert set(up) <= set(questions)
    assert set(down) <= set(answers)
    assert len(up) == len(set(up))
    assert len(down) == len(set(down))
    if not loss:
        assert set(up) == set(questions)


def resident() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def test_memory_is_flat() -> None:
    """Hostile datagrams from many addresses, beside a session, in an air without time."""
    random = Random(1)
    pair = Pair()
    pair.ask()
    pair.run()
    pair.lose = lambda _sender, _datagram: True
    sizes = []
    for _ in range(either(3, 20)):
        for _ in range(5000):
            datagram = bytearray(random.choice(RECORDED))
            for _ in range(random.randrange(4)):
                datagram[random.randrange(len(datagram))] = random.randrange(256)
            source = f"192.0.2.{random.randrange(250)}:{random.randrange(1024, 65536)}"
            pair.forged(random.choice((source, CLIENT)), SERVER, bytes(datagram))
            pair.forged(random.choice((source, SERVER)), CLIENT, bytes(datagram))
            pair.sent.clear()
        sizes.append(resident())
    assert not pair.server.handshakes
    assert list(pair.server.sessions) == [CLIENT]
    assert sizes[-1] - sizes[0] < 2_000_000


@given(st.binary(max_size=200))
def test_records_are_parts_of_the_datagram(data: bytes) -> None:
    found = records.split(data)
    assert data.startswith(b"".join(found))
    for each in found:
        records.client_random(each)
    assert b"".join(records.pack(found, 50)) == b"".join(found)


def test_records_are_packed_into_datagrams() -> None:
    parts = [bytes(size) for size in (30, 20, 1, 60, 10)]
    assert [len(each) for each in records.pack(parts, 50)] == [50, 1, 60, 10]
