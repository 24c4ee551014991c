"""Values of resources as the API's JSON has them. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from emulator.lwm2m.model import Item, Value


def json_value(value: Value) -> object:
    """Bytes as an array of their numbers (OneNET FAQ); everything else is JSON already."""
    return list(value) if isinstance(value, bytes) else value


def instances(items: Iterable[Item], *, hexadecimal: bool = False) -> list[dict[str, object]]:
    """Guide 4.2.4; the order of the keys is that of the suite's test specification.

    `hexadecimal`: bytes are texts of hexadecimal digits (`bin2hex`, OneNET's documents of 2019).
    A resource with several instances is shown as in OneNET's push of command results.
    """
    found: dict[int | None, dict[int | None, dict[str, object]]] = {}
    for item in items:
        path, value = item.path, json_value(item.value)
        if hexadecimal and isinstance(item.value, bytes):
            value = item.value.hex()  # guess: small letters
        resources = found.setdefault(path.instance, {})
        if path.resource_instance is None:
            resources[path.resource] = {"val": value, "res_id": path.resource}
        else:
            empty: dict[str, object] = {"res_inst": [], "res_id": path.resource}
            several = resources.setdefault(path.resource, empty).setdefault("res_inst", [])
            assert isinstance(several, list)
            several.append({"val": value, "res_inst_id": path.resource_instance})
    return [
        {"res": list(resources.values()), "obj_inst_id": instance}
        for instance, resources in found.items()
    ]
