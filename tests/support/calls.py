"""Work counted in calls of functions: the same in each run, on any machine."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType


def calls_in(work: Callable[[], object], of: str | None = None) -> int:
    """How many calls `work` makes of functions, those written in C included; `of`: only of
    functions with this name, written in Python."""
    calls = 0

    def count(frame: FrameType, event: str, _: object) -> None:
        nonlocal calls
        if of is None:
            calls += event in ("call", "c_call")
        else:
            calls += event == "call" and frame.f_code.co_name == of

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return calls
