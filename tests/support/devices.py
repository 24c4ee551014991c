"""Scripted modules for devices, and ports that are opened by name."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from m5310.device.device import Device
from m5310.lwm2m.resources import Resource
from m5310.lwm2m.values import ValueType
from tests.support.scripted import Reply, Scripted, platform

RESTART = "REBOOT_CAUSE_SECURITY_PMU_POWER_ON_RESET"
ENDPOINT = "123456789012345;460001234567890"
CONF = (
    "AT+MIPLCONF=71,00000000805101001900636F61703A2F2F3138332E3233302E34302E34303A353638331F00"
    "3132333435363738393031323334353B343630303031323334353637383930050501,1,1"
)


@asynccontextmanager
async def module(
    rules: dict[str, Reply | Callable[[str], Reply]] | None = None,
) -> AsyncIterator[Scripted]:
    it = Scripted(platform() if rules is None else rules)
    try:
        yield it
    finally:
        await it.modem.close()


def text(line: str) -> str:
    return line.removeprefix("AT+MIPL")


async def declared(m: Scripted, *paths: str) -> tuple[Device, list[Resource]]:
    device = Device(m.modem, ENDPOINT)
    await device.create()
    return device, [await device.add_resource(path, ValueType.INTEGER, 1) for path in paths]


class Ports(list[Scripted]):
    """The ports opened so far. `rules` are those of the next one; None: none is plugged in."""

    rules: dict[str, Reply | Callable[[str], Reply]] | None = platform()
