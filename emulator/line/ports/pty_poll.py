"""What has changed at the terminals of an event loop, all of them watched as one."""

from __future__ import annotations

import asyncio
import select
from collections.abc import Callable
from weakref import WeakKeyDictionary


class PtyPoller:
    """`told` of a descriptor is called when something new is there, once for each news, with what
    epoll says of it.

    With nobody at the other end a pty's master reports a hang-up without end, and a loop that
    watches it would spin: only the news of a change counts (edge-triggered). One watch for all
    costs the loop one turn for the news of them all, and a descriptor instead of one for each.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._told: dict[int, Callable[[int], None]] = {}
        self._news = select.epoll()
        loop.add_reader(self._news.fileno(), self._stirred)

    def add(self, descriptor: int, told: Callable[[int], None]) -> None:
        self._news.register(descriptor, select.EPOLLIN | select.EPOLLET)
        self._told[descriptor] = told

    def look_again(self, descriptor: int) -> None:
        """What is there already becomes news again."""
        self._news.modify(descriptor, select.EPOLLIN | select.EPOLLET)

    def remove(self, descriptor: int) -> None:
        """Before it is closed. Without any descriptor the watch is over."""
        self._news.unregister(descriptor)
        del self._told[descriptor]
        if not self._told:
            del _WATCHES[self._loop]
            self._loop.remove_reader(self._news.fileno())
            self._news.close()

    def _stirred(self) -> None:
        for descriptor, news in self._news.poll(0):
            told = self._told.get(descriptor)
            if told is None:  # removed on the news of one before it
                continue
            try:
                told(news)
            except Exception as error:  # as the loop would: the others go on
                message = f"on the news of a terminal, descriptor {descriptor}"
                self._loop.call_exception_handler({"message": message, "exception": error})


_WATCHES: WeakKeyDictionary[asyncio.AbstractEventLoop, PtyPoller] = WeakKeyDictionary()


def poller_of(loop: asyncio.AbstractEventLoop) -> PtyPoller:
    """The one of this event loop, on Linux."""
    watch = _WATCHES.get(loop)
    if watch is None:
        watch = _WATCHES[loop] = PtyPoller(loop)
    return watch
