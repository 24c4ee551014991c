"""Any genuine push is taken as it was sent; anything else is refused with a typed error."""

from __future__ import annotations

import base64
import json
import time
import tracemalloc
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from m5310.onenet import (
    Malformed,
    NotDecrypted,
    Point,
    PushError,
    Receiver,
    SignatureWrong,
    Unknown,
)
from m5310.onenet.push.receiver import MAX_BODY
from tests.support.onenet_sender import (
    AES_KEY,
    OTHER_AES_KEY,
    TOKEN,
    address_check,
    around,
    encrypted,
    encryption,
    plain,
    raw_encryption,
    signature,
)

MSG = '{"at":1466133706841,"imei":"8","type":1,"ds_id":"3200_0_5505","value":"a/b","dev_id":20}'
POINT = Point(datetime(2016, 6, 17, 3, 21, 46, 841000, tzinfo=UTC), "8", "20", "3200_0_5505", "a/b")

texts = st.text(st.characters(codec="utf-8")) | st.sampled_from(["/", '"', "\\/", "\u2028", "温度"])
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
# How a sender may write JSON: blanks, escapes and the order of names are its own matter.
styles = st.fixed_dictionaries(
    {
        "ensure_ascii": st.booleans(),
        "separators": st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", "\t:")]),
        "sort_keys": st.booleans(),
    }
)
senders = st.sampled_from(
    [
        plain,
        encrypted,
        lambda msg: encrypted(msg, pad=32),
        lambda msg: encrypted(msg, aes_key=OTHER_AES_KEY),
        lambda msg: plain(msg, blanks="\r\n\t "),
    ]
)
receiver = Receiver(TOKEN, AES_KEY, previous_aes_key=OTHER_AES_KEY)


@given(st.lists(values, min_size=1, max_size=4), styles, senders)
def test_points_arrive_as_they_were_sent(contents, style, send) -> None:
    sent = [
        {"at": 1466133706841 + n, "imei": "8", "type": 1, "ds_id": "1_0_2", "value": value}
        | {"dev_id": n}
        for n, value in enumerate(contents)
    ]
    msg = json.dumps(sent if len(sent) > 1 else sent[0], **style)

    messages = receiver.receive(send(msg))

    assert [(each.device_id, each.value) for each in messages] == [
        (str(n), value) for n, value in enumerate(contents)
    ]
    # 1 == True in Python, but not in JSON.
    received = json.dumps([each.value for each in messages], sort_keys=True)
    assert received == json.dumps(contents, sort_keys=True)


@given(st.text(st.characters(codec="utf-8"), min_size=1))
def test_any_text_of_the_address_check(msg: str) -> None:
    assert receiver.verify(address_check(msg)) == msg


@given(st.binary() | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
@example(b"")
@example(b"\xff")
@example(b"{")
@example(b"{}")
@example(b"[]")
@example(b'{"msg":')
@example(b'{"msg":{}')
@example(b'{"msg":{}}x')
@example(b'{"msg":{},}')
@example(b"{1:2}")
@example(b'{"nonce":"a","nonce":"b","msg":{},"msg_signature":""}')
@example(b'{"msg":{},"enc_msg":"","nonce":"","msg_signature":""}')
@example(b'{"nonce":"","msg_signature":""}')
@example(b'{"msg":{},"nonce":1,"msg_signature":""}')
@example(b'{"msg":{},"nonce":"\\ud800","msg_signature":"\\udfff"}')
@example(b'{"msg":' + b"[" * 100_000)
@example(b'{"msg":' + b'{"a":' * 100_000)
@example(b'{"msg":' + b"9" * 5000 + b"}")
def test_a_body_of_anything_is_refused(body: bytes) -> None:
    with pytest.raises((Malformed, SignatureWrong)):
        receiver.receive(body)
    status, text, messages = receiver.answer("POST", "", body)
    assert (status in (400, 403), text != "", messages) == (True, True, ())


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | texts,
        lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
    ),
    senders,
)
def test_a_genuine_body_of_any_content_is_taken_or_malformed(content, send) -> None:
    """Only what is neither an object nor a list of objects is refused."""
    items = content if isinstance(content, list) else [content]
    body = send(json.dumps(content))
    if all(isinstance(each, dict) for each in items):
        assert len(receiver.receive(body)) == len(items)
    else:
        with pytest.raises(Malformed):
            receiver.receive(body)


