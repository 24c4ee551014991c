"""What the air does to a datagram: settings, and decisions that follow from a seed. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from random import Random
from typing import NamedTuple

# Seconds. NB-IoT takes longer; this is short to wait for and long enough to see in a trace.
LATENCY = 0.1
# guess: longest time in seconds that a datagram is held back so that later ones overtake it. More
# than the first repetition of CoAP takes (2 to 3 s), so that old and new copies cross.
HELD_BACK = 4.0
# Seconds after its last uplink in which a module can be reached: the core network gives its address
# away then (OneNET's FAQ of 2019: about a minute).
# guess: only datagrams of its LwM2M client count, as in the table of a NAT
DOWNLINK_WINDOW = 60.0


@dataclass(frozen=True, slots=True)
class Link:
    """What the place of one endpoint adds to the air.

    `latency`: seconds each way. `loss`: share of datagrams, 0..1. `window`: seconds after its last
    datagram in which the endpoint can be reached, what comes later is lost; None: no limit.
    """

    latency: float = 0.0
    loss: float = 0.0
    window: float | None = None


NO_LINK = Link()


class Copy(NamedTuple):
    """One arrival of a datagram, `after` seconds. `ordered`: it waits for those sent before."""

    after: float
    ordered: bool


_SECONDS = {"latency", "delay"}
_SHARES = {"loss", "duplication", "reordering", "delayed"}


class Faults:
    """Latency, loss, duplication, reordering and delay; each may be changed at any time.

    `latency`: seconds for each datagram. Shares from 0 to 1: `loss` never arrive; `duplication`
    arrive twice; `delayed` take `delay` seconds more, and later ones wait behind them; `reordering`
    are held back for up to HELD_BACK s, and later ones overtake them. Equal seed, settings and
    order of calls give equal decisions. A setting of 0 takes no random number.

    Raises ValueError when one is set to a number out of range.
    """

    def __init__(
        self,
        *,
        latency: float = LATENCY,
        loss: float = 0.0,
        duplication: float = 0.0,
        reordering: float = 0.0,
        delayed: float = 0.0,
        delay: float = 0.0,
        seed: int = 0,
    ) -> None:
        self.latency = latency
        self.loss = loss
        self.duplication = duplication
        self.reordering = reordering
        self.delayed = delayed
        self.delay = delay
        self._random = Random(seed)  # noqa: S311 - guards no secret, must repeat itself

    def __setattr__(self, name: str, value: object) -> None:
        if name in _SHARES and not (isinstance(value, float | int) and 0 <= value <= 1):
            raise ValueError(f"{name} {value}: expected a share from 0 to 1")
        if name in _SECONDS and not (isinstance(value, float | int) and 0 <= value < inf):
            raise ValueError(f"{name} {value}: expected a number of seconds, 0 or more")
        super().__setattr__(name, value)

    def copies(self, sender: Link = NO_LINK, receiver: Link = NO_LINK) -> tuple[Copy, ...]:
        """What becomes of the next datagram between these links; no copy: it is lost."""
        if self.loss or sender.loss or receiver.loss:
            kept = (1 - self.loss) * (1 - sender.loss) * (1 - receiver.loss)
            if self._random.random() >= kept:
                return ()
        after = self.latency + sender.latency + receiver.latency
        if not (self.duplication or self.delayed or self.reordering):
            return (Copy(after, ordered=True),)
        if self._happens(self.duplication):
            return self._copy(after), self._copy(after)
        return (self._copy(after),)

    def _copy(self, after: float) -> Copy:
        if self._happens(self.delayed):
            after += self.delay
        if self._happens(self.reordering):
            return Copy(after + HELD_BACK * self._random.random(), ordered=False)
        return Copy(after, ordered=True)

    def _happens(self, share: float) -> bool:
        return share > 0 and self._random.random() < share
