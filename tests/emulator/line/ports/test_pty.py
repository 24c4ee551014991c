"""The module's end of the pty: who is there, what is read, what is left behind."""

from __future__ import annotations

import asyncio
import os
import pty
import select
import termios
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import serial

from emulator.line.ports.pty import PtyPort
from emulator.line.uart_frames import Frame
from tests.support.peers import until


class Far:
    """The module's side: what it heard, and the terminal it hears it from."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.terminal = PtyPort(self.heard.append)


@contextmanager
def far() -> Iterator[Far]:
    made = Far()
    try:
        yield made
    finally:
        made.terminal.close()


@contextmanager
def opened(path: str) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


async def turns() -> None:
    """What is there is dealt with, however many turns of the loop that takes."""
    over = asyncio.Event()
    asyncio.get_running_loop().call_later(0.01, over.set)
    await over.wait()


async def test_it_knows_whether_anybody_is_there() -> None:
    with far() as it:
        assert not it.terminal.opened
        for _ in range(2):
            with opened(it.terminal.path):
                assert it.terminal.opened
                with opened(it.terminal.path):
                    pass
                assert it.terminal.opened
            assert not it.terminal.opened
        await turns()


@pytest.mark.realtime
async def test_a_long_text_comes_in_pieces_and_whole() -> None:
    with far() as it, opened(it.terminal.path) as host:
        text = sent = bytes(range(256)) * 40
        while sent:
            sent = sent[os.write(host, sent) :]
            heard = len(text) - len(sent)
            await until(lambda: len(b"".join(it.heard)) == heard)  # noqa: B023 - at once
        assert b"".join(it.heard) == text


@pytest.mark.realtime
async def test_an_answer_to_a_program_that_has_gone_is_not_there_for_the_next_one() -> None:
    """As `echo AT > port` leaves it: its line and its going are one news."""
    with far() as it:
        it.terminal._on_data = lambda data: (it.heard.append(data), it.terminal.write(b"OK"))  # type: ignore[func-returns-value]
        for count in range(1, 4):
            with opened(it.terminal.path) as host:
                os.write(host, b"AT\r")
            await until(lambda: len(it.heard) == count)  # noqa: B023 - at once
            await until(lambda: not it.terminal._unread)
        with opened(it.terminal.path) as host, pytest.raises(BlockingIOError):
            os.read(host, 100)


@pytest.mark.realtime
async def test_who_has_just_written_is_there_unless_it_has_gone() -> None:
    with far() as it:
        found: list[bool] = []
        it.terminal._on_data = lambda _data: found.append(it.terminal.opened)
        with opened(it.terminal.path) as host:
            os.write(host, b"AT\r")
            await until(lambda: bool(found))
            os.write(host, b"AT\r")
        await until(lambda: len(found) == 2)
        assert found == [True, False]
        assert not it.terminal.opened


async def test_paused_it_leaves_what_is_written_where_it_is() -> None:
    with far() as it, opened(it.terminal.path) as host:
        it.terminal.pause()
        os.write(host, b"AT\r")
        await turns()
        assert it.heard == []
        it.terminal.resume()
        await turns()
        assert it.heard == [b"AT\r"]


async def test_pausing_in_the_middle_of_a_text() -> None:
    with far() as it, opened(it.terminal.path) as host:
        it.terminal._on_data = lambda data: (it.heard.append(data), it.terminal.pause())  # type: ignore[func-returns-value]
        os.write(host, b"x" * 6000)
        await turns()
        first = len(b"".join(it.heard))
        assert first < 6000
        it.terminal.resume()
        await turns()
        assert len(b"".join(it.heard)) > first


async def test_news_of_nothing_is_nothing() -> None:
    with far() as it, opened(it.terminal.path):
        it.terminal.poll()
        assert it.heard == []


async def test_what_was_left_unread_is_forgotten() -> None:
    with far() as it:
        with opened(it.terminal.path):
            assert it.terminal.write(b"old") == 3
        await turns()
        with opened(it.terminal.path) as host:
            with pytest.raises(BlockingIOError):
                os.read(host, 100)
            assert it.terminal.write(b"new") == 3
            assert os.read(host, 100) == b"new"


async def test_the_next_program_wants_the_port_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    with far() as it:
        with opened(it.terminal.path):
            it.terminal.write(b"old")
        with monkeypatch.context() as patched:

            def busy(*_: object) -> int:
                raise OSError(16, "Device or resource busy")

            patched.setattr("emulator.line.ports.pty.os.open", busy)
            it.terminal.poll()
        assert not it.terminal.opened


async def test_a_full_terminal_takes_no_more() -> None:
    with far() as it, opened(it.terminal.path):
        # The kernel moves bytes on by itself, so a full pty may take a few more a moment later.
        taken = sum(it.terminal.write(b"x" * 4096) for _ in range(1000))
        assert 4096 <= taken < 200_000


async def test_there_is_no_pty_to_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left() -> tuple[int, int]:
        raise OSError("out of pty devices")

    monkeypatch.setattr(pty, "openpty", none_left)
    with pytest.raises(OSError, match="out of pty devices"):
        PtyPort(lambda _data: None)


async def test_a_system_without_epoll_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(select, "epoll")
    with pytest.raises(OSError, match="needs Linux"):
        PtyPort(lambda _data: None)


async def test_it_knows_the_speed_that_a_program_sets() -> None:
    with far() as it:
        assert it.terminal.name == it.terminal.path
        assert it.terminal.frame == Frame(9600)  # as a Linux serial port that nobody has set
        for speed in (115_200, 250_000):
            with serial.Serial(it.terminal.path, speed, stopbits=2):
                assert it.terminal.frame == Frame(speed, stop=2)
        await turns()


async def test_where_the_system_does_not_tell_the_speed_is_not_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unknown(*_: object) -> bytes:
        raise OSError(25, "Inappropriate ioctl for device")

    with far() as it, monkeypatch.context() as patched:
        patched.setattr("emulator.line.ports.pty.fcntl.ioctl", unknown)
        assert it.terminal.frame is None


async def test_a_speed_of_zero_is_no_speed() -> None:
    with far() as it, opened(it.terminal.path) as host:
        settings = termios.tcgetattr(host)
        settings[4] = settings[5] = termios.B0  # hang up
        termios.tcsetattr(host, termios.TCSANOW, settings)
        assert it.terminal.frame is None


async def test_polled_it_reads_what_is_there() -> None:
    with far() as it, opened(it.terminal.path) as host:
        os.write(host, b"AT\r")
        await turns()
        it.terminal.poll()
        assert it.heard == [b"AT\r"]
