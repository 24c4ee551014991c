"""Simulation: platform, air and endpoints, stepped together through each deadline. No clock.

Pure. `Scheduler` drives it by a clock; tests drive it by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Protocol

from emulator.air.addresses import COAPS
from emulator.air.faults import Link
from emulator.air.network import Air, MemoryAir
from emulator.clock.deadlines import Deadlines, earliest
from emulator.onenet.misbehaviour import Misbehaviour
from emulator.onenet.platform import Platform
from emulator.simulation.secure import SecureEnds


class Part(Protocol):
    """Something that is stepped.

    The simulation sets `on_change`. The part calls it whenever something else than `step` may have
    changed its deadline; otherwise a `step` before the deadline does nothing.
    """

    on_change: Callable[[], None]

    def step(self, now: float) -> float | None:
        """Do what is due at `now`; return the next deadline, None if nothing is planned."""


class Endpoint(Part, Protocol):
    """An LwM2M client: an emulated module, or a test's device.

    The simulation sets `send_up` (destination, datagram, time). `link`: what its place adds to the
    air.
    """

    send_up: Callable[[str, bytes, float], None]

    @property
    def link(self) -> Link: ...

    def deliver(self, source: str, datagram: bytes, now: float) -> None: ...

    def credentials(self, server: str) -> tuple[str, bytes] | None:
        """Identity and key for DTLS with a server; None: it has no key."""


# Addresses of OneNET: the access machine (OneNET guide 5.1.1), and the bootstrap server by number
# and by name (its FAQ of 2019).
ACCESS_MACHINE = "183.230.40.40:5683"
BOOTSTRAP_SERVERS = ("183.230.40.39:5683", "nbiotbt.heclouds.com:5683")
_SECURE = 0x8000  # added to the number of an endpoint, for the address of its secure end


def _behind_nat(number: int) -> str:
    """An address of carrier-grade NAT, as modules have, and the port of OneNET's examples."""
    return f"100.64.{number >> 8 & 255}.{number & 255}:56830"


