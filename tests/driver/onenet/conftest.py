"""A recording server, and a client that calls it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from m5310.onenet import OneNetSync
from tests.support.onenet_recorder import KEY, Recorder, recorder


@pytest.fixture
def server() -> Iterator[Recorder]:
    with recorder() as records:
        yield records


@pytest.fixture
def cloud(server: Recorder) -> Iterator[OneNetSync]:
    with OneNetSync(KEY, server.url) as client:
        yield client
