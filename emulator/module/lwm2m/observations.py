"""Reports: what the host notifies, sent on the platform's observations or held until one comes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from emulator.air.messages import CancelObserve, Item, Notification, Observe, Path, Uplink
from emulator.module.lwm2m.exchange import Exchanges
from emulator.module.lwm2m.objects import covers, parent

HELD_LIMIT = 8  # reports that wait for their observation; the oldest is dropped. A guess.
OBSERVATION_LIMIT = 64  # a guess; the platform makes one for each instance
SENT_LIMIT = 64  # notifications whose Reset is still understood

Send = Callable[[Uplink], None]


@dataclass(frozen=True, slots=True)
class _Observation:
    token: int
    path: Path
    sequence: int = 0  # the answer to the observe request counts as 0


@dataclass(slots=True)
class _Report:
    """One completed report; `parts` of it are not yet acknowledged, or not even sent."""

    ackid: int
    parts: int = 0


@dataclass(frozen=True, slots=True)
class _Held:
    report: _Report
    items: tuple[Item, ...]  # all of one instance


class Reports:
    """`acknowledged` is called with the ackid of each report that the platform has wholly taken."""

    def __init__(
        self, send: Send, exchanges: Exchanges, acknowledged: Callable[[int], None]
    ) -> None:
        self._send = send
        self._exchanges = exchanges
        self._acknowledged = acknowledged
        self._observations: dict[int, _Observation] = {}  # by token
        self._held: deque[_Held] = deque(maxlen=HELD_LIMIT)
        self._confirmable: dict[int, _Report] = {}  # by mid
        self._sent: dict[int, int] = {}  # mid to token, oldest first

    @property
    def observed(self) -> tuple[Path, ...]:
        return tuple(observation.path for observation in self._observations.values())

    @property
    def held(self) -> int:
        return len(self._held)

    def clear(self) -> None:
        """The login is over: so are the observations, and what waited for them."""
        self._observations.clear()
        self._held.clear()
        self._confirmable.clear()
        self._sent.clear()

    def observe(self, request: Observe) -> bool:
        """Follow an observe request; False when there are too many.

        What was held stays held until `release`: call that once the request is answered.
        """
        for token, observation in list(self._observations.items()):
            if observation.path == request.path:
                del self._observations[token]  # RFC 7641 4.1: the newer replaces the older
        if len(self._observations) >= OBSERVATION_LIMIT:
            return False
        self._observations[request.token] = _Observation(request.token, request.path)
        return True

    def cancel(self, request: CancelObserve) -> bool:
        """False when nothing with this path is observed."""
        for token, observation in list(self._observations.items()):
            if observation.path == request.path:
                del self._observations[token]
                return True
        return False

    def forget(self, instance: Path) -> None:
        """The instance is deleted: its observations and its held reports go with it."""
        for token, observation in list(self._observations.items()):
            if covers(instance, observation.path):
                del self._observations[token]
        kept = [held for held in self._held if not covers(instance, held.items[0].path)]
        self._held = deque(kept, maxlen=HELD_LIMIT)

    def release(self, now: float) -> None:
        """Send what was held and is observed by now, in order."""
        waiting = list(self._held)
        self._held.clear()
        for held in waiting:
            held.report.parts -= 1
            self._place(held.report, held.items, now)

    def report(self, items: tuple[Item, ...], ackid: int, now: float) -> None:
        """A report is complete; an ackid above 0 asks for an acknowledgement."""
        report = _Report(ackid)
        by_instance: dict[Path, list[Item]] = {}
        for item in items:
            by_instance.setdefault(parent(item.path), []).append(item)
        for group in by_instance.values():
            self._place(report, tuple(group), now)

    def _place(self, report: _Report, items: tuple[Item, ...], now: float) -> None:
        """Send one instance's part on every observation that covers some of it, else hold it."""
        covered = False
        for token, observation in list(self._observations.items()):
            part = tuple(item for item in items if covers(observation.path, item.path))
            if part:
                covered = True
                self._notify(token, part, report, now)
        if not covered:
            report.parts += 1
            self._held.append(_Held(report, items))

    def _notify(self, token: int, items: tuple[Item, ...], report: _Report, now: float) -> None:
        observation = self._observations[token]
        observation = replace(observation, sequence=(observation.sequence + 1) & 0xFFFFFF)
        self._observations[token] = observation
        mid = self._exchanges.next_mid()
        notification = Notification(
            mid, token, observation.sequence, items, confirmable=report.ackid > 0
        )
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
        """The platform has the notification `mid`."""
        self._exchanges.end(mid)
        report = self._confirmable.pop(mid, None)
        if report is None:
            return
        report.parts -= 1
        if report.parts == 0:
            self._acknowledged(report.ackid)

    def give_up(self, mid: int) -> None:
        """No answer came to the confirmable notification `mid`: its report stays unacknowledged."""
        self._confirmable.pop(mid, None)

    def reset(self, mid: int) -> None:
        """The platform has no observation for the notification `mid` (RFC 7641 3.2)."""
        self._exchanges.end(mid)
        self._confirmable.pop(mid, None)
        token = self._sent.pop(mid, None)
        if token is not None:
            self._observations.pop(token, None)
