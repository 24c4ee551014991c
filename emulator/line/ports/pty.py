"""Pty port: a pseudo terminal in raw mode that knows whether a program has it open."""

from __future__ import annotations

import asyncio
import fcntl
import os
import select
import struct
import termios
import tty
from collections.abc import Callable
from contextlib import suppress

from emulator.line.ports.pty_poll import poller_of
from emulator.line.uart_frames import Frame

READ_SIZE = 4096
# Default speed of a Linux serial port; a pty's own default is 38400.
_SPEED = termios.B9600
# ioctl that reads the slave's settings through the master, with speeds that have no Bxxx constant:
# four words of flags, a line discipline, 19 characters, two speeds (asm-generic/termbits.h,
# asm-generic/ioctls.h).
_TCGETS2 = 0x802C542A
_TERMIOS2 = struct.Struct("=4IB19s2I")


def _open_pty() -> tuple[int, int]:
    """Master and slave of a new pty."""
    try:
        return os.openpty()
    except OSError as error:
        raise OSError(
            f"no pty is left for a port ({error.strerror}): start fewer modules, raise the limit"
            " (ulimit -n, or kernel.pty.max), or use port socket://HOST:PORT"
        ) from error


class PtyPort:
    """A pty in raw mode; `on_data` is called with bytes that programs write to `path`.

    Programs may open, close and reopen it. Unread bytes are not kept for the next program.
    """

    def __init__(self, on_data: Callable[[bytes], None]) -> None:
        """Needs a running event loop. Raises OSError if no pty is available."""
        if not hasattr(select, "epoll"):
            raise OSError("no epoll: a pty port needs Linux; try port socket://HOST:PORT")
        self._on_data = on_data
        self._loop = asyncio.get_running_loop()
        self._master, slave = _open_pty()
        # Raw mode belongs to the pair: it survives the closing of the slave.
        tty.setraw(slave)
        settings = termios.tcgetattr(slave)
        settings[4] = settings[5] = _SPEED
        termios.tcsetattr(slave, termios.TCSANOW, settings)
        self.path = os.ttyname(slave)
        os.close(slave)
        os.set_blocking(self._master, False)
        self._poller = poller_of(self._loop)
        self._poller.add(self._master, self._on_events)
        self._presence = select.poll()
        self._presence.register(self._master, 0)
        self._writer_present = False  # while handling an event without hang-up
        self._unread = False  # bytes written by us may be left in the pty
        self._paused = False

    @property
    def name(self) -> str:
        return self.path

    @property
    def frame(self) -> Frame | None:
        """The speed and stop bits that the host has set. A pty always has 8 bits, no parity."""
        try:
            settings = fcntl.ioctl(self._master, _TCGETS2, bytes(_TERMIOS2.size))
        except OSError:  # this ioctl number is not valid on every architecture
            return None
        _iflag, _oflag, cflag, *_, speed = _TERMIOS2.unpack(settings)
        return Frame(speed, stop=2 if cflag & termios.CSTOPB else 1) if speed else None

    @property
    def opened(self) -> bool:
        """Whether a program has the other end open."""
        return self._writer_present or not self._presence.poll(0)

    def write(self, data: bytes) -> int:
        """Returns how many bytes the pty accepted: fewer than `data` if it is full."""
        self._unread = True
        try:
            return os.write(self._master, data)
        except BlockingIOError:
            return 0

    def when_writable(self, callback: Callable[[], None]) -> None:
        """Call `callback` each time the pty can accept bytes or its reader leaves."""
        self._loop.add_writer(self._master, callback)

    def stop_waiting(self) -> None:
        self._loop.remove_writer(self._master)

    def pause(self) -> None:
        """Stop reading until `resume`; bytes of programs wait in the pty."""
        self._paused = True

    def resume(self) -> None:
        self._paused = False
        self._poller.rearm(self._master)

    def close(self) -> None:
        self._poller.remove(self._master)
        self.stop_waiting()
        os.close(self._master)

    def poll(self) -> None:
        """Read available bytes now, without waiting for the event loop."""
        self._read()

    def _on_events(self, events: int) -> None:
        self._writer_present = not events & select.EPOLLHUP
        try:
            self._read()
        finally:
            self._writer_present = False

    def _read(self) -> None:
        if self._paused:
            return
        try:
            data = os.read(self._master, READ_SIZE)
        except BlockingIOError:
            return
        except OSError:  # EIO: the last program has closed it
            self._flush_unread()
            return
        # A short read means that the stream is empty (epoll(7)). A program that leaves causes an
        # event of its own, unless it was part of this one.
        if len(data) == READ_SIZE or not self._writer_present:
            self._poller.rearm(self._master)
        self._on_data(data)

    def _flush_unread(self) -> None:
        if not self._unread:
            return
        self._unread = False
        with suppress(OSError):  # the next program has opened the pty exclusively
            slave = os.open(self.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            termios.tcflush(self._master, termios.TCOFLUSH)
            termios.tcflush(slave, termios.TCIFLUSH)
            os.close(slave)
