"""The air between modules and cloud, and how the cloud treats its devices."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import partial

from emulator.control.control import Control
from emulator.control.members import Flag, Members, Number
from emulator.onenet.http.answers import Answer, success
from emulator.onenet.http.call import Call
from emulator.onenet.http.kinds import OBJECT
from emulator.onenet.http.route import CONTROL, Body, Key, Route

# Longest latency and delay in seconds: no exchange of the cloud lasts as long.
LONGEST = 86_400
MAX_REPEATS = 10  # as in scenarios

_SECONDS, _SHARE = Number(0, LONGEST), Number(0, 1)
_AIR = Members(
    {
        "latency": _SECONDS,
        "loss": _SHARE,
        "duplication": _SHARE,
        "reordering": _SHARE,
        "delayed": _SHARE,
        "delay": _SECONDS,
    },
    optional=True,
)
_PLATFORM = Members(
    {
        "silent": Flag(),
        "refusing": Flag(),
        "delay": _SECONDS,
        "repeats": Number(0, MAX_REPEATS, whole=True),
        "discovers": Flag(),
    },
    optional=True,
)


def air(control: Control) -> Answer:
    """The air's settings."""
    faults = control.bench.air.faults
    return {name: getattr(faults, name) for name in _AIR.kinds}


def platform(control: Control) -> Answer:
    """The cloud's settings."""
    return asdict(control.bench.misbehaviour.faults)


async def change_air(control: Control, call: Call) -> Answer:
    given = _AIR.read("", call.body)

    def change() -> None:
        for name, value in given.items():
            setattr(control.bench.air.faults, name, value)

    control.change(change)
    return success(air(control))


async def change_platform(control: Control, call: Call) -> Answer:
    given = _PLATFORM.read("", call.body)
    misbehaviour = control.bench.misbehaviour

    def change() -> None:
        misbehaviour.faults = replace(misbehaviour.faults, **given)

    control.change(change)
    return success(platform(control))


def routes(control: Control) -> tuple[Route, ...]:
    return (
        Route(
            "PUT",
            "/emulator/air",
            "Change latency (seconds) and losses (shares) of the air",
            CONTROL,
            Key.MASTER,
            partial(change_air, control),
            body=Body(_AIR.schema),
            data=OBJECT,
        ),
        Route(
            "PUT",
            "/emulator/platform",
            "Change how the cloud treats its devices",
            CONTROL,
            Key.MASTER,
            partial(change_platform, control),
            body=Body(_PLATFORM.schema),
            data=OBJECT,
        ),
    )
