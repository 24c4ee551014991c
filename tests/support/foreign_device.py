"""An LwM2M client on aiocoap: a device that shares no code with the emulator.

All TLV is written by hand (LwM2M 1.0.2 section 6.4.3).
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiocoap
from aiocoap import Message, resource
from aiocoap.numbers import Code


class Quick(aiocoap.TransportTuning):  # type: ignore[misc]
    """Repeats after 0.1 to 0.15 s."""

    ACK_TIMEOUT = 0.1
    reliability = True


TLV, LINKS = 11542, 40
IMEI, IMSI = "867726030000001", "460040000000001"
LONG = "0123456789abcdef" * 100  # 1,600 bytes
ALTERNATE = "/lwm2m"


def real(number: int, value: float) -> bytes:
    """A float resource of 4 bytes, with an identifier of 16 bits."""
    return struct.pack(">BHf", 0xE4, number, value)


def text(number: int, value: str) -> bytes:
    """A string resource of 8 bytes or more, with 16 bits of identifier and of length."""
    data = value.encode()
    return struct.pack(">BHH", 0xF0, number, len(data)) + data


class _Resource(resource.ObservableResource):  # type: ignore[misc]
    def __init__(self, device: ForeignDevice, path: str) -> None:
        super().__init__()
        self.device, self.path = device, path

    async def needs_blockwise_assembly(self, request: Message) -> bool:
        return True

    async def add_observation(self, request: Message, observation: Any) -> None:
        await super().add_observation(request, observation)
        self.device.note(f"OBSERVE {self.path}")

    async def render_get(self, request: Message) -> Message:
        if request.opt.accept == LINKS:
            self.device.note(f"DISCOVER {self.path}")
            links = ",".join(f"<{each}>" for each in self.device.instances(self.path))
            return Message(payload=links.encode(), content_format=LINKS)
        if request.opt.observe is None:
            self.device.note(f"READ {self.path}")
        return self.device.value(self.path, short=request.opt.observe is not None)

    async def render_put(self, request: Message) -> Message:
        if request.opt.uri_query:
            self.device.note(f"ATTRIBUTES {self.path} {' '.join(request.opt.uri_query)}")
        else:
            self.device.note(f"WRITE {self.path} {request.opt.content_format}")
            self.device.written.append(request.payload)
        return Message(code=Code.CHANGED)

    async def render_post(self, request: Message) -> Message:
        if request.opt.content_format == TLV:
            return await self.render_put(request)
        self.device.note(f"EXECUTE {self.path} {request.payload.decode()}")
        return Message(code=Code.CHANGED)


class ForeignDevice:
    """Serves /3/0, /3303/0 and /3306/0 below `root`; `log` is what the server asked for.

    The temperature is /3303/0/5700; /3303/0/5750 is LONG.
    """

    def __init__(self, server: str, root: str = "") -> None:
        self.server, self.root = server, root
        self.log: list[str] = []
        self.written: list[bytes] = []
        self.temperature = 20.5
        self.location: tuple[str, ...] = ()
        self._news = asyncio.Event()
        self._site = resource.Site()
        self._context: Any = None
        self._resources: dict[str, _Resource] = {}
        for path in ("/3/0", "/3303", "/3303/0", "/3303/0/5700", "/3303/0/5750", "/3306",
                     "/3306/0", "/3306/0/5850"):  # fmt: skip
            self._resources[path] = _Resource(self, path)
            self._site.add_resource((root + path).strip("/").split("/"), self._resources[path])

    async def open(self) -> None:
        self._context = await aiocoap.Context.create_server_context(
            self._site, bind=("::", 0), transports=["udp6"]
        )

    async def close(self) -> None:
        await self._context.shutdown()

    def note(self, what: str) -> None:
        self.log.append(what)
        self._news.set()

    async def until(self, what: str) -> None:
        """Wait until the server has asked for this."""
        while what not in self.log:
            self._news.clear()
            await self._news.wait()

    def instances(self, path: str) -> list[str]:
        root = self.root
        return [f"{root}{path}", f"{root}{path}/0", f"{root}{path}/0/5700"]

    def value(self, path: str, *, short: bool) -> Message:
        """`short`: aiocoap sends what is observed in one datagram, however long."""
        if path == "/3303/0/5700":
            return Message(payload=f"{self.temperature}".encode(), content_format=0)
        if path == "/3303/0/5750":
            return Message(payload=LONG.encode(), content_format=0)
        if path == "/3303/0":
            tlv = real(5700, self.temperature) + text(5750, LONG[:16] if short else LONG)
            return Message(payload=tlv, content_format=TLV)
        if path == "/3/0":
            return Message(payload=b"\xc3\x03" + b"1.0", content_format=TLV)
        return Message(payload=b"", content_format=TLV)

    # To the server -------------------------------------------------------------------------------

    async def request(
        self,
        code: Code,
        path: tuple[str, ...],
        query: tuple[str, ...] = (),
        payload: bytes = b"",
        content_format: int | None = None,
    ) -> Message:
        message = Message(code=code, uri=f"coap://{self.server}", payload=payload)
        message.opt.uri_path, message.opt.uri_query = path, query
        message.opt.content_format = content_format
        message.transport_tuning = Quick()
        return await self._context.request(message).response

    async def register(self, *, lifetime: int = 300, version: str = "1.0") -> Message:
        root = f'<{self.root or "/"}>;rt="oma.lwm2m";ct=11543'
        links = ",".join([root, *(f"<{self.root}/{path}>" for path in ("3/0", "3303/0", "3306/0"))])
        query = (f"ep={IMEI};{IMSI}", f"lt={lifetime}", f"lwm2m={version}", "b=U")
        answer = await self.request(Code.POST, ("rd",), query, links.encode(), LINKS)
        self.location = answer.opt.location_path
        return answer

    def notify(self, temperature: float, *, confirmable: bool) -> None:
        """Report the temperature on the observation of /3303/0."""
        self.temperature = temperature
        answer = Message(code=Code.CONTENT, payload=real(5700, temperature), content_format=TLV)
        answer.transport_tuning = Quick() if confirmable else aiocoap.Unreliable
        self._resources["/3303/0"].updated_state(answer)


@asynccontextmanager
async def foreign_device(server: str, root: str = "") -> AsyncIterator[ForeignDevice]:
    device = ForeignDevice(server, root)
    await device.open()
    try:
        yield device
    finally:
        await device.close()
