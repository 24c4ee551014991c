"""Registrations of devices in the database, so that they outlive the process. Pure."""

from __future__ import annotations

import json
from typing import Any

from emulator.lwm2m.model import Path
from emulator.onenet.lwm2m.registrations import Registration
from emulator.onenet.store.database import Database


class StoredRegistrations:
    """The newest registration of each endpoint, with the tokens of what is observed there."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[Registration]:
        """In the order of registration."""
        rows = self._database.execute("SELECT endpoint, state FROM registrations").fetchall()
        found = [_loaded(endpoint, json.loads(state)) for endpoint, state in rows]
        return sorted(found, key=lambda one: one.number)

    def keep(self, registration: Registration) -> None:
        self._database.execute(
            "INSERT OR REPLACE INTO registrations VALUES (?, ?)",
            (registration.endpoint, json.dumps(_state(registration))),
        )

    def drop(self, endpoint: str) -> None:
        self._database.execute("DELETE FROM registrations WHERE endpoint = ?", (endpoint,))


def _state(one: Registration) -> dict[str, object]:
    tokens = {**one.unanswered, **one.observations}
    return {
        "number": one.number,
        "location": one.location,
        "address": one.address,
        "lifetime": one.lifetime,
        "objects": [str(path) for path in one.objects],
        "root": one.root,
        "accept_tlv": one.accept_tlv,
        "queue": one.queue,
        "last_seen": one.last_seen,
        "expires": one.expires,
        "resources": {
            number: [str(path) for path in one.resources[number]] for number in one.resources
        },
        "observations": {str(path): token.hex() for path, token in tokens.items()},
    }


def _loaded(endpoint: str, state: dict[str, Any]) -> Registration:
    objects, resources, observations = (
        state.pop(name) for name in ("objects", "resources", "observations")
    )
    state["location"], state["root"] = tuple(state["location"]), tuple(state["root"])
    return Registration(
        **state,
        endpoint=endpoint,
        objects=tuple(map(Path.parse, objects)),
        resources={int(number): tuple(map(Path.parse, resources[number])) for number in resources},
        observations={Path.parse(path): bytes.fromhex(observations[path]) for path in observations},
    )
