"""A host program on a serial port: it writes lines and reads bytes."""

from __future__ import annotations

import asyncio
import os
import termios
import tty

from emulator import Emulator
from tests.support.programs import configuration


class Host:
    """Opens `port` as a serial program does; `seen` are the bytes it received."""

    def __init__(self, port: str) -> None:
        self._fd = os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(self._fd, termios.TCSANOW)
        self.seen = b""
        self._more = asyncio.Event()
        asyncio.get_running_loop().add_reader(self._fd, self._read)

    def __enter__(self) -> Host:
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_reader(self._fd)
        os.close(self._fd)

    def _read(self) -> None:
        self.seen += os.read(self._fd, 4096)
        self._more.set()

    def set_speed(self, baud: int) -> None:
        settings = termios.tcgetattr(self._fd)
        settings[4] = settings[5] = getattr(termios, f"B{baud}")
        termios.tcsetattr(self._fd, termios.TCSANOW, settings)

    def send(self, line: str) -> None:
        os.write(self._fd, line.encode() + b"\r")

    async def more(self) -> None:
        """Wait for more bytes."""
        self._more.clear()
        await self._more.wait()

    async def until(self, text: str) -> str:
        """Wait for `text`; return and forget everything up to its end."""
        end = text.encode()
        while end not in self.seen:
            await self.more()
        before, _, self.seen = self.seen.partition(end)
        return (before + end).decode()

    async def command(self, line: str) -> str:
        """The module's answer, its OK included."""
        self.send(line)
        return await self.until("\r\nOK\r\n")


async def log_in(host: Host, it: Emulator) -> None:
    """Declare one temperature, log in, and wait until the platform observes it."""
    await host.command(configuration(it))
    await host.command("AT+MIPLADDOBJ=0,3303,0")
    await host.command('AT+MIPLNOTIFY=0,3303,0,5700,4,"20.5",1')
    await host.command("AT+MIPLOPEN=0,30")
    await host.until("+MIPLOPEN:0,1\r\n")
    await host.until("+MIPLOBSERVE:")
    await host.until(",1,3303,0,-1\r\n")
