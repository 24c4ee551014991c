"""`python -m emulator` in a real air: module and cloud as processes, driver and HTTP as users."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from m5310 import Device, ValueType
from tests.support.emulator_process import ready, running, shown, terminated
from tests.support.hosts import Host

ROOT = Path(__file__).resolve().parents[3]
IMEI, IMSI = "865820030013978", "460040000000001"
ENDPOINT = f"{IMEI};{IMSI}"
FAST = ("--baud", "off", "--json", "--air-faults", "latency=0.01")
TEMPERATURE = f"/nbiot?imei={IMEI}&obj_id=3303&obj_inst_id=0&res_id=5700"
pytestmark = pytest.mark.realtime


async def call(info: dict[str, Any], path: str) -> Any:
    """The data of a GET of the HTTP API."""
    headers = {"api-key": info["api_key"]}
    async with (
        aiohttp.ClientSession(info["http"], headers=headers) as client,
        client.get(path) as response,
    ):
        answer = await response.json()
    assert answer["errno"] == 0, answer
    return answer["data"]


async def report_and_be_read(
    module: dict[str, Any], cloud: dict[str, Any], uri: str = "coap://183.230.40.40:5683"
) -> None:
    """A program logs in and reports; an application reads the report, then the program."""
    async with Device(module["port"], ENDPOINT, uri=uri, on_read=lambda _: 19.5) as device:
        temperature = await device.add_resource("3303/0/5700", ValueType.FLOAT, 21.5)
        await device.connect(timeout=60)
        await device.notify(temperature, 22.5, acknowledge=True)
        points = await call(cloud, f"/devices/{cloud['devices'][0]['device_id']}/datapoints")
        values = {stream["id"]: stream["datapoints"] for stream in points["datastreams"]}
        assert values["3303_0_5700"][0]["value"] == 22.5
        (instance,) = await call(cloud, TEMPERATURE)
        assert instance["res"] == [{"res_id": 5700, "val": 19.5}]


def own_address(uri: str, host: str) -> str:
    """`uri` with another name of the same host."""
    return re.sub(r"//.*:", f"//{host}:", uri)


# Each language once: address and style are the same to all of them.
@pytest.mark.parametrize(
    ("module", "style", "listen", "host"),
    [
        ("m5310", "onenet", "127.0.0.1:0", None),
        ("nb86", "standard", "[::1]:0", None),
        ("m5310a", "standard", "127.0.0.1:0", "localhost"),
    ],
)
async def test_module_and_cloud_as_two_processes(
    module: str, style: str, listen: str, host: str | None
) -> None:
    if listen.startswith("[") and not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    async with running("platform", "--coap", listen, *FAST[2:]) as platform:
        cloud = await ready(platform)
        assert cloud.keys() == {"http", "api_key", "page", "coap", "devices"}
        assert cloud["coap"].startswith(f"coap://{listen[:-1]}")
        server = cloud["coap"] if host is None else own_address(cloud["coap"], host)
        options = ("--server", server, "--style", style, "--module", module)
        async with running(*options, *FAST) as process:
            info = await ready(process)
            assert info["server"] == server
            assert info.keys().isdisjoint({"http", "api_key", "coap"})
            await report_and_be_read(info, cloud)
            assert await terminated(process) == ""
        announced = (await terminated(platform)).splitlines()
    assert len(announced) == 1
    assert announced[0].startswith(f"{ENDPOINT} has registered. Read an instance: curl -H ")


@pytest.mark.parametrize("listen", ["127.0.0.1:0", "0.0.0.0:0"])
async def test_module_and_cloud_as_two_processes_with_dtls(listen: str) -> None:
    pytest.importorskip("OpenSSL", reason="DTLS was not tried: pip install 'm5310[dtls]'")
    async with running("platform", "--coaps", listen, *FAST[2:]) as platform:
        cloud = await ready(platform)
        assert cloud.keys() == {"http", "api_key", "page", "coap", "coaps", "psk", "devices"}
        assert "//0.0.0.0:" not in cloud["coaps"]
        options = ("--psk", cloud["psk"], "--allow-network", "--trace", *FAST)
        async with running("--server", cloud["coaps"], *options) as process:
            module = await ready(process)
            assert (module["server"], module["psk"]) == (cloud["coaps"], cloud["psk"])
            await report_and_be_read(module, cloud, "coaps://183.230.40.40:5684")
            trace = await terminated(process)
        await terminated(platform)
    for expected in (
        r"==> .* > 183\.230\.40\.40:5684  DTLS handshake, \d+ B\n",
        r"==> coaps://.* > coaps://183\.230\.40\.40:5684  CON POST /rd\?ep=",
        r"<== 183\.230\.40\.40:5684 > .*  DTLS data, \d+ B\n",
        r"<== coaps://183\.230\.40\.40:5684 > coaps://.*  CON GET /3303/0/5700",
    ):
        assert re.search(expected, trace), (expected, trace)


async def test_line_that_the_platform_prints_drives_the_device() -> None:
    async with running("platform", "--air-faults", "latency=0.01") as platform:
        text = await shown(platform, "Ctrl-C")
        (address,) = re.findall("coap://.*", text)
        assert f"endpoint  {ENDPOINT}\n" in text
        async with running("--server", address, *FAST) as process:
            module = await ready(process)
            async with Device(module["port"], ENDPOINT, on_read=lambda _: 19.5) as device:
                await device.add_resource("3303/0/5700", ValueType.FLOAT, 21.5)
                await device.connect(timeout=60)
                line = await shown(platform, "has registered")
                url = shlex.split(line.partition("curl")[2])[-1]
                key = shlex.split(line.partition("curl")[2])[1].removeprefix("api-key: ")
                http, _, path = url.partition("/nbiot")
                (instance,) = await call({"http": http, "api_key": key}, f"/nbiot{path}")
                assert instance["res"] == [{"res_id": 5700, "val": 19.5}]
            await terminated(process)
        assert await terminated(platform) == ""


async def test_trace_shows_the_air_between_the_at_lines_and_a_capture_has_both(
    tmp_path: Path,
) -> None:
    file = tmp_path / "day.pcapng"
    options = ("--trace", "--pcap", str(file), *FAST)
    async with running(*options) as process:
        info = await ready(process)
        await report_and_be_read(info, info | {"devices": info["modules"]})
        trace = (await terminated(process)).splitlines()
    lines = iter(line[11:] for line in trace)
    for expected in (
        r"--> AT\+MIPLOPEN=0,\d+",
        r"==> .* > 183\.230\.40\.40:5683  CON POST /rd\?ep=865820030013978;460040000000001&b=U.*"
        r" Content-Format 40 .* '</>;rt=\"oma.lwm2m\",</0/0>,</3303/0>'",
        r"<== 183\.230\.40\.40:5683 > .*  ACK 2\.01 Location /rd/865820030013978 .*",
        r"<-- \+MIPLOPEN:0,1   \(URC\)",
        r'--> AT\+MIPLNOTIFY=0,3303,0,5700,4,"22\.5",1,\d+',
        r"==> .*  CON 2\.05 Observe \d+ Content-Format 1542 .* \(/3303/0/5700 = 22\.5\)",
        r"<== .*  ACK empty mid \d+",
        r"<== .*  CON GET /3303/0/5700 token .*",
        r"<-- \+MIPLREAD:0,\d+,3303,0,5700   \(URC\)",
        r'--> AT\+MIPLREAD=0,\d+,3303,0,5700,4,"19\.5",1',
        r"==> .*  ACK 2\.05 Content-Format 0 .* '19\.5'",
    ):
        assert any(re.fullmatch(expected, line) for line in lines), (expected, trace)
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed, so the capture was not read: apt-get install tshark")
    lua = ROOT / "tools" / "m5310_at.lua"
    read = ["tshark", "-2", "-n", "-X", f"lua_script:{lua}", "-r", str(file), "-T", "fields"]
    names = ("_ws.malformed", "coap.code", "coap.response_in", "_ws.col.Info")
    wanted = [word for name in names for word in ("-e", name)]
    done = await asyncio.to_thread(
        subprocess.run, [*read, *wanted], capture_output=True, timeout=50, check=True
    )
    rows = [line.split("\t") for line in done.stdout.decode().splitlines()]
    requests = [row for row in rows if row[1].isdecimal() and 0 < int(row[1]) < 32]
    assert [row for row in rows if row[0]] == []
    assert len(requests) > 5
    assert [row for row in requests if not row[2]] == []
    assert any("AT+MIPLOPEN" in row[3] for row in rows)


# By hand (RFC 7252 3): CON POST, message id 1, token `t`, Uri-Path rd, Content-Format 40, and
# Uri-Query of 34 bytes.
REGISTER = bytes.fromhex("4102000174b2726411283d15") + f"ep={ENDPOINT}".encode() + b"\xff</3303/0>"


@pytest.fixture
def device() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.bind(("0.0.0.0", 0))
        made.setblocking(False)
        yield made


async def register(device: socket.socket, info: dict[str, Any], *, answers: int) -> list[bytes]:
    """Register a device that answers nothing; returns the first datagrams it gets."""
    host, _, port = info["coap"].removeprefix("coap://").rpartition(":")
    loop = asyncio.get_running_loop()
    await loop.sock_sendto(device, REGISTER, (host, int(port)))
    return [await loop.sock_recv(device, 1280) for _ in range(answers)]


async def test_faults_of_the_air_meet_foreign_devices(device: socket.socket) -> None:
    options = ("--air-faults", "latency=0,duplication=1,seed=3", "--json")
    async with running("platform", *options) as platform:
        info = await ready(platform)
        first, second = await register(device, info, answers=2)
        assert first == second
        assert first[:2] == bytes.fromhex("6141")  # ACK 2.01
        await terminated(platform)


async def test_cloud_for_the_network_names_an_address_that_clients_can_use(
    device: socket.socket,
) -> None:
    async with running("platform", "--coap", "0.0.0.0:0", *FAST[2:]) as platform:
        info = await ready(platform)
        assert "//0.0.0.0:" not in info["coap"]
        (answer,) = await register(device, info, answers=1)
        assert answer[:2] == bytes.fromhex("6141")
        await terminated(platform)


@pytest.mark.parametrize("trace", [(), ("--trace",)])
async def test_reason_why_a_server_is_not_reached_is_shown(trace: tuple[str, ...]) -> None:
    """A label of DNS has at most 63 characters."""
    server = f"coap://{'a' * 64}.example:5683"
    async with running("--server", server, *FAST, *trace) as process:
        info = await ready(process)
        assert process.stderr is not None
        with Host(info["port"]) as host:
            await log_in(host)
            line = ""
            while "no address of this name" not in line:
                line = (await process.stderr.readline()).decode()
                assert line
        assert line.startswith("datagram of ") != bool(trace)
        assert ("*** datagram of " in line) == bool(trace)
        await terminated(process)


async def test_cloud_goes_on_when_its_output_is_not_read(device: socket.socket) -> None:
    command = 'exec "$0" -m emulator platform --coap 127.0.0.1:0 --json 2>&-'
    process = await asyncio.create_subprocess_exec(
        "sh", "-c", command, sys.executable, stdout=PIPE, stderr=PIPE
    )
    try:
        info = await ready(process)
        assert (await register(device, info, answers=1))[0][:2] == bytes.fromhex("6141")
        await call(info, f"/devices/{info['devices'][0]['device_id']}")
        await terminated(process)
    finally:
        if process.returncode is None:
            process.kill()
        process._transport.close()  # type: ignore[attr-defined]


# The end -----------------------------------------------------------------------------------------


async def test_cloud_ends_while_a_device_is_silent_and_applications_wait(
    device: socket.socket,
) -> None:
    async with running("platform", *FAST[2:]) as platform:
        info = await ready(platform)
        await register(device, info, answers=1)
        waiting = [asyncio.ensure_future(call(info, TEMPERATURE)) for _ in range(3)]
        host, _, port = info["http"].removeprefix("http://").rpartition(":")
        _, half = await asyncio.open_connection(host, int(port))
        half.write(b"GET /devices HTTP/1.1\r\n")  # a call that never gets its last line
        await half.drain()
        await call(info, f"/devices/{info['devices'][0]['device_id']}")
        await terminated(platform)
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        assert all(isinstance(outcome, BaseException) for outcome in outcomes)
        half.close()


async def test_module_ends_while_its_server_is_silent(device: socket.socket) -> None:
    server = f"coap://127.0.0.1:{device.getsockname()[1]}"
    async with running("--server", server, *FAST) as process:
        info = await ready(process)
        with Host(info["port"]) as host:
            await log_in(host)
            await asyncio.get_running_loop().sock_recv(device, 1280)
            await terminated(process)


@pytest.mark.parametrize("port", ["pty", "socket://127.0.0.1:0"])
async def test_module_ends_while_its_host_does_not_read(port: str) -> None:
    async with running("--port", port, "--trace", *FAST) as process:
        info = await ready(process)
        if port == "pty":
            host = os.open(info["port"], os.O_RDWR | os.O_NOCTTY)
        else:
            name, _, number = info["port"].removeprefix("socket://").rpartition(":")
            host = socket.create_connection((name, int(number))).detach()
        try:
            os.set_blocking(host, False)
            with suppress(BlockingIOError):
                for _ in range(100_000):
                    os.write(host, b"AT+NUESTATS\r" * 100)
            await terminated(process)
        finally:
            os.close(host)


async def log_in(host: Host) -> None:
    blob = bytes(4) + (300).to_bytes(4, "little")
    for text in (b"coap://183.230.40.40:5683", ENDPOINT.encode()):
        blob += len(text).to_bytes(2, "little") + text
    await host.command(f"AT+MIPLCONF={len(blob)},{blob.hex().upper()},1,1")
    await host.command("AT+MIPLADDOBJ=0,3303,0")
    await host.command("AT+MIPLOPEN=0,30")
