"""Line and host: wrong speeds, faults, unplugging, overruns, pipes."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from emulator.clock.clocks import VIRTUAL_START, VirtualClock
from emulator.line.faults import Fault
from emulator.line.line import MAX_WAITING, Line
from emulator.line.ports.port import Address, parse_address
from emulator.line.uart_frames import Frame, sample
from tests.support.free_ports import free_port
from tests.support.hosts import Host
from tests.support.peers import Recorder, peer, until

realtime = pytest.mark.realtime
SOCKET = parse_address("socket://127.0.0.1:0")


class ModuleEnd:
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
        self.recorder = Recorder()
        self.times: list[float] = []
        self.ended = 0
        self.line = Line(
            self.clock,
            self._hear,
            on_note=self.recorder.note,
            on_end=self._end,
            baud=baud,
            strict=strict,
            receive_buffer=receive_buffer,
            address=address,
            link=link,
        )

    def _hear(self, data: bytes) -> None:
        self.times.append(self.clock.now() - VIRTUAL_START)
        self.recorder.receive(data)

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
) -> Iterator[ModuleEnd]:
    made = ModuleEnd(
        baud=baud, strict=strict, receive_buffer=receive_buffer, address=address, link=link
    )
    try:
        yield made
    finally:
        made.line.close()


# What the host sends -----------------------------------------------------------------------------


@realtime
async def test_host_bytes_arrive_paced() -> None:
    with end() as it:
        async with peer(it.line.port) as host:
            await host.send(b"AT\r")
            await it.has(3)
            assert it.recorder.data == b""
            it.clock.advance(2.5 / 960)
            assert it.recorder.data == b"AT"
            it.clock.advance(1)
            assert it.recorder.data == b"AT\r"
            assert it.times == pytest.approx([1 / 960, 2 / 960, 3 / 960], abs=1e-6)
            assert it.line.idle


@realtime
async def test_fast_host_is_held_back() -> None:
    with end() as it:
        async with peer(it.line.port) as host:
            await host.send(b"x" * (MAX_WAITING + 4096))
            await it.has(MAX_WAITING + 1)
            it.clock.advance(100)
            await it.has(MAX_WAITING + 4096)
            it.clock.advance(100)
            assert len(it.recorder.data) == MAX_WAITING + 4096
            assert it.line.lost == 0


@realtime
async def test_bytes_written_before_advance_are_sent_before() -> None:
    with end() as it:
        number = int(it.line.port.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", number)) as host:
            host.sendall(b"A")
            it.clock.advance(1)
        assert it.times == pytest.approx([1 / 960], abs=1e-6)


@realtime
async def test_overrun_while_the_module_sends() -> None:
    with end(receive_buffer=4) as it:
        async with peer(it.line.port) as host:
            await host.send(b"AT\r")
            await it.has(3)
            it.clock.advance(1)
            it.line.send(b"x" * 20)
            await host.send(b"AT+CSQ\r")
            await it.has(10)
            it.clock.advance(10 / 960)
            assert it.recorder.data == b"AT\r"  # it does not read while it sends
            assert it.line.receive_buffer.lost == 3
            it.clock.advance(1)
            assert it.recorder.data == b"AT\rAT+C"
            assert it.recorder.notes[-1] == "overrun: 1 bytes came while the module was sending"


# Speeds that do not fit --------------------------------------------------------------------------


@realtime
async def test_wrong_speed_gives_garbage_both_ways() -> None:
    with end(strict=True, address=Address()) as it, Host(it.line.port) as host:
        host.set_speed(38_400)
        host.send("AT")
        await it.has(3)
        it.clock.advance(1)
        garbage = bytes(value for _, value in sample(b"AT\r", Frame(38_400), Frame(9600)))
        assert it.recorder.data == garbage != b"AT\r"
        it.line.send(b"\r\nOK\r\n")
        it.clock.advance(1)
        back = bytes(value for _, value in sample(b"\r\nOK\r\n", Frame(9600), Frame(38_400)))
        await until(lambda: len(host.seen) >= len(back))
        assert host.seen == back
        assert it.recorder.notes == [
            "3 bytes sent at 38400 8N1 were read at 9600 8N1: garbage",
            "6 bytes sent at 9600 8N1 were read at 38400 8N1: garbage",
        ]


@realtime
async def test_host_follows_the_module_to_a_new_speed() -> None:
    with end(strict=True, address=Address()) as it, Host(it.line.port) as host:
        it.line.send(b"\r\nOK\r\n")
        it.line.baud = 115_200
        it.clock.advance(1)
        await host.until("OK\r\n")
        host.set_speed(115_200)
        host.send("AT")
        await it.has(3)
        it.clock.advance(1)
        assert it.recorder.data == b"AT\r"


@realtime
async def test_without_strict_any_speed_works() -> None:
    with end(address=Address()) as it, Host(it.line.port) as host:
        host.set_speed(38_400)
        host.send("AT")
        await it.has(3)
        it.clock.advance(1)
        assert it.recorder.data == b"AT\r"


# Faults ------------------------------------------------------------------------------------------


@realtime
async def test_faults_apply_in_both_directions() -> None:
    with end(baud=None) as it:
        async with peer(it.line.port) as host:
            it.line.faults.to_module.lose(after=1)
            it.line.faults.to_host.double()
            it.line.faults.to_host.delay(2.0, after=3)
            await host.send(b"AT\r")
            await it.recorder.wait_for(b"A\r")
            it.line.send(b"\r\nOK\r\n")
            await host.reads(b"\r\r\nO")
            assert host.seen == b"\r\r\nO"
            it.clock.advance(2.0)
            await host.reads(b"\r\r\nOK\r\n")
            assert it.line.faults.to_host.met[Fault.DELAY] == 1
            assert any(
                "to the module: faults on 3 bytes: loss 1" in note for note in it.recorder.notes
            )


# Plugging ---------------------------------------------------------------------------------------


def lasting() -> Address:
    """Of a TCP port that nobody takes while it is closed."""
    return parse_address(f"socket://127.0.0.1:{free_port(socket.SOCK_STREAM)}")


@realtime
async def test_unplug_hangs_up_the_pty_and_plug_restores_the_link(tmp_path: Path) -> None:
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
        it.line.send(b"unplugged")
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
            assert it.recorder.data == b"AT\r"


@realtime
async def test_plug_reopens_the_same_tcp_port() -> None:
    with end(address=lasting()) as it:
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
        assert it.recorder.data == b""  # what was on its way is gone
        async with peer(name) as host:
            await host.send(b"ATI\r")
            await it.has(6)


@realtime
async def test_plug_fails_if_the_tcp_port_is_in_use() -> None:
    with end(address=lasting()) as it:
        it.line.unplug()
        number = int(it.line.port.rpartition(":")[2])
        with (
            socket.create_server(("127.0.0.1", number)),
            pytest.raises(OSError, match="Address already in use"),
        ):
            it.line.plug()
        it.line.plug()


@realtime
async def test_closed_line_cannot_be_plugged_in() -> None:
    with end(address=lasting()) as it:
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
async def test_end_of_input_is_reported_after_all_bytes_passed(
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
        assert it.recorder.data == b"AT\r"
        assert it.ended == 1
    for descriptor in (inward, receive, outward):
        os.close(descriptor)


@realtime
async def test_faults_apply_without_note_callback() -> None:
    clock = VirtualClock()
    recorder = Recorder()
    line = Line(clock, recorder.receive, baud=None, address=SOCKET)
    line.faults.to_module.lose()
    async with peer(line.port) as host:
        await host.send(b"AT\r")
        await recorder.wait_for(b"T\r")
        assert line.received == 3  # and one of them was lost on the way
    line.close()


@realtime
async def test_unplug_during_a_flood() -> None:
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
