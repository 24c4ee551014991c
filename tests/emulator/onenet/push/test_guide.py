"""The examples of messages in guide 4.2."""

from __future__ import annotations

import json

import pytest

from tests.support.push_application import IMEI, Application

# Signature, nonce and the text of enc_msg are placeholders in the guide.
_POINT_42 = {
    "type": 1,
    "dev_id": 2016617,
    "ds_id": "datastream_id",
    "at": 1466133706841,
    "value": 42,
}
_SIGNED = {"msg_signature": "message signature", "nonce": "abcdefgh"}
EXAMPLES: dict[str, tuple[dict[str, object], dict[str, object]]] = {
    "(1) data point": ({}, {"msg": _POINT_42, **_SIGNED}),
    "(2) batch": (
        {"batch_count": 2},
        {"msg": [_POINT_42, {**_POINT_42, "at": 1466133706842, "value": 43}], **_SIGNED},
    ),
    "(3) online and offline": (
        {},
        {
            "msg": {
                "type": 2,
                "dev_id": 2016617,
                "status": 0,
                "login_type": 10,
                "at": 1466133706841,
            },
            **_SIGNED,
        },
    ),
    "encrypted": ({"aes_key": "a" * 43}, {"enc_msg": "xxxx", **_SIGNED}),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_guide_4_2_examples_in_keys_values_and_types(name: str) -> None:
    """The real platform adds `imei` (captured). Signature, nonce, cipher: texts of their length."""
    settings, expected = EXAMPLES[name]
    application = Application(now=1466133706.841)
    assert application.set(**settings) == ""
    if name.startswith("(3)"):
        application.push.online(2016617, IMEI, online=False, now=application.now)
    else:
        rows = [("datastream_id", 42, 1466133706841), ("datastream_id", 43, 1466133706842)]
        application.push.points(2016617, IMEI, rows, application.now)
    application.step()
    body = json.loads(application.reply().body)
    assert list(body) == list(expected)
    assert [type(value) for value in body.values()] == [type(one) for one in expected.values()]
    assert (len(body["nonce"]), len(body["msg_signature"])) == (8, 24)
    if "msg" in expected:
        given, wanted = body["msg"], expected["msg"]
        pairs = zip(given, wanted, strict=True) if isinstance(wanted, list) else [(given, wanted)]
        assert all(one == {**example, "imei": IMEI} for one, example in pairs)
