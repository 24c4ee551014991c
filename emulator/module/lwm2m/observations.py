"""Observations of the platform, and the host's reports that are sent on them or held for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from emulator.air.messages import CancelObserve, Notification, Observe, Uplink
from emulator.air.model import Item, Path
from emulator.module.lwm2m.exchange import MAX_TRANSMIT_WAIT, Exchanges
from emulator.module.lwm2m.objects import INSTANCE_LIMIT

HELD_LIMIT = INSTANCE_LIMIT  # guess: reports that wait for their observation, one an instance
OBSERVATION_LIMIT = 64  # guess: bounds the memory; the platform makes one for each instance
# guess: seconds that a report is held, as long as one that was sent is repeated; without an
# observation it is lost although it was accepted (OneNET FAQ of 2019)
HELD_TIME = MAX_TRANSMIT_WAIT
SENT_LIMIT = 64  # notifications whose Reset is still matched


@dataclass(slots=True)
class _Observation:
    token: int
    path: Path
    sequence: int = 0  # the answer to the observe request counts as 0


@dataclass(slots=True)
class _Report:
    """A complete report; `parts` of it are not yet acknowledged, or not yet sent."""

    ackid: int
    parts: int = 0


@dataclass(frozen=True, slots=True)
class _Held:
    report: _Report
    items: tuple[Item, ...]  # all of one instance
    since: float


class Observations:
    """`send` transmits a message; `acknowledged` is called with the ackid of each report whose
    parts the platform has all acknowledged.
    """

    def __init__(
        self,
        send: Callable[[Uplink], None],
        exchanges: Exchanges,
        acknowledged: Callable[[int], None],
    ) -> None:
        self._send = send
        self._exchanges = exchanges
        self._acknowledged = acknowledged
        self._observations: dict[int, _Observation] = {}  # by token
        self._held: list[_Held] = []
        self._confirmable: dict[int, _Report] = {}  # by mid
        self._sent: dict[int, int] = {}  # mid to token, oldest first

    @property
    def paths(self) -> tuple[Path, ...]:
        """What the platform observes."""
        return tuple(observation.path for observation in self._observations.values())

    @property
    def held(self) -> int:
        """Parts of reports that wait for an observation."""
        return len(self._held)

    def clear(self) -> None:
        """End of the registration: drop the observations and the held reports."""
        self._observations.clear()
        self._held.clear()
        self._confirmable.clear()
        self._sent.clear()

    def observe(self, request: Observe) -> bool:
        """Add an observation; False when there are too many.

        Held reports stay held: call `release` once the request is answered.
        """
        self.cancel(request)  # RFC 7641 4.1: the newer replaces the older
        if len(self._observations) >= OBSERVATION_LIMIT:
            return False
        self._observations[request.token] = _Observation(request.token, request.path)
        return True

    def cancel(self, request: Observe | CancelObserve) -> bool:
        """Remove the observation of this path; False when there is none."""
        for token, observation in self._observations.items():
            if observation.path == request.path:
                del self._observations[token]
                return True
        return False

    def remove_instance(self, instance: Path) -> None:
        """The instance is deleted: drop its observations and its held reports."""
        for token, observation in list(self._observations.items()):
            if instance.covers(observation.path):
                del self._observations[token]
        self._held = [held for held in self._held if not instance.covers(held.items[0].path)]

    def release(self, now: float) -> None:
        """Send the held reports that are observed now, in order."""
        self._drop_old(now)
        waiting, self._held = self._held, []
        for held in waiting:
            held.report.parts -= 1
            self._send_or_hold(held.report, held.items, now, held.since)

    def _drop_old(self, now: float) -> None:
        self._held = [held for held in self._held if now - held.since < HELD_TIME]

    def has_room_for(self, paths: Iterable[Path], now: float) -> bool:
        """Whether a report of these resources can be sent, or held for its observations."""
        if not self._held:
            return True
        self._drop_old(now)
        unobserved = {
            path.instance_path
            for path in paths
            if not any(one.path.covers(path) for one in self._observations.values())
        }
        return len(self._held) + len(unobserved) <= HELD_LIMIT

    def report(self, items: tuple[Item, ...], ackid: int, now: float) -> None:
        """Send a complete report; an ackid above 0 asks for an acknowledgement."""
        report = _Report(ackid)
        by_instance: dict[Path, list[Item]] = {}
        for item in items:
            by_instance.setdefault(item.path.instance_path, []).append(item)
        for group in by_instance.values():
            self._send_or_hold(report, tuple(group), now, now)

    def _send_or_hold(
        self, report: _Report, items: tuple[Item, ...], now: float, since: float
    ) -> None:
        """Send the items of one instance on every observation that covers some of them."""
        covered = False
        for observation in list(self._observations.values()):
            part = tuple(item for item in items if observation.path.covers(item.path))
            if part:
                covered = True
                self._notify(observation, part, report, now)
        if not covered:
            report.parts += 1
            self._held.append(_Held(report, items, since))

    def _notify(
        self, observation: _Observation, items: tuple[Item, ...], report: _Report, now: float
    ) -> None:
        token = observation.token
        observation.sequence = sequence = (observation.sequence + 1) & 0xFFFFFF
        mid = self._exchanges.next_mid()
        notification = Notification(mid, token, sequence, items, confirmable=report.ackid > 0)
        self._sent.pop(mid, None)
        self._sent[mid] = token
        if len(self._sent) > SENT_LIMIT:
            del self._sent[next(iter(self._sent))]
        if notification.confirmable:
            report.parts += 1
            self._confirmable[mid] = report
            self._exchanges.begin(notification, now)
        self._send(notification)

    def acknowledge(self, mid: int) -> None:
        """The platform has acknowledged the notification `mid`."""
        self._exchanges.end(mid)
        report = self._confirmable.pop(mid, None)
        if report is None:
            return
        report.parts -= 1
        if report.parts == 0:
            self._acknowledged(report.ackid)

    def give_up(self, mid: int) -> None:
        """No acknowledgement came for the notification `mid`, so none for its report."""
        self._confirmable.pop(mid, None)

    def reset(self, mid: int) -> None:
        """The platform has no observation for the notification `mid` (RFC 7641 3.2)."""
        self._exchanges.end(mid)
        self._confirmable.pop(mid, None)
        token = self._sent.pop(mid, None)
        if token is not None:
            self._observations.pop(token, None)
