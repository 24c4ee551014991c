"""A host at the UART of an emulated module; it plays the platform, too, and has its own clock."""

from __future__ import annotations

import re
from typing import Any

from emulator.lwm2m.model import Path
from emulator.lwm2m.values import Type
from emulator.module.dialects.values import LWM2M_TYPES, ValueType
from emulator.module.lwm2m.host import ACCESS_MACHINE
from emulator.module.module import Identity, Module
from tests.support.lwm2m_messages import (
    Code,
    Downlink,
    Observe,
    Register,
    Response,
    ServerSide,
    Update,
    Uplink,
)

START = 1_795_415_760.0  # 2026-11-23 06:36:00 UTC

DIRECT = (
    "AT+MIPLCONF=46,000000002C0100001900636F61703A2F2F3138332E3233302E34302E34303A35363833"
    "0900313233343B74657374,1,1"
)


def lines(output: bytes) -> list[str]:
    """The lines of an output in which each stands between CR LF and CR LF, and nothing else.

    Information lines of one answer share the line end between them.
    """
    assert re.fullmatch(rb"((\r\n[^\r\n]+)+\r\n)*", output), output
    return re.findall(r"[^\r\n]+", output.decode())


class Host:
    def __init__(self, *, typed_urcs: bool | None = None, **options: Any) -> None:
        """`options`: of the module."""
        self.now = START
        self.module = Module(Identity(), typed_urcs=typed_urcs, **options, now=self.now)
        self.sent: list[Uplink] = []  # into the air, and not yet looked at
        self.server = ServerSide(self._type_of)
        self.module.send_up = lambda _to, datagram, _now: self.sent.append(
            self.server.message(datagram)
        )
        self.log = b""  # all the module has written

    def raw(self, data: bytes) -> bytes:
        """Send bytes; what the module answers at once."""
        self.module.receive(data, self.now)
        return self._collect()

    def ask(self, line: str) -> list[str]:
        return lines(self.raw(line.encode() + b"\r"))

    def well(self, *commands: str) -> None:
        """Commands that are answered OK and nothing else."""
        for command in commands:
            assert self.ask(command) == ["OK"], command

    def refused(self, line: str) -> int:
        """The CME number a line is refused with."""
        assert self.ask("AT+CMEE=1") == ["OK"]
        (answer,) = self.ask(line)
        assert self.ask("AT+CMEE=0") == ["OK"]
        assert answer.startswith("+CME ERROR:"), answer
        return int(answer.removeprefix("+CME ERROR:"))

    def wait(self, seconds: float) -> list[str]:
        """Let time pass from deadline to deadline; what the module writes meanwhile."""
        return lines(self.wait_raw(seconds))

    def wait_raw(self, seconds: float) -> bytes:
        """The same, byte for byte: for when a boot text or an echo may be among it."""
        end = self.now + seconds
        output = b""
        while True:
            deadline = self.module.step(self.now)
            output += self._collect()
            if deadline is None or deadline > end:
                break
            assert deadline > self.now, "a deadline that is not in the future"
            self.now = deadline
        self.now = end
        return output + self._collect()

    def deliver(self, message: Downlink) -> list[str]:
        """Deliver a message of the platform; returns what the module writes."""
        self.module.deliver(ACCESS_MACHINE, self.server.datagram(message), self.now)
        return lines(self._collect())

    def _type_of(self, path: Path) -> Type | None:
        declared = self.module.client.objects.type_of(path)
        if declared is None:
            return Type.STRING if path.object == 3 else None
        return LWM2M_TYPES[ValueType(declared)]

    def uplink(self) -> list[Uplink]:
        sent, self.sent = self.sent, []
        return sent

    def _collect(self) -> bytes:
        self.module.step(self.now)
        output = self.module.take_output()
        self.log += output
        return output

    # Ready-made situations ---------------------------------------------------------------------

    def configure(self, *resources: tuple[str, int, str]) -> None:
        """Create the device and declare resources: path, value type, value."""
        self.well(DIRECT)
        added: set[str] = set()
        for path, kind, value in resources:
            object_, instance, resource = path.split("/")
            if f"{object_},{instance}" not in added:
                self.well(f"AT+MIPLADDOBJ=0,{object_},{instance}")
                added.add(f"{object_},{instance}")
            self.well(f'AT+MIPLNOTIFY=0,{object_},{instance},{resource},{kind},"{value}",1')

    def log_in(self) -> None:
        self.well("AT+MIPLOPEN=0")
        (register,) = self.uplink()
        assert isinstance(register, Register)
        accepted = Response(register.mid, Code.CREATED, location="rd/1")
        assert self.deliver(accepted) == ["+MIPLOPEN:0,1"]
        for update in self.uplink():  # with the module's own objects
            assert isinstance(update, Update)
            assert self.deliver(Response(update.mid, Code.CHANGED)) == []

    def observed(self, *paths: str) -> None:
        """Log in, and be observed at these instances with tokens 1, 2, ..."""
        self.log_in()
        for token, path in enumerate(paths, 1):
            object_, instance = map(int, path.split("/"))
            urcs = self.deliver(Observe(20_000 + token, token, Path(object_, instance)))
            assert urcs == [f"+MIPLOBSERVE:0,{20_000 + token},1,{object_},{instance},-1"]
            assert self.uplink() == [Response(20_000 + token, Code.CONTENT)]
