"""Values for a time: what applies at each moment, compared with a plain list of events."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from emulator.line.faults import Rates
from emulator.scenario.overlay import Overlay, Setting

BASE = 0


@dataclass(eq=False)
class Part:
    value: int = BASE
    rates: Rates = field(default_factory=Rates)


# Begin and end (None: for ever) of each event; its value is its place in the list, from 1 on.
EVENTS = st.lists(
    st.tuples(st.integers(0, 9), st.none() | st.integers(1, 9)).map(
        lambda it: (it[0], None if it[1] is None else it[0] + it[1])
    ),
    max_size=8,
)


def expected(events: list[tuple[int, int | None]], now: int) -> int:
    """The value of the newest event that still holds."""
    order = sorted(range(len(events)), key=lambda place: events[place][0])
    holding = [place for place in order if events[place][0] <= now]
    holding = [place for place in holding if (events[place][1] or 99) > now]
    return holding[-1] + 1 if holding else BASE


@given(EVENTS)
@example([(0, 5), (2, 9)])  # overlap
@example([(0, 9), (2, 5)])  # one within the other
@example([(0, 9), (2, None)])  # a permanent one within a period
@example([(0, None), (2, 5)])
@example([(0, 5), (0, 5)])
def test_the_newest_that_still_holds_applies(events: list[tuple[int, int | None]]) -> None:
    part, overlay = Part(), Overlay()
    setting = Setting(part, "value")
    ends = []
    for now in range(20):
        for at, end in ends:
            if at == now:
                end()
        for place, (begin, until) in enumerate(events):
            if begin == now and until is None:
                overlay.set(setting, place + 1)
            elif begin == now and until is not None:
                ends.append((until, overlay.begin(setting, place + 1)))
        assert part.value == expected(events, now)


def test_fields_of_one_attribute_are_apart() -> None:
    part, overlay = Part(), Overlay()
    end = overlay.begin(Setting(part, "rates", "loss"), 0.5)
    overlay.set(Setting(part, "rates", "double"), 0.1)
    assert part.rates == Rates(loss=0.5, double=0.1)
    end()
    assert part.rates == Rates(double=0.1)


class Stubborn:
    """Cannot be set to True once `stuck`."""

    stuck = False
    _on = True

    @property
    def on(self) -> bool:
        return self._on

    @on.setter
    def on(self, on: bool) -> None:
        if on and self.stuck:
            raise OSError("stuck")
        self._on = on


def test_a_part_that_cannot_be_set_leaves_nothing_behind() -> None:
    part, overlay = Stubborn(), Overlay()
    setting = Setting(part, "on")
    end = overlay.begin(setting, False)
    part.stuck = True
    for fail in (end, lambda: overlay.set(setting, True), lambda: overlay.begin(setting, True)):
        with pytest.raises(OSError, match="stuck"):
            fail()
    part.stuck = False
    overlay.begin(setting, True)()
    assert part.on is False
