"""Wrong arguments are refused before anything is sent; any other reaches the wire whole."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m5310.onenet.calls import devices, offline, points, resources, triggers
from m5310.onenet.times import from_text, to_text

NAIVE = datetime(2018, 3, 8, 17, 30)
AWARE = NAIVE.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: devices.device("../keys"), "device_id: expected letters, digits, - and _"),
        (lambda: devices.device(""), "device_id: expected letters, digits, - and _, got ''"),
        (lambda: devices.device_status(["1,2"]), "device_id: expected letters, digits"),
        (lambda: devices.stream("1", "a/b"), "stream: expected letters"),
        (lambda: points.points_page("1", ["a,b"]), "stream: expected letters"),
        (lambda: points.points_page("1", start=NAIVE), "2018-03-08 17:30:00: expected a time with"),
        (lambda: offline.cancel_offline("8", "all/x"), "uuid: expected letters"),
        (
            lambda: offline.offline_read("8", "3", valid=AWARE, expires=NAIVE),
            "expected a time with its zone; try datetime.now",
        ),
        (lambda: resources.read("8", "3311/0/5850/1"), "path: expected an object or an instance"),
        (lambda: resources.read("8", "x"), "path: expected an object or an instance or a resource"),
        (lambda: resources.read("8", "65536"), "such as 3311/0/5850, got '65536'"),
        (lambda: resources.read("8", ""), "path: expected an object"),
        (lambda: resources.read("8", "-1"), "path: expected an object"),
        (
            lambda: resources.write("8", "3311/0/5850", {1: 2}),
            "path: expected an instance such as 3311/0, got '3311/0/5850'",
        ),
        (lambda: resources.write("8", "3311/0", {}), "resources: expected at least one"),
        (lambda: resources.write("8", "3311/0", {1: NAIVE}), "expected a time with its zone"),
        (
            lambda: resources.execute("8", "3311/0"),
            "path: expected a resource such as 3311/0/5850, got '3311/0'",
        ),
        (lambda: triggers.trigger("1/2"), "trigger_id: expected letters"),  # type: ignore[arg-type]
    ],
)
def test_a_wrong_argument(make: Callable[[], object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()


@given(st.text(st.characters(codec="utf-8"), min_size=1))
def test_any_text_of_a_parameter_arrives(text: str) -> None:
    call = triggers.triggers(text)

    parts = urlsplit(f"http://x{call.target}")
    assert parts.path == "/triggers"
    assert parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True) == [("title", text)]
    assert call.target.isascii()
    assert call.target.isprintable()


zones = st.integers(-14, 14).map(lambda hours: timezone(timedelta(hours=hours)))


@given(st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=zones))
def test_times_of_any_zone_are_written_as_beijing_time(time: datetime) -> None:
    """Beijing is 8 hours ahead of UTC, without summer time since 1992."""
    text = to_text(time)

    naive = time.astimezone(UTC).replace(tzinfo=None, microsecond=0) + timedelta(hours=8)
    assert text == naive.isoformat(timespec="seconds")
    assert from_text(text) == time.replace(microsecond=0)
