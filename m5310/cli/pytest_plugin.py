"""Pytest fixtures: an emulated M5310 on a pty, its cloud, its clock, its faults, its AT trace.

Installed with the package; nothing to import. pytest loads this file in every project of the
environment. So it imports only pytest, and the package `emulator` when a test asks for a fixture: a
project may have a module `emulator` of its own, and the extra `emulator` may be missing. The report
of a failed test has the AT traffic, and shows the lines of the test, not those of the emulator.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

__tracebackhide__ = True  # pytest shows the line of the test, not this file
# Lines of the trace in the report of a failed test.
_MAX_SHOWN = 200
_EMULATOR = Path(__file__).resolve().parents[2] / "emulator"
_INSTALL = 'pip install "m5310[emulator]"'

_JOURNAL: pytest.StashKey[Any] = pytest.StashKey()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "m5310(**options): parameters of the emulator behind the fixture m5310: baud, strict,"
        " firmware, typed_urcs, boot_noise, quiet, hasty_lost, overruns, faults, seed, latency,"
        " clock, modules, imei, imsi, device, http, api_key, link, port, record, allow_network,"
        " year, platform_addresses, strict_host"
        " (help(emulator.Emulator) explains all)",
    )


@pytest.fixture
def m5310(request: pytest.FixtureRequest) -> Iterator[Any]:
    """An emulated M5310 on an unpaced line; a program opens `m5310.port`.

    It has the attributes of `emulator.Emulator`: `imei`, `imsi`, `http_url`, `api_key`, `line`,
    `module`, `module.radio`, `platform`, `clock`. The marker `@pytest.mark.m5310(...)` sets
    parameters of the emulator.
    """
    options: dict[str, Any] = {}
    for marker in reversed(list(request.node.iter_markers("m5310"))):
        if marker.args:
            raise pytest.UsageError(
                f"marker m5310{marker.args}: expected parameters of the Emulator by name,"
                " such as @pytest.mark.m5310(baud=9600)"
            )
        options |= marker.kwargs

    def begin(journal: object) -> None:
        request.node.stash[_JOURNAL] = journal

    yield from _emulator().emulated(options, begin, still="m5310_clock" in request.fixturenames)


@pytest.fixture
def m5310_cloud(m5310: Any) -> Any:
    """OneNET as an application sees it: `read`, `write`, `execute`, `online`, `points`."""
    return _emulator().cloud_of(m5310)


@pytest.fixture
def m5310_clock(m5310: Any) -> Any:
    """The emulator's time stands still until `m5310_clock.advance(seconds)`."""
    return _emulator().stopped_clock_of(m5310)


@pytest.fixture
def m5310_faults(m5310: Any) -> Any:
    """Faults of the serial line: `m5310_faults.to_module.lose(3)`, `.to_host.corrupt()` ..."""
    return m5310.line.faults


@pytest.fixture
def m5310_trace(request: pytest.FixtureRequest) -> Any:
    """The AT traffic so far: `commands`, `answers`, `until("+MIPLOPEN")`."""
    request.getfixturevalue("m5310")
    return request.node.stash[_JOURNAL]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    journal = item.stash.get(_JOURNAL, None)
    if journal is not None and call.excinfo is not None and not item.config.option.fulltrace:
        own = _without_emulator(call.excinfo.tb)
        if own is not None:
            error = call.excinfo.value.with_traceback(own)
            call.excinfo = pytest.ExceptionInfo.from_exception(error)
    report = yield
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


def _without_emulator(traceback: TracebackType | None) -> TracebackType | None:
    if traceback is None:
        return None
    rest = _without_emulator(traceback.tb_next)
    if _EMULATOR in Path(traceback.tb_frame.f_code.co_filename).parents:
        return rest
    return TracebackType(rest, traceback.tb_frame, traceback.tb_lasti, traceback.tb_lineno)


def _emulator() -> Any:
    """The emulator's half of the fixtures. Raises UsageError if it cannot be loaded."""
    ours = _EMULATOR / "__init__.py"
    try:
        found = find_spec("emulator")
    except ValueError:  # a module that was made by hand
        found = None
    where = None if found is None else found.origin or "a folder without __init__.py"
    if where is None or not (Path(where).exists() and ours.exists() and ours.samefile(where)):
        raise pytest.UsageError(
            f"the fixtures of m5310 need its package `emulator`, but `import emulator` finds"
            f" {where or 'nothing'}: expected {ours}. Give your own module another name; if you"
            f" have none: {_INSTALL}"
        )
    try:
        return import_module("emulator.testing.pytest_plugin")
    except ModuleNotFoundError as error:  # a package of its extra
        raise pytest.UsageError(
            f"{error.name} is not installed, which the fixtures of m5310 need:"
            ' pip install "m5310[emulator]"'
        ) from None
