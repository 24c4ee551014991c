"""Devices and keys as the API shows them (OneNET guide 4.2.1 to 4.2.3, 4.2.11). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from emulator.onenet import keys
from emulator.onenet.devices import Device
from emulator.onenet.http.answers import Answer
from emulator.onenet.http.times import seconds
from emulator.onenet.keys import DeviceKey
from emulator.onenet.store.streams import stream_uuid


def created(device: Device) -> Answer:
    """`psk` as in OneNET's documents of 2019: only of a device that has one."""
    return {"device_id": device.id, **({} if device.psk is None else {"psk": device.psk})}


def device(
    device: Device,
    *,
    online: bool,
    subscribed: bool,
    streams: Iterator[tuple[str, float]] | None = None,
    about: Mapping[str, Answer] = MappingProxyType({}),
) -> Answer:
    """Guide 4.2.2, in the order of captured details. `streams`: id and creation time of each; None:
    they are not shown. `about`: units and tags of those that have some.

    `binary` is left out: here no device can have it. guess: so are `act_time`, the time of the
    first login, and `other` where there is none; in captures of new devices `desc` is empty and
    `location` is 0, 0.
    """
    given = device.description
    answer: Answer = {"private": given.private, "create_time": seconds(device.created)}
    if device.active is not None:
        answer["act_time"] = seconds(device.active)
    answer |= {
        "obsv": given.observed,
        "auth_info": {given.imei: given.imsi},
        "imsi": given.imsi,
        "title": given.title,
        "tags": list(given.tags),
        "obsv_st": subscribed,
        "protocol": "LWM2M",
        "online": online,
        "location": {"lat": 0, "lon": 0} if given.location is None else given.location,
        "id": device.id,
    }
    if streams is not None:
        answer["datastreams"] = (
            {
                "create_time": seconds(since),
                "uuid": stream_uuid(device.id, name),
                "id": name,
                **about.get(name, {}),
            }
            for name, since in streams
        )
    answer["desc"] = given.desc or ""
    if given.other is not None:
        answer["other"] = given.other
    if given.chip is not None:
        answer["chip"] = given.chip  # guess: its place
    return answer


def found(devices: Iterable[Answer], total: int, page: int, per_page: int) -> Answer:
    """A page of a search; `total` counts all pages."""
    return {"per_page": per_page, "devices": iter(devices), "total_count": total, "page": page}


def statuses(devices: Iterable[tuple[Device, bool]], total: int) -> Answer:
    """Guide 4.2.11: each device, and whether it is online."""
    shown = (
        {"id": device.id, "title": device.description.title, "online": online}
        for device, online in devices
    )
    return {"total_count": total, "devices": shown}


def key(one: DeviceKey) -> Answer:
    """The order is that of the second example of "Query apikey" in OneNET's documents."""
    return {
        "create_time": seconds(one.created),
        "permissions": keys.shown(one.permissions),
        "title": one.title,
        "key": one.key,
    }


def found_keys(chosen: Iterable[DeviceKey], total: int, page: int, per_page: int) -> Answer:
    """A page of keys; `total` counts all pages."""
    shown = (key(one) for one in chosen)
    return {"per_page": per_page, "total_count": total, "keys": shown, "page": page}
