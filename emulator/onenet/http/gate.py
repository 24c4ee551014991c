"""Who may call the API at all, by the headers that browsers set. Pure.

A web page must not use the emulator without its user: neither from its own origin, nor
under a name of its own that leads to this machine (DNS rebinding).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from emulator.onenet.errors import ApiError, Reason, shown

# What programs for the real OneNET send, wherever they connect to.
_ONENET = "heclouds.com"
# Decisions that are remembered; a bound on memory.
_REMEMBERED = 256


class Gate:
    """Lets requests through that are for this machine, or for one of `names`.

    `port`: of the API, which is set when it is known.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._names = frozenset(name.lower().rstrip(".") for name in names)
        self.port = 0
        self._named = lru_cache(_REMEMBERED)(self._is_named)

    def check(self, host: str | None, origin: str | None, address: str) -> None:
        """`host`, `origin`: the headers, None if absent. `address`: where the request came in.

        Raises ApiError for a foreign host or origin.
        """
        if host and not self._named(host, address):
            # guess: the real API has no such refusal.
            raise ApiError(
                Reason.AUTH_FAILED,
                f"Host {shown(host)} is no name of this server (--allow-host makes it one)",
            )
        if origin is not None and not self._is_own(origin, address):
            raise ApiError(
                Reason.AUTH_FAILED, f"Origin {shown(origin)}: web pages may not call this API"
            )

    def _is_named(self, host: str, address: str) -> bool:
        if any(mark in host for mark in "/?#@"):  # no part of a Host (RFC 9110 7.2)
            return False
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        name = name.rstrip(".")
        return name == _ONENET or name.endswith(f".{_ONENET}") or self._is_here(name, address)

    def _is_own(self, origin: str, address: str) -> bool:
        try:
            parts = urlsplit(origin)
            port = parts.port or 80
        except ValueError:
            return False
        here = self._is_here(parts.hostname or "", address)
        return parts.scheme == "http" and port == self.port and here

    def _is_here(self, name: str, address: str) -> bool:
        """Whether it is an address of this server, `localhost`, or one of the names."""
        if name in self._names or name == "localhost":
            return True
        try:
            return ip_address(name).is_loopback or ip_address(name) == ip_address(address)
        except ValueError:
            return False
