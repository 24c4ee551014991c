"""Keys that see some devices only: later than the guide. All need the master key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from urllib.parse import quote

from m5310.onenet.calls.call import Call, call, given, nothing
from m5310.onenet.calls.reading import Fields

Access = Literal["get", "put", "post", "delete"]


@dataclass(frozen=True, slots=True)
class DeviceKey:
    """A key, and what it may do, as OneNET tells it:
    `{"resources":[{"dev_id":..,"ds_id":..}],"access_methods":[..]}`."""

    key: str
    title: str
    permissions: tuple[Mapping[str, object], ...]
    created: datetime | None


def create_key(
    title: str,
    device_ids: Iterable[str | int],
    access: Iterable[Access] = ("get", "put", "post", "delete"),
    *,
    stream: str | None = None,
) -> Call[str]:
    """Make a key for some devices, or for one stream of each; the key."""
    devices = [given(dev_id=str(each), ds_id=stream) for each in device_ids]
    permission = {"resources": devices, "access_methods": list(access)}
    body = {"title": title, "permissions": [permission]}
    return call("POST", "/keys", lambda data: Fields(data, "data").text("key"), body)


def keys(*, page: int | None = None, per_page: int | None = None) -> Call[tuple[DeviceKey, ...]]:
    """The keys of the product."""

    def read(data: object) -> tuple[DeviceKey, ...]:
        return tuple(
            DeviceKey(
                each.text("key"),
                each.text_or_none("title") or "",
                each.mappings("permissions"),
                each.time_or_none("create_time"),
            )
            for each in Fields(data, "data").objects("keys")
        )

    return call("GET", "/keys", read, page=page, per_page=per_page)


def delete_key(key: str) -> Call[None]:
    """Delete a key; it is refused from then on."""
    return call("DELETE", f"/keys/{quote(key, safe='*=')}", nothing)  # marks of OneNET's keys
