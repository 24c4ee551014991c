"""Work with a device that is online: guide 4.2.4 to 4.2.8, and discover. All need the master key.

Paths are LwM2M's: `3311/0/5850` is object, instance and resource. `ep_name`, which the guide has as
another way to name a device, is not offered: the IMEI names the same one.

`timeout` is how long OneNET waits for the device, 5 to 40 s, 25 if not given (later than the guide,
whose platform asks three times within 30 s).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from m5310.onenet.calls.call import Call, call, nothing
from m5310.onenet.calls.path import parameters
from m5310.onenet.calls.reading import Fields, objects
from m5310.onenet.times import to_text

Values = dict[int, dict[int, object]]
"""The values of an object: by instance, then by resource. Of a resource that has instances, a
`dict` of those."""


def read(
    imei: str, path: str, *, timeout: int | None = None, as_hex: bool | None = None
) -> Call[Values]:
    """Read an object, instance or resource from the device (guide 4.2.4).

    `as_hex`: values of a resource that OneNET does not know come as hexadecimal text (`bin2hex`,
    later than the guide).
    """
    query = parameters(path)
    return call("GET", "/nbiot", values, imei=imei, **query, timeout=timeout, bin2hex=as_hex)


def write(
    imei: str,
    path: str,
    resources: Mapping[int, object],
    *,
    replace: bool = False,
    timeout: int | None = None,
) -> Call[None]:
    """Write resources of one instance, such as `"3311/0", {5850: True}` (guide 4.2.5).

    With `replace` the values not named are deleted (mode 1), otherwise they stay (mode 2). See
    `written` for the values.
    """
    return call(
        "POST",
        "/nbiot",
        nothing,
        written(resources),
        imei=imei,
        **parameters(path, 2, 2),
        mode=1 if replace else 2,
        timeout=timeout,
    )


def execute(
    imei: str, path: str, args: str | None = None, *, timeout: int | None = None
) -> Call[None]:
    """Execute a resource, with a text for it or without (guide 4.2.6)."""
    query = parameters(path, 3)
    body = None if args is None else {"args": args}
    return call("POST", "/nbiot/execute", nothing, body, imei=imei, **query, timeout=timeout)


def resources(
    imei: str, object_id: int | None = None
) -> Call[dict[int, dict[int, tuple[int, ...]]]]:
    """What OneNET knows that the device has: object, instance, resources (guide 4.2.7)."""

    def read(data: object) -> dict[int, dict[int, tuple[int, ...]]]:
        return {
            each.integer("obj_id"): {
                instance.integer("inst_id"): instance.integers("resources")
                for instance in each.objects("instances")
            }
            for each in Fields(data, "data").objects("item")
        }

    return call("GET", "/nbiot/resources", read, imei=imei, obj_id=object_id)


def observe(
    imei: str,
    path: str,
    *,
    cancel: bool = False,
    pmin: int | None = None,
    pmax: int | None = None,
    gt: float | None = None,
    lt: float | None = None,
    st: float | None = None,
    timeout: int | None = None,
) -> Call[None]:
    """Subscribe to a path, or with `cancel` end the subscription (guide 4.2.8).

    `pmin` and `pmax` are the least and the most seconds between two reports, with 0 < pmin <= pmax.
    The device reports when the value passes `gt` or `lt`, or changed by `st`: these need the path
    of a resource and lt + 2 * st < gt.
    """
    query = parameters(path)
    return call(
        "POST",
        "/nbiot/observe",
        nothing,
        {},
        imei=imei,
        cancel=cancel,
        **query,
        pmin=pmin,
        pmax=pmax,
        gt=gt,
        lt=lt,
        st=st,
        timeout=timeout,
    )


def discover(imei: str, path: str) -> Call[dict[int, tuple[int, ...]]]:
    """Ask the device for the resources of an object or instance: by instance (after the guide)."""

    def read(data: object) -> dict[int, tuple[int, ...]]:
        found = objects(data, "data")
        return {each.integer("obj_inst_id"): each.integers("res_id") for each in found}

    return call("GET", "/nbiot/discover", read, imei=imei, **parameters(path, 1, 2))


def written(resources: Mapping[int, object]) -> dict[str, object]:
    """The body of a write (guide 4.2.5, 4.2.9.2).

    A value is a JSON value. Bytes are written as they are (`type` 1), an aware `datetime` as the
    seconds since 1970 (`type` 2, later than the guide).

    Raises:
        ValueError: No resource, or a time without a zone.
    """
    if not resources:
        raise ValueError("resources: expected at least one, such as {5850: True}")
    return {"data": [_item(number, value) for number, value in resources.items()]}


def _item(number: int, value: object) -> dict[str, object]:
    if isinstance(value, bytes):
        return {"res_id": number, "type": 1, "val": value.hex()}
    if isinstance(value, datetime):
        to_text(value)  # it has a zone
        return {"res_id": number, "type": 2, "val": int(value.timestamp())}
    return {"res_id": number, "val": value}


def values(data: object) -> Values:
    """The result of a read (guide 4.2.4)."""
    return {
        instance.integer("obj_inst_id"): {
            each.integer("res_id"): _value(each) for each in instance.objects("res")
        }
        for instance in objects(data, "data")
    }


def _value(fields: Fields) -> object:
    if fields.get("res_inst") is None:
        return fields.get("val")
    found = fields.objects("res_inst")
    return {each.integer("res_inst_id"): each.get("val") for each in found}
