"""The names of objects and resources in OMA's registry."""

from __future__ import annotations

from emulator.lwm2m import registry
from emulator.onenet.http.answers import Answer, success
from emulator.onenet.http.call import Call
from emulator.onenet.http.kinds import Schema
from emulator.onenet.http.route import CONTROL, Key, Route


async def show(_call: Call) -> Answer:
    return success({"objects": {str(n): _shown(one) for n, one in registry.definitions().items()}})


def _shown(known: registry.ObjectDefinition) -> Answer:
    return {
        "name": known.name,
        "multiple": known.multiple,
        "resources": {
            str(number): {
                "name": one.name,
                "type": None if one.type is None else one.type.value,
                "units": one.unit,
                "operations": one.operations,
                "multiple": one.multiple,
            }
            for number, one in known.resources.items()
        },
    }


_RESOURCE: Schema = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "type": {"type": ["string", "null"]},
        "units": {"type": "string"},
        "operations": {"type": "string", "pattern": "^[RWE]*$"},
        "multiple": {"type": "boolean"},
    },
    "required": ["name", "type", "units", "operations", "multiple"],
    "additionalProperties": False,
}
_DATA: Schema = {
    "type": "object",
    "properties": {
        "objects": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "properties": {
                    "name": {"type": "string"},
                    "multiple": {"type": "boolean"},
                    "resources": {"type": "object", "additionalProperties": _RESOURCE},
                },
                "required": ["name", "multiple", "resources"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["objects"],
    "additionalProperties": False,
}


def routes(_control: object) -> tuple[Route, ...]:
    return (
        Route(
            "GET",
            "/emulator/objects",
            "Show the names, types and units of objects and resources that are known",
            CONTROL,
            Key.MASTER,
            show,
            data=_DATA,
        ),
    )
