"""Triggers of the product: kept, judged at each data point, fired (OneNET guide 4.2.10). Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

from emulator.clock.deadlines import earliest
from emulator.onenet.errors import ApiError, Reason, shown
from emulator.onenet.posting import Send
from emulator.onenet.store.database import Database
from emulator.onenet.store.streams import Point, stream_uuid, text_of
from emulator.onenet.triggers.conditions import Arrival
from emulator.onenet.triggers.content import Content, loaded
from emulator.onenet.triggers.deliveries import Deliveries
from emulator.onenet.triggers.expression import Value
from emulator.onenet.triggers.silences import Silences
from emulator.onenet.triggers.streams import Report, all_streams, newest
from emulator.onenet.triggers.trigger import Trigger, Watch

# guess: bound memory; the limits of the real platform are not published. Devices and streams that
# triggers name, together.
MAX_TRIGGERS = 1000
MAX_WATCHED = 100_000
# guess: bounds the time for one data point, to 5 ms if all of them fire; more than the largest page
# of a list. Triggers that name one stream of a device, and those that name one of all devices.
MAX_OF_STREAM = 120
# POSIX seconds; a point may be some hours older, as its time is given as Beijing's.
_YEAR_1 = -62_135_596_800
_compact = json.JSONEncoder(separators=(",", ":")).encode
# Seconds until the next step, if there is more to do.
_PAUSE = 0.001


class Triggers:
    """Each trigger is judged at each data point of a stream that it watches, in the order of ids.

    Stepped: `step`, `due`. `on_change` is called when `step` has something to do. `exists`: whether
    there is a device of this id.
    """

    def __init__(self, database: Database, send: Send, exists: Callable[[str], bool]) -> None:
        """Takes up what `database` has."""
        self.on_change: Callable[[], None] = lambda: None
        self.deliveries = Deliveries(database, send, lambda number: self._all[number].content.url)
        self.deliveries.on_change = self._changed
        self._database = database
        self._exists = exists
        self._all: dict[int, Trigger] = {}  # by id, upwards
        self._watching: dict[Watch, list[Trigger]] = {}
        self._watched = 0
        self._silences = Silences(database, self._triggers_of, self._fire_silent)
        self._silences.on_change = self._changed
        self._stepping = False
        self._pause: float | None = None  # the next step, if one has left something
        rows = database.execute("SELECT id, content, watches, created, since, fired FROM triggers")
        for number, text, watches, created, since, fired in rows.fetchall():
            content, pairs = loaded(text), tuple((d, stream) for d, stream in json.loads(watches))
            self._take(Trigger(number, content, content.rule(), pairs, created, since, fired))
        self._silences.begin(self._all.values())

    # For the API -----------------------------------------------------------------------------

    def create(self, content: Content, streams: tuple[Watch, ...], now: float) -> int:
        """Returns the id. `streams` of its `ds_uuids`, in order; empty: it has none.

        Raises ApiError if a device does not exist, or there are too many triggers or streams.
        """
        if len(self._all) >= MAX_TRIGGERS:
            raise ApiError(Reason.LIMIT, f"{MAX_TRIGGERS} triggers exist")
        watches = self._checked(content, streams, None)
        with self._database.transaction():
            number = self._database.execute(
                "INSERT INTO triggers (content, watches, created, since, fired)"
                " VALUES (?, ?, ?, ?, ?)",
                (content.text(), json.dumps(watches), now, now, now),
            ).lastrowid
        assert number is not None, "a row was inserted"
        trigger = Trigger(number, content, content.rule(), watches, now, now, now)
        self._take(trigger)
        self._silences.begin((trigger,))
        return number

    def update(
        self, trigger: Trigger, content: Content, streams: tuple[Watch, ...], now: float
    ) -> None:
        """Replace the content. `streams` as of `create`, unused if it names the same. Raises
        ApiError.

        guess: with a new condition it begins as a new trigger does.
        """
        old, watches = trigger.content, trigger.watches
        if content.names != old.names:
            watches = self._checked(content, streams, trigger)
        same = (old.kind, old.threshold, trigger.watches) == (
            *(content.kind, content.threshold),
            watches,
        )
        values = (content.text(), json.dumps(watches))
        if same:
            self._database.execute(
                "UPDATE triggers SET content = ?, watches = ? WHERE id = ?", (*values, trigger.id)
            )
            trigger.content = content
        else:
            self._database.execute(
                "UPDATE triggers SET content = ?, watches = ?, since = ?, fired = ? WHERE id = ?",
                (*values, now, now, trigger.id),
            )
            self._drop(trigger)
            created = trigger.created
            new = Trigger(trigger.id, content, content.rule(), watches, created, now, now)
            self._take(new)
            self._silences.begin((new,))
        self.deliveries.retry(trigger.id, now)

    def delete(self, trigger: Trigger) -> None:
        """Drop it, and its messages that wait."""
        with self._database.transaction():
            self._database.execute("DELETE FROM triggers WHERE id = ?", (trigger.id,))
            self.deliveries.forget(trigger.id)
        self._drop(trigger)

    def get(self, number: int) -> Trigger | None:
        return self._all.get(number)

    def page(self, title: str | None, page: int, per_page: int) -> tuple[int, list[Trigger]]:
        """How many triggers have this title (None: any), and those of a page (1 or more), by id."""
        found = [self._all[number] for number in sorted(self._all) if self._titled(number, title)]
        return len(found), found[(page - 1) * per_page : page * per_page]

    def invalid(self, trigger: Trigger) -> bool:
        """Whether it can never fire, as all devices that it watches were deleted."""
        return not any(device is None or self._exists(device) for device, _ in trigger.watches)

    def streams_of(self, uuids: tuple[str, ...]) -> Iterator[Watch | None]:
        """The streams with these `uuids`, as they are found; None in between, for other work."""
        wanted = set(uuids)
        for device, stream in all_streams(self._database):
            yield (device, stream) if stream_uuid(device, stream) in wanted else None

    # For the platform ------------------------------------------------------------------------

    def on_points(self, rows: Iterable[tuple[int, str, object, int]], now: float) -> None:
        """Judge the triggers that watch these points, which are as of `Points.add_many`.

        Call it before they are stored, in the same transaction.
        """
        if not self._watching:
            return
        report = Report(self._database)
        for number, stream, value, at_ms in rows:
            here = str(number), stream
            triggers = self._triggers_of(*here)
            if triggers:
                point = Point(at_ms, text_of(value))
                for trigger in triggers:
                    self._judge(trigger, here, point, report, now)
                report.came(here, point)

    def watching(self, device: str, stream: str) -> int:
        """How many triggers are judged at a point of the stream, at most 2 * MAX_OF_STREAM."""
        return len(self._triggers_of(device, stream))

    @property
    def due(self) -> float | None:
        due = earliest(self._silences.due, self.deliveries.due)
        return due if self._pause is None or due is None else max(due, self._pause)

    def step(self, now: float) -> None:
        """Do what is due at `now`, in pieces: `due` is a little later if there is more."""
        self._pause, self._stepping = None, True
        try:
            self._silences.step(now)
            self.deliveries.step(now)
        finally:
            self._stepping = False
        due = self.due
        if due is not None and due <= now:
            self._pause = now + _PAUSE

    def _changed(self) -> None:
        if not self._stepping:
            self.on_change()

    # Points ----------------------------------------------------------------------------------

    def _judge(
        self, trigger: Trigger, here: tuple[str, str], point: Point, report: Report, now: float
    ) -> None:
        def current(number: int) -> Value:
            watch = here if trigger.content.ds_uuids is None else trigger.watches[number]
            return report.value(point) if watch == here else report.value(report.newest(watch))

        try:
            arrival = Arrival(point, report.value(point), lambda: report.newest(here), current)
            fires = trigger.rule.condition(arrival)
        except RecursionError:  # objects that are nested too deeply
            fires = False
        if fires:
            self._fire(trigger, *here, point, now)
        self._silences.point(trigger, here, now)

    def _fire_silent(self, trigger: Trigger, device: str, stream: str, now: float) -> None:
        if self._exists(device):
            self._fire(trigger, device, stream, newest(self._database, device, stream), now)

    def _fire(
        self, trigger: Trigger, device: str, stream: str, point: Point | None, now: float
    ) -> None:
        """`point` None: retention has deleted it."""
        fired: dict[str, object] = {"id": trigger.id}
        if trigger.content.threshold is not None:
            fired["threshold"] = trigger.content.threshold
        fired["type"] = trigger.content.kind
        data: dict[str, object] = {
            "dev_id": device,
            "ds_id": stream,
            "ds_uuid": stream_uuid(device, stream),
        }
        if point is not None:
            moment = datetime.fromtimestamp(max(point.at, _YEAR_1), UTC)
            data["at"] = f"{moment.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"
            data["value"] = point.value
        body = {"trigger": fired, "current_data": [data]}
        self.deliveries.add(trigger.id, _compact(body), now)

    # What exists -----------------------------------------------------------------------------

    def _checked(
        self, content: Content, streams: tuple[Watch, ...], instead: Trigger | None
    ) -> tuple[Watch, ...]:
        """What `content` watches, `instead` of what that trigger does. Raises ApiError."""
        if content.ds_uuids is not None:
            watches = streams
        elif content.dev_ids is not None:
            watches = tuple((device, str(content.ds_id)) for device in content.dev_ids)
        else:
            watches = ((None, str(content.ds_id)),)
        for device, _ in watches:
            if device is not None and not self._exists(device):  # as if it were another key's
                raise ApiError(Reason.AUTH_FAILED)
        before = () if instead is None else instead.watches
        if self._watched - len(before) + len(watches) > MAX_WATCHED:
            raise ApiError(Reason.LIMIT, f"triggers name {MAX_WATCHED} streams")
        for watch in set(watches) - set(before):
            if len(self._watching.get(watch, ())) >= MAX_OF_STREAM:
                name = shown(watch[1])
                raise ApiError(Reason.LIMIT, f"{MAX_OF_STREAM} triggers watch the stream {name}")
        return watches

    def _titled(self, number: int, title: str | None) -> bool:
        return title is None or self._all[number].content.title == title

    def _triggers_of(self, device: str, stream: str) -> list[Trigger]:
        """Those that watch the stream, by id."""
        anyone = self._watching.get((None, stream), [])
        named = self._watching.get((device, stream), [])
        if not named or not anyone:
            return anyone or named
        return sorted([*anyone, *named], key=lambda trigger: trigger.id)

    def _take(self, trigger: Trigger) -> None:
        self._all[trigger.id] = trigger
        self._watched += len(trigger.watches)
        for watch in trigger.watches:
            watching = self._watching.setdefault(watch, [])
            watching.append(trigger)
            watching.sort(key=lambda trigger: trigger.id)

    def _drop(self, trigger: Trigger) -> None:
        del self._all[trigger.id]
        self._watched -= len(trigger.watches)
        for watch in trigger.watches:
            self._watching[watch].remove(trigger)
            if not self._watching[watch]:
                del self._watching[watch]
        self._silences.end(trigger)
