"""Whom a board talks to in a case: OneNET's HTTP API, and a machine that echoes its datagrams."""

from __future__ import annotations

import json
import socket
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from tools.conforming.cases import Ask

# OneNET answers within 30 s, after the last repeat (OneNET guide 5.2.2); some more for the way.
PATIENCE = 45.0
_LARGEST = 1024  # bytes; a board's datagrams have 512 at most


@dataclass(slots=True)
class Cloud:
    """OneNET's HTTP API at `url`, where the account of `key` has the board as a device."""

    url: str
    key: str
    _caller: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._caller.shutdown()

    def ask(self, ask: Ask, imei: str) -> Future[str]:
        """What it will have answered, while its question goes on to the board."""
        query = urlencode({"imei": imei, **ask.query})
        body = None if ask.body is None else json.dumps(ask.body).encode()
        request = Request(f"{self.url.rstrip('/')}{ask.path}?{query}", body, method=ask.method)
        request.add_header("api-key", self.key)
        request.add_header("content-type", "application/json")
        return self._caller.submit(_answer, request)


def _answer(request: Request) -> str:
    try:
        with urlopen(request, timeout=PATIENCE) as response:
            return bytes(response.read()).decode("utf-8", "replace")
    except OSError as error:
        return f"could not be asked: {error}"


class Echo:
    """Sends each datagram that comes to `address` of this machine back where it came from."""

    def __init__(self, address: str) -> None:
        """Raises OSError: this machine has no such address."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.bind((address, 0))
        except OSError:
            self._socket.close()
            raise
        self.address, self.port = self._socket.getsockname()
        self._thread = threading.Thread(target=self._serve, name="the echo of datagrams")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        # An empty datagram of our own ends it: closing a socket wakes nobody who reads from it.
        self._socket.sendto(b"", (self.address, self.port))
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            data, origin = self._socket.recvfrom(_LARGEST)
            if origin == (self.address, self.port):
                return
            self._socket.sendto(data, origin)
