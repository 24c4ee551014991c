"""Objects and resources of OMA's registry: names, types, operations, units.

`objects.json` beside this file holds what is used of them; `NOTICE.txt` is OMA's licence.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from emulator.lwm2m.model import Path
from emulator.lwm2m.values import Type


@dataclass(frozen=True, slots=True)
class Resource:
    """`type` None: it has no value, it is executed. `operations` from R, W, E; "" for none that a
    server may do. `unit` "" for none. `multiple`: it may have several instances.
    """

    name: str
    type: Type | None
    operations: str
    multiple: bool
    unit: str


@dataclass(frozen=True, slots=True)
class ObjectDefinition:
    """`multiple`: it may have several instances. `resources` by id."""

    name: str
    multiple: bool
    resources: dict[int, Resource]


def type_of(path: Path) -> Type | None:
    """The type of the resource at or above `path`; None for a resource that is not in it."""
    found = resource(path)
    return found.type if found else None


def resource(path: Path) -> Resource | None:
    """The definition of the resource at or above `path`; None for one that is not in it."""
    found = _objects().get(path.object)
    return found.resources.get(path.resource) if found and path.resource is not None else None


def definition(number: int) -> ObjectDefinition | None:
    """The definition of an object; None for one that is not in it, as 2000 to 10000 are not."""
    return _objects().get(number)


def definitions() -> Mapping[int, ObjectDefinition]:
    """All that are in it, by number."""
    return _objects()


@cache
def _objects() -> dict[int, ObjectDefinition]:
    text = files("emulator.lwm2m").joinpath("objects.json").read_text(encoding="utf-8")
    return {
        int(number): ObjectDefinition(
            each["name"],
            each["multiple"],
            {
                int(identifier): Resource(name, Type(kind) if kind else None, *others)
                for identifier, (name, kind, *others) in each["resources"].items()
            },
        )
        for number, each in json.loads(text).items()
    }
