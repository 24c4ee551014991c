"""One board: what its host, the internet and the air do to the module, and what comes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.air.messages import Code, Response
from emulator.clock.clocks import VirtualClock
from emulator.line.faults import Rates
from emulator.line.ports.port import parse_address
from emulator.line.quiet_time import QuietTime
from emulator.module.module import Cause, Module
from emulator.module.radio.radio import Coverage
from emulator.recording.trace import Trace
from emulator.simulation.board import PATIENCE, Board, Wiring
from tests.support.hosts import Host
from tests.support.peers import peer, until

realtime = pytest.mark.realtime


def wired(
    port: str = "pty", *, baud: int | None = 9600, strict: bool = False, link: Path | None = None
) -> Wiring:
    return Wiring(parse_address(port), link, baud, strict, False, Rates(), 5, False)


class Desk:
    """A board that is turned whenever it asks for it, on a clock that the test moves."""

    def __init__(self, wiring: Wiring) -> None:
        self.clock = VirtualClock()
        self.shown: list[str] = []
        self.stirred = 0
        self.later = 0
        self.ended = 0
        module = Module(now=self.clock.now())
        self.board = Board(
            module,
            wiring,
            QuietTime(0.02),
            stir=self._stir,
            catch_up=self._turn,
            turn=self._turn,
            later=self._soon,
        )
        trace = Trace(lambda line: self.shown.append(line.text), self.clock.now())
        self.board.open(self.clock, trace, self._end)

    def _stir(self, board: Board) -> None:
        assert board is self.board
        self.stirred += 1

    def _end(self) -> None:
        self.ended += 1

    def _soon(self) -> None:
        self.later += 1

    def _turn(self, now: float) -> None:
        self.board.step(now)
        self.board.flush()

    def last_words(self, line: bytes) -> None:
        """A host that sends this and will never come again; until it has been sent."""
        self.board.line._heard(line)
        self.board.line._no_more()
        self.clock.advance(len(line) * 10 / 9600)

    def __enter__(self) -> Desk:
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
    with Desk(wired(strict=True)) as desk, Host(desk.board.line.port) as host:
        host.set_speed(9600)
        await desk.say(host, "AT+NATSPEED=115200,30,0,2,1,0,0")
        assert await host.until("OK\r\n") == "\r\nOK\r\n"
        await desk.say(host, "AT+CSQ")
        assert "AT+CSQ" not in desk.shown
        assert any("sent at 9600 8N1 were read at 115200 8N1" in text for text in desk.shown)
        host.set_speed(115_200)
        await desk.say(host, "")  # whatever the garbage was, it ends here
        host.seen = b""
        await desk.say(host, "AT+CSQ")
        assert (await host.until("OK\r\n")).endswith("+CSQ:28,99\r\n\r\nOK\r\n")


@realtime
async def test_the_speed_that_a_host_sets_over_rfc_2217_counts_too() -> None:
    with Desk(wired("rfc2217://:0", strict=True)) as desk:
        async with peer(desk.board.line.port) as host:
            await host.send(b"AT\r")
            await until(lambda: desk.board.line.received == 3)
            desk.clock.advance(1)
            await host.reads(b"\r\nOK\r\n")
            await host.send(b"\xff\xfa\x2c\x01\x00\x00\x96\x00\xff\xf0AT+CSQ\r")  # 38400
            await until(lambda: desk.board.line.received == 10)
            desk.clock.advance(1)
        assert "AT+CSQ" not in desk.shown
        assert "7 bytes sent at 38400 8N1 were read at 9600 8N1: garbage" in desk.shown


@realtime
async def test_without_a_pace_a_new_speed_changes_nothing() -> None:
    with Desk(wired(baud=None)) as desk, Host(desk.board.line.port) as host:
        await host.command("AT+NATSPEED=115200,30,0,2,1,0,0")
        assert desk.board.line.baud is None
        assert desk.board.module.baud == 115_200


@realtime
async def test_whatever_moves_the_module_stirs_the_board() -> None:
    with Desk(wired(baud=None)) as desk, Host(desk.board.line.port) as host:
        touched: list[str] = []
        desk.board.touched = lambda: touched.append("chain")
        await host.command("AT")
        assert desk.stirred
        assert not touched
        await host.command("AT+CPSMS=1")  # the network is told, over a connection that has its end
        assert touched
        assert desk.later == 0  # a turn followed by itself
        before = desk.stirred
        desk.board.module.radio.coverage = Coverage.OUT
        assert (desk.later, desk.stirred) == (1, before + 1)
        desk.board.touched()
        assert desk.later == 2
        before = desk.stirred
        desk.board.deliver(Response(1, Code.CREATED, location="rd/1"), desk.clock.now())
        assert desk.stirred == before + 1
        desk.board.step(desk.clock.now())
        assert desk.stirred == before + 2
        assert desk.board.take_uplink() == []


@realtime
async def test_the_last_host_is_answered_before_all_is_over() -> None:
    with Desk(wired()) as desk:
        desk.last_words(b"AT\r")
        assert not desk.ended
        desk.clock.advance(6 * 10 / 9600)  # CR LF OK CR LF
        assert desk.ended


@realtime
async def test_an_answer_that_takes_its_time_is_waited_for() -> None:
    with Desk(wired()) as desk:
        desk.last_words(b"AT+NPING=192.0.2.1\r")
        desk.clock.advance(0.3)
        assert not desk.ended
        desk.clock.advance(0.1)
        desk._turn(desk.clock.now())
        assert not desk.ended
        desk.clock.advance(0.1)
        assert desk.ended
        assert "+NPING:192.0.2.1,64,320" in desk.shown


@realtime
async def test_what_ends_without_a_word_ends_too() -> None:
    with Desk(wired(baud=None)) as desk:
        desk.last_words(b"AT+NPING=192.0.2.1\r")
        desk.board.module.power_cycle(Cause.WATCHDOG, desk.clock.now())
        desk.clock.advance(10)
        desk.board.line.unplug()  # what it says now goes nowhere
        desk._turn(desk.clock.now())
        assert desk.ended


@realtime
async def test_patience_ends() -> None:
    with Desk(wired(baud=None)) as desk:
        desk.last_words(b"AT+NPING=192.0.2.1,100,460000\r")
        desk.board.module.radio.coverage = Coverage.OUT
        desk.clock.advance(PATIENCE - 1)
        assert not desk.ended
        desk.clock.advance(1)
        assert desk.ended


def test_each_of_several_boards_has_a_port_a_link_and_a_seed() -> None:
    several = wired(link=Path("/tmp/m")).for_each(2)
    assert [(one.link, one.seed) for one in several] == [
        (Path("/tmp/m-1"), 5),
        (Path("/tmp/m-2"), 6),
    ]
    ports = [str(one.address) for one in wired("socket://:7000").for_each(2)]
    assert ports == ["socket://127.0.0.1:7000", "socket://127.0.0.1:7001"]
