"""One epoll for all ptys of an event loop."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from emulator.line.ports.pty_poll import poller_of

realtime = pytest.mark.realtime


@contextmanager
def pipes(count: int) -> Iterator[list[tuple[int, int]]]:
    with ExitStack() as stack:
        made = []
        for _ in range(count):
            reading, writing = os.pipe()
            stack.callback(os.close, reading)
            stack.callback(os.close, writing)
            made.append((reading, writing))
        yield made


@realtime
async def test_event_is_reported_once_until_rearmed() -> None:
    with pipes(1) as [(reading, writing)]:
        news: asyncio.Queue[str] = asyncio.Queue()
        poller = poller_of(asyncio.get_running_loop())
        poller.add(reading, lambda _: news.put_nowait("new"))
        os.write(writing, b"x")
        await news.get()
        await asyncio.sleep(0)
        assert news.empty()
        poller.rearm(reading)
        await news.get()
        poller.remove(reading)


@realtime
async def test_one_poller_per_loop_while_descriptors_exist() -> None:
    loop = asyncio.get_running_loop()
    with pipes(2) as [(one, _), (other, _)]:
        poller = poller_of(loop)
        poller.add(one, print)
        assert poller_of(loop) is poller
        poller.add(other, print)
        poller.remove(one)
        assert poller_of(loop) is poller
        poller.remove(other)
        after = poller_of(loop)
        assert after is not poller
        after.add(one, print)
        after.remove(one)


@realtime
async def test_error_in_one_callback_does_not_stop_others() -> None:
    loop = asyncio.get_running_loop()
    reported: list[str] = []
    loop.set_exception_handler(lambda _, context: reported.append(repr(context["exception"])))
    events: asyncio.Queue[str] = asyncio.Queue()

    def breaks(_news: int) -> None:
        raise ValueError("broken")

    with pipes(2) as [(one, into_one), (other, into_other)]:
        poller = poller_of(loop)
        poller.add(one, breaks)
        poller.add(other, lambda _: events.put_nowait("other"))
        os.write(into_one, b"x")
        os.write(into_other, b"x")
        assert await events.get() == "other"
        assert reported == ["ValueError('broken')"]
        poller.remove(one)
        poller.remove(other)


@realtime
async def test_descriptor_removed_by_another_callback_gets_no_event() -> None:
    events: asyncio.Queue[int] = asyncio.Queue()
    with pipes(3) as [*two, (last, into_last)]:
        poller = poller_of(asyncio.get_running_loop())
        numbers = [reading for reading, _ in two]

        def first_come(number: int) -> None:
            events.put_nowait(number)
            poller.remove(sum(numbers) - number)  # the other one

        for reading, writing in two:
            poller.add(reading, lambda _, number=reading: first_come(number))  # type: ignore[misc]
            os.write(writing, b"x")
        poller.add(last, lambda _: events.put_nowait(last))
        os.write(into_last, b"x")
        came = {await events.get(), await events.get()}
        assert last in came
        assert len(came & set(numbers)) == 1
        for number in came:
            poller.remove(number)
