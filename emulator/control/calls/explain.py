"""Lines of the AT conversation in words."""

from __future__ import annotations

from functools import partial

from emulator.control.explainers import Explain, Explainers
from emulator.onenet.errors import ApiError, Reason, invalid, required, shown
from emulator.onenet.http.answers import Answer, success
from emulator.onenet.http.bodies import only
from emulator.onenet.http.call import Call
from emulator.onenet.http.connections import in_turns
from emulator.onenet.http.kinds import Schema
from emulator.onenet.http.route import CONTROL, Body, Key, Route

_MAX_LINES = 200
_SIDES, _LANGUAGES = ("host", "module"), ("en", "zh")


async def explain(explainers: Explainers, call: Call) -> Answer:
    """The lines are one conversation. What no package explains is null."""
    only(call.body, "lines", "language")
    language = call.body.get("language", "en")
    if language not in _LANGUAGES:
        raise invalid(f"language {shown(language)}, expected {' or '.join(_LANGUAGES)}")
    lines = _lines(call.body)
    explained: Explain = await explainers.conversation(str(language))
    return success({"words": [explained(side, text) async for side, text in in_turns(lines)]})


def _lines(body: dict[str, object]) -> list[tuple[str, str]]:
    """Each line with its side. Raises ApiError for what is no list of lines."""
    given = body.get("lines")
    if given is None:
        raise required("lines")
    if not isinstance(given, list):
        raise invalid("lines, expected a list of {from, text}")
    if len(given) > _MAX_LINES:
        raise ApiError(Reason.LIMIT, f"{len(given)} lines, expected at most {_MAX_LINES}")
    return [_line(each) for each in given]


def _line(given: object) -> tuple[str, str]:
    if not isinstance(given, dict):
        raise invalid("lines, expected a list of {from, text}")
    only(given, "from", "text")
    side, text = given.get("from"), given.get("text")
    if side not in _SIDES:
        raise invalid(f"from {shown(side)}, expected {' or '.join(_SIDES)}")
    if not isinstance(text, str):
        raise invalid(f"text {shown(text)}, expected a text")
    return str(side), text


_BODY: Schema = {
    "type": "object",
    "properties": {
        "lines": {
            "type": "array",
            "maxItems": _MAX_LINES,
            "items": {
                "type": "object",
                "properties": {"from": {"enum": list(_SIDES)}, "text": {"type": "string"}},
                "required": ["from", "text"],
                "additionalProperties": False,
            },
        },
        "language": {"enum": list(_LANGUAGES), "default": "en"},
    },
    "required": ["lines"],
    "additionalProperties": False,
}
_DATA: Schema = {
    "type": "object",
    "properties": {"words": {"type": "array", "items": {"type": ["string", "null"]}}},
    "required": ["words"],
    "additionalProperties": False,
}


def routes(_control: object) -> tuple[Route, ...]:
    return (
        Route(
            "POST",
            "/emulator/explain",
            "Explain lines of one AT conversation in words, as far as an installed package can",
            CONTROL,
            Key.MASTER,
            partial(explain, Explainers()),
            body=Body(_BODY),
            data=_DATA,
        ),
    )
