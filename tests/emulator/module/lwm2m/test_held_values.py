"""Attributes of notifications: what is held back, and until when."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.lwm2m.attributes import Attributes
from emulator.lwm2m.model import ContentError, Item, Path
from emulator.module.lwm2m.attributes import ATTRIBUTES_LIMIT, AttributeTable
from emulator.module.lwm2m.held_values import HeldValues

WARM = Path(3303, 0, 5700)


@dataclass
class Bench:
    """One observed resource; what is sent, with its time."""

    attributes: Attributes
    sent: list[tuple[float, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.values = HeldValues(WARM, lambda _: self.attributes, 0.0)
        self.values.sent([Item(WARM, 20.0)])

    def report(self, now: float, value: float) -> None:
        self.wait(now)
        self.values.add([Item(WARM, value)])
        self.take(now)

    def wait(self, now: float) -> None:
        while (due := self.values.due) is not None and due <= now:
            self.take(due)

    def take(self, now: float) -> None:
        for item in self.values.take_due(now):
            assert isinstance(item.value, float)
            self.sent.append((now, item.value))


def test_changed_value_is_sent_at_once_without_attributes() -> None:
    bench = Bench(Attributes())
    bench.report(1.0, 21.0)
    bench.report(2.0, 21.0)
    bench.report(3.0, 22.0)
    assert bench.sent == [(1.0, 21.0), (3.0, 22.0)]
    assert bench.values.due is None


def test_pmin_holds_back_all_but_the_newest() -> None:
    bench = Bench(Attributes(pmin=10))
    for now in range(1, 13):
        bench.report(float(now), 20.0 + now)
    bench.wait(100.0)
    assert bench.sent == [(10.0, 29.0), (20.0, 32.0)]


def test_pmax_below_pmin_does_not_count() -> None:
    bench = Bench(Attributes(pmin=60, pmax=10))
    bench.wait(200.0)
    assert bench.sent == []


def test_pmax_sends_an_unchanged_value() -> None:
    bench = Bench(Attributes(pmax=60))
    bench.wait(130.0)
    assert bench.sent == [(60.0, 20.0), (120.0, 20.0)]


@pytest.mark.parametrize(
    ("attributes", "values", "sent"),
    [
        (Attributes(gt=25), [24.0, 25.5, 26.0, 24.0, 23.0], [25.5, 24.0]),
        (Attributes(lt=15), [16.0, 14.0, 13.0, 16.0], [14.0, 16.0]),
        (Attributes(st=2), [21.0, 22.0, 23.0, 20.0], [22.0, 20.0]),
        (Attributes(gt=25, st=5), [24.0, 25.0, 20.0], [25.0, 20.0]),
    ],
)
def test_limits_of_numbers(attributes: Attributes, values: list[float], sent: list[float]) -> None:
    bench = Bench(attributes)
    for now, value in enumerate(values, 1):
        bench.report(float(now), value)
    assert [value for _, value in bench.sent] == sent


def test_limits_do_not_hold_for_texts() -> None:
    values = HeldValues(WARM, lambda _: Attributes(gt=25), 0.0)
    values.sent([Item(WARM, "a")])
    values.add([Item(WARM, "b")])
    assert values.take_due(0.0) == (Item(WARM, "b"),)


def test_values_of_a_deleted_instance_are_not_sent() -> None:
    other = Path(3303, 1, 5700)
    values = HeldValues(Path(3303), lambda _: Attributes(pmin=5), 0.0)
    values.sent([Item(WARM, 20.0), Item(other, 30.0)])
    values.add([Item(WARM, 21.0), Item(other, 31.0)])
    values.forget(Path(3303, 1))
    assert values.take_due(5.0) == (Item(WARM, 21.0),)


@given(
    st.builds(
        Attributes,
        pmin=st.sampled_from([None, 0, 5]),
        pmax=st.sampled_from([None, 7, 30]),
        gt=st.sampled_from([None, 25.0]),
        st=st.sampled_from([None, 2.0]),
    ),
    st.lists(st.tuples(st.integers(0, 20), st.integers(15, 30)), max_size=30),
)
def test_waits_are_as_the_attributes_demand(
    attributes: Attributes, reports: list[tuple[int, int]]
) -> None:
    bench = Bench(attributes)
    now = 0.0
    for wait, value in reports:
        now += wait
        bench.report(now, float(value))
    bench.wait(now + 100.0)
    times = [0.0, *(at for at, _ in bench.sent)]
    gaps = [after - before for before, after in pairwise(times)]
    least = min(attributes.pmin or 0.0, attributes.pmax or 1000.0)
    assert all(gap >= least for gap in gaps)
    if attributes.pmax:
        assert all(gap <= attributes.pmax for gap in gaps)


# Write-Attributes --------------------------------------------------------------------------------


def test_bad_attributes_change_nothing() -> None:
    table = AttributeTable()
    table.write(WARM, ["pmin=5"])
    for query in (["pmin=-1"], ["pmax=x"], ["step=1"]):
        with pytest.raises(ContentError):
            table.write(WARM, query)
    assert table.of(WARM) == Attributes(pmin=5)


def test_most_specific_path_counts_and_values_are_cleared() -> None:
    table = AttributeTable()
    table.write(Path(3303), ["pmin=1", "pmax=60"])
    table.write(WARM, ["pmin=5", "gt=25"])
    assert table.of(WARM) == Attributes(pmin=5, pmax=60, gt=25)
    assert table.of(Path(3303, 0)) == Attributes(pmin=1, pmax=60)
    table.write(WARM, ["pmin", "gt"])
    assert table.of(WARM) == Attributes(pmin=1, pmax=60)


def test_paths_with_attributes_are_limited() -> None:
    table = AttributeTable()
    for number in range(ATTRIBUTES_LIMIT):
        table.write(Path(3303, number), ["pmin=1"])
    with pytest.raises(ContentError):
        table.write(Path(3304, 0), ["pmin=1"])
    table.write(Path(3303, 0), ["pmin=2"])
