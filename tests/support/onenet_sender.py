"""OneNET as the sender of pushes, from the guide's 4.2 only: nothing of the package is in it."""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from urllib.parse import quote

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

TOKEN = "abcdefghijkmlnopqrstuvwxyz"
AES_KEY = "whBx2ZwAU5LOHVimPj1MPx56QRe3OsGGWRe4dr17crV"
OTHER_AES_KEY = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ"
NONCE = "h9(2&z&z"


def signature(token: str, nonce: str, text: str) -> str:
    digest = hashlib.md5((token + nonce + text).encode()).digest()
    return base64.b64encode(digest).decode()


def plain(msg: str, token: str = TOKEN, nonce: str = NONCE, blanks: str = "") -> bytes:
    """A body with this text as its `msg`, and blanks around each member."""
    signed = signature(token, nonce, msg)
    members = {"msg": msg, "msg_signature": f'"{signed}"', "nonce": f'"{nonce}"'}
    texts = (f'{blanks}"{name}"{blanks}:{blanks}{text}{blanks}' for name, text in members.items())
    return f"{blanks}{{{','.join(texts)}}}{blanks}".encode()


def encrypted(
    msg: str, token: str = TOKEN, aes_key: str = AES_KEY, pad: int = 16, nonce: str = NONCE
) -> bytes:
    """A body with this text as its `enc_msg`, padded to 16 or 32 bytes."""
    return around(encryption(msg.encode(), aes_key, pad), token, nonce)


def around(enc_msg: str, token: str = TOKEN, nonce: str = NONCE) -> bytes:
    """A body with a good signature of any `enc_msg`."""
    signed = signature(token, nonce, enc_msg)
    return json.dumps({"enc_msg": enc_msg, "msg_signature": signed, "nonce": nonce}).encode()


def encryption(msg: bytes, aes_key: str = AES_KEY, pad: int = 16) -> str:
    data = b"0123456789abcdef" + struct.pack(">I", len(msg)) + msg
    missing = pad - len(data) % pad
    return raw_encryption(data + bytes([missing]) * missing, aes_key)


def raw_encryption(data: bytes, aes_key: str = AES_KEY) -> str:
    """`data` is whole blocks, with whatever in them."""
    key = base64.b64decode(aes_key + "=")
    cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(cipher.update(data) + cipher.finalize()).decode()


def address_check(msg: str, token: str = TOKEN, nonce: str = "abcdefgh") -> str:
    """The query of a check of the address. OneNET does not escape the signature."""
    return f"msg={quote(msg, safe='')}&nonce={nonce}&signature={signature(token, nonce, msg)}"
