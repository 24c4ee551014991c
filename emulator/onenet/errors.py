"""Errors of OneNET's HTTP API. Pure."""

from __future__ import annotations

import json
from enum import StrEnum

# Characters of what a client sent, in an error.
_MAX_SHOWN = 40


class Reason(StrEnum):
    """Why a call of the API failed, in OneNET's words. The number depends on call and year:
    `emulator.onenet.years`.
    """

    KEY_REQUIRED = "api-key required"
    AUTH_FAILED = "auth failed"
    INVALID_JSON = "invalid JSON"
    BODY_TOO_LARGE = "request entity too large"
    BODY_REQUIRED = "entity data required"
    PARAMETER_REQUIRED = "parameter required"
    INVALID_PARAMETER = "invalid parameter"
    NOT_FOUND = "not found"
    LIMIT = "system limit"
    DEVICE_LIMIT = "device count limit by account policy"
    TOO_MANY_DEVICES = "max device count limit is 1000 for one time"
    INVALID_PROTOCOL = "invalid protocol"
    STREAM_EXISTS = "datastream already exists"
    NOT_ONLINE = "device not online"
    # Of a request to a device: `detail` is a `Failure` of `lwm2m.requests`, such as NOT_FOUND, its
    # refusal; TIME_OUT, no answer; OFFLINE, it has logged out before its answer.
    UNSUCCESS = "unsuccess"
    INTERNAL = "internal server error"
    # No request causes these here: only `ApiFault`.
    EXISTS = "already exists"
    FREQUENCY = "api freq out of limit"
    NBIOT_SERVER = "nbiot server error"
    HS_SERVER = "hs server error"
    FIELD_CONSTRAINT = "device field constraint violation"
    SENSITIVE_WORDS = "contain sensitive words"


class ApiError(Exception):
    """A call of the API failed for `reason`; `detail` completes it.

    Its text is the same in each year: `unsuccess: TIME_OUT`.
    """

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason = reason
        self.detail = detail


def invalid(detail: str) -> ApiError:
    return ApiError(Reason.INVALID_PARAMETER, detail)


def required(name: str) -> ApiError:
    return ApiError(Reason.PARAMETER_REQUIRED, name)


def shown(value: object) -> str:
    """As JSON, so that the text "5700" differs from 5700, and spaces are visible; cut if long."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "..."
