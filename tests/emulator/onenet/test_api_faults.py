"""Faults of the API: which calls fail, how many, and for how long."""

from __future__ import annotations

import pytest

from emulator.onenet.api_faults import ApiFault, ApiFaults
from emulator.onenet.errors import ApiError
from emulator.onenet.years import YEARS
from tests.support.fake_device import IMEI
from tests.support.served_api import READ, served_api

FAULT_15 = {"errno": 15, "error": "api freq out of limit"}


def fails(faults: ApiFaults, path: str) -> bool:
    try:
        faults.meet(path)
    except ApiError:
        return True
    return False


def test_next_calls_fail_and_then_none() -> None:
    faults = ApiFaults(YEARS[2018])
    assert not fails(faults, "/devices")
    faults.fault = ApiFault(15, calls=3)
    assert [fails(faults, "/devices") for _ in range(5)] == [True] * 3 + [False] * 2
    faults.fault = ApiFault(15, calls=1)
    assert [fails(faults, "/nbiot") for _ in range(2)] == [True, False]


def test_all_calls_fail_until_the_fault_ends() -> None:
    faults = ApiFaults(YEARS[2018])
    faults.fault = ApiFault(16)
    assert all(fails(faults, "/devices") for _ in range(1000))
    faults.fault = ApiFault()
    assert not fails(faults, "/devices")


def test_calls_whose_table_has_no_such_number_are_served_and_not_counted() -> None:
    faults = ApiFaults(YEARS[2019])
    faults.fault = ApiFault(5117, calls=1)
    paths = ["/devices", "/triggers", "/nbiotx", "/nbiot/observe", "/nbiot"]
    assert [fails(faults, path) for path in paths] == [False, False, False, True, False]
    faults.fault = ApiFault(15, calls=1)
    assert [fails(faults, path) for path in ("/nbiot", "/devices")] == [False, True]


@pytest.mark.parametrize(("year", "errno"), [(2018, 5117), (2018, 24), (2019, -1)])
def test_number_of_no_table_is_refused(year: int, errno: int) -> None:
    faults = ApiFaults(YEARS[year])
    with pytest.raises(ValueError, match=f"errno {errno}: expected one of this year: 0, 1, 2"):
        faults.fault = ApiFault(errno)
    assert faults.fault == ApiFault()


def test_invalid_faults_are_refused() -> None:
    with pytest.raises(ValueError, match="calls 0: expected a count"):
        ApiFault(15, calls=0)
    with pytest.raises(TypeError, match=r"expected such as ApiFault\(errno=15, calls=3\)"):
        ApiFaults(YEARS[2018]).fault = 15  # type: ignore[assignment]


@pytest.mark.realtime
async def test_call_that_fails_has_no_effect_and_the_emulators_own_are_served() -> None:
    async with served_api() as api:
        api.log_in()
        sent = len(api.module.requests)
        api.platform.api_faults.fault = ApiFault(15)
        write = READ | {"mode": "2"}
        body = {"data": [{"res_id": 5700, "val": 1.5}]}
        assert await api.call("POST", "/nbiot", write, body) == FAULT_15
        assert await api.call("GET", "/devices", {"key_words": IMEI}) == FAULT_15
        assert await api.call("DELETE", f"/devices/{api.device.id}") == FAULT_15
        assert len(api.module.requests) == sent
        assert (await api.call("GET", "/emulator/push"))["errno"] == 0
        assert (await api.call("GET", "/devices", key="wrong"))["errno"] == 3
        assert (await api.call("GET", "/nowhere"))["errno"] == 8
        api.platform.api_faults.fault = ApiFault()
        assert (await api.call("GET", f"/devices/{api.device.id}"))["errno"] == 0
