"""`m5310 console`: lines in, answers and unsolicited lines out, each with its meaning."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from m5310.cli.exits import Exit
from m5310.cli.explain.catalogue import ENTRIES, typed
from m5310.cli.explain.lines import Narrator
from m5310.cli.terminal import stdin
from m5310.cli.terminal.output import Screen, Style
from m5310.cli.terminal.session import Session, first_to_end
from m5310.cli.terminal.stdin import Interrupted
from m5310.errors import CommandError, M5310Error, PortError
from m5310.module.speed import open_modem

_COLUMN: Final = 32
"""Where the words begin beside lines that are not longer."""

_ENDINGS: Final = {"exit", "quit"}
_QUESTIONS: Final = {"?", "help"}


async def command(given: argparse.Namespace, screen: Screen) -> int:
    modem, port = await open_modem(given.port, given.baud)
    async with modem:
        return await converse(Session(modem, port.change), screen, words=given.words)


async def converse(session: Session, screen: Screen, *, words: bool) -> int:
    """A console, until its input ends. Raises PortError if the port is lost."""
    prompt = _prompt(screen)
    lines = stdin.lines(sys.stdin.fileno()) if prompt is None else prompt
    console = Console(session, screen, words=words, echo=prompt is None)
    try:
        await first_to_end(console.talk(lines), console.hear())
    except Interrupted:
        return Exit.INTERRUPTED
    return Exit.WELL


def _prompt(screen: Screen) -> AsyncGenerator[str, None] | None:
    """A prompt where a person types; None where lines just come."""
    if not (sys.stdin.isatty() and screen.terminal):
        return None
    try:
        from m5310.cli.terminal import prompt  # noqa: PLC0415 - the extra `cli` may be missing
    except ImportError:
        screen.tell('for history and completion: pip install "m5310[cli]"')
        return None
    screen.tell("Tab completes, ? lists the commands, Ctrl-D ends")
    return prompt.lines(screen)


class Console:
    """`talk` and `hear` belong together: both are to be awaited at once.

    `words`: what lines mean stands beside them; `echo`: commands are shown as they are sent.
    """

    def __init__(self, session: Session, screen: Screen, *, words: bool, echo: bool) -> None:
        self._session = session
        self._screen = screen
        self._narrator = Narrator()
        self._words = words
        self._echo = echo

    async def talk(self, lines: AsyncGenerator[str, None]) -> None:
        """Send each line and show its answer, until the lines end.

        Lines are read on while a command is out: whoever types need not wait for it.
        """
        queue: asyncio.Queue[str | None] = asyncio.Queue()

        async def read() -> None:
            async with aclosing(lines):
                async for line in lines:
                    queue.put_nowait(line.strip())
            queue.put_nowait(None)
            await asyncio.get_running_loop().create_future()  # ended with the work

        async def work() -> None:
            while (text := await queue.get()) is not None and text.lower() not in _ENDINGS:
                await self._take(text)

        await first_to_end(read(), work())
        for line in self._session.waiting():
            self._unsolicited(line)

    async def hear(self) -> None:
        """Show what comes unasked, until the port is lost."""
        async for line in self._session.lines():
            self._unsolicited(line)

    async def _take(self, text: str) -> None:
        if text in _QUESTIONS:
            self._explain()
        elif text.upper().startswith("AT"):
            await self._command(text)
        elif text:
            self._screen.tell(f"{text!r} does not begin with AT; ? lists the commands")

    async def _command(self, text: str) -> None:
        says = self._narrator.host(text)
        if self._echo:
            self._show(">", text, says, Style.BOLD)
        elif says and self._words and not says.startswith("ask"):  # its answer says that too
            self._show("=", "", says, Style.DIM)
        try:
            answer = await self._session.execute(typed(text))
        except CommandError as error:
            self._line(" ", error.result, Style.RED)
        except PortError:
            raise
        except M5310Error as error:
            self._screen.tell(str(error))
        else:
            for line in (*answer.lines, "OK"):
                self._line(" ", line, Style.PLAIN)

    def _unsolicited(self, line: str) -> None:
        self._line("!", line, Style.YELLOW)

    def _line(self, mark: str, line: str, style: Style) -> None:
        says = self._narrator.module(line)
        self._show(mark, line, None if line == "OK" else says, style)

    def _show(self, mark: str, line: str, says: str | None, style: Style) -> None:
        words = says if says and self._words else ""
        self._screen.explained(f"{mark} {line}".rstrip(), words, _COLUMN, style)

    def _explain(self) -> None:
        rows = [(entry.text + entry.values, entry.does) for entry in ENTRIES]
        self._screen.table(("COMMAND", "WHAT IT DOES"), rows, [Style.PLAIN] * len(rows))
