"""Times and bounds of an endpoint (RFC 7252 section 4.8)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """Times are seconds.

    Attributes:
        ack_timeout: the wait after the first sending, at least.
        ack_random: factor on it at most, by chance (1.0: none).
        max_retransmit: repetitions of a confirmable message; each waits twice as long.
        nstart: confirmable messages to a peer that may be unacknowledged at once; others wait.
            None: any number.
        separate_wait: how long a request waits for its answer after an empty acknowledgement.
        block_size: bytes of a block that is sent, at first: 16, 32, ... 1024. See `Blocks`.
        max_body: bytes of a body that is put together from blocks, at most.
        deduplicate: a repeated request is answered from memory. False: the application gets it
            again.
        exchange_lifetime: how long a confirmable message is remembered.
        non_lifetime: how long a non-confirmable message is remembered.
    """

    ack_timeout: float = 2.0
    ack_random: float = 1.5
    max_retransmit: int = 4
    nstart: int | None = 1
    separate_wait: float = 93.0
    block_size: int = 1024
    max_body: int = 65_536  # guess: no source gives a bound for the platform
    deduplicate: bool = True
    exchange_lifetime: float = 247.0
    non_lifetime: float = 145.0

    def __post_init__(self) -> None:
        if self.block_size not in BLOCK_SIZES:
            raise ValueError(
                f"block size {self.block_size}: expected one of {', '.join(map(str, BLOCK_SIZES))}"
            )

    def waits(self, random: Random) -> tuple[float, ...]:
        """Seconds to wait after each sending of a confirmable message (section 4.2)."""
        first = self.ack_timeout * random.uniform(1.0, self.ack_random)
        return tuple(first * 2**n for n in range(self.max_retransmit + 1))


def schedule(waits: Iterable[float], timeout: float) -> tuple[float, ...]:
    """For `Endpoint.request`: `waits` as far as they go, and one more that ends at `timeout`."""
    kept: list[float] = []
    for wait in waits:
        if timeout <= wait:
            break
        kept.append(wait)
        timeout -= wait
    return (*kept, timeout)


@dataclass(slots=True)
class Blocks:
    """Bytes of a block that is sent: 16, 32, ... 1024. May change at any time.

    Attributes:
        requests: of a long request (Block1).
        answers: of a long answer (Block2).
    """

    requests: int
    answers: int


BLOCK_SIZES = tuple(16 << exponent for exponent in range(7))
