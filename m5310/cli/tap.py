"""A modem whose line is listened to: every byte in both directions, as it passes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import IO

from m5310.modem import Modem
from m5310.recording import Header, Recorder, Sender, header_line, piece_line

Tap = Callable[[Sender, bytes], None]


class Tape:
    """A recording in the making: `passed` is told of the bytes, `keep` writes them down.

    Apart, because a full disk must end the command and not the port's transport.
    """

    def __init__(self, file: IO[str], port: str, baud: int) -> None:
        self._file = file
        self._recorder = Recorder(time.monotonic())
        self._lines: asyncio.Queue[str] = asyncio.Queue()
        self._lines.put_nowait(header_line(Header(port, baud, datetime.now(UTC))))

    def passed(self, sender: Sender, data: bytes) -> None:
        for piece in self._recorder.passed(sender, data, time.monotonic()):
            self._lines.put_nowait(piece_line(piece))

    async def keep(self) -> None:
        """Write each line of the wire as it passes, for ever. Raises OSError if it cannot."""
        while True:
            self._write(await self._lines.get())

    def end(self) -> None:
        """Write the rest, a line that has not ended included; the file stays open."""
        for piece in self._recorder.flush():
            self._lines.put_nowait(piece_line(piece))
        while not self._lines.empty():
            self._write(self._lines.get_nowait())

    def _write(self, line: str) -> None:
        self._file.write(f"{line}\n")
        self._file.flush()


class TappedModem(Modem):
    """A modem that shows a tap what it writes and reads, before it understands any of it.

    Set `tap` right after `open`: nothing can have passed by then.
    """

    tap: Tap = staticmethod(lambda _sender, _data: None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        super().connection_made(_TappedTransport(transport, self))

    def data_received(self, data: bytes) -> None:
        self.tap(Sender.MODULE, data)
        super().data_received(data)


class _TappedTransport(asyncio.Transport):
    """What a modem asks of its transport, with an ear on what is written."""

    def __init__(self, transport: asyncio.Transport, modem: TappedModem) -> None:
        super().__init__()
        self._transport = transport
        self._modem = modem

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._modem.tap(Sender.HOST, bytes(data))
        self._transport.write(data)

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def abort(self) -> None:
        self._transport.abort()
