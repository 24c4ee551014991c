"""An MCU program that runs beside a test: it logs in, reports, and answers the platform."""

from __future__ import annotations

import queue
import threading
from types import TracebackType
from typing import Self

from emulator import Emulator
from m5310 import (
    NBIOT_BOOLEAN,
    NBIOT_EXECUTABLE,
    NBIOT_FLOAT,
    NBIOT_READABLE,
    NBIOT_STRING,
    NBIOT_UPDATED,
    NBIOT_WRITABLE,
    NbiotValue,
    nbiot_device_connect,
    nbiot_device_create,
    nbiot_device_destroy,
    nbiot_device_step,
    nbiot_resource_add,
)

_STEP = 0.05  # seconds for which a step looks for requests


class Mcu:
    """A thermometer (3303/0/5700, 5750 its name) and a lamp (3311/0/5850), in a thread.

    `calls`: what the platform has asked for.
    """

    def __init__(self, it: Emulator, *, name: str = "hall") -> None:
        self.calls: queue.Queue[tuple[object, ...]] = queue.Queue()
        self.temperature = NbiotValue(NBIOT_FLOAT, 21.5, NBIOT_READABLE)
        self.name = NbiotValue(NBIOT_STRING, name, NBIOT_READABLE)
        self.lamp = NbiotValue(
            NBIOT_BOOLEAN, False, NBIOT_READABLE | NBIOT_WRITABLE | NBIOT_EXECUTABLE
        )
        self._where = it.port, f"{it.imei};{it.imsi}"
        self._ended = threading.Event()
        self._reports: queue.Queue[float] = queue.Queue()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._guarded, name="MCU program")

    def report(self, temperature: float) -> None:
        self._reports.put(temperature)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()
        if self._failure is not None and error is None:
            raise self._failure

    def _guarded(self) -> None:
        try:
            self._run()
        except BaseException as error:
            self._failure = error

    def _run(self) -> None:
        dev = nbiot_device_create(
            *self._where,
            "coap://183.230.40.40:5683",
            86400,
            lambda *given: self.calls.put(("write", *given[:3], given[3].value)),
            lambda *given: self.calls.put(("read", *given[:3])),
            lambda *given: self.calls.put(("execute", *given[:3], given[4])),
        )
        try:
            nbiot_resource_add(dev, 3303, 0, 5700, self.temperature)
            nbiot_resource_add(dev, 3303, 0, 5750, self.name)
            nbiot_resource_add(dev, 3311, 0, 5850, self.lamp)
            nbiot_device_connect(dev, 60)
            while not self._ended.is_set():
                if not self._reports.empty() and not self.temperature.flag & NBIOT_UPDATED:
                    self.temperature.value = self._reports.get()
                    self.temperature.flag |= NBIOT_UPDATED
                nbiot_device_step(dev, timeout=_STEP)
        finally:
            nbiot_device_destroy(dev)
