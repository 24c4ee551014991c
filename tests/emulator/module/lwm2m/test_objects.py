"""The object tree: instances, declared resources, links."""

from __future__ import annotations

import pytest

from emulator.lwm2m.model import Path
from emulator.module.lwm2m.objects import INSTANCE_LIMIT, RESOURCE_LIMIT, Objects

FLOAT, INTEGER = 4, 3


def tree(*paths: Path) -> Objects:
    objects = Objects()
    for path in paths:
        if not objects.knows(path.instance_path):
            objects.add(path.instance_path)
        objects.declare(path, FLOAT)
    return objects


def test_instances_are_listed_in_the_order_they_were_added() -> None:
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


def test_resource_has_the_type_declared_last() -> None:
    objects = tree(Path(3303, 0, 5700))
    assert objects.type_of(Path(3303, 0, 5700)) == FLOAT
    objects.declare(Path(3303, 0, 5700), INTEGER)
    assert objects.type_of(Path(3303, 0, 5700)) == INTEGER
    assert objects.type_of(Path(3303, 0, 5701)) is None
    assert objects.type_of(Path(3303, 1, 5700)) is None


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
def test_links_are_what_exists_below_the_path(path: Path, links: list[str]) -> None:
    objects = tree(Path(3303, 0, 5700), Path(3306, 0, 5850), Path(3303, 0, 5701))
    objects.add(Path(3303, 1))
    assert list(map(str, objects.links(path))) == links


def test_instances_and_resources_are_limited() -> None:
    objects = Objects()
    for number in range(INSTANCE_LIMIT):
        assert not objects.full
        objects.add(Path(3303, number))
    assert objects.full
    for number in range(RESOURCE_LIMIT):
        assert objects.can_declare(Path(3303, 0, number))
        objects.declare(Path(3303, 0, number), FLOAT)
    assert objects.can_declare(Path(3303, 0, 0))
    assert not objects.can_declare(Path(3303, 0, RESOURCE_LIMIT))
    assert objects.can_declare(Path(3303, 1, 0))
