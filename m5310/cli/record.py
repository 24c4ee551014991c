"""`m5310 record`: record all bytes on the serial line, with their times, to a file."""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final, Protocol

from m5310.at.line_stream import Following
from m5310.at.modem import Modem
from m5310.cli.arguments import version
from m5310.cli.console import run_console
from m5310.cli.exits import Exit
from m5310.cli.recording import Entry, Header, Recorder, Sender, entry_line, header_line
from m5310.cli.terminal.output import Output
from m5310.cli.terminal.session import Session, run_until_first_ends
from m5310.errors import ParameterError, Text
from m5310.ports.open import byte_time, open_port
from m5310.ports.speed import PortSpeed

_STDOUT: Final = Path("-")


async def command(given: argparse.Namespace, output: Output) -> int:
    if given.file == _STDOUT and not given.listen:
        raise ParameterError(
            Text("FILE is -, but the console itself uses stdout; name a file, or add --listen")
        )
    status: int = Exit.OK
    modem, port = await _open(given.port, given.baud)
    async with modem:
        with _new_file(given.file, output) as file:
            writer = RecordingWriter(file, given.port, given.baud)
            modem.tap = writer.on_bytes

            async def set_speed(baud: int) -> None:
                await port.change(baud)
                writer.on_speed(baud)

            async def work() -> None:
                nonlocal status
                if given.listen:
                    output.message(Text("listening; Ctrl-C ends"))
                    async with Following(modem, ()) as lines:
                        async for _ in lines:  # until the port is lost
                            pass
                else:
                    status = await run_console(Session(modem, set_speed), output, words=given.words)

            try:
                await run_until_first_ends(writer.write_forever(), work())
            finally:
                writer.finish()
    return status


@contextmanager
def _new_file(path: Path, output: Output) -> Iterator[IO[str]]:
    """Create the file. Raises ParameterError if it exists: recordings are never overwritten."""
    if path == _STDOUT:
        yield output.out
        return
    try:
        file = path.open("x", encoding="utf-8", newline="\n")
    except FileExistsError:
        raise ParameterError(Text("{file} exists already; name a new file", file=path)) from None
    try:
        yield file
    finally:
        with suppress(OSError):  # each line was flushed, and a failure of that was reported
            file.close()


class RecordingWriter:
    """Queues what the tap sees; `write_forever` writes it to the file.

    The two are apart so that a full disk ends the command and not the port's transport.
    """

    def __init__(self, file: IO[str], port: str, baud: int) -> None:
        self._file = file
        self._recorder = Recorder(time.monotonic())
        self._lines: asyncio.Queue[str] = asyncio.Queue()
        self._lines.put_nowait(header_line(Header(port, baud, datetime.now(UTC), version())))

    def on_bytes(self, sender: Sender, data: bytes, *, own: bool = False) -> None:
        self._put(self._recorder.add(sender, data, time.monotonic(), own=own))

    def on_speed(self, baud: int) -> None:
        self._put(self._recorder.add_speed(baud, time.monotonic()))

    async def write_forever(self) -> None:
        """Write entries as they come. Raises OSError if the file cannot be written."""
        while True:
            self._write(await self._lines.get())

    def finish(self) -> None:
        """Write the rest, including an incomplete line; the file stays open."""
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
            error.filename = self._file.name  # for the message: which file
            raise


class Tap(Protocol):
    def __call__(self, sender: Sender, data: bytes, *, own: bool = False) -> None: ...


def _no_tap(sender: Sender, data: bytes, *, own: bool = False) -> None:
    """Before there is a file."""


async def _open(url: str, baudrate: int) -> tuple[TappedModem, PortSpeed]:
    modem = TappedModem(url, byte_time=byte_time(baudrate))
    return modem, PortSpeed(await open_port(url, baudrate, modem), baudrate, modem)


class TappedModem(Modem):
    """A modem that passes all bytes it writes and reads to `tap`; its probes are its `own`.

    Set `tap` right after the port is open: no bytes can have been read or written by then.
    """

    tap: Tap = staticmethod(_no_tap)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        super().connection_made(_TappedTransport(transport, self))

    def data_received(self, data: bytes) -> None:
        self.tap(Sender.MODULE, data)
        super().data_received(data)


class _TappedTransport(asyncio.Transport):
    """The transport methods that a modem uses; bytes written go to the tap too."""

    def __init__(self, transport: asyncio.Transport, modem: TappedModem) -> None:
        super().__init__()
        self._transport = transport
        self._modem = modem
        self._probes = 0  # written so far

    def write(self, data: bytes | bytearray | memoryview) -> None:
        before, self._probes = self._probes, self._modem.counters.probes
        self._modem.tap(Sender.HOST, bytes(data), own=self._probes > before)
        self._transport.write(data)

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def abort(self) -> None:
        self._transport.abort()
