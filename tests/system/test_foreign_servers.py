"""The module before foreign servers, over UDP, with a program of the driver at its port."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import subprocess
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

import aiocoap
import pytest

from emulator import Emulator
from m5310 import Access, Device, Resource, Value, ValueType
from m5310.errors import RegistrationError
from tests.support import language
from tests.support.foreign import PYTHON, libcoap, running
from tests.support.free_ports import free_port
from tests.support.strict_formats import TEXT
from tests.support.strict_udp import strict_site

pytestmark = [pytest.mark.realtime, pytest.mark.usefixtures("each_language")]
WARM, RESET, DIMMER = "3303/0/5700", "3303/0/5605", "3306/0/5851"
SCRIPT = Path(__file__).parents[1] / "support" / "node_server.js"


class Program:
    """What the program of a device keeps."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.written: list[tuple[str, Value]] = []
        self.executed: list[tuple[str, bytes]] = []
        self.warm: Resource

    async def declare(self) -> None:
        self.warm = await self.device.add_resource(WARM, ValueType.FLOAT, 21.5)
        await self.device.add_resource("3303/0/5701", ValueType.STRING, "Cel")
        both = Access.READABLE | Access.WRITABLE
        await self.device.add_resource(DIMMER, ValueType.INTEGER, 50, both)
        await self.device.add_resource(RESET, ValueType.STRING, "", Access.EXECUTABLE)


@asynccontextmanager
async def program(server: str) -> AsyncIterator[Program]:
    """A device that is logged in at `server`."""

    def on_write(resource: Resource, value: Value) -> None:
        made.written.append((str(resource.path), value))

    def on_execute(resource: Resource, arguments: bytes) -> None:
        made.executed.append((str(resource.path), arguments))

    async with (
        Emulator(
            baud=None,
            http=None,
            module=language.running().module,
            air="coap",
            server=server,
            latency=0,
        ) as emulator,
        Device(
            emulator.port,
            f"{emulator.imei};{emulator.imsi}",
            on_write=on_write,
            on_execute=on_execute,
        ) as device,
    ):
        made = Program(device)
        await made.declare()
        await device.connect(30)
        yield made


async def test_strict_server() -> None:
    async with strict_site() as site:
        server = site.server
        async with program(site.uri) as it:
            registration = server.registration
            assert registration is not None
            assert registration.objects == ["/1/0", "/3/0", "/3303/0", "/3306/0"]
            assert await site.answered(server.discover("/3303", site.now)) == "2.05"
            read = server.read("/3303/0", site.now)
            assert await site.answered(read) == "2.05"
            assert server.values[read.token]["/3303/0/5700"] == 21.5
            write = server.write("/3306/0/5851", site.now, b"40", TEXT)
            assert await site.answered(write) == "2.04"
            write = server.write("/3306/0", site.now, b"\xe1\x16\xdb\x29", part=True)
            assert await site.answered(write) == "2.04"
            assert it.written == [(DIMMER, 40), (DIMMER, 41)]
            execute = server.execute("/3303/0/5605", site.now, b"0='x'")
            assert await site.answered(execute) == "2.04"
            assert it.executed == [(RESET, b"0='x'")]
            observed = server.observe("/3303/0", site.now)
            assert await site.answered(observed) == "2.05"
            await it.device.notify(it.warm, 22.5, acknowledge=True)
            (_, values), *_ = server.observations[observed.token].notifications
            assert values["/3303/0/5700"] == 22.5
            assert await site.answered(server.cancel(observed, site.now)) == "2.05"
            assert await site.answered(server.execute("/1/0/8", site.now)) == "2.04"
            await site.until(lambda: server.updates)
            await it.device.update()
            assert len(server.updates) == 2
        assert server.deregistered == 1


# lwm2m-node-lib ----------------------------------------------------------------------------------


