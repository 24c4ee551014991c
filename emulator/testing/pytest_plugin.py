"""Pytest fixtures: an emulated M5310 on a pty, its cloud, its clock, its faults, its AT trace.

Installed with the package; nothing to import. Each test gets a new emulator in its own thread,
which ends with the test. The report of a failed test has the AT traffic.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any, cast

import pytest

import emulator  # loads its parts on use: pytest also starts without the extra "emulator"

if TYPE_CHECKING:
    from emulator import Cloud, Emulator, Journal, VirtualClock
    from emulator.line.faults import Faults

# Latency of the air in seconds one way: keeps the order of events without slowing down tests.
_LATENCY = 0.01
# Lines of the trace in the report of a failed test.
_MAX_SHOWN = 200

_JOURNAL: pytest.StashKey[Journal] = pytest.StashKey()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "m5310(**options): parameters of the Emulator behind the fixture m5310, such as"
        " baud=9600, typed_urcs=True or modules=2",
    )


@pytest.fixture
def m5310(request: pytest.FixtureRequest) -> Iterator[Emulator]:
    """An emulated M5310 on an unpaced line; a program opens `m5310.port`.

    It has the attributes of `emulator.Emulator`: `imei`, `imsi`, `http_url`, `api_key`, `line`,
    `module`, `module.radio`, `platform`, `clock`. The marker `@pytest.mark.m5310(...)` sets
    parameters of the emulator.
    """
    options: dict[str, Any] = {"baud": None, "latency": _LATENCY}
    if "m5310_clock" in request.fixturenames:
        options |= {"clock": emulator.VirtualClock(), "latency": 0.0}
    for marker in reversed(list(request.node.iter_markers("m5310"))):
        if marker.args:
            raise pytest.UsageError(
                f"marker m5310{marker.args}: expected parameters of the Emulator by name,"
                " such as @pytest.mark.m5310(baud=9600)"
            )
        options |= marker.kwargs
    journal = request.node.stash[_JOURNAL] = emulator.Journal()
    with emulator.Emulator(trace=journal, **options) as it:
        journal.settle = it.now
        yield it
        journal.settle = lambda: None


@pytest.fixture
def m5310_cloud(m5310: Emulator) -> Cloud:
    """OneNET as an application sees it: `read`, `write`, `execute`, `online`, `points`."""
    return emulator.Cloud(m5310)


@pytest.fixture
def m5310_clock(m5310: Emulator) -> VirtualClock:
    """The emulator's time stands still until `m5310_clock.advance(seconds)`."""
    clock = m5310.clock
    # The emulator already runs if this fixture is requested dynamically or a marker sets a clock.
    if not emulator.within(clock, lambda own: isinstance(own, emulator.VirtualClock)):
        raise pytest.UsageError(
            "m5310_clock: the emulator already has another clock. Request this fixture as an"
            " argument of the test, and set no clock in its marker m5310"
        )
    return cast("VirtualClock", clock)


@pytest.fixture
def m5310_faults(m5310: Emulator) -> Faults:
    """Faults of the serial line: `m5310_faults.to_module.lose(3)`, `.to_host.corrupt()` ..."""
    return m5310.line.faults


@pytest.fixture
def m5310_trace(request: pytest.FixtureRequest) -> Journal:
    """The AT traffic so far: `commands`, `answers`, `until("+MIPLOPEN")`."""
    request.getfixturevalue("m5310")
    journal: Journal = request.node.stash[_JOURNAL]
    return journal


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    journal = item.stash.get(_JOURNAL, None)
    if report.failed and journal is not None:
        shown = (
            journal.render(_MAX_SHOWN) or "no complete line: does the host end its lines with CR?"
        )
        # With the traceback, so that --show-capture and JUnit files keep it. Failures without a
        # traceback, such as an unknown fixture, only have `sections`.
        add = getattr(report.longrepr, "addsection", None)
        if add is None:
            report.sections.append(("AT trace", shown))
        else:
            add("AT trace", shown)
    return report
