"""The JSON object around a pushed message, and its signature. Pure."""

from __future__ import annotations

import hmac
import json
import re
from base64 import b64encode
from dataclasses import dataclass
from hashlib import md5

from m5310.onenet.push.errors import Malformed, SignatureWrong

MAX_MEMBERS = 16
"""Of a body.  guess: OneNET sends three; later versions may add some."""

_DECODER = json.JSONDecoder()
_BLANKS = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True, slots=True)
class Envelope:
    """A pushed body, taken apart.

    `signed` is what the signature covers: of a plain message the text of `msg` as received, of an
    encrypted one the string `enc_msg`. `message` is the parsed `msg`, None if it is encrypted.
    """

    signed: str
    nonce: str
    signature: str
    message: object | None
    encrypted: bool


def signature_of(token: str, nonce: str, text: str) -> str:
    """Base64 of the MD5 of token, nonce and text together, in UTF-8 (guide 4.2, `msg_signature`).

    MD5 is OneNET's choice. It is no longer safe in general; who needs more uses HTTPS as well.
    """
    return b64encode(md5(_utf8(token + nonce + text), usedforsecurity=False).digest()).decode()


def check_signature(token: str, nonce: str, text: str, signature: str) -> None:
    """Compare in a time that does not depend on where the signatures differ.

    Raises:
        SignatureWrong: It is another.
    """
    if not hmac.compare_digest(_utf8(signature_of(token, nonce, text)), _utf8(signature)):
        raise SignatureWrong(
            "the signature is wrong: expected that of this receiver's token; compare the token "
            "with the one set at the platform"
        )


def open_envelope(body: bytes) -> Envelope:
    """Take a pushed body apart; nothing is checked against a key.

    Raises:
        Malformed: It is not a JSON object in UTF-8 with the three members.
    """
    try:
        found = members(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Malformed(f"the body is no JSON object in UTF-8: {error}") from error
    signature, nonce = _text(found, "msg_signature"), _text(found, "nonce")
    if ("msg" in found) == ("enc_msg" in found):
        raise Malformed("the body: expected one of msg and enc_msg")
    if "enc_msg" in found:
        return Envelope(_text(found, "enc_msg"), nonce, signature, None, True)
    message, text = found["msg"]
    return Envelope(text, nonce, signature, message, False)


def members(text: str) -> dict[str, tuple[object, str]]:
    """The members of a JSON object: each name with its value and the value's text as written.

    Raises:
        ValueError: It is no JSON object, or a name is there twice: which of the two would be
            signed and which be read is then a matter of the library.
        RecursionError: It is nested too deep.
    """
    found: dict[str, tuple[object, str]] = {}
    at = _past(text, 0, "{")
    while text[at : at + 1] != "}" or found:
        name, end = _DECODER.raw_decode(text, at)
        if not isinstance(name, str) or name in found or len(found) == MAX_MEMBERS:
            raise ValueError(
                f"expected at most {MAX_MEMBERS} members, each with a name of its own; got "
                f"{text[at:end][:40]} at character {at}"
            )
        start = _past(text, end, ":")
        value, end = _DECODER.raw_decode(text, start)
        found[name] = value, text[start:end]
        at = _skip(text, end)
        if text[at : at + 1] == "}":
            break
        at = _past(text, at, ",")
    if _skip(text, at + 1) != len(text):
        raise ValueError(f"expected the end at character {at + 1}")
    return found


def _skip(text: str, at: int) -> int:
    blanks = _BLANKS.match(text, at)
    return blanks.end() if blanks else at


def _past(text: str, at: int, mark: str) -> int:
    """Where the next value begins, after blanks, the mark and blanks."""
    at = _skip(text, at)
    if text[at : at + 1] != mark:
        raise ValueError(f"expected {mark} at character {at}, got {text[at : at + 1]!r}")
    return _skip(text, at + 1)


def _text(found: dict[str, tuple[object, str]], name: str) -> str:
    value, _ = found.get(name, (None, ""))
    if not isinstance(value, str):
        raise Malformed(f"the body: expected a string {name}, got {type(value).__name__}")
    return value


def _utf8(text: str) -> bytes:
    """A JSON string can hold half of a surrogate pair, which UTF-8 has no form for."""
    return text.encode("utf-8", "surrogatepass")
