"""The emulator's time: its speed, a pause, and what is due within some seconds at once."""

from __future__ import annotations

from functools import partial

from emulator.clock.steered import SteeredClock
from emulator.control import shown
from emulator.control.control import Control
from emulator.control.members import Flag, Members, Number
from emulator.onenet.errors import invalid
from emulator.onenet.http.answers import Answer, success
from emulator.onenet.http.call import Call
from emulator.onenet.http.kinds import OBJECT
from emulator.onenet.http.route import CONTROL, Body, Key, Route

# A day in a second; the slowest is that of the command's --speed.
SLOWEST, FASTEST = 0.001, 86_400
YEAR = 31_536_000  # seconds
# 2100-01-01: dates after it do not fit the two digits of AT+CCLK (TS 27.007 8.15).
LATEST = 4_102_444_800

_CHANGE = Members({"speed": Number(SLOWEST, FASTEST), "paused": Flag()}, optional=True)
_ADVANCE = Members({"seconds": Number(0, YEAR)})


async def change(control: Control, call: Call) -> Answer:
    given = _CHANGE.read("", call.body)
    clock = _steered(control)
    if "speed" in given:
        clock.set_speed(given["speed"])
    if "paused" in given:
        (clock.pause if given["paused"] else clock.resume)()
    return success(shown.clock(control))


async def advance(control: Control, call: Call) -> Answer:
    """Answers when the time is reached."""
    seconds = _ADVANCE.read("", call.body)["seconds"]
    clock = _steered(control)
    begin = clock.now()
    if begin + seconds > LATEST:
        raise invalid(f"seconds {seconds:.9g}: the date would be after 2099, expected fewer")
    if clock.advancing:
        raise invalid("seconds: the clock is being advanced, expected after its end or a pause")
    if not await clock.advance(seconds):
        passed = clock.now() - begin
        raise invalid(f"seconds {seconds:.9g}: paused after {passed:.9g}")
    return success(shown.clock(control))


def _steered(control: Control) -> SteeredClock:
    """Raises ApiError."""
    clock = control.bench.clock
    if not isinstance(clock, SteeredClock):
        raise invalid(
            f"the clock: the program has chosen {type(clock).__name__}, expected SteeredClock"
        )
    return clock


def routes(control: Control) -> tuple[Route, ...]:
    return (
        Route(
            "PUT",
            "/emulator/clock",
            "Change the speed of the emulator's time, or pause it",
            CONTROL,
            Key.MASTER,
            partial(change, control),
            body=Body(_CHANGE.schema),
            data=OBJECT,
        ),
        Route(
            "POST",
            "/emulator/clock/advance",
            "Let time pass at once: all that is due happens in its order",
            CONTROL,
            Key.MASTER,
            partial(advance, control),
            body=Body(_ADVANCE.schema),
            data=OBJECT,
        ),
    )
