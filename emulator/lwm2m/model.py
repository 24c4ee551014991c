"""Paths, values and items of LwM2M, and what is raised for content that cannot be read.

A resource with several instances is several items: `/3/0/6/0` and `/3/0/6/1` for the two power
sources of a device. So every item has one plain value, as in JSON. A resource of no instances has
no item.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum

# LwM2M 1.0.2 section 6.3: ids of objects, instances and resources have 16 bits.
MAX_ID = 0xFFFF
_PATH = re.compile(r"(?:/[0-9]{1,5}){1,4}", re.ASCII)


class ContentError(ValueError):
    """A payload, value or path that is not what its format or type asks for."""


class UnsupportedFormat(ContentError):
    """A content format that cannot be read or written here (CoAP answers 4.15 or 4.06)."""


class Format(IntEnum):
    """CoAP content formats of LwM2M 1.0 (section 6.4), and SenML JSON of LwM2M 1.1.

    The OLD numbers were used before the registration of the others; China Mobile's suite still
    writes 1542 (capture of its SDK 2.3.0).
    """

    TEXT = 0
    LINKS = 40
    OPAQUE = 42
    SENML_JSON = 110
    OLD_TLV = 1542
    OLD_JSON = 1543
    TLV = 11542
    JSON = 11543


@dataclass(frozen=True, slots=True, order=True)
class Path:
    """`/object[/instance[/resource[/resource instance]]]`; a part left out stands for all of them.

    The last part is there only for a resource with several instances.
    """

    object: int
    instance: int | None = None
    resource: int | None = None
    resource_instance: int | None = None

    @classmethod
    def parse(cls, text: str) -> Path:
        """The path that `/3303/0/5700` names. Raises ContentError for any other form."""
        if _PATH.fullmatch(text):
            ids = [int(part) for part in text.split("/")[1:]]
            if max(ids) <= MAX_ID:
                return cls(*ids)
        raise ContentError(f"path {text[:40]!r}: expected 1 to 4 numbers 0..65535, as /3303/0/5700")

    @property
    def instance_path(self) -> Path:
        """The path of the object instance that this resource (or instance) belongs to."""
        return Path(self.object, self.instance)

    @property
    def resource_path(self) -> Path:
        """The path of the resource that this resource instance (or resource) belongs to."""
        return Path(self.object, self.instance, self.resource)

    def covers(self, other: Path) -> bool:
        """Whether `other` is this path or lies below it."""
        return (
            self.object == other.object
            and self.instance in (None, other.instance)
            and self.resource in (None, other.resource)
            and self.resource_instance in (None, other.resource_instance)
        )

    def __str__(self) -> str:
        parts = (self.object, self.instance, self.resource, self.resource_instance)
        return "".join(f"/{part}" for part in parts if part is not None)


# An object link is text, `66:0` (object id, instance id), as in text/plain; a time is an integer,
# seconds since 1970.
Value = str | bytes | int | float | bool


@dataclass(frozen=True, slots=True)
class Item:
    """One resource, or one instance of a resource, with its value; `path` names it in full."""

    path: Path
    value: Value
