"""The modules: their state, place and line, restarts, and commands typed by a person."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any

from emulator.control import shown
from emulator.control.control import Control
from emulator.control.members import Choice, Flag, Members, Number, Text
from emulator.line.faults import Fault
from emulator.module.boot import Cause
from emulator.module.lwm2m.host import Happening
from emulator.module.lwm2m.states import REGISTERED
from emulator.module.radio.coverage import Coverage
from emulator.module.radio.sim import Sim
from emulator.onenet.devices import MAX_DEVICES
from emulator.onenet.errors import invalid
from emulator.onenet.http.answers import Answer, success
from emulator.onenet.http.call import Call
from emulator.onenet.http.kinds import OBJECT, Integer
from emulator.onenet.http.route import CONTROL, PAGE, Body, Key, Parameter, Route
from emulator.simulation.board import Board

MAX_TYPED = 1024  # characters: more than any command line has

_SHARE = Number(0, 1)
_CHANGE = Members(
    {
        "coverage": Choice(Coverage.__members__),
        "sim": Choice(Sim.__members__),
        "refusing": Flag(),
        "busy": Flag(),
        "plugged": Flag(),
        "noise": Members({fault.value: _SHARE for fault in Fault}, optional=True),
    },
    optional=True,
)
_RESTART = Members({"cause": Choice(Cause.__members__)})
_REASONS = (Happening.LIFETIME_OVER, Happening.REMOVED)
_LOGOUT = Members({"reason": Choice({reason.name: reason for reason in _REASONS})})
_TYPE = Members({"text": Text(1, MAX_TYPED)})
_PER_PAGE = Parameter("per_page", Integer(1, MAX_DEVICES), default=MAX_DEVICES)


async def listed(control: Control, call: Call) -> Answer:
    """Entries are made while the answer is sent, in turns with other events."""
    control.bench.settle()
    page, size, total = call.query["page"], call.query["per_page"], len(control.bench.boards)
    numbers = range((page - 1) * size + 1, min(page * size, total) + 1)
    entries = (shown.entry(control, number) for number in numbers)
    return success({"modules": entries, "total": total})


async def show(control: Control, call: Call) -> Answer:
    control.board(call.place["number"])
    control.bench.settle()
    return _answer(control, call)


async def change(control: Control, call: Call) -> Answer:
    board = control.board(call.place["number"])
    given = _CHANGE.read("", call.body)
    try:
        control.change(partial(_apply, board, given))
    except OSError as error:  # the port cannot be opened again
        raise invalid(f"plugged true: {error.strerror or error}") from None
    return _answer(control, call)


def _apply(board: Board, given: dict[str, Any]) -> None:
    """Raises OSError."""
    if "plugged" in given:
        board.line.plugged = given["plugged"]
    for name in ("coverage", "sim", "refusing", "busy"):
        if name in given:
            setattr(board.module.radio, name, given[name])
    if "noise" in given:
        for direction in (board.line.faults.to_host, board.line.faults.to_module):
            direction.rates = replace(direction.rates, **given["noise"])


async def restart(control: Control, call: Call) -> Answer:
    board = control.board(call.place["number"])
    cause = _RESTART.read("", call.body)["cause"]
    control.change(lambda: board.module.power_cycle(cause, control.bench.now()))
    return _answer(control, call)


async def log_out(control: Control, call: Call) -> Answer:
    """The login ends, as the module sees it; the cloud does not get to know."""
    board = control.board(call.place["number"])
    reason = _LOGOUT.read("", call.body)["reason"]
    control.bench.settle()
    state = board.module.client.state
    if state not in REGISTERED:
        expected = " or ".join(sorted(each.name for each in REGISTERED))
        raise invalid(f"module {call.place['number']} is {state.name}, expected {expected}")
    control.change(lambda: board.module.end_login(reason, control.bench.now()))
    return _answer(control, call)


async def type_text(control: Control, call: Call) -> Answer:
    """As if a host had sent the text; the answers are in the traffic."""
    board = control.board(call.place["number"])
    text = _TYPE.read("", call.body)["text"]
    try:
        control.change(lambda: board.line.type(text.encode()))
    except RuntimeError as error:
        raise invalid(f"text: {error}") from None
    return _answer(control, call)


def _answer(control: Control, call: Call) -> Answer:
    return success(shown.module(control, int(call.place["number"])))


def routes(control: Control) -> tuple[Route, ...]:
    one = "/emulator/modules/{number:[0-9]{1,5}}"

    def route(
        method: str,
        path: str,
        summary: str,
        call: Callable[[Control, Call], Awaitable[Answer]],
        body: Members | None,
    ) -> Route:
        taken = None if body is None else Body(body.schema)
        bound = partial(call, control)
        return Route(method, path, summary, CONTROL, Key.MASTER, bound, body=taken, data=OBJECT)

    return (
        Route(
            "GET",
            "/emulator/modules",
            "List the modules",
            CONTROL,
            Key.MASTER,
            partial(listed, control),
            query=(PAGE, _PER_PAGE),
            data=OBJECT,
        ),
        route("GET", one, "Show a module", show, None),
        route(
            "PUT", one, "Change a module's place, its cable, the noise of its line", change, _CHANGE
        ),
        route("POST", f"{one}/restart", "Restart a module", restart, _RESTART),
        route(
            "POST", f"{one}/logout", "End a module's login, for the module only", log_out, _LOGOUT
        ),
        route("POST", f"{one}/type", "Type a text on a module's line", type_text, _TYPE),
    )
