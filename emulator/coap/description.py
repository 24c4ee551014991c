"""A CoAP message in words, for traces. Pure."""

from __future__ import annotations

from aiocoap import Message
from aiocoap.numbers import Code

from emulator.coap.messages import AUTHENTICATION, MalformedMessage, decode, text_option

ALL_OPTIONS = frozenset(range(1, 0x10000, 2))
MAX_TEXT = 64
"""Bytes of a payload that are shown."""


def describe(message: Message | bytes) -> str:
    """One line, such as `CON GET /3303/0 Observe 0 token 1a2b mid 40778`.

    Takes any datagram, too: one that is no CoAP message is shown as hexadecimal digits.
    """
    if isinstance(message, bytes):
        try:
            message = decode(message, ALL_OPTIONS)
        except MalformedMessage as error:
            return f"malformed ({error}): {message[:MAX_TEXT].hex()}"
    words = [message.mtype.name, _code(message.code), *_options(message)]
    if message.token:
        words.append(f"token {message.token.hex()}")
    words.append(f"mid {message.mid}")
    if message.payload:
        words.append(_payload(message.payload))
    return " ".join(words)


def _code(code: Code) -> str:
    if code == Code.EMPTY:
        return "empty"
    if code.is_request():
        return str(code)
    return f"{code >> 5}.{code & 31:02}"


def _options(message: Message) -> list[str]:
    opt = message.opt
    words = []
    if opt.uri_path or opt.uri_query or message.code.is_request():
        query = "?" + "&".join(opt.uri_query) if opt.uri_query else ""
        words.append("/" + "/".join(opt.uri_path) + query)
    if opt.location_path:
        words.append("Location /" + "/".join(opt.location_path))
    numbers = (
        ("Observe", opt.observe),
        ("Content-Format", opt.content_format),
        ("Accept", opt.accept),
        ("Size1", opt.size1),
        ("Size2", opt.size2),
    )
    words += [f"{name} {int(value)}" for name, value in numbers if value is not None]
    for name, block in (("Block1", opt.block1), ("Block2", opt.block2)):
        if block is not None:
            words.append(f"{name} {block.block_number}/{int(block.more)}/{block.size}")
    if opt.etag is not None:
        words.append(f"ETag {opt.etag.hex()}")
    code = text_option(message, AUTHENTICATION)
    if code is not None:
        words.append(f"option {AUTHENTICATION} {code!r}")
    return words


def _payload(payload: bytes) -> str:
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        text = ""
    size = f"payload {len(payload)} B"
    rest = "..." if len(payload) > MAX_TEXT else ""
    if text.isprintable() and text:
        return f"{size} {text[:MAX_TEXT]!r}{rest}"
    return f"{size} {payload[:MAX_TEXT].hex()}{rest}"
