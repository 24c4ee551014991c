"""Handshakes as bytes (RFC 6347, RFC 4279, RFC 6655), and whom a server refuses."""

from __future__ import annotations

import subprocess
import sys
from itertools import permutations

import pytest

from tests.support.dtls import CLIENT, KEY, KEYS, SERVER, Credentials, Pair, records

CCM8 = bytes.fromhex("c0a8")  # TLS_PSK_WITH_AES_128_CCM_8 (RFC 6655 section 4)


def test_a_session_is_made_and_carries_data_both_ways() -> None:
    pair = Pair()
    pair.ask()
    pair.run()
    pair.answer()
    pair.run()
    assert pair.up == [(f"coaps://{CLIENT}", b"question")]
    assert pair.down == [(f"coaps://{SERVER}", b"answer")]
    assert pair.server.identity(f"coaps://{CLIENT}") == "device"
    assert pair.notes == []


def test_the_messages_are_those_of_the_standard() -> None:
    pair = Pair()
    pair.ask()
    pair.run()
    hello, second, proof, sealed = pair.of(CLIENT)
    demand, hello_of_server, accepted = pair.of(SERVER)

    # Handshake record of DTLS 1.0 or 1.2, epoch 0, number 0; then ClientHello of DTLS 1.2.
    assert hello[:3] in (bytes.fromhex("16feff"), bytes.fromhex("16fefd"))
    assert hello[3:11] == bytes(8)
    assert hello[13] == 1
    assert hello[25:27] == bytes.fromhex("fefd")
    # Behind the random number: no session, no cookie, then the ciphers, CCM8 first.
    assert hello[59:61] == bytes(2)
    assert hello[63:65] == CCM8

    assert demand[13] == 3  # HelloVerifyRequest: its version, the cookie's length, the cookie
    cookie = demand[28:]
    assert demand[27] == len(cookie) == 32
    assert second[59:61] == b"\x00\x20"
    assert second[61:93] == cookie
    assert second[27:59] == hello[27:59]  # the same random number

    # ServerHello: behind the random number no session id, then the cipher; then ServerHelloDone.
    first, done = records.split(hello_of_server)
    assert first[13] == 2
    assert first[59] == 0
    assert first[60:62] == CCM8
    assert done[13:] == bytes.fromhex("0e 000000 0002 000000 000000")

    keys, change, finished = records.split(proof)
    # ClientKeyExchange: 8 bytes, the identity with its length.
    assert keys[13:] == bytes.fromhex("10 000008 0002 000000 000008 0006") + b"device"
    assert change[13:] == b"\x01"
    assert records.epoch(finished) == 1
    assert [record[0] for record in records.split(accepted)] == [20, 22]

    # 13 bytes of header, 8 explicit nonce, 8 tag (RFC 6655 section 3).
    assert sealed[:5] == bytes.fromhex("17fefd0001")
    assert len(sealed) == 13 + 8 + len(b"question") + 8
    assert b"question" not in sealed


def test_an_unknown_identity_is_refused_with_an_alert() -> None:
    pair = Pair(identity="unknown")
    pair.ask()
    pair.run()
    # Fatal, unknown_psk_identity (RFC 4279 section 6).
    assert pair.of(SERVER)[-1] == bytes.fromhex("15 fefd 0000 000000000003 0002 02 73")
    assert pair.up == []
    assert not pair.server.handshakes
    assert not pair.client.handshakes
    assert pair.notes == [
        f"server: no DTLS session with {CLIENT} as 'unknown': psk identity not found",
        f"client: no DTLS session with {SERVER} as 'unknown': tlsv1 alert unknown psk identity",
    ]


def test_a_wrong_key_is_refused_with_an_alert() -> None:
    pair = Pair(key=b"wrong")
    pair.ask()
    pair.run()
    # Fatal, decrypt_error (RFC 4279 section 2).
    assert pair.of(SERVER)[-1] == bytes.fromhex("15 fefd 0000 000000000003 0002 02 33")
    assert pair.up == []
    assert not pair.server.sessions
    assert pair.notes == [
        f"server: no DTLS session with {CLIENT} as 'device': wrong key",
        f"client: no DTLS session with {SERVER} as 'device': tlsv1 alert decrypt error",
    ]


