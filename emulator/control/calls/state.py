"""The state of the emulator as a whole."""

from __future__ import annotations

from functools import partial

from emulator.control import shown
from emulator.control.control import Control
from emulator.onenet.http.answers import Answer, success
from emulator.onenet.http.call import Call
from emulator.onenet.http.kinds import OBJECT
from emulator.onenet.http.route import CONTROL, Key, Route


async def show(control: Control, _call: Call) -> Answer:
    bench = control.bench
    return success(
        {
            **shown.clock(control),
            "started": control.started,
            "modules": len(bench.boards),
            "coap": control.coap,
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
