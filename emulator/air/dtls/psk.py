"""OpenSSL's contexts for DTLS 1.2 with pre-shared keys (RFC 4279)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from emulator.air.dtls.openssl import SSL, ffi, lib

# The first is the one that CoAP demands (RFC 7252 section 9.1.3.1) and that OneNET's devices have;
# libcoap offers the others, too. None with CBC: there, one forged record ends a session of OpenSSL.
# Security level 0: the short tag of CCM8 is below level 1.
CIPHERS = (
    "PSK-AES128-CCM8",
    "PSK-AES128-CCM",
    "PSK-AES128-GCM-SHA256",
    "PSK-AES256-GCM-SHA384",
)
_DTLS_1_2 = 0xFEFD

# Bytes. RFC 4279 section 5.3 demands at least 128 and 64; OpenSSL has room for more.
MAX_IDENTITY = 128
MAX_KEY = 64


class Credentials(NamedTuple):
    """What a client shows: `identity` up to 128 bytes of UTF-8, `key` 1 to 64 bytes."""

    identity: str
    key: bytes

    def check(self) -> None:
        """Raises ValueError if one of them is too long, or empty, or has a zero character."""
        identity = self.identity.encode()
        if not 0 < len(identity) <= MAX_IDENTITY or b"\0" in identity:
            raise ValueError(
                f"identity {self.identity!r}: expected 1 to {MAX_IDENTITY} bytes of UTF-8 without"
                " a zero character"
            )
        if not 0 < len(self.key) <= MAX_KEY:
            raise ValueError(f"key of {len(self.key)} bytes: expected 1 to {MAX_KEY}")


def server_context(
    key_of: Callable[[str], bytes | None],
    cookie: Callable[[], bytes],
    is_cookie: Callable[[bytes], bool],
) -> SSL.Context:
    """`key_of` an identity, None: it is unknown. `cookie` is for the peer that is being answered.

    None of the three may raise.
    """
    context = _context(SSL.DTLS_SERVER_METHOD)
    context.set_options(SSL.OP_COOKIE_EXCHANGE or 0)
    context.set_cookie_generate_callback(lambda _connection: cookie())
    context.set_cookie_verify_callback(lambda _connection, shown: is_cookie(shown))

    def find(_ssl: Any, identity: Any, key: Any, room: int) -> int:
        try:
            found = key_of(ffi.string(identity).decode())
        except UnicodeDecodeError:
            found = None
        if found is None or not len(found) <= room:
            return 0
        key[0 : len(found)] = found
        return len(found)

    _install(
        context,
        lib.SSL_CTX_set_psk_server_callback,
        "unsigned int(SSL *, const char *, unsigned char *, unsigned int)",
        find,
    )
    return context


def client_context(credentials: Callable[[], Credentials]) -> SSL.Context:
    """`credentials` are those for the peer that is being talked to; it may not raise."""
    context = _context(SSL.DTLS_CLIENT_METHOD)

    def show(_ssl: Any, _hint: Any, identity: Any, room: int, key: Any, key_room: int) -> int:
        shown = credentials()
        name = shown.identity.encode() + b"\0"
        assert len(name) <= room, "OpenSSL has room for MAX_IDENTITY"
        assert len(shown.key) <= key_room, "and for MAX_KEY"
        identity[0 : len(name)] = name
        key[0 : len(shown.key)] = shown.key
        return len(shown.key)

    _install(
        context,
        lib.SSL_CTX_set_psk_client_callback,
        "unsigned int(SSL *, const char *, char *, unsigned int, unsigned char *, unsigned int)",
        show,
    )
    return context


def _context(method: int) -> SSL.Context:
    context = SSL.Context(method)
    context.set_min_proto_version(_DTLS_1_2)
    context.set_max_proto_version(_DTLS_1_2)
    context.set_cipher_list(":".join((*CIPHERS, "@SECLEVEL=0")).encode())
    context.set_options(
        SSL.OP_NO_QUERY_MTU
        | SSL.OP_NO_TICKET
        | SSL.OP_NO_RENEGOTIATION
        | SSL.OP_CIPHER_SERVER_PREFERENCE
    )
    context.set_mode(SSL.MODE_RELEASE_BUFFERS)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    return context


def _install(
    context: SSL.Context, setter: Callable[[Any, Any], None], signature: str, function: object
) -> None:
    callback = ffi.callback(signature, function)
    setter(context._context, callback)  # noqa: SLF001
    context.set_app_data(callback)  # keeps it alive
