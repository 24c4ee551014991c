"""What the HTTP API answers: the JSON of the guide and of the suite's test specification."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from uuid import NAMESPACE_URL, uuid5

from emulator.air.messages import Item, Path, Value
from emulator.onenet.datapoints import Stream
from emulator.onenet.devices import Device

# A guess: the guide's times name no zone; OneNET's machines stand in Chongqing.
_BEIJING = timezone(timedelta(hours=8))


def created(device: Device) -> dict[str, object]:
    return {"device_id": device.id}


def device(device: Device, *, online: bool) -> dict[str, object]:
    """Guide 4.2.2. What the creator did not give is left out."""
    said = device.description
    optional = {"desc": said.desc, "location": said.location, "other": said.other}
    return {
        "online": online,
        "protocol": "LWM2M",
        "title": said.title,
        **{name: value for name, value in optional.items() if value is not None},
        "create_time": _seconds(device.created),
        "obsv": said.observed,
        "private": said.private,
        "binary": [],
        "tags": list(said.tags),
        "datastreams": [
            {
                "create_time": _seconds(stream.created),
                "id": stream.id,
                "unit": "",
                "unit_symbol": "",
                "uuid": str(uuid5(NAMESPACE_URL, f"onenet:{device.id}:{stream.id}")),
            }
            for stream in device.points.streams()
        ],
    }


def datapoints(streams: Iterable[Stream]) -> dict[str, object]:
    """Guide 4.2.13 and its examples; the points of a stream from the oldest to the newest."""
    shown = [
        {
            "datapoints": [{"at": _millis(p.at), "value": _value(p.value)} for p in stream.points],
            "id": stream.id,
        }
        for stream in streams
    ]
    return {"count": sum(len(stream["datapoints"]) for stream in shown), "datastreams": shown}


def values(items: Iterable[Item]) -> list[dict[str, object]]:
    """Guide 4.2.4; the order of the keys is that of the suite's test specification."""
    instances: dict[int | None, list[dict[str, object]]] = {}
    for item in items:
        shown = {"val": _value(item.value), "res_id": item.path.resource}
        instances.setdefault(item.path.instance, []).append(shown)
    return [{"res": res, "obj_inst_id": instance} for instance, res in instances.items()]


def resources(objects: Iterable[Path], discovered: Iterable[Path]) -> dict[str, object]:
    """Guide 4.2.7: the instances of `objects`, each with the resources that discovery found."""
    found: dict[tuple[int, int | None], list[int]] = {}
    for path in discovered:
        if path.resource is not None:
            found.setdefault((path.object, path.instance), []).append(path.resource)
    tree: dict[int, list[dict[str, object]]] = {}
    for path in sorted(objects, key=_order):
        instances = tree.setdefault(path.object, [])
        if path.instance is not None:
            listed = sorted(found.get((path.object, path.instance), []))
            instances.append({"inst_id": path.instance, "resources": listed})
    shown = [{"obj_id": object_id, "instances": tree[object_id]} for object_id in tree]
    return {"total_count": len(shown), "item": shown}


def _order(path: Path) -> tuple[int, int]:
    return path.object, -1 if path.instance is None else path.instance


def _value(value: Value) -> object:
    """Bytes as an array of their numbers (OneNET FAQ); everything else is JSON already."""
    return list(value) if isinstance(value, bytes) else value


def _seconds(at: float) -> str:
    return datetime.fromtimestamp(at, _BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def _millis(at: float) -> str:
    moment = datetime.fromtimestamp(at, _BEIJING)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03}"
