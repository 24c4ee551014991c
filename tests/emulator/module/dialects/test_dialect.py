"""A firmware names its dialect: another one can drive the same LwM2M client."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

import pytest

from emulator.lwm2m.model import Path
from emulator.module.at.commands import OK, Answer, CommandForms, Commands
from emulator.module.dialects.dialect import DIALECTS
from emulator.module.firmware import FIRMWARES, Firmware
from emulator.module.lwm2m.client import Client
from emulator.module.lwm2m.host import Happening, ReadRequest, ServerAddress
from emulator.module.lwm2m.registration import Account
from tests.support.lwm2m import RecordingHost
from tests.support.lwm2m_messages import Code, Read, Register, Response
from tests.support.uart import Host

INSTANCE = Path(3303, 0)


class TinyDialect(RecordingHost):
    """One command that registers, and two unsolicited lines."""

    def __init__(self, client: Client, urc: Callable[[str], None], firmware: Firmware) -> None:
        super().__init__()
        client.host = self
        self._client = client
        self._urc = urc

    def _register(self, now: float) -> Answer:
        self._client.configure(Account("1;2", 300, ServerAddress()))
        self._client.add_instance(INSTANCE)
        self._client.open(30.0, now)
        return OK

    due = None

    def refused(self, line: str) -> None:
        pass

    def step(self, now: float) -> None:
        pass

    COMMANDS: ClassVar[Commands] = {"+TINY": CommandForms(execute=_register)}

    def happened(self, what: Happening, number: int = 0) -> None:
        if what is Happening.REGISTERED:
            self._urc("+TINY:1")

    def read(self, request: ReadRequest) -> None:
        self._urc(f"+TINY:read,{request.path}")


def test_module_uses_the_dialect_of_its_firmware(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DIALECTS, "tiny", TinyDialect)  # type: ignore[arg-type]
    host = Host(firmware=replace(FIRMWARES["SP3"], dialect="tiny"))
    assert host.refused("AT+MIPLOPEN=0") == 4
    assert host.ask("AT+TINY") == ["OK"]
    (register,) = host.uplink()
    assert isinstance(register, Register)
    assert register.objects == (INSTANCE,)
    accepted = Response(register.mid, Code.CREATED, location="rd/1")
    assert host.deliver(accepted) == ["+TINY:1"]
    assert host.deliver(Read(10_001, INSTANCE)) == ["+TINY:read,/3303/0"]
