"""Checks of parameters: the types that a function states, keys, addresses. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from ipaddress import ip_address
from secrets import token_hex
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from emulator.air.addresses import COAPS, numeric, of_uri, split
from emulator.onenet.endpoint_names import PSK

T = TypeVar("T")
_HOST = re.compile(r"[0-9A-Za-z_][0-9A-Za-z._-]{0,252}")  # RFC 1035


def check_types(function: Callable[..., object], given: Mapping[str, object]) -> None:
    """Raises TypeError that names the first parameter of `function` with a wrong type.

    A number with a fraction may be an int, and no number is a bool. Entries of collections are not
    checked, nor what a protocol demands.
    """
    for name, kinds in _parameters(function).items():
        if name in given and not any(_fits(given[name], kind) for kind in kinds):
            expected = " or ".join(map(_shown, kinds))
            raise TypeError(f"{name} {given[name]!r}: expected {expected}")


@cache
def _parameters(function: Callable[..., object]) -> dict[str, tuple[Any, ...]]:
    hints = get_type_hints(function)
    return {name: tuple(_kinds(hint)) for name, hint in hints.items() if name != "return"}


def _kinds(hint: Any) -> Iterator[Any]:
    """The classes of which a value may be an instance, and literal values."""
    origin = get_origin(hint)
    if origin in (Union, UnionType, Literal):
        for argument in get_args(hint):
            yield from (argument,) if origin is Literal else _kinds(argument)
    else:
        yield origin or hint


def _fits(value: object, kind: Any) -> bool:
    if not isinstance(kind, type):
        return type(value) is type(kind) and value == kind
    if getattr(kind, "_is_protocol", False):
        return not isinstance(value, type)  # a class in place of its instance
    if isinstance(value, bool):
        return kind is bool
    return isinstance(value, int | float if kind is float else kind)


def _shown(kind: Any) -> str:
    if kind is NoneType:
        return "None"
    return kind.__name__ if isinstance(kind, type) else repr(kind)


def checked_key(api_key: str) -> str:
    """Raises ValueError."""
    if not re.fullmatch("[!-~]+", api_key):
        raise ValueError("api_key: expected printable ASCII without spaces")
    return api_key


def address_of(
    text: str,
    name: str,
    read: Callable[[str], T],
    expected: str = "HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080",
) -> T:
    """`text` as `read` has it. Raises ValueError that names the parameter and `expected`."""
    try:
        return read(text)
    except ValueError:
        raise ValueError(f"{name} {text!r}: expected {expected}") from None


def coap_address(coap: str, name: str = "coap") -> str:
    """Where the cloud's CoAP server listens, `host:port`. Raises ValueError."""
    expected = "an IP address of this machine and a port, such as 127.0.0.1:5683 or [::1]:0"
    return address_of(coap, name, numeric, expected)


def checked_psk(psk: str | None, coaps: str | None, server: str | None) -> str | None:
    """The key of the devices where there is DTLS, a random one for None; else None.

    Raises ValueError.
    """
    if psk is not None and not PSK.fullmatch(psk):
        raise ValueError("psk: expected 8 to 16 letters or digits")
    secure = coaps is not None or (server or "").startswith(COAPS)
    if psk is not None and not secure:
        raise ValueError("psk: expected together with coaps, or a server coaps://HOST:PORT")
    return (psk or token_hex(8)) if secure else None


def check_parts(
    air: str, server: str | None, platform_only: bool, coaps: str | None, record: object | None
) -> None:
    """Raises ValueError for parameters that have no meaning together."""
    if air == "memory" and (server is not None or platform_only or coaps is not None):
        raise ValueError("server, platform_only, coaps: expected together with air='coap'")
    if server is not None and coaps is not None:
        raise ValueError("coaps: expected without server")
    if platform_only and (server is not None or record is not None):
        raise ValueError("platform_only: expected without server and record")


def server_address(server: str | None, *, allow_network: bool) -> str | None:
    """`host:port` of another LwM2M server; None: there is none. Raises ValueError."""
    if server is None:
        return None
    expected = "coap://HOST:PORT, such as coap://127.0.0.1:5683 or coap://[::1]:5683"
    address = address_of(server, "server", of_uri, expected)
    try:
        host = split(address.removeprefix(COAPS))[0]
        local = allow_network or ip_address(host).is_loopback
    except ValueError:  # a name: known when it is looked up
        return address
    if not local:
        raise ValueError(
            f"server {server!r} is another machine: expected together with allow_network=True"
            " (--allow-network)"
        )
    return address


def checked_hosts(names: Sequence[str]) -> tuple[str, ...]:
    """Raises ValueError for what is no name of a host."""
    for name in names:
        if not _HOST.fullmatch(name):
            raise ValueError(
                f"allow_hosts {name!r}: expected the name of a host without a port, such as"
                " emulator.local"
            )
    return tuple(names)


def run_number(air: str, now: float) -> int:
    """Differs between two runs on sockets: devices outlive a run, and remember its message ids for
    247 s (RFC 7252 4.8.2). Equal in memory, where they do not.
    """
    return 0 if air == "memory" else round(now * 1000)


def login_addresses(platform_addresses: Sequence[str]) -> list[str]:
    """`host:port` of each. Raises ValueError."""
    return [address_of(one, "platform_addresses", of_uri) for one in platform_addresses]
