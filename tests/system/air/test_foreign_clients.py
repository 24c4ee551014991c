"""Foreign LwM2M clients at the platform alone, driven through the HTTP API."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiocoap
import aiohttp
import pytest

from emulator import Emulator
from emulator.air.faults import Faults
from emulator.air.udp.relay import UdpRelay
from emulator.clock.clocks import LoopClock
from emulator.recording.pcapng import Capture
from tests.support.foreign import libcoap, running
from tests.support.foreign_device import IMEI, IMSI, LONG, ForeignDevice, foreign_device, real
from tests.support.free_ports import free_port
from tests.support.two_airs import LEVEL, world

pytestmark = pytest.mark.realtime
# More than one block of 1,024 bytes; the platform observes none of them.
LINKS = ",".join(["</3303/0>", *(f"</0/{number}>" for number in range(200))])


class Cloud:
    """The application of a platform without modules."""

    def __init__(self, emulator: Emulator, client: aiohttp.ClientSession) -> None:
        self.emulator, self._client = emulator, client
        assert emulator.coap_url is not None
        self.address = emulator.coap_url.removeprefix("coap://")
        self.sent: list[bytes] = []

    async def call(
        self, method: str, path: str, query: dict[str, str] | None = None, body: object = None
    ) -> Any:
        call = self._client.request(
            method,
            f"{self.emulator.http_url}{path}",
            params=query,
            json=body,
            headers={"api-key": self.emulator.api_key},
        )
        async with call as response:
            answer = await response.json()
        assert answer["errno"] == 0, answer
        return answer.get("data")

    async def values(self) -> list[float]:
        (_, device_id), *_ = self.emulator.devices
        data = await self.call("GET", f"/devices/{device_id}/datapoints", {"limit": "100"})
        return [
            float(point["value"])
            for stream in data["datastreams"]
            if stream["id"] == "3303_0_5700"
            for point in stream["datapoints"]
        ]

    async def until(self, value: float) -> None:
        """Wait until the temperature was reported."""
        while value not in await self.values():
            pass

    async def online(self) -> bool:
        (_, device_id), *_ = self.emulator.devices
        online: bool = (await self.call("GET", f"/devices/{device_id}"))["online"]
        return online


@asynccontextmanager
async def cloud(**options: Any) -> AsyncIterator[Cloud]:
    emulator = Emulator(air="coap", platform_only=True, imei=IMEI, imsi=IMSI, latency=0, **options)
    async with emulator, aiohttp.ClientSession() as client:
        yield Cloud(emulator, client)


def path(resource: str = "", obj: str = "3303") -> dict[str, str]:
    found = {"imei": IMEI, "obj_id": obj, "obj_inst_id": "0"}
    return {**found, "res_id": resource} if resource else found


async def live(it: Cloud, device: ForeignDevice) -> None:
    """A whole life: register to deregister."""
    answer = await device.register()
    assert answer.code.dotted == "2.01"
    assert answer.opt.location_path
    await device.until("READ /3/0")
    for asked in ("OBSERVE /3303/0", "DISCOVER /3303", "OBSERVE /3306/0", "DISCOVER /3306"):
        assert asked in device.log
    assert await it.online()
    for temperature, confirmable in ((21.5, True), (22.5, False), (23.5, True)):
        device.notify(temperature, confirmable=confirmable)
        await it.until(temperature)
    # Read: text of a resource, TLV of an instance that has more than one block.
    assert await it.call("GET", "/nbiot", path("5700")) == [
        {"obj_inst_id": 0, "res": [{"res_id": 5700, "val": 23.5}]}
    ]
    (long,) = (await it.call("GET", "/nbiot", path("5750")))[0]["res"]
    assert long == {"res_id": 5750, "val": LONG}
    (instance,) = await it.call("GET", "/nbiot", path())
    assert [each["res_id"] for each in instance["res"]] == [5700, 5750]
    # Write: TLV on the instance, by POST and by PUT.
    body = {"data": [{"res_id": 5850, "val": True}]}
    for mode in ("2", "1"):
        await it.call("POST", "/nbiot", {**path(obj="3306"), "mode": mode}, body)
    assert device.written == [b"\xe1\x16\xda\x01"] * 2
    await it.call("POST", "/nbiot/execute", path("5850", obj="3306"), {"args": "0='on'"})
    assert device.log[-1] == "EXECUTE /3306/0/5850 0='on'"
    # Update, and the end.
    update = await device.request(aiocoap.POST, device.location, ("lt=600",))
    assert update.code.dotted == "2.04"
    gone = await device.request(aiocoap.DELETE, device.location)
    assert gone.code.dotted == "2.02"
    assert not await it.online()
    again = await device.request(aiocoap.POST, device.location)
    assert again.code.dotted == "4.04"


@pytest.mark.parametrize("root", ["", "/lwm2m"])
async def test_device_on_aiocoap(root: str) -> None:
    async with cloud() as it, foreign_device(it.address, root) as device:
        await live(it, device)


async def test_platform_that_starts_again_asks_a_device_that_remembers_it() -> None:
    """The device, at the same address, would take a known message id for a repetition."""
    async with cloud() as it, foreign_device(it.address) as device:
        await device.register()
        await device.until("READ /3/0")
        await it.emulator.close()
        device.log.clear()
        async with cloud(coap=it.address) as again:
            gone = await device.request(aiocoap.POST, device.location)
            assert gone.code.dotted == "4.04"
            await device.register()
            await device.until("READ /3/0")
            assert "OBSERVE /3303/0" in device.log
            device.notify(21.5, confirmable=True)
            await again.until(21.5)


async def test_device_on_aiocoap_behind_a_bad_air_and_a_nat() -> None:
    """A relay loses, duplicates and reorders; both sides repeat, ten times as fast."""
    faults = Faults(latency=0, seed=2)
    async with cloud(clock=LoopClock(speed=20)) as it:
        with UdpRelay(it.address, faults=faults, clock=it.emulator.clock) as relay:
            async with foreign_device(relay.address) as device:
                faults.loss, faults.duplication, faults.reordering = 0.2, 0.2, 0.05
                assert (await device.register()).code.dotted == "2.01"
                await device.until("READ /3/0")
                assert device.log.count("OBSERVE /3303/0") == 1
                for temperature in (21.5, 22.5):
                    device.notify(temperature, confirmable=True)
                    await it.until(temperature)
                    relay.rebind()
                faults.loss = 0.0
                body = {"data": [{"res_id": 5850, "val": True}]}
                device.notify(23.5, confirmable=True)
                await it.until(23.5)
                await it.call("POST", "/nbiot", {**path(obj="3306"), "mode": "2"}, body)
                assert device.written == [b"\xe1\x16\xda\x01"]
                assert await it.values() == [20.5, 21.5, 22.5, 23.5]
                gone = await device.request(aiocoap.DELETE, device.location)
                assert gone.code.dotted == "2.02"
                assert relay.lost


# libcoap -----------------------------------------------------------------------------------------


async def coap_client(*words: str) -> str:
    """What libcoap's client prints."""
    program = libcoap("client")
    async with running(program, "-B", "60", *words) as process:
        output, _ = await process.communicate()
        return output.decode(errors="replace")


