"""Output of shell commands, and the end of their processes."""

from __future__ import annotations

import asyncio
import os

import pytest

from m5310.cli.run_measure import command_output
from m5310.errors import ParameterError

pytestmark = pytest.mark.realtime


async def test_output_of_a_command() -> None:
    assert await command_output("echo 21.5; cat", 20) == "21.5\n"


async def test_failing_command() -> None:
    with pytest.raises(ParameterError, match="'exit 3' ended with status 3"):
        await command_output("exit 3", 20)


async def test_timeout_kills_the_whole_process_group() -> None:
    with pytest.raises(ParameterError, match=r"took longer than 0\.2 s"):
        await command_output("sleep 60 | sleep 60", 0.2)


async def test_cancellation_kills_the_command() -> None:
    task = asyncio.ensure_future(command_output("sleep 60", 60))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(task, 0.2)


async def test_cancellation_while_the_command_starts() -> None:
    task = asyncio.ensure_future(command_output("sleep 60", 60))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_timeout_kills_the_process_without_process_groups(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(os, "killpg")
    with pytest.raises(ParameterError, match="took longer"):
        await command_output("exec sleep 60", 0.2)
