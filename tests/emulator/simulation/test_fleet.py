"""Identities and links of several modules."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.onenet.devices import MAX_DEVICES, Description, Devices
from emulator.onenet.store.database import Database
from emulator.simulation.fleet import identities, links


def test_one_module_has_the_given_numbers() -> None:
    (only,) = identities("86x", "46y", 1)
    assert (only.imei, only.imsi) == ("86x", "46y")
    assert links(Path("/tmp/m5310"), 1) == [Path("/tmp/m5310")]


def test_further_modules_have_the_next_numbers() -> None:
    made = identities("098", "460", 3)
    assert [(one.imei, one.imsi) for one in made] == [
        ("098", "460"),
        ("099", "461"),
        ("100", "462"),
    ]
    assert links(Path("/tmp/m5310"), 2) == [Path("/tmp/m5310-1"), Path("/tmp/m5310-2")]
    assert links(None, 2) == [None, None]


def test_each_of_the_most_modules_has_a_device() -> None:
    """`--modules 1001` did not: the cloud took 1000."""
    cloud = Devices(Database())
    ids = {
        cloud.create(Description("", identity.imei, identity.imsi), 0.0).id
        for identity in identities("865820030000000", "460040000000000", MAX_DEVICES)
    }
    assert len(ids) == MAX_DEVICES


@pytest.mark.parametrize(
    ("imei", "imsi", "count", "reason"),
    [
        ("867", "460", 0, "modules 0: expected 1 to 5000"),
        ("000000", "000000", 5001, "modules 5001: expected 1 to 5000"),
        ("", "460", 1, "imei '': expected 1 to 17"),
        ("867", "4;0", 1, "imsi '4;0': expected 1 to 16"),
        ("86x", "460", 2, "imei '86x': expected digits that can be counted up by 1"),
        ("867", "999", 2, "imsi '999': expected digits that can be counted up by 1"),
    ],
)
def test_invalid_numbers_are_refused(imei: str, imsi: str, count: int, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        identities(imei, imsi, count)
