"""Object tree of the emulated module: object instances and their declared resources."""

from __future__ import annotations

from emulator.air.model import Path

# guess: bounds the memory; the module's own limit is unknown and surely lower
INSTANCE_LIMIT = 64
RESOURCE_LIMIT = 64


class Objects:
    """Instances by path `/object/instance`, in the order the host added them.

    A resource has a value type: a number of the dialect, without a meaning here.
    """

    def __init__(self) -> None:
        self._instances: dict[Path, dict[int, int]] = {}  # the types, by resource id

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

    def declare(self, path: Path, value_type: int) -> None:
        """Declare a resource of an existing instance, or change its type."""
        self._instances[path.instance_path][_resource_id(path)] = value_type

    def type_of(self, path: Path) -> int | None:
        """The type of the resource at a full path; None: not declared."""
        return self._instances.get(path.instance_path, {}).get(_resource_id(path))

    def can_declare(self, path: Path) -> bool:
        """Whether the limit allows this resource of an existing instance."""
        resources = self._instances[path.instance_path]
        return _resource_id(path) in resources or len(resources) < RESOURCE_LIMIT

    def knows(self, path: Path) -> bool:
        """Whether the object or instance that `path` names or lies in has been added."""
        if path.instance is None:
            return any(instance.object == path.object for instance in self._instances)
        return path.instance_path in self._instances

    def links(self, path: Path) -> tuple[Path, ...]:
        """The answer to a discover: what exists at `path` and below it."""
        if not self.knows(path):
            return ()
        links = [path] if path.instance is None else []
        for instance, resources in self._instances.items():
            below = (Path(instance.object, instance.instance, number) for number in resources)
            links += [link for link in (instance, *below) if path.covers(link)]
        return tuple(links)


def _resource_id(path: Path) -> int:
    assert path.resource is not None, f"{path} names no resource"
    return path.resource
