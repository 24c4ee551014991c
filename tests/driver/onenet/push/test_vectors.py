"""The receiver on known bodies: vectors, a captured push, and the guide's examples."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from m5310.onenet import BEIJING, CommandResult, Online, Point, Receiver, Unknown
from tests.support.onenet_sender import plain

VECTORS: dict[str, Any] = json.loads(Path(__file__).with_name("vectors.json").read_text())
TOKEN, AES_KEY, NONCE = (VECTORS[name] for name in ("token", "encoding_aes_key", "nonce"))

FIRST = Point(
    datetime(2016, 6, 17, 3, 21, 46, 841000, tzinfo=UTC),
    "865820030013978",
    "2016617",
    "3200_0_5505",
    "42",
)
SECOND = Point(
    datetime(2016, 6, 17, 3, 21, 46, 842000, tzinfo=UTC),
    "865820030013978",
    "2016617",
    "3200_0_5505",
    "43",
)
ONLINE = Online(FIRST.at, FIRST.imei, FIRST.device_id, True, 10)
EXPECTED = {1: (FIRST,), 2: (ONLINE,), None: (FIRST, SECOND)}


def expected(msg: str) -> tuple[object, ...]:
    content = json.loads(msg)
    return EXPECTED[None if isinstance(content, list) else content["type"]]


@pytest.mark.parametrize("check", VECTORS["url_verify"], ids=lambda each: each["msg"])
def test_the_check_of_the_address(check: dict[str, str]) -> None:
    query = {"msg": check["msg"], "nonce": NONCE, "signature": check["signature"]}

    assert Receiver(TOKEN).verify(query) == check["msg"]


def test_a_plus_of_the_signature_that_became_a_blank() -> None:
    check = VECTORS["url_verify"][1]
    assert "+" in check["signature"]
    query = f"msg=hello%2Bworld/&nonce={NONCE}&signature={check['signature']}"

    assert Receiver(TOKEN).answer("GET", query, b"") == (200, "hello+world/", ())


@pytest.mark.parametrize("vector", VECTORS["plain"])
def test_a_plain_body(vector: dict[str, str]) -> None:
    body = (
        f'{{"msg":{vector["msg"]},"msg_signature":"{vector["msg_signature"]}","nonce":"{NONCE}"}}'
    )

    assert Receiver(TOKEN).receive(body.encode()) == expected(vector["msg"])


@pytest.mark.parametrize("vector", VECTORS["cipher"])
def test_an_encrypted_body(vector: dict[str, str]) -> None:
    body = json.dumps(
        {
            "enc_msg": vector["enc_msg"],
            "msg_signature": vector["msg_signature_over_enc_msg"],
            "nonce": NONCE,
        }
    )

    assert Receiver(TOKEN, AES_KEY).receive(body.encode()) == expected(vector["msg"])


def test_a_captured_push() -> None:
    """A real push with another identity (of the same length)."""
    msg = (
        '{"at":1555904805407,"imei":"865820030013978","type":1,"ds_id":"3300_0_5700",'
        '"value":-115,"dev_id":500000001}'
    )
    at = datetime(2019, 4, 22, 11, 46, 45, 407000, tzinfo=BEIJING)

    (point,) = Receiver(TOKEN).receive(plain(msg, TOKEN, "a1b2?c3D"))

    assert point == Point(at, "865820030013978", "500000001", "3300_0_5700", -115)


def test_the_guides_examples() -> None:
    """Guide 4.2, plain messages: without an IMEI."""
    receiver = Receiver(TOKEN)
    point = '{"type":1,"dev_id":2016617,"ds_id":"datastream_id","at":1466133706841,"value":42}'
    offline = '{"type":2,"dev_id":2016617,"status":0,"login_type":10,"at":1466133706841}'

    expected_point = Point(FIRST.at, None, "2016617", "datastream_id", 42)
    assert receiver.receive(plain(f"[{point},{offline}]")) == (
        expected_point,
        Online(FIRST.at, None, "2016617", False, 10),
    )


def test_the_result_of_an_offline_command() -> None:
    body = '{"obj_id":3200,"obj_inst":[{"obj_inst_id":0,"res":[{"res_id":5500,"val":true}]}]}'
    msg = (
        '{"type":7,"cmd_id":"42742677-adc3-54ca-83a1-5aaaf71482f8","imei":"865820030013978",'
        '"dev_id":2016617,"cmd_type":2,"send_time":"2018-03-08 17:30:00","send_status":5,'
        f'"confirm_time":1520501402000,"confirm_status":0,"confirm_body":{body}}}'
    )

    assert Receiver(TOKEN).receive(plain(msg)) == (
        CommandResult(
            "865820030013978",
            "2016617",
            "42742677-adc3-54ca-83a1-5aaaf71482f8",
            2,
            datetime(2018, 3, 8, 9, 30, tzinfo=UTC),
            5,
            datetime(2018, 3, 8, 9, 30, 2, tzinfo=UTC),
            0,
            json.loads(body),
        ),
    )


def test_a_result_with_the_least_members() -> None:
    msg = '{"type":7,"cmd_id":"u","dev_id":"1","send_time":"","confirm_status":"TIME_OUT"}'

    assert Receiver(TOKEN).receive(plain(msg)) == (
        CommandResult(None, "1", "u", None, None, None, None, "TIME_OUT", None),
    )


@pytest.mark.parametrize(
    ("msg", "reason"),
    [
        ('{"type":3,"dev_id":1}', "type: expected 1, 2 or 7, got 3"),
        ("{}", "type: expected 1, 2 or 7, got None"),
        ('{"type":1,"dev_id":1,"ds_id":"x","value":1}', "at: expected a whole number, got None"),
        ('{"type":1,"dev_id":1,"ds_id":"x","at":1}', "value: expected it in a message of type 1"),
        (
            '{"type":2,"dev_id":1,"at":1,"status":5}',
            "status: expected 0 (offline) or 1 (online), got 5",
        ),
        (
            '{"type":1,"dev_id":1,"ds_id":"x","at":999999999999999,"value":1}',
            "999999999999999 ms: expected a time of the years 1 to 9999",
        ),
    ],
)
def test_a_message_of_no_known_form_is_kept_whole(msg: str, reason: str) -> None:
    """Refused, it would be pushed again until OneNET stops."""
    assert Receiver(TOKEN).receive(plain(msg)) == (Unknown(json.loads(msg), reason),)
