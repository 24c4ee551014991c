"""Signals: the first one ends the work, the second one the ending."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Iterator

import pytest

from m5310.cli.main import _run_async


@pytest.fixture(autouse=True)
def asyncio_is_heard_again() -> Iterator[None]:
    logger = logging.getLogger("asyncio")
    level = logger.level
    yield
    logger.setLevel(level)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_work_in_order(number: signal.Signals) -> None:
    ended = []

    async def work() -> int:
        try:
            os.kill(os.getpid(), number)
            await asyncio.get_running_loop().create_future()
        finally:
            ended.append(True)
        return 0

    assert _run_async(work(), debug=False) == 128 + number
    assert ended


def test_a_second_signal_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[int] = []
    over = asyncio.Event()

    def leave(status: int) -> None:
        left.append(status)
        over.set()

    monkeypatch.setattr(os, "_exit", leave)

    async def work() -> int:
        try:
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            os.kill(os.getpid(), signal.SIGINT)
            await over.wait()
            raise
        return 0

    assert _run_async(work(), debug=False) == 130
    assert left == [130]


def test_work_that_cancels_itself_is_no_signal() -> None:
    async def work() -> int:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        _run_async(work(), debug=False)