PROOF = range(3)  # the records in which a client shows its key
ORDERS = [order for order in permutations(PROOF) if order.index(0) < order.index(1)]


def prove(pair: Pair, order: tuple[int, ...]) -> None:
    """A handshake in which the records of the proof come as datagrams of their own."""
    pair.lose = lambda sender, datagram: sender == CLIENT and datagram[13] == 0x10
    pair.ask()
    pair.run(0.45)
    pair.lose = lambda _sender, _datagram: False
    proof = records.split(pair.of(CLIENT)[-1])
    for number in order:
        pair.forged(CLIENT, SERVER, proof[number])
    pair.run(5)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("earlier", [False, True])
def test_the_proof_may_come_in_parts(order: tuple[int, ...], earlier: bool) -> None:
    """In another order, and while there is an earlier session."""
    pair = Pair()
    if earlier:
        pair.ask()
        pair.run()
        pair.up.clear()
        pair.start_client()
    prove(pair, order)
    assert pair.up == [(f"coaps://{CLIENT}", b"question")]
    assert pair.notes == []


@pytest.mark.parametrize("order", ORDERS)
def test_a_wrong_key_is_refused_in_parts_too(order: tuple[int, ...]) -> None:
    pair = Pair(key=b"wrong")
    prove(pair, order)
    assert pair.notes[0] == f"server: no DTLS session with {CLIENT} as 'device': wrong key"
    assert pair.of(SERVER)[-1][-2:] == bytes.fromhex("0233")


def test_a_key_belongs_to_its_identity() -> None:
    """The key of one device does not open a session as another."""
    pair = Pair(identity="other", key=KEY)
    pair.ask()
    pair.run()
    assert not pair.server.sessions


@pytest.mark.parametrize(
    "credentials",
    [
        Credentials("", KEY),
        Credentials("a\0b", KEY),
        Credentials("é" * 65, KEY),
        Credentials("device", b""),
        Credentials("device", bytes(65)),
    ],
)
def test_invalid_credentials_are_refused_before_anything_is_sent(credentials: Credentials) -> None:
    pair = Pair()
    pair.credentials = credentials
    pair.ask()
    assert pair.sent == []
    (note,) = pair.notes
    assert f"client: datagram to coaps://{SERVER} lost: " in note
    assert "expected 1 to" in note


def test_the_longest_identity_and_key_work(monkeypatch: pytest.MonkeyPatch) -> None:
    longest = Credentials("é" * 64, bytes(range(64)))
    monkeypatch.setitem(KEYS, *longest)
    pair = Pair(*longest)
    pair.ask()
    pair.run()
    assert pair.server.identity(f"coaps://{CLIENT}") == longest.identity


def test_an_identity_that_is_no_text_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    class Raw(str):
        def encode(self, *_: object) -> bytes:  # type: ignore[override]
            return b"\xff\xfe"

    pair = Pair(Raw("raw"))
    pair.ask()
    pair.run()
    assert pair.of(SERVER)[-1][-2:] == bytes.fromhex("0273")


def test_without_a_key_nothing_is_sent() -> None:
    pair = Pair()
    pair.credentials = None
    pair.ask()
    assert pair.sent == []
    assert pair.notes == [f"client: datagram to coaps://{SERVER} lost: no key for this server"]


def test_a_server_sends_nothing_without_a_session() -> None:
    pair = Pair()
    pair.answer()
    assert pair.sent == []
    assert pair.server.identity(f"coaps://{CLIENT}") is None


LACKING = {
    "import sys; sys.modules['OpenSSL'] = None": "DTLS needs pyOpenSSL; try: pip install",
    "import OpenSSL._util as u; u.lib = object()": "DTLS needs ERR_clear_error, which this version",
}


@pytest.mark.parametrize("change", LACKING)
def test_what_is_missing_is_named(change: str) -> None:
    program = f"{change}\nimport emulator.air.dtls.server"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert f"ImportError: {LACKING[change]}" in done.stderr.decode()
