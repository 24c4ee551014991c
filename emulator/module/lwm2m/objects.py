"""Object tree of the emulated module: object instances and their declared resources."""

from __future__ import annotations

from collections.abc import Iterable

from emulator.lwm2m.model import Path

# guess: bounds the memory; the module's own limit is unknown and surely lower
INSTANCE_LIMIT = 64
RESOURCE_LIMIT = 64


class Objects:
    """Instances by path `/object/instance`, in the order the host added them.

    A resource has a value type: a number of the dialect, without a meaning here. The host may list
    the resources of an object, which then are those of all its instances.
    """

    def __init__(self) -> None:
        self._instances: dict[Path, dict[Path, int]] = {}  # value types by resource
        self._listed: dict[int, tuple[int, ...]] = {}  # resources by object

    @property
    def instances(self) -> tuple[Path, ...]:
        return tuple(self._instances)

    @property
    def full(self) -> bool:
        return len(self._instances) >= INSTANCE_LIMIT

    def add(self, instance: Path) -> None:
        self._instances[instance] = {}

    def remove(self, instance: Path) -> None:
        self._instances.pop(instance, None)
        if not self.knows(Path(instance.object)):
            self._listed.pop(instance.object, None)

    def clear(self) -> None:
        self._instances.clear()
        self._listed.clear()

    def list_resources(self, object_id: int, resources: tuple[int, ...]) -> None:
        """The object has these resources, in each instance."""
        self._listed[object_id] = resources

    def forget_lists(self) -> None:
        """Forget all lists."""
        self._listed.clear()

    def declare(self, path: Path, value_type: int) -> None:
        """Declare a resource of an existing instance, or change its type."""
        self._instances[path.instance_path][path] = value_type

    def type_of(self, path: Path) -> int | None:
        """The value type of a resource; None: not declared, or no path of a resource."""
        return self._instances.get(path.instance_path, {}).get(path)

    def can_declare(self, path: Path) -> bool:
        """Whether the limit allows this resource of an existing instance."""
        resources = self._instances[path.instance_path]
        return path in resources or len(resources) < RESOURCE_LIMIT

    def knows(self, path: Path) -> bool:
        """Whether the object or instance that `path` names or lies in has been added."""
        if path.instance is None:
            return any(instance.object == path.object for instance in self._instances)
        return path.instance_path in self._instances

    def has_groups(self, path: Path) -> bool:
        """Whether the object of `path` has more than one resource, in all instances together."""
        resources = {
            resource.resource
            for instance in self._instances
            if instance.object == path.object
            for resource in self._resources(instance)
        }
        return len(resources) > 1

    def _resources(self, instance: Path) -> Iterable[Path]:
        listed = self._listed.get(instance.object)
        if listed is None:
            return self._instances[instance]
        return (Path(instance.object, instance.instance, each) for each in listed)

    def links(self, path: Path) -> tuple[Path, ...]:
        """The answer to a discover: what exists at `path` and below it."""
        if not self.knows(path):
            return ()
        links = [path] if path.instance is None else []
        for instance in self._instances:
            links += [link for link in (instance, *self._resources(instance)) if path.covers(link)]
        return tuple(links)
