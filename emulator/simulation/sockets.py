"""Attaches modules and platform to an air of sockets: addresses with and without DTLS."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import NamedTuple

from emulator.air.addresses import COAPS
from emulator.air.udp.sockets import reached_at
from emulator.onenet.platform import Platform
from emulator.simulation.checks import coap_address, server_address
from emulator.simulation.parameters import Parameters
from emulator.simulation.simulation import Simulation


class Ways(NamedTuple):
    """Where the platform listens, by `coap` and by `coaps` (None: not), or `server`, another
    server in its place, as `host:port` or `coaps://host:port`. `own`: where modules open sockets.
    """

    coap: str
    coaps: str | None
    server: str | None
    own: str

    @classmethod
    def of(cls, given: Parameters) -> Ways:
        """Raises ValueError, also if DTLS needs its extra."""
        server = server_address(given.server, allow_network=given.allow_network)
        coaps = given.coaps and coap_address(given.coaps, "coaps")
        own = "0.0.0.0:0" if given.allow_network else "127.0.0.1:0"
        made = cls(coap_address(given.coap), coaps, server, own)
        if made.secure:
            _dtls()
        return made

    @property
    def secure(self) -> bool:
        """Whether there is DTLS."""
        return self.coaps is not None or (self.server or "").startswith(COAPS)


class Addresses(NamedTuple):
    """URIs of the platform, and the addresses in a configuration that lead to a server."""

    coap: str | None
    coaps: str | None
    servers: frozenset[str]


def open_sockets(simulation: Simulation, platform: Platform, ways: Ways) -> Addresses:
    """Attach all. Raises OSError."""
    plain = None if (ways.server or "").startswith(COAPS) else ways.server
    listen = ways.coap if ways.server is None else None
    at = simulation.open(listen, lambda _number: ways.own, plain or "")
    coap = coaps = None
    if ways.server is None:
        reached = reached_at(at)
        if reached != at:
            simulation.air.routes[reached] = at
        coap = platform.server.bootstrap.access_uri = f"coap://{reached}"
    servers = frozenset((*simulation.air.routes, at) if at else ())
    if ways.secure:
        secure = _dtls().open_ends(simulation, platform, ways.coaps, ways.server)
        servers |= secure.addresses
        coaps = platform.server.bootstrap.secure_uri = secure.url
    return Addresses(coap, coaps, servers)


def _dtls() -> ModuleType:
    """`emulator.simulation.dtls`. Raises ValueError if its extra is missing."""
    try:
        return import_module("emulator.simulation.dtls")
    except ImportError as error:
        raise ValueError(f"coaps: {error}") from None
