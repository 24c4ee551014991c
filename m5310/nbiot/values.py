"""Values that the program flagged: who reports each of them, and in how many reports."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from m5310.errors import ParameterError
from m5310.lwm2m.path import Path
from m5310.lwm2m.resources import Access, Resource
from m5310.lwm2m.values import PAYLOAD_LIMIT, Value, ValueType, size


@dataclass(eq=False, slots=True)
class NbiotValue:
    """One resource's value; `flag |= NBIOT_UPDATED` asks for a report at the next step.

    `type` and the other flags count as they are when the resource is added.
    """

    type: ValueType
    value: Any  # a `Value`; the program knows which of them, and calculates with it
    flag: Access = Access.READABLE


Portion = list[tuple[Resource, NbiotValue, Value]]
"""What one report carries: of each resource the value as it was when it was claimed."""


class Flags:
    """The UPDATED flags of a device's values, which several threads may report at once."""

    def __init__(self) -> None:
        self._claiming = threading.Lock()

    def claimed(self, values: Mapping[Resource, NbiotValue]) -> Iterator[Portion]:
        """What is flagged, by object instance, and by what one report carries of it.

        The flags are cleared at once; what is not reported then must be `put_back`.
        """
        flagged: dict[Path, Portion] = {}
        for resource, holder in list(values.items()):
            if self._claim(holder):
                instance = resource.path.instance_path
                flagged.setdefault(instance, []).append((resource, holder, holder.value))
        for entries in flagged.values():
            portion: Portion = []
            room = PAYLOAD_LIMIT
            for entry in entries:
                takes = _takes(entry[0], entry[2])
                if takes is None:
                    yield [entry]  # to be refused by itself
                    continue
                if portion and takes > room:
                    yield portion
                    portion, room = [], PAYLOAD_LIMIT
                portion.append(entry)
                room -= takes
            if portion:
                yield portion

    def _claim(self, holder: NbiotValue) -> bool:
        """Whether the value is flagged and ours to report: of two threads one gets it.

        What the program flags from now on is another report.
        """
        with self._claiming:
            flagged = bool(holder.flag & Access.UPDATED)
            holder.flag &= ~Access.UPDATED
            return flagged

    def put_back(self, portion: Portion) -> None:
        """It was not reported."""
        with self._claiming:
            for _, holder, _ in portion:
                holder.flag |= Access.UPDATED


def _takes(resource: Resource, value: Value) -> int | None:
    """Bytes of a report, None for what no report can carry."""
    try:
        return size(resource.encode(value))
    except ParameterError:
        return None
