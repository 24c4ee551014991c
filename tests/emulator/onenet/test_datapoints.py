"""Streams of data points: order, limits, selection."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.lwm2m.model import Path
from emulator.onenet import datapoints
from emulator.onenet.datapoints import DataPoints, Point, stream_id

TEMPERATURE, UNIT = Path(3303, 0, 5700), Path(3303, 0, 5701)


def test_stream_id_has_object_instance_and_resource() -> None:
    assert stream_id(TEMPERATURE) == "3303_0_5700"


def test_device_without_points_has_no_stream() -> None:
    assert list(DataPoints().streams()) == []


def test_streams_return_the_newest_points() -> None:
    points = DataPoints()
    for at in range(5):
        points.record(TEMPERATURE, at * 1.5, at)
    points.record(UNIT, "Cel", 9)
    newest = list(points.streams())
    assert [stream.id for stream in newest] == ["3303_0_5700", "3303_0_5701"]
    assert [stream.points for stream in newest] == [(Point(4, 6.0),), (Point(9, "Cel"),)]
    assert next(points.streams(limit=2)).points == (Point(3, 4.5), Point(4, 6.0))
    assert newest[0].created == 0


def test_streams_are_selected_by_id() -> None:
    points = DataPoints()
    points.record(TEMPERATURE, 1, 0)
    points.record(UNIT, "Cel", 0)
    assert [s.id for s in points.streams(1, {"3303_0_5701", "1_2_3"})] == ["3303_0_5701"]
    assert list(points.streams(1, set())) == []


@given(count=st.integers(1, 40), limit=st.integers(1, 40))
def test_limit_of_points(count: int, limit: int) -> None:
    points = DataPoints()
    for at in range(count):
        points.record(TEMPERATURE, at, at)
    (stream,) = points.streams(limit)
    assert [point.value for point in stream.points] == list(range(count))[-limit:]


def test_stream_keeps_its_newest_points() -> None:
    points = DataPoints()
    for at in range(datapoints.MAX_POINTS + 10):
        points.record(TEMPERATURE, at, at)
    (stream,) = points.streams(datapoints.MAX_POINTS)
    assert len(stream.points) == datapoints.MAX_POINTS
    assert stream.points[0].value == 10
    assert stream.created == 0


def test_value_of_a_stream_above_the_limit_is_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(datapoints, "MAX_STREAMS", 1)
    points = DataPoints()
    points.record(TEMPERATURE, 1, 0)
    points.record(UNIT, "Cel", 0)
    points.record(TEMPERATURE, 2, 1)
    assert [stream.points for stream in points.streams(9)] == [(Point(0, 1), Point(1, 2))]


def test_full_device_drops_the_oldest_point_of_the_longest_stream(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(datapoints, "MAX_KEPT", 10)
    points = DataPoints()
    for at in range(10):
        points.record(TEMPERATURE, at, at)
    for at in range(10, 13):
        points.record(UNIT, at, at)
    temperatures, units = points.streams(datapoints.MAX_POINTS)
    assert [point.value for point in temperatures.points] == [3, 4, 5, 6, 7, 8, 9]
    assert [point.value for point in units.points] == [10, 11, 12]
    for at in range(13, 100):
        points.record(UNIT, at, at)
    kept = [len(stream.points) for stream in points.streams(datapoints.MAX_POINTS)]
    assert kept == [5, 5]