@cache
def node_modules() -> str | None:
    """The folder that has it."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return None
    answer = subprocess.run(["npm", "root", "-g"], capture_output=True, text=True, timeout=60)
    folder = Path(answer.stdout.strip())
    return str(folder) if (folder / "lwm2m-node-lib").is_dir() else None


class NodeServer:
    """Calls functions of the library; each answers with one line."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._waiting: list[list[Any]] = []

    async def event(self, name: str) -> list[Any]:
        """The values of the next line with this name."""
        while True:
            for line in self._waiting:
                if line[0] == name:
                    self._waiting.remove(line)
                    return line[1:]
            assert self._process.stdout is not None
            text = await self._process.stdout.readline()
            assert text, f"the server ended before {name}"
            self._waiting.append(json.loads(text))

    async def call(self, name: str, *values: object) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([name, *values]).encode() + b"\n")
        error, result = await self.event(name)
        assert error is None, (name, values, error)
        return result


async def test_node_server() -> None:
    """Its `write` takes the path in three parts, all as text."""
    folder = node_modules()
    if folder is None:
        pytest.skip("lwm2m-node-lib is not installed: npm install -g lwm2m-node-lib")
    port = free_port()
    async with running(
        *("node", str(SCRIPT), str(port)), stderr=DEVNULL, environment={"NODE_PATH": folder}
    ) as process:
        server = NodeServer(process)
        await server.event("listening")
        async with program(f"coap://127.0.0.1:{port}") as it:
            name, lifetime, version, binding, links = await server.event("registered")
            assert (name.count(";"), lifetime, version, binding) == (1, "86400", "1.0", "U")
            assert "</3303/0>" in links
            (device,) = await server.call("listDevices")
            number = device["id"]
            assert "</3303/0/5700>" in await server.call("discover", number, 3303)
            assert await server.call("read", number, "3303", "0", "5700") == "21.5"
            assert await server.call("read", number, "3", "0", "3") == "1.0"
            await server.call("write", number, "3306", "0", "5851", "40")
            assert it.written == [(DIMMER, 40)]
            await server.call("execute", number, "3303", "0", "5605", "now")
            assert it.executed == [(RESET, b"now")]
            attributes = {"pmin": 0, "pmax": 60}
            await server.call("writeAttributes", number, "3303", "0", "5700", attributes)
            assert await server.call("observe", number, "3303", "0", "5700") == "21.5"
            await it.device.notify(it.warm, 22.5)
            assert await server.event("notified") == ["22.5", "3303/0/5700"]
            await it.device.update()
            assert (await server.event("updated"))[0] == name
        assert await server.event("unregistered") == [name]


# Servers of CoAP only ----------------------------------------------------------------------------


async def looked_up(port: int, path: str) -> str:
    context = await aiocoap.Context.create_client_context()
    try:
        request = aiocoap.Message(code=aiocoap.GET, uri=f"coap://127.0.0.1:{port}/{path}")
        answer = await context.request(request).response
        return str(answer.payload.decode())
    finally:
        await context.shutdown()


@asynccontextmanager
async def directory(port: int, *command: str) -> AsyncIterator[Program]:
    """A program at a resource directory: its first request may come before that listens."""
    async with (
        running(*command, stderr=DEVNULL, stdout=DEVNULL),
        program(f"coap://127.0.0.1:{port}") as it,
    ):
        yield it


async def test_directory_of_libcoap() -> None:
    """It takes no update, and version 4.3.1 ends itself at a logout."""
    port = free_port()
    async with directory(port, libcoap("rd"), "-A", "127.0.0.1", "-p", str(port)) as it:
        assert "</rd/" in await looked_up(port, ".well-known/core")
        with contextlib.suppress(RegistrationError):
            await it.device.close(timeout=1)


async def test_directory_of_aiocoap() -> None:
    """The path of a registration ends with an empty segment."""
    port = free_port()
    command = (PYTHON, "-W", "ignore", "-m", "aiocoap.cli.rd", "--bind", f"127.0.0.1:{port}")
    async with directory(port, *command, "--lwm2m-compat") as it:
        assert 'lwm2m="1.0"' in await looked_up(port, "endpoint-lookup/")
        await it.device.update()
        assert "3303/0" in await looked_up(port, "resource-lookup/")
        await it.device.close()
        assert await looked_up(port, "endpoint-lookup/") == ""
