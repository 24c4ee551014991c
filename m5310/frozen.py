"""Frozen, slotted classes with fields: a dataclass in all a program sees, and cheap to import.

`dataclass` compiles some methods anew for each class, which takes half a millisecond of every
import; here all classes share theirs. A NamedTuple is cheap too, but compares by content alone.
"""

from __future__ import annotations

from typing import Any, NoReturn, dataclass_transform


@dataclass_transform(frozen_default=True)
class _FrozenType(type):
    """Makes a slot of each annotated field."""

    fields: tuple[str, ...]

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> _FrozenType:
        fields = tuple(namespace.get("__annotations__", ()))
        slots = {"__slots__": fields, "__match_args__": fields}
        made = super().__new__(mcs, name, bases, namespace | slots)
        made.fields = fields
        return made


class Frozen(metaclass=_FrozenType):
    """Fields are what the class itself annotates: none inherited, none with a default value.

    Equal are two of the same class whose fields are equal.
    """

    def __init__(self, *values: object, **named: object) -> None:
        fields = type(self).fields
        given = dict(zip(fields, values, strict=False)) | named
        if len(values) + len(named) != len(fields) or given.keys() != set(fields):
            raise TypeError(f"expected {type(self).__name__}({', '.join(fields)})")
        for field, value in given.items():
            object.__setattr__(self, field, value)

    @property
    def _values(self) -> tuple[object, ...]:
        return tuple(getattr(self, field) for field in type(self).fields)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._values == other._values

    def __hash__(self) -> int:
        return hash((type(self), *self._values))

    def __repr__(self) -> str:
        pairs = zip(type(self).fields, self._values, strict=True)
        return f"{type(self).__name__}({', '.join(f'{field}={value!r}' for field, value in pairs)})"

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return type(self), self._values  # a copy is built like the first one

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be set: it is frozen")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be deleted: it is frozen")
