"""Standard input and output as a port, with pipes in their place."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from emulator.line.ports.stdio import StdioPort
from tests.support.peers import Recorder

pytestmark = pytest.mark.realtime


class Pipes:
    """`send` to the module, `read` from it; `port` is between."""

    def __init__(self) -> None:
        self.recorder, self.ended = Recorder(), asyncio.Event()
        inward, self.send = os.pipe()
        self.read, outward = os.pipe()
        self.ends = [inward, outward]
        self.port = StdioPort(self.recorder.receive, self.ended.set, streams=(inward, outward))


@contextmanager
def pipes() -> Iterator[Pipes]:
    made = Pipes()
    try:
        yield made
    finally:
        made.port.close()
        for descriptor in [made.send, made.read, *made.ends]:
            if descriptor >= 0:
                os.close(descriptor)


async def test_bytes_pass_both_ways_and_end_is_reported() -> None:
    with pipes() as it:
        assert it.port.opened
        assert (it.port.name, it.port.frame) == ("-", None)
        os.write(it.send, b"AT\r")
        await it.recorder.wait_for(b"AT\r")
        assert it.port.write(b"\r\nOK\r\n" * 500) == 3000
        assert os.read(it.read, 4000) == b"\r\nOK\r\n" * 500
        os.close(it.send)
        it.send = -1
        await it.ended.wait()
        it.port.resume()
        it.port.poll()
        assert it.port.write(b"x") == 1  # there may still be a reader


async def test_paused_port_reads_nothing_until_resume() -> None:
    with pipes() as it:
        it.port.pause()
        it.port.pause()
        os.write(it.send, b"AT\r")
        it.port.poll()
        assert it.recorder.data == b""
        it.port.resume()
        it.port.resume()
        it.port.poll()
        assert it.recorder.data == b"AT\r"
        it.port.poll()


async def test_full_pipe_accepts_no_bytes_until_read() -> None:
    with pipes() as it:
        taken = 0
        while more := it.port.write(b"x" * 10_000):
            taken += more
        room = asyncio.Event()
        it.port.when_writable(room.set)
        assert len(os.read(it.read, taken)) > 0
        await room.wait()
        it.port.stop_waiting()
        assert it.port.write(b"y") == 1


async def test_closed_reader_counts_as_no_host() -> None:
    with pipes() as it:
        os.close(it.read)
        it.read = -1
        assert it.port.write(b"\r\nOK\r\n") == 0
        assert not it.port.opened


async def test_file_as_input_raises_oserror(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("AT\r")
    with (
        open(tmp_path / "file") as file,  # noqa: ASYNC230 - it is not read
        pytest.raises(OSError, match=r"standard input: .*; give it a pipe: cat FILE"),
    ):
        StdioPort(lambda _: None, lambda: None, streams=(file.fileno(), 1))
