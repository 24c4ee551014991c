"""OneNET's encryption of pushed messages: AES-256-CBC (guide 4.2). Pure.

    enc_msg = Base64(AES(16 random bytes, length of the message in 4 bytes, message, padding))

The key is the Base64 of 43 characters and a `=`; the initial vector is its first 16 bytes. The
guide writes a padding to 32 bytes, the official receivers expect 16: both are read here.
"""

from __future__ import annotations

from base64 import b64decode

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from m5310.onenet.push.errors import NotDecrypted

KEY_CHARACTERS = 43
_BLOCK = 16
_RANDOM = 16
_LENGTH = 4
_MAX_PADDING = 32


def key_from(text: str) -> bytes:
    """The 32 bytes of an AES key as it is set at the platform.

    Raises:
        ValueError: Not 43 characters of Base64.
    """
    try:
        if len(text) == KEY_CHARACTERS:
            return b64decode(text + "=", validate=True)
    except ValueError:
        pass
    raise ValueError(
        f"the AES key: expected {KEY_CHARACTERS} letters and digits, as shown by the platform, "
        f"got {len(text)} characters"
    )


def decrypt(text: str, keys: tuple[bytes, ...]) -> bytes:
    """The message in `enc_msg`, opened by the first key that fits.

    Raises:
        NotDecrypted: It is not Base64 of whole blocks, or no key fits.
    """
    if not keys:
        raise NotDecrypted("the message is encrypted: expected an AES key; try Receiver(aes_key=)")
    try:
        data = b64decode("".join(text.split()), validate=True)  # MIME lines may be broken
    except ValueError as error:
        raise NotDecrypted(f"enc_msg is no Base64: {error}") from error
    if not data or len(data) % _BLOCK:
        raise NotDecrypted(f"enc_msg: expected whole blocks of {_BLOCK} bytes, got {len(data)}")
    for key in keys:
        message = _opened(data, key)
        if message is not None:
            return message
    raise NotDecrypted(
        "no AES key opens the message: compare the key with the one set at the platform, and "
        "give the one before as previous_aes_key"
    )


def _opened(data: bytes, key: bytes) -> bytes | None:
    """The message, or None if padding and length are not those of a message."""
    opening = Cipher(algorithms.AES256(key), modes.CBC(key[:_BLOCK])).decryptor()
    plain = opening.update(data) + opening.finalize()
    padding = plain[-1]
    start, end = _RANDOM + _LENGTH, len(plain) - padding
    if not 1 <= padding <= _MAX_PADDING or plain[end:] != bytes([padding]) * padding:
        return None
    size = int.from_bytes(plain[_RANDOM:start], "big")
    # Something may follow the message in later versions (guide 4.2): the length decides.
    return plain[start : start + size] if start + size <= end else None
