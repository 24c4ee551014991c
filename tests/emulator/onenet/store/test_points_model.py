"""Data points against plain lists: any order of adding, walking, deleting and starting again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from emulator.onenet.store import points as points_module
from emulator.onenet.store import span as span_module
from emulator.onenet.store.database import Database
from emulator.onenet.store.points import Points
from emulator.onenet.store.retention import Retention
from emulator.onenet.store.span import Span
from emulator.onenet.store.streams import Stream, joined
from tests.support.effort import scaled

DEVICES = (500_000_001, 500_000_002)
NAMES = ("3303_0_5700", "3303_1_5700", "10241_0_1", "temperature")  # in the order of answers
TIMES = st.integers(0, 12).map(lambda step: 1_448_961_024_981 + step * 7)
LIMITS = st.integers(1, 9)
CHOICES = st.none() | st.sets(st.sampled_from((*NAMES, "unknown")))


@dataclass
class Walk:
    """A page after the other of one call, and what it should give."""

    device: int
    ids: set[str] | None
    start: int | None
    end: int | None
    limit: int
    at: tuple[int, int]  # where the next page begins: time, place in the order of adding
    cursor: str | None = None
    span: Span | None = None
    steps: Iterator[Stream] = field(default_factory=lambda: iter(()))
    pieces: list[Stream] = field(default_factory=list)
    wanted: list[tuple[int, int, str, object]] = field(default_factory=list)


class PointsModel(RuleBasedStateMachine):
    walks = Bundle("walks")

    @initialize()
    def begin(self) -> None:
        self.folder = TemporaryDirectory()
        self.patches = [
            patch.object(points_module, "PIECE", 3),
            patch.object(span_module, "PIECE", 3),
        ]
        for one in self.patches:
            one.start()
        self.starts = 0
        self.open()
        self.kept: list[tuple[int, int, str, object, int]] = []  # ms, place, stream, value, device
        self.added = 0
        self.begun: list[Walk] = []

    def open(self) -> None:
        self.database = Database(Path(self.folder.name) / "store.db")
        # With counts in every other run.
        kept = Retention(points=1000) if self.starts % 2 else Retention()
        self.starts += 1
        self.points = Points(self.database, kept)

    def teardown(self) -> None:
        self.database.close()
        self.folder.cleanup()
        for one in self.patches:
            one.stop()

    # Writing

    @rule(
        rows=st.lists(
            st.tuples(st.sampled_from(DEVICES), st.sampled_from(NAMES), TIMES), max_size=8
        )
    )
    def add(self, rows: list[tuple[int, str, int]]) -> None:
        made = []
        for device, name, ms in rows:
            self.added += 1
            made.append((device, name, self.added, ms))
            self.kept.append((ms, self.added, name, self.added, device))
        self.points.add_many(made, 5.0)

    @rule(device=st.sampled_from(DEVICES))
    def forget(self, device: int) -> None:
        self.points.forget(device)
        self.kept = [one for one in self.kept if one[4] != device]
        self.read_open_pages_again()  # one that is being read may have its points or not

    @rule()
    def clear(self) -> None:
        if (due := self.points.due) is not None:
            self.points.step(due)

    @rule()
    def start_again(self) -> None:
        self.database.close()
        self.open()
        self.read_open_pages_again()  # a cursor is good after it

    # Reading

    def read_open_pages_again(self) -> None:
        for walk in self.begun:
            if walk.span is not None:
                self.read_page(walk)

    @rule(device=st.sampled_from(DEVICES), limit=LIMITS, ids=CHOICES)
    def newest(self, device: int, limit: int, ids: set[str] | None) -> None:
        found = joined(self.points.newest(device, limit, ids))
        wanted: dict[str, list[tuple[int, object]]] = {}
        for ms, _, name, value, owner in sorted(self.kept):
            if owner == device and (ids is None or name in ids):
                wanted.setdefault(name, []).append((ms, value))
        assert [stream.id for stream in found] == [name for name in NAMES if name in wanted]
        for stream in found:
            assert [(one.ms, one.value) for one in stream.points] == wanted[stream.id][-limit:]

    @rule(
        target=walks,
        device=st.sampled_from(DEVICES),
        limit=LIMITS,
        ids=CHOICES,
        start=st.none() | TIMES,
        end=st.none() | TIMES,
    )
    def walk(
        self, device: int, limit: int, ids: set[str] | None, start: int | None, end: int | None
    ) -> Walk:
        walk = Walk(device, ids, start, end, limit, (0 if start is None else start, 0))
        self.begun.append(walk)
        self.read_page(walk)
        return walk

    def read_page(self, walk: Walk) -> None:
        walk.span = self.points.span(
            walk.device, walk.ids, walk.start, walk.end, walk.limit, walk.cursor
        )
        walk.steps, walk.pieces = iter(walk.span), []
        walk.wanted = [
            one[:4]
            for one in sorted(self.kept)
            if one[4] == walk.device
            and (walk.ids is None or one[2] in walk.ids)
            and one[:2] >= walk.at
            and (walk.end is None or one[0] <= walk.end)
        ]

    @rule(walk=walks, steps=st.integers(1, 9))
    def go_on(self, walk: Walk, steps: int) -> None:
        """Some steps of a page; at its end it must be right, and the next one begins."""
        if walk.span is None:
            return
        for _ in range(steps):
            piece = next(walk.steps, None)
            if piece is None:
                self.check_page(walk)
                return
            walk.pieces.append(piece)

    def check_page(self, walk: Walk) -> None:
        assert walk.span is not None
        page, rest = walk.wanted[: walk.limit], walk.wanted[walk.limit :]
        found: dict[str, list[tuple[int, Any]]] = {
            stream.id: [(point.ms, point.value) for point in stream.points]
            for stream in joined(walk.pieces)
        }
        wanted: dict[str, list[tuple[int, Any]]] = {}
        for ms, _, name, value in page:
            wanted.setdefault(name, []).append((ms, value))
        assert found == wanted
        walk.cursor, walk.span = walk.span.cursor, None
        assert (walk.cursor is not None) == bool(rest)
        if rest:
            assert walk.cursor is not None
            _, device, ms = walk.cursor.split("_")
            assert (int(device), int(ms)) == (walk.device, rest[0][0])
            walk.at = rest[0][:2]
            self.read_page(walk)

    @invariant()
    def newest_points_are_those_of_the_database(self) -> None:
        for device in DEVICES:
            self.newest(device, 1, None)

    @invariant()
    def counts_are_true(self) -> None:
        if not self.points.retention.counts:
            return
        wrong = self.database.execute(
            "SELECT number FROM streams WHERE points !="
            " (SELECT count(*) FROM points WHERE stream = streams.number)"
        ).fetchall()
        assert wrong == []


PointsModel.TestCase.settings = settings(
    max_examples=scaled(100), stateful_step_count=40, deadline=None
)
TestPoints = PointsModel.TestCase
