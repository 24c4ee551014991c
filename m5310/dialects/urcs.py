"""Unsolicited lines about a OneNET device as typed values, the same for every dialect."""

from __future__ import annotations

from typing import NamedTuple

from m5310.errors import AnswerError
from m5310.lwm2m.path import Path
from m5310.lwm2m.values import ValueType

# Named tuples, not dataclasses: one is made for each line, at a third of the cost.


class Opened(NamedTuple):
    """Outcome of a login: success, or refused by the platform, or no answer in time."""

    ref: int
    success: bool


class Closed(NamedTuple):
    """Logged out. Classic +MIPLCLOSE: name seen, values inferred."""

    ref: int
    success: bool


class Updated(NamedTuple):
    """Outcome of an update of the registration. Classic +MIPLUPDATE: 0 inferred."""

    ref: int
    success: bool


Outcome = Opened | Closed | Updated


class Acknowledged(NamedTuple):
    """The platform has acknowledged the report with this ackid."""

    ref: int
    ackid: int


class Observed(NamedTuple):
    """The platform observes a path, or stops; -1 for all instances or resources. The module answers
    it by itself. Classic +MIPLOBSERVE: values inferred."""

    ref: int
    msgid: int
    added: bool
    object: int
    instance: int
    resource: int


class Discovered(NamedTuple):
    """The platform asks for the resources of an object. The module answers it by itself. Classic
    +MIPLDISCOVER: values inferred."""

    ref: int
    msgid: int
    object: int


class ReadRequest(NamedTuple):
    """To be answered with `Dialect.answer_read`; -1 stands for all instances or resources."""

    ref: int
    msgid: int
    path: Path


class WriteRequest(NamedTuple):
    """To be answered with `Dialect.confirm`, once after the part with `last`.

    `kind` is None in the bare form, where `text` is the rest of the line after the resource id.
    OPAQUE stands for bytes of any type. `flag` is 1 for the first, 2 for a middle and 0 for the
    last of several resources written together. `bare` is the text of the bare form if the line
    fits that as well.
    """

    ref: int
    msgid: int
    path: Path
    kind: ValueType | None
    text: str
    flag: int = 0
    bare: str | None = None

    @property
    def last(self) -> bool:
        return self.flag == 0


class ExecuteRequest(NamedTuple):
    """To be answered with `Dialect.confirm`."""

    ref: int
    msgid: int
    path: Path
    arguments: bytes


Request = ReadRequest | WriteRequest | ExecuteRequest


class MalformedRequest(AnswerError):
    """A request in no known form, but with a readable msgid: it is to be refused.

    `request` has what could be read of it; ids that could not are open (-1), the object 0.
    """

    def __init__(self, message: str, request: Request) -> None:
        super().__init__(message)
        self.request = request


Urc = Outcome | Acknowledged | Observed | Discovered | Request
