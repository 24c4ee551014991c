"""What a host meets on the line beside its pace: wrong speeds, faults, plugs, overruns, pipes."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from emulator.clock.clocks import VIRTUAL_START, VirtualClock
from emulator.line.faults import Fault
from emulator.line.line import BUSY, Line
from emulator.line.ports.port import Address, parse_address
from emulator.line.uart_frames import Frame, read
from tests.support.hosts import Host
from tests.support.peers import Ear, peer, until

realtime = pytest.mark.realtime
SOCKET = parse_address("socket://127.0.0.1:0")


class End:
    """The module's side of a line, on a clock that the test moves."""

    def __init__(
        self,
        *,
        baud: int | None = 9600,
        strict: bool = False,
        receive_buffer: int | None = None,
        address: Address = SOCKET,
        link: Path | None = None,
    ) -> None:
        self.clock = VirtualClock()
        self.ear = Ear()
        self.times: list[float] = []
        self.ended = 0
        self.line = Line(
            self.clock,
            self._hear,
            on_note=self.ear.note,
            on_end=self._end,
            baud=baud,
            strict=strict,
            receive_buffer=receive_buffer,
            address=address,
            link=link,
        )

    def _hear(self, data: bytes) -> None:
        self.times.append(self.clock.now() - VIRTUAL_START)
        self.ear.hear(data)

    def _end(self) -> None:
        self.ended += 1

    async def has(self, count: int) -> None:
        """So many bytes have come in at the port, whenever they reach the module."""
        await until(lambda: self.line.received >= count)


@contextmanager
def end(
    *,
    baud: int | None = 9600,
    strict: bool = False,
    receive_buffer: int | None = None,
    address: Address = SOCKET,
    link: Path | None = None,
) -> Iterator[End]:
    made = End(baud=baud, strict=strict, receive_buffer=receive_buffer, address=address, link=link)
    try:
        yield made
    finally:
        made.line.close()


# What the host sends -----------------------------------------------------------------------------


@realtime
async def test_a_byte_of_the_host_is_not_there_before_its_time_on_the_wire() -> None:
    with end() as it:
        async with peer(it.line.port) as host:
            await host.send(b"AT\r")
            await it.has(3)
            assert it.ear.data == b""
            it.clock.advance(2.5 / 960)
            assert it.ear.data == b"AT"
            it.clock.advance(1)
            assert it.ear.data == b"AT\r"
            assert it.times == pytest.approx([1 / 960, 2 / 960, 3 / 960], abs=1e-6)
            assert it.line.idle


@realtime
async def test_a_host_that_writes_faster_than_the_wire_is_held_back() -> None:
    with end() as it:
        async with peer(it.line.port) as host:
            await host.send(b"x" * (BUSY + 4096))
            await it.has(BUSY + 1)
            it.clock.advance(100)
            await it.has(BUSY + 4096)
            it.clock.advance(100)
            assert len(it.ear.data) == BUSY + 4096
            assert it.line.lost == 0


