"""NbiotValue, and the UPDATED flags that ask for reports of values."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
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


class Write:
    """A write callback, which sees the new value. The old one returns unless it is accepted.

    `refuse` may come from another thread, before, during or just after the callback: too late.
    """

    def __init__(self, holder: NbiotValue, value: Value, callback: Callable[[], object]) -> None:
        self._holder = holder
        self._value = value
        self._callback = callback
        self._before: Any = None
        self._begun = False
        self._refused = False

    def __call__(self) -> None:
        self._before = self._holder.value
        self._begun = True
        try:
            self._holder.value = self._value
            self._callback()
        except BaseException:
            self._holder.value = self._before
            raise
        if self._refused:
            self._holder.value = self._before

    def refuse(self) -> None:
        """The write is answered as failed, whatever the callback does."""
        self._refused = True
        if self._begun:
            self._holder.value = self._before


Batch = list[tuple[Resource, NbiotValue, Value]]
"""The values of one report, each as it was when it was claimed."""


class UpdatedFlags:
    """Takes the UPDATED flags off the values, for several threads that report at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def claim(self, values: Mapping[Resource, NbiotValue], unsent: deque[Batch]) -> None:
        """Append the flagged values to `unsent` and clear their flags.

        An interrupt leaves each of them flagged, or in `unsent`. The caller reports a batch or
        puts it back.
        """
        with self._lock:
            flagged = [
                (resource, holder, holder.value)
                for resource, holder in values.items()
                if holder.flag & Access.UPDATED
            ]
            unsent.extend(_batches(flagged))
            for _, holder, _ in flagged:
                holder.flag &= ~Access.UPDATED

    def put_back(self, *batches: Batch) -> None:
        """Set the flags again of values that were not reported."""
        with self._lock:
            for batch in batches:
                for _, holder, _ in batch:
                    holder.flag |= Access.UPDATED


def _batches(flagged: Batch) -> Iterator[Batch]:
    """One batch for each object instance, more if one report is too small."""
    instances: dict[Path, Batch] = {}
    for entry in flagged:
        instances.setdefault(entry[0].path.instance_path, []).append(entry)
    for entries in instances.values():
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


def _length(resource: Resource, value: Value) -> int | None:
    """Bytes of the value in a report; None for a value that cannot be sent."""
    try:
        return size(resource.type, resource.encode(value))
    except ParameterError:
        return None
