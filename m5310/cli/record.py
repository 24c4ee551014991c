"""`m5310 record`: everything that passes on the line, with its times, into a file."""

from __future__ import annotations

import argparse
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import IO, Final

from m5310.cli.console import converse
from m5310.cli.exits import Exit
from m5310.cli.screen import Screen
from m5310.cli.session import Session, first_to_end
from m5310.cli.tap import Tape, TappedModem
from m5310.errors import ParameterError

_STDOUT: Final = Path("-")


async def command(given: argparse.Namespace, screen: Screen) -> int:
    if given.file == _STDOUT and not given.listen:
        raise ParameterError("a console needs stdout for itself: name a file, or use --listen")
    status: int = Exit.WELL
    async with await TappedModem.open(given.port, given.baud) as modem:
        with _opened(given.file, screen) as file:
            tape = Tape(file, given.port, given.baud)
            modem.tap = tape.passed

            async def work() -> None:
                nonlocal status
                if given.listen:
                    screen.tell("listening; Ctrl-C ends")
                    await Session(modem).until_lost()
                else:
                    status = await converse(modem, screen, words=given.words)

            try:
                await first_to_end(tape.keep(), work())
            finally:
                tape.end()
    return status


def _opened(path: Path, screen: Screen) -> AbstractContextManager[IO[str]]:
    """A new file; one that is there already is never written over."""
    if path == _STDOUT:
        return nullcontext(screen.out)
    try:
        return path.open("x", encoding="utf-8", newline="\n")
    except FileExistsError:
        raise ParameterError(f"{path} is there already; name a new file") from None