@realtime
async def test_what_was_written_before_time_moves_counts_as_sent_before() -> None:
    with end() as it:
        number = int(it.line.port.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", number)) as host:
            host.sendall(b"A")
            it.clock.advance(1)
        assert it.times == pytest.approx([1 / 960], abs=1e-6)


@realtime
async def test_a_module_that_overruns_loses_what_comes_while_it_sends() -> None:
    with end(receive_buffer=4) as it:
        async with peer(it.line.port) as host:
            await host.send(b"AT\r")
            await it.has(3)
            it.clock.advance(1)
            it.line.send(b"x" * 20)
            await host.send(b"AT+CSQ\r")
            await it.has(10)
            it.clock.advance(10 / 960)
            assert it.ear.data == b"AT\r"  # it does not read while it sends
            assert it.line.receive_buffer.lost == 3
            it.clock.advance(1)
            assert it.ear.data == b"AT\rAT+C"
            assert it.ear.notes[-1] == "overrun: 1 bytes came while the module was sending"


# Speeds that do not fit --------------------------------------------------------------------------


@realtime
async def test_a_host_at_the_wrong_speed_sends_and_reads_garbage() -> None:
    with end(strict=True, address=Address()) as it, Host(it.line.port) as host:
        host.set_speed(38_400)
        host.send("AT")
        await it.has(3)
        it.clock.advance(1)
        garbage = bytes(value for _, value in read(b"AT\r", Frame(38_400), Frame(9600)))
        assert it.ear.data == garbage != b"AT\r"
        it.line.send(b"\r\nOK\r\n")
        it.clock.advance(1)
        back = bytes(value for _, value in read(b"\r\nOK\r\n", Frame(9600), Frame(38_400)))
        await until(lambda: len(host.seen) >= len(back))
        assert host.seen == back
        assert it.ear.notes == [
            "3 bytes sent at 38400 8N1 were read at 9600 8N1: garbage",
            "6 bytes sent at 9600 8N1 were read at 38400 8N1: garbage",
        ]


@realtime
async def test_a_host_that_follows_the_module_to_its_new_speed_is_understood() -> None:
    with end(strict=True, address=Address()) as it, Host(it.line.port) as host:
        it.line.send(b"\r\nOK\r\n")
        it.line.baud = 115_200
        it.clock.advance(1)
        await host.until("OK\r\n")
        host.set_speed(115_200)
        host.send("AT")
        await it.has(3)
        it.clock.advance(1)
        assert it.ear.data == b"AT\r"


@realtime
async def test_where_nobody_is_strict_any_speed_will_do() -> None:
    with end(address=Address()) as it, Host(it.line.port) as host:
        host.set_speed(38_400)
        host.send("AT")
        await it.has(3)
        it.clock.advance(1)
        assert it.ear.data == b"AT\r"


# Faults ------------------------------------------------------------------------------------------


@realtime
async def test_faults_meet_what_passes_in_either_direction() -> None:
    with end(baud=None) as it:
        async with peer(it.line.port) as host:
            it.line.faults.to_module.lose(after=1)
            it.line.faults.to_host.double()
            it.line.faults.to_host.delay(2.0, after=3)
            await host.send(b"AT\r")
            await it.ear.hears(b"A\r")
            it.line.send(b"\r\nOK\r\n")
            await host.reads(b"\r\r\nO")
            assert host.seen == b"\r\r\nO"
            it.clock.advance(2.0)
            await host.reads(b"\r\r\nOK\r\n")
            assert it.line.faults.to_host.met[Fault.DELAY] == 1
            assert any("to the module: faults on 3 bytes: loss 1" in note for note in it.ear.notes)


# The plug ----------------------------------------------------------------------------------------


@realtime
async def test_unplugged_a_pty_hangs_up_and_comes_back_under_its_link(tmp_path: Path) -> None:
    with end(address=Address(), link=tmp_path / "m5310") as it:
        first = it.line.path
        host = os.open(it.line.port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        it.line.send(b"on its way")
        it.line.unplug()
        it.line.unplug()
        assert it.line.lost == 10
        with pytest.raises(OSError):  # it has hung up
            os.write(host, b"AT\r")
        os.close(host)
        assert os.listdir(tmp_path) == []
        it.line.send(b"to nobody")
        assert it.line.lost == 19
        it.clock.advance(1)
        it.line.plug()
        it.line.plug()
        assert it.line.port == str(tmp_path / "m5310")
        assert os.readlink(it.line.port) == it.line.path
        assert first.startswith("/dev/pts/")
        with Host(it.line.port) as again:
            again.send("AT")
            await it.has(3)
            it.clock.advance(1)
            assert it.ear.data == b"AT\r"


@realtime
async def test_unplugged_a_network_port_comes_back_under_its_number() -> None:
    with end() as it:
        name = it.line.port
        async with peer(name) as host:
            await host.send(b"AT")
            await it.has(2)
            it.line.unplug()
            await host.is_left()
        with pytest.raises(ConnectionRefusedError):
            async with peer(name):
                pass
        it.line.plug()
        assert it.line.port == name
        it.clock.advance(1)
        assert it.ear.data == b""  # what was on its way is gone
        async with peer(name) as host:
            await host.send(b"ATI\r")
            await it.has(6)


@realtime
async def test_a_port_that_was_taken_meanwhile_cannot_be_plugged_in() -> None:
    with end() as it:
        it.line.unplug()
        number = int(it.line.port.rpartition(":")[2])
        with (
            socket.create_server(("127.0.0.1", number)),
            pytest.raises(OSError, match="Address already in use"),
        ):
            it.line.plug()
        it.line.plug()


@realtime
async def test_after_the_end_nothing_is_plugged_in() -> None:
    with end() as it:
        it.line.close()
        it.line.close()
        it.line.plug()
        it.line.send(b"x")
        assert it.line.lost == 0
        with pytest.raises(ConnectionRefusedError):
            async with peer(it.line.port):
                pass


# Pipes -------------------------------------------------------------------------------------------


@realtime
async def test_a_pipe_that_ends_is_told_once_everything_has_passed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    inward, send = os.pipe()
    receive, outward = os.pipe()
    monkeypatch.setattr(
        "emulator.line.ports.stdio.StdioPort.__init__.__kwdefaults__",
        {"streams": (inward, outward)},
    )
    with end(address=parse_address("-")) as it:
        assert it.line.port == "-"
        os.write(send, b"AT\r")
        await it.has(3)
        os.close(send)
        await until(lambda: it.line._ended)
        assert it.ended == 0
        it.line.send(b"\r\nOK\r\n")
        it.clock.advance(1)
        assert os.read(receive, 100) == b"\r\nOK\r\n"
        assert it.ear.data == b"AT\r"
        assert it.ended == 1
    for descriptor in (inward, receive, outward):
        os.close(descriptor)


@realtime
async def test_a_line_to_which_nobody_listens_has_faults_all_the_same() -> None:
    clock = VirtualClock()
    ear = Ear()
    line = Line(clock, ear.hear, baud=None, address=SOCKET)
    line.faults.to_module.lose()
    async with peer(line.port) as host:
        await host.send(b"AT\r")
        await ear.hears(b"T\r")
        assert line.received == 3  # and one of them was lost on the way
    line.close()


@realtime
async def test_a_flood_is_broken_off_by_the_plug() -> None:
    with end(baud=None) as it:
        async with peer(it.line.port) as host:
            await host.send(b"x")
            await it.has(1)
            for _ in range(200):
                it.line.send(b"y" * 50_000)
            assert not it.line.idle
            it.line.unplug()
            await host.is_left()
            assert it.line.idle
            assert len(host.seen) + it.line.lost > 9_000_000
