"""The serial line: pacing in virtual time, and real hosts on ptys."""

from __future__ import annotations

import asyncio
import os
import select
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
import serial

from emulator.clock.clocks import LoopClock
from emulator.line.line import MAX_WAITING, Line
from emulator.line.pacing import BACKLOG
from emulator.line.ports.pty import PtyPort
from tests.support.patience import PATIENCE
from tests.support.peers import Recorder, until


@contextmanager
def opened(path: str) -> Iterator[int]:
    """The slave as a program has it that uses nothing but open and read."""
    descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


async def read(descriptor: int, count: int) -> bytes:
    """Exactly `count` bytes, as they come."""
    loop, data, done = asyncio.get_running_loop(), bytearray(), asyncio.Event()

    def readable() -> None:
        with suppress(BlockingIOError):
            data.extend(os.read(descriptor, count - len(data)))
        if len(data) == count:
            loop.remove_reader(descriptor)
            done.set()

    loop.add_reader(descriptor, readable)
    try:
        await done.wait()
    finally:
        loop.remove_reader(descriptor)
    return bytes(data)


def drain(descriptor: int) -> bytes:
    """All that is there, until nothing has come for a while."""
    data = b""
    while select.select([descriptor], [], [], 0.1)[0]:
        data += os.read(descriptor, 65536)
    return data


def running() -> LoopClock:
    """The time of the test's own loop."""
    clock = LoopClock()
    clock.start()
    return clock


@contextmanager
def line(receiver: Recorder | None = None, *, baud: int | None = None) -> Iterator[Line]:
    made = Line(running(), (receiver or Recorder()).receive, baud=baud)
    try:
        yield made
    finally:
        made.close()


async def passes(seconds: float) -> None:
    """So much of the loop's own time passes."""
    over = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, over.set)
    await over.wait()


# Hosts -------------------------------------------------------------------------------------------


@pytest.mark.realtime
async def test_bytes_pass_both_ways_unchanged() -> None:
    every = bytes(range(256))
    receiver = Recorder()
    with line(receiver) as made, opened(made.port) as host:
        os.write(host, every)
        await receiver.wait_for(every)
        made.send(every)
        assert await read(host, 256) == every


@pytest.mark.realtime
async def test_hosts_open_one_after_another() -> None:
    receiver = Recorder()
    with line(receiver) as made:
        for number in range(3):
            hello = f"AT{number}\r".encode()
            with opened(made.port) as host:
                os.write(host, hello)
                await receiver.wait_for(hello)
                made.send(hello)
                assert await read(host, len(hello)) == hello


@pytest.mark.realtime
async def test_pyserial_opens_the_pty() -> None:
    receiver = Recorder()
    with line(receiver, baud=115_200) as made:

        def talk() -> bytes:
            with serial.Serial(made.port, 9600, timeout=PATIENCE) as port:
                port.write(b"AT\r")
                return port.read(6)

        talking = asyncio.get_running_loop().run_in_executor(None, talk)
        await receiver.wait_for(b"AT\r")
        made.send(b"\r\nOK\r\n")
        assert await talking == b"\r\nOK\r\n"
        await asyncio.get_running_loop().shutdown_default_executor()


def mirror(port: str) -> subprocess.Popen[bytes]:
    """A program that sets nothing on the line: writes the first nine bytes back, reversed."""
    program = "import os; os.write(1, os.read(0, 9)[::-1])"
    both = os.open(port, os.O_RDWR | os.O_NOCTTY)
    try:
        return subprocess.Popen([sys.executable, "-c", program], stdin=both, stdout=both)
    finally:
        os.close(both)


@pytest.mark.realtime
async def test_program_without_termios_calls_sees_raw_bytes() -> None:
    receiver = Recorder()
    with line(receiver) as made:
        with mirror(made.port) as child:
            made.send(b"\r\n\x03\x04\x11\x13\x1a\r\n")
            await receiver.wait_for(b"\n\r\x1a\x13\x11\x04\x03\n\r")
        assert child.returncode == 0
        assert len(receiver.data) == 9


@pytest.mark.realtime
async def test_pty_is_in_raw_mode() -> None:
    with line() as made, opened(made.port) as host:
        iflag, oflag, cflag, lflag, *_ = termios.tcgetattr(host)
        assert not lflag & (termios.ECHO | termios.ICANON | termios.ISIG)
        assert not iflag & (termios.ICRNL | termios.IXON)
        assert not oflag & termios.OPOST
        assert cflag & termios.CS8


def about(times: list[float]) -> object:
    """A date in seconds holds microseconds, and no more."""
    return pytest.approx(times, abs=1e-6)


# Pace, on a clock that jumps ---------------------------------------------------------------------


class Uart(Line):
    """Notes what would be written to the pty, and when; `takes` bytes at a time."""

    def __init__(self, baud: int | None = 9600) -> None:
        super().__init__(running(), lambda _data: None, baud=baud)
        self.written: list[tuple[float, bytes]] = []
        self.takes: int | None = None

    def _write(self, data: bytes) -> int:
        data = data[: self.takes]
        if data:
            self.written.append((asyncio.get_running_loop().time(), data))
        return len(data)

    async def quiet(self, seconds: float = 3600.0) -> None:
        await passes(seconds)

    @property
    def bytes(self) -> bytes:
        return b"".join(data for _, data in self.written)


