"""Runs one subcommand and maps its outcome to an exit status."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import os
import signal
import sys
import traceback
from collections.abc import Coroutine, Sequence
from typing import Any, TextIO

from m5310.cli import arguments
from m5310.cli.exits import Exit, exit_status
from m5310.cli.terminal.output import Output, visible
from m5310.cli.translation import use_language
from m5310.errors import M5310Error, Text


def main(line: Sequence[str] | None = None) -> int:
    """Run the subcommand that `line` (default: sys.argv) names; returns the exit status."""
    _replace_closed_streams()
    output = Output()
    use_language(output.out, output.err)
    try:
        status = _run(line, output)
        if status == Exit.OK:  # otherwise the error has been reported already
            sys.stdout.flush()
    except BrokenPipeError:
        status = Exit.BROKEN_PIPE
    except OSError as error:  # such as a full disk behind `> file`
        output.message(_error_text(error))
        status = Exit.USAGE
    for stream in (sys.stdout, sys.stderr):
        _flush_or_discard(stream)
    return status


def _run(line: Sequence[str] | None, output: Output) -> int:
    """Raises OSError if the output cannot be written."""
    parser = arguments.parser()
    if not (sys.argv[1:] if line is None else line):
        parser.print_help(sys.stderr)
        return Exit.USAGE
    try:
        given = parser.parse_args(line)
    except SystemExit as end:  # argparse has printed its message
        return int(end.code or Exit.OK)
    status: int
    reason: Exception
    try:
        subcommand = importlib.import_module(f"m5310.cli.{given.subcommand}")
        outcome: int | Coroutine[Any, Any, int] = subcommand.command(given, output)
        return outcome if isinstance(outcome, int) else _run_async(outcome, debug=given.debug)
    except M5310Error as error:
        status, reason = exit_status(error), error
    except BrokenPipeError:
        raise
    except OSError as error:
        status, reason = Exit.USAGE, error
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    if given.debug:
        traceback.print_exception(reason)
    else:
        output.message(_error_text(reason))
    return status


def _flush_or_discard(stream: TextIO) -> None:
    """Flush now; on failure discard the rest, because Python flushes again at exit."""
    try:
        stream.flush()
    except OSError:
        with open(os.devnull, "wb") as null:
            os.dup2(null.fileno(), stream.fileno())


def _replace_closed_streams() -> None:
    """Open the null device for standard streams that are closed.

    Otherwise the next file that is opened, such as the port, would get descriptor 0, 1 or 2.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115 - open until exit


def _error_text(error: Exception) -> str:
    if isinstance(error, OSError) and not isinstance(error, M5310Error) and error.strerror:
        reason = Text(error.strerror)  # the catalogue has the frequent ones
        if not error.filename:
            return reason
        return Text("{what}: {reason}", what=error.filename, reason=reason)
    return str(error)


class _Visible(logging.Formatter):
    """Shows characters of a platform or a module that a terminal would obey as escapes."""

    def format(self, record: logging.LogRecord) -> str:
        return visible(super().format(record))


def _run_async(work: Coroutine[Any, Any, int], *, debug: bool) -> int:
    handler = logging.StreamHandler()
    shown = "%(relativeCreated)9.0f ms  %(message)s" if debug else "m5310: %(message)s"
    handler.setFormatter(_Visible(shown))
    logging.basicConfig(level=logging.DEBUG if debug else logging.WARNING, handlers=[handler])
    # asyncio's own warnings (a second Ctrl-C leaves tasks unfinished) are for developers
    logging.getLogger("asyncio").setLevel(logging.WARNING if debug else logging.CRITICAL)
    return asyncio.run(_run_until_signal(work))


async def _run_until_signal(work: Coroutine[Any, Any, int]) -> int:
    """Run `work`. A first signal cancels it, so that it can clean up; a second one exits at once.

    Returns 128 + the signal's number if a signal ended it.
    """
    received: list[int] = []
    task = asyncio.current_task()
    assert task is not None

    def on_signal(number: int) -> None:
        if received:
            # Not a KeyboardInterrupt: raised anywhere in the loop, it may leave tasks uncancelled
            # that wait for a module which does not answer.
            os._exit(128 + number)
        received.append(number)
        task.cancel()

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        with contextlib.suppress(AttributeError, NotImplementedError):  # Windows
            number = getattr(signal, name)
            if signal.getsignal(number) is not signal.SIG_IGN:  # ignored under nohup
                asyncio.get_running_loop().add_signal_handler(number, on_signal, number)
    try:
        return await work
    except asyncio.CancelledError:
        if received:
            return 128 + received[0]
        raise
