"""From the command line to one subcommand, and from whatever comes of it to an exit status."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Coroutine, Sequence
from typing import Any, TextIO

from m5310.cli import arguments
from m5310.cli.exits import Exit, exit_of
from m5310.cli.terminal.output import Screen
from m5310.errors import M5310Error


def main(line: Sequence[str] | None = None) -> int:
    """Run the subcommand that `line` (default: the process's arguments) names."""
    _open_closed_streams()
    screen = Screen()
    try:
        status = _status(line, screen)
        if status == Exit.WELL:  # else it has been said already what is wrong
            sys.stdout.flush()
    except BrokenPipeError:
        status = Exit.PIPE
    except OSError as error:  # a full disk behind `> file`, for one
        screen.tell(_sentence(error))
        status = Exit.USAGE
    for stream in (sys.stdout, sys.stderr):
        _let_go(stream)
    return status


def _status(line: Sequence[str] | None, screen: Screen) -> int:
    """Raises OSError if what is to be said cannot be written."""
    parser = arguments.parser()
    if not (sys.argv[1:] if line is None else line):
        parser.print_help(sys.stderr)  # whoever asks for nothing does not know what there is
        return Exit.USAGE
    try:
        given = parser.parse_args(line)
    except SystemExit as end:  # it has said what there is to say
        return int(end.code or Exit.WELL)
    status: int
    reason: Exception
    try:
        # Each subcommand is a room with a function `command`; only the one asked for is loaded.
        room = importlib.import_module(f"m5310.cli.{given.room}")
        outcome: int | Coroutine[Any, Any, int] = room.command(given, screen)
        return outcome if isinstance(outcome, int) else _complete(outcome, debug=given.debug)
    except M5310Error as error:
        status, reason = exit_of(error), error
    except BrokenPipeError:
        raise
    except OSError as error:
        status, reason = Exit.USAGE, error
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    if given.debug:
        import traceback  # noqa: PLC0415 - seldom needed

        traceback.print_exception(reason)
    else:
        screen.tell(_sentence(reason))
    return status


def _let_go(stream: TextIO) -> None:
    """Python flushes once more when it ends; what cannot be written must not fail there again."""
    try:
        stream.flush()
    except OSError:
        with open(os.devnull, "wb") as nothing:
            os.dup2(nothing.fileno(), stream.fileno())


def _open_closed_streams() -> None:
    """Standard streams that a supervisor closed lead nowhere.

    Otherwise the port, the next file that is opened, would get the number of one of them.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115 - as long as we live


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and not isinstance(error, M5310Error) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)


def _complete(work: Coroutine[Any, Any, int], *, debug: bool) -> int:
    import asyncio  # noqa: PLC0415 - `ports` and `decode` live without it
    import logging  # noqa: PLC0415

    logging.basicConfig(
        level=logging.DEBUG if debug else logging.WARNING,
        format="%(relativeCreated)9.0f ms  %(message)s" if debug else "m5310: %(message)s",
    )
    # How each verdict on a state came about is the library's matter; the wire is the user's.
    logging.getLogger("transitions").setLevel(logging.WARNING)
    # What asyncio has to say, of work that a second Ctrl-C cut short for one, is for developers.
    logging.getLogger("asyncio").setLevel(logging.WARNING if debug else logging.CRITICAL)
    return asyncio.run(_until_told(work))


async def _until_told(work: Coroutine[Any, Any, int]) -> int:
    """Do the work; a signal ends it, the module left clean, and a second one ends that too."""
    import asyncio  # noqa: PLC0415
    import contextlib  # noqa: PLC0415
    import signal  # noqa: PLC0415

    told: list[int] = []
    task = asyncio.current_task()
    assert task is not None

    def end(number: int) -> None:
        if told:
            # Not in Python's own way: a KeyboardInterrupt that hits the loop anywhere may leave
            # tasks that nobody cancels, each waiting for a module that does not answer.
            os._exit(128 + number)
        told.append(number)
        task.cancel()

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        with contextlib.suppress(AttributeError, NotImplementedError):  # Windows
            number = getattr(signal, name)
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup means it
                asyncio.get_running_loop().add_signal_handler(number, end, number)
    try:
        return await work
    except asyncio.CancelledError:
        if told:
            return 128 + told[0]  # as shells count
        raise
