"""The emulator as a whole: a real pty, a real HTTP client, and the module between them."""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path

import aiohttp
import pytest

import emulator as package
from emulator import Emulator
from emulator.trace import Direction, TraceLine
from tests.emulator.hosts import Host

realtime = pytest.mark.realtime

# Direct, lifetime 300 s, coap://183.230.40.40:5683, no block sizes; the endpoint comes after it.
_CONFIG = "000000002C0100001900636F61703A2F2F3138332E3233302E34302E34303A35363833"


def configuration(endpoint: str) -> str:
    name = endpoint.encode()
    config = _CONFIG + len(name).to_bytes(2, "little").hex().upper() + name.hex().upper()
    return f"AT+MIPLCONF={len(config) // 2},{config},1,1"


async def log_in(host: Host, it: Emulator) -> None:
    await host.command(configuration(f"{it.imei};{it.imsi}"))
    await host.command("AT+MIPLADDOBJ=0,3303,0")
    await host.command('AT+MIPLNOTIFY=0,3303,0,5700,4,"20.5",1')
    await host.command("AT+MIPLOPEN=0,30")
    await host.until("+MIPLOPEN:0,1\r\n")
    await host.until("+MIPLOBSERVE:")
    await host.until(",1,3303,0,-1\r\n")


async def get(it: Emulator, path: str) -> dict[str, object]:
    async with (
        aiohttp.ClientSession(headers={"api-key": it.api_key}) as client,
        client.get(f"{it.http_url}{path}") as response,
    ):
        return await response.json()  # type: ignore[no-any-return]


@realtime
async def test_the_module_answers_on_the_port() -> None:
    async with Emulator(baud=None) as it:
        assert stat.S_ISCHR(os.stat(it.port).st_mode)
        with Host(it.port) as host:
            assert await host.command("AT") == "\r\nOK\r\n"
            assert await host.command("AT+CGSN=1") == f"\r\n+CGSN:{it.imei}\r\n\r\nOK\r\n"
            assert await host.command("AT+CIMI") == f"\r\n{it.imsi}\r\n\r\nOK\r\n"


@realtime
async def test_the_port_can_be_opened_again() -> None:
    async with Emulator(baud=None) as it:
        for _ in range(3):
            with Host(it.port) as host:
                assert await host.command("AT") == "\r\nOK\r\n"


@realtime
async def test_a_report_reaches_a_data_point_and_a_read_reaches_the_host() -> None:
    async with Emulator(baud=None, latency=0.001) as it:
        with Host(it.port) as host:
            await log_in(host, it)
            shown = await get(it, f"/devices/{it.device_id}")
            assert shown["data"]["online"] is True  # type: ignore[index]

            await host.command('AT+MIPLNOTIFY=0,3303,0,5700,4,"21.25",1,7')
            await host.until("+MIPLNOTIFY:0,7\r\n")
            points = await get(it, f"/devices/{it.device_id}/datapoints")
            (stream,) = points["data"]["datastreams"]  # type: ignore[index]
            assert (stream["id"], stream["datapoints"][0]["value"]) == ("3303_0_5700", 21.25)

            query = f"imei={it.imei}&obj_id=3303&obj_inst_id=0&res_id=5700"
            answer = asyncio.ensure_future(get(it, f"/nbiot?{query}"))
            await host.until("+MIPLREAD:0,")
            msgid = (await host.until(",3303,0,5700\r\n")).partition(",")[0]
            await host.command(f'AT+MIPLREAD=0,{msgid},3303,0,5700,4,"20.123",1')
            assert await answer == {
                "errno": 0,
                "data": [{"res": [{"val": 20.123, "res_id": 5700}], "obj_inst_id": 0}],
                "error": "succ",
            }


@realtime
async def test_the_end_of_subscription_is_no_business_of_the_host() -> None:
    async with Emulator(baud=None, latency=0.001) as it:
        with Host(it.port) as host:
            await log_in(host, it)
            await get(it, f"/nbiot/resources?imei={it.imei}")
            assert await host.command("AT") == "\r\nOK\r\n"


@realtime
async def test_the_platform_refuses_a_module_that_it_does_not_know() -> None:
    async with Emulator(baud=None, device=False, latency=0.001) as it:
        assert it.device_id is None
        with Host(it.port) as host:
            await host.command(configuration(f"{it.imei};{it.imsi}"))
            await host.command("AT+MIPLADDOBJ=0,3303,0")
            await host.command("AT+MIPLOPEN=0,30")
            await host.until("+MIPLOPEN:0,0\r\n")


@realtime
async def test_bytes_that_come_in_pieces_are_one_command() -> None:
    shown: list[TraceLine] = []
    async with Emulator(baud=None, http=None, trace=shown.append) as it:
        assert it.http_url is None
        with Host(it.port) as host:
            for piece in ("A", "T+C", "SQ"):
                os.write(host._fd, piece.encode())
            await host.command("")
    assert next((line.direction, line.text) for line in shown if not line.urc) == (
        Direction.TO_MODULE,
        "AT+CSQ",
    )
    assert shown[-1].text == "OK"
    assert all(line.at >= 0 for line in shown)


