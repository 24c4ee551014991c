"""Fixtures of the tests of a device with a module and the cloud."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support import language
from tests.support.language import LANGUAGES, Language


# Of the module's scope: each example of a property runs in the same language.
@pytest.fixture(params=LANGUAGES, ids=str, scope="module")
def each_language(request: pytest.FixtureRequest) -> Iterator[Language]:
    language.current = request.param
    yield language.current
    language.current = language.CLASSIC
