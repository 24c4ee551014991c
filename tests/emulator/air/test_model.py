"""Paths of LwM2M."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from emulator.air.model import Path

PATHS = st.builds(
    lambda ids: Path(*ids), st.lists(st.integers(0, 3), min_size=1, max_size=3).map(tuple)
)


@given(PATHS, PATHS)
def test_path_covers_itself_and_paths_below_it(wide: Path, narrow: Path) -> None:
    assert wide.covers(wide)
    assert wide.covers(narrow) == (f"{narrow}/").startswith(f"{wide}/")


def test_instance_path_of_resources_and_instances() -> None:
    assert Path(3303, 0, 5700).instance_path == Path(3303, 0, None)
    assert Path(3303, 0).instance_path == Path(3303, 0)
