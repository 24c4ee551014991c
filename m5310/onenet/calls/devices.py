"""Devices: guide 4.2.1, 4.2.2, 4.2.3, 4.2.11, and the later list, update and search by IMEI."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from m5310.onenet.calls.call import Call, call, given, nothing, segment
from m5310.onenet.calls.reading import Fields, objects


@dataclass(frozen=True, slots=True)
class Location:
    """A place: degrees east, degrees north, metres up (None if not given)."""

    lon: float
    lat: float
    ele: float | None = None


@dataclass(frozen=True, slots=True)
class Stream:
    """What a device has reported of one resource: `id` is `<object>_<instance>_<resource>`.

    `value` and `updated` are the newest point where the call tells them, else None.
    """

    id: str
    uuid: str | None
    created: datetime | None
    unit: str | None
    unit_symbol: str | None
    value: object
    updated: datetime | None


@dataclass(frozen=True, slots=True)
class DeviceDetail:
    """All that OneNET tells of a device; None where it left a member out.

    `observed`: OneNET subscribes to its resources by itself. `active`: its first login.
    """

    id: str
    title: str
    description: str | None
    tags: tuple[str, ...]
    protocol: str | None
    imei: str | None
    imsi: str | None
    online: bool | None
    private: bool | None
    observed: bool | None
    created: datetime | None
    active: datetime | None
    location: Location | None
    streams: tuple[Stream, ...]
    other: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class DevicePage:
    """One page of a search. `total` is the number of devices found on all pages."""

    total: int
    page: int
    per_page: int
    devices: tuple[DeviceDetail, ...]


@dataclass(frozen=True, slots=True)
class DeviceStatus:
    """A device, and whether it is registered now."""

    id: str
    title: str
    online: bool


def create_device(
    title: str,
    imei: str,
    imsi: str,
    *,
    description: str | None = None,
    tags: Iterable[str] = (),
    location: Location | None = None,
    private: bool | None = None,
    observed: bool | None = None,
    auth: str | None = None,
    psk: str | None = None,
    other: Mapping[str, object] | None = None,
) -> Call[str]:
    """Create an LwM2M device; its id (guide 4.2.1). Needs the master key.

    `imei` has at most 17 letters and digits, `imsi` at most 16. `private` and `observed` are True
    if not given. `auth` is the code the module must send (at most 16 letters and digits), `psk` its
    DTLS key (8 to 16): both came after the guide.
    """
    body = given(
        title=title,
        desc=description,
        tags=list(tags) or None,
        protocol="LWM2M",
        location=_location_body(location),
        private=private,
        auth_info={imei: imsi},
        obsv=observed,
        auth=auth,
        psk=psk,
        other=other,
    )
    return call("POST", "/devices", lambda data: Fields(data, "data").text("device_id"), body)


def device(device_id: str | int) -> Call[DeviceDetail]:
    """All about one device (guide 4.2.2). A key that sees the device is enough."""
    name = segment(device_id, "device_id")
    return call("GET", f"/devices/{name}", lambda data: _detail(Fields(data, "data"), name))


def device_by_imei(imei: str) -> Call[DeviceDetail]:
    """All about the device with this IMEI (later than the guide)."""
    return call("GET", "/devices/getbyimei", lambda data: _detail(Fields(data, "data")), imei=imei)


def update_device(
    device_id: str | int,
    *,
    title: str | None = None,
    description: str | None = None,
    tags: Iterable[str] | None = None,
    location: Location | None = None,
    private: bool | None = None,
    imei: str | None = None,
    imsi: str | None = None,
    other: Mapping[str, object] | None = None,
) -> Call[None]:
    """Change what is given of a device (later than the guide).

    Raises:
        ValueError: One of `imei` and `imsi` without the other.
    """
    if (imei is None) != (imsi is None):
        raise ValueError("update_device: expected imei and imsi together")
    body = given(
        title=title,
        desc=description,
        tags=None if tags is None else list(tags),
        location=_location_body(location),
        private=private,
        auth_info=None if imei is None else {imei: imsi},
        other=other,
    )
    return call("PUT", f"/devices/{segment(device_id, 'device_id')}", nothing, body)


def delete_device(device_id: str | int) -> Call[None]:
    """Delete a device and its points (guide 4.2.3)."""
    return call("DELETE", f"/devices/{segment(device_id, 'device_id')}", nothing)


def devices(
    words: str | None = None,
    *,
    device_ids: Iterable[str | int] = (),
    auth_info: str | None = None,
    tag: str | None = None,
    online: bool | None = None,
    private: bool | None = None,
    begin: datetime | None = None,
    end: datetime | None = None,
    page: int | None = None,
    per_page: int | None = None,
) -> Call[DevicePage]:
    """Search devices; without parameters, list them (later than the guide).

    `words` is the beginning of an id or title. At most 100 `device_ids`. `begin` and `end` are
    times of creation. `page` is 1 to 10000, `per_page` at most 100, 30 if not given.
    """
    return call(
        "GET",
        "/devices",
        _page,
        key_words=words,
        auth_info=auth_info,
        tag=tag,
        online=online,
        private=private,
        page=page,
        per_page=per_page,
        device_id=_listed(device_ids),
        begin=begin,
        end=end,
    )


def device_status(device_ids: Iterable[str | int]) -> Call[tuple[DeviceStatus, ...]]:
    """Which of at most 1000 devices are online (guide 4.2.11)."""

    def read(data: object) -> tuple[DeviceStatus, ...]:
        return tuple(
            DeviceStatus(each.text("id"), each.text_or_none("title") or "", each.flag("online"))
            for each in Fields(data, "data").objects("devices")
        )

    return call("GET", "/devices/status", read, devIds=_listed(device_ids))


def streams(device_id: str | int) -> Call[tuple[Stream, ...]]:
    """The streams of a device with their newest points (SDKs call it; not in the guide)."""

    def read(data: object) -> tuple[Stream, ...]:
        return tuple(_stream(each) for each in objects(data, "data"))

    return call("GET", f"/devices/{segment(device_id, 'device_id')}/datastreams", read)


def stream(device_id: str | int, stream_id: str) -> Call[Stream]:
    """One stream with its newest point, such as `3200_0_5750` (SDKs call it; not in the guide)."""
    path = f"/devices/{segment(device_id, 'device_id')}/datastreams/{segment(stream_id, 'stream')}"
    return call("GET", path, lambda data: _stream(Fields(data, "data"), stream_id))


def _listed(ids: Iterable[str | int]) -> str | None:
    return ",".join(segment(each, "device_id") for each in ids) or None


def _location_body(location: Location | None) -> dict[str, object] | None:
    return None if location is None else given(lon=location.lon, lat=location.lat, ele=location.ele)


def _page(data: object) -> DevicePage:
    fields = Fields(data, "data")
    return DevicePage(
        fields.integer("total_count"),
        fields.integer("page"),
        fields.integer("per_page"),
        tuple(_detail(each) for each in fields.objects("devices")),
    )


def _detail(fields: Fields, asked: str | None = None) -> DeviceDetail:
    """The guide's answer has no id: it is then the one asked for."""
    auth_info = fields.get("auth_info")
    imei, imsi = None, None
    if isinstance(auth_info, dict) and auth_info:  # text for protocols other than LwM2M
        imei, imsi = (str(each) for each in next(iter(auth_info.items())))
    return DeviceDetail(
        asked if asked is not None and fields.get("id") is None else fields.text("id"),
        fields.text_or_none("title") or "",
        fields.text_or_none("desc"),
        fields.texts("tags"),
        fields.text_or_none("protocol"),
        imei,
        imsi,
        fields.flag_or_none("online"),
        fields.flag_or_none("private"),
        fields.flag_or_none("obsv"),
        fields.time_or_none("create_time"),
        fields.time_or_none("act_time"),
        _location(fields.object_or_none("location")),
        tuple(_stream(each) for each in fields.objects("datastreams")),
        fields.object_or_none("other") or {},
    )


def _location(found: dict[str, object] | None) -> Location | None:
    if not found:
        return None
    fields = Fields(found, "location")
    lon, lat = fields.number_or_none("lon"), fields.number_or_none("lat")
    return None if lon is None or lat is None else Location(lon, lat, fields.number_or_none("ele"))


def _stream(fields: Fields, asked: str | None = None) -> Stream:
    return Stream(
        asked if asked is not None and fields.get("id") is None else fields.text("id"),
        fields.text_or_none("uuid"),
        fields.time_or_none("create_time"),
        fields.text_or_none("unit"),
        fields.text_or_none("unit_symbol"),
        fields.get("current_value"),
        fields.time_or_none("update_at"),
    )
