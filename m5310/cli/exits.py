"""The exit statuses of the command, for scripts."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from m5310.errors import Code, M5310Error, PortError, UsageError


class Exit(IntEnum):
    WELL = 0
    WRONG = 1
    """The module refused, or something about it is not as it should be."""
    USAGE = 2
    """The command was called wrongly, or there is no such port."""
    TIMEOUT = 3
    """No answer came in time."""
    INTERRUPTED = 130
    """Ctrl-C: 128 + SIGINT, as shells count."""
    PIPE = 141
    """Whoever read the output has gone: 128 + SIGPIPE."""


EXPLAINED: Final = """\
exit status:
  0  done, all well           2  called wrongly, or the port cannot be had or was lost
  1  refused, or not well     3  no answer in time
  130  ended by Ctrl-C        128+N  by signal N: 143 SIGTERM, 141 whoever read the output left
"""


def exit_of(error: M5310Error) -> Exit:
    match error:
        case PortError() | UsageError():
            return Exit.USAGE
        case _ if error.code is Code.TIMEOUT:
            return Exit.TIMEOUT
        case _:
            return Exit.WRONG
