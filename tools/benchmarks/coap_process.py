"""A CoAP server with one resource, /test, on a UDP port of this machine.

Run as a module: `coap_process ours|aiocoap PORT`. It prints one line when it is ready, and ends at
the end of stdin.
"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Any

import aiocoap
import aiocoap.resource
from aiocoap import Message
from aiocoap.numbers import Code

from emulator.coap.endpoint import Endpoint
from emulator.coap.server import Incoming

PAYLOAD = b"a test resource"


class Ours(asyncio.DatagramProtocol):
    """Our endpoint behind a socket. Nothing is repeated, so `step` is never due."""

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport
        self._endpoint = Endpoint(self._send)
        self._endpoint.serve = self._serve

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._endpoint.receive(f"{addr[0]}:{addr[1]}", data, time.time())

    def _send(self, peer: str, datagram: bytes, _now: float) -> None:
        host, _, port = peer.rpartition(":")
        self._transport.sendto(datagram, (host, int(port)))

    @staticmethod
    def _serve(incoming: Incoming, now: float) -> None:
        found = incoming.message.opt.uri_path == ("test",)
        incoming.respond(
            Message(code=Code.CONTENT if found else Code.NOT_FOUND, payload=PAYLOAD), now
        )


class Test(aiocoap.resource.Resource):  # type: ignore[misc]
    async def render_get(self, _request: Message) -> Message:
        return Message(payload=PAYLOAD)


async def serve(kind: str, port: int) -> None:
    loop = asyncio.get_running_loop()
    served: Any
    if kind == "ours":
        served = await loop.create_datagram_endpoint(Ours, local_addr=("127.0.0.1", port))
    else:
        site = aiocoap.resource.Site()
        site.add_resource(("test",), Test())
        served = await aiocoap.Context.create_server_context(
            site, bind=("127.0.0.1", port), transports=["simplesocketserver"]
        )
    print("ready", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    del served


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2])))
