"""Errors of OneNET's HTTP API: numbers and texts. Pure."""

from __future__ import annotations

from enum import IntEnum


class Errno(IntEnum):
    """OneNET's error table of 2019."""

    SUCCESS = 0
    AUTH_FAILED = 1
    PARAMETER_REQUIRED = 3
    INTERNAL_ERROR = 7
    NOT_ONLINE = 2001
    LIMIT = 5006
    UNSUCCESS = 5106
    INVALID_PARAMETER = 5108


TEXTS = {
    Errno.SUCCESS: "succ",
    Errno.AUTH_FAILED: "auth failed",
    Errno.PARAMETER_REQUIRED: "parameter required: {detail}",
    Errno.INTERNAL_ERROR: "service internal error",
    Errno.NOT_ONLINE: "device not online",
    Errno.LIMIT: "system logic limit: {detail}",
    Errno.UNSUCCESS: "unsuccess: {detail}",
    Errno.INVALID_PARAMETER: "invalid parameter: {detail}",
}


class ApiError(Exception):
    """A call of the API failed: `errno` and text of OneNET's table, which `detail` completes."""

    def __init__(self, errno: Errno, detail: str = "") -> None:
        super().__init__(TEXTS[errno].format(detail=detail))
        self.errno = errno
        self.detail = detail