members = st.fixed_dictionaries(
    {"type": st.sampled_from([1, 2, 7])},
    optional=dict.fromkeys(
        [
            *("at", "imei", "dev_id", "ds_id", "value", "status", "login_type", "cmd_id"),
            *("cmd_type", "send_time", "send_status", "confirm_time", "confirm_status"),
        ],
        st.none()
        | st.integers()
        | st.integers(0, 2**41)
        | st.floats()
        | st.text()
        | st.datetimes(timezones=st.timezones()).map(str)
        | st.lists(st.none(), max_size=1),
    ),
)


@given(members)
@example({"type": 7, "cmd_id": "u", "dev_id": 1, "send_time": "9999-12-31 23:00:00-14:00"})
@example({"type": 1, "at": 10**400, "dev_id": 1, "ds_id": "x", "value": 0})
@example({"type": 1, "at": -(10**400), "dev_id": 1, "ds_id": "x", "value": 0})
def test_a_message_of_any_members_is_taken_whole(content) -> None:
    (message,) = receiver.receive(plain(json.dumps(content)))

    if isinstance(message, Unknown):
        assert json.dumps(message.content) == json.dumps(content)
        assert message.reason
    elif isinstance(message, Point):
        assert (str(content["dev_id"]), content["ds_id"]) == (message.device_id, message.stream)


@given(st.data(), st.sampled_from([plain(MSG), encrypted(MSG), encrypted(MSG, pad=32)]))
def test_a_changed_bit_is_refused(data: st.DataObject, body: bytes) -> None:
    at, bit = data.draw(st.integers(0, len(body) - 1)), data.draw(st.integers(0, 7))
    changed = bytearray(body)
    changed[at] ^= 1 << bit

    with pytest.raises(PushError):
        receiver.receive(bytes(changed))


@given(st.data(), st.sampled_from([plain(MSG), encrypted(MSG)]))
def test_a_cut_body_is_refused(data: st.DataObject, body: bytes) -> None:
    with pytest.raises(Malformed):
        receiver.receive(body[: data.draw(st.integers(0, len(body) - 1))])


@given(st.binary(max_size=200))
@example(b"")
def test_whoever_knows_the_token_only_cannot_break_the_decryption(data: bytes) -> None:
    with pytest.raises(NotDecrypted):
        receiver.receive(around(base64.b64encode(data).decode()))


