"""Types of parameters: what is taken, and how a wrong one is named."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal, Protocol

import pytest

from emulator import EagerClock, Emulator, Rates
from emulator.simulation.checks import check_types


class Clock(Protocol):
    def now(self) -> float: ...


def example(
    *,
    flag: bool = False,
    count: int | None = None,
    share: float = 0.0,
    name: Path | str = "",
    call: Callable[[str], object] | None = None,
    clock: Clock | None = None,
    year: Literal[2018, 2019] = 2018,
    names: Iterable[str] = (),
) -> None:
    """Takes anything."""


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"flag": True, "count": 1, "share": 0.5, "name": "x", "call": print, "year": 2019},
        {"count": None, "share": 1, "name": Path("x"), "call": None, "clock": EagerClock()},
        {"names": ["x"], "clock": None, "self": "not a parameter"},
    ],
)
def test_values_of_the_stated_types_are_taken(given: dict[str, object]) -> None:
    check_types(example, given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"flag": "no"}, "flag 'no': expected bool"),
        ({"flag": 1}, "flag 1: expected bool"),
        ({"count": "1"}, "count '1': expected int or None"),
        ({"count": 1.0}, "count 1.0: expected int or None"),
        ({"count": True}, "count True: expected int or None"),
        ({"share": "1"}, "share '1': expected float"),
        ({"share": False}, "share False: expected float"),
        ({"name": b"x"}, "name b'x': expected Path or str"),
        ({"call": "print"}, "call 'print': expected Callable or None"),
        ({"clock": EagerClock}, ": expected Clock or None"),
        ({"year": 2020}, "year 2020: expected 2018 or 2019"),
        ({"year": 2018.0}, "year 2018.0: expected 2018 or 2019"),
        ({"names": 1}, "names 1: expected Iterable"),
    ],
)
def test_value_of_another_type_is_named(given: dict[str, object], message: str) -> None:
    with pytest.raises(TypeError) as refused:
        check_types(example, given)
    assert str(refused.value).endswith(message)


@pytest.mark.parametrize(
    "options",
    [
        {"imei": 865820030013978},
        {"modules": "2"},
        {"baud": "9600"},
        {"device": "no"},
        {"faults": {"loss": 0.1}},
        {"clock": EagerClock},
        {"http": 8080},
        {"record": "file.jsonl"},
    ],
)
def test_emulator_refuses_a_wrong_type(options: dict[str, Any]) -> None:
    (name,) = options
    with pytest.raises(TypeError, match=f"^{name} .*: expected "):
        Emulator(**options)


def test_emulator_takes_what_its_documentation_names() -> None:
    Emulator(baud=None, http=None, link=Path("x"), latency=1, quiet=0, faults=Rates(loss=0.1))
