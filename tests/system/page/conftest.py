"""One browser for all tests of a worker, and an emulator with its page for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from emulator import Emulator
from tests.support.browser import Browser, browser


@pytest.fixture(scope="session")
def window() -> Iterator[Browser]:
    with browser() as window:
        yield window


@pytest.fixture
def it() -> Iterator[Emulator]:
    with Emulator(page=True, baud=None) as emulator:
        yield emulator


@pytest.fixture
def page(window: Browser, it: Emulator) -> Iterator[Browser]:
    """The page of `it`; what the browser logs as wrong fails the test."""
    assert it.page_url is not None
    window.resize(1200)
    window.prefers("light")
    window.problems()
    window.open(it.page_url)
    window.script("localStorage.clear()")
    window.open(it.page_url)
    window.find("h1")
    yield window
    window.driver.get("about:blank")
    assert window.problems() == []
