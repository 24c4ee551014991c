"""Pytest fixtures: an emulated M5310 on a pty, its cloud, its clock, its faults, its AT trace.

Installed with the package, nothing to import. Each test has an emulator of its own, in a thread
that ends with the test; one that fails shows what passed on the line.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any, cast

import pytest

import emulator  # whose names load what they need when they are used: until then this costs nothing

if TYPE_CHECKING:
    from emulator import Cloud, Emulator, Journal, VirtualClock
    from emulator.line.faults import Faults

# Seconds each way through the air unless a test says otherwise: long enough for an order of events,
# too short to be waited for. None where the clock stands still and the program under test blocks.
_LATENCY = 0.01
# So many lines of the trace stand in the report of a test that failed.
_SHOWN = 200

_JOURNAL: pytest.StashKey[Journal] = pytest.StashKey()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "m5310(**options): parameters of the Emulator behind the fixture m5310, such as"
        " baud=9600, typed_urcs=True or modules=2",
    )


@pytest.fixture
def m5310(request: pytest.FixtureRequest) -> Iterator[Emulator]:
    """An emulated M5310; a program opens `m5310.port`, at once and without a line's slowness.

    It has the handles of `emulator.Emulator`, to be used from the test as they are: `imei`, `imsi`,
    `http_url`, `api_key`, `line`, `module`, `module.radio`, `platform`, `clock`. The marker
    `@pytest.mark.m5310(...)` sets the emulator's parameters.
    """
    options: dict[str, Any] = {"baud": None, "latency": _LATENCY}
    if "m5310_clock" in request.fixturenames:
        options |= {"clock": emulator.VirtualClock(), "latency": 0.0}
    for marker in reversed(list(request.node.iter_markers("m5310"))):
        if marker.args:
            raise pytest.UsageError(
                f"marker m5310{marker.args}: expected parameters of the Emulator by their names,"
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
    """Makes the emulator's time stand still until `m5310_clock.advance(seconds)`."""
    clock = m5310.clock
    # What a test asks for while it runs comes too late; and a marker may have set another clock.
    if not emulator.within(clock, lambda own: isinstance(own, emulator.VirtualClock)):
        raise pytest.UsageError(
            "m5310_clock: the emulator is on another clock already. Name this fixture among the"
            " arguments of the test, and no clock in its marker m5310"
        )
    return cast("VirtualClock", clock)


@pytest.fixture
def m5310_faults(m5310: Emulator) -> Faults:
    """Faults of the serial line: `m5310_faults.to_module.lose(3)`, `.to_host.corrupt()` ..."""
    return m5310.line.faults


@pytest.fixture
def m5310_trace(request: pytest.FixtureRequest) -> Journal:
    """What passed on the line: `commands`, `answers`, `until("+MIPLOPEN")`."""
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
        shown = journal.render(_SHOWN) or "not a line passed: did the host end its line with CR?"
        # Beside the traceback, where --show-capture and a JUnit file leave it. What failed without
        # one, such as an unknown fixture, has the other place only.
        add = getattr(report.longrepr, "addsection", None)
        if add is None:
            report.sections.append(("AT trace", shown))
        else:
            add("AT trace", shown)
    return report
