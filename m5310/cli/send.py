"""`m5310 send`: send commands; their response lines go to stdout, the result to the exit status."""

from __future__ import annotations

import argparse
import asyncio
import re

from m5310.at.codec import Command
from m5310.at.line_stream import Following
from m5310.cli.exits import Exit
from m5310.cli.explain.catalogue import typed
from m5310.cli.terminal.output import Output
from m5310.cli.terminal.session import Session
from m5310.errors import Text
from m5310.module.speed import open_modem


async def command(given: argparse.Namespace, output: Output) -> int:
    commands = [typed(line, given.timeout) for line in given.commands]  # check all before sending
    wanted = re.compile(re.escape(given.until or "") + ".*")
    modem, port = await open_modem(given.port, given.baud)
    async with modem, Following(modem, (wanted,)) as lines:
        session = Session(modem, port.change, numbered=True)
        try:
            for each in commands:
                async with output.progress(each.line):
                    answer = await session.execute(each)
                for line in answer.lines:
                    output.result(line)
            if output.terminal:
                output.message("OK")
            if given.until is not None:
                return await _wait_for_line(lines, given.until, commands[-1], output)
        finally:
            await session.close()
    return Exit.OK


async def _wait_for_line(lines: Following, prefix: str, last: Command, output: Output) -> Exit:
    """Print the first of `lines`, which start with `prefix`, within the timeout of `last`."""
    try:
        async with (
            output.progress(Text("waiting for {prefix}", prefix=prefix)),
            asyncio.timeout(last.timeout),
        ):
            line = await anext(lines)
    except TimeoutError:
        output.message(
            Text(
                "no line starting with {prefix} within {timeout:g} s after the OK of {line}; "
                "to wait longer, use --timeout",
                prefix=prefix,
                timeout=last.timeout,
                line=last.line,
            )
        )
        return Exit.TIMEOUT
    output.result(line)
    return Exit.OK
