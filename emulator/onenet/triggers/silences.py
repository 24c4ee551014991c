"""Streams that have been silent for long enough, for triggers of type `frozen`. Pure."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Protocol

from emulator.clock.deadlines import Deadlines
from emulator.onenet.store.database import Database, StoreError
from emulator.onenet.triggers.streams import all_streams, newest
from emulator.onenet.triggers.trigger import Trigger

# guess: bounds memory. Streams of which triggers wait for a point, together.
MAX_SILENCES = 100_000
# Streams that are looked at, or that fire, in one step. Takes less than 5 ms.
PIECE = 25

logger = logging.getLogger(__name__)


class Fire(Protocol):
    def __call__(self, trigger: Trigger, device: str, stream: str, now: float) -> None: ...


class Silences:
    """A stream fires when it has had no point for the time of its trigger; then it is frozen, and
    fires again only after a point.

    guess: a stream that had points before the trigger came is silent from the trigger on; one that
    never had a point is not watched yet.

    `watching`: the triggers of a stream. `fire`: keep a message. `on_change`: see `Triggers`.
    """

    def __init__(
        self,
        database: Database,
        watching: Callable[[str, str], Iterable[Trigger]],
        fire: Fire,
    ) -> None:
        self.on_change: Callable[[], None] = lambda: None
        self._database = database
        self._watching = watching
        self._fire = fire
        self._triggers: dict[int, Trigger] = {}
        self._ends: Deadlines[int] = Deadlines()  # by trigger, the first of its silences
        self._count = 0
        # Walks over all streams, each for the triggers that came since the one before.
        self._searches: deque[tuple[Iterator[tuple[str, str]], set[Trigger]]] = deque()

    @property
    def due(self) -> float | None:
        """-inf while it searches."""
        return float("-inf") if self._searches else self._ends.next

    def begin(self, triggers: Iterable[Trigger]) -> None:
        """Wait for the streams of `triggers`; those of other types are ignored."""
        frozen = [trigger for trigger in triggers if trigger.rule.silence is not None]
        if frozen:
            self._triggers.update((trigger.id, trigger) for trigger in frozen)
            self._searches.append((all_streams(self._database), set(frozen)))
            self.on_change()

    def end(self, trigger: Trigger) -> None:
        """Wait no longer."""
        if self._triggers.pop(trigger.id, None) is not None:
            self._count -= len(trigger.silences)
            self._ends.set(trigger.id, None)

    def point(self, trigger: Trigger, stream: tuple[str, str], now: float) -> None:
        """`stream` has a point now."""
        if trigger.rule.silence is not None:
            self._wait(trigger, stream, now + trigger.rule.silence)

    def step(self, now: float) -> None:
        """Do a piece of what is due at `now`. After a StoreError it may be repeated."""
        self._search(now)
        done: list[tuple[Trigger, list[tuple[str, str]]]] = []
        left = PIECE
        for number in self._ends.pop_due(now, PIECE):
            trigger = self._triggers[number]
            ended = trigger.silences.pop_due(now, left)
            left -= len(ended)
            done.append((trigger, ended))
            self._ends.set(number, trigger.silences.next)
        self._count -= PIECE - left
        if not done:
            return
        try:
            with self._database.transaction():
                for trigger, ended in done:
                    self._end(trigger, ended, now)
        except StoreError:
            for trigger, ended in done:
                for stream in ended:
                    self._wait(trigger, stream, now)
            raise

    def _end(self, trigger: Trigger, ended: list[tuple[str, str]], now: float) -> None:
        for device, stream in ended:
            self._fire(trigger, device, stream, now)
        ends = trigger.silences.next
        if trigger.searched and (ends is None or ends > now):
            # All up to now have fired, and a new start must not repeat them.
            self._database.execute("UPDATE triggers SET fired = ? WHERE id = ?", (now, trigger.id))

    def _wait(self, trigger: Trigger, stream: tuple[str, str], ends: float) -> None:
        if stream not in trigger.silences:
            if self._count >= MAX_SILENCES:
                return
            self._count += 1
            if self._count == MAX_SILENCES:
                logger.warning(
                    "triggers of type frozen watch %d streams, and no more", MAX_SILENCES
                )
        trigger.silences.set(stream, ends)
        before = self._ends.next
        self._ends.set(trigger.id, trigger.silences.next)
        if self._ends.next != before:
            self.on_change()

    def _search(self, now: float) -> None:
        """Go on with the search for streams that had points before their trigger came."""
        if not self._searches:
            return
        streams, triggers = self._searches[0]
        piece = list(islice(streams, PIECE))
        for device, stream in piece:
            for trigger in self._watching(device, stream):
                if trigger in triggers and (device, stream) not in trigger.silences:
                    assert trigger.rule.silence is not None, "triggers of type frozen are searched"
                    point = newest(self._database, device, stream)
                    last = trigger.since if point is None else min(point.at, now)
                    ends = max(last, trigger.since) + trigger.rule.silence
                    if ends > trigger.fired:
                        self._wait(trigger, (device, stream), ends)
        if len(piece) < PIECE:
            self._searches.popleft()
            for trigger in triggers:
                trigger.searched = True
