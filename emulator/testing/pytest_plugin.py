"""The emulator's half of the pytest fixtures, which `m5310.cli.pytest_plugin` declares.

It is loaded when a test asks for a fixture. Each test gets a new emulator in its own thread, which
ends with the test.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from emulator.clock.clocks import VirtualClock
from emulator.emulator import Emulator
from emulator.simulation.remote import within
from emulator.testing.application import Cloud
from emulator.testing.journal import Journal

__tracebackhide__ = True  # pytest shows the line of the test, not this file
# Latency of the air in seconds one way: keeps the order of events without slowing down tests.
_LATENCY = 0.01


def emulated(
    options: Mapping[str, Any], begin: Callable[[Journal], None], *, still: bool
) -> Iterator[Emulator]:
    """Run an emulator with the marker's `options`; `begin` gets its journal once it runs.

    `still`: its time stands still unless `options` have another clock. Raises UsageError for
    options that the emulator refuses.
    """
    defaults: dict[str, Any] = {"baud": None, "latency": _LATENCY}
    if still:
        defaults |= {"clock": VirtualClock(), "latency": 0.0}
    _check_names(options)
    journal = Journal()
    try:
        emulator = Emulator(**{**defaults, **options}, trace=journal)
    except (TypeError, ValueError, ModuleNotFoundError) as error:
        given = ", ".join(f"{name}={value!r}" for name, value in options.items())
        raise pytest.UsageError(f"fixture m5310({given}): {error}") from None
    with emulator as it:
        journal.settle = it.now
        begin(journal)
        yield it
        journal.settle = lambda: None


def cloud_of(emulator: Emulator) -> Cloud:
    return Cloud(emulator)


def stopped_clock_of(emulator: Emulator) -> VirtualClock:
    """The emulator's clock. Raises UsageError unless it stands still by itself."""
    clock = emulator.clock
    # The emulator already runs if the fixture is requested dynamically or a marker sets a clock.
    if not within(clock, lambda own: isinstance(own, VirtualClock)):
        raise pytest.UsageError(
            "m5310_clock: the emulator already has another clock. Request this fixture as an"
            " argument of the test, and set no clock in its marker m5310"
        )
    return clock  # type: ignore[return-value]


def _check_names(options: Mapping[str, Any]) -> None:
    known = [name for name in inspect.signature(Emulator).parameters if name != "trace"]
    unknown = [name for name in options if name not in known]
    if unknown:
        raise pytest.UsageError(
            f"marker m5310: {', '.join(unknown)}: no such option, expected one of:"
            f" {', '.join(known)}"
        )
