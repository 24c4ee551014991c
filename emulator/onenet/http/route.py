"""What a call of the API is: its path, key, parameters and body."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from emulator.onenet.errors import required
from emulator.onenet.http.answers import Answer
from emulator.onenet.http.call import Call
from emulator.onenet.http.connections import Handler
from emulator.onenet.http.kinds import Integer, Kind, Schema, Text

# The section of calls that are the emulator's own.
CONTROL = "control"


class Key(Enum):
    """Which key a call needs."""

    MASTER = "the key of the product"
    DEVICE = "the key of the product or of the device"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of the query; without it the call gets `default`."""

    name: str
    kind: Kind
    required: bool = False
    default: object = None

    def read(self, query: Mapping[str, str]) -> object:
        """Its value. Raises ApiError if it is missing or invalid."""
        text = query.get(self.name)
        if text is None:
            if self.required:
                raise required(self.name)
            return self.default
        return self.kind.read(self.name, text)


@dataclass(frozen=True, slots=True)
class Body:
    """A JSON object. The call itself checks it; `schema` describes it."""

    schema: Schema
    required: bool = True


@dataclass(frozen=True, slots=True)
class Route:
    """One call. `path` such as `/devices/{device_id:[0-9]+}`. `section` of the guide, or
    the document that has it. `data`: what a successful answer has as `data`; None: nothing.
    `media`: the other types of content that it may have, whose answers are a `Handler` that sends
    them.

    Parameters are checked in their order, before the body.
    """

    method: str
    path: str
    summary: str
    section: str
    key: Key
    call: Callable[[Call], Awaitable[Answer | Handler]]
    query: tuple[Parameter, ...] = ()
    body: Body | None = None
    data: Schema | None = None
    media: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Site:
    """What an API serves besides the calls of OneNET.

    `routes`: further calls. `files`: paths that are served by GET and HEAD without a key.
    `on_call` gets each answered call of OneNET's API: method, target, whether the page has made it,
    and the outcome as a text.
    """

    routes: tuple[Route, ...] = ()
    files: Mapping[str, Handler] = field(default_factory=dict)
    on_call: Callable[[str, str, bool, str], None] | None = None


# Parameters of several calls ---------------------------------------------------------------------

_MAX_ID = 65_535
# OneNET's documents of 2018, of a search; guess: of other lists, too.
PAGE = Parameter("page", Integer(1, 10_000), default=1)
# Seconds for which the answer of a device is awaited (OneNET's documents of 2019).
TIMEOUT = Parameter("timeout", Integer(5, 40))
IMEI = Parameter("imei", Text())
# Of a write: 1 replaces all resources of the instance, 2 those that it names (guide 4.2.5).
REPLACE = 1
MODE = Parameter("mode", Integer(REPLACE, 2), required=True)
# Calls that have it take the one or the other; `Call.device_by_imei` says so.
EP_NAME = Parameter("ep_name", Text())


def per_page(default: int) -> Parameter:
    """Entries of a page: at most 100, as the guide (4.2.10.3) and OneNET's documents have it."""
    return Parameter("per_page", Integer(1, 100), default=default)


def object_path(depth: int) -> tuple[Parameter, ...]:
    """`obj_id`, `obj_inst_id`, `res_id`; the first `depth` of them are required."""
    names = ("obj_id", "obj_inst_id", "res_id")
    return tuple(
        Parameter(name, Integer(0, _MAX_ID), required=number < depth)
        for number, name in enumerate(names)
    )
