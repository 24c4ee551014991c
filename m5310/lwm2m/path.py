"""LwM2M paths: object, instance, resource."""

from __future__ import annotations

import re
from dataclasses import dataclass

from m5310.errors import ParameterError, Text

ANY = -1
"""The id in a request that means all instances or all resources (seen in host programs)."""

ID_LIMIT = 65535


@dataclass(frozen=True, slots=True)
class Path:
    """object/instance/resource, each 0..65535, or -1 (`ANY`) where a request leaves it open.

    Raises ParameterError on any other id.
    """

    object: int
    instance: int = ANY
    resource: int = ANY

    def __post_init__(self) -> None:
        for name, number, least in (
            ("object", self.object, 0),
            ("instance", self.instance, ANY),
            ("resource", self.resource, ANY),
        ):
            # bool is a subclass of int; as an id it is a mistake
            if isinstance(number, bool) or not isinstance(number, int):
                raise ParameterError(f"{name} id {number!r} is not an integer")
            if not least <= number <= ID_LIMIT:
                raise ParameterError(f"{name} id {number} is outside 0..{ID_LIMIT}")
        if self.instance == ANY and self.resource != ANY:
            raise ParameterError(f"{self}: a resource id needs an instance id")

    @classmethod
    def parse(cls, text: str) -> Path:
        """Parse `3303/0/5700`; a leading slash is optional, the last ids may be omitted."""
        if not re.fullmatch(r"/?[0-9]{1,5}(/[0-9]{1,5}){0,2}", text):
            raise ParameterError(
                Text("{text} is not a path; expected one like 3303/0/5700", text=repr(text))
            )
        return cls(*(int(part) for part in text.strip("/").split("/")))

    @property
    def instance_path(self) -> Path:
        """The object instance that this path is in."""
        return Path(self.object, self.instance)

    @property
    def whole(self) -> bool:
        """Whether this names one resource."""
        return self.resource != ANY

    def covers(self, other: Path) -> bool:
        return (
            self.object == other.object
            and self.instance in (ANY, other.instance)
            and self.resource in (ANY, other.resource)
        )

    def __str__(self) -> str:
        return f"{self.object}/{self.instance}/{self.resource}"
