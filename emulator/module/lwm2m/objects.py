"""The object tree of the emulated module: instances, and their declared resources with values."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.air.messages import Path, Value
from emulator.module.dialects.classic.values import ValueType

# A guess, to bound the memory; the module's own limit is unknown and surely lower.
INSTANCE_LIMIT = 64
RESOURCE_LIMIT = 64


@dataclass(frozen=True, slots=True)
class Resource:
    """As the host declared it, with the value it gave last."""

    type: ValueType
    value: Value


class Objects:
    """Instances by path `/object/instance`, in the order the host added them."""

    def __init__(self) -> None:
        self._instances: dict[Path, dict[int, Resource]] = {}

    @property
    def instances(self) -> tuple[Path, ...]:
        return tuple(self._instances)

    @property
    def full(self) -> bool:
        return len(self._instances) >= INSTANCE_LIMIT

    def add(self, instance: Path) -> None:
        self._instances[instance] = {}

    def remove(self, instance: Path) -> None:
        del self._instances[instance]

    def clear(self) -> None:
        self._instances.clear()

    def set(self, path: Path, resource: Resource) -> None:
        """Declare a resource of an instance that exists, or give it a new value."""
        self._instances[parent(path)][_resource_id(path)] = resource

    def resource(self, path: Path) -> Resource | None:
        """The declared resource at a full path."""
        return self._instances.get(parent(path), {}).get(_resource_id(path))

    def has_room(self, path: Path) -> bool:
        """A resource at this full path of an existing instance may be declared."""
        resources = self._instances[parent(path)]
        return _resource_id(path) in resources or len(resources) < RESOURCE_LIMIT

    def knows(self, path: Path) -> bool:
        """The object, or the instance, that `path` names or lies in has been added."""
        if path.instance is None:
            return any(instance.object == path.object for instance in self._instances)
        return parent(path) in self._instances

    def links(self, path: Path) -> tuple[Path, ...]:
        """The answer to a discover: what exists at `path` and below it."""
        if not self.knows(path):
            return ()
        links = [path] if path.instance is None else []
        for instance, resources in self._instances.items():
            below = (Path(instance.object, instance.instance, number) for number in resources)
            links += [link for link in (instance, *below) if covers(path, link)]
        return tuple(links)


def _resource_id(path: Path) -> int:
    assert path.resource is not None, f"{path} names no resource"
    return path.resource


def parent(path: Path) -> Path:
    """The instance of a resource (or of itself)."""
    return Path(path.object, path.instance)


def covers(wide: Path, narrow: Path) -> bool:
    """`narrow` is `wide` or lies below it."""
    return (
        wide.object == narrow.object
        and wide.instance in (None, narrow.instance)
        and wide.resource in (None, narrow.resource)
    )
