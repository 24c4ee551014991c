"""Registrations: address, lifetime, objects and observations of each endpoint. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count

from emulator.clock.deadlines import Deadlines
from emulator.lwm2m.model import Path
from emulator.onenet.endpoint_names import imei_of

# Seconds for which a client in queue mode listens after it has sent something: MAX_TRANSMIT_WAIT of
# CoAP, as LwM2M 1.0.2 section 8.3 recommends.
AWAKE_TIME = 93.0


@dataclass(slots=True, eq=False)
class Registration:
    """One registration of one endpoint; after its end (`expires` None) the last known state.

    `number` counts all registrations. `lifetime` in seconds, `expires` in POSIX seconds. `root`:
    path of its objects, `("lwm2m",)` for `/lwm2m/3303/0`. `accept_tlv`: it must be asked for TLV.
    `resources`: result of discovery, by object. `observations`: tokens by what is observed.
    `unanswered`: the newest token of an observe without an answer, by what it asks for. `doubtful`:
    it has sent a notification of no observation, so it may have lost another one. `queue`: in queue
    mode. `last_seen`: when it has sent something last. `continued`: its endpoint was online just
    before, by it or by one that it replaced.
    """

    number: int
    endpoint: str
    location: tuple[str, ...]
    address: str
    lifetime: int
    objects: tuple[Path, ...]
    root: tuple[str, ...] = ()
    accept_tlv: bool = False
    doubtful: bool = False
    queue: bool = False
    continued: bool = False
    last_seen: float = 0.0
    expires: float | None = None
    resources: dict[int, tuple[Path, ...]] = field(default_factory=dict)
    observations: dict[Path, bytes] = field(default_factory=dict)
    unanswered: dict[Path, bytes] = field(default_factory=dict)

    @property
    def online(self) -> bool:
        return self.expires is not None

    def asleep(self, now: float) -> bool:
        """Whether it has announced that it does not listen now."""
        return self.queue and now - self.last_seen > AWAKE_TIME


class Registrations:
    """The newest registration of each endpoint. Every look-up takes constant time.

    `expiry`: when lifetimes are over; the caller must `end` what is due there.
    """

    def __init__(self) -> None:
        self._by_endpoint: dict[str, Registration] = {}
        # Endpoints whose names differ after the `;` have the same location.
        self._by_location: dict[tuple[str, ...], list[Registration]] = {}
        self._by_address: dict[str, Registration] = {}  # the newest of each
        self._numbers = count()
        self.expiry: Deadlines[Registration] = Deadlines()

    def register(
        self, endpoint: str, address: str, lifetime: int, objects: tuple[Path, ...], now: float
    ) -> Registration:
        """A new registration, in place of the one before, which must have been ended."""
        # Location as OneNET's C kit has it built in: `rd/` and the part of the endpoint before `;`.
        location = ("rd", imei_of(endpoint))
        new = Registration(next(self._numbers), endpoint, location, address, lifetime, objects)
        self._by_endpoint[endpoint] = new
        self._by_location.setdefault(location, []).append(new)
        self._by_address[address] = new
        self._renew(new, now)
        return new

    def restore(self, registration: Registration) -> None:
        """Take one of an earlier process; it is online until it `expires`."""
        registration.number = next(self._numbers)
        self._by_endpoint[registration.endpoint] = registration
        if registration.expires is not None:
            self._by_location.setdefault(registration.location, []).append(registration)
            self._by_address[registration.address] = registration
            self.expiry.set(registration, registration.expires)

    def update(self, registration: Registration, lifetime: int | None, now: float) -> None:
        """Renew the online `registration`; `lifetime` None: unchanged."""
        registration.lifetime = lifetime or registration.lifetime
        self._renew(registration, now)

    def get(self, endpoint: str) -> Registration | None:
        """The newest registration of `endpoint`, online or ended."""
        return self._by_endpoint.get(endpoint)

    def online(self) -> list[Registration]:
        """All online registrations."""
        return [one for one in self._by_endpoint.values() if one.online]

    def moved(self, registration: Registration, address: str) -> None:
        """It is at `address` now."""
        if self._by_address.get(registration.address) is registration:
            del self._by_address[registration.address]
        registration.address = address
        if registration.online:
            self._by_address[address] = registration

    def at_address(self, address: str) -> Registration | None:
        """The online registration that was last seen at `address`."""
        return self._by_address.get(address)

    def at_location(self, location: tuple[str, ...]) -> Registration | None:
        """The newest online registration with this location."""
        found = self._by_location.get(location)
        return None if found is None else max(found, key=lambda one: one.number)

    def end(self, registration: Registration) -> None:
        """Take it offline; does nothing if it has ended."""
        if not registration.online:
            return
        registration.expires = None
        if self._by_address.get(registration.address) is registration:
            del self._by_address[registration.address]
        self.expiry.set(registration, None)
        found = self._by_location[registration.location]
        found.remove(registration)
        if not found:
            del self._by_location[registration.location]

    def forget(self, endpoint: str) -> None:
        """Drop the ended registration of `endpoint`, if there is one."""
        registration = self._by_endpoint.get(endpoint)
        if registration is not None and not registration.online:
            del self._by_endpoint[endpoint]

    def _renew(self, registration: Registration, now: float) -> None:
        registration.expires = now + registration.lifetime
        self.expiry.set(registration, registration.expires)
