"""Addresses as text: `host:port`, with an IPv6 host in brackets (RFC 3986 section 3.2.2). Pure."""

from __future__ import annotations

import re
from ipaddress import ip_address

COAP_PORT, COAPS_PORT = 5683, 5684  # where a URI has none (RFC 7252 6.1, 6.2)
COAPS = "coaps://"
"""The beginning of a peer that is reached by DTLS: such a peer is its whole URI."""

_ADDRESS = re.compile(r"(?:\[([^\[\]]+)\]|([^\[\]:]+)):(\d{1,5})", re.ASCII)


def split(address: str) -> tuple[str, int]:
    """Host without brackets, and port 0..65535. Raises ValueError."""
    found = _ADDRESS.fullmatch(address)
    if found is None or int(found[3]) > 0xFFFF:
        raise ValueError(
            f"address {address!r}: expected host:port with a port up to 65535, and an IPv6 address"
            " in brackets, as in 127.0.0.1:5683 or [::1]:5683"
        )
    return found[1] or found[2], int(found[3])


def join(host: str, port: int) -> str:
    """The text for `host`, which is a name or an address without brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def numeric(text: str) -> str:
    """`of_uri`, of an address without a name. Raises ValueError."""
    address = of_uri(text)
    ip_address(split(address)[0])
    return address


def of_uri(text: str) -> str:
    """`host:port` of `coap://host[:port]`, or of `host:port`; `coaps://host:port` of a secure one.

    Raises ValueError.
    """
    scheme, default = (COAPS, COAPS_PORT) if text.startswith(COAPS) else ("", COAP_PORT)
    address = text.removeprefix(scheme or "coap://").removesuffix("/").lower()
    if "://" in text and not re.search(r":\d+$", address):
        address += f":{default}"
    return scheme + join(*split(address))
