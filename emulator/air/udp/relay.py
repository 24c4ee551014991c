"""A UDP relay with faults, between foreign clients and a foreign server."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address
from typing import Self

from emulator.air.addresses import join
from emulator.air.faults import Faults
from emulator.air.flights import Flights, Flow
from emulator.air.udp.sockets import SocketAddress, bind, close, literal, read, text_of, watch
from emulator.clock.clocks import Clock, LoopClock, Timer

# guess: bounds memory and descriptors. Clients at once; the one silent for longest is forgotten.
MAX_CLIENTS = 256


@dataclass(slots=True)
class _Client:
    """`at`: its address; `upstream`: what the server gets its datagrams from."""

    at: SocketAddress
    upstream: socket.socket | None = None

    def close(self) -> None:
        if self.upstream is not None:
            close(self.upstream)
            self.upstream = None


class UdpRelay:
    """Clients send to `address` instead of to `server`; each has a socket of its own towards it.

    `faults` may be changed at any time. `rebind` changes the address of every client, as a NAT
    does. `on_datagram(source, destination, datagram, now)` is called for each datagram that comes
    in, with the addresses of client and server.

        with UdpRelay("127.0.0.1:5683", faults=Faults(loss=0.3)) as relay:
            ...  # in an event loop: the client uses relay.address
    """

    def __init__(
        self,
        server: str,
        *,
        faults: Faults | None = None,
        listen: str = "127.0.0.1:0",
        clock: Clock | None = None,
    ) -> None:
        """Raises ValueError unless `server` is an IP address and port, as in 127.0.0.1:5683."""
        target = literal(server)
        if target is None:
            raise ValueError(f"server {server}: expected an IP address and a port")
        self.faults = Faults(latency=0) if faults is None else faults
        self.on_datagram: Callable[[str, str, bytes, float], None] | None = None
        self.address = ""  # where clients send to, once open
        self._listen = listen
        family, self._server = target
        four = family == socket.AF_INET
        self._here = "0.0.0.0" if four else "::"  # noqa: S104 - if the server is further away
        if ip_address(self._server[0]).is_loopback:
            self._here = "127.0.0.1" if four else "::1"
        self._clock = LoopClock() if clock is None else clock
        self._flights = Flights(self.faults, self._arrive)
        self._timer: Timer | None = None
        self._due: float | None = None
        self._front: socket.socket | None = None
        # By the text of its address; whose datagram came last is the last.
        self._clients: dict[str, _Client] = {}

    @property
    def carried(self) -> int:
        return self._flights.carried

    @property
    def lost(self) -> int:
        return self._flights.lost

    def __enter__(self) -> Self:
        """Raises OSError if `listen` is not free, and ValueError if it is no IP address."""
        self._clock.start()
        self._front = bind(self._listen)
        self.address = text_of(self._front.getsockname())
        watch(self._front, self._on_clients)
        return self

    def __exit__(self, *_: object) -> None:
        self.rebind()
        self._clients.clear()
        self._flights.drop()
        self._set_timer()
        if self._front is not None:
            close(self._front)
            self._front = None

    def rebind(self) -> None:
        """The server sees each client at a new address from its next datagram on."""
        for client in self._clients.values():
            client.close()

    def _on_clients(self) -> None:
        assert self._front is not None
        server = text_of(self._server)
        for datagram, at in read(self._front):
            name = text_of(at)
            client = self._clients.pop(name, None) or _Client(at)
            if len(self._clients) >= MAX_CLIENTS:
                self._clients.pop(next(iter(self._clients))).close()
            self._clients[name] = client
            self._launch((name, server), datagram)

    def _on_server(self, name: str, made: socket.socket) -> None:
        for datagram, at in read(made):
            if at[:2] == self._server[:2]:
                self._launch((text_of(self._server), name), datagram)

    def _launch(self, flow: Flow, datagram: bytes) -> None:
        now = self._clock.now()
        if self.on_datagram is not None:
            self.on_datagram(*flow, datagram, now)
        self._flights.launch(flow, flow[0], datagram, now)
        self._flights.step(now)
        self._set_timer()

    def _arrive(self, flow: Flow, _shown: str, datagram: bytes, _now: float) -> bool:
        source, destination = flow
        upward = destination == text_of(self._server)
        client = self._clients.get(source if upward else destination)
        if client is None or self._front is None:
            return False
        try:
            if upward:
                self._towards_server(source, client).sendto(datagram, self._server)
            else:
                self._front.sendto(datagram, client.at)
        except OSError:  # the socket's buffer is full, or no descriptor is left
            return False
        return True

    def _towards_server(self, name: str, client: _Client) -> socket.socket:
        """Raises OSError."""
        if client.upstream is None:
            made = client.upstream = bind(join(self._here, 0))
            watch(made, partial(self._on_server, name, made))
        return client.upstream

    def _set_timer(self) -> None:
        due = self._flights.deadline
        if due == self._due:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._due = due
        self._timer = None if due is None else self._clock.call_at(due, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = self._due = None
        self._flights.step(self._clock.now())
        self._set_timer()
