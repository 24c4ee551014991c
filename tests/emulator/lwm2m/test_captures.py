"""Payloads and links of captures and specifications, read as the items they mean."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path as File
from typing import Any

import pytest

from emulator.coap import messages
from emulator.lwm2m import links, registry
from emulator.lwm2m.content import decode, encode
from emulator.lwm2m.model import Format, Item, Path
from emulator.lwm2m.values import Type

WIRE = File(__file__).parents[2] / "wire"
PAYLOADS = json.loads((WIRE / "lwm2m/payloads.json").read_text(encoding="utf-8"))
CONVERSATIONS = sorted((WIRE / "coap").glob("*.json"))


def types_of(payload: dict[str, Any]) -> Callable[[Path], Type | None]:
    own = payload.get("types")
    if own is None:
        return registry.type_of
    return lambda path: Type(own[str(path)])


def bytes_of(payload: dict[str, Any]) -> bytes:
    text: str | None = payload.get("text")
    return bytes.fromhex(payload["hex"]) if text is None else text.encode()


def items_of(payload: dict[str, Any]) -> tuple[Item, ...]:
    return tuple(
        Item(Path.parse(path), bytes.fromhex(value["hex"]) if isinstance(value, dict) else value)
        for path, value in payload["items"]
    )


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda payload: payload["source"][:40])
def test_payloads_seen_are_read(payload: dict[str, Any]) -> None:
    read = decode(
        payload["format"], bytes_of(payload), Path.parse(payload["path"]), types_of(payload)
    )
    assert read == items_of(payload)
    assert [type(each.value) for each in read] == [type(each.value) for each in items_of(payload)]


@pytest.mark.parametrize(
    "payload",
    [each for each in PAYLOADS if each["shape"] != "other"],
    ids=lambda payload: payload["source"][:40],
)
def test_payloads_seen_are_written_byte_for_byte(payload: dict[str, Any]) -> None:
    written = encode(
        payload["format"],
        items_of(payload),
        Path.parse(payload["path"]),
        types_of(payload),
        wrapped=payload["shape"] == "wrapped",
        digits=payload.get("digits"),
    )
    assert written == bytes_of(payload)


def payloads(conversation: File) -> Iterator[tuple[int, bytes, Path]]:
    """Content format, payload and path of each answer and notification with content."""
    paths: dict[bytes, Path] = {}
    for each in json.loads(conversation.read_text(encoding="utf-8"))["messages"]:
        known = messages.RECOGNIZED_OPTIONS | {messages.AUTHENTICATION}
        message = messages.decode(bytes.fromhex(each["hex"]), known)
        if message.code.is_request() and (message.opt.uri_path or ("rd",))[0].isdecimal():
            paths[message.token] = Path.parse("/" + "/".join(message.opt.uri_path))
        if each["from"] == "device" and message.payload and message.token in paths:
            assert message.opt.content_format is not None
            yield message.opt.content_format, message.payload, paths[message.token]


@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=lambda file: file.stem)
def test_everything_that_devices_sent_is_read(conversation: File) -> None:
    """And links are written as they were sent."""
    read = 0
    for content_format, payload, path in payloads(conversation):
        if content_format == Format.LINKS:
            found = links.announced(links.parse(payload)).paths
            assert links.render(links.parse(payload)) == payload
            assert all(path.covers(each) for each in found)
        else:
            assert decode(content_format, payload, path, registry.type_of)
        read += 1
    assert read >= 5
