"""Several modules: their IMEI, IMSI and links, counted up. Pure."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from emulator.module.firmware import Firmware
from emulator.module.general.identity import Identity
from emulator.module.module import Module
from emulator.onenet.devices import MAX_DEVICES
from emulator.onenet.endpoint_names import IMEI, IMSI
from emulator.simulation.parameters import Parameters

_DEFAULT = Identity()


def identities(imei: str, imsi: str, count: int) -> list[Identity]:
    """Identities of `count` modules: the first has `imei` and `imsi`, further ones count up.

    Raises ValueError for an invalid number, or one that cannot be counted up.
    """
    if not 1 <= count <= MAX_DEVICES:  # each has a device of the cloud
        raise ValueError(f"modules {count}: expected 1 to {MAX_DEVICES}")
    if not IMEI.fullmatch(imei):
        raise ValueError(f"imei {imei!r}: expected 1 to 17 letters or digits")
    if not IMSI.fullmatch(imsi):
        raise ValueError(f"imsi {imsi!r}: expected 1 to 16 letters or digits")
    return [
        replace(_DEFAULT, imei=_counted("imei", imei, place), imsi=_counted("imsi", imsi, place))
        for place in range(count)
    ]


def links(first: Path | None, count: int) -> list[Path | None]:
    """The links to `count` ports; several are numbered from 1 on."""
    if first is None or count == 1:
        return [first] * count
    return [first.with_name(f"{first.name}-{place + 1}") for place in range(count)]


def _counted(name: str, first: str, place: int) -> str:
    """The number `first` + `place`, with as many digits as `first`."""
    if not place:
        return first
    if not first.isdecimal() or len(str(int(first) + place)) > len(first):
        raise ValueError(f"{name} {first!r}: expected digits that can be counted up by {place}")
    return str(int(first) + place).zfill(len(first))


def module_of(
    given: Parameters, firmware: Firmware, identity: Identity, baud: int | None, seed: int
) -> Module:
    """A module with this identity. `baud`: of its line; `seed` of what is random in it."""
    return Module(
        identity,
        firmware=firmware,
        seed=seed,
        speed=baud,
        boot_noise=given.boot_noise,
        strict_host=given.strict_host,
        style=given.style or ("onenet" if given.server is None else "standard"),
    )
