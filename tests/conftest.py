"""How tests run: coroutines in virtual time, bounded, and nothing may outlive a test."""

from __future__ import annotations

import asyncio
import gc
import inspect
import os
import signal
import sys
import threading
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.support import clock, effort
from tests.support.clock import run
from tests.support.patience import PATIENCE

pytest_plugins = ["pytester"]  # runs of pytest within a test

LONG_TIMEOUT = 900  # seconds a test, in the long form


def pytest_addoption(parser: pytest.Parser) -> None:
    about = "run the long forms of the tests: more examples, seeds, lines and days"
    parser.addoption("--long", action="store_true", help=about)
    about = "run each task at once up to its first wait, as programs may from Python 3.12 on"
    parser.addoption("--eager", action="store_true", help=about)


def pytest_configure(config: pytest.Config) -> None:
    effort.long = config.getoption("--long")
    clock.eager = config.getoption("--eager")
    if clock.eager and sys.version_info < (3, 12):
        raise pytest.UsageError("--eager: this Python has no eager tasks; expected 3.12 or later")
    settings.register_profile(
        "m5310", deadline=None, derandomize=True, max_examples=effort.scaled(100)
    )
    settings.load_profile("m5310")
    handle_signals()
    os.environ["LANGUAGE"] = "en"  # of the commands, whatever the language of this machine


def handle_signals() -> None:
    """Handle signals as in the foreground, also under `nohup` or in the background of a script.

    A process inherits which signals are ignored, but no handler: what a test starts gets them.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda *_: None)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Give properties more time: one that fails looks for its smallest example for up to 300 s."""
    if effort.long:
        item.add_marker(pytest.mark.timeout(LONG_TIMEOUT))
    elif getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
        item.add_marker(pytest.mark.timeout(420))


def pytest_collection_finish() -> None:
    """Keep what is loaded by now out of the garbage collection after each test."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """`async def` tests run in virtual time; `realtime` ones on the real clock."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    test = pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names})
    if pyfuncitem.get_closest_marker("realtime"):
        run(asyncio.wait_for(test, PATIENCE), virtual=False)
    else:
        run(test)
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Long runs are not measured: coverage makes them four times as long.

    Not by the marker of pytest-cov: in a worker of xdist it stops one of two measurements.
    """
    if item.get_closest_marker("unmeasured") is None:
        return (yield)
    of_thread, of_threads = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(of_thread)
        threading.settrace(of_threads)


def _descriptors() -> set[str]:
    if not os.path.isdir("/proc/self/fd"):
        return set()
    seen = set()
    for number in os.listdir("/proc/self/fd"):
        try:
            seen.add(f"{number} -> {os.readlink(f'/proc/self/fd/{number}')}")
        except OSError:
            continue
    return seen


@pytest.fixture(autouse=True)
def nothing_outlives_a_test(request: pytest.FixtureRequest) -> Iterator[None]:
    threads = set(threading.enumerate())
    before = _descriptors()
    yield
    for thread in set(threading.enumerate()) - threads:
        thread.join(2)
    left = [thread for thread in threading.enumerate() if thread not in threads]
    assert not left, f"threads outlived the test: {left}"
    # An object in a cycle may hold a descriptor; its warning is an error. Synchronous tests that
    # opened nothing hold none. What survives, such as pytest's reports, is not searched again.
    if inspect.iscoroutinefunction(request.function) or _descriptors() != before:
        gc.collect()
        gc.freeze()
    opened = {entry for entry in _descriptors() - before if "/proc/" not in entry}
    assert not opened, f"descriptors outlived the test: {opened}"
