"""Whether a module may be asleep."""

from __future__ import annotations

import math

import pytest

from m5310.at.wakeup import AWAKE, Wakefulness
from m5310.errors import ParameterError


def test_a_module_that_was_never_heard_may_be_asleep() -> None:
    assert Wakefulness().doubtful(0.0)


def test_it_is_awake_for_a_while_after_each_line() -> None:
    module = Wakefulness()
    for moment in (0.0, 1.5, 100.0):
        module.heard(moment)
        assert not module.doubtful(moment + AWAKE)
    assert module.doubtful(100.1 + AWAKE)


@pytest.mark.parametrize("awake", [AWAKE, math.inf])
def test_what_it_announces_counts_more_than_the_time(awake: float) -> None:
    module = Wakefulness(awake)
    module.heard(1.0)
    module.announced = True
    assert module.doubtful(1.0)
    module.announced = False
    assert not module.doubtful(1.0)


def test_one_that_never_sleeps() -> None:
    module = Wakefulness(math.inf)
    module.heard(0.0)
    assert not module.doubtful(1e12)


@pytest.mark.parametrize("awake", [-0.1, math.nan, -math.inf])
def test_the_time_awake_is_a_time(awake: float) -> None:
    with pytest.raises(ParameterError, match="awake for"):
        Wakefulness(awake)
