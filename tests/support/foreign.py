"""Runs foreign programs on the emulator's port."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

PYTHON = sys.executable


def program(name: str, package: str) -> str:
    """Its path; without it the test is skipped."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed, so it was not tried: apt-get install {package}")
    return found


def libcoap(role: str) -> str:
    """Its program; without it the test is skipped."""
    for name in (
        f"coap-{role}-notls",
        f"coap-{role}-openssl",
        f"coap-{role}-gnutls",
        f"coap-{role}",
    ):
        if (found := shutil.which(name)) is not None:
            return found
    pytest.skip(f"libcoap's {role} is not installed: apt-get install libcoap3-bin")


@asynccontextmanager
async def running(
    *command: str,
    stdin: int = PIPE,
    stdout: int = PIPE,
    stderr: int = STDOUT,
    environment: dict[str, str] | None = None,
    descriptors: tuple[int, ...] = (),
) -> AsyncIterator[Process]:
    """The program as a process, killed if the test leaves it alive."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        env={**os.environ, **(environment or {})},
        pass_fds=descriptors,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
        process._transport.close()  # type: ignore[attr-defined]


class Screen:
    """A person at a terminal: `types` keys into the program on it, and `reads` what it shows."""

    def __init__(self) -> None:
        self._fd, self.terminal = os.openpty()
        os.set_blocking(self._fd, False)
        self._shown = ""
        self._more = asyncio.Event()
        asyncio.get_running_loop().add_reader(self._fd, self._read)

    def __enter__(self) -> Screen:
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_reader(self._fd)
        os.close(self._fd)
        os.close(self.terminal)

    def _read(self) -> None:
        self._shown += os.read(self._fd, 4096).decode()
        self._more.set()

    def types(self, keys: str) -> None:
        os.write(self._fd, keys.encode())

    async def reads(self, text: str) -> None:
        """Wait until it shows `text`, and forget what is above it."""
        while text not in self._shown:
            self._more.clear()
            await self._more.wait()
        self._shown = self._shown.partition(text)[2]
