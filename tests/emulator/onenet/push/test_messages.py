"""Messages, signature and encryption against captures and vectors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from emulator.onenet.push import messages
from emulator.onenet.push.messages import CommandResult
from emulator.onenet.push.signature import aes_key, encrypt, sign

WIRE = json.loads(
    (Path(__file__).parents[3] / "wire" / "onenet" / "push.json").read_text(encoding="utf-8")
)
IMEI = "865820030013978"


def java_order(keys: list[str]) -> list[str]:
    """The order in which a HashMap of Java gives keys that were put in this order."""

    def bucket(text: str) -> int:
        value = 0
        for character in text:
            value = value * 31 + ord(character) & 0xFFFFFFFF
        return (value ^ value >> 16) & 15

    return sorted(keys, key=bucket)


def test_a_data_point_is_as_captured() -> None:
    found = messages.point(500000001, IMEI, "3300_0_5700", -115.0, 1555904805407)
    assert f'{{"msg":{found},' in WIRE["captured"]["body"]


def test_the_message_of_a_device_that_came_online_is_as_captured() -> None:
    found = messages.online(500000002, "865820030013979", 1553224749838, online=True)
    assert found == WIRE["captured"]["online"]


def test_the_message_of_a_device_that_went_offline_has_status_0() -> None:
    assert json.loads(messages.online(1, IMEI, 2, online=False))["status"] == 0


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (21.5, "21.5"),
        (20.0, "20"),
        (-0.0, "0"),
        (20.123, "20.123"),
        (2**40, "1099511627776"),
        (True, "true"),
        ('a/b "c" \\ é 例', r'"a/b \"c\" \\ \u00e9 \u4f8b"'),
        ("\x7f\\\x7f \\u007f \n", '"\x7f\\\\\x7f \\\\u007f \\n"'),
        (b"\x0ad{", "[10,100,123]"),
        ({"temperature": 30.0, "all": [1.0, 2.5]}, '{"temperature":30,"all":[1,2.5]}'),
        (float("nan"), '"nan"'),
    ],
)
def test_the_form_of_a_value(value: object, text: str) -> None:
    found = messages.point(1, IMEI, "3303_0_5700", value, 2)
    assert f'"value":{text},"dev_id":1}}' in found
    assert messages.is_point(found)


def test_other_messages_are_no_points_whatever_they_say() -> None:
    result = CommandResult('{"at":1,"imei":"","type":1,', 3303, 5, 1.0, 2.0, "SUCCESS")
    assert not messages.is_point(messages.online(1, IMEI, 2, online=True))
    assert not messages.is_point(messages.command_result(1, IMEI, result))


def test_the_result_of_a_command() -> None:
    """OneNET's documents of 2019; the order is that of a HashMap, as in the captured messages."""
    read = [{"res": [{"val": 1, "res_id": 5850}], "obj_inst_id": 0}]
    result = CommandResult("a-b", 3311, 5, 1553224749.838, 1553224750.0, "SUCCESS", read)
    found = json.loads(messages.command_result(7, IMEI, result))
    assert found == {
        "type": 7,
        "cmd_id": "a-b",
        "imei": IMEI,
        "dev_id": 7,
        "cmd_type": 2,
        "send_time": 1553224749838,
        "send_status": 5,
        "confirm_time": 1553224750000,
        "confirm_status": 0,
        "confirm_body": {"obj_id": 3311, "obj_inst": read},
    }
    documented = ["type", "cmd_id", "imei", "dev_id", "cmd_type", "send_time", "send_status"]
    documented += ["confirm_time", "confirm_status", "confirm_body"]
    assert list(found) == java_order(documented)
    assert java_order(["type", "dev_id", "ds_id", "at", "value", "imei"]) == list(
        json.loads(WIRE["captured"]["body"])["msg"]
    )


@pytest.mark.parametrize(
    ("status", "number"),
    [("NOT_FOUND", 3), ("TIME_OUT", 5), ("UNSUPPORTED_CONTENT_FORMAT", 11), ("OFFLINE", 4)],
)
def test_a_command_that_failed_has_the_number_of_its_reason(status: str, number: int) -> None:
    result = CommandResult("a-b", 3311, 6, 1.0, None, status)
    found = json.loads(messages.command_result(7, IMEI, result))
    assert (found["confirm_status"], found["cmd_type"], found["confirm_time"]) == (number, 1, 0)


# Signature and encryption ------------------------------------------------------------------------


def test_the_signature_of_a_check() -> None:
    for each in WIRE["url_verify"]:
        assert sign(WIRE["token"], WIRE["nonce"], each["msg"]) == each["signature"]


def test_the_signature_of_plain_messages() -> None:
    for each in WIRE["plain"]:
        assert sign(WIRE["token"], WIRE["nonce"], each["msg"]) == each["msg_signature"]


def test_the_key() -> None:
    assert aes_key(WIRE["encoding_aes_key"]).hex() == WIRE["aes_key_hex"]


@pytest.mark.parametrize("text", ["", "a" * 42, "a" * 44, "a" * 42 + "+", "a" * 42 + "é"])
def test_another_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="43 letters or digits"):
        aes_key(text)


@pytest.mark.parametrize("number", range(8))
def test_encrypted_messages(number: int) -> None:
    each = WIRE["cipher"][number]
    key, random16 = aes_key(WIRE["encoding_aes_key"]), WIRE["random16"].encode()
    found = encrypt(key, each["msg"], random16, each["pad_block"])
    assert found == each["enc_msg"]
    signature = sign(WIRE["token"], WIRE["nonce"], found)
    assert signature == each["msg_signature_over_enc_msg"]
