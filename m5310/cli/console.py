"""`m5310 console`: send typed lines; show responses and unsolicited lines with their meaning."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from m5310.at.line_stream import Following
from m5310.cli.exits import Exit, exit_status
from m5310.cli.explain.catalogue import entries, typed
from m5310.cli.explain.lines import Explainer
from m5310.cli.terminal import stdin
from m5310.cli.terminal.output import Output, Style
from m5310.cli.terminal.session import Session, run_until_first_ends
from m5310.cli.terminal.stdin import Interrupted
from m5310.errors import CommandError, M5310Error, PortError, Text
from m5310.module.speed import open_modem

BACKLOG: Final = 10_000
"""Unsolicited lines kept for a slow terminal; when full, the oldest is dropped."""

_COLUMN: Final = 32
"""Column in which explanations start."""

_END_WORDS: Final = {"exit", "quit"}
_HELP_WORDS: Final = {"?", "help"}


async def command(given: argparse.Namespace, output: Output) -> int:
    modem, port = await open_modem(given.port, given.baud)
    async with modem:
        session = Session(modem, port.change, numbered=True)
        try:
            return await run_console(session, output, words=given.words)
        finally:
            await session.close()


async def run_console(session: Session, output: Output, *, words: bool) -> int:
    """Run a console on stdin until its input ends. Raises PortError if the port is lost.

    The status is that of the first failure, as in `m5310 send`, unless a person types.
    """
    prompt = _prompt(output)
    lines = stdin.read_lines(sys.stdin.fileno()) if prompt is None else prompt
    console = Console(session, output, words=words, echo=prompt is None)
    try:
        await console.run(lines)
    except Interrupted:
        return Exit.INTERRUPTED
    return console.status if prompt is None else Exit.OK


def _prompt(output: Output) -> AsyncGenerator[str, None] | None:
    """A prompt if a person types at a terminal; None for other input."""
    if not (sys.stdin.isatty() and output.terminal):
        return None
    try:
        from m5310.cli.terminal import prompt  # noqa: PLC0415 - the extra `cli` may be missing
    except ImportError:
        output.message(Text('for history and completion: pip install "m5310[cli]"'))
        return None
    output.message(Text("Tab completes, ? lists the commands, Ctrl-D ends"))
    return prompt.read_lines(output)


class Console:
    """`words`: show the meaning of each line; `echo`: show each command when it is sent."""

    def __init__(self, session: Session, output: Output, *, words: bool, echo: bool) -> None:
        self._session = session
        self._output = output
        self._explainer = Explainer()
        self._words = words
        self._echo = echo
        self.status: Exit = Exit.OK
        """Of the first failure so far."""

    async def run(self, lines: AsyncGenerator[str, None]) -> None:
        """Send each line, show its response and unsolicited lines, until the lines end.

        Raises PortError when the port is lost.
        """
        async with Following(self._session.modem, (), BACKLOG) as unsolicited:
            await run_until_first_ends(self._send_lines(lines), self._show(unsolicited))
            unsolicited.close()
            await self._show(unsolicited)  # those received since

    async def _show(self, unsolicited: Following) -> None:
        async for line in unsolicited:
            self._show_line("!", line, Style.YELLOW)

    async def _send_lines(self, lines: AsyncGenerator[str, None]) -> None:
        """Further lines are read and queued while a command is running."""
        queue: asyncio.Queue[str | None] = asyncio.Queue()

        async def read() -> None:
            async with aclosing(lines):
                async for line in lines:
                    queue.put_nowait(line.strip())
            queue.put_nowait(None)
            await asyncio.get_running_loop().create_future()  # cancelled when `work` ends

        async def work() -> None:
            while (text := await queue.get()) is not None and text.lower() not in _END_WORDS:
                await self._handle(text)

        await run_until_first_ends(read(), work())

    async def _handle(self, text: str) -> None:
        if text in _HELP_WORDS:
            self._show_help()
        elif text.upper().startswith("AT"):
            await self._send(text)
        elif text:
            self._output.message(
                Text("{line} does not begin with AT; ? lists the commands", line=repr(text))
            )
            self._failed(Exit.USAGE)

    async def _send(self, text: str) -> None:
        meaning = self._explainer.host(text)
        if self._echo:
            self._show_explained(">", text, meaning, Style.BOLD)
        elif meaning and self._words and not meaning.startswith("ask"):  # the response explains it
            self._show_explained("=", "", meaning, Style.DIM)
        try:
            answer = await self._session.execute(typed(text))
        except CommandError as error:
            self._show_line(" ", error.result, Style.RED)
            self._failed(exit_status(error))
        except PortError:
            raise
        except M5310Error as error:
            self._output.message(str(error))
            self._failed(exit_status(error))
        else:
            for line in (*answer.lines, "OK"):
                self._show_line(" ", line, Style.PLAIN)

    def _failed(self, status: Exit) -> None:
        if self.status is Exit.OK:
            self.status = status

    def _show_line(self, mark: str, line: str, style: Style) -> None:
        meaning = self._explainer.module(line)
        self._show_explained(mark, line, None if line == "OK" else meaning, style)

    def _show_explained(self, mark: str, line: str, meaning: str | None, style: Style) -> None:
        shown = meaning if meaning and self._words else ""
        self._output.explained(f"{mark} {line}".rstrip(), shown, _COLUMN, style)

    def _show_help(self) -> None:
        self._output.result(Text("| separates choices, [ ] may be left out"), Style.DIM)
        for each in entries():
            line = each.command.line + each.takes
            self._output.explained(line, each.command.meaning, _COLUMN, Style.PLAIN)
