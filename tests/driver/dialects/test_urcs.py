"""What a module says unasked about its device, as the rest of the driver sees it."""

from __future__ import annotations

import pytest

from m5310.dialects.urcs import ExecuteRequest, ReadRequest, WriteRequest
from m5310.errors import ParameterError
from m5310.lwm2m.path import ANY, Path
from m5310.lwm2m.values import ValueType


def test_a_request_knows_its_path() -> None:
    assert ReadRequest(0, 10001, 3303, ANY, ANY).path == Path(3303)
    assert WriteRequest(0, 10001, 3303, 0, 5700, None, "1").path == Path(3303, 0, 5700)
    assert ExecuteRequest(0, 10001, 3303, 0, 5605, b"").path == Path(3303, 0, 5605)
    with pytest.raises(ParameterError):
        ReadRequest(0, 10001, 70000, 0, 0).path  # noqa: B018


def test_flag_0_is_the_last_part_of_a_write() -> None:
    def write(flag: int) -> WriteRequest:
        return WriteRequest(0, 10001, 3303, 0, 5700, ValueType.FLOAT, "1", flag)

    assert [write(flag).last for flag in (1, 2, 0)] == [False, False, True]
    assert WriteRequest(0, 10001, 3303, 0, 5700, None, "1").last  # the bare form has one part


def test_requests_are_values() -> None:
    assert ReadRequest(0, 1, 2, 3, 4) == ReadRequest(0, 1, 2, 3, 4)
    assert len({ReadRequest(0, 1, 2, 3, 4), ReadRequest(0, 1, 2, 3, 4)}) == 1
