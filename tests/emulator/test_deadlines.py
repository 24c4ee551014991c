"""The first of several deadlines, some of which may not be."""

from __future__ import annotations

import pytest

from emulator.deadlines import earliest


@pytest.mark.parametrize(
    ("deadlines", "first"),
    [((), None), ((None, None), None), ((3.0,), 3.0), ((None, 5.0, 2.0, None), 2.0)],
)
def test_the_first_deadline(deadlines: tuple[float | None, ...], first: float | None) -> None:
    assert earliest(*deadlines) == first
