"""When a trigger fires, by its type (OneNET guide 4.2.10.1, remarks on `type`)."""

from __future__ import annotations

import json

import pytest

from emulator.onenet.errors import ApiError, Reason
from tests.support.trigger_bench import DEVICE, STREAM, TriggerBench

RANGE = {"lolmt": 40, "uplmt": 52}


@pytest.fixture
def bench() -> TriggerBench:
    return TriggerBench()


@pytest.mark.parametrize(
    ("kind", "fires"),
    [
        (">", [101, 100.5]),
        (">=", [100, 101, 100.5, 100.0]),
        ("<", [99, -5]),
        ("<=", [99, 100, -5, 100.0]),
        ("==", [100, 100.0]),
    ],
)
def test_guide_4_2_10_1_remark_1_comparisons(
    bench: TriggerBench, kind: str, fires: list[object]
) -> None:
    bench.create(kind, 100)
    values = [99, 100, 101, 100.5, -5, 100.0]
    assert [value for value in values if bench.point(value)] == fires


def test_guide_4_2_10_1_comparison_fires_at_each_point(bench: TriggerBench) -> None:
    bench.create(">", 30)
    assert [bench.point(value) for value in (31, 31, 29, 32)] == [[31], [31], [], [32]]


@pytest.mark.parametrize(
    ("values", "fires"),
    [
        ([39, 40, 45, 52, 53, 54, 52], [40, 53, 52]),
        ([45, 46, 30], [45, 30]),  # the first point of the stream is in the range: it has entered
        ([30, 53, 39], []),
        ([45, "broken", 30, 45], [45, 45]),
    ],
)
def test_guide_4_2_10_1_remark_2_first_entry_and_first_exit(
    bench: TriggerBench, values: list[object], fires: list[object]
) -> None:
    bench.create("inout", RANGE)
    assert [value for value in values if bench.point(value)] == fires


def test_range_is_judged_for_each_device_by_itself(bench: TriggerBench) -> None:
    bench.create("inout", RANGE)
    assert [bench.point(45), bench.point(30, DEVICE + 1), bench.point(46)] == [[45], [], []]


def test_range_remembers_over_a_restart_where_the_value_was(bench: TriggerBench) -> None:
    bench.create("inout", RANGE)
    bench.point(45)
    bench.take_up()
    assert [bench.point(46), bench.point(53)] == [[], [53]]


def test_in_and_out_fire_at_each_point(bench: TriggerBench) -> None:
    bench.create("in", RANGE)
    values = [39.9, 40, 45, 52, 52.1]
    assert [value for value in values if bench.point(value)] == [40, 45, 52]
    bench = TriggerBench()
    bench.create("out", RANGE)
    assert [value for value in values if bench.point(value)] == [39.9, 52.1]


def test_guide_4_2_10_1_remark_3_expression(bench: TriggerBench) -> None:
    bench.create("exp", "$val[0]['temperature'] > 30 && $val[0]['humidity'] < 33")
    hot = {"temperature": 31, "humidity": 32}
    assert bench.point({"temperature": 22, "humidity": 56}) == []
    assert bench.point(hot) == [hot]
    assert bench.point(json.dumps(hot)) == [json.dumps(hot)]


def test_expression_of_several_streams_takes_their_current_values(bench: TriggerBench) -> None:
    bench.report(("a", 1), ("b", 1), ("c", 1))
    uuids = [bench.uuid(stream) for stream in ("b", "a")]
    bench.create("exp", "$val[0] > $val[1]", ds_uuids=uuids)
    bench.report(("a", 0))
    bench.report(("c", 9))
    bench.report(("a", 5))
    bench.report(("b", 5))
    bench.report(("a", 7), ("b", 8))  # both at once
    fired = [(m["current_data"][0]["ds_id"], m["current_data"][0]["value"]) for m in bench.arrived]
    assert fired == [("a", 0), ("b", 8)]


def test_guide_4_2_10_1_remark_4_change(bench: TriggerBench) -> None:
    bench.create("change")
    values = [5, 5, 6, 6, "6", True, True, 1, {"a": 1}, {"a": 1}, {"a": 2}]
    fired = [bool(bench.point(value)) for value in values]
    assert fired == [False, False, True, False, True, True, False, True, True, False, True]
    assert "threshold" not in bench.arrived[0]["trigger"]


def test_several_values_of_one_report_are_judged_one_after_the_other(bench: TriggerBench) -> None:
    bench.create("change")
    bench.report((STREAM, 1), (STREAM, 1), (STREAM, 2))
    assert [message["current_data"][0]["value"] for message in bench.arrived] == [2]


