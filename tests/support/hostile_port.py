"""A port with a hostile line to a scripted module behind it, for the real `Modem`."""

from __future__ import annotations

import asyncio
import re
import zlib
from collections import deque
from collections.abc import Callable, Iterable

from m5310.at.codec import Answer, Command, Response
from m5310.at.modem import Modem
from tests.support.hostile import Carrier, Hostile

OK = b"\r\nOK\r\n"
ERROR = b"\r\nERROR\r\n"

# What a module answers to a command: bytes, and pauses in seconds.
Output = Iterable[bytes | float]

_TAGGED = Response(re.compile(r"\+TAG:\d+,\d+"))


def lines(*texts: str) -> bytes:
    return b"".join(f"\r\n{text}\r\n".encode() for text in texts)


def tag(number: int) -> str:
    """A number and its checksum."""
    return f"{number},{zlib.crc32(b'%d' % number)}"


def proven(text: str) -> int | None:
    """The number of a tag; None if the tag is damaged."""
    number = text.partition(",")[0]
    return int(number) if number.isdecimal() and text == tag(int(number)) else None


def tagged(number: int, timeout: float = 5) -> Command:
    """A command whose answer names it."""
    return Command(f"AT+TAG={tag(number)}", (_TAGGED,), timeout)


def number_of(answer: Answer) -> int | None:
    return proven(answer.lines[-1].removeprefix("+TAG:"))


class HostilePort(asyncio.Transport):
    """A module that knows AT, AT+CFUN=1, tagged commands, and those of `rules`.

    It answers one line after the other; an unknown one with an error. `unsolicited` are the
    unsolicited lines that `modem` reported.
    """

    def __init__(
        self,
        hostile: Hostile,
        rules: dict[str, Callable[[], Output] | Output] | None = None,
        *,
        quiet: float = 0.0,
    ) -> None:
        super().__init__()
        self.rules = rules or {}
        self.arrived = b""  # all that came to the host
        self.unsolicited: list[str] = []
        self.modem = Modem("the hostile port", quiet=quiet)
        self._echo = hostile.echo
        self._loop = asyncio.get_running_loop()
        self._to_module = Carrier(hostile.to_module(), self._arrived)
        self._to_host = Carrier(hostile.to_host(), self._received)
        self._partial = b""
        self._busy_until = 0.0
        self._planned: deque[bytes] = deque()
        self._closed = False
        self.modem.connection_made(self)
        self.modem.listen(self.unsolicited.append, lambda _: None)

    def send(self, data: bytes) -> None:
        self._to_host.carry(data)

    def stop_faults(self) -> None:
        self._to_module.direction.stop_faults()
        self._to_host.direction.stop_faults()

    def vanish(self) -> None:
        """Lose the port."""
        self._closed = True
        self.modem.connection_lost(OSError("unplugged"))

    # --- the module --------------------------------------------------------------------------

    def _arrived(self, data: bytes) -> None:
        if self._echo:  # a module echoes between its lines
            self._plan(data)
        *whole, self._partial = (self._partial + data).split(b"\r")
        for line in whole:
            self._answer(line.strip().decode("latin-1"))

    def _answer(self, line: str) -> None:
        rule = self.rules.get(line)
        if rule is not None:
            outputs = rule() if callable(rule) else rule
        elif line in ("AT", "AT+CFUN=1"):
            outputs = (OK,)
        elif (number := proven(line.removeprefix("AT+TAG="))) is not None:
            outputs = (lines(f"+TAG:{tag(number)}"), OK)
        else:
            outputs = (ERROR,) if line else ()
        for output in outputs:
            if isinstance(output, bytes):
                self._plan(output)
            else:
                self._busy_until = max(self._busy_until, self._loop.time()) + output

    def _plan(self, data: bytes) -> None:
        self._busy_until = max(self._busy_until, self._loop.time())
        self._planned.append(data)
        self._loop.call_at(self._busy_until, self._send_next)

    def _send_next(self) -> None:
        # Timers of one moment fire in any order: each sends what is due next.
        self.send(self._planned.popleft())

    # --- the transport -----------------------------------------------------------------------

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._to_module.carry(bytes(data))

    def _received(self, data: bytes) -> None:
        if not self._closed:
            self.arrived += data
            self.modem.data_received(data)

    def is_closing(self) -> bool:
        return self._closed

    def abort(self) -> None:
        self._closed = True
        self._loop.call_soon(self.modem.connection_lost, None)
