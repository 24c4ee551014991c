"""The protocol that a OneNET language over AT implements."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol

from m5310.at.codec import Command, Execute
from m5310.dialects.urcs import (
    Discovered,
    ExecuteRequest,
    Observed,
    ParameterRequest,
    ReadRequest,
    Request,
    Urc,
    WriteRequest,
)
from m5310.errors import CommandError, CommandTimeout, ParameterError, Text
from m5310.lwm2m.path import Path
from m5310.lwm2m.resources import Resource
from m5310.lwm2m.values import ValueType

ATTEMPTS: Final = 3
"""How often a command is sent that the line may have damaged."""
# guess: a bad line damages one line of a thousand.

Commands = tuple[Command[Any], ...]
Declared = Callable[[Path], ValueType | None]
"""The type of a device's resource, None if it has none at this path."""


_AUTH_CODE: Final = re.compile(r"[!#-+\-.-:<-~]{1,64}")  # no quote, comma, semicolon or blank
_KEY: Final = re.compile(r"[A-Za-z0-9]{1,16}")


@dataclass(frozen=True, slots=True)
class Options:
    """What only the suite has words for. Raises ParameterError for what no line can carry.

    `auth_code`: the authorization code of the device, ASCII. `psk`: the key of a server with DTLS,
    letters and digits, 16 at most (documented). `version`: returns that of the host's own firmware,
    which the platform may update.
    """

    auth_code: str | None = field(default=None, repr=False)
    psk: str | None = field(default=None, repr=False)
    version: Callable[[], str] | None = None

    def __post_init__(self) -> None:
        for name, shape, expected in (
            ("auth_code", _AUTH_CODE, '1 to 64 ASCII characters other than " , ; and blanks'),
            ("psk", _KEY, "1 to 16 letters and digits"),
        ):
            given = getattr(self, name)
            if given is not None and not (isinstance(given, str) and shape.fullmatch(given)):
                raise ParameterError(
                    Text("{name}: expected {expected}", name=name, expected=expected)
                )

    @property
    def wanted(self) -> str:
        """What the program wants of these, in words; empty: nothing."""
        if self.psk is not None:
            return Text("a key (psk)")
        if self.auth_code is not None:
            return Text("an authorization code")
        return Text("updates of the host's firmware") if self.version is not None else ""


class WireValue(NamedTuple):
    """One resource's value as a command line carries it: `text` stands between the quotes."""

    path: Path
    type: ValueType
    text: str


class Dialect(Protocol):
    """The language of one device, bound to that device's configuration.

    Methods build command lines; they neither send nor wait, except `configure` and `prepare`.
    Several commands are sent in the order given, and each must succeed. An implementation may keep
    what the module returned (the instance's reference) and what it was given (instances, resources)
    until the next `configure`. One that has no words for what is asked raises NotInDialect.
    """

    @property
    def endpoint(self) -> str:
        """The endpoint name of the device, for error messages."""

    @property
    def uri(self) -> str:
        """The URI of the server, for error messages."""

    @property
    def answers_by_host(self) -> bool:
        """Whether the host answers observes, discovers and attributes. Reports are then held back
        until the platform observes their instance, since the module may drop or refuse them."""

    @property
    def answer_within(self) -> float:
        """Seconds from a request to the end of the module's wait for its answer."""

    async def configure(self, execute: Execute) -> None:
        """Create the instance in a module that holds none.

        Raises what `execute` raises: CommandError if the module holds an instance already.
        """

    def add_instance(self, instance: Path) -> Commands:
        """Add an object instance. Sent once for each, before the first of its resources."""

    def delete_instance(self, instance: Path) -> Commands:
        """Delete an object instance and its resources."""

    def declare(self, resource: Resource, text: str) -> Commands:
        """Declare a resource, with the text of its present value. Sent before login."""

    async def prepare(self, execute: Execute) -> None:
        """Give the module what it must hold at a login that begins now.

        Raises what `execute` raises.
        """

    def open(self, timeout: int) -> Commands:
        """Log in; the module gives up after `timeout` s. The last one leads to `Opened`."""

    def may_lack_instance(self, refused: CommandError) -> bool:
        """Whether the module may have refused a login because it holds no instance (any more)."""

    def update(self, *, with_objects: bool) -> Commands:
        """Renew the registration. The last one leads to `Updated`."""

    def close(self) -> Commands:
        """Log out. The last one leads to `Closed`."""

    def delete(self) -> Commands:
        """Delete the instance: its configuration and all objects."""

    def report(self, values: Sequence[WireValue], ackid: int | None) -> Commands:
        """Report values of one object instance, with one command for each value.

        A report that was not sent to its end is ended by another one of its last value. With an
        `ackid` (1..2147483647) the last command leads to `Acknowledged`.
        """

    def observe_of(self, path: Path) -> int:
        """The message id of the observe that a report of this resource answers; 0: of none, or it
        does not matter. Only reports of the same one are acknowledged together."""

    def needs_login(self, command: Command[Any]) -> bool:
        """Whether a module that is logged out refuses the command, or takes it for another."""

    def acknowledges(self, firmware: str) -> bool:
        """Whether a module with this firmware acknowledges reports."""

    def answer_read(self, request: ReadRequest, values: Sequence[WireValue]) -> Commands:
        """Answer a read with one value or more (2.05 Content)."""

    def confirm(self, request: WriteRequest | ExecuteRequest) -> Commands:
        """Answer that a write or an execute was done (2.04 Changed)."""

    def fetch(self) -> Commands:
        """Fetch an operation that waits in the module (`OperationWaiting`); it comes as a line."""

    def refuse(self, request: Request, error: Exception, declared: ValueType | None) -> Commands:
        """Answer that a request cannot be served, because of `error`.

        `declared` is the type of the resource that the request names, None if there is none.
        """

    def answer_observe(self, request: Observed) -> Commands:
        """Answer an observe, or its end. Nothing, if the module does that by itself."""

    def answer_discover(self, request: Discovered) -> Commands:
        """Answer a discover. Nothing, if the module does that by itself."""

    def answer_parameter(self, request: ParameterRequest, *, accepted: bool) -> Commands:
        """Answer a change of attributes. Nothing, if the module does that by itself."""

    def parse(self, line: str, declared: Declared) -> Urc | None:
        """The meaning of an unsolicited line; None if it does not belong to this language.

        Raises AnswerError for a line of this language that is malformed, MalformedRequest if that
        can be answered.
        """


async def execute_all(execute: Execute, commands: Commands) -> None:
    """Execute commands in their order, up to the first that fails."""
    for command in commands:
        await execute(command)


async def undo_all(
    execute: Execute, commands: Commands, done: Callable[[], bool] = lambda: False
) -> None:
    """Execute commands that delete or end something, each up to `ATTEMPTS` times.

    A refusal after an attempt without a result means that the attempt succeeded. Nothing is
    repeated once `done` returns True. Raises what the last attempt raised.
    """
    for command in commands:
        result_lost = False
        for left in reversed(range(ATTEMPTS)):
            try:
                await execute(command)
                break
            except CommandTimeout as error:
                if done():
                    break
                if not (error.sent and left):
                    raise
                result_lost = True
            except CommandError:
                if result_lost or done():
                    break
                if not left:
                    raise
