"""The classic OneNET language as a dialect of `device/`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final, assert_never

from m5310.at.codec import Command, Execute
from m5310.dialects.classic import commands
from m5310.dialects.classic.config import Config
from m5310.dialects.classic.form import Form, Reading
from m5310.dialects.classic.urcs import parse
from m5310.dialects.dialect import Commands, Declared, WireValue
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
from m5310.errors import CommandError
from m5310.lwm2m.path import Path
from m5310.lwm2m.resources import Resource
from m5310.lwm2m.values import ValueType

_ACKNOWLEDGES: Final = "3."
"""What the answer to AT+CMVER holds from SP3 on; hosts check it before they ask for
acknowledgements (seen)."""


class Classic:
    """Implements `Dialect` for first-generation modules.

    `reading` selects the form in which a write or an execute arrives.
    """

    def __init__(self, config: Config, reading: Reading = Reading.EITHER) -> None:
        self._config = config
        self._form = Form(reading)

    @property
    def endpoint(self) -> str:
        return self._config.endpoint

    @property
    def uri(self) -> str:
        return self._config.uri

    @property
    def answers_by_host(self) -> bool:
        return False

    @property
    def answer_within(self) -> float:
        return math.inf  # the platform's own limit is far longer than the program's

    async def configure(self, execute: Execute) -> None:
        for command in commands.configure(self._config):
            await execute(command)

    def add_instance(self, instance: Path) -> Commands:
        return (commands.add_object(instance),)

    def delete_instance(self, instance: Path) -> Commands:
        return (commands.delete_object(instance),)

    def declare(self, resource: Resource, text: str) -> Commands:
        return (commands.notify(resource.path, resource.type, text),)

    async def prepare(self, execute: Execute) -> None:
        """All is declared already."""

    def open(self, timeout: int) -> Commands:
        return (commands.open_(timeout),)

    def update(self, *, with_objects: bool) -> Commands:
        return (commands.update(self._config.lifetime, with_objects=with_objects),)

    def close(self) -> Commands:
        return (commands.close(),)

    def delete(self) -> Commands:
        return (commands.delete(),)

    def report(self, values: Sequence[WireValue], ackid: int | None) -> Commands:
        *more, final = values
        return (
            *(commands.notify(*value, last=False) for value in more),
            commands.notify(*final, ackid=ackid),
        )

    def may_lack_instance(self, refused: CommandError) -> bool:  # noqa: ARG002 - it has boot texts
        return False

    def observe_of(self, path: Path) -> int:  # noqa: ARG002 - the module knows it
        return 0

    def needs_login(self, command: Command[Any]) -> bool:
        return command.line.startswith(commands.NEED_LOGIN)

    def acknowledges(self, firmware: str) -> bool:
        return _ACKNOWLEDGES in firmware

    def answer_read(self, request: ReadRequest, values: Sequence[WireValue]) -> Commands:
        *more, final = values
        return (
            *(commands.answer_read(request.msgid, *value, last=False) for value in more),
            commands.answer_read(request.msgid, *final),
        )

    def confirm(self, request: WriteRequest | ExecuteRequest) -> Commands:
        if isinstance(request, WriteRequest):
            return (commands.answer_write(request.msgid, done=True),)
        return (commands.answer_execute(request.msgid, done=True),)

    def refuse(self, request: Request, error: Exception, declared: ValueType | None) -> Commands:  # noqa: ARG002 - a refusal here carries no reason
        match request:
            case ReadRequest():
                return (commands.answer_unreadable(request.msgid, request.path, declared),)
            case WriteRequest():
                return (commands.answer_write(request.msgid, done=False),)
            case ExecuteRequest():
                return (commands.answer_execute(request.msgid, done=False),)
            case _:
                assert_never(request)

    def fetch(self) -> Commands:
        return ()  # the module writes each as it comes

    def answer_observe(self, request: Observed) -> Commands:  # noqa: ARG002 - the module answers
        return ()

    def answer_discover(self, request: Discovered) -> Commands:  # noqa: ARG002 - the module answers
        return ()

    def answer_parameter(self, request: ParameterRequest, *, accepted: bool) -> Commands:  # noqa: ARG002
        return ()

    def parse(self, line: str, declared: Declared) -> Urc | None:
        return parse(line, self._form, declared)
