"""Scenarios: play a text of TOML, show what happened, stop."""

from __future__ import annotations

from functools import partial

from emulator.control.control import Control
from emulator.control.members import Members, Text
from emulator.onenet.errors import invalid
from emulator.onenet.http.answers import Answer, success
from emulator.onenet.http.call import Call
from emulator.onenet.http.kinds import OBJECT
from emulator.onenet.http.route import CONTROL, Body, Key, Route
from emulator.scenario.parser import ScenarioError, read
from emulator.scenario.player import Play

_MAX_TEXT = 20_000  # characters: hundreds of events; to read them takes 0.1 s
_MAX_SHOWN = 400  # characters of a mistake: it may quote what is wrong
_PLAY = Members({"text": Text(1, _MAX_TEXT)})


async def play(control: Control, call: Call) -> Answer:
    """Play it from now on, after the end of the one that the page has started before."""
    text = _PLAY.read("", call.body)["text"]
    _check_others(control)
    if control.play is None or not control.play.playing:
        for board in control.bench.boards:
            if board.module.fault_source is not None:
                raise invalid("text: the program that runs the emulator has a fault_source set")
    if not control.bench.boards:
        raise invalid("text: there is no module, expected an emulator with modules")
    try:
        scenario = read(text, "text", modules=len(control.bench.boards))
    except ScenarioError as error:
        raise invalid(" ".join(str(error).split())[:_MAX_SHOWN]) from None
    control.close()
    control.play = Play(control.bench, scenario)
    control.change(control.play.start)
    return success(_shown(control))


async def show(control: Control, _call: Call) -> Answer:
    control.bench.settle()
    return success(_shown(control))


async def stop(control: Control, _call: Call) -> Answer:
    """What it has changed stays."""
    _check_others(control)
    control.close()
    return success(_shown(control))


def _check_others(control: Control) -> None:
    """Raises ApiError while another one than the page's is played."""
    played = control.bench.played
    if isinstance(played, Play) and played is not control.play and played.playing:
        raise invalid("the program that runs the emulator plays a scenario: expected after its end")


def _shown(control: Control) -> Answer:
    played = control.bench.played
    if not isinstance(played, Play):
        return {"playing": False, "own": True, "title": "", "log": [], "commands": 0, "events": []}
    return {
        "playing": played.playing,
        "own": played is control.play,
        "title": played.title,
        "log": [{"at": entry.at, "text": entry.text} for entry in played.log],
        "commands": played.commands,
        "events": [
            {"text": text, "line": line, "count": count} for text, line, count in played.events
        ],
    }


def routes(control: Control) -> tuple[Route, ...]:
    path = "/emulator/scenario"
    return (
        Route(
            "POST",
            path,
            "Play a scenario (TOML)",
            CONTROL,
            Key.MASTER,
            partial(play, control),
            body=Body(_PLAY.schema),
            data=OBJECT,
        ),
        Route(
            "GET",
            path,
            "Show the scenario that was played last",
            CONTROL,
            Key.MASTER,
            partial(show, control),
            data=OBJECT,
        ),
        Route(
            "DELETE",
            path,
            "Stop the scenario",
            CONTROL,
            Key.MASTER,
            partial(stop, control),
            data=OBJECT,
        ),
    )
