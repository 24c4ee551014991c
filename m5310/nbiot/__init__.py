"""The C kit's API over `Device`: the same names, synchronous, exceptions for return codes.

Callbacks run as in the C kit: in the thread that is inside one of these functions, never beside
the program. They may call these functions themselves.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final

from m5310.device.device import Device
from m5310.device.reports import Report
from m5310.errors import (
    AcknowledgementTimeout,
    M5310Error,
    NotFound,
    ParameterError,
)
from m5310.lwm2m.path import Path
from m5310.lwm2m.resources import Access, Resource
from m5310.lwm2m.values import Value, ValueType
from m5310.nbiot.loop_thread import Pump
from m5310.nbiot.values import Flags, NbiotValue
from m5310.states import DeviceState

NBIOT_STRING: Final = ValueType.STRING
NBIOT_OPAQUE: Final = ValueType.OPAQUE
NBIOT_INTEGER: Final = ValueType.INTEGER
NBIOT_FLOAT: Final = ValueType.FLOAT
NBIOT_BOOLEAN: Final = ValueType.BOOLEAN
NBIOT_HEX_STRING: Final = ValueType.HEX_STRING

NBIOT_READABLE: Final = Access.READABLE
NBIOT_WRITABLE: Final = Access.WRITABLE
NBIOT_EXECUTABLE: Final = Access.EXECUTABLE
NBIOT_UPDATED: Final = Access.UPDATED

SERVED_WITHIN: Final = 25.0
"""Seconds a request may wait for the program's next step. The C kit leaves it in the UART's
buffer for as long; the platform repeats it at 10 and 20 s and gives up at 30 s."""

_log = logging.getLogger("m5310.nbiot")


ValueCallback = Callable[[int, int, int, NbiotValue], object]
ExecuteCallback = Callable[[int, int, int, NbiotValue, bytes], object]
AckCallback = Callable[[int, int, int, NbiotValue, int], object]


class NbiotDevice:
    """What `nbiot_device_create` returns and every other function takes; only `state` is yours."""

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
        baudrate: int,
    ) -> None:
        for callback in (write_callback, read_callback, execute_callback, notify_ack_callback):
            _check_callback(callback)
        self._write_callback = write_callback
        self._read_callback = read_callback
        self._ack_callback = notify_ack_callback
        self._values: dict[Resource, NbiotValue] = {}
        self._acknowledging: set[asyncio.Task[None]] = set()
        self._flags = Flags()
        # first, and without a thread: it may refuse its parameters
        self._device = Device(
            port,
            endpoint_name,
            uri=uri,
            lifetime=life_time,
            on_read=self._on_read,
            on_write=self._on_write,
            on_execute=partial(self._on_execute, execute_callback) if execute_callback else None,
            baudrate=baudrate,
            answer_within=SERVED_WITHIN,
        )
        self._pump = Pump(f"m5310-{port}")

    @property
    def state(self) -> DeviceState:
        """Where the device stands; the names are the C kit's."""
        return self._device.state

    # --- for the functions below ---------------------------------------------------------------

    def create(self) -> None:
        try:
            self._pump.run(self._device.create())
        except BaseException:
            self.destroy()
            raise

    def add(self, path: Path, value: NbiotValue) -> None:
        if not isinstance(value, NbiotValue):
            raise ParameterError(f"{path}: expected an NbiotValue, not {value!r}")
        access = Access(value.flag) & ~Access.UPDATED
        device = self._device
        resource = self._pump.run(device.add_resource(path, value.type, value.value, access))
        self._values[resource] = value

    def remove(self, path: Path) -> None:
        resource = next((each for each in self._values if each.path == path), None)
        if resource is None:
            raise NotFound(f"{path} is not a resource of this device")
        del self._values[resource]
        self._pump.run(self._device.remove_resource(resource))

    def connect(self, timeout: float) -> None:
        self._pump.run(self._device.connect(timeout))

    def close(self, timeout: float) -> None:
        self._pump.run(self._device.close(timeout))

    def step(self, timeout: float) -> None:
        self._check_in_service()
        self.report()
        self._pump.run(self._device.left(timeout))
        self._check_in_service()
        self.report()  # what the callbacks changed meanwhile

    def _check_in_service(self) -> None:
        if not self._device.in_service:
            self._device.check_registered()

    def report(self) -> None:
        """Report what is flagged. One bad value does not hold up the others: all are tried."""
        first: M5310Error | None = None
        unsent = deque(self._flags.claimed(self._values))
        try:
            while unsent:
                try:
                    self._pump.run(self._report({each: value for each, _, value in unsent[0]}))
                except M5310Error as error:
                    self._flags.put_back(unsent[0])
                    first = first or error
                unsent.popleft()
        finally:  # Ctrl-C
            for portion in unsent:
                self._flags.put_back(portion)
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
            _log.warning("%s", error)
            return
        except M5310Error:
            return  # lost, closed or restarted: whoever calls next is told
        (ackid,) = report.ackids  # one: each report is of one object instance
        for resource in report.resources:
            if resource in self._values:
                holder, ids = self._found(resource)
                try:
                    await self._pump.call(partial(callback, *ids, holder, ackid))
                except Exception:
                    _log.exception("the acknowledgement %d of %s", ackid, resource.path)

    def destroy(self) -> None:
        if self._device.state is not DeviceState.DESTROYED:
            self._pump.run(self._device.destroy())
        self._pump.stop()

    # --- requests, on the loop -----------------------------------------------------------------

    def _found(self, resource: Resource) -> tuple[NbiotValue, tuple[int, int, int]]:
        path = resource.path
        return self._values[resource], (path.object, path.instance, path.resource)

    async def _on_read(self, resource: Resource) -> Value:
        holder, ids = self._found(resource)
        if self._read_callback is not None:
            await self._pump.call(partial(self._read_callback, *ids, holder))
        value: Value = holder.value
        return value

    async def _on_write(self, resource: Resource, value: Value) -> None:
        holder, ids = self._found(resource)
        callback = self._write_callback
        if callback is None:
            holder.value = value
            return

        def write() -> None:
            before, holder.value = holder.value, value
            try:
                callback(*ids, holder)
            except BaseException:
                holder.value = before
                raise

        await self._pump.call(write)

    async def _on_execute(
        self, callback: ExecuteCallback, resource: Resource, arguments: bytes
    ) -> None:
        holder, ids = self._found(resource)
        await self._pump.call(partial(callback, *ids, holder, arguments))


