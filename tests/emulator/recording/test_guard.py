"""Callbacks that raise."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from emulator.recording.guard import guarded


@pytest.mark.parametrize("ends", [False, True])
async def test_exceptions_go_to_the_loop(*, ends: bool) -> None:
    seen: list[dict[str, Any]] = []
    calls: list[int] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: seen.append(context))

    def fail(value: int) -> None:
        calls.append(value)
        if value < 3:
            raise ZeroDivisionError(value)

    call = guarded(fail, "trace", ends=ends)
    for value in (1, 2, 3):
        call(value)
    assert calls == ([1] if ends else [1, 2, 3])
    assert [str(one["exception"]) for one in seen] == (["1"] if ends else ["1", "2"])
    assert "the callback `trace` of the emulator failed" in seen[0]["message"]


async def test_an_exit_is_not_caught() -> None:
    def leave(_: object) -> None:
        raise SystemExit

    with pytest.raises(SystemExit):
        guarded(leave, "trace")(1)
