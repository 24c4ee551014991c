"""Standard input and output as a port, for pipes and socat."""

from __future__ import annotations

import asyncio
import os
import select
from collections.abc import Callable

from emulator.line.uart_frames import Frame

_INPUT, _OUTPUT = 0, 1
READ_SIZE = 4096
# A writable pipe accepts this many bytes without blocking (POSIX: PIPE_BUF is at least 512).
_CHUNK = 512


class StdioPort:
    """`on_end` is called at the end of the input: no other host can follow.

    The streams stay in blocking mode, because other processes may share them.
    """

    name = "-"
    frame: Frame | None = None

    def __init__(
        self,
        on_data: Callable[[bytes], None],
        on_end: Callable[[], None],
        *,
        streams: tuple[int, int] = (_INPUT, _OUTPUT),
    ) -> None:
        """Needs a running event loop. Raises OSError if the input cannot be polled (a file)."""
        self._on_data = on_data
        self._on_end = on_end
        self._input, self._output = streams
        self._loop = asyncio.get_running_loop()
        self._ended = False
        self._broken = False
        self._reading = False
        try:
            self.resume()
        except OSError as error:
            reason = f"standard input: {error.strerror}; give it a pipe: cat FILE | ..."
            raise OSError(error.errno, reason) from error

    @property
    def opened(self) -> bool:
        return not self._broken

    def write(self, data: bytes) -> int:
        taken = 0
        while taken < len(data) and self._writable():
            try:
                taken += os.write(self._output, data[taken : taken + _CHUNK])
            except OSError:  # the reader has closed its end
                self._broken = True
        return taken

    def when_writable(self, callback: Callable[[], None]) -> None:
        self._loop.add_writer(self._output, callback)

    def stop_waiting(self) -> None:
        self._loop.remove_writer(self._output)

    def pause(self) -> None:
        if self._reading:
            self._reading = False
            self._loop.remove_reader(self._input)

    def resume(self) -> None:
        if not self._reading and not self._ended:
            self._loop.add_reader(self._input, self._read)
            self._reading = True

    def poll(self) -> None:
        if self._reading and select.select([self._input], [], [], 0)[0]:
            self._read()

    def close(self) -> None:
        self.pause()
        self.stop_waiting()

    def _read(self) -> None:
        data = os.read(self._input, READ_SIZE)
        if data:
            self._on_data(data)
            return
        self._ended = True
        self.pause()
        self._on_end()

    def _writable(self) -> bool:
        return not self._broken and bool(select.select([], [self._output], [], 0)[1])
