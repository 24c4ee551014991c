"""Board: speed of the line, end of the input, direct changes of the module."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator import Emulator
from emulator.air.network import MemoryAir
from emulator.clock.clocks import VirtualClock
from emulator.line.faults import Rates
from emulator.line.ports.port import parse_address
from emulator.line.quiet_time import QuietTime
from emulator.module.at.command_faults import CommandFault
from emulator.module.module import Cause, Module
from emulator.module.radio.radio import Coverage
from emulator.onenet.platform import Platform
from emulator.recording.format import Side
from emulator.recording.trace import Trace
from emulator.simulation.board import DRAIN_TIMEOUT, Board, BoardConfig
from emulator.simulation.scheduler import Scheduler
from emulator.simulation.simulation import Simulation
from tests.support.hosts import Host
from tests.support.peers import peer, until

realtime = pytest.mark.realtime


def config(
    port: str = "pty", *, baud: int | None = 9600, strict: bool = False, link: Path | None = None
) -> BoardConfig:
    return BoardConfig(parse_address(port), link, baud, strict, False, Rates(), 5, False)


class OpenBoard:
    """An open board with its scheduler and a virtual clock."""

    def __init__(self, config: BoardConfig) -> None:
        self.clock = VirtualClock()
        self.shown: list[str] = []
        self.ended = 0
        simulation = Simulation(Platform(), MemoryAir())
        self.scheduler = Scheduler(simulation, self.clock)
        module = Module(now=self.clock.now())
        self.board = Board(module, config, QuietTime(0.02), self.scheduler)
        simulation.add(module, self.board.flush)
        trace = Trace(lambda line: self.shown.append(line.text), self.clock.now())
        self.board.open(self.clock, trace, self._end)
        self.scheduler.start()

    def _end(self) -> None:
        self.ended += 1

    def last_input(self, line: bytes) -> None:
        """A host sends `line`, and the input ends; wait until the line has been sent."""
        self.board.line._on_port_data(line)
        self.board.line._on_port_end()
        self.clock.advance(len(line) * 10 / 9600)

    def __enter__(self) -> OpenBoard:
        return self

    def __exit__(self, *_: object) -> None:
        self.board.close()

    async def send_line(self, host: Host, line: str) -> None:
        """Send a line and wait for the time that line and answer take at 9600 baud."""
        due = self.board.line.received + len(line) + 1
        host.send(line)
        await until(lambda: self.board.line.received == due)
        self.clock.advance(0.5)


@realtime
async def test_host_must_follow_the_speed_of_the_module() -> None:
    with OpenBoard(config(strict=True)) as setup, Host(setup.board.line.port) as host:
        host.set_speed(9600)
        await setup.send_line(host, "AT+NATSPEED=115200,30,0,2,1,0,0")
        assert await host.until("OK\r\n") == "\r\nOK\r\n"
        await setup.send_line(host, "AT+CSQ")
        assert "AT+CSQ" not in setup.shown
        assert any("sent at 9600 8N1 were read at 115200 8N1" in text for text in setup.shown)
        host.set_speed(115_200)
        await setup.send_line(host, "")  # ends the garbage
        host.seen = b""
        await setup.send_line(host, "AT+CSQ")
        assert (await host.until("OK\r\n")).endswith("+CSQ:28,99\r\n\r\nOK\r\n")


@realtime
async def test_host_may_set_its_speed_over_rfc_2217() -> None:
    with OpenBoard(config("rfc2217://:0", strict=True)) as setup:
        async with peer(setup.board.line.port) as host:
            await host.send(b"AT\r")
            await until(lambda: setup.board.line.received == 3)
            setup.clock.advance(1)
            await host.reads(b"\r\nOK\r\n")
            await host.send(b"\xff\xfa\x2c\x01\x00\x00\x96\x00\xff\xf0AT+CSQ\r")  # 38400
            await until(lambda: setup.board.line.received == 10)
            setup.clock.advance(1)
        assert "AT+CSQ" not in setup.shown
        assert "7 bytes sent at 38400 8N1 were read at 9600 8N1: garbage" in setup.shown


@realtime
async def test_unpaced_line_stays_unpaced_when_the_module_changes_speed() -> None:
    with OpenBoard(config(baud=None)) as setup, Host(setup.board.line.port) as host:
        await host.command("AT+NATSPEED=115200,30,0,2,1,0,0")
        assert setup.board.line.baud is None
        assert setup.board.module.baud == 115_200


@realtime
@pytest.mark.parametrize("lost", [False, True])
async def test_whoever_watches_a_line_changes_nothing_on_it(lost: bool) -> None:
    """Without a quiet time, a command during a delayed answer is taken: watched or not."""
    answers, counted = set(), set()
    for watched in (False, True):
        async with Emulator(baud=None, hasty_lost=lost, clock=VirtualClock(), http=None) as it:
            it.module.fault_source = lambda line: CommandFault(delay=float(line.endswith("CSQ")))
            if watched:
                it.boards[0].listen(lambda *_: None)
            with Host(it.port) as host:
                host.send("AT+CSQ")
                host.send("AT+CIMI")
                await until(lambda it=it: it.line.received == 15)
                it.clock.advance(5)
                answers.add(await host.until("OK\r\n") + await host.until("OK\r\n"))
            counted.add(it.too_soon)
    assert len(answers) == len(counted) == 1
    assert "+CSQ" in str(answers)


@realtime
async def test_listeners_get_notes_and_speeds_too() -> None:
    seen: list[object] = []
    with OpenBoard(config()) as setup, Host(setup.board.line.port) as host:
        setup.board.listen(
            lambda side, _data, _now: seen.append(side),
            on_note=lambda text, _now: seen.append(text),
            on_speed=lambda baud, _now: seen.append(baud),
        )
        await setup.send_line(host, "AT+NATSPEED=115200,30,0,2,1,0,0")
        setup.board.note("something")
    assert seen[0] is Side.HOST
    assert Side.MODULE in seen
    assert 115_200 in seen
    assert seen[-1] == "something"


@realtime
async def test_end_of_input_waits_for_the_answer() -> None:
    with OpenBoard(config()) as setup:
        setup.last_input(b"AT\r")
        assert not setup.ended
        setup.clock.advance(6 * 10 / 9600)  # CR LF OK CR LF
        assert setup.ended


@realtime
async def test_end_of_input_waits_for_a_slow_answer() -> None:
    with OpenBoard(config()) as setup:
        setup.last_input(b"AT+NPING=192.0.2.1\r")
        setup.clock.advance(0.3)
        assert not setup.ended
        setup.clock.advance(0.03)  # it is being sent
        assert not setup.ended
        setup.clock.advance(0.1)
        assert setup.ended
        assert "+NPING:192.0.2.1,64,320" in setup.shown


@realtime
async def test_end_of_input_does_not_wait_for_an_answer_lost_by_a_restart() -> None:
    with OpenBoard(config(baud=None)) as setup:
        setup.last_input(b"AT+NPING=192.0.2.1\r")
        setup.board.module.power_cycle(Cause.WATCHDOG, setup.clock.now())
        setup.clock.advance(10)
        setup.board.line.unplug()  # further output is dropped
        assert setup.ended


@realtime
async def test_end_of_input_waits_at_most_the_drain_timeout() -> None:
    with OpenBoard(config(baud=None)) as setup:
        setup.board.module.radio.coverage = Coverage.OUT
        setup.clock.advance(0)
        setup.last_input(b"AT+NPING=192.0.2.1,100,460000\r")
        setup.clock.advance(DRAIN_TIMEOUT - 1)
        assert not setup.ended
        setup.clock.advance(1)
        assert setup.ended


def test_each_of_several_boards_has_its_own_port_link_and_seed() -> None:
    several = config(link=Path("/tmp/m")).for_each(2)
    assert [(one.link, one.seed) for one in several] == [
        (Path("/tmp/m-1"), 5),
        (Path("/tmp/m-2"), 6),
    ]
    ports = [str(one.address) for one in config("socket://:7000").for_each(2)]
    assert ports == ["socket://127.0.0.1:7000", "socket://127.0.0.1:7001"]
