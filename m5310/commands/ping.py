"""AT+NPING and the lines with its outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from m5310.at.codec import values as values_of
from m5310.at.table import CommandTable, Values
from m5310.commands.general import within
from m5310.commands.sockets import ip_address
from m5310.errors import AnswerError, Text

TABLE: Final = CommandTable()


def _describe_ping(values: Sequence[str]) -> str:
    address, _, _, times = (*values, "", "", "")[:4]
    if not times:
        return Text("ping {address}", address=address)
    return Text("ping {address}, {count} times", address=address, count=int(times))


@TABLE.setting(
    "+NPING", "<ip>[,<bytes>[,<ms>[,<times>]]]", Text("send a ping"), describe=_describe_ping
)
def ping(address: str, size: int | None = None, timeout_ms: int | None = None) -> Values:
    """OK at once; `+NPING` or `+NPINGERR` later.

    `size` is 1..1500 bytes, `timeout_ms` 10..600000. Raises ParameterError on values out of range
    and on an `address` that is not an IP address.
    """
    if size is not None:
        within("size", size, range(1, 1501))
    if timeout_ms is not None:
        within("timeout", timeout_ms, range(10, 600_001))
    return ip_address(address), size, timeout_ms


@dataclass(frozen=True, slots=True)
class PingReply:
    """+NPING: `time` in seconds."""

    address: str
    ttl: int
    time: float


@dataclass(frozen=True, slots=True)
class PingFailure:
    """+NPINGERR: no reply came."""

    reason: int


def ping_outcome(line: str) -> PingReply | PingFailure | None:
    """+NPING or +NPINGERR parsed; None for any other line. Raises AnswerError on a damaged one."""
    name, _, text = line.partition(":")
    try:
        match name:
            case "+NPING":
                address, ttl, rtt = values_of(text.strip())
                return PingReply(address, int(ttl), int(rtt) / 1000)
            case "+NPINGERR":
                return PingFailure(int(text))
            case _:
                return None
    except ValueError:
        raise AnswerError(f"{line!r} does not have the shape of {name}") from None
