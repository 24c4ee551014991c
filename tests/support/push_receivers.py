"""What OneNET's receivers of pushes do with a body: rebuilt from the behaviour of its SDKs.

Each gives the text of `msg` as it sees it, or None for a signature that does not fit.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from decimal import Decimal
from hashlib import md5

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC


def _signature(token: str, nonce: str, text: str) -> str:
    return b64encode(md5((token + nonce + text).encode()).digest()).decode()


# Encoders ------------------------------------------------------------------------------------


def php(value: object) -> str:
    """json_encode with JSON_UNESCAPED_SLASHES: ASCII, numbers in their shortest form."""
    match value:
        case None | bool():
            return {None: "null", True: "true", False: "false"}[value]
        case int():
            return str(value)
        case float():
            return _php_number(value)
        case str():
            return _quoted(value, escape_above=0x7E + 1)
        case list():
            return f"[{','.join(map(php, value))}]"
        case dict():
            return "{" + ",".join(f"{php(key)}:{php(one)}" for key, one in value.items()) + "}"
    raise AssertionError(value)


def node(value: object) -> str:
    """JSON.stringify: text as it is, and numbers of 53 bits."""
    match value:
        case None | bool():
            return {None: "null", True: "true", False: "false"}[value]
        case int() | float():
            return _node_number(float(value))
        case str():
            return _quoted(value, escape_above=None)
        case list():
            return f"[{','.join(map(node, value))}]"
        case dict():
            return "{" + ",".join(f"{node(key)}:{node(one)}" for key, one in value.items()) + "}"
    raise AssertionError(value)


def _quoted(text: str, escape_above: int | None) -> str:
    short = {8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}
    shown = []
    for character in text:
        number = ord(character)
        if number in short:
            shown.append(short[number])
        elif number < 32:
            shown.append(f"\\u{number:04x}")
        elif escape_above is not None and number > escape_above:
            units = character.encode("utf-16-be")
            shown += [f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2)]
        else:
            shown.append(character)
    return f'"{"".join(shown)}"'


def _digits(value: float) -> tuple[str, str, int]:
    """Sign, shortest digits, and the exponent of the first one."""
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    assert isinstance(exponent, int)
    text = "".join(map(str, digits))
    stripped = text.rstrip("0") or "0"
    return "-" * sign, stripped, exponent + len(text) - 1


def _php_number(value: float) -> str:
    sign, digits, exponent = _digits(value)
    if not -4 <= exponent < 17:
        return f"{sign}{digits[0]}.{digits[1:] or '0'}e{exponent:+d}"
    return sign + _positional(digits, exponent)


def _node_number(value: float) -> str:
    if value == 0:
        return "0"
    sign, digits, exponent = _digits(value)
    if not -7 < exponent < 21:
        fraction = f".{digits[1:]}" if digits[1:] else ""
        return f"{sign}{digits[0]}{fraction}e{exponent:+d}"
    return sign + _positional(digits, exponent)


def _positional(digits: str, exponent: int) -> str:
    if exponent < 0:
        return f"0.{'0' * (-exponent - 1)}{digits}"
    whole = digits[: exponent + 1].ljust(exponent + 1, "0")
    return f"{whole}.{digits[exponent + 1 :]}" if digits[exponent + 1 :] else whole


# Receivers -----------------------------------------------------------------------------------


def checked(query: dict[str, str], token: str) -> str | None:
    """The answer to the check of an URL; `query` was decoded, so that + became a blank."""
    signature = query["signature"].replace(" ", "+")
    fits = signature == _signature(token, query["nonce"], query["msg"])
    return query["msg"] if fits else None


def plain(body: bytes, token: str, encode: object = php) -> str | None:
    """`encode`: `php` or `node`."""
    assert callable(encode)
    received = json.loads(body)
    text = encode(received["msg"])
    fits = received["msg_signature"] == _signature(token, received["nonce"], text)
    return text if fits else None


def encrypted(body: bytes, token: str, encoding_key: str) -> str | None:
    """Both SDKs: the signature is of `enc_msg`; 1 to 16 bytes of padding are taken off."""
    received = json.loads(body)
    encrypted = received["enc_msg"]
    if received["msg_signature"] != _signature(token, received["nonce"], encrypted):
        return None
    key = b64decode(encoding_key + "=")
    decryptor = Cipher(AES(key), CBC(key[:16])).decryptor()
    plain = decryptor.update(b64decode(encrypted, validate=True)) + decryptor.finalize()
    fill = plain[-1]
    if not 1 <= fill <= 16 or plain[-fill:] != bytes([fill]) * fill:
        return None
    plain = plain[:-fill]
    length = int.from_bytes(plain[16:20], "big")
    return plain[20 : 20 + length].decode() if len(plain) == 20 + length else None
