"""Texts of messages: the part `msg` of a push (OneNET guide 4.2). Pure.

The order of keys is that of captured pushes; it is also the order in which a HashMap of Java has
them. Numbers with no fraction have no point: the encoders of PHP and JavaScript drop it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from emulator.onenet.store.streams import plain

_LWM2M = 10  # `login_type` of NB-IoT
_POINT = re.compile(r'\{"at":-?\d+,"imei":"[^"]*","type":1,')
_ESCAPE = re.compile(r"\\(?:u007f|.)")
# The numbers of `confirm_status` (OneNET's documents of 2019).
_STATUSES = (
    *("SUCCESS", "METHOD_NOT_ALLOWED", "FORBIDDEN", "NOT_FOUND", "INTERNAL_SERVER_ERROR"),
    *("TIME_OUT", "REQ_PARAM_ERROR", "RESP_ERROR", "UNAUTHORIZED", "BAD_REQUEST"),
    *("NOT_ACCEPTABLE", "UNSUPPORTED_CONTENT_FORMAT"),
)
_INTERNAL = _STATUSES.index("INTERNAL_SERVER_ERROR")


@dataclass(frozen=True, slots=True)
class CommandResult:
    """How an offline command ended.

    `state`: 5 success, 6 failed, 7 time-out (guide 4.2.9.4). `sent`, `confirmed`: POSIX seconds,
    None if it was not. `status`: SUCCESS, or how it failed. `instances`: of a read, `data` of the
    answer of the same call to an online device, [{"res": [{"val", "res_id"}], "obj_inst_id"}].
    """

    uuid: str
    object_id: int
    state: int
    sent: float | None
    confirmed: float | None
    status: str
    instances: object = ()


def point(device_id: int, imei: str, stream: str, value: object, at_ms: int) -> str:
    """A data point; `value` is JSON, or bytes, which are sent as an array of their numbers."""
    return _text(
        {
            "at": at_ms,
            "imei": imei,
            "type": 1,
            "ds_id": stream,
            "value": plain(value),
            "dev_id": device_id,
        }
    )


def online(device_id: int, imei: str, at_ms: int, *, online: bool) -> str:
    """A device went online or offline."""
    return _text(
        {
            "at": at_ms,
            "login_type": _LWM2M,
            "imei": imei,
            "type": 2,
            "dev_id": device_id,
            "status": int(online),
        }
    )


def command_result(device_id: int, imei: str, result: CommandResult) -> str:
    """The result of an offline command (OneNET's documents of 2019; no capture was found).

    guess: `send_status` has the numbers of the guide's history (4.2.9.4), where it has the same
    name; times are milliseconds as `at`; `cmd_type` is 2 (Confirm) for a command that the device
    has answered, else 1; the order of keys is that of a HashMap.
    """
    status = _STATUSES.index(result.status) if result.status in _STATUSES else _INTERNAL
    return _text(
        {
            "send_time": _millis(result.sent),
            "imei": imei,
            "send_status": result.state,
            "confirm_body": {"obj_id": result.object_id, "obj_inst": result.instances or []},
            "type": 7,
            "cmd_id": result.uuid,
            "cmd_type": 1 if result.confirmed is None else 2,
            "confirm_time": _millis(result.confirmed),
            "confirm_status": status,
            "dev_id": device_id,
        }
    )


def is_point(text: str) -> bool:
    """Whether a message of this file is a data point."""
    return _POINT.match(text) is not None


def _millis(at: float | None) -> int:
    return 0 if at is None else round(at * 1000)


def _text(message: dict[str, object]) -> str:
    text = json.dumps(message, allow_nan=False, separators=(",", ":"))
    return _ESCAPE.sub(_plain_delete, text) if r"\u007f" in text else text


def _plain_delete(escape: re.Match[str]) -> str:
    """DEL, which only Python escapes; another escape as it is."""
    return "\x7f" if escape[0] == r"\u007f" else escape[0]
