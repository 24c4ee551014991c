"""DTLS for the ends of the air: which address has which secure end. Pure.

The ends themselves (`emulator.air.dtls`) need an extra; they are made by functions that the
emulator sets. A peer that is reached by DTLS is written `coaps://host:port`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from emulator.air.addresses import COAPS, COAPS_PORT
from emulator.air.faults import Link
from emulator.air.network import Air, Tap

Send = Callable[[str, bytes, float], None]
CredentialsOf = Callable[[str], tuple[str, bytes] | None]

# Where OneNET is reached by DTLS: the access machine and the bootstrap server (OneNET FAQ of 2019).
ADDRESSES = tuple(
    f"{host}:{COAPS_PORT}" for host in ("183.230.40.40", "183.230.40.39", "nbiotbt.heclouds.com")
)


class SecureEnd(Protocol):
    """DTLS between one end and one address of the air, see `emulator.air.dtls.end`."""

    on_change: Callable[[], None]

    def send(self, peer: str, data: bytes, now: float) -> None: ...

    def receive(self, address: str, datagram: bytes, now: float) -> None: ...

    def step(self, now: float) -> float | None: ...


class Owner(Protocol):
    """An endpoint that may have a secure end."""

    @property
    def link(self) -> Link: ...

    def deliver(self, source: str, datagram: bytes, now: float) -> None: ...

    def credentials(self, server: str) -> tuple[str, bytes] | None:
        """Identity and key for DTLS with a server; None: it has no key."""


class SecureEnds:
    """`make_client` makes the end of an endpoint; while it is None, what that sends is lost.
    `on_plain` is called with what goes into the ends, as a tap of the air is, and with what comes
    out of them from other programs. `on_client` is called with the owner of each end that is made,
    and its address in the air.
    """

    def __init__(self, air: Air, add_part: Callable[[SecureEnd], None]) -> None:
        self.make_client: Callable[[Send, Send, CredentialsOf], SecureEnd] | None = None
        self._air = air
        self._add_part = add_part
        self.on_plain: Tap | None = None
        self.on_client: Callable[[Owner, str], None] = lambda _owner, _at: None
        self._server: SecureEnd | None = None
        self._server_at = ""
        # The ends of the endpoints, with their addresses, by the identity of their owners.
        self._clients: dict[int, tuple[SecureEnd, str]] = {}
        self._own: set[str] = set()  # what the platform sees of them

    def open_server(
        self, address: str, deliver: Send, make: Callable[[Send, Send], SecureEnd]
    ) -> str:
        """Attach the platform at `address` by DTLS, too; returns where, without the scheme.

        Raises OSError, ValueError.
        """

        def send_sealed(to: str, datagram: bytes, now: float) -> None:
            self._air.send(self._server_at, to, datagram, now)

        def opened(peer: str, datagram: bytes, now: float) -> None:
            if self.on_plain is not None and peer not in self._own:
                self.on_plain(peer, COAPS + self._server_at, datagram, now)
            deliver(peer, datagram, now)

        self._server = end = make(send_sealed, opened)
        at = self._server_at = self._air.attach(address, end.receive)
        self.lead(at)
        self._add_part(end)
        return at

    def lead(self, target: str) -> None:
        """OneNET's secure addresses lead to `target`."""
        self._air.routes.update({one: target for one in ADDRESSES if one != target})

    def send_down(self, peer: str, datagram: bytes, now: float) -> None:
        """From the platform to a device."""
        if self._server is not None:
            if self.on_plain is not None:
                self.on_plain(COAPS + self._server_at, peer, datagram, now)
            self._server.send(peer, datagram, now)

    def send_up(self, owner: Owner, address: str, to: str, datagram: bytes, now: float) -> None:
        """From an endpoint, whose secure end is at `address`, to a server."""
        if self.make_client is None:
            return
        known = self._clients.get(id(owner))
        if known is None:
            known = self._clients[id(owner)] = self._open_client(owner, address, self.make_client)
        end, at = known
        if self.on_plain is not None:
            self.on_plain(COAPS + at, to, datagram, now)
        end.send(to, datagram, now)

    def _open_client(
        self,
        owner: Owner,
        address: str,
        make: Callable[[Send, Send, CredentialsOf], SecureEnd],
    ) -> tuple[SecureEnd, str]:
        at = ""

        def send_sealed(to: str, datagram: bytes, now: float) -> None:
            self._air.send(at, to, datagram, now)

        def opened(peer: str, datagram: bytes, now: float) -> None:
            if self.on_plain is not None and self._server is None:
                self.on_plain(peer, COAPS + at, datagram, now)
            owner.deliver(peer, datagram, now)

        end = make(send_sealed, opened, owner.credentials)
        at = self._air.attach(address, end.receive, lambda: owner.link)
        self._own.add(COAPS + at)
        self.on_client(owner, at)
        self._add_part(end)
        return end, at
