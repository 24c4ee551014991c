"""The state of the emulator as a whole."""

from __future__ import annotations

from functools import partial

from emulator.control import shown
from emulator.control.calls import faults
from emulator.control.control import Control
from emulator.onenet.http.answers import Answer, success
from emulator.onenet.http.call import Call
from emulator.onenet.http.kinds import OBJECT
from emulator.onenet.http.route import CONTROL, Key, Route
from emulator.onenet.years import YEARS


async def show(control: Control, _call: Call) -> Answer:
    bench = control.bench
    bench.settle()
    firmware = bench.boards[0].module.firmware if bench.boards else None
    return success(
        {
            **shown.clock(control),
            "started": control.started,
            "year": next(year for year, its in YEARS.items() if its is bench.platform.year),
            "modules": len(bench.boards),
            "model": None if firmware is None else firmware.model or "M5310",
            "coap": control.coap,
            "air": faults.air(control),
            "platform": faults.platform(control),
            "viewers": control.viewers,
        }
    )


def routes(control: Control) -> tuple[Route, ...]:
    return (
        Route(
            "GET",
            "/emulator/state",
            "Show time, modules, air and platform",
            CONTROL,
            Key.MASTER,
            partial(show, control),
            data=OBJECT,
        ),
    )
