"""Why the module starts, how often it has, and the silence until it speaks."""

from __future__ import annotations

from collections import deque
from enum import Enum
from random import Random

from emulator.module.at.codec import framed

# The boot ROM's own words, sent at another speed, come so many seconds after the start. A guess.
ROM_TIME = 0.25
_ROM_BYTES = (8, 40)  # of them as the host reads them, at least and at most; a guess


class Cause(Enum):
    """`text` is what the module writes, `silence` the seconds until then.

    The chip calls a black-out, a brown-out and a power-on the same. Boards are silent for some
    seconds (seen); how much longer one cause takes than another is a guess.
    """

    POWER_ON = ("REBOOT_CAUSE_SECURITY_PMU_POWER_ON_RESET", 4.5)
    BROWN_OUT = ("REBOOT_CAUSE_SECURITY_PMU_POWER_ON_RESET", 5.0)
    RESET_PIN = ("REBOOT_CAUSE_SECURITY_RESET_PIN", 4.0)
    COMMAND = ("REBOOT_CAUSE_APPLICATION_AT", 3.5)
    WATCHDOG = ("REBOOT_CAUSE_APPLICATION_WATCHDOG", 3.0)
    UNKNOWN = ("REBOOT_CAUSE_UNKNOWN", 3.25)

    def __init__(self, text: str, silence: float) -> None:
        self.text = text
        self.silence = silence


BOOT_TIME = Cause.COMMAND.silence


class Boot:
    """One start, from `now` on; `noise` is what the host reads of the boot ROM."""

    def __init__(self, cause: Cause, model: str, noise: bytes, now: float) -> None:
        self._says = deque([(now + ROM_TIME, noise)] if noise else [])
        self._says.append((now + cause.silence, framed(cause.text) + f"{model}\r\nOK\r\n".encode()))

    def step(self, now: float) -> bytes:
        """What it says by `now` that it has not said yet."""
        said = b""
        while self._says and self._says[0][0] <= now:
            said += self._says.popleft()[1]
        return said

    @property
    def deadline(self) -> float | None:
        """When it says more; None: the module is up."""
        return self._says[0][0] if self._says else None


class Power:
    """The starts of a module of this `model`, which at first is up.

    `noise`: each begins with what the boot ROM says, of which a host reads at its own speed
    something that follows from `seed`.
    """

    def __init__(self, model: str, *, noise: bool, seed: int) -> None:
        self.boot: Boot | None = None  # until the module is up
        self.starts = 0
        self._model = model
        self._noise = noise
        self._seed = seed

    def start(self, cause: Cause, now: float) -> None:
        self.starts += 1
        noise = b""
        if self._noise:
            chance = Random(f"{self._seed} {self.starts}")  # noqa: S311 - must repeat itself
            noise = chance.randbytes(chance.randint(*_ROM_BYTES))
        self.boot = Boot(cause, self._model, noise, now)

    def step(self, now: float) -> bytes:
        """What it says by `now` while it starts; `boot` is None once it is up."""
        if self.boot is None:
            return b""
        said = self.boot.step(now)
        if self.boot.deadline is None:
            self.boot = None
        return said
