"""One board: what its host, the internet and the air do to the module, and what comes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.air.memory import Air
from emulator.clock.clocks import VirtualClock
from emulator.line.faults import Rates
from emulator.line.ports.port import parse_address
from emulator.line.quiet_time import QuietTime
from emulator.module.module import Cause, Module
from emulator.module.radio.radio import Coverage
from emulator.onenet.platform import Platform
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
    """An open board and its scheduler, on a clock that the test moves."""

    def __init__(self, config: BoardConfig) -> None:
        self.clock = VirtualClock()
        self.shown: list[str] = []
        self.ended = 0
        simulation = Simulation(Platform().server, Air())
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
        """A host that sends this and will never come again; until it has been sent."""
        self.board.line._on_port_data(line)
        self.board.line._on_port_end()
        self.clock.advance(len(line) * 10 / 9600)

    def __enter__(self) -> OpenBoard:
        return self

    def __exit__(self, *_: object) -> None:
        self.board.close()

    async def say(self, host: Host, line: str) -> None:
        """Send a line, and let it pass and be answered at 9600 baud."""
        due = self.board.line.received + len(line) + 1
        host.send(line)
        await until(lambda: self.board.line.received == due)
        self.clock.advance(0.5)


@realtime
async def test_a_host_at_the_module_s_speed_is_understood_and_must_follow_it() -> None:
    with OpenBoard(config(strict=True)) as it, Host(it.board.line.port) as host:
        host.set_speed(9600)
        await it.say(host, "AT+NATSPEED=115200,30,0,2,1,0,0")
        assert await host.until("OK\r\n") == "\r\nOK\r\n"
        await it.say(host, "AT+CSQ")
        assert "AT+CSQ" not in it.shown
        assert any("sent at 9600 8N1 were read at 115200 8N1" in text for text in it.shown)
        host.set_speed(115_200)
        await it.say(host, "")  # whatever the garbage was, it ends here
        host.seen = b""
        await it.say(host, "AT+CSQ")
        assert (await host.until("OK\r\n")).endswith("+CSQ:28,99\r\n\r\nOK\r\n")


@realtime
async def test_the_speed_that_a_host_sets_over_rfc_2217_counts_too() -> None:
    with OpenBoard(config("rfc2217://:0", strict=True)) as it:
        async with peer(it.board.line.port) as host:
            await host.send(b"AT\r")
            await until(lambda: it.board.line.received == 3)
            it.clock.advance(1)
            await host.reads(b"\r\nOK\r\n")
            await host.send(b"\xff\xfa\x2c\x01\x00\x00\x96\x00\xff\xf0AT+CSQ\r")  # 38400
            await until(lambda: it.board.line.received == 10)
            it.clock.advance(1)
        assert "AT+CSQ" not in it.shown
        assert "7 bytes sent at 38400 8N1 were read at 9600 8N1: garbage" in it.shown


@realtime
async def test_without_a_pace_a_new_speed_changes_nothing() -> None:
    with OpenBoard(config(baud=None)) as it, Host(it.board.line.port) as host:
        await host.command("AT+NATSPEED=115200,30,0,2,1,0,0")
        assert it.board.line.baud is None
        assert it.board.module.baud == 115_200


@realtime
async def test_change_by_hand_is_served_soon() -> None:
    with OpenBoard(config(baud=None)) as it, Host(it.board.line.port) as host:
        await host.command("AT+CEREG=1")
        it.board.module.radio.coverage = Coverage.OUT
        it.clock.advance(0)
        assert await host.until("+CEREG:2\r\n")


@realtime
async def test_the_last_host_is_answered_before_all_is_over() -> None:
    with OpenBoard(config()) as it:
        it.last_input(b"AT\r")
        assert not it.ended
        it.clock.advance(6 * 10 / 9600)  # CR LF OK CR LF
        assert it.ended


@realtime
async def test_an_answer_that_takes_its_time_is_waited_for() -> None:
    with OpenBoard(config()) as it:
        it.last_input(b"AT+NPING=192.0.2.1\r")
        it.clock.advance(0.3)
        assert not it.ended
        it.clock.advance(0.03)  # it is being sent
        assert not it.ended
        it.clock.advance(0.1)
        assert it.ended
        assert "+NPING:192.0.2.1,64,320" in it.shown


@realtime
async def test_what_ends_without_a_word_ends_too() -> None:
    with OpenBoard(config(baud=None)) as it:
        it.last_input(b"AT+NPING=192.0.2.1\r")
        it.board.module.power_cycle(Cause.WATCHDOG, it.clock.now())
        it.clock.advance(10)
        it.board.line.unplug()  # what it says now goes nowhere
        assert it.ended


@realtime
async def test_patience_ends() -> None:
    with OpenBoard(config(baud=None)) as it:
        it.board.module.radio.coverage = Coverage.OUT
        it.clock.advance(0)
        it.last_input(b"AT+NPING=192.0.2.1,100,460000\r")
        it.clock.advance(DRAIN_TIMEOUT - 1)
        assert not it.ended
        it.clock.advance(1)
        assert it.ended


def test_each_of_several_boards_has_a_port_a_link_and_a_seed() -> None:
    several = config(link=Path("/tmp/m")).for_each(2)
    assert [(one.link, one.seed) for one in several] == [
        (Path("/tmp/m-1"), 5),
        (Path("/tmp/m-2"), 6),
    ]
    ports = [str(one.address) for one in config("socket://:7000").for_each(2)]
    assert ports == ["socket://127.0.0.1:7000", "socket://127.0.0.1:7001"]