async def test_each_byte_takes_ten_bits() -> None:
    uart = Uart()
    uart.send(b"\r\nOK\r\n")
    await uart.quiet()
    assert [data for _, data in uart.written] == [b"\r", b"\n", b"O", b"K", b"\r", b"\n"]
    times = [at for at, _ in uart.written]
    assert times == about([number * 10 / 9600 for number in range(1, 7)])
    uart.close()


async def test_pacing_does_not_drift() -> None:
    uart = Uart()
    for _ in range(96):
        uart.send(b"0123456789" * 10)
    await uart.quiet()
    assert len(uart.bytes) == 9600
    assert uart.written[-1][0] == pytest.approx(10.0)
    for number, (at, _) in enumerate(uart.written, 1):
        assert at == pytest.approx(number * 10 / 9600, abs=1e-5)
    uart.close()


async def test_pacing_restarts_after_a_pause() -> None:
    uart = Uart()
    uart.send(b"a")
    await uart.quiet(100.0)
    uart.send(b"b")
    await uart.quiet(100.0)
    assert [at for at, _ in uart.written] == about([10 / 9600, 100 + 10 / 9600])
    uart.close()


async def test_later_bytes_queue_behind_earlier_ones() -> None:
    uart = Uart()
    uart.send(b"ab")
    await uart.quiet(1.5 * 10 / 9600)
    uart.send(b"c")
    uart.send(b"")
    await uart.quiet()
    assert [at for at, _ in uart.written] == about([1 / 960, 2 / 960, 3 / 960])
    uart.close()


async def test_new_baud_applies_to_later_bytes() -> None:
    uart = Uart()
    uart.send(b"ab")
    uart.baud = 96_000
    uart.send(b"cd")
    uart.baud = None
    uart.send(b"ef")
    assert uart.baud is None
    await uart.quiet()
    assert uart.bytes == b"abcdef"
    times = [at for at, _ in uart.written]
    assert times == about([place / 960 for place in (1, 2, 2.1, 2.2, 2.2)])
    uart.close()


async def test_unpaced_bytes_leave_at_once() -> None:
    uart = Uart(None)
    uart.send(b"x" * 5000)
    assert uart.bytes == b"x" * 5000
    uart.close()


@pytest.mark.parametrize("baud", [0, -1])
async def test_invalid_baud_is_rejected(baud: int) -> None:
    with pytest.raises(ValueError, match="above 0"):
        Line(running(), lambda _data: None, baud=baud)


async def test_idle_line_has_no_timer() -> None:
    uart = Uart()
    uart.send(b"ab")
    await uart.quiet()
    assert uart._out_timer is None
    assert uart.idle
    uart.close()


async def test_paced_bytes_are_lost_if_the_pty_is_full() -> None:
    uart = Uart()
    uart.takes = 0
    uart.send(b"abc")
    await uart.quiet(1.0)
    assert uart.lost == 3
    uart.takes = None
    uart.send(b"def")
    await uart.quiet()
    assert uart.bytes == b"def"
    uart.close()


async def test_backlog_is_bounded() -> None:
    uart = Uart()
    uart.send(b"x" * BACKLOG)
    uart.send(b"yz")
    assert uart.lost == 2
    await uart.quiet(100 / 960)
    uart.send(b"z" * 200)
    assert uart.lost in (101, 102, 103)
    uart.close()
    uart.send(b"after the end")
    uart.close()


# Pace and readers, for real ----------------------------------------------------------------------


@pytest.mark.realtime
async def test_paced_answer_takes_real_time() -> None:
    with line(baud=9600) as made, opened(made.port) as host:
        begin = time.monotonic()
        made.send(b"x" * 96)
        assert await read(host, 96) == b"x" * 96
        assert 0.099 <= time.monotonic() - begin < 10


@pytest.mark.realtime
async def test_unpaced_line_waits_for_its_reader() -> None:
    sent = bytes(range(256)) * 800  # far beyond what a pty holds
    with line() as made, opened(made.port) as host:
        made.send(sent[:100_000])
        made.send(sent[100_000:])
        assert await read(host, len(sent)) == sent
        assert made.lost == 0
        made.send(b"more")
        assert await read(host, 4) == b"more"
        assert not made._writing


class Counting(Line):
    """Counts how often it wakes up to send."""

    wakeups = 0

    def _pump_out(self) -> None:
        self.wakeups += 1
        super()._pump_out()


@pytest.mark.realtime
async def test_one_wakeup_a_byte_after_unpaced_flood() -> None:
    made = Counting(running(), Recorder().receive, baud=None)
    with opened(made.port) as host:
        made.send(b"x" * 60_000)
        assert made._writing
        made.baud = 1200
        made.send(b"y" * 10)
        assert (await read(host, 60_010)).endswith(b"xyyyyyyyyyy")
        assert made.wakeups < 200  # one for each piece the reader takes, one for each byte
        assert not made._writing
    made.close()


