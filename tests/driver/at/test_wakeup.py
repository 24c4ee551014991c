"""Whether a module may be asleep."""

from __future__ import annotations

import math

import pytest

from m5310.at.wakeup import AWAKE, WakeUp
from m5310.errors import ParameterError


def test_a_module_that_was_never_heard_may_be_asleep() -> None:
    assert WakeUp().needed(0.0)


def test_it_is_awake_for_a_while_after_each_line() -> None:
    module = WakeUp()
    for moment in (0.0, 1.5, 100.0):
        module.line_received(moment)
        assert not module.needed(moment + AWAKE)
    assert module.needed(100.1 + AWAKE)


@pytest.mark.parametrize("awake", [AWAKE, math.inf])
def test_what_it_announces_counts_more_than_the_time(awake: float) -> None:
    module = WakeUp(awake)
    module.line_received(1.0)
    module.reported_asleep = True
    assert module.needed(1.0)
    module.reported_asleep = False
    assert not module.needed(1.0)


def test_one_that_never_sleeps() -> None:
    module = WakeUp(math.inf)
    module.line_received(0.0)
    assert not module.needed(1e12)


@pytest.mark.parametrize("awake", [-0.1, math.nan, -math.inf])
def test_the_time_awake_is_a_time(awake: float) -> None:
    with pytest.raises(ParameterError, match="awake must be"):
        WakeUp(awake)
