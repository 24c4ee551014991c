"""The push: its settings, and its state (OneNET's web console, and documents of 2019).

OneNET sets the push in its console. Here `/emulator/push` does it: it is no call of OneNET's.
"""

from __future__ import annotations

from functools import partial

from emulator.onenet.errors import invalid, required
from emulator.onenet.http.answers import Answer, success
from emulator.onenet.http.call import Call
from emulator.onenet.http.kinds import Schema, Text
from emulator.onenet.http.route import Body, Key, Parameter, Route
from emulator.onenet.posting import MAX_URL
from emulator.onenet.push.settings import (
    MAX_BATCH_COUNT,
    MAX_BATCH_SECONDS,
    MAX_TOKEN,
    PADS,
    Settings,
)
from emulator.onenet.push.signature import ENCODED_KEY


async def replace(call: Call) -> Answer:
    """Answers after the check of the URL; if it fails, the earlier settings stay."""
    for name in ("url", "token"):
        if name not in call.body:
            raise required(name)
    try:
        settings = Settings.of(call.body)
    except ValueError as error:
        raise invalid(str(error)) from None
    if call.platform.send is None:
        raise invalid("url: this platform has no way to applications")
    if problem := await call.result(partial(call.platform.push.set, settings)):
        raise invalid(f"url {settings.url}: {problem}")
    return success()


async def show(call: Call) -> Answer:
    push = call.platform.push
    shown: dict[str, object] = {"state": push.state}
    if push.settings is not None:
        settings = push.settings
        shown |= {
            "url": settings.url,
            "encrypted": settings.aes_key is not None,
            "pad": settings.pad,
            "batch_seconds": settings.batch_seconds,
            "batch_count": settings.batch_count,
            "waiting": push.waiting,
            "dropped": push.dropped,
            "failures": push.failures,
            "problem": push.problem,
        }
    return success(shown)


async def delete(call: Call) -> Answer:
    call.act(lambda _now: call.platform.push.clear())
    return success()


async def status(call: Call) -> Answer:
    # guess: there is one product and one push, so any product and any group have its state.
    return success({"status": call.platform.push.enabled})


_SETTINGS: Schema = {
    "type": "object",
    "properties": {
        "url": {"type": "string", "maxLength": MAX_URL},
        "token": {"type": "string", "minLength": 1, "maxLength": MAX_TOKEN},
        "aes_key": {"type": ["string", "null"], "pattern": f"^{ENCODED_KEY.pattern}$"},
        "pad": {"enum": list(PADS)},
        "batch_seconds": {
            "type": ["number", "null"],
            "exclusiveMinimum": 0,
            "maximum": MAX_BATCH_SECONDS,
        },
        "batch_count": {"type": ["integer", "null"], "minimum": 1, "maximum": MAX_BATCH_COUNT},
    },
    "required": ["url", "token"],
    "additionalProperties": False,
}
_STATE: Schema = {
    "type": "object",
    "properties": {"state": {"enum": ["off", "checking", "on", "stopped"]}},
    "required": ["state"],
}
_STATUS: Schema = {
    "type": "object",
    "properties": {"status": {"type": "boolean"}},
    "required": ["status"],
    "additionalProperties": False,
}
_PATH, _SECTION = "/emulator/push", "4.1.2"
ROUTES = (
    Route(
        "PUT",
        _PATH,
        "Set where to push, after a check of the URL",
        _SECTION,
        Key.MASTER,
        replace,
        body=Body(_SETTINGS),
    ),
    Route("GET", _PATH, "Show the push", _SECTION, Key.MASTER, show, data=_STATE),
    Route("DELETE", _PATH, "Push no longer", _SECTION, Key.MASTER, delete),
    Route(
        "GET",
        "/third/platform/status",
        "Whether the product pushes",
        "documents of 2019",
        Key.MASTER,
        status,
        query=(Parameter("pid", Text(), required=True),),
        data=_STATUS,
    ),
    Route(
        "GET",
        "/msg_group/{group}/status",
        "Whether a group pushes",
        "documents of 2019",
        Key.MASTER,
        status,
        data=_STATUS,
    ),
)