def _check_callback(callback: object) -> None:
    if callback is None:
        return
    if not callable(callback) or inspect.iscoroutinefunction(callback):
        raise ParameterError(
            f"the callback {callback!r} is not a plain function; coroutines are for Device"
        )


def nbiot_device_create(
    port: str,
    endpoint_name: str,
    uri: str,
    life_time: int,
    write_callback: ValueCallback | None,
    read_callback: ValueCallback | None,
    execute_callback: ExecuteCallback | None,
    notify_ack_callback: AckCallback | None = None,
    *,
    baudrate: int = 9600,
) -> NbiotDevice:
    """Open `port` and configure the module (AT+MIPLCONF).

    `endpoint_name` is `<imei>;<imsi>`, `life_time` in seconds, 10..86400. A callback that raises
    refuses the request; None stands for one that does nothing, or, for execute, refuses.
    With `notify_ack_callback` reports ask the platform for an acknowledgement. Raises
    ParameterError, PortError, CommandError, CommandTimeout.
    """
    device = NbiotDevice(
        port,
        endpoint_name,
        uri,
        life_time,
        write_callback,
        read_callback,
        execute_callback,
        notify_ack_callback,
        baudrate,
    )
    device.create()
    return device


def nbiot_resource_add(
    dev: NbiotDevice, objid: int, instid: int, resid: int, value: NbiotValue
) -> None:
    """Declare a resource (AT+MIPLADDOBJ, AT+MIPLNOTIFY); before login only."""
    dev.add(Path(objid, instid, resid), value)


def nbiot_resource_del(dev: NbiotDevice, objid: int, instid: int, resid: int) -> None:
    """Serve and report it no more. Raises NotFound."""
    dev.remove(Path(objid, instid, resid))


def nbiot_device_connect(dev: NbiotDevice, timeout: float) -> None:
    """Log in (AT+MIPLOPEN) within `timeout` s, or RegistrationError."""
    dev.connect(timeout)


def nbiot_device_step(dev: NbiotDevice, timeout: float) -> None:
    """Report what is flagged UPDATED and serve requests for `timeout` s; 0: what waits already.

    A flag is cleared once the module took the report, or it is kept for later: a port that comes
    back is opened again, a module that restarts is told everything again and logged in again, and
    what was flagged meanwhile is reported then. Raises StateError as soon as the device is
    registered no more and nothing brings it back.
    """
    dev.step(timeout)


def nbiot_device_sync(dev: NbiotDevice) -> None:
    """Report what is flagged UPDATED, now."""
    dev.report()


def nbiot_device_close(dev: NbiotDevice, timeout: float) -> None:
    """Log out (AT+MIPLCLOSE) within `timeout` s, or RegistrationError."""
    dev.close(timeout)


def nbiot_device_destroy(dev: NbiotDevice) -> None:
    """Delete everything from the module (AT+MIPLDELOBJ, AT+MIPLDEL) and close the port.

    Logs out first if need be; leaves no thread and no descriptor. A second call does nothing.
    """
    dev.destroy()
