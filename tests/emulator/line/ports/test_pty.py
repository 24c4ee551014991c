"""Pty port: presence of a host, reading, unread bytes, speed."""

from __future__ import annotations

import asyncio
import errno
import os
import select
import termios
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import serial

from emulator.line.ports.pty import PtyPort
from emulator.line.uart_frames import Frame
from tests.support.peers import until


class OpenPty:
    """The module's side: bytes it received, and the port."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.port = PtyPort(self.received.append)


@contextmanager
def open_pty() -> Iterator[OpenPty]:
    made = OpenPty()
    try:
        yield made
    finally:
        made.port.close()


@contextmanager
def opened(path: str) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


async def ready_events() -> None:
    """Let the event loop handle all events that are ready."""
    over = asyncio.Event()
    asyncio.get_running_loop().call_later(0.01, over.set)
    await over.wait()


async def test_opened_is_true_while_a_program_has_it_open() -> None:
    with open_pty() as it:
        assert not it.port.opened
        for _ in range(2):
            with opened(it.port.path):
                assert it.port.opened
                with opened(it.port.path):
                    pass
                assert it.port.opened
            assert not it.port.opened
        await ready_events()


@pytest.mark.realtime
async def test_long_input_arrives_complete() -> None:
    with open_pty() as it, opened(it.port.path) as host:
        text = sent = bytes(range(256)) * 40
        while sent:
            sent = sent[os.write(host, sent) :]
            received = len(text) - len(sent)
            await until(lambda: len(b"".join(it.received)) == received)  # noqa: B023 - at once
        assert b"".join(it.received) == text


@pytest.mark.realtime
async def test_answer_to_closed_program_is_not_for_the_next() -> None:
    """As `echo AT > port` leaves it: its line and its going are one news."""
    with open_pty() as it:
        it.port._on_data = lambda data: (it.received.append(data), it.port.write(b"OK"))  # type: ignore[func-returns-value]
        for count in range(1, 4):
            with opened(it.port.path) as host:
                os.write(host, b"AT\r")
            await until(lambda: len(it.received) == count)  # noqa: B023 - at once
            await until(lambda: not it.port._unread)
        with opened(it.port.path) as host, pytest.raises(BlockingIOError):
            os.read(host, 100)


@pytest.mark.realtime
async def test_opened_during_data_callback() -> None:
    with open_pty() as it:
        found: list[bool] = []
        it.port._on_data = lambda _data: found.append(it.port.opened)
        with opened(it.port.path) as host:
            os.write(host, b"AT\r")
            await until(lambda: bool(found))
            os.write(host, b"AT\r")
        await until(lambda: len(found) == 2)
        assert found == [True, False]
        assert not it.port.opened


async def test_paused_port_reads_nothing_until_resume() -> None:
    with open_pty() as it, opened(it.port.path) as host:
        it.port.pause()
        os.write(host, b"AT\r")
        await ready_events()
        it.port.poll()
        assert it.received == []
        it.port.resume()
        await until(lambda: it.received == [b"AT\r"])


async def test_pause_in_the_middle_of_input() -> None:
    with open_pty() as it, opened(it.port.path) as host:
        it.port._on_data = lambda data: (it.received.append(data), it.port.pause())  # type: ignore[func-returns-value]
        os.write(host, b"x" * 6000)
        await until(lambda: bool(it.received))
        first = len(b"".join(it.received))
        assert first < 6000
        it.port.resume()
        await until(lambda: len(b"".join(it.received)) > first)


async def test_event_without_data_is_ignored() -> None:
    with open_pty() as it, opened(it.port.path):
        it.port.poll()
        assert it.received == []


async def test_unread_bytes_are_dropped_on_close() -> None:
    with open_pty() as it:
        with opened(it.port.path):
            assert it.port.write(b"old") == 3
        await until(lambda: not it.port._unread)
        with opened(it.port.path) as host:
            with pytest.raises(BlockingIOError):
                os.read(host, 100)
            assert it.port.write(b"new") == 3
            assert os.read(host, 100) == b"new"


async def test_flush_ignores_exclusively_opened_pty(monkeypatch: pytest.MonkeyPatch) -> None:
    with open_pty() as it:
        with opened(it.port.path):
            it.port.write(b"old")
        with monkeypatch.context() as patched:

            def busy(*_: object) -> int:
                raise OSError(16, "Device or resource busy")

            patched.setattr("emulator.line.ports.pty.os.open", busy)
            it.port.poll()
        assert not it.port.opened


async def test_full_pty_accepts_no_bytes() -> None:
    with open_pty() as it, opened(it.port.path):
        # The kernel moves bytes on by itself, so a full pty may take a few more a moment later.
        taken = sum(it.port.write(b"x" * 4096) for _ in range(1000))
        assert 4096 <= taken < 200_000


async def test_no_pty_available_raises_oserror(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left() -> tuple[int, int]:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "openpty", none_left)
    with pytest.raises(OSError, match=r"no pty is left for a port \(No space left on device\)"):
        PtyPort(lambda _data: None)


async def test_missing_epoll_raises_oserror(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(select, "epoll")
    with pytest.raises(OSError, match="needs Linux"):
        PtyPort(lambda _data: None)


async def test_frame_has_the_speed_of_the_program() -> None:
    with open_pty() as it:
        assert it.port.name == it.port.path
        assert it.port.frame == Frame(9600)  # the default of a Linux serial port
        for speed in (115_200, 250_000):
            with serial.Serial(it.port.path, speed, stopbits=2):
                assert it.port.frame == Frame(speed, stop=2)
        await ready_events()


async def test_frame_is_none_without_the_ioctl(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unknown(*_: object) -> bytes:
        raise OSError(25, "Inappropriate ioctl for device")

    with open_pty() as it, monkeypatch.context() as patched:
        patched.setattr("emulator.line.ports.pty.fcntl.ioctl", unknown)
        assert it.port.frame is None


async def test_frame_is_none_for_speed_zero() -> None:
    with open_pty() as it, opened(it.port.path) as host:
        settings = termios.tcgetattr(host)
        settings[4] = settings[5] = termios.B0  # hang up
        termios.tcsetattr(host, termios.TCSANOW, settings)
        assert it.port.frame is None


async def test_poll_reads_available_bytes() -> None:
    with open_pty() as it, opened(it.port.path) as host:
        os.write(host, b"AT\r")
        await ready_events()
        it.port.poll()
        assert it.received == [b"AT\r"]
