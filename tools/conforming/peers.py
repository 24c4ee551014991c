"""What a board communicates with: OneNET's HTTP API, and a UDP echo on this machine."""

from __future__ import annotations

import json
import socket
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from tools.conforming.cases import ApiCall

# OneNET answers within 30 s, after the last repetition (OneNET guide 5.2.2); the rest is margin.
API_TIMEOUT = 45.0
_LARGEST = 1024  # bytes; a board's datagrams have 512 at most


@dataclass(slots=True)
class Api:
    """OneNET's HTTP API at `url`; the board is a device of the account with this `key`."""

    url: str
    key: str
    _caller: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._caller.shutdown()

    def call(self, call: ApiCall, imei: str) -> Future[str]:
        """Call the API in a thread, while the host serves the request on the board."""
        query = urlencode({"imei": imei, **call.query})
        body = None if call.body is None else json.dumps(call.body).encode()
        request = Request(f"{self.url.rstrip('/')}{call.path}?{query}", body, method=call.method)
        request.add_header("api-key", self.key)
        request.add_header("content-type", "application/json")
        return self._caller.submit(_answer, request)


def _answer(request: Request) -> str:
    try:
        with urlopen(request, timeout=API_TIMEOUT) as response:
            return bytes(response.read()).decode("utf-8", "replace")
    except OSError as error:
        return f"the API call failed: {error}"


class Echo:
    """Sends each datagram that arrives at `address` of this machine back to its sender."""

    def __init__(self, address: str) -> None:
        """Raises OSError if this machine does not have the address."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.bind((address, 0))
        except OSError:
            self._socket.close()
            raise
        self.address, self.port = self._socket.getsockname()
        self._thread = threading.Thread(target=self._serve, name="UDP echo")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        # An empty datagram to itself ends the thread: closing a socket does not end a recvfrom.
        self._socket.sendto(b"", (self.address, self.port))
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            data, origin = self._socket.recvfrom(_LARGEST)
            if origin == (self.address, self.port):
                return
            self._socket.sendto(data, origin)
