"""The air as its ends see it, and the one in memory, between addresses of one process. Pure."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from emulator.air.faults import NO_LINK, Faults, Link
from emulator.air.flights import Flights, Flow
from emulator.air.routes import Routes

Deliver = Callable[[str, bytes, float], None]
Tap = Callable[[str, str, bytes, float], None]


def all_of(taps: Sequence[Tap]) -> Tap:
    """One that calls all of them, in order."""

    def tap(source: str, destination: str, datagram: bytes, now: float) -> None:
        for each in taps:
            each(source, destination, datagram, now)

    return tap


@dataclass(slots=True)
class Attachment:
    """An endpoint: `deliver(source, datagram, now)`; `seen`: its address as others see it;
    `sent`: when it has sent last.
    """

    deliver: Deliver
    link: Callable[[], Link]
    seen: str
    sent: float = field(default=float("-inf"))


class Air(ABC):
    """Carries datagrams between addresses, `host:port` as text.

    `faults` may be changed at any time; the links of both ends add to it. `on_datagram(source,
    destination, datagram, now)` is called for each datagram that is sent, also if it is lost, with
    the addresses as the end before the NAT sees them. `on_note` gets a text for each datagram that
    could not be sent, where the air knows why. Call `step` at `deadline`.
    """

    _goes_further = False  # whether there are receivers that are not attached

    def __init__(self, faults: Faults | None = None) -> None:
        self.faults = Faults() if faults is None else faults
        self.on_datagram: Tap | None = None
        self.on_note: Callable[[str], object] = lambda _text: None
        self._routes = Routes()
        self._attached: dict[str, Attachment] = {}
        self._seen: dict[str, str] = {}  # the attached address by what others see
        self._flights = Flights(self.faults, self._arrive)

    @property
    def routes(self) -> dict[str, str]:
        """Where datagrams to an address go instead; names of hosts in lower case.

        The sender sees replies come from the address that it had sent to, as behind a NAT.
        """
        return self._routes.to

    @property
    def carried(self) -> int:
        """Arrivals so far; a datagram that was duplicated counts twice."""
        return self._flights.carried

    @property
    def lost(self) -> int:
        """Datagrams so far that never arrived."""
        return self._flights.lost

    @property
    def deadline(self) -> float | None:
        """When the next datagram arrives (POSIX seconds)."""
        return self._flights.deadline

    def attach(self, address: str, deliver: Deliver, link: Callable[[], Link] = Link) -> str:
        """Datagrams to `address` go to `deliver` from now on. Returns the address."""
        self._attached[address] = Attachment(deliver, link, address)
        self._seen[address] = address
        return address

    def seen(self, address: str) -> str:
        """An attached address, as others see it."""
        return self._attached[address].seen

    def detach(self, address: str) -> None:
        """What is on the way to `address` is lost. Does nothing if it is not attached."""
        if self._attached.pop(address, None) is not None:
            self._seen.pop(address, None)
            self._routes.forget(address)

    def send(self, source: str, destination: str, datagram: bytes, now: float) -> None:
        """Send `datagram` from `source`. It is lost if `source` is not attached, or if no endpoint
        is reached at `destination`.
        """
        sender = self._attached.get(source)
        if sender is None:
            self._flights.lost += 1
            return
        really = self._led(destination)
        end = self._seen.get(really, really)
        receiver = self._attached.get(end)
        shown = self._routes.shown(end, sender.seen)
        if self.on_datagram is not None:
            direct = receiver if really == destination else None
            to = destination if direct is None else direct.seen
            self.on_datagram(shown, to, datagram, now)
        sender.sent = now
        self._routes.remember(source, destination, really)
        self._launch((source, really), shown, datagram, now, sender.link(), receiver)

    def step(self, now: float) -> None:
        """Deliver what arrives by `now`, in order of arrival, then of sending."""
        self._flights.step(now)

    def close(self) -> None:
        """Detach all; what is in flight is lost."""
        for address in tuple(self._attached):
            self.detach(address)
        self._flights.drop()

    def _launch(
        self,
        flow: Flow,
        shown: str,
        datagram: bytes,
        now: float,
        sender: Link,
        receiver: Attachment | None,
    ) -> None:
        link = NO_LINK if receiver is None else receiver.link()
        if receiver is None:
            reached = self._goes_further
        else:
            reached = link.window is None or now - receiver.sent <= link.window
        if not reached:
            self._flights.lost += 1
        else:
            self._flights.launch(flow, shown, datagram, now, sender, link)

    def _led(self, destination: str) -> str:
        """Where a datagram to `destination` really goes."""
        return self._routes.led(destination)

    @abstractmethod
    def _arrive(self, flow: Flow, shown: str, datagram: bytes, now: float) -> bool:
        """Give the datagram to the receiver; False if there is none."""


class MemoryAir(Air):
    """Between the endpoints attached to it; a datagram to another address is lost."""

    def _arrive(self, flow: Flow, shown: str, datagram: bytes, now: float) -> bool:
        receiver = self._attached.get(flow[1])
        if receiver is None:
            return False
        receiver.deliver(shown, datagram, now)
        return True
