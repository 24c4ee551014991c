"""All terminals of an event loop are watched as one, and none pays for another."""

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
async def test_news_comes_once_until_it_is_looked_for_again() -> None:
    with pipes(1) as [(reading, writing)]:
        news: asyncio.Queue[str] = asyncio.Queue()
        watch = poller_of(asyncio.get_running_loop())
        watch.add(reading, lambda _: news.put_nowait("new"))
        os.write(writing, b"x")
        await news.get()
        await asyncio.sleep(0)
        assert news.empty()
        watch.look_again(reading)
        await news.get()
        watch.remove(reading)


@realtime
async def test_a_loop_has_one_for_as_long_as_something_is_watched() -> None:
    loop = asyncio.get_running_loop()
    with pipes(2) as [(one, _), (other, _)]:
        watch = poller_of(loop)
        watch.add(one, print)
        assert poller_of(loop) is watch
        watch.add(other, print)
        watch.remove(one)
        assert poller_of(loop) is watch
        watch.remove(other)
        after = poller_of(loop)
        assert after is not watch
        after.add(one, print)
        after.remove(one)


@realtime
async def test_what_breaks_on_one_s_news_is_told_and_the_others_hear_of_theirs() -> None:
    loop = asyncio.get_running_loop()
    told: list[str] = []
    loop.set_exception_handler(lambda _, context: told.append(repr(context["exception"])))
    heard: asyncio.Queue[str] = asyncio.Queue()

    def breaks(_news: int) -> None:
        raise ValueError("broken")

    with pipes(2) as [(one, into_one), (other, into_other)]:
        watch = poller_of(loop)
        watch.add(one, breaks)
        watch.add(other, lambda _: heard.put_nowait("other"))
        os.write(into_one, b"x")
        os.write(into_other, b"x")
        assert await heard.get() == "other"
        assert told == ["ValueError('broken')"]
        watch.remove(one)
        watch.remove(other)


@realtime
async def test_who_is_removed_on_another_s_news_hears_no_more() -> None:
    heard: asyncio.Queue[int] = asyncio.Queue()
    with pipes(3) as [*two, (last, into_last)]:
        watch = poller_of(asyncio.get_running_loop())
        numbers = [reading for reading, _ in two]

        def first_come(number: int) -> None:
            heard.put_nowait(number)
            watch.remove(sum(numbers) - number)  # the other one

        for reading, writing in two:
            watch.add(reading, lambda _, number=reading: first_come(number))  # type: ignore[misc]
            os.write(writing, b"x")
        watch.add(last, lambda _: heard.put_nowait(last))
        os.write(into_last, b"x")
        came = {await heard.get(), await heard.get()}
        assert last in came
        assert len(came & set(numbers)) == 1
        for number in came:
            watch.remove(number)
