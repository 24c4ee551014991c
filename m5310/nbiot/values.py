"""NbiotValue, and the UPDATED flags that ask for reports of values."""

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
    """One resource's value. `flag |= NBIOT_UPDATED` asks for a report at the next step.

    `type` and the other flags are read once, when the resource is added.
    """

    type: ValueType
    value: Any  # a `Value`; the program knows which, and calculates with it
    flag: Access = Access.READABLE


Batch = list[tuple[Resource, NbiotValue, Value]]
"""The values of one report, each as it was when it was claimed."""


class UpdatedFlags:
    """Takes the UPDATED flags off the values, for several threads that report at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def claim(self, values: Mapping[Resource, NbiotValue]) -> Iterator[Batch]:
        """The flagged values: one batch for each object instance, more if one report is too small.

        All flags are cleared at the first step of the iteration. The caller reports each batch
        or puts it back.
        """
        flagged: dict[Path, Batch] = {}
        for resource, holder in list(values.items()):
            if self._clear(holder):
                instance = resource.path.instance_path
                flagged.setdefault(instance, []).append((resource, holder, holder.value))
        for entries in flagged.values():
            batch: Batch = []
            free = PAYLOAD_LIMIT
            for entry in entries:
                length = _length(entry[0], entry[2])
                if length is None:
                    yield [entry]  # alone: its report will fail
                    continue
                if batch and length > free:
                    yield batch
                    batch, free = [], PAYLOAD_LIMIT
                batch.append(entry)
                free -= length
            if batch:
                yield batch

    def _clear(self, holder: NbiotValue) -> bool:
        """Clear the flag and return whether it was set: one thread alone gets True."""
        with self._lock:
            flagged = bool(holder.flag & Access.UPDATED)
            holder.flag &= ~Access.UPDATED
            return flagged

    def put_back(self, batch: Batch) -> None:
        """Set the flags again of values that were not reported."""
        with self._lock:
            for _, holder, _ in batch:
                holder.flag |= Access.UPDATED


def _length(resource: Resource, value: Value) -> int | None:
    """Bytes of the value in a report; None for a value that cannot be sent."""
    try:
        return size(resource.encode(value))
    except ParameterError:
        return None
