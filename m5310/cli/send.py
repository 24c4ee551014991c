"""`m5310 send`: send commands; their response lines go to stdout, the result to the exit status."""

from __future__ import annotations

import argparse
import asyncio
from contextlib import aclosing

from m5310.at.codec import Command
from m5310.cli.exits import Exit
from m5310.cli.explain.catalogue import typed
from m5310.cli.terminal.output import Output
from m5310.cli.terminal.session import Session
from m5310.module.speed import open_modem


async def command(given: argparse.Namespace, output: Output) -> int:
    commands = [typed(line, given.timeout) for line in given.commands]  # check all before sending
    modem, port = await open_modem(given.port, given.baud)
    async with modem:
        session = Session(modem, port.change)
        for each in commands:
            async with output.progress(each.line):
                answer = await session.execute(each)
            for line in answer.lines:
                output.result(line)
        if output.terminal:
            output.message("OK")
        if given.until is not None:
            return await _wait_for_line(session, given.until, commands[-1], output)
    return Exit.OK


async def _wait_for_line(session: Session, prefix: str, last: Command, output: Output) -> Exit:
    """Print the first unsolicited line that starts with `prefix`, within the last timeout."""
    try:
        async with (
            output.progress(f"waiting for {prefix}"),
            asyncio.timeout(last.timeout),
            aclosing(session.unsolicited()) as lines,
        ):
            line = await anext(lines)
            while not line.startswith(prefix):
                line = await anext(lines)
    except TimeoutError:
        output.message(
            f"no line starting with {prefix} within {last.timeout:g} s after the OK of "
            f"{last.line}; to wait longer, use --timeout"
        )
        return Exit.TIMEOUT
    output.result(line)
    return Exit.OK
