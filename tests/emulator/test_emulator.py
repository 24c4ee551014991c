"""The emulator as a whole: a real pty, a real HTTP client, and the module between them."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest

import emulator as package
from emulator import Emulator
from emulator.clock.clocks import Clock, LoopClock, VirtualClock
from emulator.line.faults import Fault, Rates
from emulator.module.radio.radio import Coverage
from emulator.recording.trace import Direction, TraceLine
from tests.support.clock import elapse
from tests.support.hosts import Host, log_in
from tests.support.peers import peer, until
from tests.support.programs import configuration

realtime = pytest.mark.realtime


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
            await host.command(configuration(it))
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
async def test_it_is_started_once_and_has_a_port_from_then_on(tmp_path: Path) -> None:
    it = Emulator(baud=None, link=str(tmp_path / "m5310"))
    with pytest.raises(
        RuntimeError, match="no port before it is started: use it inside its `with`"
    ):
        _ = it.port
    async with it:
        assert it.port == str(tmp_path / "m5310")
        with pytest.raises(RuntimeError, match="can be started only once: make another one"):
            await it.start()
        with Host(it.port) as host:
            assert await host.command("AT") == "\r\nOK\r\n"
    with pytest.raises(RuntimeError, match="can be started only once: make another one"), it:
        pass


@realtime
async def test_the_timer_is_set_for_what_is_due_and_for_nothing_else() -> None:
    async with Emulator(baud=None, latency=0) as it:
        with Host(it.port) as host:
            await log_in(host, it)
            await host.command("AT")
            assert it._scheduler._timer is not None
        await it.close()
        assert it._scheduler._timer is None


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
        ({"api_key": ""}, "api_key: expected"),
        ({"api_key": "a\nb"}, "api_key: expected"),
        ({"latency": -1}, "latency -1: expected"),
        ({"port": "COM3"}, "port 'COM3': expected pty"),
        ({"port": "-", "modules": 2}, "port -: standard input and output are for one module"),
        ({"port": "socket://:0", "link": Path("/tmp/x")}, "only a pty has a path to link to"),
        ({"strict": True, "baud": None}, "strict=True needs baud="),
        ({"quiet": -1.0}, "quiet -1.0: expected"),
        ({"firmware": "SP9"}, "firmware 'SP9': expected one of SP1"),
        ({"modules": 0}, "modules 0: expected"),
    ],
)
def test_a_parameter_that_is_none_is_refused_at_once(
    parameters: dict[str, object], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        Emulator(**parameters)  # type: ignore[arg-type]


# One clock ----------------------------------------------------------------------------------------


class Session:
    """A foreign host's session over time: what it sends when, and what it got."""

    SAID = ((0.0, "AT+CSQ"), (1.0, "AT+CEREG=2"), (2.0, "AT+NRB"), (9.0, "AT+CCLK?"))

    def __init__(self, clock: Clock, faults: Rates) -> None:
        self.shown: list[str] = []
        self.it = Emulator(
            http=None,
            clock=clock,
            port="socket://127.0.0.1:0",
            trace=self._show,
            faults=faults,
            seed=3,
        )

    def _show(self, line: TraceLine) -> None:
        note = line.direction is Direction.NOTE
        if not note or line.text.startswith("to the "):  # what a fault did
            self.shown.append(f"{line.at:.2f} {line.direction.value} {line.text}")


async def play(
    clock: Clock,
    wait: Callable[[float], Awaitable[None]],
    *,
    faults: Rates = Rates(),  # noqa: B008 - frozen
    air: float = 0.0,
    said: tuple[tuple[float, str], ...] = Session.SAID,
) -> list[str]:
    """The session with the bytes put on the line at their times, on any clock."""
    session = Session(clock, faults)
    session.it.air.loss = air
    async with session.it as it:
        begin = it.now()
        for at, line in said:
            await wait(begin + at - it.now())
            it.line._on_port_data(line.encode() + b"\r")
        await wait(begin + said[-1][0] + 6 - it.now())
    return session.shown


def without_the_date(shown: list[str]) -> list[str]:
    return [line for line in shown if "+CCLK:" not in line]


async def pass_by(seconds: float) -> None:
    await elapse(max(seconds, 0))


async def pass_faster(seconds: float) -> None:
    await elapse(max(seconds / 60, 0))


async def test_by_hand_or_by_itself_the_clock_makes_no_difference() -> None:
    by_hand = VirtualClock()

    async def advance(seconds: float) -> None:
        by_hand.advance(max(seconds, 0))

    shown = await play(by_hand, advance)
    assert len(shown) > 8
    assert "0.01 --> AT+CSQ" in shown
    assert without_the_date(await play(LoopClock(), pass_by)) == without_the_date(shown)
    assert without_the_date(await play(LoopClock(speed=60), pass_faster)) == without_the_date(shown)


