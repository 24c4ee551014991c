"""What a module says unasked about the device it carries, whichever language it says it in."""

from __future__ import annotations

from typing import NamedTuple

from m5310.lwm2m.path import Path
from m5310.lwm2m.values import ValueType

# Named tuples and not dataclasses: one is made for every such line, at a third of the cost.


class Opened(NamedTuple):
    """+MIPLOPEN: logged in, or refused by the platform, or no answer in time."""

    ref: int
    success: bool


class Closed(NamedTuple):
    """+MIPLCLOSE: logged out (name seen, values inferred)."""

    ref: int
    success: bool


class Updated(NamedTuple):
    """+MIPLUPDATE: the registration is renewed, or not (0 inferred)."""

    ref: int
    success: bool


class Acknowledged(NamedTuple):
    """+MIPLNOTIFY: the platform has the report that carried this ackid."""

    ref: int
    ackid: int


class Observed(NamedTuple):
    """+MIPLOBSERVE: the module answers it by itself; nothing to do (values inferred)."""

    ref: int
    msgid: int
    added: bool
    object: int
    instance: int
    resource: int


class Discovered(NamedTuple):
    """+MIPLDISCOVER: the module answers it by itself; nothing to do (values inferred)."""

    ref: int
    msgid: int
    object: int


class ReadRequest(NamedTuple):
    """+MIPLREAD: wants `answer_read` lines; -1 stands for all instances, all resources."""

    ref: int
    msgid: int
    path: Path


class WriteRequest(NamedTuple):
    """+MIPLWRITE: wants one `answer_write`, after the request with `last`.

    `kind` is None in the bare form, where `text` is all that followed the resource id. `flag`
    is 1 first, 2 middle, 0 last of several resources written together.
    """

    ref: int
    msgid: int
    path: Path
    kind: ValueType | None
    text: str
    flag: int = 0

    @property
    def last(self) -> bool:
        return self.flag == 0


class ExecuteRequest(NamedTuple):
    """+MIPLEXECUTE: wants one `answer_execute`."""

    ref: int
    msgid: int
    path: Path
    arguments: bytes


Urc = (
    Opened
    | Closed
    | Updated
    | Acknowledged
    | Observed
    | Discovered
    | ReadRequest
    | WriteRequest
    | ExecuteRequest
)
