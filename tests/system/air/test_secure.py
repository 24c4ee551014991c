"""Clients at the platform's secure address: the whole life of a device, and who is refused."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiocoap import Message
from aiocoap.numbers import Code

from emulator import Emulator
from emulator.coap.server import Incoming
from tests.support.coap import message
from tests.support.coap_socket import coap_socket
from tests.support.dtls import Credentials
from tests.support.dtls_socket import SecureSocket
from tests.support.foreign import program, running
from tests.support.patience import PATIENCE

pytestmark = pytest.mark.realtime
IMEI, IMSI, PSK = "865820030013978", "460040000000001", "key0of0device"
OTHER = "865820030013979"
TEMPERATURE = f"/nbiot?imei={IMEI}&obj_id=3303&obj_inst_id=0&res_id=5700"


class Device:
    """An LwM2M client: answers each read of a resource with its number of reads so far."""

    def __init__(self, end: SecureSocket, server: str) -> None:
        self.end, self.server = end, server
        self.reads = 0
        end.endpoint.serve = self.serve

    def serve(self, incoming: Incoming, now: float) -> None:
        path = incoming.message.opt.uri_path
        answer = Message(code=Code.CONTENT)
        if len(path) == 3:
            self.reads += 1
            answer.opt.content_format, answer.payload = 0, b"%d" % self.reads
        incoming.respond(answer, now)

    async def register(self, endpoint: str = f"{IMEI};{IMSI}") -> Message:
        query = (f"ep={endpoint}", "lt=600", "b=U")
        request = message(Code.POST, "rd", b"</3303/0>", uri_query=query, content_format=40)
        return await self.end.ask(self.server, request)

    async def update(self, location: tuple[str, ...]) -> Message:
        return await self.end.ask(self.server, message(Code.POST, "/".join(location)))


class Cloud:
    def __init__(self, emulator: Emulator, client: aiohttp.ClientSession) -> None:
        assert emulator.coaps_url is not None
        self.emulator, self.client, self.server = emulator, client, emulator.coaps_url

    async def call(self, path: str, body: object = None) -> Any:
        call = self.client.post if body else self.client.get
        headers = {"api-key": self.emulator.api_key}
        async with call(f"{self.emulator.http_url}{path}", json=body, headers=headers) as response:
            answer: dict[str, Any] = await response.json()
            return answer

    async def read(self) -> float:
        (instance,) = (await self.call(TEMPERATURE))["data"]
        value: float = instance["res"][0]["val"]
        return value


@asynccontextmanager
async def cloud(**options: Any) -> AsyncIterator[Cloud]:
    """With two devices that have keys."""
    made = Emulator(
        air="coap", platform_only=True, device=False, latency=0, coaps="127.0.0.1:0", **options
    )
    async with asyncio.timeout(PATIENCE), made, aiohttp.ClientSession() as client:
        it = Cloud(made, client)
        for imei, psk in ((IMEI, PSK), (OTHER, "key0of0other")):
            device = {"title": imei, "protocol": "LWM2M", "auth_info": {imei: IMSI}, "psk": psk}
            assert (await it.call("/devices", device))["errno"] == 0
        yield it


@asynccontextmanager
async def device(server: str, imei: str = IMEI, psk: str = PSK) -> AsyncIterator[Device]:
    shown = Credentials(f"{imei};{IMSI}", psk.encode())
    async with coap_socket(SecureSocket, credentials=shown) as end:
        yield Device(end, server)


async def test_a_device_registers_and_is_read_through_its_session() -> None:
    lines: list[str] = []
    watched = {"trace": lambda line: lines.append(line.text), "trace_air": True}
    async with cloud(**watched) as it, device(it.server) as one:
        answer = await one.register()
        assert answer.code == Code.CREATED
        assert await it.read() == 1.0
        assert (await one.update(answer.opt.location_path)).code == Code.CHANGED
        here = f"coaps://{one.end.address}"
        assert any(f"{it.server} > {here}  CON GET /3303/0/5700" in line for line in lines)
        assert any(line.endswith("DTLS handshake, 99 B") for line in lines)


async def test_a_device_is_reached_in_the_session_that_it_made_last() -> None:
    """Its first one is lost without a word: it started again, at the same address."""
    async with cloud() as it, device(it.server) as one:
        answer = await one.register()
        one.end.secure.sessions.clear()
        update = await one.update(answer.opt.location_path)
        assert update.code == Code.CHANGED
        assert await it.read() == 1.0


async def test_a_device_at_a_new_address_is_reached_there() -> None:
    """Its registration and its observations stay (a NAT has changed its address)."""
    async with cloud() as it, device(it.server) as one, device(it.server) as moved:
        answer = await one.register()
        assert (await moved.update(answer.opt.location_path)).code == Code.CHANGED
        assert await it.read() == 1.0
        assert (one.reads, moved.reads) == (0, 1)


async def test_the_key_of_one_device_is_no_key_of_another() -> None:
    async with (
        cloud() as it,
        device(it.server) as one,
        device(it.server, OTHER, "key0of0other") as other,
    ):
        answer = await one.register()
        assert (await other.register()).code == Code.FORBIDDEN
        assert (await other.update(answer.opt.location_path)).code == Code.FORBIDDEN
        assert (await other.register(f"{OTHER};{IMSI}")).code == Code.CREATED


async def test_a_device_without_a_key_is_refused() -> None:
    lines: list[str] = []
    watched = {"trace": lambda line: lines.append(line.text), "trace_air": True}
    async with cloud(**watched) as it, device(it.server, "86582") as unknown:
        refused = asyncio.create_task(unknown.register())
        while not unknown.end.notes:
            await unknown.end.acts()
        refused.cancel()
        assert any("as '86582;460040000000001': psk identity not found" in line for line in lines)


@pytest.mark.parametrize("library", ["openssl", "gnutls"])
async def test_a_client_of_libcoap_registers(library: str) -> None:
    async with cloud() as it:
        command = (program(f"coap-client-{library}", "libcoap3-bin"), "-B", "60", "-v", "6")
        shown = ("-u", f"{IMEI};{IMSI}", "-k", PSK)
        register = ("-m", "post", "-t", "40", "-e", "</3303/0>")
        uri = f"{it.server}/rd?ep={IMEI}%3B{IMSI}&lt=300&b=U"
        async with running(*command, *shown, *register, uri) as process:
            output, _ = await process.communicate()
        assert b"c:2.01" in output


async def test_wireshark_reads_it_with_the_key(tmp_path: Path) -> None:
    """Handshake and messages of a capture; nothing in it is malformed."""
    tshark = program("tshark", "tshark")
    with (tmp_path / "air.pcapng").open("wb") as file:
        async with cloud(capture=file.write) as it, device(it.server) as one:
            await one.register()
            await it.read()
    port = it.server.rpartition(":")[2]
    key = ("-o", f"dtls.psk:{PSK.encode().hex()}")
    decode = ("-d", f"udp.port=={port},dtls", "-d", f"dtls.port=={port},coap")
    async with running(tshark, "-r", file.name, *key, *decode, stderr=PIPE) as process:
        output, _ = await process.communicate()
    lines = output.decode().splitlines()
    for part in ("Hello Verify Request", "Finished", ", POST, ", "2.01 Created", "/3303/0/5700"):
        assert any(part in line for line in lines), lines
    assert not any("Malformed" in line or "Encrypted" in line for line in lines), lines


def test_what_is_missing_is_named() -> None:
    """Without the extra, all works but `coaps`."""
    code = (
        "import sys; sys.modules['OpenSSL'] = None\n"
        "from emulator import Emulator\n"
        "Emulator(air='coap')\n"
        "from emulator.__main__ import main\n"
        "main(['--coaps', '127.0.0.1:0'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    expected = "coaps: DTLS needs pyOpenSSL; try: pip install 'm5310[dtls]'"
    assert expected in done.stderr.decode().splitlines()[-1]
    assert done.returncode == 2
