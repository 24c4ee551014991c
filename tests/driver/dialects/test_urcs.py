"""URC values that every OneNET language shares."""

from __future__ import annotations

from m5310.dialects.urcs import WriteRequest
from m5310.lwm2m.path import Path
from m5310.lwm2m.values import ValueType

PATH = Path(3303, 0, 5700)


def test_flag_0_marks_the_last_part_of_a_write() -> None:
    def write(flag: int) -> WriteRequest:
        return WriteRequest(0, 10001, PATH, ValueType.FLOAT, "1", flag)

    assert [write(flag).last for flag in (1, 2, 0)] == [False, False, True]
    assert WriteRequest(0, 10001, PATH, None, "1").last  # the bare form has one part
