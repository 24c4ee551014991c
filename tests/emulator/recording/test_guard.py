"""Callbacks that raise."""

from __future__ import annotations

import pytest

from emulator.recording.guard import guarded


@pytest.mark.parametrize("ends", [False, True])
def test_exceptions_go_elsewhere(*, ends: bool) -> None:
    seen: list[str] = []
    calls: list[int] = []

    def fail(value: int) -> None:
        calls.append(value)
        if value < 3:
            raise ZeroDivisionError(value)

    call = guarded(fail, lambda error: seen.append(str(error)), ends=ends)
    for value in (1, 2, 3):
        call(value)
    assert calls == ([1] if ends else [1, 2, 3])
    assert seen == (["1"] if ends else ["1", "2"])


def test_an_exit_is_not_caught() -> None:
    def leave(_: object) -> None:
        raise SystemExit

    with pytest.raises(SystemExit):
        guarded(leave, print)(1)
