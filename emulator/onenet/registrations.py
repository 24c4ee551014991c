"""Who is logged in: registrations with their address, lifetime, objects and observations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from emulator.lwm2m import Path, Response, Uplink

# EXCHANGE_LIFETIME of CoAP: a message id means the same message for so long (RFC 7252 4.8.2).
EXCHANGE_LIFETIME = 247.0
# Tokens have 4 to 8 bytes: the first one that needs four.
_FIRST_TOKEN = 0x1000_0000


@dataclass(slots=True, eq=False)
class Observation:
    token: int
    path: Path
    _seen: dict[int, float] = field(default_factory=dict)  # message id: when, oldest first

    def repeated(self, mid: int, now: float) -> bool:
        """Whether the notification `mid` has come before; from now on it has."""
        while self._seen and now - next(iter(self._seen.values())) >= EXCHANGE_LIFETIME:
            del self._seen[next(iter(self._seen))]
        if mid in self._seen:
            return True
        self._seen[mid] = now
        return False


@dataclass(slots=True, eq=False)
class Registration:
    """One login of one endpoint; after its end (`expires` None) the last that was known of it.

    `resources` is what discovery found, by object. `answered` is the last request of the device
    with its answer and its time: a repetition gets the same answer.
    """

    endpoint: str
    location: str
    address: str
    lifetime: int
    expires: float | None
    objects: tuple[Path, ...]
    resources: dict[int, tuple[Path, ...]] = field(default_factory=dict)
    observations: dict[Path, Observation] = field(default_factory=dict)
    answered: tuple[Uplink, Response, float] | None = None

    @property
    def online(self) -> bool:
        return self.expires is not None

    def renew(self, now: float) -> None:
        self.expires = now + self.lifetime


class Registrations:
    """The newest registration of every endpoint."""

    def __init__(self) -> None:
        self._by_endpoint: dict[str, Registration] = {}
        self._by_token: dict[int, tuple[Registration, Observation]] = {}
        self._tokens = count(_FIRST_TOKEN)

    def register(
        self, endpoint: str, address: str, lifetime: int, objects: tuple[Path, ...], now: float
    ) -> Registration:
        """A new login, which replaces the one before: its observations are gone."""
        old = self._by_endpoint.pop(endpoint, None)
        if old is not None:
            self.end(old)
        # Location as in OneNET's C kit, which has it built in: `rd/` and what stands before `;`.
        location = f"rd/{endpoint.partition(';')[0]}"
        new = Registration(endpoint, location, address, lifetime, now + lifetime, objects)
        self._by_endpoint[endpoint] = new
        return new

    def get(self, endpoint: str) -> Registration | None:
        """The registration of this endpoint, whether online or over."""
        return self._by_endpoint.get(endpoint)

    def at_location(self, location: str) -> Registration | None:
        """The newest that is online there."""
        return next((r for r in self._online() if r.location == location), None)

    def at_address(self, address: str) -> Registration | None:
        """The newest that is online there."""
        return next((r for r in self._online() if r.address == address), None)

    def end(self, registration: Registration) -> None:
        """Offline from now on, without observations."""
        registration.expires = None
        for path in list(registration.observations):
            self.unobserve(registration, path)

    def forget(self, registration: Registration) -> None:
        """As if it had never been; only after `end`."""
        if self._by_endpoint.get(registration.endpoint) is registration:
            del self._by_endpoint[registration.endpoint]

    def observe(self, registration: Registration, path: Path) -> Observation:
        """A new observation under a token of its own, in place of any older one of `path`."""
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

    def expired(self, now: float) -> list[Registration]:
        """Those online whose lifetime is over."""
        return [
            registration
            for registration in self._by_endpoint.values()
            if registration.expires is not None and registration.expires <= now
        ]

    @property
    def deadline(self) -> float | None:
        """When the next lifetime is over."""
        return min(
            (r.expires for r in self._by_endpoint.values() if r.expires is not None), default=None
        )

    def _online(self) -> Iterator[Registration]:
        return (r for r in reversed(self._by_endpoint.values()) if r.online)
