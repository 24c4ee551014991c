"""Paths of LwM2M."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.lwm2m.model import ContentError, Path

PATHS = st.builds(
    lambda ids: Path(*ids), st.lists(st.integers(0, 3), min_size=1, max_size=4).map(tuple)
)


@given(PATHS, PATHS)
def test_path_covers_itself_and_paths_below_it(wide: Path, narrow: Path) -> None:
    assert wide.covers(wide)
    assert wide.covers(narrow) == (f"{narrow}/").startswith(f"{wide}/")


@given(PATHS)
def test_a_path_is_read_as_it_is_written(path: Path) -> None:
    assert Path.parse(str(path)) == path


def test_instance_path_of_resources_and_instances() -> None:
    assert Path(3303, 0, 5700).instance_path == Path(3303, 0, None)
    assert Path(3303, 0).instance_path == Path(3303, 0)


def test_resource_path_of_resource_instances_and_resources() -> None:
    assert Path(3, 0, 6, 1).resource_path == Path(3, 0, 6)
    assert Path(3, 0, 6).resource_path == Path(3, 0, 6)


@pytest.mark.parametrize(
    "text", ["", "/", "3303", "/3303/", "//0", "/1/2/3/4/5", "/65536", "/-1", "/rd", "/٣", "/1\n"]
)
def test_other_texts_are_no_path(text: str) -> None:
    with pytest.raises(ContentError, match="expected 1 to 4 numbers"):
        Path.parse(text)
