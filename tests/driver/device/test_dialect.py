"""A device speaks its dialect only: here one with other commands, references and codes."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from m5310.at.codec import Command, Execute
from m5310.device import device as device_module
from m5310.device.device import Device
from m5310.dialects.classic.config import Config
from m5310.dialects.dialect import Commands, Declared, WireValue
from m5310.dialects.urcs import (
    Acknowledged,
    Closed,
    Discovered,
    ExecuteRequest,
    Observed,
    Opened,
    ParameterRequest,
    ReadRequest,
    Request,
    Updated,
    Urc,
    WriteRequest,
)
from m5310.errors import CommandError
from m5310.lwm2m.path import Path
from m5310.lwm2m.resources import Resource
from m5310.lwm2m.values import ValueType
from m5310.states import DeviceState
from tests.support.devices import ENDPOINT, module


class InventedDialect:
    """The module returns a reference; a refusal has a code; a report has two commands."""

    def __init__(self, config: Config, _: object) -> None:
        self.endpoint, self.uri = config.endpoint, config.uri
        self.ref = 0

    answers_by_host = False
    answer_within = 60.0

    async def prepare(self, execute: Execute) -> None:
        await execute(Command("AT+XPREPARE"))

    async def configure(self, execute: Execute) -> None:
        await execute(Command("AT+XCREATE"))
        self.ref = 7

    def _commands(self, *lines: str) -> Commands:
        return tuple(Command(f"AT+X{line.replace('=', f'={self.ref}', 1)}") for line in lines)

    def add_instance(self, instance: Path) -> Commands:
        return self._commands(f"ADD=,{instance.object},{instance.instance}")

    def delete_instance(self, instance: Path) -> Commands:
        return self._commands(f"REMOVE=,{instance.object},{instance.instance}")

    def declare(self, resource: Resource, text: str) -> Commands:
        return ()  # declared with its instance

    def open(self, timeout: int) -> Commands:
        return self._commands(f"TIMEOUT=,{timeout}", "LOGIN=")

    def update(self, *, with_objects: bool) -> Commands:
        return self._commands("RENEW=")

    def close(self) -> Commands:
        return self._commands("LOGOUT=")

    def delete(self) -> Commands:
        return self._commands("DELETE=")

    def report(self, values: Sequence[WireValue], ackid: int | None) -> Commands:
        return self._commands(*(f"REPORT=,{value.text},{ackid}" for value in values))

    def may_lack_instance(self, refused: CommandError) -> bool:
        return False

    def observe_of(self, path: Path) -> int:
        return 0

    def acknowledges(self, firmware: str) -> bool:
        return True

    def answer_read(self, request: ReadRequest, values: Sequence[WireValue]) -> Commands:
        return self._commands(f"ANSWER=,{request.msgid},205,{values[0].text}")

    def confirm(self, request: WriteRequest | ExecuteRequest) -> Commands:
        return self._commands(f"ANSWER=,{request.msgid},204")

    def refuse(self, request: Request, error: Exception, declared: ValueType | None) -> Commands:
        return self._commands(f"ANSWER=,{request.msgid},405")

    def fetch(self) -> Commands:
        return ()

    def answer_observe(self, request: Observed) -> Commands:
        return ()

    def answer_discover(self, request: Discovered) -> Commands:
        return ()

    def answer_parameter(self, request: ParameterRequest, *, accepted: bool) -> Commands:
        return ()

    def parse(self, line: str, declared: Declared) -> Urc | None:
        urcs: dict[str, Urc] = {
            "+X in": Opened(7, True),
            "+X renewed": Updated(7, True),
            "+X out": Closed(7, True),
            "+X ack": Acknowledged(7, 2),
            "+X read": ReadRequest(7, 1, Path(3303, 0, 5700)),
            "+X execute": ExecuteRequest(7, 2, Path(3303, 0, 5700), b""),
        }
        return urcs.get(line)


async def test_device_speaks_the_given_dialect_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_module, "Classic", InventedDialect)
    rules = {
        "AT+XLOGIN": ["OK", "+X in"],
        "AT+XRENEW": ["OK", "+X renewed"],
        "AT+XREPORT": ["OK", "+X ack"],
        "AT+XLOGOUT": ["OK", "+X out"],
    }
    async with module(rules) as m:
        async with Device(m.modem, ENDPOINT) as device:
            sensor = await device.add_resource("3303/0/5700", ValueType.INTEGER, 1)
            await device.connect(30)
            await device.notify(sensor, 2, acknowledge=True)
            m.send("+X read", "+X execute", "+MIPLREAD:0,10001,3303,0,5700")
            await m.until("AT+XANSWER=7,2")
            await device.update()
            assert device.state is DeviceState.REGISTERED
        assert m.sent == [
            *("AT+CMEE?", "AT+XCREATE", "AT+XADD=7,3303,0", "AT+XPREPARE"),
            *("AT+XTIMEOUT=7,30", "AT+XLOGIN=7"),
            *("AT+XREPORT=7,2,2", "AT+XANSWER=7,1,205,2", "AT+XANSWER=7,2,405", "AT+XRENEW=7"),
            *("AT+XLOGOUT=7", "AT+XREMOVE=7,3303,0", "AT+XDELETE=7"),
        ]
