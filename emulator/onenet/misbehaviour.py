"""The platform as devices meet it: itself, or silent, refusing, slow, repeating. Pure, stepped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count

from emulator.air.messages import Ack, Code, Downlink, Register, Reset, Response, Update, Uplink
from emulator.clock.deadlines import earliest
from emulator.onenet.platform import Platform

# Seconds between a request and its needless repetition: far enough for an answer to lie between
# them, so that a host meets a request that it has answered already. A choice, not a fact.
REPEAT_TIME = 3.0


@dataclass(frozen=True, slots=True)
class Manner:
    """`silent`: it hears nothing and says nothing. `refusing`: each login and each renewal gets
    4.03. `delay`: seconds by which all it says comes late. `repeats`: how often it says a request
    again, answered or not.

    Raises ValueError: a delay or a number that is none.
    """

    silent: bool = False
    refusing: bool = False
    delay: float = 0.0
    repeats: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.delay < float("inf"):
            raise ValueError(f"delay {self.delay}: expected a number of seconds, 0 or more")
        if self.repeats < 0:
            raise ValueError(f"repeats {self.repeats}: expected how often, 0 or more")


class Front:
    """Takes the place of `platform` towards the air; `manner` may be changed at any time.

    Like the platform: after `receive` and `step`, take what is to be sent.
    """

    def __init__(self, platform: Platform) -> None:
        self.manner = Manner()
        self._platform = platform
        self._waiting: list[tuple[float, int, str, Downlink]] = []
        self._order = count()
        self._now = 0.0

    @property
    def touched(self) -> Callable[[], None]:
        """As the platform's."""
        return self._platform.touched

    @touched.setter
    def touched(self, told: Callable[[], None]) -> None:
        self._platform.touched = told

    def receive(self, address: str, message: Uplink, now: float) -> None:
        self._now = now
        if self.manner.silent:
            return
        if self.manner.refusing and isinstance(message, Register | Update):
            self._say(address, Response(message.mid, Code.FORBIDDEN))
            return
        self._platform.receive(address, message, now)

    def step(self, now: float) -> float | None:
        """As the platform's; it counts what waits to be said, too."""
        self._now = now
        due = self._platform.step(now)
        for address, message in self._platform.take_downlink():
            self._say(address, message)
        late = (at for at, *_ in self._waiting if at > now)  # the others are taken at once
        return earliest(due, min(late, default=None))

    def take_downlink(self) -> list[tuple[str, Downlink]]:
        """What is to be sent by the time of the last step, each with the address it goes to."""
        taken = []
        while self._waiting and self._waiting[0][0] <= self._now:
            *_, address, message = heappop(self._waiting)
            taken.append((address, message))
        return taken

    def _say(self, address: str, message: Downlink) -> None:
        if self.manner.silent:
            return
        asked = not isinstance(message, Response | Ack | Reset)
        for time in range(1 + self.manner.repeats * asked):
            at = self._now + self.manner.delay + time * REPEAT_TIME
            heappush(self._waiting, (at, next(self._order), address, message))
