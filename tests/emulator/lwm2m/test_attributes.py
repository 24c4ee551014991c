"""pmin, pmax, gt, lt, st (LwM2M 1.0.2 section 5.1.2)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.lwm2m.attributes import Attributes
from emulator.lwm2m.model import ContentError, Value

# Capture of China Mobile's suite SDK 2.3.0.
SEEN = ("pmin=15", "pmax=60", "gt=50", "lt=0", "st=2")
FLOATS = st.floats(-1e6, 1e6)
PERIODS = st.none() | st.integers(0, 86_400)
ANY = st.builds(Attributes, pmin=PERIODS, pmax=PERIODS, st=st.none() | st.floats(0.001, 1e6)) | (
    st.builds(Attributes, gt=st.none() | st.floats(1, 1e6), lt=st.none() | st.floats(-1e6, 0.9))
)


def test_attributes_seen_are_read_and_written() -> None:
    attributes = Attributes().changed(SEEN)
    assert attributes == Attributes(15, 60, 50.0, 0.0, 2.0)
    assert attributes.query() == SEEN


@given(ANY)
def test_attributes_are_read_as_they_were_written(attributes: Attributes) -> None:
    assert Attributes().changed(attributes.query()) == attributes


def test_a_write_changes_what_it_names_and_removes_what_has_no_value() -> None:
    attributes = Attributes(15, 60, 50.0, 0.0, 2.0)
    assert attributes.changed(["gt=80.5", "lt", "pmax="]) == Attributes(15, None, 80.5, None, 2.0)
    assert attributes.changed([]) == attributes


@pytest.mark.parametrize(
    "query",
    [
        ["stp=2"],
        ["pmin=1", "pmin=2"],
        ["pmin=-1"],
        ["pmin=1.5"],
        ["pmax=2147483648"],
        ["st=0"],
        ["st=-1"],
        ["gt=nan"],
        ["gt=1e999"],
        ["gt=warm"],
        ["=1"],
        ["gt=1", "lt=0", "st=2"],  # capture: 4.00
        ["gt=0", "lt=0"],
    ],
)
def test_what_cannot_be_is_an_error(query: list[str]) -> None:
    with pytest.raises(ContentError, match="expected"):
        Attributes().changed(query)


def test_the_rule_holds_for_what_was_set_before_too() -> None:
    with pytest.raises(ContentError, match=r"expected lt \+ 2"):
        Attributes(gt=10.0, lt=0.0).changed(["st=5"])
    assert Attributes(gt=10.0, lt=0.0).changed(["st=5", "lt"]) == Attributes(gt=10.0, st=5.0)


@given(st.lists(st.text("pminaxgtls=0123456789.-e") | st.text(), max_size=4))
def test_any_query_is_attributes_or_an_error(query: list[str]) -> None:
    try:
        attributes = Attributes().changed(query)
    except ContentError:
        return
    assert Attributes().changed(attributes.query()) == attributes


def test_the_most_specific_level_wins() -> None:
    wide, narrow = Attributes(pmin=10, pmax=60), Attributes(pmin=0, gt=5.0)
    assert narrow.over(wide) == Attributes(pmin=0, pmax=60, gt=5.0)
    assert narrow.over(wide).numeric
    assert not wide.numeric


@pytest.mark.parametrize(
    ("attributes", "last", "value", "reported"),
    [
        (Attributes(pmin=1), 20.0, 20.5, True),
        (Attributes(pmin=1), 20.0, 20.0, False),
        (Attributes(), "on", "off", True),
        (Attributes(gt=50.0), 49.0, 50.0, True),
        (Attributes(gt=50.0), 49.0, 49.9, False),
        (Attributes(gt=50.0), 50.0, 60.0, False),
        (Attributes(gt=50.0), 60.0, 40.0, True),
        (Attributes(lt=0.0), 1, -1, True),
        (Attributes(lt=0.0), 2, 1, False),
        (Attributes(lt=0.0), -1, 0, True),
        (Attributes(st=2.0), 20.0, 21.9, False),
        (Attributes(st=2.0), 20.0, 22.0, True),
        (Attributes(st=2.0), 20.0, 18.0, True),
        (Attributes(gt=50.0, st=20.0), 49.0, 51.0, True),
        (Attributes(st=2.0), "20", "21", True),  # the attribute means nothing here
    ],
)
def test_a_value_is_reported(
    attributes: Attributes, last: Value, value: Value, reported: bool
) -> None:
    assert attributes.reports(last, value) is reported


@given(ANY, FLOATS, FLOATS)
def test_an_equal_value_is_never_reported_and_any_other_without_numeric_attributes(
    attributes: Attributes, last: float, value: float
) -> None:
    assert not attributes.reports(last, last)
    if not attributes.numeric:
        assert attributes.reports(last, value) == (last != value)


def test_periods_count_from_the_last_notification() -> None:
    assert Attributes(pmin=15, pmax=60).earliest(1000.0) == 1015.0
    assert Attributes(pmin=15, pmax=60).latest(1000.0) == 1060.0
    assert Attributes().earliest(1000.0) == 1000.0
    for without in (Attributes(pmin=15), Attributes(pmin=15, pmax=14), Attributes(pmax=0)):
        assert without.latest(1000.0) is None
