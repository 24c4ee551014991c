"""The tree of objects, instances and resources."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.air.messages import Path
from emulator.module.dialects.classic.values import ValueType
from emulator.module.lwm2m.objects import (
    INSTANCE_LIMIT,
    RESOURCE_LIMIT,
    Objects,
    Resource,
    covers,
    parent,
)

WARM = Resource(ValueType.FLOAT, 21.5)

PATHS = st.builds(
    lambda ids: Path(*ids), st.lists(st.integers(0, 3), min_size=1, max_size=3).map(tuple)
)


def tree(*paths: Path) -> Objects:
    objects = Objects()
    for path in paths:
        if not objects.knows(parent(path)):
            objects.add(parent(path))
        objects.set(path, WARM)
    return objects


def test_instances_stand_in_the_order_they_came() -> None:
    objects = Objects()
    for instance in (Path(3306, 0), Path(3303, 1), Path(3303, 0)):
        objects.add(instance)
    objects.remove(Path(3303, 1))
    assert objects.instances == (Path(3306, 0), Path(3303, 0))
    objects.clear()
    assert objects.instances == ()


def test_knows_objects_instances_and_the_instances_of_resources() -> None:
    objects = tree(Path(3303, 0, 5700))
    for known in (Path(3303), Path(3303, 0), Path(3303, 0, 5700), Path(3303, 0, 9)):
        assert objects.knows(known), known
    for unknown in (Path(3306), Path(3303, 1), Path(3303, 1, 5700)):
        assert not objects.knows(unknown), unknown


def test_a_resource_has_the_value_given_last() -> None:
    objects = tree(Path(3303, 0, 5700))
    assert objects.resource(Path(3303, 0, 5700)) == WARM
    objects.set(Path(3303, 0, 5700), Resource(ValueType.FLOAT, 22.0))
    assert objects.resource(Path(3303, 0, 5700)) == Resource(ValueType.FLOAT, 22.0)
    assert objects.resource(Path(3303, 0, 5701)) is None
    assert objects.resource(Path(3303, 1, 5700)) is None


@pytest.mark.parametrize(
    ("path", "links"),
    [
        (Path(3303), ["/3303", "/3303/0", "/3303/0/5700", "/3303/0/5701", "/3303/1"]),
        (Path(3303, 0), ["/3303/0", "/3303/0/5700", "/3303/0/5701"]),
        (Path(3303, 1), ["/3303/1"]),
        (Path(3303, 0, 5701), ["/3303/0/5701"]),
        (Path(3303, 0, 5702), []),
        (Path(3303, 2), []),
        (Path(3), []),
    ],
)
def test_links_are_all_that_exists_below(path: Path, links: list[str]) -> None:
    objects = tree(Path(3303, 0, 5700), Path(3306, 0, 5850), Path(3303, 0, 5701))
    objects.add(Path(3303, 1))
    assert list(map(str, objects.links(path))) == links


def test_instances_and_resources_are_bounded() -> None:
    objects = Objects()
    for number in range(INSTANCE_LIMIT):
        assert not objects.full
        objects.add(Path(3303, number))
    assert objects.full
    for number in range(RESOURCE_LIMIT):
        assert objects.has_room(Path(3303, 0, number))
        objects.set(Path(3303, 0, number), WARM)
    assert objects.has_room(Path(3303, 0, 0))
    assert not objects.has_room(Path(3303, 0, RESOURCE_LIMIT))
    assert objects.has_room(Path(3303, 1, 0))


@given(PATHS, PATHS)
def test_a_path_covers_itself_and_what_begins_with_it(wide: Path, narrow: Path) -> None:
    assert covers(wide, wide)
    assert covers(wide, narrow) == (f"{narrow}/").startswith(f"{wide}/")
