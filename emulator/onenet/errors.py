"""What the HTTP API says when it cannot: errno and error text, as each year wrote them."""

from __future__ import annotations

from enum import IntEnum
from typing import Literal

Year = Literal[2018, 2019]


class Errno(IntEnum):
    """OneNET's error table of 2019; the numbers of other years are in `_YEARS`."""

    SUCCESS = 0
    AUTH_FAILED = 1
    PARAMETER_REQUIRED = 3
    INTERNAL_ERROR = 7
    NOT_ONLINE = 2001
    LIMIT = 5006
    UNSUCCESS = 5106
    INVALID_PARAMETER = 5108


_TEXTS = {
    Errno.SUCCESS: "succ",
    Errno.AUTH_FAILED: "auth failed",
    Errno.PARAMETER_REQUIRED: "parameter required: {detail}",
    Errno.INTERNAL_ERROR: "service internal error",
    Errno.NOT_ONLINE: "device not online",
    Errno.LIMIT: "system logic limit: {detail}",
    Errno.UNSUCCESS: "unsuccess: {detail}",
    Errno.INVALID_PARAMETER: "invalid parameter: {detail}",
}

# 2018: seen in applications of that year; what was not seen answers as in 2019 (a guess).
_YEARS: dict[Year, dict[Errno, tuple[int, str]]] = {
    2018: {
        Errno.AUTH_FAILED: (3, "auth failed"),
        Errno.NOT_ONLINE: (14, "network latency: network latency or device offline"),
        Errno.UNSUCCESS: (16, "unsuccess: {detail} null"),
    },
    2019: {},
}


class ApiError(Exception):
    """The call cannot be served; `detail` is the part of the text that the table leaves open."""

    def __init__(self, errno: Errno, detail: str = "") -> None:
        super().__init__(_TEXTS[errno].format(detail=detail))
        self.errno = errno
        self.detail = detail

    def body(self, year: Year) -> dict[str, object]:
        """The JSON object that the API of `year` answers."""
        number, text = _YEARS[year].get(self.errno, (int(self.errno), _TEXTS[self.errno]))
        return {"errno": number, "error": text.format(detail=self.detail)}


def success(data: object = None) -> dict[str, object]:
    """The JSON object of a call that was served; None: the call has no data."""
    head: dict[str, object] = {"errno": int(Errno.SUCCESS)}
    if data is not None:
        head["data"] = data
    return head | {"error": _TEXTS[Errno.SUCCESS]}
