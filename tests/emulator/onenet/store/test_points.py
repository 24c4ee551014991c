"""Data points in the database: streams, limits, spans, what is kept."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path as File

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.onenet.errors import ApiError
from emulator.onenet.store import points as points_module
from emulator.onenet.store.database import Database
from emulator.onenet.store.points import Points
from emulator.onenet.store.retention import Retention
from emulator.onenet.store.span import Span
from emulator.onenet.store.streams import MAX_POINTS, Point, Stream, joined, plain, text_of

DEVICE, TEMPERATURE, UNIT = 564280, "3303_0_5700", "3303_0_5701"
DAY_MS = 86_400_000
# OneNET guide 4.2.14 to 4.2.16: the points of 3200_0_5501, 2015-12-01 from 17:06:23.535 on.
BEGIN = 1_448_960_783_535
GUIDE = [
    *((0, "39"), (10_953, "39"), (12_400, "39"), (192_383, "20"), (212_380, "30")),
    *((241_446, "35"), (269_871, "38"), (301_280, "48"), (334_591, "58"), (359_390, "68")),
    *((368_638, "78"), (433_262, "38")),
]


def stored(retention: Retention | None = None) -> Points:
    return Points(Database(), retention)


def values(streams: list[Stream]) -> dict[str, list[object]]:
    return {stream.id: [point.value for point in stream.points] for stream in streams}


def page(span: Span) -> tuple[dict[str, list[object]], str | None]:
    return values(joined(span)), span.cursor


def drop_all_that_is_due(points: Points, now: float) -> None:
    while points.due is not None and points.due <= now:
        points.step(now)
        now += 0.02  # the next piece is due after a pause


def test_newest_points_that_were_asked_for_are_not_those_of_a_transaction_that_is_undone() -> None:
    database = Database()
    points = Points(database)
    points.add(DEVICE, TEMPERATURE, 1, BEGIN, 0)
    with suppress(ZeroDivisionError), database.transaction():
        points.add(DEVICE, TEMPERATURE, 2, BEGIN + 1, 0)
        points.add(DEVICE, UNIT, "Cel", BEGIN + 1, 0)
        assert values(list(points.newest(DEVICE))) == {TEMPERATURE: [2], UNIT: ["Cel"]}
        1 / 0  # noqa: B018
    for _ in range(2):
        assert values(list(points.newest(DEVICE))) == {TEMPERATURE: [1]}


def test_points_that_come_between_two_pieces_are_seen_the_next_time() -> None:
    points = stored()
    for name in (TEMPERATURE, UNIT):
        points.add(DEVICE, name, 1, BEGIN, 0)
    pieces = points.newest(DEVICE)
    assert next(pieces).id == TEMPERATURE
    points.add(DEVICE, TEMPERATURE, 2, BEGIN + 1, 0)
    assert [one.id for one in pieces] == [UNIT]
    for _ in range(2):
        assert values(list(points.newest(DEVICE))) == {TEMPERATURE: [2], UNIT: [1]}


def test_stream_that_is_created_while_the_newest_points_are_read_is_there_afterwards() -> None:
    points = stored()
    points.add(DEVICE, TEMPERATURE, 1, BEGIN, 0)
    pieces = points.newest(DEVICE)
    next(pieces)
    points.create(DEVICE, "a stream", {}, 0)
    list(pieces)
    assert values(list(points.newest(DEVICE))) == {TEMPERATURE: [1], "a stream": []}


def test_newest_points_of_each_stream_by_object_instance_and_resource() -> None:
    points = stored()
    for number in range(5):
        points.add(DEVICE, TEMPERATURE, number * 1.5, number * 1000, number)
    points.add(DEVICE, "3303_10_5700", 1, 5000, 9)
    points.add(DEVICE, "3303_2_5700", "Cel", 5000, 9)
    points.add(DEVICE, "level", {"cm": 4}, 5000, 9)
    points.add(DEVICE + 1, TEMPERATURE, 0, 5000, 9)
    assert list(points.newest(DEVICE)) == [
        Stream(TEMPERATURE, 0, [Point(4000, "6")]),
        Stream("3303_2_5700", 9, [Point(5000, '"Cel"')]),
        Stream("3303_10_5700", 9, [Point(5000, "1")]),
        Stream("level", 9, [Point(5000, '{"cm":4}')]),
    ]
    (found,) = points.newest(DEVICE, 2, {TEMPERATURE, "1_2_3"})
    assert [(point.at, point.value) for point in found.points] == [(3, 4.5), (4, 6.0)]
    assert list(points.newest(DEVICE + 2)) == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (20.123, "20.123"),
        (19, "19"),
        (True, "true"),
        ('a/"é\\', '"a/\\"é\\\\"'),
        (b"\x0a\x64\x7b", "[10,100,123]"),
        ({"a": [1, None]}, '{"a":[1,null]}'),
        (float("nan"), '"nan"'),
        (float("-inf"), '"-inf"'),
    ],
)
def test_value_is_kept_as_the_json_of_the_api(value: object, text: str) -> None:
    points = stored()
    points.add(DEVICE, TEMPERATURE, value, 0, 0)
    ((_, _, (point,)),) = [(s.id, s.created, s.points) for s in points.newest(DEVICE)]
    assert point.text == text


def test_rows_are_kept_all_or_none() -> None:
    points = stored()
    with pytest.raises(TypeError):
        points.add_many([(DEVICE, TEMPERATURE, 1, 0), (DEVICE, UNIT, object(), 0)], 0)
    assert list(points.newest(DEVICE)) == []
    points.add(DEVICE, TEMPERATURE, 2, 0, 0)
    assert values(joined(points.newest(DEVICE))) == {TEMPERATURE: [2]}


def test_value_of_a_stream_above_the_limit_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(points_module, "MAX_STREAMS", 1)
    points = stored()
    rows = [(DEVICE, TEMPERATURE, 1, 0), (DEVICE, UNIT, "Cel", 0), (DEVICE, TEMPERATURE, 2, 1)]
    points.add_many(rows, 0)
    assert values(joined(points.newest(DEVICE, 9))) == {TEMPERATURE: [1, 2]}


@pytest.fixture
def file(tmp_path: File) -> Iterator[Database]:
    database = Database(tmp_path / "store.db")
    yield database
    database.close()


# Spans -------------------------------------------------------------------------------------------


def guide() -> Points:
    points = stored()
    rows = [(DEVICE, "3200_0_5501", value, BEGIN + offset) for offset, value in GUIDE]
    points.add_many(rows, 0)
    return points


def test_guide_4_2_15_and_4_2_16_pages_continue_at_a_cursor() -> None:
    points, start, end = guide(), BEGIN - DAY_MS, BEGIN + DAY_MS
    first, cursor = page(points.span(DEVICE, {"3200_0_5501"}, start, end, 5))
    assert first == {"3200_0_5501": ["39", "39", "39", "20", "30"]}
    assert cursor is not None
    assert re.fullmatch("[0-9]+_564280_1448961024981", cursor)
    second, cursor = page(points.span(DEVICE, {"3200_0_5501"}, start, end, 5, cursor))
    assert second == {"3200_0_5501": ["35", "38", "48", "58", "68"]}
    assert cursor is not None
    assert cursor.endswith("_564280_1448961152173")
    last, cursor = page(points.span(DEVICE, {"3200_0_5501"}, start, end, 5, cursor))
    assert (last, cursor) == ({"3200_0_5501": ["78", "38"]}, None)


def test_both_ends_of_a_span_belong_to_it() -> None:
    first, last = BEGIN + GUIDE[1][0], BEGIN + GUIDE[3][0]
    found, cursor = page(guide().span(DEVICE, None, first, last))
    assert (found, cursor) == ({"3200_0_5501": ["39", "39", "20"]}, None)
    assert page(guide().span(DEVICE, None, last + 1, last)) == ({}, None)


def test_limit_counts_the_points_of_all_streams_in_the_order_of_time() -> None:
    points = stored()
    rows = [(DEVICE, (TEMPERATURE, UNIT)[ms % 2], ms, ms) for ms in range(150)]
    points.add_many(rows, 0)
    found, cursor = page(points.span(DEVICE, None, 0))
    assert found == {TEMPERATURE: [*range(0, 100, 2)], UNIT: [*range(1, 100, 2)]}
    assert cursor is not None
    found, cursor = page(points.span(DEVICE, None, 0, None, MAX_POINTS, cursor))
    assert found == {TEMPERATURE: [*range(100, 150, 2)], UNIT: [*range(101, 150, 2)]}
    assert cursor is None


def test_what_lies_beyond_a_year_is_ignored() -> None:
    points = stored()
    points.add_many([(DEVICE, UNIT, day, day * DAY_MS) for day in range(0, 800, 50)], 0)
    found, _ = page(points.span(DEVICE, None, 0, 800 * DAY_MS))
    assert found == {UNIT: [*range(0, 367, 50)]}
    found, _ = page(points.span(DEVICE, None, 0))  # without an end: all
    assert found == {UNIT: [*range(0, 800, 50)]}


def test_page_does_not_see_what_is_added_while_it_is_read() -> None:
    """Otherwise a new point of one stream is given, and an older new one of another is not."""
    points = stored()
    points.add(DEVICE, TEMPERATURE, 1, 1, 0)
    points.add_many([(DEVICE, UNIT, ms, ms) for ms in range(2, 1001)], 0)
    span = points.span(DEVICE, None, 0, None, MAX_POINTS)
    pieces = iter(span)
    found = [next(pieces) for _ in range(3)]
    points.add(DEVICE, TEMPERATURE, 1001, 1001, 0)
    points.add(DEVICE, UNIT, 1002, 1002, 0)
    assert values(joined([*found, *pieces])) == {TEMPERATURE: [1], UNIT: [*range(2, 1001)]}
    assert span.cursor is None


@pytest.mark.parametrize(
    "cursor",
    ["", "1", "1_564281_5", "1_564280_", "x_564280_5", f"{1 << 63}_564280_5"],
)
def test_text_that_is_no_cursor_of_the_device_is_refused(cursor: str) -> None:
    with pytest.raises(ApiError, match=r"invalid parameter: cursor .*, expected one of an answer"):
        guide().span(DEVICE, None, 0, None, 5, cursor)


# What is kept ------------------------------------------------------------------------------------


def test_database_in_memory_keeps_what_the_api_can_return() -> None:
    points = stored()
    rows = [(DEVICE, TEMPERATURE, number, number) for number in range(MAX_POINTS + 10)]
    points.add_many(rows[:MAX_POINTS], 0)
    for row in rows[MAX_POINTS:]:
        points.add(*row, 0)
    found = values(joined(points.newest(DEVICE, MAX_POINTS)))
    assert found == {TEMPERATURE: [*range(10, MAX_POINTS + 10)]}


def test_full_device_drops_the_oldest_point_of_the_longest_stream() -> None:
    points = stored(Retention(of_device=10))
    for number in range(10):
        points.add(DEVICE, TEMPERATURE, number, number, 0)
    for number in range(10, 13):
        points.add(DEVICE, UNIT, number, number, 0)
    found = values(joined(points.newest(DEVICE, MAX_POINTS)))
    assert found == {TEMPERATURE: [3, 4, 5, 6, 7, 8, 9], UNIT: [10, 11, 12]}
    for number in range(13, 100):
        points.add(DEVICE, UNIT, number, number, 0)
    found = values(joined(points.newest(DEVICE, MAX_POINTS)))
    assert [len(kept) for kept in found.values()] == [5, 5]


def test_report_of_many_streams_looks_at_a_full_device_once_and_empties_no_stream() -> None:
    points = stored(Retention(of_device=400))
    names = [f"{number}" for number in range(100)]
    for at in range(4):
        points.add_many([(DEVICE, name, at, at) for name in names], 0)
    statements: list[str] = []
    points._database._connection.set_trace_callback(statements.append)
    points.add_many([(DEVICE, name, 4, 4) for name in names], 0)
    points._database._connection.set_trace_callback(None)
    assert sum("sum(points)" in statement for statement in statements) == 1
    found = values(joined(points.newest(DEVICE, MAX_POINTS)))
    assert all(kept[-1] == 4 for kept in found.values())
    assert sorted(found) == sorted(names)
    assert sum(map(len, found.values())) == 400


def test_file_keeps_everything(file: Database) -> None:
    points = Points(file)
    rows = [(DEVICE, TEMPERATURE, number, number) for number in range(7000)]
    points.add_many(rows, 0)
    assert points.due is None
    (first, *_), _ = page(points.span(DEVICE, None, 0, None, 5))[0][TEMPERATURE], None
    assert first == 0


def test_points_of_other_days_are_dropped_piece_by_piece(file: Database) -> None:
    points = Points(file, Retention(days=2))
    rows = [
        (DEVICE, stream, number, number * DAY_MS // 1000)
        for stream in (TEMPERATURE, UNIT)
        for number in range(5000)
    ]
    points.add_many(rows, 0)
    drop_all_that_is_due(points, 5 * 86_400 - 40)
    found = values(joined(points.newest(DEVICE, MAX_POINTS)))
    assert found == {TEMPERATURE: [*range(3000, 5000)], UNIT: [*range(3000, 5000)]}
    drop_all_that_is_due(points, 9 * 86_400)
    assert values(joined(points.newest(DEVICE, MAX_POINTS))) == {}
    assert [stream.id for stream in points.newest(DEVICE)] == [TEMPERATURE, UNIT]


def test_file_that_was_larger_is_cut_to_the_newest_points(file: Database) -> None:
    Points(file).add_many([(DEVICE, UNIT, number, number) for number in range(3000)], 0)
    points = Points(file, Retention(points=700))
    drop_all_that_is_due(points, 0)
    assert values(joined(points.newest(DEVICE, 6000))) == {UNIT: [*range(2300, 3000)]}


def test_points_of_a_deleted_device_are_gone_at_once_and_from_the_file_soon(
    file: Database,
) -> None:
    points = Points(file)
    points.add_many([(DEVICE, UNIT, number, number) for number in range(3000)], 0)
    points.add(DEVICE + 1, UNIT, 1, 1, 0)
    points.forget(DEVICE)
    assert list(points.newest(DEVICE)) == []
    points.step(0)
    assert points.due == pytest.approx(0.01), "the next piece after a pause"
    points = Points(file)  # it goes on after a restart
    points.add(DEVICE, UNIT, 5, 5, 0)  # the id may be used again
    points.forget(DEVICE)
    drop_all_that_is_due(points, 0)
    assert file.execute("SELECT count(*), max(device) FROM streams").fetchone() == (
        1,
        DEVICE + 1,
    )
    assert file.execute("SELECT count(*) FROM points").fetchone() == (1,)
    assert points.due is None


def test_units_of_a_stream_are_shown_after_there_were_none() -> None:
    points = stored()
    points.add(DEVICE, TEMPERATURE, 1, 1, 0)
    assert points.about(DEVICE) == points.about(DEVICE) == {}
    points.create(DEVICE, "plain", {}, 0)
    assert points.about(DEVICE) == {}
    points.create(DEVICE, "speed", {"unit": "m/s"}, 0)
    assert points.about(DEVICE) == {"speed": {"unit": "m/s"}}


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.floats(-9, 9).map(round).map(float)
    | st.binary(max_size=3)
    | st.text("a.0,:", max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


@given(VALUES)
def test_text_of_a_value_has_the_form_of_data_points(value: object) -> None:
    text = json.dumps(plain(value), ensure_ascii=False, separators=(",", ":"))
    assert text_of(value) == text
