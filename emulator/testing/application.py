"""OneNET as an application sees it, for tests: ask the device, look at what it has reported."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import TypeVar

from emulator.air.messages import Execute, Item, Path, Read, Value, Write
from emulator.emulator import Emulator
from emulator.onenet.datapoints import MAX_POINTS, stream_id
from emulator.onenet.devices import Device
from emulator.onenet.errors import ApiError, Errno
from emulator.onenet.lwm2m.requests import Operation, Outcome, Request
from emulator.simulation.remote import within

T = TypeVar("T")

# Seconds of real time: the platform itself gives up after 30 s of its own (OneNET guide 5.2.2).
PATIENCE = 35.0
# The platform tells nobody of a login: it is asked so often, in seconds.
_LOOK = 0.002
_PATH = re.compile(r"/?(\d{1,5})(?:/(\d{1,5})(?:/(\d{1,5}))?)?")


class Cloud:
    """The device of one module of `emulator`, which runs in another thread (`with Emulator()`).

    Paths are written `3303/0/5700`. `read`, `write` and `execute` block until the device has done
    it, for `timeout` seconds of real time; a program that shares the test's thread is asked with
    `start_read` and the like instead, then given its turn, then the future is asked for its result.

    Each raises ApiError with OneNET's words: the device is not online, refused, or did not answer
    within 30 s of the emulator's clock; TimeoutError: nothing of that came in real time, as with a
    clock that stands still; ValueError: the path is none.
    """

    def __init__(self, emulator: Emulator, *, imei: str | None = None) -> None:
        """`imei`: of the module; None: the first one's."""
        self._emulator = emulator
        self._imei = emulator.imei if imei is None else imei

    # What it has got -----------------------------------------------------------------------------

    @property
    def online(self) -> bool:
        """Whether the device is logged in."""
        return within(self._emulator, lambda it: it.platform.online(self._device(it)))

    def points(self, path: str) -> list[Value]:
        """The values that were reported for a resource, the newest last."""
        wanted = {stream_id(_resource(path))}

        def look(it: Emulator) -> list[Value]:
            streams = self._device(it).points.streams(MAX_POINTS, wanted)
            return [point.value for stream in streams for point in stream.points]

        return within(self._emulator, look)

    def until(self, done: Callable[[], bool], timeout: float = PATIENCE) -> None:
        """Wait until `done`, as in `cloud.until(lambda: cloud.online)`. Raises TimeoutError."""
        end = time.monotonic() + timeout
        while not done():
            if time.monotonic() >= end:
                raise TimeoutError(f"it has not come to that within {timeout} s")
            time.sleep(_LOOK)

    # What it asks --------------------------------------------------------------------------------

    def read(self, path: str, timeout: float = PATIENCE) -> Value:
        """The value of one resource."""
        return self._wait(self.start_read(path), timeout)

    def read_all(self, path: str, timeout: float = PATIENCE) -> dict[str, Value]:
        """The values below an object, an instance or a resource, by their paths."""
        return self._wait(self.start_read_all(path), timeout)

    def write(self, path: str, value: Value, timeout: float = PATIENCE) -> None:
        """A new value for one resource."""
        self._wait(self.start_write({path: value}), timeout)

    def execute(self, path: str, arguments: str = "", timeout: float = PATIENCE) -> None:
        self._wait(self.start_execute(path, arguments), timeout)

    def start_read(self, path: str) -> Future[Value]:
        asked = _resource(path)
        return self._start(Read(0, asked), lambda outcome: _value(outcome.items, asked))

    def start_read_all(self, path: str) -> Future[dict[str, Value]]:
        def values(outcome: Outcome) -> dict[str, Value]:
            return {str(item.path)[1:]: item.value for item in outcome.items}

        return self._start(Read(0, _path(path)), values)

    def start_write(self, values: Mapping[str, Value]) -> Future[None]:
        """New values for resources of one instance, in one request."""
        items = tuple(Item(_resource(path), value) for path, value in values.items())
        instances = {Path(item.path.object, item.path.instance) for item in items}
        if len(instances) != 1:
            raise ValueError(f"{', '.join(values)}: expected resources of one instance")
        return self._start(Write(0, instances.pop(), items, replace=False), lambda _outcome: None)

    def start_execute(self, path: str, arguments: str = "") -> Future[None]:
        question = Execute(0, _resource(path), arguments.encode())
        return self._start(question, lambda _outcome: None)

    # How -------------------------------------------------------------------------------------

    def _device(self, it: Emulator) -> Device:
        device = it.platform.device_by_imei(self._imei)
        if device is None:
            raise ApiError(Errno.AUTH_FAILED)
        return device

    def _start(self, question: Operation, result: Callable[[Outcome], T]) -> Future[T]:
        answer: Future[T] = Future()
        answer.set_running_or_notify_cancel()  # from now on it cannot be cancelled

        def done(outcome: Outcome) -> None:
            if outcome.failure is not None:
                answer.set_exception(ApiError(Errno.UNSUCCESS, outcome.failure))
                return
            try:
                answer.set_result(result(outcome))
            except ApiError as error:
                answer.set_exception(error)

        def ask(it: Emulator) -> Request:
            return it.platform.request(self._device(it), question, done, it.now())

        within(self._emulator, ask)
        return answer

    @staticmethod
    def _wait(answer: Future[T], timeout: float) -> T:
        try:
            return answer.result(timeout)
        except TimeoutError:
            raise TimeoutError(
                f"no answer of the device within {timeout} s: does its program run meanwhile, in"
                " another thread or process, and the clock? If not, use start_read and the like"
            ) from None


def _path(text: str) -> Path:
    found = _PATH.fullmatch(text)
    ids = [int(part) for part in found.groups() if part is not None] if found else []
    if not ids or max(ids) > 65_535:
        raise ValueError(f"path {text!r}: expected object/instance/resource, such as 3303/0/5700")
    return Path(*ids)


def _resource(text: str) -> Path:
    path = _path(text)
    if path.resource is None:
        raise ValueError(f"path {text!r}: expected a resource, such as 3303/0/5700")
    return path


def _value(items: tuple[Item, ...], asked: Path) -> Value:
    for item in items:
        if item.path == asked:
            return item.value
    raise ApiError(Errno.UNSUCCESS, f"the answer has no {asked}")
