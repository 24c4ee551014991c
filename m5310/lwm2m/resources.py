"""Resources of a device, their access rights, and the tree in which requests find them."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntFlag
from typing import Final

from m5310.errors import NotFound, NotSupported, ParameterError, shortened
from m5310.lwm2m.path import Path
from m5310.lwm2m.values import Value, ValueType, encode


class Access(IntFlag):
    """What the platform may do with a resource (the C kit's flag bits)."""

    READABLE = 1
    WRITABLE = 2
    EXECUTABLE = 4
    UPDATED = 8
    """The program changed the value and asks for a report. Only in the C kit's names."""


class Resource:
    """One resource of a device, made by `Device.add_resource`. Equal only to itself."""

    __slots__ = ("_value", "access", "path", "type")

    def __init__(self, path: Path | str, type: ValueType, value: Value, access: Access) -> None:  # noqa: A002
        self.path: Final = Path.parse(path) if isinstance(path, str) else path
        if not isinstance(self.path, Path):
            raise ParameterError(f"{path!r} is not a path; expected '3303/0/5700', or a Path")
        try:
            self.type: Final = ValueType(type)
            self.access: Final = Access(access)
        except ValueError as error:
            raise ParameterError(f"{self.path}: {error}") from None
        if not self.path.whole:
            raise ParameterError(f"{self.path} does not name a resource; expected 3303/0/5700")
        self.value = value

    @property
    def value(self) -> Value:
        """The value that a read returns. Setting an unsendable one raises ParameterError."""
        return self._value

    @value.setter
    def value(self, value: Value) -> None:
        self.set(value)

    def set(self, value: Value) -> str:
        """Set the value and return its text. Raises ParameterError if it cannot be sent."""
        text = self.encode(value)
        self._value = value
        return text

    def store(self, value: Value) -> None:
        """Set a value that the platform wrote, unchecked.

        It may be unsendable: a text with quotes is received (a program may want its JSON), but
        cannot be sent.
        """
        self._value = value

    @property
    def text(self) -> str:
        """The text of the value. Raises ParameterError if it cannot be sent (see `store`)."""
        return self.encode(self._value)

    def encode(self, value: Value) -> str:
        """The text of a value. Raises ParameterError, which names the resource."""
        try:
            return encode(self.type, value)
        except ParameterError as error:
            raise ParameterError(f"{self.path}: {error}") from None

    def __repr__(self) -> str:
        return f"<Resource {self.path} {self.type.name} {shortened(repr(self._value), 60)}>"


class ObjectTree:
    """The resources of one device, by object and instance, in the order they were added."""

    def __init__(self) -> None:
        self._resources: dict[Path, Resource] = {}

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._resources.values())

    def __len__(self) -> int:
        return len(self._resources)

    def add(self, resource: Resource) -> None:
        if resource.path in self._resources:
            raise ParameterError(f"{resource.path} was added already")
        self._resources[resource.path] = resource

    def remove(self, resource: Resource) -> None:
        self.check(resource)
        del self._resources[resource.path]

    def check(self, resource: object) -> None:
        """Raise NotFound unless `resource` is in the tree."""
        if not any(each is resource for each in self):
            raise NotFound(
                f"{resource!r} is not a resource of this device; use one that add_resource returned"
            )

    def find(self, path: Path) -> Resource:
        try:
            return self._resources[path]
        except KeyError:
            raise NotFound(f"{path} is not a resource of this device") from None

    def declared(self, path: Path) -> ValueType | None:
        """The type of the resource at this path, None if there is none."""
        resource = self._resources.get(path)
        return None if resource is None else resource.type

    def has_object(self, number: int) -> bool:
        """Whether a resource is in an object of this number."""
        return any(path.object == number for path in self._resources)

    def instances(self) -> tuple[Path, ...]:
        """The object instances of all resources."""
        return tuple(dict.fromkeys(path.instance_path for path in self._resources))

    def readable(self, path: Path) -> tuple[Resource, ...]:
        """The readable resources at a path, which may leave resource and instance open (-1).

        Raises NotFound if there is no resource, NotSupported if none of them is readable.
        """
        found = tuple(resource for resource in self if path.covers(resource.path))
        if not found:
            raise NotFound(f"there is no resource of this device at {path}")
        readable = tuple(each for each in found if each.access & Access.READABLE)
        if not readable:
            raise NotSupported(f"{path} is not readable")
        return readable

    def writable(self, path: Path) -> Resource:
        resource = self.find(path)
        if not resource.access & Access.WRITABLE:
            raise NotSupported(f"{path} is not writable")
        return resource

    def executable(self, path: Path) -> Resource:
        resource = self.find(path)
        if not resource.access & Access.EXECUTABLE:
            raise NotSupported(f"{path} is not executable")
        return resource