@realtime
async def test_a_line_of_the_trace_has_the_time_of_its_last_byte_on_the_wire() -> None:
    shown: list[TraceLine] = []
    async with Emulator(baud=9600, http=None, trace=shown.append) as it:
        with Host(it.port) as host:
            await host.command("AT+NUESTATS")
    assert [line.text for line in shown][:2] == ["AT+NUESTATS", "Signal power:-666"]
    asked = shown[0].at
    sent = 0
    for line in shown[1:]:
        sent += len(f"\r\n{line.text}\r\n")
        # The line shows when its CR has left; its LF is one byte time behind.
        assert line.at - asked >= (sent - 1) * 10 / 9600 - 1e-3
    assert shown[-1].at - asked < 5.0


@realtime
@pytest.mark.parametrize(("baud", "tells"), [(115_200, 115_200), (19_200, 19_200), (None, 9600)])
async def test_the_module_knows_the_speed_of_its_line(baud: int | None, tells: int) -> None:
    async with Emulator(baud=baud, http=None) as it:
        with Host(it.port) as host:
            assert f"+NATSPEED:{tells},0," in await host.command("AT+NATSPEED?")


@realtime
@pytest.mark.parametrize(("baud", "then"), [(9600, 115200), (None, None)])
async def test_the_line_takes_the_speed_that_the_host_sets(
    baud: int | None, then: int | None
) -> None:
    async with Emulator(baud=baud, http=None) as it:
        with Host(it.port) as host:
            await host.command("AT+NATSPEED=115200,30,1,2,1,0,0")
            assert it.line.baud == then
            assert await host.command("AT") == "\r\nOK\r\n"


@realtime
async def test_the_link_is_there_while_it_runs(tmp_path: Path) -> None:
    link = tmp_path / "m5310"
    async with Emulator(baud=None, http=None, link=link) as it:
        assert it.port == str(link)
        with Host(it.port) as host:
            assert await host.command("AT") == "\r\nOK\r\n"
    assert not link.is_symlink()


@realtime
async def test_what_cannot_be_had_leaves_nothing_open(tmp_path: Path) -> None:
    link = tmp_path / "m5310"
    async with Emulator(baud=None) as first:
        assert first.http_url is not None
        taken = first.http_url.removeprefix("http://")
        second = Emulator(baud=None, http=taken, link=link)
        with pytest.raises(OSError, match=f"HTTP on {taken}: Address already in use"):
            await second.start()
        assert not link.is_symlink()
    link.write_text("a file of somebody")
    with pytest.raises(OSError):
        await Emulator(link=link).start()
    assert link.read_text() == "a file of somebody"


@realtime
async def test_it_is_closed_once(tmp_path: Path) -> None:
    link = tmp_path / "m5310"
    it = Emulator(baud=None, link=link)
    await it.start()
    assert link.is_symlink()
    await it.close()
    await it.close()
    assert not link.is_symlink()


@realtime
async def test_the_timer_is_set_for_what_is_due_and_for_nothing_else() -> None:
    async with Emulator(baud=None, latency=0) as it:
        with Host(it.port) as host:
            await log_in(host, it)
            await host.command("AT")
            assert it._timer is not None
        await it.close()
        assert it._timer is None


@realtime
async def test_two_emulators_have_nothing_in_common() -> None:
    async with Emulator(baud=None) as one, Emulator(baud=None) as other:
        assert one.port != other.port
        assert one.http_url != other.http_url
        assert one.api_key != other.api_key


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"imei": ""}, "imei '': expected"),
        ({"imei": "1" * 18}, "expected 1 to 17"),
        ({"imei": "12;4"}, "imei '12;4'"),
        ({"imsi": "1" * 17}, "expected 1 to 16"),
        ({"baud": 0}, "baud 0: expected"),
        ({"baud": -9600}, "baud -9600: expected"),
        ({"http": "8080"}, "http '8080': expected HOST:PORT"),
        ({"http": ":8080"}, "expected HOST:PORT"),
        ({"http": "localhost:"}, "expected HOST:PORT"),
        ({"http": "localhost:65536"}, "expected HOST:PORT"),
        ({"http": "localhost:x"}, "expected HOST:PORT"),
        ({"api_key": ""}, "api key: expected"),
        ({"api_key": "a\nb"}, "api key: expected"),
        ({"latency": -1}, "latency -1: expected"),
    ],
)
def test_a_parameter_that_is_none_is_refused_at_once(
    parameters: dict[str, object], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        Emulator(**parameters)  # type: ignore[arg-type]


def test_an_address_may_be_of_ipv6() -> None:
    assert Emulator(http="[::1]:8080")._http == ("::1", 8080)


def test_the_package_offers_the_emulator_and_nothing_else() -> None:
    assert package.__all__ == ["Emulator"]
    with pytest.raises(AttributeError, match="has no attribute 'Module'"):
        package.Module  # noqa: B018
