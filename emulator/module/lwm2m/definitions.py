"""What a server may do with a resource, by its definition in OMA's registry (LwM2M 1.0.2, 5.4)."""

from __future__ import annotations

from aiocoap import METHOD_NOT_ALLOWED, NOT_FOUND

from emulator.lwm2m import registry
from emulator.lwm2m.model import Path
from emulator.module.lwm2m.operations import Operation, Refused

_NEEDS = {
    Operation.WRITE: "W",
    Operation.WRITE_PARTIALLY: "W",
    Operation.EXECUTE: "E",
}


def check(operation: Operation, path: Path, *, declared: bool) -> None:
    """Raises Refused: 4.04 for a resource that is not there, 4.05 for what it cannot do.

    `declared`: the host has given it a value. A resource that only is written or executed may be
    there without; so may those of objects that the registry does not have.
    """
    if path.resource is None:
        return
    needs = _NEEDS.get(operation, "R")
    definition = registry.resource(path)
    if definition is not None and needs not in definition.operations:
        raise Refused(METHOD_NOT_ALLOWED)
    unknown = definition is None and registry.definition(path.object) is not None
    if not declared and (unknown or needs == "R"):
        raise Refused(NOT_FOUND)
