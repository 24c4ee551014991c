"""Loop thread: start, run, errors, close."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from emulator.simulation.loop_thread import LoopThread
from tests.support.patience import PATIENCE

pytestmark = pytest.mark.realtime


async def name() -> str:
    return threading.current_thread().name


@pytest.fixture
def thread() -> Iterator[LoopThread]:
    loop_thread = LoopThread("the loop")
    loop_thread.start()
    yield loop_thread
    loop_thread.close()


def test_run_waits_for_the_result(thread: LoopThread) -> None:
    assert thread.run(name()) == "the loop"
    thread.run(asyncio.sleep(0))


def test_run_raises_the_exception_of_the_work(thread: LoopThread) -> None:
    async def fail() -> None:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        thread.run(fail())


def test_run_in_its_own_thread_raises(thread: LoopThread) -> None:
    async def ask() -> str:
        return thread.run(name())

    with pytest.raises(RuntimeError, match="the loop would wait for itself"):
        thread.run(ask())


def test_use_before_start_or_after_close(thread: LoopThread) -> None:
    with pytest.raises(RuntimeError, match="runs already"):
        thread.start()
    thread.close()
    thread.close()
    with pytest.raises(
        RuntimeError, match="the loop is not running in this process: use it inside its `with`"
    ):
        thread.run(name())


def test_failing_event_loop_raises_at_start(monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted() -> asyncio.AbstractEventLoop:
        raise OSError("Too many open files")

    loop_thread = LoopThread("the loop")
    monkeypatch.setattr(asyncio, "new_event_loop", exhausted)
    with pytest.raises(OSError, match="Too many open files"):
        loop_thread.start()
    loop_thread.close()


def test_start_after_close(thread: LoopThread) -> None:
    thread.close()
    thread.start()
    assert thread.run(name()) == "the loop"


def test_unhandled_errors_are_raised_by_close() -> None:
    thread = LoopThread("the loop")
    thread.start()

    async def plant() -> None:
        loop = asyncio.get_running_loop()
        loop.call_soon(lambda: [].pop())
        loop.call_exception_handler({"message": "something odd"})

    thread.run(plant())
    thread.run(asyncio.sleep(0))
    message = r"the loop failed: RuntimeError\('something odd'\), IndexError"
    with pytest.raises(RuntimeError, match=message):
        thread.close()
    thread.close()


def test_close_cancels_remaining_tasks() -> None:
    thread = LoopThread("the loop")
    thread.start()
    ended: list[str] = []

    async def wait_for_ever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")

    async def leave() -> asyncio.Task[None]:
        task = asyncio.create_task(wait_for_ever())
        await asyncio.sleep(0)
        return task

    left = thread.run(leave())
    thread.close()
    assert ended == ["cancelled"]
    assert left.cancelled()


def test_work_submitted_while_it_is_closing_is_done_or_refused() -> None:
    for _ in range(200):
        thread = LoopThread("the loop")
        thread.start()
        ended: list[str] = []
        begun = threading.Barrier(2)

        def use(thread: LoopThread, ended: list[str], begun: threading.Barrier) -> None:
            begun.wait()
            try:
                while True:
                    thread.run(name())
            except RuntimeError as error:
                ended.append(str(error))

        user = threading.Thread(target=use, args=(thread, ended, begun), daemon=True)
        user.start()
        begun.wait()
        thread.close()
        user.join(PATIENCE)
        assert not user.is_alive(), "it waits for ever"
        assert ended[0].startswith("the loop is not running")


def test_caller_that_waits_when_it_is_closed_is_released() -> None:
    thread = LoopThread("the loop")
    thread.start()
    ended: list[str] = []
    waiting = threading.Event()

    async def wait_for_ever() -> None:
        waiting.set()
        await asyncio.Event().wait()

    def use() -> None:
        with pytest.raises(RuntimeError, match="the loop is not running: it was closed"):
            thread.run(wait_for_ever())
        ended.append("released")

    user = threading.Thread(target=use, daemon=True)
    user.start()
    waiting.wait()
    thread.close()
    user.join(PATIENCE)
    assert ended == ["released"]


def test_callers_are_released_when_a_callback_ends_the_thread() -> None:
    """A callback may raise SystemExit, which ends any thread."""
    thread = LoopThread("the loop")
    thread.start()

    async def leave() -> None:
        asyncio.get_running_loop().call_soon(sys.exit)
        await asyncio.sleep(0)
        await asyncio.Event().wait()

    with pytest.raises(RuntimeError, match="the loop is not running"):
        thread.run(leave())
    with pytest.raises(RuntimeError, match="the loop is not running"):
        thread.run(name())
    with pytest.raises(RuntimeError, match="the loop failed: SystemExit"):
        thread.close()


FORKED = """
import os
from emulator import Emulator

with Emulator(baud=None, http=None) as emulator:
    child = os.fork()
    if not child:
        try:
            emulator.imei
        except RuntimeError as error:
            print(error, flush=True)
        os._exit(0)
    os.waitpid(child, 0)
    print(emulator.imei)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform does not fork")
def test_call_in_forked_child_raises() -> None:
    """The thread stays in the parent."""
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORKED]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE)
    refused, imei = ended.stdout.splitlines()
    assert refused.startswith("the emulator's thread is not running in this process: use it")
    assert imei == "865820030013978"
