"""The emulator as a whole, with real ports and a real HTTP client."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Literal

import aiohttp
import pytest

import emulator as package
from emulator import ApiError, Cloud, Emulator
from emulator.clock.clocks import VIRTUAL_START, Clock, EagerClock, LoopClock, VirtualClock
from emulator.clock.steered import SteeredClock
from emulator.line.faults import Fault, Rates
from emulator.module.radio.radio import Coverage
from emulator.onenet.years import YEARS
from emulator.recording.trace import Direction, TraceLine
from emulator.simulation.simulation import ACCESS_MACHINE
from tests.support.clock import elapse
from tests.support.free_ports import free_port
from tests.support.hosts import Host, log_in
from tests.support.patience import PATIENCE
from tests.support.peers import peer, until
from tests.support.programs import configuration

realtime = pytest.mark.realtime


async def get(emulator: Emulator, path: str) -> dict[str, object]:
    async with (
        aiohttp.ClientSession(headers={"api-key": emulator.api_key}) as client,
        client.get(f"{emulator.http_url}{path}") as response,
    ):
        return await response.json()  # type: ignore[no-any-return]


@realtime
async def test_module_answers_on_the_port() -> None:
    async with Emulator(baud=None) as emulator:
        assert stat.S_ISCHR(os.stat(emulator.port).st_mode)
        with Host(emulator.port) as host:
            assert await host.command("AT") == "\r\nOK\r\n"
            assert await host.command("AT+CGSN=1") == f"\r\n+CGSN:{emulator.imei}\r\n\r\nOK\r\n"
            assert await host.command("AT+CIMI") == f"\r\n{emulator.imsi}\r\n\r\nOK\r\n"


@realtime
async def test_port_can_be_opened_again() -> None:
    async with Emulator(baud=None) as emulator:
        for _ in range(3):
            with Host(emulator.port) as host:
                assert await host.command("AT") == "\r\nOK\r\n"


@realtime
@pytest.mark.parametrize("air", ["memory", "coap"])
async def test_report_becomes_a_data_point_and_read_reaches_the_host(
    air: Literal["memory", "coap"],
) -> None:
    async with Emulator(baud=None, latency=0.001, air=air) as emulator:
        with Host(emulator.port) as host:
            await log_in(host, emulator)
            shown = await get(emulator, f"/devices/{emulator.device_id}")
            assert shown["data"]["online"] is True  # type: ignore[index]

            await host.command('AT+MIPLNOTIFY=0,3303,0,5700,4,"21.25",1,7')
            await host.until("+MIPLNOTIFY:0,7\r\n")
            points = await get(emulator, f"/devices/{emulator.device_id}/datapoints")
            (stream,) = points["data"]["datastreams"]  # type: ignore[index]
            assert (stream["id"], stream["datapoints"][0]["value"]) == ("3303_0_5700", 21.25)

            query = f"imei={emulator.imei}&obj_id=3303&obj_inst_id=0&res_id=5700"
            answer = asyncio.ensure_future(get(emulator, f"/nbiot?{query}"))
            # The read that ends the subscription may come before.
            lines = await host.until(",3303,0,5700\r\n")
            msgid = lines.rpartition("+MIPLREAD:0,")[2].partition(",")[0]
            await host.command(f'AT+MIPLREAD=0,{msgid},3303,0,5700,4,"20.123",1')
            assert await answer == {
                "errno": 0,
                "data": [{"res": [{"val": 20.123, "res_id": 5700}], "obj_inst_id": 0}],
                "error": "succ",
            }


@realtime
async def test_final_read_of_the_subscription_is_shown_and_answered_by_the_module() -> None:
    async with Emulator(baud=None, latency=0.001) as emulator:
        with Host(emulator.port) as host:
            await log_in(host, emulator)
            shown = await host.until(",3,0,-1\r\n")
            assert "+MIPLDISCOVER:0," in shown
            assert "+MIPLREAD:0," in shown
            assert await host.command("AT") == "\r\nOK\r\n"


@realtime
async def test_platform_without_device_refuses_the_login() -> None:
    async with Emulator(baud=None, device=False, latency=0.001) as emulator:
        assert emulator.device_id is None
        with Host(emulator.port) as host:
            await host.command(configuration(emulator))
            await host.command("AT+MIPLADDOBJ=0,3303,0")
            await host.command("AT+MIPLOPEN=0,30")
            await host.until("+MIPLOPEN:0,0\r\n")


@realtime
async def test_command_in_several_pieces_is_executed_once() -> None:
    shown: list[TraceLine] = []
    async with Emulator(baud=None, http=None, trace=shown.append) as emulator:
        assert emulator.http_url is None
        with Host(emulator.port) as host:
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
async def test_trace_has_the_time_at_which_a_line_was_sent() -> None:
    shown: list[TraceLine] = []
    async with Emulator(baud=9600, http=None, trace=shown.append) as emulator:
        with Host(emulator.port) as host:
            await host.command("AT+NUESTATS")
    assert [line.text for line in shown][:2] == ["AT+NUESTATS", "Signal power:-666"]
    begin = shown[0].at
    sent = 0
    for line in shown[1:]:
        sent += len(f"\r\n{line.text}")  # information lines touch
        # The line shows when its CR has left; its LF is one byte time behind.
        assert line.at - begin >= (sent - 1) * 10 / 9600 - 1e-3
    assert shown[-1].at - begin < 5.0


@realtime
@pytest.mark.parametrize(("baud", "reported"), [(115_200, 115_200), (19_200, 19_200), (None, 9600)])
async def test_module_reports_the_speed_of_its_line(baud: int | None, reported: int) -> None:
    async with Emulator(baud=baud, http=None) as emulator:
        with Host(emulator.port) as host:
            assert f"+NATSPEED:{reported},0," in await host.command("AT+NATSPEED?")


@realtime
@pytest.mark.parametrize(("baud", "expected"), [(9600, 115200), (None, None)])
async def test_line_takes_the_speed_that_the_host_sets(
    baud: int | None, expected: int | None
) -> None:
    async with Emulator(baud=baud, http=None) as emulator:
        with Host(emulator.port) as host:
            await host.command("AT+NATSPEED=115200,30,1,2,1,0,0")
            assert emulator.line.baud == expected
            assert await host.command("AT") == "\r\nOK\r\n"


@realtime
async def test_link_exists_while_the_emulator_runs(tmp_path: Path) -> None:
    link = tmp_path / "m5310"
    async with Emulator(baud=None, http=None, link=link) as emulator:
        assert emulator.port == str(link)
        with Host(emulator.port) as host:
            assert await host.command("AT") == "\r\nOK\r\n"
    assert not link.is_symlink()


@realtime
async def test_failed_start_leaves_nothing_open(tmp_path: Path) -> None:
    link = tmp_path / "m5310"
    async with Emulator(baud=None) as first:
        assert first.http_url is not None
        taken = first.http_url.removeprefix("http://")
        second = Emulator(baud=None, http=taken, link=link)
        with pytest.raises(OSError, match=f"HTTP on {taken}: Address already in use"):
            await second.start()
        assert not link.is_symlink()
    link.write_text("another file")
    with pytest.raises(OSError):
        await Emulator(link=link).start()
    assert link.read_text() == "another file"


@realtime
async def test_second_close_does_nothing(tmp_path: Path) -> None:
    link = tmp_path / "m5310"
    emulator = Emulator(baud=None, link=link)
    await emulator.start()
    assert link.is_symlink()
    await emulator.close()
    await emulator.close()
    assert not link.is_symlink()


@realtime
async def test_second_start_and_port_before_start_raise(tmp_path: Path) -> None:
    emulator = Emulator(baud=None, link=str(tmp_path / "m5310"))
    with pytest.raises(
        RuntimeError, match="no port before it is started: use it inside its `with`"
    ):
        _ = emulator.port
    with pytest.raises(RuntimeError, match="no port before it is started"):
        _ = emulator.boards[0].line
    async with emulator:
        assert emulator.port == str(tmp_path / "m5310")
        with pytest.raises(RuntimeError, match="can be started only once: make another one"):
            await emulator.start()
        with Host(emulator.port) as host:
            assert await host.command("AT") == "\r\nOK\r\n"
    with pytest.raises(RuntimeError, match="can be started only once: make another one"), emulator:
        pass


@realtime
async def test_timer_is_set_until_close() -> None:
    async with Emulator(baud=None, latency=0) as emulator:
        with Host(emulator.port) as host:
            await log_in(host, emulator)
            await host.command("AT")
            assert emulator._scheduler._timer is not None
        await emulator.close()
        assert emulator._scheduler._timer is None


@realtime
async def test_two_emulators_have_different_ports_and_keys() -> None:
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
        ({"api_key": ""}, "api_key: expected"),
        ({"api_key": "a\nb"}, "api_key: expected"),
        ({"push": "http://127.0.0.1/"}, "push, token: expected together"),
        ({"token": "a"}, "push, token: expected together"),
        ({"push": "127.0.0.1", "token": "a"}, "url '127.0.0.1', expected a URL"),
        ({"push": "http://127.0.0.1/", "token": ""}, "token: expected 1 to 128 characters"),
        (
            {"push": "http://127.0.0.1/", "token": "a", "aes_key": "short"},
            "aes_key: expected 43 letters or digits",
        ),
        (
            {"push": "http://a/", "token": "a", "air": "coap", "server": "coap://[::1]"},
            "push: expected without server",
        ),
        ({"latency": -1}, "latency -1: expected"),
        ({"port": "COM3"}, "port 'COM3': expected pty"),
        ({"port": "-", "modules": 2}, "port -: standard input and output are for one module"),
        ({"port": "socket://:0", "link": Path("/tmp/x")}, "only a pty has a path to link to"),
        ({"strict": True, "baud": None}, "strict=True needs baud="),
        ({"quiet": -1.0}, "quiet -1.0: expected"),
        ({"downlink_window": 0.0}, "downlink_window 0.0: expected"),
        ({"firmware": "SP9"}, "firmware 'SP9': expected one of SP1"),
        ({"module": "bc99"}, "module 'bc99': expected one of m5310"),
        ({"module": "bc28", "firmware": "SP1"}, "module and firmware: expected one of them"),
        ({"modules": 0}, "modules 0: expected"),
        ({"coap": "localhost:5683"}, "coap 'localhost:5683': expected an IP address"),
        ({"server": "coap://127.0.0.1"}, "expected together with air='coap'"),
        ({"platform_only": True}, "expected together with air='coap'"),
        ({"air": "coap", "server": "127.0.0.1"}, "server '127.0.0.1': expected coap://HOST:PORT"),
        ({"air": "coap", "server": "coap://192.0.2.1"}, "allow_network=True"),
        (
            {"air": "coap", "server": "coap://[::1]", "platform_only": True},
            "expected without server and record",
        ),
        (
            {"air": "coap", "platform_only": True, "record": print},
            "expected without server and record",
        ),
    ],
)
def test_invalid_parameter_is_refused(parameters: dict[str, object], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Emulator(**parameters)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "speed"),
    [({}, 9600), ({"module": "sim7020"}, 115_200), ({"module": "sim7020", "baud": 9600}, 9600)],
)
def test_line_has_the_speed_of_its_module(options: dict[str, Any], speed: int) -> None:
    emulator = Emulator(**options)
    assert (emulator.baud, emulator.module.baud) == (speed, speed)


# The air by sockets ------------------------------------------------------------------------------


@realtime
async def test_module_logs_in_at_another_emulator_in_virtual_time() -> None:
    """A day passes at once; both ends have the same clock."""
    clock = VirtualClock()
    cloud = Emulator(air="coap", platform_only=True, http=None, clock=clock, coap="[::1]:0")
    async with cloud:
        assert cloud.coap_url is not None
        assert repr(cloud) == f"<Emulator: OneNET at {cloud.coap_url}>"
        with pytest.raises(RuntimeError, match="made with platform_only=True"):
            _ = cloud.module
        shown: list[TraceLine] = []
        module = Emulator(
            baud=None,
            air="coap",
            server=cloud.coap_url,
            style="onenet",
            clock=clock,
            trace=shown.append,
            trace_air=True,
        )
        async with module:
            assert (module.http_url, module.coap_url, module.device_id) == (None, None, None)
            with Host(module.port) as host:
                await host.command(configuration(module))
                await host.command("AT+MIPLADDOBJ=0,3303,0")
                await host.command("AT+MIPLOPEN=0,30")
                clock.advance(5)
                await host.until("+MIPLOPEN:0,1\r\n")
                device = cloud.platform.device_by_imei(module.imei)
                assert device is not None
                assert cloud.platform.online(device)
                clock.advance(86_400)
                assert not cloud.platform.online(device)
        ups = [line.text for line in shown if line.direction is Direction.UP]
        assert "CON POST /rd?ep=865820030013978;460040000000001&b=U&lt=" in ups[0]


@realtime
def test_program_that_blocks_uses_the_air_by_sockets() -> None:
    blocks: list[bytes] = []
    with Emulator(baud=None, air="coap", platform_only=True, capture=blocks.append) as emulator:
        assert str(emulator.coap_url).startswith("coap://127.0.0.1:")
        emulator.air.faults.loss = 1.0
        assert emulator.air.faults.loss == 1.0
    assert blocks[0].startswith(bytes.fromhex("0a0d0d0a"))  # a pcapng section header


# One clock ----------------------------------------------------------------------------------------


COMMANDS = ((0.0, "AT+CSQ"), (1.0, "AT+CEREG=2"), (2.0, "AT+NRB"), (9.0, "AT+CCLK?"))


async def play(
    clock: Clock,
    wait: Callable[[float], Awaitable[None]],
    *,
    faults: Rates = Rates(),  # noqa: B008 - frozen
    loss: float = 0.0,
    commands: tuple[tuple[float, str], ...] = COMMANDS,
) -> list[str]:
    """The trace when `commands` are received at their times, on any clock."""
    shown: list[str] = []

    def show(line: TraceLine) -> None:
        note = line.direction is Direction.NOTE
        if not note or line.text.startswith("to the "):  # an effect of a fault
            shown.append(f"{line.at:.2f} {line.direction.value} {line.text}")

    port = "socket://127.0.0.1:0"
    emulator = Emulator(http=None, clock=clock, port=port, trace=show, faults=faults, seed=3)
    emulator.air.faults.loss = loss
    async with emulator:
        begin = emulator.now()
        for at, line in commands:
            await wait(begin + at - emulator.now())
            emulator.line._on_port_data(line.encode() + b"\r")
        await wait(begin + commands[-1][0] + 6 - emulator.now())
    return shown


def without_date(shown: list[str]) -> list[str]:
    return [line for line in shown if "+CCLK:" not in line]


async def real_speed(seconds: float) -> None:
    await elapse(max(seconds, 0))


async def speed_60(seconds: float) -> None:
    await elapse(max(seconds / 60, 0))


def steered_in_steps(clock: SteeredClock) -> Callable[[float], Awaitable[None]]:
    """Advances a paused clock, with other speeds and pauses in between."""

    async def wait(seconds: float) -> None:
        end = clock.now() + max(seconds, 0)
        clock.pause()
        await clock.advance(max(seconds, 0) / 3)
        clock.resume()
        clock.set_speed(7)
        await elapse(max(seconds, 0) / 30)
        clock.pause()
        await elapse(1)
        await clock.advance(max(end - clock.now(), 0))

    return wait


async def test_all_clocks_give_the_same_trace() -> None:
    virtual = VirtualClock()

    async def advance(seconds: float) -> None:
        virtual.advance(max(seconds, 0))

    shown = without_date(await play(virtual, advance))
    assert len(shown) > 8
    assert "0.01 --> AT+CSQ" in shown
    assert without_date(await play(LoopClock(), real_speed)) == shown
    assert without_date(await play(LoopClock(speed=60), speed_60)) == shown
    assert without_date(await play(SteeredClock(speed=60), speed_60)) == shown
    steered = SteeredClock()
    assert without_date(await play(steered, steered_in_steps(steered))) == shown


async def test_all_clocks_give_the_same_trace_with_faults() -> None:
    emulator = Emulator()
    report = 'AT+MIPLNOTIFY=0,3303,0,5700,4,"20.5",1'
    login = (
        configuration(emulator),
        "AT+MIPLADDOBJ=0,3303,0",
        report,
        "AT+MIPLOPEN=0,30",
    )
    commands = (
        # Twice, since a fault may corrupt a line.
        *((5.0 * count, line) for count, line in enumerate(login * 2)),
        *((40.0 + 5 * ackid, f"{report},{ackid}") for ackid in range(1, 30)),
        *((200.0 + 5 * count, "AT+NPING=192.0.2.1") for count in range(5)),
    )
    faults = Rates(loss=0.001, double=0.001, corrupt=0.001, delay=0.001, garbage=0.001)
    virtual = VirtualClock()

    async def advance(seconds: float) -> None:
        virtual.advance(max(seconds, 0))

    shown = await play(virtual, advance, faults=faults, loss=0.3, commands=commands)
    faulty = [line for line in shown if "***" in line]
    acknowledged = [line for line in shown if "<-- +MIPLNOTIFY" in line]
    assert len(faulty) > 5
    assert len(acknowledged) > 10
    assert await play(LoopClock(), real_speed, faults=faults, loss=0.3, commands=commands) == shown
    fast = LoopClock(speed=60)
    assert await play(fast, speed_60, faults=faults, loss=0.3, commands=commands) == shown
    steered = SteeredClock()
    steps = steered_in_steps(steered)
    assert await play(steered, steps, faults=faults, loss=0.3, commands=commands) == shown


@realtime
async def test_datagrams_without_an_end_do_not_hold_an_advanced_clock() -> None:
    """A program may send faster than they are read; here it is an end that sends to itself."""
    clock = SteeredClock()
    async with Emulator(
        port="socket://127.0.0.1:0", air="coap", latency=0, clock=clock
    ) as emulator:
        air, begin = emulator.air, emulator.now()

        def deliver(source: str, datagram: bytes, now: float) -> None:
            air.send(source, source, datagram, now)

        def begin_to_send() -> None:
            air.send(address, address, b"x", clock.now())
            emulator.settle()

        address = air.attach("127.0.0.1:0", deliver)
        clock.call_at(begin + 1, begin_to_send)
        clock.call_at(begin + 3600, lambda: None)
        task = asyncio.ensure_future(clock.advance(7200))
        await until(lambda: air.carried > 1000)
        assert (await get(emulator, "/devices"))["errno"] == 0
        assert clock.now() < begin + 3600
        air.detach(address)
        assert await task
        assert clock.now() >= begin + 7200


async def test_eager_clock_stands_still_after_close() -> None:
    clock = EagerClock()
    async with Emulator(port="socket://127.0.0.1:0", http=None, clock=clock) as emulator:
        emulator.air.send(ACCESS_MACHINE, "100.64.0.1:56830", b"", emulator.now())
    clock.call_at(clock.now() + 1, lambda: None)
    await asyncio.sleep(0)
    assert clock.now() == VIRTUAL_START


@realtime
async def test_lifetime_expires_by_the_virtual_clock() -> None:
    clock = VirtualClock()
    async with Emulator(baud=None, clock=clock, latency=0.1) as emulator:
        device = emulator.platform.device_by_imei(emulator.imei)
        assert device is not None
        with Host(emulator.port) as host:
            await host.command(configuration(emulator))
            await host.command("AT+MIPLADDOBJ=0,3303,0")
            await host.command('AT+MIPLNOTIFY=0,3303,0,5700,4,"20.5",1')
            await host.command("AT+MIPLOPEN=0,30")
            clock.advance(5)
            await host.until("+MIPLOPEN:0,1\r\n")
            assert emulator.platform.online(device)
            clock.advance(290)
            assert emulator.platform.online(device)
            clock.advance(10)
            assert not emulator.platform.online(device)


# Several modules ----------------------------------------------------------------------------------


@realtime
async def test_several_modules_have_own_ports_and_one_cloud(tmp_path: Path) -> None:
    shown: list[TraceLine] = []
    link = tmp_path / "m5310"
    async with Emulator(baud=None, modules=3, link=link, trace=shown.append) as emulator:
        ports = [board.line.port for board in emulator.boards]
        assert ports == [f"{link}-1", f"{link}-2", f"{link}-3"]
        assert (emulator.port, emulator.imei) == (ports[0], emulator.boards[0].module.identity.imei)
        for place, board in enumerate(emulator.boards):
            with Host(board.line.port) as host:
                imei = str(int(emulator.imei) + place)
                assert await host.command("AT+CGSN=1") == f"\r\n+CGSN:{imei}\r\n\r\nOK\r\n"
            shown_device = await get(emulator, f"/devices/{board.device_id}")
            assert shown_device["errno"] == 0
    assert [line.module for line in shown if line.text == "AT+CGSN=1"] == [1, 2, 3]
    assert os.listdir(tmp_path) == []


@realtime
async def test_failed_start_of_one_module_leaves_nothing_open() -> None:
    first = free_port(socket.SOCK_STREAM, ports=2)
    number = first + 1
    with socket.create_server(("127.0.0.1", number)):
        emulator = Emulator(port=f"socket://:{first}", modules=2, http=None)
        with pytest.raises(OSError, match=f"socket://127.0.0.1:{number}: Address already in use"):
            await emulator.start()


# The line -----------------------------------------------------------------------------------------


@realtime
@pytest.mark.parametrize("port", ["socket://127.0.0.1:0", "rfc2217://127.0.0.1:0"])
async def test_module_answers_over_tcp(port: str) -> None:
    async with Emulator(baud=None, http=None, port=port) as emulator, peer(emulator.port) as host:
        await host.send(b"AT+CGSN=1\r")
        await host.reads(f"+CGSN:{emulator.imei}\r\n\r\nOK\r\n".encode())
        assert emulator.line.received == len("AT+CGSN=1\r")


@realtime
@pytest.mark.parametrize("lost", [False, True])
async def test_early_command_is_noted_and_lost_if_hasty_lost(lost: bool) -> None:
    clock = VirtualClock()
    shown: list[TraceLine] = []
    early = Emulator(
        baud=None, http=None, clock=clock, quiet=0.02, hasty_lost=lost, trace=shown.append
    )
    async with early as emulator:
        with Host(emulator.port) as host:
            await host.command("AT")
            clock.advance(0.005)
            host.send("AT+CSQ")
            await until(lambda: emulator.line.received == 10)
            clock.advance(0.02)
            await host.command("ATI")
    assert emulator.too_soon == 1
    (note,) = [line.text for line in shown if line.direction is Direction.NOTE]
    expected = "the next command came 5.0 ms after the final result, the module needs 20 ms"
    assert note == expected + (", and is lost" if lost else "")
    assert ("AT+CSQ" in [line.text for line in shown]) is not lost


@realtime
@pytest.mark.parametrize("slow", ["AT+CFUN=0", "AT+COPS=?"])
async def test_command_before_a_delayed_answer_is_noted(slow: str) -> None:
    clock = VirtualClock()
    shown: list[str] = []
    early = Emulator(http=None, clock=clock, trace=lambda line: shown.append(line.text))
    async with early as emulator:
        emulator.line._on_port_data(slow.encode() + b"\r\n")
        clock.advance(0.5)
        assert emulator.too_soon == 0
        emulator.line._on_port_data(b"AT+CSQ\r\n")
        clock.advance(30)
        assert emulator.too_soon == 1
        emulator.line._on_port_data(b"AT\r\n")
        clock.advance(1)
    assert emulator.too_soon == 1
    (note,) = [text for text in shown if "the next command" in text]
    assert note.startswith("the next command came before the end of the final result")


@realtime
async def test_unpaced_line_has_no_quiet_time() -> None:
    async with Emulator(baud=None, http=None) as emulator:
        with Host(emulator.port) as host:
            for _ in range(5):
                await host.command("AT")
        assert emulator.too_soon == 0


@realtime
async def test_faults_of_the_line_follow_from_the_seed() -> None:
    async def session() -> tuple[list[str], int]:
        clock = VirtualClock()
        shown: list[TraceLine] = []
        faults = Rates(loss=0.05, corrupt=0.05)
        bad = Emulator(http=None, clock=clock, faults=faults, seed=11, trace=shown.append)
        async with bad as emulator:
            for _ in range(20):
                emulator.line._on_port_data(b"AT+CSQ\r")
                clock.advance(1)
            met = emulator.line.faults.to_module.met[Fault.LOSS]
        return [str(line) for line in shown], met

    shown, met = await session()
    assert met > 0
    assert any("faults on 7 bytes: loss 1" in line for line in shown)
    assert any("ERROR" in line for line in shown)
    assert await session() == (shown, met)


@realtime
async def test_direct_change_of_coverage_is_reported_to_the_host() -> None:
    async with Emulator(baud=None, http=None) as emulator, asyncio.timeout(PATIENCE):
        with Host(emulator.port) as host:
            await host.command("AT+CEREG=1")
            emulator.module.radio.coverage = Coverage.OUT
            emulator.module.radio.coverage = Coverage.OUT
            await host.until("\r\n+CEREG:2\r\n")
            assert await host.command("AT+CSQ") == "\r\n+CSQ:99,99\r\n\r\nOK\r\n"


@realtime
async def test_firmware_that_overruns_has_a_small_buffer() -> None:
    for overrunning in (Emulator(http=None, overruns=True), Emulator(http=None, firmware="SP1")):
        async with overrunning as emulator:
            assert emulator.line.receive_buffer.size == 128
    for patient in (Emulator(http=None), Emulator(http=None, firmware="SP1", baud=None)):
        async with patient as emulator:
            assert emulator.line.receive_buffer.size is None


@realtime
async def test_firmware_decides_the_form_of_urcs_unless_overridden() -> None:
    async def announced(emulator: Emulator) -> str:
        async with emulator:
            with Host(emulator.port) as host:
                await log_in(host, emulator)
                path = f"/nbiot?imei={emulator.imei}&obj_id=3303&obj_inst_id=0&mode=2"
                async with aiohttp.ClientSession(headers={"api-key": emulator.api_key}) as client:
                    body = {"data": [{"res_id": 5700, "val": 3.5}]}
                    written = asyncio.ensure_future(
                        client.post(f"{emulator.http_url}{path}", json=body)
                    )
                    await host.until("+MIPLWRITE:0,")
                    msgid, _, rest = (await host.until("\r\n")).strip().partition(",")
                    await host.command(f"AT+MIPLWRITE=0,{msgid},1")
                    async with await written as response:
                        assert (await response.json())["errno"] == 0
                    return rest

    # Typed: type 4 float, four bytes, and the flag and index of a single resource.
    typed, bare = "3303,0,5700,4,4,3.5,0,0", "3303,0,5700,3.5"
    assert await announced(Emulator(baud=None, latency=0.001, firmware="SP5")) == typed
    later_as_older = Emulator(baud=None, latency=0.001, firmware="SP5", typed_urcs=False)
    assert await announced(later_as_older) == bare
    older_as_later = Emulator(baud=None, latency=0.001, typed_urcs=True)
    assert await announced(older_as_later) == typed


@realtime
async def test_old_firmware_loses_an_early_command() -> None:
    clock = VirtualClock()
    shown: list[str] = []
    old = Emulator(
        http=None, firmware="SP1", clock=clock, trace=lambda line: shown.append(line.text)
    )
    async with old as emulator:
        emulator.line._on_port_data(b"AT\r")
        clock.advance(0.01)  # both ways: 3 bytes and 6 at 9600 baud
        emulator.line._on_port_data(b"AT+CSQ\r")
        clock.advance(0.5)
    assert emulator.too_soon == 1
    assert "AT" in shown
    assert "AT+CSQ" not in shown


@realtime
async def test_boot_noise_precedes_the_boot_text() -> None:
    async def boot(*, noise: bool) -> str:
        clock = VirtualClock()
        async with Emulator(baud=None, http=None, clock=clock, boot_noise=noise) as emulator:
            with Host(emulator.port) as host:
                host.send("AT+NRB")
                await host.until("REBOOTING\r\n")
                clock.advance(10)
                await until(lambda: host.seen.endswith(b"M5310\r\nOK\r\n"))
                return host.seen.decode("latin-1")

    clean = await boot(noise=False)
    assert clean == "\r\nREBOOT_CAUSE_APPLICATION_AT\r\nM5310\r\nOK\r\n"
    noisy = await boot(noise=True)
    assert len(noisy) > len(clean)
    assert noisy.endswith(clean)


@realtime
async def test_cold_start_boots_and_then_searches_for_the_network() -> None:
    clock = VirtualClock()
    async with Emulator(baud=None, http=None, clock=clock, cold=True, modules=2) as emulator:
        radios = [board.module.radio for board in emulator.boards]
        with Host(emulator.port) as host:
            clock.advance(5)
            await host.until("POWER_ON_RESET\r\nM5310\r\nOK\r\n")
        assert not any(radio.registered for radio in radios)
        clock.advance(5)
        assert all(radio.registered for radio in radios)


# The internet -------------------------------------------------------------------------------------


@realtime
async def test_datagram_is_sent_and_answer_is_received() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer_socket:
        peer_socket.bind(("127.0.0.1", 0))
        peer_socket.settimeout(PATIENCE)
        number = peer_socket.getsockname()[1]
        async with Emulator(baud=None, http=None) as emulator:
            with Host(emulator.port) as host:
                await host.command('AT+NSOCR="DGRAM",17,0,1')
                await host.command(f"AT+NSOST=0,127.0.0.1,{number},5,68656C6C6F")
                data, origin = peer_socket.recvfrom(100)
                assert data == b"hello"
                peer_socket.sendto(b"world", origin)
                await host.until("\r\n+NSONMI:0,5\r\n")
                answer = await host.command("AT+NSORF=0,100")
                assert f"0,127.0.0.1,{number},5,776F726C64,0" in answer
                await host.command("AT+NSOCL=0")
                assert emulator.boards[0].internet.sockets == {}


@realtime
async def test_datagram_to_another_machine_is_dropped() -> None:
    shown: list[TraceLine] = []
    async with Emulator(baud=None, http=None, trace=shown.append) as emulator:
        with Host(emulator.port) as host:
            await host.command('AT+NSOCR="DGRAM",17,0,1')
            await host.command("AT+NSOST=0,192.0.2.1,5683,1,00")
    assert any("192.0.2.1:5683 dropped: --allow-network" in line.text for line in shown)


def test_http_address_may_be_ipv6() -> None:
    assert Emulator(http="[::1]:8080")._applications.http == ("::1", 8080)


def test_public_names() -> None:
    assert package.__all__ == [
        "ApiError",
        "Cloud",
        "Coverage",
        "EagerClock",
        "Emulator",
        "Firmware",
        "Journal",
        "LoopClock",
        "Rates",
        "Sim",
        "SteeredClock",
        "VirtualClock",
        "within",
    ]
    for name in package.__all__:
        assert getattr(package, name).__name__ == name
    assert package.VirtualClock is VirtualClock
    with pytest.raises(AttributeError, match="has no attribute 'Module'"):
        package.Module  # noqa: B018


@realtime
async def test_settle_before_start_and_after_close_does_nothing() -> None:
    emulator = Emulator(baud=None, http=None)
    emulator.settle()
    emulator.module.radio.coverage = Coverage.OUT
    emulator.settle()
    async with emulator:
        emulator.settle()
        assert emulator.module.radio.coverage is Coverage.OUT
    emulator.settle()


@realtime
async def test_request_after_close_finds_the_device_offline() -> None:
    async with Emulator(baud=None, http=None, latency=0.001) as emulator:
        cloud = Cloud(emulator)
        with Host(emulator.port) as host:
            await log_in(host, emulator)
            reading = cloud.start_read("3303/0/5700")
    with pytest.raises(ApiError, match="unsuccess: OFFLINE"):
        reading.result(0)
    with pytest.raises(ApiError, match="device not online"):
        cloud.start_read("3303/0/5700")


@realtime
@pytest.mark.parametrize(
    ("addresses", "accepted"),
    [
        ((), 0),
        (("192.0.2.7:5683",), 1),
        (("coap://192.0.2.7:5683", "192.0.2.8:1"), 1),
        (("192.0.2.7:5684",), 0),
    ],
)
async def test_login_at_another_address_needs_platform_addresses(
    addresses: tuple[str, ...], accepted: int
) -> None:
    clock = VirtualClock()
    async with Emulator(
        baud=None, http=None, clock=clock, platform_addresses=addresses
    ) as emulator:
        with Host(emulator.port) as host:
            blob = bytes.fromhex("000000002C010000")
            for text in ("coap://192.0.2.7:5683", f"{emulator.imei};{emulator.imsi}"):
                blob += len(text).to_bytes(2, "little") + text.encode()
            await host.command(f"AT+MIPLCONF={len(blob)},{blob.hex().upper()},1,1")
            await host.command("AT+MIPLADDOBJ=0,3303,0")
            await host.command("AT+MIPLOPEN=0,15")
            clock.advance(14)
            clock.advance(2)
            await host.until(f"+MIPLOPEN:0,{accepted}\r\n")


@realtime
@pytest.mark.parametrize("strict", [False, True])
async def test_doubtful_line_is_noted_and_refused_if_the_host_is_held_to_it(strict: bool) -> None:
    shown: list[TraceLine] = []
    async with Emulator(baud=None, http=None, trace=shown.append, strict_host=strict) as emulator:
        with Host(emulator.port) as host:
            await host.command(configuration(emulator))
            await host.command("AT+MIPLADDOBJ=0,3306,0")
            host.send('AT+MIPLNOTIFY=0,3306,0,5850,5,"4",1')
            await host.until("\r\nERROR\r\n" if strict else "\r\nOK\r\n")
    assert any(line.text.startswith('doubtful: "4" is no boolean') for line in shown)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"year": 2020}, "year 2020: expected 2018 or 2019"),
        ({"platform_addresses": ("host",)}, "platform_addresses 'host': expected HOST:PORT"),
        ({"allow_hosts": ["a:80"]}, "allow_hosts 'a:80': expected the name of a host"),
        ({"allow_hosts": ["http://a"]}, "allow_hosts 'http://a': expected the name of a host"),
    ],
)
def test_wrong_platform_is_refused(parameters: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Emulator(**parameters)  # type: ignore[arg-type]


@realtime
@pytest.mark.parametrize(("year", "errno"), [(None, 10), (2018, 10), (2019, 2001)])
async def test_year_decides_the_errors_of_the_api(year: int | None, errno: int) -> None:
    given = {} if year is None else {"year": year}
    async with Emulator(baud=None, **given) as emulator:  # type: ignore[arg-type]
        refused = await get(emulator, f"/nbiot?imei={emulator.imei}&obj_id=3303")
        assert refused["errno"] == errno
        assert (await get(emulator, "/devices/1"))["errno"] == 3  # in each year


def test_downlink_window_is_of_each_module() -> None:
    for given, expected in (({}, 60.0), ({"downlink_window": None}, None)):
        boards = Emulator(http=None, modules=2, **given).boards  # type: ignore[arg-type]
        assert [board.module.downlink_window for board in boards] == [expected] * 2


def test_year_decides_the_order_and_the_repeats() -> None:
    for year in (2018, 2019):
        requests = Emulator(http=None, year=year).platform.server.requests
        assert requests._retry == YEARS[year].retry


@pytest.mark.realtime
async def test_api_is_served_under_the_allowed_names_only() -> None:
    async with Emulator(baud=None, allow_hosts=["emulator.test"]) as it:
        headers = {"api-key": it.api_key}
        async with aiohttp.ClientSession(headers=headers) as client:
            for name, errno in (("emulator.test:8080", 0), ("other.test", 3)):
                url = f"{it.http_url}/devices/{it.device_id}"
                async with client.get(url, headers={"Host": name}) as response:
                    assert (await response.json())["errno"] == errno
