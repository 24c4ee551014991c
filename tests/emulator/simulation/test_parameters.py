"""The parameters of an emulator, as its callers and readers find them."""

from __future__ import annotations

import inspect
from dataclasses import fields

import pytest

from emulator import Emulator
from emulator.simulation.parameters import Parameters

NAMES = [one.name for one in fields(Parameters)]


def test_the_emulator_has_them_as_keywords() -> None:
    found = inspect.signature(Emulator).parameters
    assert list(found) == NAMES
    assert found == inspect.signature(Parameters).parameters
    with pytest.raises(TypeError, match="'bauds'"):
        Emulator(bauds=9600)  # type: ignore[call-arg]


@pytest.mark.parametrize("name", NAMES)
def test_help_explains_each(name: str) -> None:
    assert f"`{name}`" in (inspect.getdoc(Emulator.__init__) or "")
