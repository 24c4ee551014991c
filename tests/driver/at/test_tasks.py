"""Work that is done to its end although its caller is cancelled."""

from __future__ import annotations

import asyncio

import pytest

from m5310.at.tasks import to_the_end


async def test_the_result_and_the_error_come_through() -> None:
    async def work(fail: bool) -> int:
        await asyncio.sleep(0)
        if fail:
            raise LookupError("no")
        return 7

    assert await to_the_end(work(False)) == 7
    with pytest.raises(LookupError, match="no"):
        await to_the_end(work(True))


@pytest.mark.parametrize("fail", [False, True])
@pytest.mark.parametrize("times", [1, 3])
async def test_a_cancelled_caller_waits_for_the_end(times: int, fail: bool) -> None:
    go = asyncio.Event()
    steps = []

    async def work() -> None:
        steps.append("begun")
        await go.wait()
        steps.append("done")
        if fail:
            raise LookupError("nobody hears this")

    caller = asyncio.create_task(to_the_end(work()))
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


async def test_cancelled_work_cancels_the_caller() -> None:
    work = asyncio.create_task(asyncio.Event().wait())
    caller = asyncio.create_task(to_the_end(work))
    await asyncio.sleep(0)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller


async def test_work_and_caller_cancelled_together() -> None:
    work = asyncio.create_task(asyncio.Event().wait())
    caller = asyncio.create_task(to_the_end(work))
    await asyncio.sleep(0)
    work.cancel()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