@given(st.binary(min_size=16, max_size=160).map(lambda data: data[: len(data) // 16 * 16]))
def test_any_decrypted_bytes_are_refused(data: bytes) -> None:
    with pytest.raises((NotDecrypted, Malformed)):
        receiver.receive(around(raw_encryption(data)))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("padding 0", b"0123456789abcdef" + b"\0\0\0\2{}" + b"\0" * 10),
        ("padding 33", b"0123456789abcdef" + b"\0\0\0\2{}" + b"\x21" * 42),
        ("uneven padding", b"0123456789abcdef" + b"\0\0\0\2{}" + b"\1" * 9 + b"\x0a"),
        ("a length over the end", b"0123456789abcdef" + b"\0\0\0\x0d{}" + b"\x0a" * 10),
        ("the greatest length", b"0123456789abcdef" + b"\xff\xff\xff\xff{}" + b"\x0a" * 10),
        ("nothing but padding", b"\x10" * 16),
    ],
)
def test_wrong_forms_below_the_encryption(name: str, data: bytes) -> None:
    with pytest.raises(NotDecrypted):
        receiver.receive(around(raw_encryption(data)))


@pytest.mark.parametrize("enc_msg", ["", "!", "AAA", "ä", "AAAA"])
def test_an_enc_msg_that_is_no_base64_of_blocks(enc_msg: str) -> None:
    with pytest.raises(NotDecrypted, match="enc_msg"):
        receiver.receive(around(enc_msg))


@pytest.mark.parametrize("msg", [b"\xff", b"{", b"[" * 100_000, b"1"])
def test_a_decrypted_message_of_another_form(msg: bytes) -> None:
    with pytest.raises(Malformed):
        receiver.receive(around(encryption(msg)))


def test_what_follows_the_message_is_ignored() -> None:
    """Guide 4.2: the length decides, for later versions that append something."""
    data = b"0123456789abcdef" + len(MSG).to_bytes(4, "big") + MSG.encode() + b"more"
    missing = 16 - len(data) % 16

    body = around(raw_encryption(data + bytes([missing]) * missing))

    assert receiver.receive(body) == (POINT,)


def test_base64_in_lines_of_mime() -> None:
    text = encryption(MSG.encode())

    body = around("\r\n".join(text[at : at + 76] for at in range(0, len(text), 76)))

    assert receiver.receive(body) == (POINT,)


def test_a_wrong_token() -> None:
    with pytest.raises(SignatureWrong, match="compare the token with the one set"):
        receiver.receive(plain(MSG, token="another"))
    with pytest.raises(SignatureWrong):
        receiver.verify(address_check("1", token="another"))


def test_the_previous_key_counts_only_when_given() -> None:
    body = encrypted(MSG, aes_key=OTHER_AES_KEY)

    assert receiver.receive(body) == (POINT,)
    with pytest.raises(NotDecrypted, match="as previous_aes_key"):
        Receiver(TOKEN, AES_KEY).receive(body)
    with pytest.raises(NotDecrypted, match=r"try Receiver\(aes_key=\)"):
        Receiver(TOKEN).receive(body)


def test_the_text_as_received_is_signed_not_its_meaning() -> None:
    """The same message with one more blank is not the one that OneNET signed."""
    body = plain(MSG).replace(b'"type":1', b'"type": 1')

    with pytest.raises(SignatureWrong):
        receiver.receive(body)


def test_an_escaped_slash_in_the_encrypted_message() -> None:
    """PHP writes `\\/`: the string is signed, not its text."""
    body = encrypted(MSG)
    assert b"/" in body

    assert receiver.receive(body.replace(b"/", b"\\/")) == (POINT,)


def test_the_signature_is_checked_before_the_message_is_decrypted() -> None:
    """A stranger gets the same answer for any enc_msg: nothing to learn about the key."""
    answers = {
        receiver.answer(
            "POST", "", json.dumps({"enc_msg": enc, "msg_signature": "x", "nonce": "y"}).encode()
        )
        for enc in ("", "AAAA", encryption(b"{}"), encryption(b"no JSON"))
    }

    assert [answer.status for answer in answers] == [403]


def test_signatures_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []

    def compare(first: bytes, second: bytes) -> bool:
        compared.append((first, second))
        return first == second

    monkeypatch.setattr("hmac.compare_digest", compare)
    receiver.receive(plain(MSG))

    good = signature(TOKEN, "h9(2&z&z", MSG).encode()
    assert compared == [(good, good)]


@pytest.mark.parametrize("query", ["", "?", "msg=1", "msg=1&nonce=2", "&&&", "msg&nonce", {}])
def test_an_address_check_without_its_parameters(query) -> None:
    assert receiver.answer("GET", query, b"")[0] == 400


@given(st.text())
@example("msg=1&nonce=2&signature=\ud800")
@example("%ff=%ff&msg=%ff&nonce=%ff&signature=%ff")
def test_a_query_of_anything_is_refused(query: str) -> None:
    with pytest.raises(PushError):
        receiver.verify(query)


def test_limits() -> None:
    at_limit = plain(json.dumps("a" * MAX_BODY))[:MAX_BODY]

    assert receiver.answer("POST", "", b" " * (MAX_BODY + 1))[:2] == (
        413,
        "the body: expected at most 524288 bytes, got 524289",
    )
    assert receiver.answer("POST", "", at_limit).status == 400
    assert receiver.answer("GET", "a" * 8191, b"").status == 413
    assert receiver.answer("PUT", "", b"") == (405, "expected GET or POST, got PUT", ())


@pytest.mark.parametrize(
    "body",
    [
        b'{"msg":' + b"[" * (MAX_BODY - 7),
        b'{"msg":' + b" " * (MAX_BODY - 7),
        b"{" + b",".join(b'"%d":0' % n for n in range(50_000)) + b"}",
        b'{"a":"' + b"\\u0000" * 87_000 + b'"}',
        around("A" * 500_000),
        around("\n" * 250_000),
    ],
    ids=lambda body: repr(body[:12]),
)
def test_a_hostile_body_costs_little(body: bytes) -> None:
    """Time and memory are linear in the size: well under a second and 50 times the body."""
    tracemalloc.start()
    start = time.process_time()

    assert receiver.answer("POST", "", body).status == 400

    assert time.process_time() - start < 2
    assert tracemalloc.get_traced_memory()[1] < 50 * MAX_BODY
    tracemalloc.stop()


@pytest.mark.parametrize("key", ["", "short", "a" * 42, "a" * 44, "ä" * 43, "!" * 43])
def test_a_key_that_is_none(key: str) -> None:
    with pytest.raises(ValueError, match="the AES key: expected 43 letters and digits"):
        Receiver(TOKEN, key)


def test_no_token() -> None:
    with pytest.raises(ValueError, match="token: expected the token"):
        Receiver("")