async def test_device_on_libcoap(tmp_path: Path) -> None:
    """Its client registers from the port where its server serves /3303/0 afterwards."""
    port = str(free_port())
    tlv = tmp_path / "tlv"
    async with cloud(clock=LoopClock(speed=4)) as it:
        air = it.emulator.air

        def lose_observes(_source: str, _to: str, datagram: bytes, _now: float) -> None:
            if datagram[1] == 1:  # GET
                air.faults.loss = 1.0  # of this one, too

        air.on_datagram = lose_observes
        query = f"ep={IMEI};{IMSI}&lt=300&lwm2m=1.0&b=U"
        links = "</3303/0>"
        words = ("-m", "post", "-t", "40", "-e", links, "-p", port, "-v", "7")
        printed = await coap_client(*words, f"coap://{it.address}/rd?{query}")
        assert "2.01" in printed, printed
        assert await it.online()
        server = (libcoap("server"), "-A", "127.0.0.1", "-p", port, "-d", "10")
        async with running(*server):
            for temperature in (21.5, 22.5, 23.5):
                tlv.write_bytes(real(5700, temperature))
                words = ("-m", "put", "-t", "11542", "-f", str(tlv))
                await coap_client(*words, f"coap://127.0.0.1:{port}/3303/0")
                air.on_datagram = None
                air.faults.loss = 0.0
                await it.until(temperature)
            (read,) = await it.call("GET", "/nbiot", path())
            assert read["res"] == [{"res_id": 5700, "val": 23.5}]
            assert await it.values() == [21.5, 22.5, 23.5]