async def test_nor_does_it_where_cable_and_air_are_bad() -> None:
    it = Emulator()
    report = 'AT+MIPLNOTIFY=0,3303,0,5700,4,"20.5",1'
    login = (
        configuration(it),
        "AT+MIPLADDOBJ=0,3303,0",
        report,
        "AT+MIPLOPEN=0,30",
    )
    said = (
        *((5.0 * count, line) for count, line in enumerate(login * 2)),  # one may be spoilt
        *((40.0 + 5 * ackid, f"{report},{ackid}") for ackid in range(1, 30)),
        *((200.0 + 5 * count, "AT+NPING=192.0.2.1") for count in range(5)),
    )
    faults = Rates(loss=0.001, double=0.001, corrupt=0.001, delay=0.001, garbage=0.001)
    by_hand = VirtualClock()

    async def advance(seconds: float) -> None:
        by_hand.advance(max(seconds, 0))

    shown = await play(by_hand, advance, faults=faults, air=0.3, said=said)
    met = [line for line in shown if "***" in line]
    acknowledged = [line for line in shown if "<-- +MIPLNOTIFY" in line]
    assert len(met) > 5
    assert len(acknowledged) > 10
    assert await play(LoopClock(), pass_by, faults=faults, air=0.3, said=said) == shown
    fast = LoopClock(speed=60)
    assert await play(fast, pass_faster, faults=faults, air=0.3, said=said) == shown


@realtime
async def test_a_lifetime_expires_when_the_test_says_so() -> None:
    clock = VirtualClock()
    async with Emulator(baud=None, clock=clock, latency=0.1) as it:
        device = it.platform.device_by_imei(it.imei)
        assert device is not None
        with Host(it.port) as host:
            await host.command(configuration(it))
            await host.command("AT+MIPLADDOBJ=0,3303,0")
            await host.command('AT+MIPLNOTIFY=0,3303,0,5700,4,"20.5",1')
            await host.command("AT+MIPLOPEN=0,30")
            clock.advance(5)
            await host.until("+MIPLOPEN:0,1\r\n")
            assert it.platform.online(device)
            clock.advance(290)
            assert it.platform.online(device)
            clock.advance(10)
            assert not it.platform.online(device)


# Several modules ----------------------------------------------------------------------------------


@realtime
async def test_several_modules_have_ports_numbers_and_one_cloud(tmp_path: Path) -> None:
    shown: list[TraceLine] = []
    link = tmp_path / "m5310"
    async with Emulator(baud=None, modules=3, link=link, trace=shown.append) as it:
        ports = [board.line.port for board in it.boards]
        assert ports == [f"{link}-1", f"{link}-2", f"{link}-3"]
        assert (it.port, it.imei) == (ports[0], it.boards[0].module.identity.imei)
        for place, board in enumerate(it.boards):
            with Host(board.line.port) as host:
                imei = str(int(it.imei) + place)
                assert await host.command("AT+CGSN=1") == f"\r\n+CGSN:{imei}\r\n\r\nOK\r\n"
            shown_device = await get(it, f"/devices/{board.device_id}")
            assert shown_device["errno"] == 0
    assert [line.module for line in shown if line.text == "AT+CGSN=1"] == [1, 2, 3]
    assert os.listdir(tmp_path) == []


@realtime
async def test_what_one_of_several_cannot_have_leaves_nothing_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        it = Emulator(port=f"socket://:{number - 1}", modules=2, http=None)
        with pytest.raises(OSError, match=f"socket://127.0.0.1:{number}: Address already in use"):
            await it.start()


# The line -----------------------------------------------------------------------------------------


@realtime
@pytest.mark.parametrize("port", ["socket://127.0.0.1:0", "rfc2217://127.0.0.1:0"])
async def test_the_module_answers_on_the_network(port: str) -> None:
    async with Emulator(baud=None, http=None, port=port) as it, peer(it.port) as host:
        await host.send(b"AT+CGSN=1\r")
        await host.reads(f"+CGSN:{it.imei}\r\n\r\nOK\r\n".encode())
        assert it.line.received == len("AT+CGSN=1\r")


@realtime
@pytest.mark.parametrize("lost", [False, True])
async def test_a_hasty_host_is_reported_and_where_told_not_heard(lost: bool) -> None:
    clock = VirtualClock()
    shown: list[TraceLine] = []
    hasty = Emulator(
        baud=None, http=None, clock=clock, quiet=0.02, hasty_lost=lost, trace=shown.append
    )
    async with hasty as it:
        with Host(it.port) as host:
            await host.command("AT")
            clock.advance(0.005)
            host.send("AT+CSQ")
            await until(lambda: it.line.received == 10)
            clock.advance(0.02)
            await host.command("ATI")
    assert it.too_soon == 1
    (note,) = [line.text for line in shown if line.direction is Direction.NOTE]
    told = "the next command came 5.0 ms after the final result, the module needs 20 ms"
    assert note == told + (", and is lost" if lost else "")
    assert ("AT+CSQ" in [line.text for line in shown]) is not lost


@realtime
async def test_a_patient_host_on_a_fast_line_is_not_reported() -> None:
    async with Emulator(baud=None, http=None) as it:
        with Host(it.port) as host:
            for _ in range(5):
                await host.command("AT")
        assert it.too_soon == 0


