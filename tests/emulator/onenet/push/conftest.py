"""An application that pushes go to."""

from __future__ import annotations

import pytest

from tests.support.push_application import Application


@pytest.fixture
def application() -> Application:
    made = Application()
    assert made.set() == ""
    return made
