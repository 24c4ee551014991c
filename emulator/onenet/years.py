"""What OneNET answers differently in different years, in one place. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from emulator.coap.tuning import schedule
from emulator.onenet.errors import ApiError, Reason


@dataclass(frozen=True, slots=True)
class Retry:
    """When a request is sent again: twice, in both years. Seconds.

    The wait after the first sending is drawn from `first`; the next one is `factor` times as long.
    Without an answer the request ends after `timeout`.
    """

    first: tuple[float, float]
    factor: float
    timeout: float

    def waits(self, random: Random, timeout: float) -> tuple[float, ...]:
        """Seconds to wait after each sending; `timeout` together."""
        first = random.uniform(*self.first)
        return schedule((first, first * self.factor), timeout)


@dataclass(frozen=True, slots=True)
class Refusal:
    """How a call fails. `text` has `{detail}` for the detail of the error; None: the text of the
    error itself. `null_data`: the answer ends with `"data":null`.
    """

    errno: int
    text: str | None = None
    null_data: bool = False

    def error(self, error: ApiError) -> str:
        """The `error` of the answer."""
        if self.text is None:
            return str(error)
        text = self.text.format(detail=error.detail)
        return text if error.detail else text.removesuffix(": ")


# By reason, or by the text of an error whose detail has a number of its own. Of the reasons with
# one number, the first is the one of its text.
Refusals = Mapping[str, Refusal]

# OneNET's documents; the texts of 3, 4, 6, 10, 14 and 16 as captured of the real API.
_CLASSIC: Refusals = {
    Reason.INTERNAL: Refusal(1),
    Reason.KEY_REQUIRED: Refusal(2),
    Reason.AUTH_FAILED: Refusal(3),
    Reason.INVALID_JSON: Refusal(4),
    Reason.BODY_TOO_LARGE: Refusal(5),
    Reason.INVALID_PARAMETER: Refusal(6),
    Reason.PARAMETER_REQUIRED: Refusal(7),
    # guess: of a call that is not served; the table does not say what is not found.
    Reason.NOT_FOUND: Refusal(8),
    # guess: of a call without the body that it needs; it could also be 7, as a missing field.
    Reason.BODY_REQUIRED: Refusal(9),
    # guess: 10 if the device is not online when the call comes, 14 if it logs out before its
    # answer. Both were captured for an offline device; programs meet both.
    Reason.NOT_ONLINE: Refusal(10, null_data=True),
    f"{Reason.UNSUCCESS}: OFFLINE": Refusal(
        14, "network latency: network latency or device offline"
    ),
    # guess: the document does not say of what; a data stream and an IMEI have numbers of their own.
    Reason.EXISTS: Refusal(12),
    Reason.STREAM_EXISTS: Refusal(11),
    Reason.LIMIT: Refusal(13),
    Reason.FREQUENCY: Refusal(15),
    # guess: the refusals of a device end as TIME_OUT does, the only captured one.
    Reason.UNSUCCESS: Refusal(16, "unsuccess: {detail} null"),
    Reason.NBIOT_SERVER: Refusal(17),
    Reason.HS_SERVER: Refusal(18),
    Reason.DEVICE_LIMIT: Refusal(19),
    Reason.TOO_MANY_DEVICES: Refusal(20),
    Reason.FIELD_CONSTRAINT: Refusal(21),
    Reason.INVALID_PROTOCOL: Refusal(22),
    Reason.SENSITIVE_WORDS: Refusal(23),
}
# OneNET's error table of 2019, which has fewer numbers. No capture of it was found.
_INVALID_2019 = Refusal(5108, "invalid parameter: {detail}")
_LIMIT_2019 = Refusal(5006, "system logic limit: {detail}")
_NBIOT_2019: Refusals = {
    Reason.KEY_REQUIRED: Refusal(1, "auth failed"),
    Reason.AUTH_FAILED: Refusal(1),
    Reason.PARAMETER_REQUIRED: Refusal(3),
    Reason.BODY_REQUIRED: Refusal(3, "parameter required: the body"),
    Reason.INTERNAL: Refusal(7, "service internal error"),
    Reason.NOT_ONLINE: Refusal(2001, "device not online"),
    Reason.LIMIT: _LIMIT_2019,
    Reason.DEVICE_LIMIT: _LIMIT_2019,
    Reason.TOO_MANY_DEVICES: _LIMIT_2019,
    Reason.BODY_TOO_LARGE: _LIMIT_2019,
    Reason.UNSUCCESS: Refusal(5106),
    Reason.INVALID_PARAMETER: _INVALID_2019,
    # guess: the table has no numbers of their own for these.
    Reason.INVALID_JSON: Refusal(5108, "invalid parameter: the body is not JSON"),
    Reason.NOT_FOUND: _INVALID_2019,
    Reason.INVALID_PROTOCOL: _INVALID_2019,
    **dict.fromkeys(
        (Reason.EXISTS, Reason.STREAM_EXISTS, Reason.FIELD_CONSTRAINT, Reason.SENSITIVE_WORDS),
        _INVALID_2019,
    ),
    Reason.FREQUENCY: _LIMIT_2019,
    Reason.NBIOT_SERVER: Refusal(5117, "rpc error"),
    Reason.HS_SERVER: Refusal(5117, "rpc error"),
}
# What a request to a device failed with, if nothing else is said.
_TIME_OUT = "TIME_OUT"


@dataclass(frozen=True, slots=True)
class Offline:
    """What offline commands need (guide 4.2.9). `retry`: how many repetitions may be asked for.

    `optional`: `valid_time` and `retry` may be left out: now, and 3.
    """

    retry: range
    optional: bool


@dataclass(frozen=True, slots=True)
class Year:
    """`retry`: of a request to a device. `discovers_first`: after a login, all discovers precede
    all observes. `nbiot`: how calls below `/nbiot` fail. `final_read`: a read of object 3 follows
    the subscriptions. `trigger_types`: of triggers. `offline`: of offline commands.
    """

    retry: Retry
    discovers_first: bool
    nbiot: Refusals
    trigger_types: tuple[str, ...]
    offline: Offline
    final_read: bool = True

    def refusal(self, path: str, error: ApiError) -> Refusal:
        """How a call of `path` fails with `error`. All but `/nbiot` fail alike in each year."""
        refusals = self._refusals(path)
        return refusals.get(str(error), refusals[error.reason])

    def error(self, path: str, errno: int) -> ApiError | None:
        """The error with which a call of `path` fails with `errno`; None: it has no such number."""
        for text, refusal in self._refusals(path).items():
            if refusal.errno == errno:
                reason, _, detail = text.partition(": ")
                if reason == Reason.UNSUCCESS:
                    detail = detail or _TIME_OUT
                return ApiError(Reason(reason), detail)
        return None

    @property
    def errnos(self) -> list[int]:
        """All numbers with which calls fail."""
        return sorted({one.errno for one in (*_CLASSIC.values(), *self.nbiot.values())})

    def _refusals(self, path: str) -> Refusals:
        nbiot = path == "/nbiot" or path.startswith("/nbiot/")
        return self.nbiot if nbiot else _CLASSIC


# OneNET's documents of 2019, and what the guide has besides (4.2.10.1).
_TRIGGERS_2019 = (">", ">=", "<", "<=", "inout", "change", "frozen", "live")
_TRIGGERS_2018 = (*_TRIGGERS_2019, "==", "in", "out", "exp")

# 2018: OneNET guide 5.2.2 (10 s, two repeats, then failure); the order is that of all logs of M5310
# boards found, and of China Mobile's guide to the M5310.
# 2019: OneNET's FAQ (5 to 7.5 s, doubled, 3 sendings in 25 s); the order of the suite's test
# specification 6.1 and 7.1.
YEARS: Mapping[int, Year] = {
    2018: Year(
        Retry((10.0, 10.0), 1.0, timeout=30.0),
        discovers_first=False,
        nbiot=_CLASSIC,
        trigger_types=_TRIGGERS_2018,
        offline=Offline(range(3, 11), optional=False),
    ),
    2019: Year(
        Retry((5.0, 7.5), 2.0, timeout=25.0),
        discovers_first=True,
        nbiot=_NBIOT_2019,
        trigger_types=_TRIGGERS_2019,
        offline=Offline(range(11), optional=True),
    ),
}
DEFAULT_YEAR = 2018


def year_of(number: int) -> Year:
    """Raises ValueError for a year that has no profile."""
    if number not in YEARS:
        raise ValueError(f"year {number!r}: expected {' or '.join(map(str, YEARS))}")
    return YEARS[number]
