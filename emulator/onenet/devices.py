"""Devices of the product, by id and by IMEI: creation, update, search. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

from emulator.onenet.endpoint_names import endpoint_name, imei_of
from emulator.onenet.errors import ApiError, Reason
from emulator.onenet.store.database import Database

# guess: bounds memory, with descriptions of up to 64 KiB each; the real limit is not published.
# Also the largest number of modules: more than Linux has ptys (kernel.pty.max, 4096).
MAX_DEVICES = 5000
# Nine digits, as device ids of 2019 have.
_FIRST_ID = 500_000_001


@dataclass(frozen=True, slots=True)
class Description:
    """The parameters of a new device (OneNET guide 4.2.1), or those after an update.

    `observed` is the API's `obsv`: the platform discovers and observes the device's objects by
    itself after each login. `auth`: the authentication code that its module must send (`Auth_Code`
    of the documents of 2019); None: none is asked for. `psk`: its first key for DTLS. `chip`: a
    number of the same documents, without effect here. `location` and `other` are JSON objects, kept
    unchanged.
    """

    title: str
    imei: str
    imsi: str
    desc: str | None = None
    tags: tuple[str, ...] = ()
    location: dict[str, object] | None = None
    private: bool = True
    observed: bool = True
    other: dict[str, object] | None = None
    auth: str | None = None
    psk: str | None = None
    chip: int | None = None


@dataclass(slots=True, eq=False)
class Device:
    """`endpoint`: the name that it must register under. `psk`: its present key for DTLS.

    `created` and `active`, its first login, in POSIX seconds.
    """

    id: str
    endpoint: str
    description: Description
    created: float
    active: float | None = None
    psk: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a search asks for; all of it must be true of a device. None or empty: any.

    `key_words`: how its id or its title begins. `tags`: it has at least one of them. `begin` and
    `end`: created at or after the one and before the other, in POSIX seconds.
    """

    key_words: str = ""
    imei: str | None = None
    tags: Collection[str] = ()
    online: bool | None = None
    private: bool | None = None
    ids: Collection[str] | None = None
    begin: float | None = None
    end: float | None = None


