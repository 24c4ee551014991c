"""Calls that block are refused where they would hold an event loop."""

from __future__ import annotations

import asyncio


def refuse_in_event_loop(call: str, instead: str) -> None:
    """Raises RuntimeError in a coroutine: the device program may run in the same event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise RuntimeError(
        f"{call} blocks, and would stop the event loop of this coroutine: expected a call outside"
        f" of coroutines; here use `await asyncio.{instead}`"
    )
