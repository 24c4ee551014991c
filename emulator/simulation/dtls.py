"""Secure ends for the platform and its modules. Needs the extra `dtls`."""

from __future__ import annotations

import logging
from typing import NamedTuple

from emulator.air.addresses import COAPS
from emulator.air.dtls.client import SecureClient
from emulator.air.dtls.psk import Credentials
from emulator.air.dtls.server import SecureServer
from emulator.onenet.platform import Platform
from emulator.simulation.secure import ADDRESSES, CredentialsOf, Send
from emulator.simulation.simulation import Simulation

_log = logging.getLogger(__name__)


class Opened(NamedTuple):
    """`addresses`: what modules reach by DTLS; `url`: of the platform there, if it is there."""

    addresses: frozenset[str]
    url: str | None


def open_ends(
    simulation: Simulation, platform: Platform, own: str | None, server: str | None
) -> Opened:
    """Modules may use DTLS, with the platform at the address `own`, or else with `server`.

    Raises OSError, ValueError.
    """
    simulation.secure.make_client = _client
    if own is None:
        at = (server or "").removeprefix(COAPS)
        simulation.secure.lead(at)
    else:
        at = _open_server(simulation, platform, own)
    addresses = frozenset(f"{COAPS}{address}" for address in (*ADDRESSES, at))
    return Opened(addresses, None if own is None else f"{COAPS}{at}")


def _open_server(simulation: Simulation, platform: Platform, address: str) -> str:
    made: list[SecureServer] = []

    def make(send_sealed: Send, deliver: Send) -> SecureServer:
        made.append(SecureServer(send_sealed, deliver, platform.key_of, on_note=_log.info))
        return made[0]

    at = simulation.secure.open_server(address, simulation.misbehaviour.receive, make)
    platform.server.identity_of = made[0].identity
    return at


def _client(send_sealed: Send, deliver: Send, credentials_of: CredentialsOf) -> SecureClient:
    def credentials(peer: str) -> Credentials | None:
        found = credentials_of(peer)
        return None if found is None else Credentials(*found)

    return SecureClient(send_sealed, deliver, credentials, on_note=_log.info)