class Simulation:
    """Connects platform, misbehaviour, air and endpoints, and steps each at its own deadlines.

        endpoint -> air -> misbehaviour -> server
        endpoint <- air <- misbehaviour <- server

    A part costs nothing while it is not due, so there may be thousands of endpoints. Call `step`
    before and after anything else is done to a part, so that all have the same time.

    `on_change` is called when a part has changed, except while `busy`: during `step`, or when the
    caller says that one will follow. `outputs` are the `flush` callbacks of the parts stepped so
    far, each once, in order; the caller empties it. `addresses`: host:port where the server is
    reached besides the addresses of OneNET. An air of sockets needs `open`.
    """

    def __init__(self, platform: Platform, air: Air, addresses: Iterable[str] = ()) -> None:
        self.server = server = platform.server
        self.air = air
        self.misbehaviour = Misbehaviour(server, self._send_down)
        self.busy = False
        self.on_change: Callable[[], None] = lambda: None
        self.outputs: dict[Callable[[], None], None] = {}
        server.send = self.misbehaviour.send
        self.led = frozenset((ACCESS_MACHINE, *BOOTSTRAP_SERVERS, *addresses))
        self._platform = ""  # its address
        self.secure = SecureEnds(air, lambda part: self._add_part(part, None))
        self.secure.on_client = self._on_secure_end
        self._ends: list[Endpoint] = []
        self._numbers: dict[str, int] = {}  # of an end, by its addresses
        self._address_of: Callable[[int], str] | None = None  # of an end, by its number
        self._parts: list[tuple[Part, Callable[[], None] | None]] = []
        self._deadlines: Deadlines[int] = Deadlines()  # by the part's index
        self._changed: set[int] = set()
        self._add_part(server, None)
        self._add_part(platform, None)
        self._add_part(self.misbehaviour, None)
        if isinstance(air, MemoryAir):
            self.open(ACCESS_MACHINE, _behind_nat)

    def open(self, platform: str | None, address_of: Callable[[int], str], target: str = "") -> str:
        """Attach the server at the address `platform`, and each endpoint at that of its number.

        The addresses `led`, OneNET's and others, lead to the server. `platform` None: they lead to
        `target`, another server; empty: they lead nowhere. Returns where they lead. Raises OSError,
        ValueError.
        """
        if platform is not None:
            self._platform = target = self.air.attach(platform, self.misbehaviour.receive)
        if target:
            self.air.routes.update({address: target for address in self.led if address != target})
        self._address_of = address_of
        for number in range(1, len(self._ends) + 1):
            self._attach(number)
        return target

    def add(self, endpoint: Endpoint, flush: Callable[[], None] | None = None) -> str:
        """Attach `endpoint` to the air; returns its address, empty before `open`.

        `flush` goes to `outputs` each time that the endpoint is stepped.
        """
        self._ends.append(endpoint)
        self._add_part(endpoint, flush)
        return "" if self._address_of is None else self._attach(len(self._ends))

    def _attach(self, number: int) -> str:
        assert self._address_of is not None
        endpoint = self._ends[number - 1]
        wanted = self._address_of(number)
        address = self.air.attach(wanted, endpoint.deliver, lambda: endpoint.link)
        self._numbers[self.air.seen(address)] = number
        endpoint.send_up = partial(self._send_up, number, address)
        return address

    def number_of(self, address: str) -> int:
        """The number of the endpoint at an address, as taps of the air have it, in the order of
        adding from 1; 0 for none.
        """
        return self._numbers.get(address, 0)

    def _on_secure_end(self, owner: object, address: str) -> None:
        number = next(n for n, one in enumerate(self._ends, 1) if one is owner)
        self._numbers[self.air.seen(address)] = self._numbers[COAPS + address] = number

    def _send_up(self, number: int, source: str, to: str, datagram: bytes, now: float) -> None:
        if not to.startswith(COAPS):
            self.air.send(source, to, datagram, now)
        elif self._address_of is not None:
            at = self._address_of(_SECURE + number)
            self.secure.send_up(self._ends[number - 1], at, to, datagram, now)

    def _send_down(self, address: str, datagram: bytes, now: float) -> None:
        if not address.startswith(COAPS):
            self.air.send(self._platform, address, datagram, now)
        else:
            self.secure.send_down(address, datagram, now)

    def step(self, now: float) -> float | None:
        """Do everything that is due up to `now`, each thing at its own time and in that order.

        Returns the next deadline, None if nothing is planned. How often it is called makes no
        difference to what happens.
        """
        self.busy = True
        try:
            deadline = earliest(self._deadlines.next, self.air.deadline)
            while deadline is not None and deadline < now:
                deadline = self._settle(deadline)
            if self._changed or deadline == now:
                deadline = self._settle(now)
        finally:
            self.busy = False
        return deadline

    def _add_part(self, part: Part, flush: Callable[[], None] | None) -> None:
        index = len(self._parts)
        self._parts.append((part, flush))
        part.on_change = partial(self._part_changed, index)
        self._changed.add(index)

    def _part_changed(self, index: int) -> None:
        self._changed.add(index)
        if not self.busy:
            self.on_change()

    def _settle(self, now: float) -> float | None:
        """Do all that happens at `now`, until nothing more does; returns the next deadline."""
        while True:
            part_due, arrival = self._deadlines.next, self.air.deadline
            if self._changed or (part_due is not None and part_due <= now):
                self._step_parts(now)
            elif arrival is not None and arrival <= now:
                self.air.step(now)
            else:
                return earliest(part_due, arrival)

    def _step_parts(self, now: float) -> None:
        """Step the parts that are due or have changed, in the order of their adding."""
        stepped = sorted({*self._deadlines.pop_due(now), *self._changed})
        self._changed.clear()
        for index in stepped:
            part, flush = self._parts[index]
            deadline = part.step(now)
            assert deadline is None or deadline > now, "a part is still due after its step"
            self._deadlines.set(index, deadline)
            if flush is not None:
                self.outputs[flush] = None
