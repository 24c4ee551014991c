"""The error table of two years."""

from __future__ import annotations

import pytest

from emulator.onenet.errors import ApiError, Errno, success


@pytest.mark.parametrize(
    ("error", "body"),
    [
        (ApiError(Errno.AUTH_FAILED), {"errno": 1, "error": "auth failed"}),
        (
            ApiError(Errno.PARAMETER_REQUIRED, "obj_id"),
            {"errno": 3, "error": "parameter required: obj_id"},
        ),
        (ApiError(Errno.INTERNAL_ERROR), {"errno": 7, "error": "service internal error"}),
        (ApiError(Errno.NOT_ONLINE), {"errno": 2001, "error": "device not online"}),
        (ApiError(Errno.LIMIT, "much"), {"errno": 5006, "error": "system logic limit: much"}),
        (ApiError(Errno.UNSUCCESS, "TIME_OUT"), {"errno": 5106, "error": "unsuccess: TIME_OUT"}),
        (
            ApiError(Errno.INVALID_PARAMETER, "mode 3"),
            {"errno": 5108, "error": "invalid parameter: mode 3"},
        ),
    ],
)
def test_2019(error: ApiError, body: dict[str, object]) -> None:
    assert error.body(2019) == body
    assert str(error) == body["error"]


@pytest.mark.parametrize(
    ("error", "body"),
    [
        (ApiError(Errno.AUTH_FAILED), {"errno": 3, "error": "auth failed"}),
        (
            ApiError(Errno.NOT_ONLINE),
            {"errno": 14, "error": "network latency: network latency or device offline"},
        ),
        (ApiError(Errno.UNSUCCESS, "TIME_OUT"), {"errno": 16, "error": "unsuccess: TIME_OUT null"}),
        (ApiError(Errno.LIMIT, "much"), {"errno": 5006, "error": "system logic limit: much"}),
    ],
)
def test_2018(error: ApiError, body: dict[str, object]) -> None:
    assert error.body(2018) == body


def test_braces_in_a_detail_are_text() -> None:
    assert ApiError(Errno.LIMIT, "{detail}").body(2019)["error"] == "system logic limit: {detail}"


def test_success_with_and_without_data() -> None:
    assert success() == {"errno": 0, "error": "succ"}
    assert list(success([]).items()) == [("errno", 0), ("data", []), ("error", "succ")]
