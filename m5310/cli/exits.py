"""Exit statuses of the `m5310` command."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from m5310.errors import Code, M5310Error, PortError, Text, UsageError


class Exit(IntEnum):
    OK = 0
    FAILED = 1
    """The module refused a command, or a check found a problem."""
    USAGE = 2
    """Wrong arguments, or the port could not be opened or was lost."""
    TIMEOUT = 3
    """No answer in time."""
    INTERRUPTED = 130
    """Ctrl-C: 128 + SIGINT, as shells count."""
    BROKEN_PIPE = 141
    """The reader of the output has gone: 128 + SIGPIPE."""


EXIT_STATUS_HELP: Final = Text("""\
exit status:
  0  success                      2  wrong arguments, or the port cannot be opened or was lost
  1  refused, or a problem found  3  no answer in time
  130  ended by Ctrl-C            128+N  ended by signal N (143 SIGTERM, 141 output closed)
""")


def exit_status(error: M5310Error) -> Exit:
    match error:
        case PortError() | UsageError():
            return Exit.USAGE
        case _ if error.code is Code.TIMEOUT:
            return Exit.TIMEOUT
        case _:
            return Exit.FAILED