class Devices:
    """The devices in `database`. They are in memory, too, so every look-up takes constant time.

    A change is in the database when the call returns.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._by_id: dict[str, Device] = {}
        self._by_imei: dict[str, Device] = {}
        self._deleted: Device | None = None  # last
        database.on_undone.append(self._restore)
        query = "SELECT id, description, psk, created, active FROM devices ORDER BY id"
        for number, description, psk, created, active in database.execute(query):
            self._add(_loaded(str(number), json.loads(description), psk, created, active))
        # The id of a deleted device is not used again: it may still have data points.
        used = database.execute("SELECT seq FROM sqlite_sequence WHERE name = 'devices'").fetchone()
        self._next_id = max(_FIRST_ID, used[0] + 1 if used else 0)

    def create(self, description: Description, now: float) -> Device:
        """Raises ApiError if the IMEI belongs to another device, or MAX_DEVICES exist."""
        self._refuse_taken(description.imei)
        if len(self._by_id) >= MAX_DEVICES:
            raise ApiError(Reason.DEVICE_LIMIT, f"{MAX_DEVICES} devices exist")
        endpoint = endpoint_name(description.imei, description.imsi)
        kept = replace(description, psk=None)
        device = Device(str(self._next_id), endpoint, kept, now, psk=description.psk)
        self._database.execute(
            "INSERT INTO devices (id, imei, imsi, description, psk, created)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (self._next_id, kept.imei, kept.imsi, _text(kept), device.psk, now),
        )
        self._next_id += 1
        self._add(device)
        return device

    def update(self, device: Device, description: Description) -> None:
        """Replace the description of `device`, and its endpoint name if that has changed.

        Raises ApiError if the IMEI belongs to another device. Its `psk` has no effect.
        """
        if description.imei != device.description.imei:
            self._refuse_taken(description.imei)
        kept = replace(description, psk=None)
        self._database.execute(
            "UPDATE devices SET imei = ?, imsi = ?, description = ? WHERE id = ?",
            (kept.imei, kept.imsi, _text(kept), int(device.id)),
        )
        del self._by_imei[device.description.imei]
        device.description = kept
        device.endpoint = endpoint_name(kept.imei, kept.imsi)
        self._by_imei[kept.imei] = device

    def activate(self, device: Device, now: float) -> None:
        """It has logged in: note it if it is the first time."""
        if device.active is None:
            self._database.execute(
                "UPDATE devices SET active = ? WHERE id = ?", (now, int(device.id))
            )
            device.active = now

    def key(self, endpoint: str) -> str | None:
        """The key for DTLS of the device with this endpoint name; None: it has none."""
        device = self.by_endpoint(endpoint)
        return None if device is None else device.psk

    def set_key(self, device: Device, key: str) -> None:
        """Give `device` a key for DTLS, in place of the one that it has."""
        self._database.execute("UPDATE devices SET psk = ? WHERE id = ?", (key, int(device.id)))
        device.psk = key

    def get(self, device_id: str) -> Device | None:
        return self._by_id.get(device_id)

    def by_imei(self, imei: str) -> Device | None:
        return self._by_imei.get(imei)

    def by_endpoint(self, endpoint: str) -> Device | None:
        """The device with this endpoint name, IMEI and IMSI."""
        device = self._by_imei.get(imei_of(endpoint))
        return device if device and device.endpoint == endpoint else None

    def search(self, wanted: Wanted, online: Callable[[Device], bool]) -> Iterator[Device | None]:
        """Each device that is `wanted`, in the order of creation; None in place of each other one.

        So a caller can pause at any of them. Devices may be created and deleted meanwhile.
        """
        # guess: the order is not documented.
        for device in tuple(self._by_id.values()):
            yield device if _is_wanted(device, wanted, online) else None

    def delete(self, device: Device) -> bool:
        """Returns False if it was deleted before, whether or not its IMEI has another device."""
        if self._by_id.get(device.id) is not device:
            return False
        self._database.execute("DELETE FROM devices WHERE id = ?", (int(device.id),))
        del self._by_id[device.id]
        del self._by_imei[device.description.imei]
        self._deleted = device
        return True

    def _restore(self) -> None:
        """Changes were undone, perhaps with the last deletion."""
        device, self._deleted = self._deleted, None
        query = "SELECT 1 FROM devices WHERE id = ?"
        if device is not None and self._database.execute(query, (int(device.id),)).fetchone():
            self._add(device)
            self._by_id = dict(sorted(self._by_id.items(), key=lambda entry: int(entry[0])))

    def _add(self, device: Device) -> None:
        self._by_id[device.id] = self._by_imei[device.description.imei] = device

    def _refuse_taken(self, imei: str) -> None:
        if imei in self._by_imei:
            # The text was captured. guess: the value of auth_info is the IMEI, the key of the pair.
            raise ApiError(Reason.INVALID_PARAMETER, f"auth_info exists::{imei}")


def _is_wanted(device: Device, wanted: Wanted, online: Callable[[Device], bool]) -> bool:
    given = device.description
    return (
        (wanted.ids is None or device.id in wanted.ids)
        and (device.id.startswith(wanted.key_words) or given.title.startswith(wanted.key_words))
        and (wanted.imei is None or given.imei == wanted.imei)
        and (not wanted.tags or any(tag in wanted.tags for tag in given.tags))
        and (wanted.private is None or given.private == wanted.private)
        and (wanted.begin is None or device.created >= wanted.begin)
        and (wanted.end is None or device.created < wanted.end)
        and (wanted.online is None or online(device) == wanted.online)
    )


def _text(description: Description) -> str:
    # Not `asdict`, which would copy what is nested.
    kept = {one.name: getattr(description, one.name) for one in fields(description)}
    return json.dumps(kept, ensure_ascii=False)


def _loaded(
    device_id: str, kept: dict[str, Any], psk: str | None, created: float, active: float | None
) -> Device:
    description = Description(**{**kept, "tags": tuple(kept["tags"])})
    endpoint = endpoint_name(description.imei, description.imsi)
    return Device(device_id, endpoint, description, created, active, psk)
