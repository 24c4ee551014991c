"""Tests of `begin`, `finish` and `Pending`."""

from __future__ import annotations

import asyncio
import sys

import pytest

from m5310.at.tasks import Pending, begin, finish


@pytest.mark.parametrize("eager", [False, True])
async def test_task_begins_in_a_later_round(eager: bool) -> None:
    if eager and sys.version_info < (3, 12):
        pytest.skip("eager tasks came with Python 3.12")
    if eager and sys.version_info >= (3, 12):
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
    steps = []

    async def work() -> int:
        steps.append("begun")
        return 7

    task = begin(work(), "a name")
    steps.append("made")
    assert await task == 7
    assert steps == ["made", "begun"]
    assert task.get_name() == "a name"


async def test_finish_returns_the_result_and_raises_the_error() -> None:
    async def work(fail: bool) -> int:
        await asyncio.sleep(0)
        if fail:
            raise LookupError("no")
        return 7

    assert await finish(work(False)) == 7
    with pytest.raises(LookupError, match="no"):
        await finish(work(True))


@pytest.mark.parametrize("fail", [False, True])
@pytest.mark.parametrize("times", [1, 3])
async def test_finish_delivers_a_cancellation_after_the_work(times: int, fail: bool) -> None:
    go = asyncio.Event()
    steps = []

    async def work() -> None:
        steps.append("begun")
        await go.wait()
        steps.append("done")
        if fail:
            raise LookupError("not raised: the caller was cancelled")

    caller = asyncio.create_task(finish(work()))
    for _ in range(times):
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        caller.cancel()
    await asyncio.sleep(0)
    assert not caller.done()
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert steps == ["begun", "done"]


async def test_finish_raises_the_cancellation_of_the_work() -> None:
    work = asyncio.create_task(asyncio.Event().wait())
    caller = asyncio.create_task(finish(work))
    await asyncio.sleep(0)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller


async def test_finish_when_work_and_caller_are_cancelled_together() -> None:
    work = asyncio.create_task(asyncio.Event().wait())
    caller = asyncio.create_task(finish(work))
    await asyncio.sleep(0)
    work.cancel()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller


async def test_pending_outcome_reaches_all_that_expect_its_key() -> None:
    pending: Pending[str, int] = Pending()
    first, second, other = (pending.expect(key) for key in ("a", "a", "b"))
    pending.resolve("a", 1)
    pending.resolve("a", 2)
    assert await pending.wait(first, 0) == await pending.wait(second, 0) == 1
    assert not pending.expected("a")
    assert pending.expected("b")
    assert not other.done()


async def test_pending_outcome_may_come_after_the_wait_timed_out() -> None:
    pending: Pending[str, int] = Pending()
    future = pending.expect("a")
    assert await pending.wait(future, 0) is None
    pending.resolve("a", 1)
    assert await pending.wait(future, 0) == 1


async def test_pending_is_not_resolved_after_drop() -> None:
    pending: Pending[str, int] = Pending()
    future = pending.expect("a")
    pending.drop("a")
    pending.resolve("a", 1)
    assert not future.done()


async def test_fail_all_raises_in_every_wait_and_forgets_the_keys() -> None:
    pending: Pending[str, int] = Pending()
    futures = [pending.expect(key) for key in "ab"]
    pending.fail_all(LookupError("gone"))
    for future in futures:
        with pytest.raises(LookupError, match="gone"):
            await pending.wait(future, 0)
    assert not pending.expected("a")


async def test_pending_ignores_a_cancelled_wait() -> None:
    pending: Pending[str, int] = Pending()
    for key in "ab":
        pending.expect(key).cancel()
    pending.resolve("a", 1)
    pending.fail_all(LookupError("gone"))
    assert not pending.expected("b")