@realtime
async def test_a_bad_cable_is_bad_and_the_same_each_time() -> None:
    async def session() -> tuple[list[str], int]:
        clock = VirtualClock()
        shown: list[TraceLine] = []
        faults = Rates(loss=0.05, corrupt=0.05)
        bad = Emulator(http=None, clock=clock, faults=faults, seed=11, trace=shown.append)
        async with bad as it:
            for _ in range(20):
                it.line._on_port_data(b"AT+CSQ\r")
                clock.advance(1)
            met = it.line.faults.to_module.met[Fault.LOSS]
        return [str(line) for line in shown], met

    shown, met = await session()
    assert met > 0
    assert any("faults on 7 bytes: loss 1" in line for line in shown)
    assert any("ERROR" in line for line in shown)
    assert await session() == (shown, met)


@realtime
async def test_what_a_test_does_to_the_module_is_told_to_the_host_without_more() -> None:
    async with Emulator(baud=None, http=None) as it, asyncio.timeout(10):
        with Host(it.port) as host:
            await host.command("AT+CEREG=1")
            it.module.radio.coverage = Coverage.OUT
            it.module.radio.coverage = Coverage.OUT
            await host.until("\r\n+CEREG:2\r\n")
            assert await host.command("AT+CSQ") == "\r\n+CSQ:99,99\r\n\r\nOK\r\n"


@realtime
async def test_firmware_that_overruns_has_a_small_buffer() -> None:
    for overrunning in (Emulator(http=None, overruns=True), Emulator(http=None, firmware="SP1")):
        async with overrunning as it:
            assert it.line.receive_buffer.size == 128
    for patient in (Emulator(http=None), Emulator(http=None, firmware="SP1", baud=None)):
        async with patient as it:
            assert it.line.receive_buffer.size is None


@realtime
async def test_the_firmware_decides_what_the_host_sees_unless_told_otherwise() -> None:
    async def announced(it: Emulator) -> str:
        async with it:
            with Host(it.port) as host:
                await log_in(host, it)
                path = f"/nbiot?imei={it.imei}&obj_id=3303&obj_inst_id=0&mode=2"
                async with aiohttp.ClientSession(headers={"api-key": it.api_key}) as client:
                    body = {"data": [{"res_id": 5700, "val": 3.5}]}
                    written = asyncio.ensure_future(client.post(f"{it.http_url}{path}", json=body))
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
async def test_old_firmware_does_not_hear_a_hasty_host() -> None:
    clock = VirtualClock()
    shown: list[str] = []
    old = Emulator(
        http=None, firmware="SP1", clock=clock, trace=lambda line: shown.append(line.text)
    )
    async with old as it:
        it.line._on_port_data(b"AT\r")
        clock.advance(0.01)  # both ways: 3 bytes and 6 at 9600 baud
        it.line._on_port_data(b"AT+CSQ\r")
        clock.advance(0.5)
    assert it.too_soon == 1
    assert "AT" in shown
    assert "AT+CSQ" not in shown


@realtime
async def test_a_start_may_begin_with_the_words_of_the_boot_rom() -> None:
    async def boot(*, noise: bool) -> str:
        clock = VirtualClock()
        async with Emulator(baud=None, http=None, clock=clock, boot_noise=noise) as it:
            with Host(it.port) as host:
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


# The internet -------------------------------------------------------------------------------------


@realtime
async def test_a_datagram_of_the_module_is_a_datagram_and_so_is_its_answer() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far:
        far.bind(("127.0.0.1", 0))
        far.settimeout(5)
        number = far.getsockname()[1]
        async with Emulator(baud=None, http=None) as it:
            with Host(it.port) as host:
                await host.command('AT+NSOCR="DGRAM",17,0,1')
                await host.command(f"AT+NSOST=0,127.0.0.1,{number},5,68656C6C6F")
                data, origin = far.recvfrom(100)
                assert data == b"hello"
                far.sendto(b"world", origin)
                await host.until("\r\n+NSONMI:0,5\r\n")
                answer = await host.command("AT+NSORF=0,100")
                assert f"0,127.0.0.1,{number},5,776F726C64,0" in answer
                await host.command("AT+NSOCL=0")
                assert it.boards[0].internet.port_of(49_152) is None


@realtime
async def test_a_datagram_to_elsewhere_stays_here() -> None:
    shown: list[TraceLine] = []
    async with Emulator(baud=None, http=None, trace=shown.append) as it:
        with Host(it.port) as host:
            await host.command('AT+NSOCR="DGRAM",17,0,1')
            await host.command("AT+NSOST=0,192.0.2.1,5683,1,00")
    assert any("192.0.2.1:5683 dropped: --allow-network" in line.text for line in shown)


def test_an_address_may_be_of_ipv6() -> None:
    assert Emulator(http="[::1]:8080")._http == ("::1", 8080)


def test_the_package_offers_what_a_test_needs_and_nothing_else() -> None:
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
        "VirtualClock",
        "within",
    ]
    for name in package.__all__:
        assert getattr(package, name).__name__ == name
    assert package.VirtualClock is VirtualClock
    with pytest.raises(AttributeError, match="has no attribute 'Module'"):
        package.Module  # noqa: B018