def test_guide_4_2_10_1_remark_5_frozen(bench: TriggerBench) -> None:
    """One message for each silence; a point ends it."""
    bench.create("frozen", 60)
    bench.run(1000)
    assert bench.arrived == []  # the stream has no point yet
    bench.point(7)
    bench.run(59)
    bench.point(8)
    bench.run(59.9)
    assert bench.arrived == []
    bench.run(0.2)
    (message,) = bench.arrived
    assert message["current_data"][0]["value"] == 8
    bench.run(100_000)
    assert len(bench.arrived) == 1
    bench.point(9)
    bench.run(61)
    assert len(bench.arrived) == 2


def test_guide_4_2_10_1_remark_6_live(bench: TriggerBench) -> None:
    bench.create("live", 60)
    assert bench.point(1) == []
    bench.run(59.9)
    assert bench.point(2) == []
    bench.run(60)
    assert bench.point(3) == [3]
    assert bench.point(4) == []
    bench.take_up()
    bench.run(60)
    assert bench.point(5) == [5]


@pytest.mark.parametrize("value", ["hot", "", "nan", "1_000", None, [100], {"a": 100}])
def test_what_is_no_number_meets_no_condition_of_numbers(
    bench: TriggerBench, value: object
) -> None:
    for kind in (">", ">=", "<", "<=", "=="):
        bench.create(kind, 100)
    for kind in ("inout", "in", "out"):
        bench.create(kind, RANGE)
    assert bench.point(value) == []


@pytest.mark.parametrize(("value", "fires"), [("101", 1), ("1e3", 1), ("99", 0), (True, 0)])
def test_a_text_that_is_a_number_counts_as_it(
    bench: TriggerBench, value: object, fires: int
) -> None:
    bench.create(">", 100)
    assert len(bench.point(value)) == fires


def test_bytes_and_infinite_numbers_are_shown_as_the_api_shows_them(bench: TriggerBench) -> None:
    bench.create("change")
    bench.point(0)
    assert bench.point(b"\x0a\x64") == [[10, 100]]
    assert bench.point(float("inf")) == ["inf"]


def test_deeply_nested_values_end_no_report(bench: TriggerBench) -> None:
    nested: object = 1
    for _ in range(300):
        nested = [nested]
    bench.create("exp", "$val[0][0][0] == $val[0]")
    bench.create("change")
    bench.point(nested)
    assert bench.point(2) == [2]


# Wrong thresholds --------------------------------------------------------------------------------

NUMBER, SECONDS = "expected a number", "expected seconds, a number above 0"
LIMITS = 'expected {"lolmt":40,"uplmt":52}, the lower limit first'


@pytest.mark.parametrize(
    ("kind", "threshold", "wrong"),
    [
        (">", "100", NUMBER),
        (">=", True, NUMBER),
        ("<", [1], NUMBER),
        ("<=", 10**400, NUMBER),
        ("==", {}, NUMBER),
        ("inout", 5, LIMITS),
        ("inout", {"lolmt": 40}, LIMITS),
        ("inout", {"lolmt": 52, "uplmt": 40}, LIMITS),
        ("in", {"lolmt": "40", "uplmt": 52}, LIMITS),
        ("out", {"lolmt": 40, "uplmt": 52, "x": 1}, LIMITS),
        ("frozen", 0, SECONDS),
        ("live", -1, SECONDS),
        ("live", "60", NUMBER),
        ("exp", 5, "expected a text such as $val[0] > 30: the end at character 1"),
        ("exp", "$val[0] >", "the end at character 10, expected a value"),
        ("exp", "$val[1] > 0", "expected $val[0] only"),
    ],
)
def test_wrong_threshold_is_an_invalid_parameter(
    bench: TriggerBench, kind: str, threshold: object, wrong: str
) -> None:
    with pytest.raises(ApiError) as caught:
        bench.create(kind, threshold)
    assert caught.value.reason is Reason.INVALID_PARAMETER
    assert wrong in str(caught.value)


@pytest.mark.parametrize("kind", ["==", "in", "out", "exp"])
def test_types_that_2019_does_not_have(kind: str) -> None:
    threshold = {"==": 1, "exp": "$val[0]"}.get(kind, RANGE)
    TriggerBench(year=2018).create(kind, threshold)
    with pytest.raises(ApiError) as caught:
        TriggerBench(year=2019).create(kind, threshold)
    assert caught.value.reason is Reason.INVALID_PARAMETER
    assert f'type "{kind}", expected > >= < <= inout change frozen live' in str(caught.value)


@pytest.mark.parametrize("kind", [">", ">=", "<", "<=", "inout", "change", "frozen", "live"])
def test_types_of_both_years(kind: str) -> None:
    threshold = {"inout": RANGE, "change": None}.get(kind, 5)
    for year in (2018, 2019):
        bench = TriggerBench(year=year)
        made = bench.triggers.get(bench.create(kind, threshold))
        assert made is not None
        assert (made.content.kind, made.content.threshold) == (kind, threshold)
