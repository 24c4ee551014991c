"""A scripted module that becomes silent, refuses, loses answers, restarts and is unplugged.

It keeps the state that the commands give it, refuses what is out of order, and forgets all of it
in a restart, so that a driver's idea of it can be compared with its state.
"""

from __future__ import annotations

import asyncio
import re
from enum import Enum

from m5310.at.modem import Modem
from m5310.errors import PortError
from tests.support.command_order import CommandOrder
from tests.support.scripted import Reply, Scripted

ANSWER_DELAY = 0.01
OUTCOME_DELAY = 0.5
BOOT = 3.5
NOTIFY = re.compile(r'AT\+MIPLNOTIFY=0,\d+,\d+,\d+,\d,"([^"]*)",([01])(?:,(\d+))?')


class Mood(Enum):
    ANSWERING = "obeys and answers"
    SILENT = "neither obeys nor answers"
    ANSWERS_LOST = "obeys, and its answers are lost"
    REFUSING = "refuses each command"


class Platform(Enum):
    ACCEPTING = "accepts"
    REFUSING = "refuses"
    SILENT = "does not answer"


class _Socket(Scripted):
    """One opening of the port: what the driver writes arrives some time later."""

    def __init__(self, module: UnreliableModule) -> None:
        self._module = module
        super().__init__()

    def send(self, *lines: str) -> None:
        if not self.closed:
            self._module.order.received("".join(f"\r\n{line}\r\n" for line in lines).encode())
        super().send(*lines)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._module.order.wrote(bytes(data))
        super().write(data)

    def _answer(self, line: str) -> None:
        self._module.written(line)
        self._loop.call_later(ANSWER_DELAY, self._arrived, line)

    def _arrived(self, line: str) -> None:
        if not self.closed:
            reply = self._module.reply(line)
            self.send(*([reply] if isinstance(reply, str) else reply or ()))


class UnreliableModule:
    """`took` are the values it accepted, reported or declared, in order; `twice` those reported
    again after their acknowledgement was sent. `lenient`: a logout or deletion ends a login under
    way; otherwise it is refused until that has ended."""

    def __init__(self, *, lenient: bool = False) -> None:
        self._lenient = lenient
        self._login = 0  # the number of the last login
        self._loop = asyncio.get_running_loop()
        self.order = CommandOrder(self._loop.time)
        self.mood = Mood.ANSWERING
        self.platform = Platform.ACCEPTING
        self.plugged = True
        self.sockets: list[_Socket] = []
        self.took: list[str] = []
        self.acknowledged: set[str] = set()
        self.twice: list[str] = []
        self.registered = False
        self.losses = 0  # of an open port
        self._booting = False
        self._start = 0
        self.configured = False
        self._pending = False  # a login or logout is under way

    async def open(self) -> Modem:
        if not self.plugged:
            raise PortError("not plugged in")
        self.order.reopened()
        self.sockets.append(_Socket(self))
        return self.sockets[-1].modem

    def unplug(self) -> None:
        self.plugged = False
        for socket in self.sockets[-1:]:
            self.losses += not socket.closed
            socket.vanish()

    def send(self, *lines: str) -> None:
        for socket in self.sockets[-1:]:
            socket.send(*lines)

    def noise(self, data: bytes) -> None:
        for socket in self.sockets[-1:]:
            if not socket.closed:
                self.order.received(data)
                socket.modem.data_received(data)

    def restart(self, *, announced: bool = False) -> None:
        if announced:
            self.send("REBOOTING")
        self._start += 1
        self.configured = self._pending = self.registered = False
        self._booting = True
        self._later(BOOT, self._booted)

    def log_out(self, *, reported: bool) -> None:
        """The platform ends the login."""
        if self.registered:
            self.registered = False
            if reported:
                self.send("+MIPLCLOSE:0,1")

    def _booted(self) -> None:
        self._booting = False
        self.send("REBOOT_CAUSE_APPLICATION_WATCHDOG", "M5310", "OK")

    def _later(self, seconds: float, what: object, *args: object) -> None:
        start = self._start

        def unless_restarted() -> None:
            if start == self._start:
                what(*args)  # type: ignore[operator]

        self._loop.call_later(seconds, unless_restarted)

    # --- the language ------------------------------------------------------------------------

    def written(self, line: str) -> None:
        match = NOTIFY.fullmatch(line)
        if match and self.registered and match[1] in self.acknowledged:
            self.twice.append(match[1])

    def reply(self, line: str) -> Reply:
        if self._booting or self.mood is Mood.SILENT:
            return None
        if self.mood is Mood.REFUSING:
            return "ERROR"
        answer = "OK" if self._obeys(line) else "ERROR"
        return None if self.mood is Mood.ANSWERS_LOST else answer

    def _obeys(self, line: str) -> bool:
        name = line.removeprefix("AT+MIPL").split("=")[0]
        match name:
            case "CONF":
                obeyed, self.configured = not self.configured, True
                return obeyed
            case "DEL":
                self._end_login()
                obeyed = self.configured and not self.registered and not self._pending
                self.configured = self.configured and not obeyed
                return obeyed
            case "OPEN":
                obeyed = self.configured and not self.registered and not self._pending
                self._login += obeyed
                return obeyed and self._begin(self._opened, self._login)
            case "CLOSE":
                obeyed = self._end_login() or (self.registered and not self._pending)
                return obeyed and self._begin(self._closed)
            case "UPDATE":
                if self.registered and self.platform is not Platform.SILENT:
                    known = int(self.platform is Platform.ACCEPTING)
                    self._later(OUTCOME_DELAY, self.send, f"+MIPLUPDATE:0,{known}")
                return self.registered
            case "NOTIFY":
                return self.configured and self._reported(line)
            case "ADDOBJ" | "DELOBJ":
                return self.configured
            case "READ" | "WRITE" | "EXECUTE":
                return self.registered
        return True

    def _begin(self, ended: object, *args: object) -> bool:
        self._pending = True
        self._later(OUTCOME_DELAY, ended, *args)
        return True

    def _end_login(self) -> bool:
        """End a login under way, if this module can."""
        if not (self._lenient and self._pending and not self.registered):
            return False
        self._login += 1
        self._pending = False
        return True

    def _opened(self, login: int) -> None:
        if login != self._login:
            return
        if self.platform is Platform.SILENT:
            self._later(1, self._opened, login)
            return
        self._pending = False
        self.registered = self.platform is Platform.ACCEPTING
        self.send(f"+MIPLOPEN:0,{int(self.registered)}")
        if self.registered:
            self.send("+MIPLOBSERVE:0,10000,1,3303,0,-1")

    def _closed(self) -> None:
        self._pending = self.registered = False
        self.send("+MIPLCLOSE:0,1")

    def _reported(self, line: str) -> bool:
        match = NOTIFY.fullmatch(line)
        assert match
        self.took.append(match[1])
        if self.registered and match[3] and self.platform is Platform.ACCEPTING:
            self._later(OUTCOME_DELAY, self._acknowledge, match[1], match[3])
        return True

    def _acknowledge(self, value: str, ackid: str) -> None:
        if self.plugged and self.sockets and not self.sockets[-1].closed:
            self.acknowledged.add(value)
            self.send(f"+MIPLNOTIFY:0,{ackid}")
