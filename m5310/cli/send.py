"""`m5310 send`: commands from a script, their answers on stdout, the outcome in the exit status."""

from __future__ import annotations

import argparse
import asyncio
from contextlib import aclosing

from m5310.at.codec import Command
from m5310.cli.exits import Exit
from m5310.cli.explain.catalogue import typed
from m5310.cli.terminal.output import Screen
from m5310.cli.terminal.session import Session
from m5310.module.speed import open_modem


async def command(given: argparse.Namespace, screen: Screen) -> int:
    commands = [typed(line, given.timeout) for line in given.commands]  # all, before one is sent
    modem, port = await open_modem(given.port, given.baud)
    async with modem:
        session = Session(modem, port.change)
        for each in commands:
            async with screen.working(each.line):
                answer = await session.execute(each)
            for line in answer.lines:
                screen.say(line)
        if screen.terminal:
            screen.tell("OK")
        if given.until is not None:
            return await _until(session, given.until, commands[-1], screen)
    return Exit.WELL


async def _until(session: Session, prefix: str, last: Command, screen: Screen) -> Exit:
    """Show the first line that begins with `prefix`, for which there is as much time again."""
    try:
        async with (
            screen.working(f"waiting for {prefix}"),
            asyncio.timeout(last.timeout),
            aclosing(session.lines()) as lines,
        ):
            line = await anext(lines)
            while not line.startswith(prefix):
                line = await anext(lines)
    except TimeoutError:
        screen.tell(
            f"no line that begins with {prefix} came within {last.timeout:g} s after the OK of "
            f"{last.line}; --timeout S waits longer"
        )
        return Exit.TIMEOUT
    screen.say(line)
    return Exit.WELL
