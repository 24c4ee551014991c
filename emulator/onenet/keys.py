"""Keys of the HTTP API: the master key, and device keys, which are allowed less. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from hashlib import blake2b
from secrets import choice, token_bytes
from string import ascii_letters, digits
from typing import cast

from emulator.onenet.errors import ApiError, Reason, invalid, required
from emulator.onenet.store.database import Database

METHODS = ("get", "put", "post", "delete")
# guess: bounds memory, with permissions of up to 64 KiB each; the real limit is not published.
MAX_KEYS = 1000
# 28 characters with a `=` at the end, as OneNET's keys have.
_LENGTH, _CHARACTERS = 27, ascii_letters + digits
_NONE: Set[str | None] = frozenset()
_DEVICE_ID = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Permission:
    """`resources`: pairs of a device id and a stream id, None for the whole device."""

    resources: tuple[tuple[str, str | None], ...]
    methods: frozenset[str]


@dataclass(frozen=True, slots=True)
class Master:
    """It may do everything."""

    def scope(self, method: str, device_id: str) -> Set[str] | None:  # noqa: ARG002
        """As `DeviceKey.scope`."""
        return None


@dataclass(frozen=True, slots=True)
class DeviceKey:
    """`created` in POSIX seconds. What it may do is found in constant time."""

    key: str
    title: str
    permissions: tuple[Permission, ...]
    created: float
    # By device and method: the streams, None among them for the whole device.
    _streams: dict[str, dict[str, set[str | None]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        for permission in self.permissions:
            for device, stream in permission.resources:
                allowed = self._streams.setdefault(device, {})
                for method in permission.methods:
                    allowed.setdefault(method, set()).add(stream)

    def scope(self, method: str, device_id: str) -> Set[str] | None:
        """What of the device it may `method` (one of METHODS): None, the whole device; else the ids
        of streams, of which there may be none.
        """
        streams = self._streams.get(device_id, {}).get(method, _NONE)
        return None if None in streams else cast("Set[str]", streams)

    def names(self, device_id: str) -> bool:
        """Whether one of its permissions is about the device."""
        return device_id in self._streams


class Keys:
    """The device keys in `database`, and master keys. They are in memory, too.

    A change is in the database when the call returns.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        # Keys are found by a keyed hash: how long it takes says nothing about them.
        self._secret = token_bytes(32)
        self._found: dict[bytes, Master | DeviceKey] = {}
        query = "SELECT key, title, permissions, created FROM keys ORDER BY created, rowid"
        self._keys: dict[str, DeviceKey] = {}
        for key, title, kept, created in database.execute(query):
            self._add(DeviceKey(key, title, _permissions(json.loads(kept)), created))

    def add_master(self, key: str) -> None:
        """`key` may do everything. It is not kept in the database."""
        self._found[self._hash(key)] = Master()

    def resolve(self, key: str) -> Master | DeviceKey | None:
        """What `key` may do; None: there is no such key. In constant time."""
        return self._found.get(self._hash(key))

    def create(self, title: str, permissions: tuple[Permission, ...], now: float) -> DeviceKey:
        """Raises ApiError if MAX_KEYS exist."""
        if len(self._keys) >= MAX_KEYS:
            raise ApiError(Reason.LIMIT, f"{MAX_KEYS} keys exist")
        key = "".join(choice(_CHARACTERS) for _ in range(_LENGTH)) + "="
        new = DeviceKey(key, title, permissions, now)
        self._database.execute(
            "INSERT INTO keys (key, title, permissions, created) VALUES (?, ?, ?, ?)",
            (key, title, json.dumps(shown(permissions), ensure_ascii=False), now),
        )
        self._add(new)
        return new

    def all(self) -> Iterator[DeviceKey]:
        """The device keys, in the order of creation."""
        yield from tuple(self._keys.values())

    def delete(self, key: str) -> bool:
        """Returns False if there is no such device key."""
        if key not in self._keys:
            return False
        self._database.execute("DELETE FROM keys WHERE key = ?", (key,))
        del self._keys[key]
        del self._found[self._hash(key)]
        return True

    def _add(self, key: DeviceKey) -> None:
        self._keys[key.key] = self._found[self._hash(key.key)] = key

    def _hash(self, key: str) -> bytes:
        return blake2b(key.encode("utf-8", "surrogateescape"), key=self._secret).digest()


def parsed(body: Mapping[str, object]) -> tuple[str, tuple[Permission, ...]]:
    """Title and permissions of a new key (OneNET's documents of 2018: `POST /keys`).

    `access_methods` stands in each permission or, for those without it, beside them: both are
    documented. Raises ApiError for a missing or invalid one.
    """
    title, given = body.get("title"), body.get("permissions")
    if title is None:
        raise required("title")
    if not isinstance(title, str) or not title:
        raise invalid("title, expected a text that is not empty")
    if given is None:
        raise required("permissions")
    return title, _permissions(given, body.get("access_methods"))


def shown(permissions: tuple[Permission, ...]) -> list[dict[str, object]]:
    """The JSON form of `permissions`, in the order of keys of OneNET's documents."""
    return [
        {
            "access_methods": [method for method in METHODS if method in one.methods],
            "resources": [
                {"dev_id": device} if stream is None else {"ds_id": stream, "dev_id": device}
                for device, stream in one.resources
            ],
        }
        for one in permissions
    ]


def _permissions(given: object, methods: object = None) -> tuple[Permission, ...]:
    if not isinstance(given, list) or not given:
        raise invalid("permissions, expected a list of {resources, access_methods}")
    return tuple(_permission(entry, methods) for entry in given)


def _permission(entry: object, methods: object) -> Permission:
    if not isinstance(entry, dict):
        raise invalid("permissions, expected a list of {resources, access_methods}")
    # Without them it allows nothing, as the documents say.
    named = entry.get("access_methods", methods)
    named = [] if named is None else named
    if not isinstance(named, list) or not all(isinstance(name, str) for name in named):
        raise invalid("access_methods, expected a list of get, put, post and delete")
    chosen = frozenset(name.lower() for name in named)
    if not chosen <= set(METHODS):
        raise invalid("access_methods, expected a list of get, put, post and delete")
    resources = entry.get("resources")
    if resources is None:
        raise required("resources")
    if not isinstance(resources, list) or not resources:
        raise invalid("resources, expected a list of {dev_id, ds_id}")
    return Permission(tuple(_resource(resource) for resource in resources), chosen)


def _resource(entry: object) -> tuple[str, str | None]:
    if not isinstance(entry, dict):
        raise invalid("resources, expected a list of {dev_id, ds_id}")
    device, stream = entry.get("dev_id"), entry.get("ds_id")
    if device is None:
        raise required("dev_id")
    number = str(device) if type(device) is int else device
    if not isinstance(number, str) or not _DEVICE_ID.fullmatch(number):
        raise invalid("dev_id, expected the id of a device")
    if stream is not None and not isinstance(stream, str):
        raise invalid("ds_id, expected a text")
    return number, stream
