"""`m5310 record`: everything that passes on the line, with its times, into a file."""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final

from m5310.at.modem import Modem
from m5310.cli.arguments import version
from m5310.cli.console import converse
from m5310.cli.exits import Exit
from m5310.cli.recording import Entry, Header, Recorder, Sender, entry_line, header_line
from m5310.cli.terminal.output import Screen
from m5310.cli.terminal.session import Session, first_to_end
from m5310.errors import ParameterError
from m5310.ports.open import byte_time, open_port
from m5310.ports.speed import PortSpeed

_STDOUT: Final = Path("-")


async def command(given: argparse.Namespace, screen: Screen) -> int:
    if given.file == _STDOUT and not given.listen:
        raise ParameterError("a console needs stdout for itself: name a file, or use --listen")
    status: int = Exit.WELL
    modem, port = await _open(given.port, given.baud)
    async with modem:
        with _opened(given.file, screen) as file:
            tape = Tape(file, given.port, given.baud)
            modem.tap = tape.passed

            async def retune(baud: int) -> None:
                await port.change(baud)
                tape.retuned(baud)

            async def work() -> None:
                nonlocal status
                if given.listen:
                    screen.tell("listening; Ctrl-C ends")
                    await Session(modem).until_lost()
                else:
                    status = await converse(Session(modem, retune), screen, words=given.words)

            try:
                await first_to_end(tape.keep(), work())
            finally:
                tape.end()
    return status


@contextmanager
def _opened(path: Path, screen: Screen) -> Iterator[IO[str]]:
    """A new file; one that is there already is never written over."""
    if path == _STDOUT:
        yield screen.out
        return
    try:
        file = path.open("x", encoding="utf-8", newline="\n")
    except FileExistsError:
        raise ParameterError(f"{path} is there already; name a new file") from None
    try:
        yield file
    finally:
        with suppress(OSError):  # each line was flushed: what was not written has been told
            file.close()


class Tape:
    """A recording in the making: told of what passes, `keep` writes it down.

    Apart, because a full disk must end the command and not the port's transport.
    """

    def __init__(self, file: IO[str], port: str, baud: int) -> None:
        self._file = file
        self._recorder = Recorder(time.monotonic())
        self._lines: asyncio.Queue[str] = asyncio.Queue()
        self._lines.put_nowait(header_line(Header(port, baud, datetime.now(UTC), version())))

    def passed(self, sender: Sender, data: bytes) -> None:
        self._put(self._recorder.passed(sender, data, time.monotonic()))

    def retuned(self, baud: int) -> None:
        self._put(self._recorder.retuned(baud, time.monotonic()))

    async def keep(self) -> None:
        """Write each line of the wire as it passes, for ever. Raises OSError if it cannot."""
        while True:
            self._write(await self._lines.get())

    def end(self) -> None:
        """Write the rest, a line that has not ended included; the file stays open."""
        self._put(self._recorder.flush())
        while not self._lines.empty():
            self._write(self._lines.get_nowait())

    def _put(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            self._lines.put_nowait(entry_line(entry))

    def _write(self, line: str) -> None:
        try:
            self._file.write(f"{line}\n")
            self._file.flush()
        except OSError as error:
            error.filename = self._file.name  # which disk is full?
            raise


# --- listening in ----------------------------------------------------------------------------

Tap = Callable[[Sender, bytes], None]


async def _open(url: str, baudrate: int) -> tuple[TappedModem, PortSpeed]:
    modem = TappedModem(url, byte_time=byte_time(baudrate))
    return modem, PortSpeed(await open_port(url, baudrate, modem), baudrate, modem)


class TappedModem(Modem):
    """A modem that shows a tap what it writes and reads, before it understands any of it.

    Set `tap` right after the port is open: nothing can have passed by then.
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
