"""Settings of the push: what is refused, and how it is named."""

from __future__ import annotations

import re

import pytest

from emulator.onenet.push.settings import Settings
from tests.support.push_application import TOKEN, URL


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"url": None}, "url null: expected a text"),
        ({"url": "ftp://x/"}, "expected a URL"),
        ({"token": ""}, "token: expected 1 to 128 characters"),
        ({"token": "é"}, "characters of ASCII"),
        ({"aes_key": "short"}, "aes_key: expected 43 letters or digits"),
        ({"pad": 8}, "pad 8: expected 16 or 32"),
        ({"pad": True}, "pad true: expected an integer"),
        ({"batch_seconds": 0}, "batch_seconds 0: expected more than 0"),
        ({"batch_seconds": "1"}, 'batch_seconds "1": expected a number'),
        ({"batch_count": 0}, "batch_count 0: expected 1 to 500"),
        ({"batch_count": 1.5}, "batch_count 1.5: expected an integer"),
        ({"colour": "red"}, "colour is unknown: expected url, token"),
    ],
)
def test_wrong_settings_are_refused_by_name(settings: dict[str, object], problem: str) -> None:
    with pytest.raises(ValueError, match=re.escape(problem)):
        Settings.of({"url": URL, "token": TOKEN, **settings})


@pytest.mark.parametrize("missing", ["url", "token"])
def test_a_missing_setting_is_named(missing: str) -> None:
    given = {"url": URL, "token": TOKEN}
    del given[missing]
    with pytest.raises(ValueError, match=f"{missing} is missing"):
        Settings.of(given)
