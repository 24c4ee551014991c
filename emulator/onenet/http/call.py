"""One call of the API on its way through the platform: what was asked, and how it acts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from emulator.lwm2m.model import Path
from emulator.onenet.devices import Device
from emulator.onenet.endpoint_names import imei_of
from emulator.onenet.errors import ApiError, Reason, invalid, required
from emulator.onenet.keys import DeviceKey, Master
from emulator.onenet.lwm2m.operations import Operation
from emulator.onenet.lwm2m.outcomes import Outcome
from emulator.onenet.platform import Act, Platform

T = TypeVar("T")
B = TypeVar("B")


@dataclass(slots=True)  # not frozen: one is made for each request, in half the time
class Call:
    """A call that has the right key and valid parameters.

    `act` acts on `platform` at the present time. `key`: whose call it is. `method`: one of
    `keys.METHODS`. `place`: the parts of the path that the route names. `query`: each parameter of
    the route, its default if it was not given. `body`: its JSON object; empty for a route without a
    body.
    """

    platform: Platform
    act: Act
    key: Master | DeviceKey
    method: str
    place: Mapping[str, str]
    query: Mapping[str, Any]
    body: dict[str, object]

    def device(self, *, whole: bool = False) -> Device:
        """The device whose id is `device_id` in the path.

        Raises ApiError if there is none, or the key does not see it or, if `whole`, all of it.
        """
        device = _existing(self.platform.device(self.place["device_id"]))
        scope = self.scope(device)
        if scope is not None and (whole or not scope):
            raise ApiError(Reason.AUTH_FAILED)
        return device

    def scope(self, device: Device) -> Set[str] | None:
        """The streams of `device` that the key may reach by this method; None: the whole device."""
        return self.key.scope(self.method, device.id)

    def sees(self, device: Device) -> bool:
        """Whether the key may reach `device`, or a stream of it, by this method."""
        scope = self.scope(device)
        return scope is None or bool(scope)

    def device_by_imei(self) -> Device:
        """By `imei`, or the IMEI in `ep_name`, which may be `imei` or `imei;imsi`.

        Raises ApiError without both, or if there is no such device.
        """
        imei = self.query["imei"] or imei_of(self.query.get("ep_name") or "")
        if not imei:
            raise required("imei or ep_name" if "ep_name" in self.query else "imei")
        return _existing(self.platform.device_by_imei(imei))

    def path(self) -> Path:
        """`obj_id`, `obj_inst_id` and `res_id`. Raises ApiError for a resource without instance."""
        instance, resource = self.query.get("obj_inst_id"), self.query.get("res_id")
        if instance is None and resource is not None:
            raise invalid("res_id without obj_inst_id")
        return Path(self.query["obj_id"], instance, resource)

    async def result(
        self,
        begin: Callable[[Callable[[T], None], float], B],
        cancel: Callable[[B], None] = lambda _begun: None,
    ) -> T:
        """Act by `begin(on_done, now)`, and wait for what it gives to `on_done`.

        `cancel` gets what `begin` returned, if the client disconnects before.
        """
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        def on_done(found: T) -> None:
            if not done.done():  # the client may have disconnected at the same time
                done.set_result(found)

        begun = self.act(partial(begin, on_done))
        try:
            return await done
        except asyncio.CancelledError:
            cancel(begun)
            raise

    async def request(self, device: Device, operation: Operation) -> Outcome:
        """Send `operation` to the device and wait; at most `timeout` seconds, if the query has it.

        Raises ApiError if it fails or the device is offline.
        """
        timeout = self.query.get("timeout")
        begin = partial(self.platform.request, device, operation, timeout=timeout)
        outcome: Outcome = await self.result(begin, self.platform.cancel)
        if outcome.failure is not None:
            raise ApiError(Reason.UNSUCCESS, outcome.failure)
        return outcome


def _existing(device: Device | None) -> Device:
    if device is None:  # as if it belonged to another key
        raise ApiError(Reason.AUTH_FAILED)
    return device
