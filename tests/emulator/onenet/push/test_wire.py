"""The bytes of pushes: as captured, and as receivers take them. Virtual time."""

from __future__ import annotations

import json
import re
from pathlib import Path
from random import Random

import pytest

from emulator.onenet.posting import Reply
from emulator.onenet.push.settings import Settings
from tests.support import push_receivers
from tests.support.push_application import (
    ASCII,
    IMEI,
    TOKEN,
    UNICODE,
    URL,
    Application,
    query_of,
    random_value,
)

WIRE = json.loads(
    (Path(__file__).parents[3] / "wire" / "onenet" / "push.json").read_text(encoding="utf-8")
)
KEY = WIRE["encoding_aes_key"]


def test_a_request_is_as_captured() -> None:
    """All but signature and nonce, which depend on the token."""
    application = Application(now=1555904805.407)
    application.set()
    application.push.points(
        500000001, IMEI, [("3300_0_5700", -115, 1555904805407)], application.now
    )
    application.step()
    post = application.reply()
    other = re.compile(rb'("msg_signature":").{24}(","nonce":").{8}"')
    captured = WIRE["captured"]
    assert post.method == "POST"
    assert list(post.headers.items()) == list(captured["headers"].items())
    assert other.sub(rb"\1\2", post.body) == other.sub(rb"\1\2", captured["body"].encode())
    assert len(post.body) == captured["length"]


def test_guide_4_1_1_the_check_of_an_url_is_accepted_by_a_receiver() -> None:
    application = Application()
    problems: list[str] = []
    application.push.set(Settings(f"{URL}?a=b", TOKEN), problems.append, 1466133706.841)
    post = application.reply()
    assert post.method == "GET"
    assert re.fullmatch(
        re.escape(URL) + r"\?a=b&msg=1466133706841&nonce=\w{8}&signature=[\w+/]{22}==", post.url
    )
    query = query_of(post)
    assert push_receivers.checked(query, TOKEN) == "1466133706841"
    assert push_receivers.checked(query, "another token") is None
    assert problems == [""]


def shown(value: object) -> object:
    return list(value) if isinstance(value, bytes) else value


@pytest.mark.parametrize(
    ("encode", "alphabet"),
    [(push_receivers.php, UNICODE), (push_receivers.node, ASCII)],
    ids=["php", "node"],
)
def test_1000_values_in_plain_reach_a_receiver(
    application: Application, encode: object, alphabet: str
) -> None:
    """JavaScript does not escape letters of other scripts, so Node's kit refuses those."""
    random = Random(7)
    for _ in range(1000):
        value = random_value(random, alphabet)
        application.point(value)
        application.step()
        text = push_receivers.plain(application.reply().body, TOKEN, encode)
        assert text is not None
        assert json.loads(text)["value"] == shown(value)


@pytest.mark.parametrize("batch_count", [None, 3])
def test_1000_values_encrypted_reach_a_receiver(batch_count: int | None) -> None:
    application, random = Application(), Random(8)
    application.set(aes_key=KEY, batch_count=batch_count)
    for _ in range(1000 // (batch_count or 1)):
        values = [random_value(random, UNICODE) for _ in range(batch_count or 1)]
        for value in values:
            application.point(value)
        application.step()
        body = application.open[0][0].body
        application.open.pop(0)[1](Reply(200), application.now)
        assert list(json.loads(body)) == ["enc_msg", "msg_signature", "nonce"]
        text = push_receivers.encrypted(body, TOKEN, KEY)
        assert text is not None
        found = json.loads(text)
        points = [found] if batch_count is None else found
        assert [each["value"] for each in points] == [shown(value) for value in values]


def test_padding_of_32_bytes_is_what_the_guide_says() -> None:
    """Half of these messages have more than 16 bytes of it, which receivers refuse."""
    application = Application()
    application.set(aes_key=KEY, pad=32)
    taken = 0
    for length in range(32):
        application.point("a" * length)
        application.step()
        body = application.open[0][0].body
        application.open.pop(0)[1](Reply(200), application.now)
        taken += push_receivers.encrypted(body, TOKEN, KEY) is not None
    assert taken == 16


def test_each_message_has_another_nonce(application: Application) -> None:
    nonces = set()
    for _ in range(50):
        application.point()
        application.step()
        nonces.add(json.loads(application.reply().body)["nonce"])
    assert len(nonces) == 50
