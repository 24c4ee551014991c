"""Observations of the platform, and the host's reports that are sent on them or held for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from aiocoap import CON, NON, Message

from emulator.clock.deadlines import earliest
from emulator.coap.endpoint import Endpoint
from emulator.coap.transmission import Delivery
from emulator.lwm2m.model import Item, Path
from emulator.module.lwm2m.attributes import AttributeTable
from emulator.module.lwm2m.held_values import HeldValues
from emulator.module.lwm2m.objects import INSTANCE_LIMIT, Objects
from emulator.module.lwm2m.operations import Refused
from emulator.module.lwm2m.payloads import content
from emulator.module.lwm2m.registration import MAX_TRANSMIT_WAIT
from emulator.module.lwm2m.style import Style

HELD_LIMIT = INSTANCE_LIMIT  # guess: reports that wait for their observation, one an instance
OBSERVATION_LIMIT = 64  # guess: bounds the memory; the platform makes one for each instance
# guess: seconds that a report is held, as long as one that was sent is repeated; without an
# observation it is lost although it was accepted (OneNET FAQ of 2019)
HELD_TIME = MAX_TRANSMIT_WAIT


@dataclass(slots=True)
class _Report:
    """A complete report; `parts` of it are not yet acknowledged, or not yet sent."""

    ackid: int
    parts: int = 0


@dataclass(slots=True, eq=False)
class Observation:
    """An observation of `peer`; its notifications carry `token`."""

    peer: str
    token: bytes
    path: Path
    values: HeldValues
    accept: int | None  # the format that the peer wants
    sequence: int  # of the newest; the first is that of the answer to the observe request
    reports: list[_Report] = field(default_factory=list)  # whose values wait here


@dataclass(frozen=True, slots=True)
class _Held:
    report: _Report
    items: tuple[Item, ...]  # all of one instance
    since: float


class Observations:
    """`acknowledged` is called with the ackid of each report whose parts the platform has all
    acknowledged, `lost` with that of one with a part that it has not. `holds`: a report waits for
    its observation; otherwise it is lost.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        objects: Objects,
        style: Style,
        attributes: AttributeTable,
        acknowledged: Callable[[int], None],
        lost: Callable[[int], None],
        reset: Callable[[float], None],
    ) -> None:
        self._endpoint = endpoint
        self._objects = objects
        self._style = style
        self._attributes = attributes
        self.holds = True
        self._acknowledged = acknowledged
        self._lost = lost
        self._reset = reset
        self._observations: dict[Path, Observation] = {}
        self._held: list[_Held] = []
        self._unacknowledged = 0

    @property
    def paths(self) -> tuple[Path, ...]:
        """What the platform observes."""
        return tuple(self._observations)

    @property
    def held(self) -> int:
        """Parts of reports that wait for an observation."""
        return len(self._held)

    @property
    def waiting(self) -> bool:
        """Whether an acknowledgement is outstanding."""
        return self._unacknowledged > 0

    @property
    def due(self) -> float | None:
        """When to call `step`: a value that pmin has held back, or pmax demands."""
        if not self._style.attributes:
            return None
        return earliest(*(one.values.due for one in self._observations.values()))

    def step(self, now: float) -> None:
        """Send what is due."""
        if self._style.attributes:
            for observation in list(self._observations.values()):
                self._send_due(observation, now)

    def clear(self) -> None:
        """End of the registration: drop the observations and the held reports."""
        self._observations.clear()
        self._held.clear()
        self._unacknowledged = 0

    def observe(
        self, peer: str, token: bytes, path: Path, now: float, accept: int | None = None
    ) -> bool:
        """Add an observation; False when there are too many.

        Held reports stay held: call `release` once the request is answered.
        """
        if path not in self._observations and len(self._observations) >= OBSERVATION_LIMIT:
            return False
        # RFC 7641 4.1: the newer replaces the older, 4.4: with the same token, the numbers go on
        before = self._observations.get(path)
        if before is not None and (before.peer, before.token) == (peer, token):
            sequence = before.sequence
        else:
            sequence = self._style.first_observe
        values = HeldValues(path, self._attributes.of, now)
        self._observations[path] = Observation(peer, token, path, values, accept, sequence)
        return True

    def answered(self, path: Path, items: Iterable[Item]) -> None:
        """The answer to the observe request had these values."""
        observation = self._observations.get(path)
        if observation is not None:
            observation.values.sent(items)

    def cancel(self, path: Path) -> bool:
        """Remove the observation of this path, whatever the token (observed in the suite).

        False when there is none.
        """
        return self._observations.pop(path, None) is not None

    def remove_instance(self, instance: Path) -> None:
        """The instance is deleted: drop its observations and its held reports."""
        for path in [path for path in self._observations if instance.covers(path)]:
            del self._observations[path]
        for observation in self._observations.values():
            observation.values.forget(instance)
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
            if not any(observed.covers(path) for observed in self._observations)
        }
        return len(self._held) + len(unobserved) <= HELD_LIMIT

    def report(
        self, items: tuple[Item, ...], ackid: int, now: float, observed: Path | None = None
    ) -> None:
        """Send a complete report; an ackid above 0 asks for an acknowledgement.

        `observed`: what the observation covers that it names; None: it goes to each that covers it.
        """
        report = _Report(ackid)
        by_instance: dict[Path, list[Item]] = {}
        for item in items:
            by_instance.setdefault(item.path.instance_path, []).append(item)
        for group in by_instance.values():
            self._send_or_hold(report, tuple(group), now, now, observed)

    def _named(self, observed: Path | None, items: tuple[Item, ...]) -> list[Observation]:
        """The observation that a report names, as the firmware finds it by its id; all of them, if
        it names none that is there and covers its items, or the server wants LwM2M as it stands.
        """
        named = None if observed is None else self._observations.get(observed)
        if named is None or self._style.attributes:
            return [*self._observations.values()]
        fits = all(named.path.covers(item.path) for item in items)
        return [named] if fits else [*self._observations.values()]

    def _send_or_hold(
        self,
        report: _Report,
        items: tuple[Item, ...],
        now: float,
        since: float,
        observed: Path | None = None,
    ) -> None:
        """Send the items of one instance on every observation that covers some of them, or on the
        one that they name."""
        covered = False
        for observation in self._named(observed, items):
            part = tuple(item for item in items if observation.path.covers(item.path))
            if part:
                covered = True
                report.parts += 1
                if self._style.attributes:
                    observation.values.add(part, confirmed=report.ackid > 0)
                    observation.reports.append(report)
                    self._send_due(observation, now)
                else:
                    self._notify(observation, part, [report], now)
        if not covered:
            report.parts += 1
            if self.holds:
                self._held.append(_Held(report, items, since))
            else:
                self._lose([report])

    def _send_due(self, observation: Observation, now: float) -> None:
        items = observation.values.take_due(now)
        if items:
            reports, observation.reports = observation.reports, []
            self._notify(observation, items, reports, now)

    def _notify(
        self,
        observation: Observation,
        items: tuple[Item, ...],
        reports: list[_Report],
        now: float,
    ) -> None:
        observation.sequence = (observation.sequence + 1) & 0xFFFFFF
        group = self._objects.has_groups(observation.path)
        try:
            message = content(
                observation.path, items, self._style, group=group, accept=observation.accept
            )
            message.opt.observe = observation.sequence
        except Refused as refused:  # the value is of another form now (RFC 7641 4.2)
            message = Message(code=refused.code)
            self._observations.pop(observation.path, None)
        confirmable = any(report.ackid for report in reports)
        self._unacknowledged += confirmable

        def on_end(delivery: Delivery, now: float) -> None:
            self._unacknowledged -= confirmable
            if delivery is Delivery.RESET:  # RFC 7641 3.2: the platform has no such observation
                if self._observations.get(observation.path) is observation:
                    del self._observations[observation.path]
                self._reset(now)
            if delivery is Delivery.ACKNOWLEDGED:
                self._acknowledge(reports)
            else:
                self._lose(reports)

        self._endpoint.notify(
            observation.peer,
            observation.token,
            message,
            now,
            type=CON if confirmable else NON,
            on_end=on_end,
        )

    def _lose(self, reports: Iterable[_Report]) -> None:
        for report in reports:
            if report.ackid:
                self._lost(report.ackid)
                report.ackid = 0  # reported once

    def _acknowledge(self, reports: list[_Report]) -> None:
        for report in reports:
            report.parts -= 1
            if report.parts == 0 and report.ackid:
                self._acknowledged(report.ackid)
