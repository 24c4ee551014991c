"""What an emulator keeps in a file: opens it, and takes up the devices that it has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from emulator.module.general.identity import Identity
from emulator.onenet.devices import Description, Device
from emulator.onenet.endpoint_names import endpoint_name
from emulator.onenet.platform import Platform
from emulator.onenet.store.database import Database, StoreError
from emulator.onenet.store.retention import Retention
from emulator.onenet.years import year_of
from emulator.simulation.checks import run_number
from emulator.simulation.parameters import Parameters


def open_platform(given: Parameters, identities: Sequence[Identity], now: float) -> Platform:
    """The platform on the database in the file `db`, or in memory.

    Raises ValueError that names the parameter, also for an identity whose IMEI the database has
    with another IMSI, and OSError that names the file.
    """
    year, seed = year_of(given.year), given.seed + run_number(given.air, now)
    if given.db is not None and given.server is not None:
        raise ValueError("db: expected without server, which keeps what it has itself")
    for name, limit in (("keep_days", given.keep_days), ("keep_points", given.keep_points)):
        if limit is not None and given.db is None:
            raise ValueError(f"{name} {limit}: expected together with db, the file of the points")
        if limit is not None and not 0 < limit < float("inf"):
            raise ValueError(f"{name} {limit}: expected a number above 0, or None for no limit")
    if given.db is None:
        return Platform(year, seed=seed)
    database = Database(Path(given.db))
    retention = Retention(given.keep_days, given.keep_points)
    try:
        platform = Platform(year, seed=seed, database=database, retention=retention)
    except (StoreError, ValueError, LookupError, TypeError) as error:
        database.close()
        wrong = error.__cause__ if isinstance(error, StoreError) else error
        raise OSError(0, f"{wrong}, expected a database of the platform", str(given.db)) from error
    for identity in identities:
        device = platform.device_by_imei(identity.imei)
        if device is not None and device.endpoint != endpoint_name(identity.imei, identity.imsi):
            database.close()
            raise ValueError(
                f"imsi {identity.imsi}: {database.path} has the device {device.id} with"
                f" imei {identity.imei} and imsi {device.description.imsi}, expected the same imsi"
            )
    return platform


def kept_key(
    platform: Platform, identities: Sequence[Identity], given: str | None, psk: str | None
) -> str | None:
    """The key for DTLS: `given` by the user, which known devices get, too; else that of the first
    device; else `psk`. None where `psk` is: there is no DTLS.
    """
    known = [platform.device_by_imei(identity.imei) for identity in identities]
    if given is not None:
        for device in known:
            if device is not None:
                platform.devices.set_key(device, given)
        return given
    first = known[0]
    return psk if psk is None or first is None else first.psk or psk


def take_up(
    platform: Platform, identities: Sequence[Identity], psk: str | None, now: float
) -> Iterator[Device]:
    """The device of each identity: the one that exists, or a new one."""
    for identity in identities:
        imei, imsi = identity.imei, identity.imsi
        device = platform.device_by_imei(imei)
        if device is None:
            description = Description(f"M5310 {imei}", imei, imsi, psk=psk)
            device = platform.create_device(description, now)
        elif psk is not None and device.psk is None:
            platform.devices.set_key(device, psk)
        yield device
