"""Signature and encryption of pushes (OneNET guide 4.1, 4.2; its push SDKs). Pure."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from hashlib import md5

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

ENCODED_KEY = re.compile("[a-zA-Z0-9]{43}")


def sign(token: str, nonce: str, text: str) -> str:
    """Base64 of the MD5 of the three texts together."""
    return b64encode(md5(f"{token}{nonce}{text}".encode()).digest()).decode()  # noqa: S324


def aes_key(encoded: str) -> bytes:
    """The 32 bytes of an EncodingAESKey. Raises ValueError."""
    if not ENCODED_KEY.fullmatch(encoded):
        raise ValueError("aes_key: expected 43 letters or digits")
    return b64decode(encoded + "=")


def encrypt(key: bytes, text: str, random16: bytes, pad: int = 16) -> str:
    """AES-256-CBC of 16 random bytes, the length of `text` (4 bytes, big-endian) and `text`, as
    Base64. The initial vector is the first half of `key`.

    Filled up to a multiple of `pad` as PKCS #7. The guide says 32, but receivers in PHP, Node and
    Java take up to 16 bytes only.
    """
    message = text.encode()
    plain = random16 + len(message).to_bytes(4, "big") + message
    fill = pad - len(plain) % pad
    encryptor = Cipher(AES(key), CBC(key[:16])).encryptor()
    encrypted = encryptor.update(plain + bytes([fill]) * fill) + encryptor.finalize()
    return b64encode(encrypted).decode()
