"""A scripted module that speaks the suite, a BC28, and devices on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from m5310.device.device import Device
from m5310.device.events import UpkeepEvent
from m5310.lwm2m.resources import Access, Resource
from m5310.lwm2m.values import ValueType
from tests.support.devices import ENDPOINT, module
from tests.support.scripted import Reply, Scripted

Rules = dict[str, Reply | Callable[[str], Reply]]
OBSERVE = "+MIPLOBSERVE: 0,70247,1,3303,0,-1"


def suite(refused: str = "ERROR", **more: Reply | Callable[[str], Reply]) -> Rules:
    """Rules of a BC28 whose platform accepts everything; `more` by the name after `AT+MIPL`."""
    rules: Rules = {f"AT+MIPL{name}": reply for name, reply in more.items()}
    rules |= {
        "AT+MIPLCONF=": refused,
        "AT+MIPLDEL=": refused,
        "AT+CGMI": ["Quectel", "OK"],
        "AT+CGMM": ["BC28JB-02-STD", "OK"],
        "AT+CGMR": ["SECURITY,V150R100C20B300SP2", "OK"],
        "ATI": ["Quectel", "BC28", "Revision:BC28JBR01A01_ONT", "OK"],
    }
    rules.setdefault("AT+MIPLVER?", ["+MIPLVER:2.2.0", "OK"])
    rules.setdefault("AT+MIPLCREATE", ["+MIPLCREATE:0", "OK"])
    rules.setdefault("AT+MIPLOPEN", ["OK", *[f"+MIPLEVENT: 0,{n}" for n in (1, 2, 4, 6)], OBSERVE])
    rules.setdefault("AT+MIPLCLOSE", ["OK", "+MIPLEVENT: 0,15"])
    rules.setdefault("AT+MIPLUPDATE", ["OK", "+MIPLEVENT: 0,11"])
    return rules


@asynccontextmanager
async def created(
    rules: Rules | None = None,
    on_event: Callable[[UpkeepEvent], object] | None = None,
    **given: object,
) -> AsyncIterator[tuple[Scripted, Device]]:
    given.setdefault("module", "bc28")
    async with (
        module(suite() if rules is None else rules) as m,
        Device(m.modem, ENDPOINT, on_event=on_event, **given) as device,  # type: ignore[arg-type]
    ):
        m.sent.clear()
        yield m, device


async def sensor(device: Device, path: str = "3303/0/5700") -> Resource:
    return await device.add_resource(path, ValueType.FLOAT, 20.5, Access(7))