@pytest.mark.parametrize(
    ("words", "query", "code"),
    [
        (("-t", "40", "-e", "</3303/0>"), "lwm2m=1.0", "4.00"),  # no endpoint
        (("-t", "40", "-e", "</3303/0>"), "ep=1;2&lwm2m=1.0", "4.03"),
        (("-t", "40"), f"ep={IMEI};{IMSI}", "4.00"),
        (("-t", "40", "-e", "</3303/0>", "-O", "2049,x"), f"ep={IMEI};{IMSI}", "4.02"),
        (("-t", "40", "-e", "</3303/0>"), f"ep={IMEI};{IMSI}", "2.01"),
        (("-t", "40", "-e", "</3303/0>", "-O", "63,code"), f"ep={IMEI};{IMSI}", "2.01"),
        (("-t", "40", "-b", "64", "-e", LINKS), f"ep={IMEI};{IMSI}", "2.01"),
        (("-N", "-t", "40", "-e", "</3303/0>"), f"ep={IMEI};{IMSI}", "2.01"),
    ],
)
async def test_registration_by_libcoap(words: tuple[str, ...], query: str, code: str) -> None:
    async with cloud() as it:
        uri = f"coap://{it.address}/rd?{query}"
        printed = await coap_client("-m", "post", *words, "-v", "7", uri)
        assert f" {code} " in printed.replace(",", " "), printed
        assert await it.online() is (code == "2.01")


# Wireshark ---------------------------------------------------------------------------------------


def tshark(file: Path, port: str, *words: str) -> list[list[str]]:
    command = ("tshark", "-2", "-n", "-r", str(file), "-d", f"udp.port=={port},coap", *words)
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


@pytest.mark.skipif(shutil.which("tshark") is None, reason="not installed: apt-get install tshark")
async def test_wireshark_reads_the_whole_conversation(tmp_path: Path) -> None:
    file = tmp_path / "life.pcapng"
    with file.open("wb") as opened:
        async with cloud(capture=opened.write) as it, foreign_device(it.address) as device:
            await live(it, device)
            port = it.address.rpartition(":")[2]
    check_capture(file, port, tlv=4)


def check_capture(file: Path, port: str, *, tlv: int) -> None:
    """Nothing is malformed, each request has its response, and TLV is decoded."""
    assert tshark(file, port, "-Y", "_ws.malformed || !coap") == []
    fields = ("-T", "fields", "-e", "coap.code", "-e", "coap.type", "-e", "coap.response_in")
    requests = tshark(file, port, "-Y", "coap.code > 0 && coap.code < 32", *fields)
    assert len(requests) > 10
    assert [row for row in requests if not row[2]] == []
    decoded = tshark(file, port, "-Y", "lwm2mtlv", "-T", "fields", "-e", "lwm2mtlv.value.float")
    assert len(decoded) >= tlv
    content = 'coap.opt.ctype contains "lwm2m+tlv" && coap.payload && !(coap.opt.block_mflag == 1)'
    assert len(decoded) == len(tshark(file, port, "-Y", content)), content


@pytest.mark.skipif(shutil.which("tshark") is None, reason="not installed: apt-get install tshark")
@pytest.mark.parametrize(("style", "tlv"), [("onenet", 0), ("standard", 3)])
async def test_wireshark_reads_our_own_pair(tmp_path: Path, style: str, tlv: int) -> None:
    """It knows OneNET's old number of TLV, 1542, as a number only."""
    file = tmp_path / "pair.pcapng"
    with file.open("wb") as opened:
        capture = Capture(opened.write)
        async with world("memory", style) as it:
            it.air.on_datagram = capture.datagram
            await it.log_in()
            await it.report(21.0, 1)
            await it.report(22.0)
            assert (await it.read())["errno"] == 0
            body = {"data": [{"res_id": 5851, "val": 7}]}
            write = await it.begin("POST", "/nbiot", {**LEVEL, "mode": "2"}, body)
            await it.elapse(1)
            assert (await write)["errno"] == 0
            await it.at("AT+MIPLUPDATE=0,3600,1")
            await it.elapse(1)
            await it.at("AT+MIPLCLOSE=0")
            await it.elapse(1)
    check_capture(file, "5683", tlv=tlv)
