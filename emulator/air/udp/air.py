"""UDP air: one socket for each attached endpoint."""

from __future__ import annotations

import selectors
import socket
from collections.abc import Callable
from functools import partial
from ipaddress import ip_address

from emulator.air.addresses import join, split
from emulator.air.faults import NO_LINK, Faults, Link
from emulator.air.flights import Flow
from emulator.air.network import Air, Deliver
from emulator.air.udp.names import Names, Target
from emulator.air.udp.sockets import SocketAddress, bind, close, literal, read, text_of, watch

# guess: bounds memory. Destinations whose socket address is kept; then all are parsed again.
MAX_TARGETS = 20_000

# The address of the same reach in the other family: loopback, all of this machine.
_OTHER_FAMILY = {"127.0.0.1": "::1", "::1": "127.0.0.1", "0.0.0.0": "::", "::": "0.0.0.0"}  # noqa: S104


class UdpAir(Air):
    """Between sockets of this process, and to and from other programs.

    `run(call)` calls `call(now)`, and then does what follows from it: each arrival is such an
    input. An endpoint at 127.0.0.1 or [::1] reaches this machine only, in both families; one at
    0.0.0.0 or [::] all.
    """

    _goes_further = True

    def __init__(
        self,
        run: Callable[[Callable[[float], None]], object],
        faults: Faults | None = None,
        *,
        names: Names | None = None,
    ) -> None:
        super().__init__(faults)
        self._run = run
        self._names = Names() if names is None else names
        self._sockets: dict[str, dict[socket.AddressFamily, socket.socket]] = {}
        self._on_loopback: set[str] = set()
        self._targets: dict[str, Target | None] = {}  # None: a name
        # Finds the few of thousands of sockets that `poll` has to read. None: it was never called.
        self._selector: selectors.BaseSelector | None = None
        self._opened = 0  # sockets so far

    def attach(self, address: str, deliver: Deliver, link: Callable[[], Link] = Link) -> str:
        """Open a socket at `address`, an IP address and a port, 0 for a free one.

        Returns the address with its port. Call it in a running event loop. Raises OSError, and
        ValueError for an invalid address.
        """
        made = bind(address)
        attached = super().attach(text_of(made.getsockname()), deliver, link)
        if _is_loopback(made.getsockname()[0]):
            self._on_loopback.add(attached)
        self._sockets[attached] = {}
        self._attached[attached].seen = self._add(attached, made)
        return attached

    def detach(self, address: str) -> None:
        """Close its sockets. Does nothing if it is not attached."""
        self._on_loopback.discard(address)
        for made in self._sockets.pop(address, {}).values():
            self._seen.pop(_seen_of(made), None)
            if self._selector is not None:
                self._selector.unregister(made)
            close(made)
        super().detach(address)

    def close(self) -> None:
        """Close all sockets; what is in flight is lost."""
        super().close()
        self._names.close()
        if self._selector is not None:
            self._selector.close()
            self._selector = None

    def _add(self, attached: str, made: socket.socket) -> str:
        self._sockets[attached][made.family] = made
        watch(made, partial(self._on_readable, attached, made))
        if self._selector is not None:
            self._register(self._selector, attached, made)
        seen = _seen_of(made)
        self._seen[seen] = attached
        return seen

    # To a socket ---------------------------------------------------------------------------------

    def _led(self, destination: str) -> str:
        really = super()._led(destination)
        target = self._target(really)
        return really if target is None else text_of(target[1])

    def _target(self, address: str) -> Target | None:
        """The socket address; None for a name, or a text that is no address."""
        try:
            return self._targets[address]
        except KeyError:
            pass
        try:
            target = literal(address)
        except ValueError:
            target = None
        if len(self._targets) >= MAX_TARGETS:
            self._targets.clear()
        self._targets[address] = target
        return target

    def _arrive(self, flow: Flow, shown: str, datagram: bytes, now: float) -> bool:
        """The time of a datagram has come: it goes out by a socket, or has come in by one."""
        source, destination = flow
        if source in self._attached:
            return self._transmit(source, destination, datagram)
        receiver = self._attached.get(destination)
        if receiver is None:
            return False
        receiver.deliver(shown, datagram, now)
        return True

    def _transmit(self, source: str, destination: str, datagram: bytes) -> bool:
        target = self._target(destination)
        if target is not None:
            return self._put(source, target, datagram)
        try:
            split(destination)
        except ValueError as error:
            self.on_note(f"datagram of {source} lost: {error}")
            return False
        self._names.find(destination, partial(self._on_found, source, destination, datagram))
        return True

    def _on_found(
        self, source: str, destination: str, datagram: bytes, target: Target | None
    ) -> None:
        sent = False
        if target is None:
            self.on_note(f"datagram of {source} to {destination} lost: no address of this name")
        elif source in self._attached:
            used = self._routes.shown(source, destination)
            self._routes.remember(source, used, text_of(target[1]))
            sent = self._put(source, target, datagram)
        if not sent:  # it counts as carried since its time came
            self._flights.carried -= 1
            self._flights.lost += 1

    def _put(self, source: str, target: Target, datagram: bytes) -> bool:
        family, at = target
        try:
            further = source in self._on_loopback and not _is_loopback(at[0])
            if further and text_of(at) not in self._seen:
                raise OSError(
                    None, "an end on loopback reaches this machine only: see --allow-network"
                )
            made = self._sockets[source].get(family) or self._open_other(source)
            made.sendto(datagram, at)
        except OSError as error:  # also BlockingIOError: the socket's buffer is full
            self.on_note(f"datagram of {source} to {text_of(at)} lost: {error.strerror}")
            return False
        return True

    def _open_other(self, source: str) -> socket.socket:
        """The socket of the other family. Raises OSError."""
        host = _OTHER_FAMILY.get(split(source)[0])
        if host is None:
            raise OSError(None, "the socket is bound to an address of the other IP version")
        made = bind(join(host, 0))
        self._add(source, made)
        return made

    # From a socket -------------------------------------------------------------------------------

    def poll(self) -> None:
        """Take all that has arrived now, and what is sent because of it, without waiting."""
        while self.poll_some():
            pass

    def poll_some(self) -> bool:
        """Take some of what has arrived now. Returns whether there was something: what is sent
        because of it may have arrived, too.
        """
        if self._selector is None:
            self._selector = selectors.DefaultSelector()
            for attached, both in self._sockets.items():
                for made in both.values():
                    self._register(self._selector, attached, made)
        # In the order of opening, so that equal runs are equal.
        readable = sorted(key.data for key, _ in self._selector.select(0))
        for _, attached, made in readable:
            self._on_readable(attached, made)
        return bool(readable)

    def _register(
        self, selector: selectors.BaseSelector, attached: str, made: socket.socket
    ) -> None:
        self._opened += 1
        selector.register(made, selectors.EVENT_READ, (self._opened, attached, made))

    def _on_readable(self, attached: str, made: socket.socket) -> None:
        if made.fileno() < 0:  # closed because of an earlier datagram
            return
        arrived = read(made)
        if arrived:
            self._run(partial(self._on_datagrams, attached, arrived))

    def _on_datagrams(
        self, attached: str, arrived: list[tuple[bytes, SocketAddress]], now: float
    ) -> None:
        for datagram, at in arrived:
            receiver = self._attached.get(attached)
            if receiver is None:  # detached by an earlier datagram
                return
            source = text_of(at)
            shown = self._routes.shown(attached, source)
            if source in self._seen:  # it has met the faults before
                receiver.deliver(shown, datagram, now)
                continue
            if self.on_datagram is not None:
                self.on_datagram(shown, receiver.seen, datagram, now)
            self._launch((source, attached), shown, datagram, now, NO_LINK, receiver)


def _seen_of(made: socket.socket) -> str:
    """The address of `made` as programs of this machine see it."""
    host, port = made.getsockname()[:2]
    if ip_address(host).is_unspecified:
        host = "127.0.0.1" if made.family == socket.AF_INET else "::1"
    return join(host, port)


def _is_loopback(host: str) -> bool:
    """Of an IP address; quick, it is asked for each datagram."""
    return host.startswith("127.") or host == "::1"
