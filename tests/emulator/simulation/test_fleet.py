"""Identities and links of several modules."""

from __future__ import annotations

from pathlib import Path

import pytest

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


@pytest.mark.parametrize(
    ("imei", "imsi", "count", "reason"),
    [
        ("867", "460", 0, "modules 0: expected 1 or more"),
        ("", "460", 1, "imei '': expected 1 to 17"),
        ("867", "4;0", 1, "imsi '4;0': expected 1 to 16"),
        ("86x", "460", 2, "imei '86x': expected digits that can be counted up by 1"),
        ("867", "999", 2, "imsi '999': expected digits that can be counted up by 1"),
    ],
)
def test_invalid_numbers_are_refused(imei: str, imsi: str, count: int, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        identities(imei, imsi, count)
