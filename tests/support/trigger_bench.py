"""Triggers on a real database, with applications that reply as a test says, on its own clock."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from emulator.onenet.posting import Post, Reply
from emulator.onenet.store.database import Database
from emulator.onenet.store.points import Points
from emulator.onenet.store.streams import stream_uuid
from emulator.onenet.triggers import content
from emulator.onenet.triggers.trigger import Watch
from emulator.onenet.triggers.triggers import Triggers
from emulator.onenet.years import YEARS

DEVICE = 500_000_001
STREAM = "3303_0_5700"
URL = "http://127.0.0.1:8000/alarm"
GOOD = Reply(200)


class TriggerBench:
    """`arrived`: the messages that applications got. `reply`: what they reply; None: nothing yet,
    until the test calls what is in `open`.
    """

    def __init__(self, path: Path | None = None, *, year: int = 2018) -> None:
        self.now = 1_448_960_783.535
        self.types = YEARS[year].trigger_types
        self.database = Database(path)
        self.devices = {str(DEVICE + number) for number in range(10)}
        self.arrived: list[dict[str, Any]] = []
        self.posts: list[Post] = []
        self.reply: Callable[[Post], Reply | None] = lambda _: GOOD
        self.open: list[Callable[[Reply, float], None]] = []
        self._replies: list[tuple[Callable[[Reply, float], None], Reply]] = []
        self.take_up()

    def take_up(self) -> None:
        """Begin, or begin again as after a restart: with what the database has."""
        self.points = Points(self.database)
        self.triggers = Triggers(self.database, self._send, self.devices.__contains__)
        self.open.clear()
        self._replies.clear()

    def _send(self, post: Post, on_reply: Callable[[Reply, float], None]) -> None:
        self.posts.append(post)
        self.arrived.append(json.loads(post.body))
        reply = self.reply(post)
        if reply is None:
            self.open.append(on_reply)
        else:
            self._replies.append((on_reply, reply))

    def create(self, kind: str, threshold: object = None, **body: object) -> int:
        given = {"url": URL, "type": kind, "threshold": threshold, **body}
        given.setdefault("ds_id", None if "ds_uuids" in given else STREAM)
        new = content.created(given, self.types)
        number = self.triggers.create(new, self.watches(new), self.now)
        self.run(0)
        return number

    def update(self, number: int, **body: object) -> None:
        trigger = self.triggers.get(number)
        assert trigger is not None
        new = content.updated(trigger.content, body, self.types)
        self.triggers.update(trigger, new, self.watches(new), self.now)
        self.run(0)

    def uuid(self, stream: str, device: int = DEVICE) -> str:
        return stream_uuid(str(device), stream)

    def watches(self, new: content.Content) -> tuple[Watch, ...]:
        uuids = new.ds_uuids or ()
        found = [watch for watch in self.triggers.streams_of(uuids) if watch]
        return tuple(sorted(found, key=lambda w: uuids.index(stream_uuid(str(w[0]), w[1]))))

    def report(self, *points: tuple[str, object], device: int = DEVICE, run: bool = True) -> None:
        """One report of a device: pairs of stream and value."""
        rows = [(device, stream, value, round(self.now * 1000)) for stream, value in points]
        with self.database.transaction():
            self.triggers.on_points(rows, self.now)
            self.points.add_many(rows, self.now)
        if run:
            self.run(0)

    def point(self, value: object, device: int = DEVICE) -> list[Any]:
        """One point; returns the values of the messages that it causes."""
        before = len(self.arrived)
        self.report((STREAM, value), device=device)
        return [message["current_data"][0]["value"] for message in self.arrived[before:]]

    def run(self, seconds: float) -> None:
        """Let time pass; each step as the simulation does it."""
        end = self.now + seconds
        while True:
            while self._replies:
                on_reply, reply = self._replies.pop(0)
                on_reply(reply, self.now)
            due = self.triggers.due
            if due is None or due > max(end, self.now + 0.01):
                break
            self.now = max(self.now, due)
            self.triggers.step(self.now)
            later = self.triggers.due
            assert later is None or later > self.now or self._replies
        self.now = max(self.now, end)
