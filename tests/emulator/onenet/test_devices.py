"""Devices of a product: creation, look-up, update, search, deletion, and what a restart finds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from emulator.onenet import devices
from emulator.onenet.devices import Description, Device, Devices, Wanted
from emulator.onenet.errors import ApiError, Reason
from emulator.onenet.store.database import Database

ONE = Description("one", "123", "456")


def table() -> Devices:
    return Devices(Database())


def offline(_device: Device) -> bool:
    return False


def test_created_device_has_numeric_id_of_its_own() -> None:
    there = table()
    one, other = there.create(ONE, 5), there.create(Description("other", "124", "456"), 6)
    assert (one.id.isdecimal(), len(one.id)) == (True, 9)
    assert one.id != other.id
    assert (one.created, other.created) == (5, 6)
    assert one.endpoint == "123;456"


@pytest.mark.parametrize("endpoint", ["123;457", "123", "124;456", "123;456;", "", ";456"])
def test_endpoint_must_match_imei_and_imsi(endpoint: str) -> None:
    there = table()
    there.create(ONE, 0)
    assert there.by_endpoint(endpoint) is None


def test_second_device_with_same_imei_is_refused() -> None:
    there = table()
    there.create(ONE, 0)
    other = there.create(Description("other", "124", "456"), 0)
    for refused in (
        lambda: there.create(Description("again", "123", "999"), 0),
        lambda: there.update(other, replace(other.description, imei="123")),
    ):
        with pytest.raises(ApiError, match=r"invalid parameter: auth_info exists::123$") as error:
            refused()
        assert error.value.reason is Reason.INVALID_PARAMETER
    assert there.by_imei("124") is other


def test_id_of_a_deleted_device_is_not_used_again_after_a_restart(tmp_path: Path) -> None:
    database = Database(tmp_path / "db")
    there = Devices(database)
    first = there.create(ONE, 0).id
    device = there.get(first)
    assert device is not None
    there.delete(device)
    database.close()
    database = Database(tmp_path / "db")
    assert Devices(database).create(ONE, 0).id != first
    database.close()


def test_device_stays_if_its_deletion_cannot_be_kept() -> None:
    database = Database()
    there = Devices(database)
    gone, kept = there.create(ONE, 0), there.create(Description("other", "124", "456"), 0)

    def fail(device: Device) -> None:
        with database.transaction():
            there.delete(device)
            raise ZeroDivisionError

    there.delete(gone)
    last = there.create(Description("last", "125", "456"), 0)
    with pytest.raises(ZeroDivisionError):
        fail(kept)
    assert list(there.search(Wanted(), offline)) == [kept, last]
    assert there.get(kept.id) is there.by_imei("124") is there.by_endpoint("124;456") is kept
    assert there.get(gone.id) is there.by_imei("123") is None


def test_device_above_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "MAX_DEVICES", 1)
    there = table()
    one = there.create(ONE, 0)
    other = Description("other", "124", "456")
    with pytest.raises(ApiError, match="1 devices exist") as refused:
        there.create(other, 0)
    assert refused.value.reason is Reason.DEVICE_LIMIT
    there.delete(one)
    there.create(other, 0)


IDS = st.sampled_from(["1", "2", "3", "4"])
JSON_OBJECTS = st.none() | st.dictionaries(st.text(max_size=3), st.floats(allow_nan=False))
DESCRIPTIONS = st.builds(
    Description,
    title=st.text(min_size=1),
    imei=IDS,
    imsi=IDS,
    desc=st.none() | st.text(),
    tags=st.lists(st.text(max_size=2), max_size=3).map(tuple),
    location=JSON_OBJECTS,
    private=st.booleans(),
    observed=st.booleans(),
    other=JSON_OBJECTS,
    auth=st.none() | st.text("ab", min_size=1),
)
# Without halves of surrogate pairs, which no request can have.
DESCRIPTIONS = DESCRIPTIONS.filter(
    lambda one: str(one).encode("utf-8", "ignore").decode() == str(one)
)
KEYS = st.none() | st.text("ab", min_size=8, max_size=16)


class DevicesModel(RuleBasedStateMachine):
    """Devices against a plain list of (id, description, created, active, psk), with restarts."""

    @initialize()
    def start(self) -> None:
        self.database = Database()
        self.devices = Devices(self.database)
        self.model: list[tuple[str, Description, float, float | None, str | None]] = []
        self.now = 0.0

    def _taken(self, imei: str) -> bool:
        return any(imei == given.imei for _, given, *_ in self.model)

    @rule(description=DESCRIPTIONS, psk=KEYS)
    def create(self, description: Description, psk: str | None) -> None:
        self.now += 1
        if self._taken(description.imei):
            with pytest.raises(ApiError):
                self.devices.create(replace(description, psk=psk), self.now)
        else:
            device = self.devices.create(replace(description, psk=psk), self.now)
            self.model.append((device.id, description, self.now, None, psk))

    @precondition(lambda self: self.model)
    @rule(data=st.data(), description=DESCRIPTIONS)
    def update(self, data: st.DataObject, description: Description) -> None:
        index = data.draw(st.integers(0, len(self.model) - 1))
        number, before, *rest = self.model[index]
        device = self.devices.get(number)
        assert device is not None
        if description.imei != before.imei and self._taken(description.imei):
            with pytest.raises(ApiError):
                self.devices.update(device, description)
        else:
            self.devices.update(device, description)
            self.model[index] = (number, description, *rest)  # type: ignore[assignment]

    @precondition(lambda self: self.model)
    @rule(data=st.data(), key=st.text("cd", min_size=8, max_size=16))
    def log_in_with_a_new_key(self, data: st.DataObject, key: str) -> None:
        self.now += 1
        index = data.draw(st.integers(0, len(self.model) - 1))
        number, description, created, active, _ = self.model[index]
        device = self.devices.get(number)
        assert device is not None
        self.devices.set_key(device, key)
        self.devices.activate(device, self.now)
        active = self.now if active is None else active
        self.model[index] = (number, description, created, active, key)

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        number, *_ = self.model.pop(data.draw(st.integers(0, len(self.model) - 1)))
        device = self.devices.get(number)
        assert device is not None
        assert self.devices.delete(device)
        assert not self.devices.delete(device)
        assert self.devices.get(number) is None

    @rule()
    def restart(self) -> None:
        self.devices = Devices(self.database)

    @invariant()
    def all_are_found(self) -> None:
        if not hasattr(self, "model"):
            return
        found = list(self.devices.search(Wanted(), offline))
        seen = [(d.id, d.description, d.created, d.active, d.psk) for d in found if d]
        assert seen == self.model
        for device in found:
            assert device is not None
            imei, imsi = device.description.imei, device.description.imsi
            assert self.devices.by_imei(imei) is self.devices.get(device.id) is device
            assert self.devices.by_endpoint(f"{imei};{imsi}") is device
            assert self.devices.key(f"{imei};{imsi}") == device.psk
        for imei in {"1", "2", "3", "4"} - {one.imei for _, one, *_ in self.model}:
            assert self.devices.by_imei(imei) is None

    def teardown(self) -> None:
        if hasattr(self, "database"):
            self.database.close()


TestDevicesModel = DevicesModel.TestCase


def test_search_selects_by_each_condition() -> None:
    there = table()
    hall = there.create(Description("hall", "1", "1", tags=("a", "b"), private=False), 100)
    home = there.create(Description("home", "2", "2", tags=("b",)), 200)
    lamp = there.create(Description("lamp", "500", "3"), 300)

    def found(**wanted: object) -> list[Device]:
        answer = there.search(Wanted(**wanted), lambda device: device is home)  # type: ignore[arg-type]
        return [device for device in answer if device is not None]

    assert found() == [hall, home, lamp]
    assert found(key_words="h") == [hall, home]
    assert found(key_words="am") == []  # from the left
    assert found(key_words=lamp.id[:8]) == [hall, home, lamp]
    assert found(key_words=lamp.id) == [lamp]
    assert found(imei="500") == [lamp]
    assert found(imei="50") == []
    assert found(tags={"a", "c"}) == [hall]
    assert found(tags={"b"}) == [hall, home]
    assert found(online=True) == [home]
    assert found(online=False) == [hall, lamp]
    assert found(private=True) == [home, lamp]
    assert found(ids={hall.id, "7"}) == [hall]
    assert found(begin=200) == [home, lamp]
    assert found(end=200) == [hall]
    assert found(key_words="h", begin=200) == [home]


@given(st.lists(st.sampled_from(["create", "delete", "next"]), max_size=30))
def test_devices_come_and_go_during_a_search(steps: list[str]) -> None:
    there = table()
    for number in range(3):
        there.create(Description("x", f"{number}", "1"), 0)
    search = there.search(Wanted(), offline)
    seen = []
    for index, step in enumerate(steps):
        if step == "create":
            there.create(Description("x", f"a{index}", "1"), 0)
        elif step == "delete" and (device := next(iter(there.search(Wanted(), offline)), None)):
            there.delete(device)
        else:
            seen.append(next(search, None))
    assert len({device.id for device in seen if device}) == len([one for one in seen if one])
