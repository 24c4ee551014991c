"""NbiotValue, and the UPDATED flags that ask for reports of values."""

from __future__ import annotations

import threading
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
        self._before, self._holder.value = self._holder.value, self._value
        self._begun = True
        try:
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

    def claim(self, values: Mapping[Resource, NbiotValue]) -> Iterator[Batch]:
        """The flagged values: one batch for each object instance, more if one report is too small.

        All flags are cleared at the first step of the iteration. The caller reports each batch
        or puts it back.
        """
        flagged: dict[Path, Batch] = {}
        held = list(values.items())
        # one value may be that of several resources
        updated = {holder for holder in {each for _, each in held} if self._clear(holder)}
        for resource, holder in held:
            if holder in updated:
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
        return size(resource.type, resource.encode(value))
    except ParameterError:
        return None
