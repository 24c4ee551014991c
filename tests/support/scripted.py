"""A module that follows a script, behind the real `Modem`: an in-memory transport and rules."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from m5310.at.modem import Modem

Reply = str | Iterable[str] | None


class Scripted(asyncio.Transport):
    """Answers every command with OK, unless `rules` names another reply.

    A rule's key is the beginning of a command line, its value the lines of the reply (None: no
    reply) or a function from the command line to them. `sent` are all command lines in order,
    without the driver's probes.
    """

    def __init__(self, rules: dict[str, Reply | Callable[[str], Reply]] | None = None) -> None:
        super().__init__()
        self.rules = rules or {}
        self.sent: list[str] = []
        self.modem = Modem("scripted", quiet=0, settle=0)
        self.closed = 0
        self._pending = b""
        self._loop = asyncio.get_running_loop()
        self._waiters: list[tuple[str, asyncio.Future[None]]] = []
        self.modem.connection_made(self)

    # --- the module's side -------------------------------------------------------------------

    def send(self, *lines: str) -> None:
        """Send unsolicited lines."""
        if not self.closed:
            self.modem.data_received("".join(f"\r\n{line}\r\n" for line in lines).encode())

    def vanish(self) -> None:
        """Lose the port."""
        if not self.closed:
            self.closed += 1
            self.modem.connection_lost(OSError("unplugged"))

    async def until(self, start: str) -> None:
        """Wait for a command line that begins like this, from now on."""
        waiter = (start, self._loop.create_future())
        self._waiters.append(waiter)
        await waiter[1]

    def since(self, start: str) -> list[str]:
        """The command lines from the first that begins like this."""
        at = next(at for at, line in enumerate(self.sent) if line.startswith(start))
        return self.sent[at:]

    # --- the transport -----------------------------------------------------------------------

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._pending += bytes(data)
        while b"\r" in self._pending:
            raw, self._pending = self._pending.split(b"\r", 1)
            line = raw.decode().strip()
            if line != "AT":
                self.sent.append(line)
            # never inside write: a real module answers later
            self._loop.call_soon(self._answer, line)

    def _answer(self, line: str) -> None:
        # error numbers are on, so that the driver has nothing to change
        reply: Reply = ["+CMEE:1", "OK"] if line == "AT+CMEE?" else "OK"
        for start, rule in self.rules.items():
            if line.startswith(start):
                reply = rule(line) if callable(rule) else rule
                break
        if reply is not None:
            self.send(*([reply] if isinstance(reply, str) else reply))
        for start, future in self._waiters:
            if line.startswith(start) and not future.done():
                future.set_result(None)

    def is_closing(self) -> bool:
        return bool(self.closed)

    def close(self) -> None:
        self.abort()

    def abort(self) -> None:
        if not self.closed:
            self.closed += 1
            self._loop.call_soon(self.modem.connection_lost, None)


def platform(**more: Reply | Callable[[str], Reply]) -> dict[str, Reply | Callable[[str], Reply]]:
    """Rules of a module whose platform accepts everything; `more` by the name after `AT+MIPL`."""
    rules: dict[str, Reply | Callable[[str], Reply]] = {
        f"AT+MIPL{name}": reply for name, reply in more.items()
    }
    rules.setdefault("AT+MIPLOPEN", ["OK", "+MIPLOPEN:0,1"])
    rules.setdefault("AT+MIPLCLOSE", ["OK", "+MIPLCLOSE:0,1"])
    rules.setdefault("AT+MIPLUPDATE", ["OK", "+MIPLUPDATE:0,1"])
    return rules
