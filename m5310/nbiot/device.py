"""NbiotDevice: an asyncio Device behind the blocking functions of the C kit."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final

from m5310.device.device import Device, ModuleName
from m5310.device.reports import Report
from m5310.errors import AcknowledgementTimeout, M5310Error, NotFound, ParameterError
from m5310.lwm2m.path import Path
from m5310.lwm2m.resources import Access, Resource
from m5310.lwm2m.values import Value
from m5310.nbiot.loop_thread import LoopThread
from m5310.nbiot.values import Batch, NbiotValue, UpdatedFlags, Write
from m5310.states import DeviceState

ANSWER_WITHIN: Final = 25.0
"""Seconds a request may wait for the program's next step. The platform repeats a request after 10
and 20 s and gives up at 30 s (OneNET guide 5.1.3); the C kit answers as late as that."""

_log = logging.getLogger("m5310.nbiot")

ValueCallback = Callable[[int, int, int, NbiotValue], object]
ExecuteCallback = Callable[[int, int, int, NbiotValue, bytes], object]
AckCallback = Callable[[int, int, int, NbiotValue, int], object]


class NbiotDevice:
    """A device: `nbiot_device_create` returns it, every other function takes it.

    Programs read `state` and leave the methods to the functions of `m5310.nbiot`.
    """

    def __init__(
        self,
        port: str,
        endpoint_name: str,
        uri: str,
        life_time: int,
        write_callback: ValueCallback | None,
        read_callback: ValueCallback | None,
        execute_callback: ExecuteCallback | None,
        notify_ack_callback: AckCallback | None,
        baudrate: int | None,
        module: ModuleName | None,
        dialect: str | None,
    ) -> None:
        for callback in (write_callback, read_callback, execute_callback, notify_ack_callback):
            _check_callback(callback)
        self._write_callback = write_callback
        self._read_callback = read_callback
        self._ack_callback = notify_ack_callback
        self._values: dict[Resource, NbiotValue] = {}
        self._acknowledging: set[asyncio.Task[None]] = set()
        self._flags = UpdatedFlags()
        # before the thread starts, because it raises ParameterError
        self._device = Device(
            port,
            endpoint_name,
            uri=uri,
            lifetime=life_time,
            on_read=self._on_read,
            on_write=self._on_write,
            on_execute=partial(self._on_execute, execute_callback) if execute_callback else None,
            baudrate=baudrate,
            module=module,
            dialect=dialect,
            answer_within=ANSWER_WITHIN,
        )
        self._loop = LoopThread(f"m5310-{port}", self._device.destroy)
        try:
            self._loop.run(self._device.create)
        except BaseException:
            self.destroy()
            raise

    @property
    def state(self) -> DeviceState:
        """The state of the device, with the C kit's names."""
        return self._device.state

    def add(self, path: Path, value: NbiotValue) -> None:
        if not isinstance(value, NbiotValue):
            raise ParameterError(f"{path}: expected an NbiotValue, not {value!r}")
        self._loop.run(self._add, path, value)

    async def _add(self, path: Path, value: NbiotValue) -> None:
        # on the loop, so that an interrupt of the program does not separate the two steps
        if any(each.path == path and held is value for each, held in self._values.items()):
            return  # an interrupted call is repeated
        access = Access(value.flag) & ~Access.UPDATED
        added = await self._device.add_resource(path, value.type, value.value, access)
        self._values[added] = value

    def remove(self, path: Path) -> None:
        self._loop.run(self._remove, path)

    async def _remove(self, path: Path) -> None:
        resource = next((each for each in self._values if each.path == path), None)
        if resource is None:
            raise NotFound(f"{path} is not a resource of this device")
        try:
            await self._device.remove_resource(resource)
        finally:
            if resource not in self._device.resources:
                self._values.pop(resource, None)

    def connect(self, timeout: float) -> None:
        self._loop.run(self._device.connect, timeout)

    def close(self, timeout: float) -> None:
        self._loop.run(self._device.close, timeout)

    def step(self, timeout: float) -> None:
        self._check_in_service()
        # what cannot be sent is raised at the end: a program may go on, and requests are served
        with contextlib.suppress(M5310Error):
            self.report()
        self._loop.run(self._device.left, timeout)
        self._check_in_service()
        self.report()  # values that callbacks have changed

    def _check_in_service(self) -> None:
        if not self._device.in_service:
            self._device.check_registered()

    def report(self) -> None:
        """Report all flagged values. After an error the other values are still reported."""
        unsent: deque[Batch] = deque()
        try:
            self._flags.claim(self._values, unsent)
            if unsent:
                self._loop.run(self._report_all, unsent)
        finally:  # Ctrl-C
            self._flags.put_back(*unsent)

    async def _report_all(self, unsent: deque[Batch]) -> None:
        first: M5310Error | None = None
        while unsent:
            try:
                await self._report({resource: value for resource, _, value in unsent[0]})
            except M5310Error as error:
                self._flags.put_back(unsent[0])
                first = first or error
            unsent.popleft()
        if first is not None:
            raise first

    async def _report(self, values: dict[Resource, Value]) -> None:
        report = await self._device.report(values, acknowledge=self._ack_callback is not None)
        if self._ack_callback is not None:
            task = asyncio.create_task(self._acknowledge(report, self._ack_callback))
            self._acknowledging.add(task)
            task.add_done_callback(self._acknowledging.discard)

    async def _acknowledge(self, report: Report, callback: AckCallback) -> None:
        try:
            await report.acknowledgement(timeout=None)  # it may be kept for hours
        except AcknowledgementTimeout as error:
            if self._device.in_service:  # else the program has logged out
                _log.warning("%s", error)
            return
        except M5310Error:
            return  # lost, closed or restarted: the next call raises
        (ackid,) = report.ackids  # one, since a report here has one object instance
        for resource in report.resources:
            if resource in self._values:
                holder, ids = self._holder_and_ids(resource)
                try:
                    await self._loop.call_in_caller(partial(callback, *ids, holder, ackid))
                except Exception:
                    _log.exception(
                        "notify_ack_callback failed for %s (ackid %d)", resource.path, ackid
                    )

    def destroy(self) -> None:
        try:
            if self._device.state is not DeviceState.DESTROYED:
                self._loop.run(self._device.destroy)
            self._loop.stop()
        except BaseException:  # Ctrl-C: leave the module as it is
            self._loop.stop()
            raise

    # --- callbacks of Device, on the event loop --------------------------------------------------

    def _holder_and_ids(self, resource: Resource) -> tuple[NbiotValue, tuple[int, int, int]]:
        path = resource.path
        return self._values[resource], (path.object, path.instance, path.resource)

    async def _on_read(self, resource: Resource) -> Value:
        holder, ids = self._holder_and_ids(resource)
        if self._read_callback is not None:
            await self._loop.call_in_caller(partial(self._read_callback, *ids, holder))
        value: Value = holder.value
        return value

    async def _on_write(self, resource: Resource, value: Value) -> None:
        holder, ids = self._holder_and_ids(resource)
        callback = self._write_callback
        if callback is None:
            holder.value = value
            return
        write = Write(holder, value, partial(callback, *ids, holder))
        try:
            await self._loop.call_in_caller(write)
        except BaseException:  # too late, or Ctrl-C
            write.refuse()
            raise

    async def _on_execute(
        self, callback: ExecuteCallback, resource: Resource, arguments: bytes
    ) -> None:
        holder, ids = self._holder_and_ids(resource)
        await self._loop.call_in_caller(partial(callback, *ids, holder, arguments))


def _check_callback(callback: object) -> None:
    if callback is None:
        return
    if not callable(callback) or inspect.iscoroutinefunction(callback):
        raise ParameterError(
            f"callback {callback!r}: expected a plain function; Device takes coroutine functions"
        )
