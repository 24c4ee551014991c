"""The conversation of a subcommand with a module."""

from __future__ import annotations

import asyncio

import pytest

from m5310.at.codec import Command
from m5310.cli.explain.catalogue import typed
from m5310.cli.terminal.session import BACKLOG, Session, run_until_first_ends
from m5310.errors import CommandError, ParameterError, PortError
from tests.support.clock import elapse
from tests.support.scripted import Scripted


async def test_backlog_keeps_the_newest_lines() -> None:
    module = Scripted()
    session = Session(module.modem)
    module.say(*(f"+X:{number}" for number in range(BACKLOG + 5)))
    waiting = session.take_received()
    assert len(waiting) == BACKLOG
    assert waiting[-1] == f"+X:{BACKLOG + 4}"
    assert session.take_received() == []
    await module.modem.close()


async def test_unsolicited_lines_in_order_until_the_port_is_lost() -> None:
    module = Scripted()
    session = Session(module.modem)
    module.say("+A:1", "+A:2")
    module.vanish()
    lines = session.unsolicited()
    assert [await anext(lines), await anext(lines)] == ["+A:1", "+A:2"]
    with pytest.raises(PortError):
        await anext(lines)


async def test_execute_raises_the_modems_errors() -> None:
    module = Scripted({"AT+FOO": "+CME ERROR:4"})
    session = Session(module.modem)
    with pytest.raises(CommandError):
        await session.execute(typed("AT+FOO"))
    assert (await session.execute(Command("AT"))).lines == ()
    await module.modem.close()


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
