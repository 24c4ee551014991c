"""`OneNetSync`: the calls of OneNET's HTTP API for programs without asyncio."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator
from datetime import datetime
from functools import wraps
from types import TracebackType
from typing import Any, Generic, ParamSpec, TypeVar, overload

from m5310.onenet.calls import devices as of_devices
from m5310.onenet.calls import keys as of_keys
from m5310.onenet.calls import offline as of_offline
from m5310.onenet.calls import points as of_points
from m5310.onenet.calls import resources as of_resources
from m5310.onenet.calls import triggers as of_triggers
from m5310.onenet.calls.call import Call
from m5310.onenet.client import DEFAULT_TIMEOUT, DEFAULT_URL, MAX_PAGE, OneNet

P = ParamSpec("P")
T = TypeVar("T")


class _Method(Generic[P, T]):
    """A function that gives a `Call`, as a method of `OneNetSync`."""

    def __init__(self, make: Callable[P, Call[T]]) -> None:
        self._make = make

    @overload
    def __get__(self, client: None, owner: type) -> Callable[P, Call[T]]: ...
    @overload
    def __get__(self, client: OneNetSync, owner: type) -> Callable[P, T]: ...
    def __get__(
        self, client: OneNetSync | None, owner: type
    ) -> Callable[P, Call[T]] | Callable[P, T]:
        if client is None:
            return self._make  # for help() and signatures
        sender = client

        @wraps(self._make)
        def method(*args: P.args, **kwargs: P.kwargs) -> T:
            return sender.send(self._make(*args, **kwargs))

        return method


class OneNetSync:
    """OneNET's HTTP API for programs without asyncio: the methods and errors of `OneNet`.

        with OneNetSync(api_key) as cloud:
            cloud.write(imei, "3311/0", {5850: True})
            for point in cloud.points(device_id, start=yesterday):
                print(point.at, point.value)

    It may be used from several threads; one call is made at a time. Within a running event loop
    its methods raise `RuntimeError`: use `OneNet` there.
    """

    def __init__(
        self, api_key: str, url: str = DEFAULT_URL, *, timeout: float = DEFAULT_TIMEOUT
    ) -> None:
        """See `OneNet`."""
        self._client = OneNet(api_key, url, timeout=timeout)
        self._runner = asyncio.Runner()
        self._lock = threading.Lock()

    def __enter__(self) -> OneNetSync:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections. No call can be made afterwards."""
        self._run(self._client.close)
        with self._lock:
            self._runner.close()

    def send(self, call: Call[T]) -> T:
        """Send a call that was made by hand: a function of `m5310.onenet.calls`."""
        return self._run(lambda: self._client.send(call))

    def _run(self, start: Callable[[], Coroutine[Any, Any, T]]) -> T:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            with self._lock:
                return self._runner.run(start())
        raise RuntimeError("OneNetSync blocks; expected no event loop here: use OneNet")

    def points(
        self,
        device_id: str | int,
        streams: Iterable[str] = (),
        *,
        start: datetime,
        end: datetime | None = None,
        per_page: int = MAX_PAGE,
    ) -> Iterator[of_points.DataPoint]:
        """See `OneNet.points`."""
        asked, cursor = tuple(streams), None
        while True:
            page = self.points_page(
                device_id, asked, start=start, end=end, limit=per_page, cursor=cursor
            )
            yield from page.points
            cursor = of_points.next_cursor(page, cursor)
            if cursor is None:
                return

    create_device = _Method(of_devices.create_device)
    device = _Method(of_devices.device)
    device_by_imei = _Method(of_devices.device_by_imei)
    devices = _Method(of_devices.devices)
    update_device = _Method(of_devices.update_device)
    delete_device = _Method(of_devices.delete_device)
    device_status = _Method(of_devices.device_status)
    streams = _Method(of_devices.streams)
    stream = _Method(of_devices.stream)

    points_page = _Method(of_points.points_page)
    newest_points = _Method(of_points.newest_points)

    read = _Method(of_resources.read)
    write = _Method(of_resources.write)
    execute = _Method(of_resources.execute)
    resources = _Method(of_resources.resources)
    observe = _Method(of_resources.observe)
    discover = _Method(of_resources.discover)

    offline_read = _Method(of_offline.offline_read)
    offline_write = _Method(of_offline.offline_write)
    offline_execute = _Method(of_offline.offline_execute)
    offline_history = _Method(of_offline.offline_history)
    offline_command = _Method(of_offline.offline_command)
    cancel_offline = _Method(of_offline.cancel_offline)
    cancel_all_offline = _Method(of_offline.cancel_all_offline)

    create_trigger = _Method(of_triggers.create_trigger)
    update_trigger = _Method(of_triggers.update_trigger)
    trigger = _Method(of_triggers.trigger)
    triggers = _Method(of_triggers.triggers)
    delete_trigger = _Method(of_triggers.delete_trigger)

    create_key = _Method(of_keys.create_key)
    keys = _Method(of_keys.keys)
    delete_key = _Method(of_keys.delete_key)
