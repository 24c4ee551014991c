"""Secure ends for the platform and its modules. Needs the extra `dtls`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from emulator.air.addresses import COAPS
from emulator.air.dtls.client import SecureClient
from emulator.air.dtls.psk import Credentials
from emulator.air.dtls.server import SecureServer
from emulator.air.udp.sockets import reached_at
from emulator.onenet.platform import Platform
from emulator.simulation.secure import ADDRESSES, CredentialsOf, Send
from emulator.simulation.simulation import Simulation


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
    simulation.secure.make_client = partial(_client, partial(_note, simulation))
    if own is None:
        at = reached = (server or "").removeprefix(COAPS)
        simulation.secure.lead(at)
    else:
        at = _open_server(simulation, platform, own)
        reached = reached_at(at)
        if reached != at:
            simulation.air.routes[reached] = at
    plain = {*ADDRESSES, at, reached}
    addresses = plain | {f"{COAPS}{address}" for address in plain}
    return Opened(frozenset(addresses), None if own is None else f"{COAPS}{reached}")


def _open_server(simulation: Simulation, platform: Platform, address: str) -> str:
    made: list[SecureServer] = []
    note = partial(_note, simulation)

    def make(send_sealed: Send, deliver: Send) -> SecureServer:
        made.append(SecureServer(send_sealed, deliver, platform.key_of, on_note=note))
        return made[0]

    at = simulation.secure.open_server(address, simulation.misbehaviour.receive, make)
    platform.server.identity_of = made[0].identity
    return at


def _client(
    note: Callable[[str], None], send_sealed: Send, deliver: Send, credentials_of: CredentialsOf
) -> SecureClient:
    def credentials(peer: str) -> Credentials | None:
        found = credentials_of(peer)
        return None if found is None else Credentials(*found)

    return SecureClient(send_sealed, deliver, credentials, on_note=note)


def _note(simulation: Simulation, text: str) -> None:
    simulation.air.on_note(text)
