"""Requests to applications: URLs, waits."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.onenet.posting import MAX_URL, Reply, checked_url, wait_after


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8000/push",
        "https://example.com",
        "http://[::1]:80/a?b=c&d=%20",
        "http://localhost/" + "a" * (MAX_URL - 17),
    ],
)
def test_a_url_is_taken_as_it_is(url: str) -> None:
    assert checked_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        *("", "/push", "127.0.0.1:8000", "ftp://127.0.0.1/", "http://", "http:///push"),
        *("http://127.0.0.1:0/", "http://127.0.0.1:65536/", "http://127.0.0.1:x/", "http://[::1/"),
        *("http://user:word@127.0.0.1/", "http://127.0.0.1/#part", "http://127.0.0.1/a b"),
        *("http://127.0.0.1/\r\nX: 1", "http://例子.cn/", "http://localhost/" + "a" * MAX_URL),
    ],
)
def test_another_url_is_refused_with_what_was_expected(url: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        checked_url(url)


@given(st.text())
def test_any_text_is_taken_or_refused(text: str) -> None:
    with suppress(ValueError):
        assert checked_url(text) == text


@given(st.integers(1, 10_000))
def test_the_waits_grow_up_to_a_minute(failures: int) -> None:
    assert 1 <= wait_after(failures) <= wait_after(failures + 1) <= 60


def test_only_status_200_is_a_delivery() -> None:
    assert Reply(200, b"anything").delivered
    assert [Reply(status).delivered for status in (201, 204, 302, 500, None)] == [False] * 5
    assert Reply(500).problem == "HTTP status 500, expected 200"
    assert Reply(None, error="no reply within 5 s").problem == "no reply within 5 s"
