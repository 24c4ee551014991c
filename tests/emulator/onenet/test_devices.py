"""Devices of a product: creation, look-up, deletion."""

from __future__ import annotations

import pytest

from emulator.onenet import devices
from emulator.onenet.devices import Description, Devices
from emulator.onenet.errors import ApiError, Reason

ONE = Description("one", "123", "456")


def test_created_device_has_a_numeric_id() -> None:
    table = Devices()
    one, other = table.create(ONE, 5), table.create(Description("other", "124", "456"), 6)
    assert one.id.isdecimal()
    assert one.id != other.id
    assert (one.created, other.created) == (5, 6)
    assert one.endpoint == "123;456"


def test_device_is_found_by_id_imei_and_endpoint() -> None:
    table = Devices()
    one = table.create(ONE, 0)
    assert table.get(one.id) is table.by_imei("123") is table.by_endpoint("123;456") is one


@pytest.mark.parametrize("endpoint", ["123;457", "123", "124;456", "123;456;", "", ";456"])
def test_endpoint_must_match_imei_and_imsi(endpoint: str) -> None:
    table = Devices()
    table.create(ONE, 0)
    assert table.by_endpoint(endpoint) is None


def test_second_device_with_same_imei_is_refused() -> None:
    table = Devices()
    table.create(ONE, 0)
    with pytest.raises(ApiError, match=r"invalid parameter: auth_info exists::123$") as refused:
        table.create(Description("again", "123", "999"), 0)
    assert refused.value.reason is Reason.INVALID_PARAMETER


def test_deleted_device_can_be_created_again_with_another_id() -> None:
    table = Devices()
    one = table.create(ONE, 0)
    table.delete(one)
    assert table.get(one.id) is table.by_imei("123") is table.by_endpoint("123;456") is None
    assert table.create(ONE, 0).id != one.id


def test_device_above_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "MAX_DEVICES", 1)
    table = Devices()
    one = table.create(ONE, 0)
    other = Description("other", "124", "456")
    with pytest.raises(ApiError, match="1 devices exist") as refused:
        table.create(other, 0)
    assert refused.value.reason is Reason.DEVICE_LIMIT
    table.delete(one)
    table.create(other, 0)
