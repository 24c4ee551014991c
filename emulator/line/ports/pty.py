"""The module's end of a pseudo terminal, which knows whether a program has the other end open."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import select
import struct
import termios
import tty
from collections.abc import Callable
from contextlib import suppress

from emulator.line.ports.pty_poll import poller_of
from emulator.line.uart_frames import Frame

READ_SIZE = 4096
# What a Linux serial port is set to before anybody sets it; a pty's own default is 38400.
_SPEED = termios.B9600
# Asks the master how its slave is set, speeds that have no name of their own included: four words
# of flags, a discipline, 19 characters, two speeds (asm-generic/termbits.h, asm-generic/ioctls.h).
_TCGETS2 = 0x802C542A
_TERMIOS2 = struct.Struct("=4IB19s2I")


class PtyPort:
    """A pty in raw mode; `on_data` is called with what programs write to `path`.

    Programs may open, close and open it again. Nothing is kept for the next one.
    """

    def __init__(self, on_data: Callable[[bytes], None]) -> None:
        """Needs a running event loop. Raises OSError when there is no pty to be had."""
        if not hasattr(select, "epoll"):
            raise OSError("the emulated serial port needs Linux, whose epoll it uses")
        self._on_data = on_data
        self._loop = asyncio.get_running_loop()
        self._master, slave = pty.openpty()
        # Raw mode outlives the closing of the slave: it belongs to the pair.
        tty.setraw(slave)
        settings = termios.tcgetattr(slave)
        settings[4] = settings[5] = _SPEED
        termios.tcsetattr(slave, termios.TCSANOW, settings)
        self.path = os.ttyname(slave)
        os.close(slave)
        os.set_blocking(self._master, False)
        self._watch = poller_of(self._loop)
        self._watch.add(self._master, self._stirred)
        self._presence = select.poll()
        self._presence.register(self._master, 0)
        self._writes = False  # a program, of which this very news is
        self._unread = False  # a program may have left something of what we wrote
        self._paused = False

    @property
    def name(self) -> str:
        return self.path

    @property
    def frame(self) -> Frame | None:
        """The speed that the other end is set to. A pty has no other frame than eight bits without
        parity, whatever it is told.
        """
        try:
            told = fcntl.ioctl(self._master, _TCGETS2, bytes(_TERMIOS2.size))
        except OSError:  # not every architecture has it under this number
            return None
        _iflag, _oflag, cflag, *_, speed = _TERMIOS2.unpack(told)
        return Frame(speed, stop=2 if cflag & termios.CSTOPB else 1) if speed else None

    @property
    def opened(self) -> bool:
        """Whether a program has the other end open."""
        return self._writes or not self._presence.poll(0)

    def write(self, data: bytes) -> int:
        """How much of it the pty took: less than all when it is full."""
        self._unread = True
        try:
            return os.write(self._master, data)
        except BlockingIOError:
            return 0

    def when_writable(self, callback: Callable[[], None]) -> None:
        """Call it whenever the pty takes more, or is left by its reader; `stop_waiting` ends it."""
        self._loop.add_writer(self._master, callback)

    def stop_waiting(self) -> None:
        self._loop.remove_writer(self._master)

    def pause(self) -> None:
        """Read no more until `resume`: what programs write waits in the pty."""
        self._paused = True

    def resume(self) -> None:
        self._paused = False
        self._watch.look_again(self._master)

    def close(self) -> None:
        self._watch.remove(self._master)
        self.stop_waiting()
        os.close(self._master)

    def poll(self) -> None:
        """Read what is there already, without waiting for the event loop's next turn."""
        self._read()

    def _stirred(self, news: int) -> None:
        self._writes = not news & select.EPOLLHUP
        try:
            self._read()
        finally:
            self._writes = False

    def _read(self) -> None:
        if self._paused:
            return
        try:
            data = os.read(self._master, READ_SIZE)
        except BlockingIOError:
            return
        except OSError:  # EIO: the last program has closed it
            self._forget_unread()
            return
        # A stream that gives less than it was asked for has given all it had (epoll(7)); and that a
        # program leaves is news of its own, unless it was part of this.
        if len(data) == READ_SIZE or not self._writes:
            self._watch.look_again(self._master)
        self._on_data(data)

    def _forget_unread(self) -> None:
        if not self._unread:
            return
        self._unread = False
        with suppress(OSError):  # the next program was faster, and wants it for itself
            slave = os.open(self.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            termios.tcflush(self._master, termios.TCOFLUSH)
            termios.tcflush(slave, termios.TCIFLUSH)
            os.close(slave)
