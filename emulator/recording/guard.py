"""Callbacks that watch a line: their errors must not stop the line. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def guarded(
    callback: Callable[[T], object],
    on_error: Callable[[Exception], object],
    *,
    ends: bool = False,
) -> Callable[[T], None]:
    """`callback`, whose exceptions go to `on_error`.

    `ends`: after its first exception it is not called again.
    """
    ended = False

    def call(value: T) -> None:
        nonlocal ended
        if ended:
            return
        try:
            callback(value)
        except Exception as error:
            ended = ends
            on_error(error)

    return call