@pytest.mark.realtime
async def test_unread_unpaced_line_is_bounded() -> None:
    with line() as made, opened(made.port) as host:
        for _ in range(20):
            made.send(b"x" * 50_000)
        assert made.lost > 0
        held = drain(host)
        assert 0 < len(held) < 100_000


@pytest.mark.realtime
async def test_unread_paced_line_loses_bytes() -> None:
    with line(baud=10**9) as made, opened(made.port) as host:
        for _ in range(3):
            made.send(b"x" * 50_000)
            await passes(0.01)
        assert made.idle
        assert not made._writing
        assert len(drain(host)) == made.sent
        assert made.sent + made.lost == 150_000
        assert made.lost > 50_000


@pytest.mark.realtime
async def test_close_during_a_flood() -> None:
    with line() as made:
        made.send(b"x" * 100_000)
        lost = made.lost
    made.send(b"x")
    made.close()
    assert made.lost == lost  # it goes nowhere, and is not the line's to lose


async def test_busy_paced_line_reads_nothing() -> None:
    receiver = Recorder()
    with line(receiver, baud=9600) as made, opened(made.port) as host:
        made.send(b"x" * (MAX_WAITING + 96))
        os.write(host, b"AT\r")
        await passes(0.09)
        made._poll()
        assert receiver.data == b""
        await passes(0.015)
        made._poll()  # the kernel may tell the loop later
        await passes(0.005)
        assert receiver.data == b"AT\r"


async def test_unpaced_line_always_reads() -> None:
    receiver = Recorder()
    with line(receiver) as made, opened(made.port) as host:
        made.send(b"x" * (MAX_WAITING + 60_000))
        os.write(host, b"AT\r")
        await until(lambda: receiver.data == b"AT\r")


async def test_on_sent_is_called_after_the_last_bit() -> None:
    sent: list[tuple[float, bytes]] = []

    def note(data: bytes) -> None:
        sent.append((asyncio.get_running_loop().time(), data))

    made = Line(running(), lambda _data: None, on_sent=note, baud=9600)
    with opened(made.port):
        made.send(b"OK")
        assert sent == []
        await passes(1.0)
        made.baud = None
        made.send(b"more")
    made.close()
    assert [data for _, data in sent] == [b"O", b"K", b"more"]
    assert [at for at, _ in sent] == about([10 / 9600, 20 / 9600, 1.0])


# Programs come and go ---------------------------------------------------------------------------


@pytest.mark.parametrize("baud", [9600, None])
async def test_output_without_host_is_lost(baud: int | None) -> None:
    with line(baud=baud) as made:
        made.send(b"\r\n+CEREG:1\r\n")
        await passes(1.0)
        assert made.lost == 12
        with opened(made.port) as host:
            made.send(b"\r\nOK\r\n")
            await passes(1.0)
            assert drain(host) == b"\r\nOK\r\n"


@pytest.mark.realtime
@pytest.mark.parametrize("unread", [12, 60_000])
async def test_unread_bytes_are_not_for_the_next_program(unread: int) -> None:
    with line() as made:
        port = made._port
        assert isinstance(port, PtyPort)
        with opened(made.port):
            made.send(b"x" * unread)
            await passes(0.01)
        await until(lambda: made.idle and not port._unread)
        with opened(made.port) as host:
            made.send(b"\r\nOK\r\n")
            assert await read(host, 6) == b"\r\nOK\r\n"
            assert drain(host) == b""


@pytest.mark.realtime
async def test_program_closes_during_an_answer() -> None:
    receiver = Recorder()
    with line(receiver, baud=1200) as made:
        with opened(made.port) as host:
            made.send(b"\r\n+CEREG:1,19E6,94,7\r\n" * 100)  # 18 s
            await read(host, 10)
        await passes(0.01)
        with opened(made.port) as host:
            assert (await read(host, 10)).isascii()
            os.write(host, b"AT\r")
            await receiver.wait_for(b"AT\r")


@pytest.mark.realtime
async def test_command_of_a_closed_program_is_received() -> None:
    receiver = Recorder()
    with line(receiver) as made:
        with opened(made.port) as host:
            os.write(host, b"AT+NRB\r" * 1000)
        await receiver.wait_for(b"AT+NRB\r" * 1000)
        assert len(receiver.data) == 7000


@pytest.mark.realtime
async def test_two_programs_and_one_closes() -> None:
    receiver = Recorder()
    with line(receiver) as made, opened(made.port) as one:
        with opened(made.port) as other:
            os.write(other, b"ATI\r")
            await receiver.wait_for(b"ATI\r")
        made.send(b"\r\nOK\r\n")
        assert await read(one, 6) == b"\r\nOK\r\n"
        assert made.lost == 0


@pytest.mark.realtime
async def test_unopened_port_uses_no_cpu() -> None:
    with line() as made:
        with opened(made.port):
            pass
        await passes(0.02)
        begin = time.process_time()
        await passes(0.2)
        assert time.process_time() - begin < 0.1
