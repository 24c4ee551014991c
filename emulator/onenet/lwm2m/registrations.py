"""Who is logged in: registrations with their address, lifetime, objects and observations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from itertools import count

from emulator.air.messages import Path, Response, Uplink

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


class Registrations:
    """The newest registration of every endpoint."""

    def __init__(self) -> None:
        self._by_endpoint: dict[str, Registration] = {}
        self._by_token: dict[int, tuple[Registration, Observation]] = {}
        self._tokens = count(_FIRST_TOKEN)
        # By the end of their lifetime; entries that no longer hold among them, so that a fleet of
        # registrations costs nothing while none ends.
        self._ends: list[tuple[float, int, Registration]] = []
        self._entries = count()

    def register(
        self, endpoint: str, address: str, lifetime: int, objects: tuple[Path, ...], now: float
    ) -> Registration:
        """A new login, which replaces the one before: its observations are gone."""
        old = self._by_endpoint.pop(endpoint, None)
        if old is not None:
            self.end(old)
        # Location as in OneNET's C kit, which has it built in: `rd/` and what stands before `;`.
        location = f"rd/{endpoint.partition(';')[0]}"
        new = Registration(endpoint, location, address, lifetime, None, objects)
        self._by_endpoint[endpoint] = new
        self.renew(new, now)
        return new

    def renew(self, registration: Registration, now: float) -> None:
        """Its lifetime begins anew."""
        ends = now + registration.lifetime
        if registration.expires == ends:
            return
        registration.expires = ends
        if len(self._ends) > 2 * len(self._by_endpoint) + 16:
            self._ends = [entry for entry in self._ends if _holds(entry)]
            heapify(self._ends)
        heappush(self._ends, (ends, next(self._entries), registration))

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
        """Those online whose lifetime is over; each is told once, for the caller to `end`."""
        over = []
        while (at := self.deadline) is not None and at <= now:
            over.append(heappop(self._ends)[2])
        return over

    @property
    def deadline(self) -> float | None:
        """When the next lifetime is over."""
        while self._ends and not _holds(self._ends[0]):
            heappop(self._ends)
        return self._ends[0][0] if self._ends else None

    def _online(self) -> Iterator[Registration]:
        return (r for r in reversed(self._by_endpoint.values()) if r.online)


def _holds(entry: tuple[float, int, Registration]) -> bool:
    at, _, registration = entry
    return registration.expires == at
