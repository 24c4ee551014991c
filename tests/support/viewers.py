"""A viewer of the emulator's stream of events: HTTP by hand, so that it may read as it likes."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from emulator import Emulator


class Viewer:
    """One connection to `GET /emulator/events`. `head`: of the answer, in lower case."""

    def __init__(self, made: socket.socket) -> None:
        self._socket = made
        self._raw = b""  # as it came, in chunks
        self._text = ""  # of the events
        self.head = ""

    async def ask(self, it: Emulator, query: str, headers: dict[str, str]) -> None:
        given = {"Host": urlsplit(str(it.http_url)).netloc, "api-key": it.api_key, **headers}
        lines = [f"GET /emulator/events{query} HTTP/1.1", *(f"{k}: {v}" for k, v in given.items())]
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(self._socket, "\r\n".join([*lines, "", ""]).encode())
        while b"\r\n\r\n" not in self._raw:
            await self._receive()
        head, _, self._raw = self._raw.partition(b"\r\n\r\n")
        self.head = head.decode().lower()

    async def body(self) -> dict[str, Any]:
        """The answer to a refused request."""
        (length,) = [
            int(line.partition(":")[2])
            for line in self.head.split("\r\n")
            if line.startswith("content-length:")
        ]
        while len(self._raw) < length:
            await self._receive()
        return json.loads(self._raw)  # type: ignore[no-any-return]

    async def event(self, wanted: str | None = None) -> Any:
        """The data of the next event, or of the next one of this name."""
        while True:
            while "\n\n" not in self._text:
                await self._chunk()
            block, _, self._text = self._text.partition("\n\n")
            name, data = block.split("\n")
            assert name.startswith("event: ")
            assert data.startswith("data: ")
            if wanted in (None, name.removeprefix("event: ")):
                return json.loads(data.removeprefix("data: "))

    async def entries(self, until: str) -> list[dict[str, Any]]:
        """All entries up to the one with this text."""
        found: list[dict[str, Any]] = []
        while not any(until in entry["text"] for entry in found):
            found += (await self.event("traffic"))["entries"]
        return found

    async def ended(self) -> bool:
        """Wait until the server closes the connection."""
        try:
            while await asyncio.get_running_loop().sock_recv(self._socket, 65536):
                pass
        except ConnectionError:
            pass
        return True

    async def _chunk(self) -> None:
        while b"\r\n" not in self._raw:
            await self._receive()
        size, _, self._raw = self._raw.partition(b"\r\n")
        length = int(size, 16)
        while len(self._raw) < length + 2:
            await self._receive()
        self._text += self._raw[:length].decode()
        self._raw = self._raw[length + 2 :]

    async def _receive(self) -> None:
        data = await asyncio.get_running_loop().sock_recv(self._socket, 65536)
        assert data, "the server has closed the connection"
        self._raw += data


@asynccontextmanager
async def viewer(
    it: Emulator, query: str = "", *, buffer: int | None = None, **headers: str
) -> AsyncIterator[Viewer]:
    """Connected, with the head of the answer. `buffer`: bytes that the system may hold for it."""
    parts = urlsplit(str(it.http_url))
    with socket.socket() as made:
        # It leaves with a reset: one that only ends its side is waited for, for some seconds.
        made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if buffer is not None:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        made.setblocking(False)
        await asyncio.get_running_loop().sock_connect(made, (str(parts.hostname), parts.port))
        found = Viewer(made)
        await found.ask(it, query, {name.replace("_", "-"): text for name, text in headers.items()})
        yield found
