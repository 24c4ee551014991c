"""Days on a paced line while what watches it fails: the disk of the recording, the trace."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from random import Random
from typing import Any

import pytest

from emulator import Emulator, VirtualClock
from emulator.recording.file import RecordingFile
from emulator.recording.trace import TraceLine
from tests.support.hosts import Host
from tests.support.peers import until

pytestmark = pytest.mark.realtime
DAYS = 3
COMMANDS = {
    "AT": "\r\nOK\r\n",
    "AT+CSQ": "\r\n+CSQ:28,99\r\n\r\nOK\r\n",
    "AT+CGATT?": "\r\n+CGATT:1\r\n\r\nOK\r\n",
    "AT+NONSENSE": "\r\nERROR\r\n",
}


async def test_nothing_is_lost_on_the_line(tmp_path: Path) -> None:
    random = Random(5)
    clock, notes, raised = VirtualClock(), [], []
    contexts: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: contexts.append(context))

    def trace(line: TraceLine) -> None:
        if random.random() < 0.5:
            raised.append(line)
            raise ArithmeticError(line.text)

    path = tmp_path / "day.jsonl"
    with RecordingFile(path, notes.append) as file:
        it = Emulator(http=None, clock=clock, trace=trace, record=file.write)
        async with it:
            with Host(it.port) as host:
                for hour in range(DAYS * 24):
                    if hour == 30:
                        full = os.open("/dev/full", os.O_WRONLY)
                        os.dup2(full, file._file.fileno())
                        os.close(full)
                    for command, answer in random.sample(sorted(COMMANDS.items()), 3):
                        due = it.line.received + len(command) + 1
                        host.send(command)
                        await until(lambda due=due: it.line.received == due)  # type: ignore[misc]
                        clock.advance(1.0)
                        assert await host.until(answer) == answer
                    clock.advance(3600 - 3)
            assert (it.line.lost, host.seen) == (0, b"")
    assert len(raised) > 100
    assert [str(context["exception"]) for context in contexts] == [line.text for line in raised]
    assert [note.partition(":")[0] for note in notes] == [str(path)]
