"""The speed of the port follows the module; tasks that end together."""

from __future__ import annotations

import asyncio

import pytest

from m5310.cli.explain.catalogue import typed
from m5310.cli.terminal.session import Session, run_until_first_ends
from m5310.errors import CommandError, ParameterError
from tests.support.clock import elapse
from tests.support.scripted import Scripted


async def test_port_speed_changes_after_the_module_accepted() -> None:
    module = Scripted({"AT+NATSPEED=57600": "ERROR"})
    speeds = []

    async def set_speed(baud: int) -> None:
        speeds.append((baud, module.sent[-1]))

    session = Session(module.modem, set_speed)
    await session.execute(typed("AT+CFUN=1"))
    with pytest.raises(CommandError):
        await session.execute(typed("AT+NATSPEED=57600,30,1,2,1,0,0"))
    line = "at+natspeed=115200,30,1,2,1,0,0"
    await session.execute(typed(line))
    assert speeds == [(115200, line)]
    await module.modem.close()


async def test_run_until_first_ends() -> None:
    ended = []

    async def wait(seconds: float) -> None:
        try:
            await elapse(seconds)
        finally:
            ended.append(seconds)

    async def fail() -> None:
        raise ParameterError("failed")

    await run_until_first_ends(wait(1), wait(9))
    assert ended == [1, 9]
    with pytest.raises(ParameterError, match="failed"):
        await run_until_first_ends(wait(5), fail())
    assert ended == [1, 9, 5]
    task = asyncio.ensure_future(run_until_first_ends(wait(7), wait(8)))
    await elapse(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended[3:] == [7, 8]
