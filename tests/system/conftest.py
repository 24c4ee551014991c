"""Fixtures of the tests of a device with a module and the cloud."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support import language
from tests.support.language import CLASSIC, LANGUAGES, Language


# Of the module's scope: each example of a property runs in the same language.
@pytest.fixture(params=LANGUAGES, ids=str, scope="module")
def each_language(request: pytest.FixtureRequest) -> Iterator[Language]:
    language.current = request.param
    yield language.current
    language.current = CLASSIC


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = [item for item in items if item.get_closest_marker("classic_only") and _suite(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def _suite(item: pytest.Item) -> bool:
    callspec = getattr(item, "callspec", None)
    return callspec is not None and callspec.params.get("each_language", CLASSIC) is not CLASSIC
