"""`Cloud`: a device as a OneNET application sees it, for tests. Thread-safe."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from itertools import islice
from typing import TypeVar

from emulator.emulator import Emulator
from emulator.lwm2m.model import Item, Path, Value
from emulator.onenet import payload
from emulator.onenet.devices import Device
from emulator.onenet.errors import ApiError, Reason
from emulator.onenet.lwm2m.operations import Execute, Operation, Read, Write
from emulator.onenet.lwm2m.outcomes import Outcome
from emulator.onenet.lwm2m.requests import Request
from emulator.onenet.store.streams import MAX_POINTS, Point, Stream, stream_id
from emulator.simulation.remote import within
from emulator.testing.blocking import refuse_in_event_loop

T = TypeVar("T")

# Default timeout in seconds of real time. The platform itself gives up after 30 s of the emulator's
# clock, 25 s in 2019 (`emulator.onenet.years`).
TIMEOUT = 35.0
# Seconds between two checks of a condition: there is no event for a login.
_POLL_INTERVAL = 0.002
# Streams, and points of each, in the message of a failed `until`.
_MAX_SHOWN = 10
_PATH = re.compile(r"/?(\d{1,5})(?:/(\d{1,5})(?:/(\d{1,5}))?)?")


class Cloud:
    """The device of one module of `emulator`, which runs in another thread (`with Emulator()`).

    Paths look like `3303/0/5700`. `read`, `write` and `execute` block until the device has
    answered, at most `timeout` seconds of real time. If the device program runs in the thread of
    the test, use `start_read`, `start_write` or `start_execute`, let the program run, and then get
    the result of the future: `await asyncio.wrap_future(cloud.start_read(path))` in a coroutine,
    where calls that block are refused.

    Raises:
        ApiError: the device is not online, refused the request, or did not answer within 30 s (25 s
            in 2019) of the emulator's clock. The text is OneNET's, and the same in each year:
            `device not online: ID`; `unsuccess: TIME_OUT`, no answer; `unsuccess: NOT_FOUND` and
            so on, the device's refusal; `unsuccess: OFFLINE`, it has logged out before its answer,
            or the emulator was closed.
        TimeoutError: no answer within `timeout`, for example because the clock stands still.
        ValueError: the path is invalid, or no resource can have the value.
        RuntimeError: a call that blocks, in a coroutine; or the emulator is closed.
    """

    def __init__(self, emulator: Emulator, *, imei: str | None = None) -> None:
        """`imei` selects the module; None: the first one. Requests to an unknown one raise
        ApiError.
        """
        self._emulator = emulator
        self._imei = emulator.imei if imei is None else imei

    def __repr__(self) -> str:
        try:
            state = "online" if self.online else "not online"
        except RuntimeError:
            state = "the emulator is closed"
        return f"<Cloud: imei {self._imei}, {state}>"

    # State ---------------------------------------------------------------------------------------

    @property
    def online(self) -> bool:
        """Whether the device is logged in; False if there is none."""

        def online(it: Emulator) -> bool:
            device = it.platform.device_by_imei(self._imei)
            return device is not None and it.platform.online(device)

        return within(self._emulator, online)

    def points(self, path: str) -> list[Value]:
        """The values reported for a resource, oldest first, at most the 6000 newest."""
        streams = self._streams(MAX_POINTS, {stream_id(_resource(path))})
        return [_reported(point) for stream in streams for point in stream.points]

    def until(self, done: Callable[[], bool], timeout: float = TIMEOUT) -> None:
        """Wait until `done()`: `cloud.until(lambda: cloud.online)`.

        Raises TimeoutError after `timeout` seconds of real time, with what the cloud has. `done` is
        called at least once.
        """
        refuse_in_event_loop("Cloud.until", "to_thread(cloud.until, ...)")
        end = time.monotonic() + timeout
        while not done():
            if time.monotonic() >= end:
                raise TimeoutError(f"condition not met within {timeout} s; {self._state()}")
            time.sleep(_POLL_INTERVAL)

    # Requests ------------------------------------------------------------------------------------

    def read(self, path: str, timeout: float = TIMEOUT) -> Value:
        """The value of one resource."""
        refuse_in_event_loop("Cloud.read", "wrap_future(cloud.start_read(...))")
        return self._wait(self.start_read(path), timeout)

    def read_all(self, path: str, timeout: float = TIMEOUT) -> dict[str, Value]:
        """All values of an object, an instance or a resource, by path."""
        refuse_in_event_loop("Cloud.read_all", "wrap_future(cloud.start_read_all(...))")
        return self._wait(self.start_read_all(path), timeout)

    def write(self, path: str, value: Value, timeout: float = TIMEOUT) -> None:
        """Write the value of one resource."""
        refuse_in_event_loop("Cloud.write", "wrap_future(cloud.start_write(...))")
        self._wait(self.start_write({path: value}), timeout)

    def execute(self, path: str, arguments: str = "", timeout: float = TIMEOUT) -> None:
        """Execute one resource, with `arguments` as text."""
        refuse_in_event_loop("Cloud.execute", "wrap_future(cloud.start_execute(...))")
        self._wait(self.start_execute(path, arguments), timeout)

    def start_read(self, path: str) -> Future[Value]:
        resource = _resource(path)
        return self._start(Read(resource), lambda outcome: _value(outcome.items, resource))

    def start_read_all(self, path: str) -> Future[dict[str, Value]]:
        def values(outcome: Outcome) -> dict[str, Value]:
            return {str(item.path)[1:]: item.value for item in outcome.items}

        return self._start(Read(_path(path)), values)

    def start_write(self, values: Mapping[str, Value]) -> Future[None]:
        """Write resources of one instance in one request."""
        items = tuple(Item(_resource(path), _sendable(path, values[path])) for path in values)
        instances = {item.path.instance_path for item in items}
        if len(instances) != 1:
            raise ValueError(
                f"{', '.join(values) or 'nothing'}: expected resources of one instance"
            )
        if payload.size(values.values()) > payload.MAX_PAYLOAD:
            raise ValueError(
                f"{', '.join(values)}: expected at most {payload.MAX_PAYLOAD} bytes together"
            )
        return self._start(Write(instances.pop(), items, replace=False), lambda _outcome: None)

    def start_execute(self, path: str, arguments: str = "") -> Future[None]:
        text = _sendable(path, arguments)
        if not isinstance(text, str) or payload.size([text]) > payload.MAX_PAYLOAD:
            limit = payload.MAX_PAYLOAD
            raise ValueError(f"arguments of {path}: expected a text of at most {limit} bytes")
        request = Execute(_resource(path), text.encode())
        return self._start(request, lambda _outcome: None)

    def start_update(self, version: str, package: bytes) -> Future[None]:
        """Update the host's own program to `version` (SOTA of the suite's modules). The future ends
        once the host has restarted and names that version.

        Raises ValueError, see `SoftwareUpdates.start`. ApiError in the future: why it failed.
        """
        ended: Future[None] = Future()
        ended.set_running_or_notify_cancel()  # the update cannot be cancelled

        def on_end(failure: str) -> None:
            if failure:
                ended.set_exception(ApiError(Reason.UNSUCCESS, failure))
            else:
                ended.set_result(None)

        def start(it: Emulator) -> None:
            it.platform.updates.start(self._device(it), version, package, on_end)

        within(self._emulator, start)
        return ended

    # Internals -------------------------------------------------------------------------------

    def _device(self, it: Emulator) -> Device:
        device = it.platform.device_by_imei(self._imei)
        if device is None:
            raise ApiError(Reason.AUTH_FAILED)
        return device

    def _streams(self, limit: int, ids: set[str] | None = None) -> list[Stream]:
        """The streams in `ids`, in pieces, or at most `_MAX_SHOWN` of all."""

        def collect(it: Emulator) -> list[Stream]:
            pieces = it.platform.points.newest(int(self._device(it).id), limit, ids)
            return list(islice(pieces, _MAX_SHOWN if ids is None else None))

        return within(self._emulator, collect)

    def _state(self) -> str:
        """What the cloud has, in words."""
        try:
            online = "is online" if self.online else "is not online"
            streams = self._streams(_MAX_SHOWN)
        except (ApiError, RuntimeError) as error:
            return str(error)
        newest = ", ".join(
            f"{stream.id.replace('_', '/')}: {[_reported(point) for point in stream.points]}"
            for stream in streams
        )
        return f"the device {online}, its newest points are: {newest or 'none'}"

    def _start(self, request: Operation, result: Callable[[Outcome], T]) -> Future[T]:
        answer: Future[T] = Future()
        answer.set_running_or_notify_cancel()  # the request cannot be cancelled

        def on_done(outcome: Outcome) -> None:
            if outcome.failure is not None:
                answer.set_exception(ApiError(Reason.UNSUCCESS, outcome.failure))
                return
            try:
                answer.set_result(result(outcome))
            except ApiError as error:
                answer.set_exception(error)

        def send(it: Emulator) -> Request:
            return it.platform.request(self._device(it), request, on_done, it.now())

        within(self._emulator, send)
        return answer

    @staticmethod
    def _wait(answer: Future[T], timeout: float) -> T:
        try:
            error = answer.exception(timeout)
        except TimeoutError:
            raise TimeoutError(
                f"no answer from the device within {timeout} s. Is the device program running"
                " (other thread or process) and is the clock advancing? In one thread use"
                " start_read()."
            ) from None
        if error is not None:
            raise error
        return answer.result()


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


def _sendable(path: str, value: object) -> Value:
    try:
        return payload.check(value)
    except ValueError as error:
        raise ValueError(f"value {value!r} for {path}: {error}") from None


def _reported(point: Point) -> Value:
    """The value that the device reported: arrays are bytes."""
    value: Value | list[int] = point.value
    return bytes(value) if isinstance(value, list) else value


def _value(items: tuple[Item, ...], resource: Path) -> Value:
    for item in items:
        if item.path == resource:
            return item.value
    raise ApiError(Reason.UNSUCCESS, f"the answer has no {resource}")
