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


class Ended(NamedTuple):
    """The login is gone, or the login under way has failed, and the program did not ask for it.

    The module may still refuse a new login before a logout. `number` is that of the module's event,
    `meaning` its words. Only in the suite.
    """

    ref: int
    number: int
    meaning: str
    success: bool = False


Outcome = Opened | Closed | Updated | Ended


class Acknowledged(NamedTuple):
    """The platform has acknowledged the report with this ackid."""

    ref: int
    ackid: int


class NotAcknowledged(NamedTuple):
    """The module gave up a report with this ackid: no acknowledgement came. Only in the suite."""

    ref: int
    ackid: int


class UpdateNeeded(NamedTuple):
    """The registration ends in `seconds`, None: soon. Only in the suite."""

    ref: int
    seconds: int | None


class Event(NamedTuple):
    """An event of the module that changes nothing here; `extend` is its value, `progress`: it is a
    step of a login or an answer that arrived. Only in the suite."""

    ref: int
    number: int
    extend: int | None
    meaning: str
    progress: bool = False


class OperationWaiting(NamedTuple):
    """An operation of the platform waits in the module: see `Dialect.fetch`. Only in the suite."""

    ref: int


class SendReport(NamedTuple):
    """A message was sent, or could not be. `number`: the lower 7 bits of the message id in the line
    that sent it. Only in the suite."""

    ref: int
    sent: bool
    number: int


class Observed(NamedTuple):
    """The platform observes a path, or stops; -1 for all instances or resources.

    To be answered with `Dialect.answer_observe`; a classic module answers it by itself. Classic
    +MIPLOBSERVE: values inferred.
    """

    ref: int
    msgid: int
    added: bool
    object: int
    instance: int
    resource: int

    @property
    def path(self) -> Path:
        """Raises ParameterError for ids that are none."""
        return Path(self.object, self.instance, self.resource)


class Discovered(NamedTuple):
    """The platform asks for the resources of an object.

    To be answered with `Dialect.answer_discover`; a classic module answers it by itself. Classic
    +MIPLDISCOVER: values inferred.
    """

    ref: int
    msgid: int
    object: int

    @property
    def path(self) -> Path:
        """Raises ParameterError for an id that is none."""
        return Path(self.object)


class ParameterRequest(NamedTuple):
    """The platform sets attributes of a path, in `text`: `pmin=15;pmax=60;lt=0.0;gt=50.0;st=2.0`.

    To be answered with `Dialect.answer_parameter`. Only in the suite.
    """

    ref: int
    msgid: int
    path: Path
    text: str


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
    fits that as well. `left` lines follow, None: not sent.
    """

    ref: int
    msgid: int
    path: Path
    kind: ValueType | None
    text: str
    flag: int = 0
    bare: str | None = None
    left: int | None = None

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
"""What the program's resources and callbacks answer."""
Notice = Observed | Discovered | ParameterRequest
"""What is answered without the program."""


class MalformedRequest(AnswerError):
    """A request in no known form, but with a readable msgid: it is to be refused.

    `request` has what could be read of it; ids that could not are open (-1), the object 0.
    """

    def __init__(self, message: str, request: Request) -> None:
        super().__init__(message)
        self.request = request


Urc = (
    Outcome
    | Acknowledged
    | NotAcknowledged
    | UpdateNeeded
    | Event
    | OperationWaiting
    | SendReport
    | Notice
    | Request
)
