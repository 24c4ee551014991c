"""Registrations: address, lifetime, objects and observations of each endpoint. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count

from emulator.air.messages import Response, Uplink, imei_of
from emulator.air.model import Path
from emulator.clock.deadlines import Deadlines

# CoAP EXCHANGE_LIFETIME, seconds: a message id names the same message for so long (RFC 7252 4.8.2).
EXCHANGE_LIFETIME = 247.0
# Tokens have 4 to 8 bytes: the first one that needs four.
_FIRST_TOKEN = 0x1000_0000


@dataclass(slots=True, eq=False)
class Observation:
    token: int
    path: Path
    _received: dict[int, float] = field(default_factory=dict)  # time by message id, oldest first

    def repeated(self, mid: int, now: float) -> bool:
        """Whether the notification `mid` was received before; records it."""
        while self._received and now - next(iter(self._received.values())) >= EXCHANGE_LIFETIME:
            del self._received[next(iter(self._received))]
        if mid in self._received:
            return True
        self._received[mid] = now
        return False


@dataclass(slots=True, eq=False)
class Registration:
    """One registration of one endpoint; after its end (`expires` None) the last known state.

    `number` counts all registrations. `lifetime` in seconds, `expires` in POSIX seconds.
    `resources`: result of discovery, by object. `answered`: the last request of the endpoint, its
    response and its time; a repeated request gets the same response.
    """

    number: int
    endpoint: str
    location: str
    address: str
    lifetime: int
    objects: tuple[Path, ...]
    expires: float | None = None
    resources: dict[int, tuple[Path, ...]] = field(default_factory=dict)
    observations: dict[Path, Observation] = field(default_factory=dict)
    answered: tuple[Uplink, Response, float] | None = None

    @property
    def online(self) -> bool:
        return self.expires is not None


class _Index:
    """Online registrations by a text that several may share."""

    def __init__(self) -> None:
        self._found: dict[str, list[Registration]] = {}

    def add(self, key: str, registration: Registration) -> None:
        self._found.setdefault(key, []).append(registration)

    def remove(self, key: str, registration: Registration) -> None:
        found = self._found[key]
        found.remove(registration)
        if not found:
            del self._found[key]

    def newest(self, key: str) -> Registration | None:
        found = self._found.get(key)
        if found is None:
            return None
        return found[0] if len(found) == 1 else max(found, key=lambda one: one.number)


class Registrations:
    """The newest registration of each endpoint. Every look-up takes constant time.

    `expiry`: when lifetimes are over; the caller must `end` what is due there.
    """

    def __init__(self) -> None:
        self._by_endpoint: dict[str, Registration] = {}
        self._by_location = _Index()
        self._by_address = _Index()
        self._by_token: dict[int, tuple[Registration, Observation]] = {}
        self._numbers = count()
        self._tokens = count(_FIRST_TOKEN)
        self.expiry: Deadlines[Registration] = Deadlines()

    def register(
        self, endpoint: str, address: str, lifetime: int, objects: tuple[Path, ...], now: float
    ) -> Registration:
        """A new registration, in place of the one before, which ends with its observations."""
        old = self._by_endpoint.get(endpoint)
        if old is not None:
            self.end(old)
        # Location as OneNET's C kit has it built in: `rd/` and the part of the endpoint before `;`.
        location = f"rd/{imei_of(endpoint)}"
        number = next(self._numbers)
        new = Registration(number, endpoint, location, address, lifetime, objects)
        self._by_endpoint[endpoint] = new
        self._by_location.add(location, new)
        self._by_address.add(address, new)
        self._renew(new, now)
        return new

    def update(
        self, registration: Registration, address: str, lifetime: int | None, now: float
    ) -> None:
        """Renew the online `registration`: it is at `address` now; `lifetime` None: unchanged."""
        if address != registration.address:
            self._by_address.remove(registration.address, registration)
            registration.address = address
            self._by_address.add(address, registration)
        registration.lifetime = lifetime or registration.lifetime
        self._renew(registration, now)

    def get(self, endpoint: str) -> Registration | None:
        """The newest registration of `endpoint`, online or ended."""
        return self._by_endpoint.get(endpoint)

    def online(self) -> list[Registration]:
        """All online registrations."""
        return [one for one in self._by_endpoint.values() if one.online]

    def at_location(self, location: str) -> Registration | None:
        """The newest online registration with this location."""
        return self._by_location.newest(location)

    def at_address(self, address: str) -> Registration | None:
        """The newest online registration at this address."""
        return self._by_address.newest(address)

    def end(self, registration: Registration) -> None:
        """Take it offline and drop its observations; does nothing if it has ended."""
        if not registration.online:
            return
        registration.expires = None
        self.expiry.set(registration, None)
        self._by_location.remove(registration.location, registration)
        self._by_address.remove(registration.address, registration)
        for path in list(registration.observations):
            self.unobserve(registration, path)

    def forget(self, endpoint: str) -> None:
        """Remove the registration of `endpoint` if it has ended."""
        registration = self._by_endpoint.get(endpoint)
        if registration is not None and not registration.online:
            del self._by_endpoint[endpoint]

    def observe(self, registration: Registration, path: Path) -> Observation:
        """A new observation under a new token, in place of an older one of `path`."""
        self.unobserve(registration, path)
        observation = Observation(next(self._tokens), path)
        registration.observations[path] = observation
        self._by_token[observation.token] = registration, observation
        return observation

    def unobserve(self, registration: Registration, path: Path) -> None:
        observation = registration.observations.pop(path, None)
        if observation is not None:
            del self._by_token[observation.token]

    def observed(self, token: int) -> tuple[Registration, Observation] | None:
        return self._by_token.get(token)

    def _renew(self, registration: Registration, now: float) -> None:
        registration.expires = now + registration.lifetime
        self.expiry.set(registration, registration.expires)
