"""Blocking calls into a loop of another thread, with callbacks coming back out of it."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Iterator

import pytest

from m5310.errors import StateError
from m5310.nbiot.loop_thread import Pump


@pytest.fixture
def pump() -> Iterator[Pump]:
    it = Pump("test")
    yield it
    it.stop()


async def result(value: object) -> object:
    await asyncio.sleep(0)
    return value


def test_a_blocking_call_brings_the_result_or_the_error(pump: Pump) -> None:
    async def fail() -> None:
        raise LookupError("no")

    assert pump.run(result(7)) == 7
    with pytest.raises(LookupError, match="no"):
        pump.run(fail())


def test_callbacks_run_in_the_blocking_thread(pump: Pump) -> None:
    async def ask() -> object:
        return await pump.call(threading.get_ident)

    assert pump.run(ask()) == threading.get_ident()


def test_a_callback_that_fails_fails_who_asked_and_not_the_blocking_call(pump: Pump) -> None:
    def fail() -> None:
        raise LookupError("no")

    async def ask() -> str:
        try:
            await pump.call(fail)
        except LookupError as error:
            return f"heard: {error}"
        return "nothing"

    assert pump.run(ask()) == "heard: no"


def test_what_a_future_cannot_carry_is_told_in_words(pump: Pump) -> None:
    def stop() -> None:
        raise StopIteration

    async def ask() -> None:
        await pump.call(stop)

    with pytest.raises(RuntimeError, match="StopIteration"):
        pump.run(ask())


def test_a_callback_may_block_itself(pump: Pump) -> None:
    async def inner() -> object:
        return await pump.call(lambda: "inner")

    async def outer() -> object:
        return await pump.call(lambda: [pump.run(inner())])

    assert pump.run(outer()) == ["inner"]


def test_a_callback_waits_for_somebody_to_run_it(pump: Pump) -> None:
    ran = []

    async def begin() -> asyncio.Task[object]:
        task = asyncio.create_task(pump.call(lambda: ran.append("ran")))
        await asyncio.sleep(0)
        return task

    async def end(task: asyncio.Task[object]) -> None:
        await task

    task = pump.run(begin())
    while not ran:  # it may have waited already as the first call ended
        pump.run(result(None))
    pump.run(end(task))
    assert ran == ["ran"]


def test_cancelled_before_its_turn_a_callback_never_runs(pump: Pump) -> None:
    ran = []

    async def give_up() -> None:
        task = asyncio.create_task(pump.call(lambda: ran.append("ran")))
        with pump._changed:  # nobody takes it before
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait({task})

    pump.run(give_up())
    pump.run(result(None))
    assert ran == []


def test_given_up_while_it_runs_a_callback_ends_for_nobody(pump: Pump) -> None:
    asked: list[asyncio.Task[object]] = []

    async def give_up() -> None:
        asked[0].cancel()
        await asyncio.wait(asked)

    async def ask() -> bool:
        asked.append(asyncio.create_task(pump.call(lambda: pump.run(give_up()))))
        await asyncio.wait(asked)
        return asked[0].cancelled()

    assert pump.run(ask())
    assert pump.run(result(7)) == 7


def test_no_two_threads_run_callbacks_at_once(pump: Pump) -> None:
    inside: set[int] = set()
    seen: set[frozenset[int]] = set()

    def work() -> None:
        me = threading.get_ident()
        fresh = me not in inside  # else inside another callback of the same thread: that is fine
        inside.add(me)
        pump.run(result(None))  # gives the other threads every chance
        seen.add(frozenset(inside))
        if fresh:
            inside.remove(me)

    async def ask() -> None:
        await asyncio.gather(*(pump.call(work) for _ in range(10)))

    threads = [threading.Thread(target=lambda: pump.run(ask())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen
    assert {len(each) for each in seen} == {1}


def test_an_interrupt_cancels_the_work_and_comes_through(pump: Pump) -> None:
    cancelled = threading.Event()

    async def wait() -> None:
        while not pump._changed._waiters:  # type: ignore[attr-defined]  # noqa: ASYNC110
            await asyncio.sleep(0)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    with pytest.raises(KeyboardInterrupt):
        pump.run(wait())
    assert cancelled.wait(5)
    assert pump.run(result(7)) == 7


def test_a_callback_that_leaves_the_program_does_so(pump: Pump) -> None:
    heard = []

    def leave() -> None:
        raise SystemExit(3)

    async def ask() -> None:
        try:
            await pump.call(leave)
        except RuntimeError as error:
            heard.append(str(error))

    with pytest.raises(SystemExit):
        pump.run(ask())
    pump.stop()
    assert heard in ([], ["the callback was ended by SystemExit(3)"])


def test_after_the_end_nothing_is_begun(pump: Pump) -> None:
    pump.stop()
    pump.stop()
    with pytest.raises(StateError, match="destroyed"):
        pump.run(result(7))


def test_stopping_releases_who_blocks(pump: Pump) -> None:
    blocked = threading.Event()
    raised: list[BaseException] = []

    async def wait() -> None:
        blocked.set()
        await asyncio.Event().wait()

    def block() -> None:
        try:
            pump.run(wait())
        except StateError as error:
            raised.append(error)

    thread = threading.Thread(target=block)
    thread.start()
    blocked.wait()
    pump.stop()
    thread.join()
    assert "meanwhile" in str(raised[0])


def test_a_callback_may_end_after_the_loop(pump: Pump) -> None:
    async def ask() -> None:
        await pump.call(pump.stop)

    with pytest.raises(StateError, match="meanwhile"):
        pump.run(ask())


def test_it_works_inside_a_running_loop(pump: Pump) -> None:
    async def script() -> object:
        return pump.run(result(7))

    assert asyncio.run(script()) == 7
