"""Callbacks that watch a line: their errors must not stop the line."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def guarded(
    callback: Callable[[T], object], name: str, *, ends: bool = False
) -> Callable[[T], None]:
    """`callback`, whose exceptions go to the event loop's exception handler, as asyncio does it.

    By default that handler logs them. `ends`: after its first exception it is not called again.
    Needs a running event loop.
    """
    loop = asyncio.get_running_loop()
    ended = False

    def call(value: T) -> None:
        nonlocal ended
        if ended:
            return
        try:
            callback(value)
        except Exception as error:
            ended = ends
            end = "; it is not called again" if ends else ""
            message = f"the callback `{name}` of the emulator failed{end}"
            loop.call_exception_handler({"message": message, "exception": error})

    return call
