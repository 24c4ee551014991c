"""Restarts of the module: causes, the silence of a boot, the boot text."""

from __future__ import annotations

from random import Random

from emulator.module.at.codec import framed
from emulator.module.named import Named

ROM_TIME = 0.25  # guess: seconds from a start to the bytes of the boot ROM
_ROM_BYTES = (8, 40)  # guess: at least and at most so many, as the host reads them


class Cause(Named):
    """Cause of a restart. `text`: what the module writes after `silence` seconds.

    The chip does not distinguish a power loss, a brown-out and a power-on. Boards are silent for
    some seconds (seen).
    """

    # guess: the differences between the causes
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
    """The boots of a module; at first none is in progress.

    `name`: in the text of the Hi21xx chips, which have the cause, too. `lines`: the text of other
    modules, in place of that. `rom_noise`: each begins with bytes that the boot ROM sends at
    another speed; what the host reads of them follows from `seed`. `count` boots have begun, the
    latest by `cause`.
    """

    __slots__ = ("_lines", "_name", "_pending", "_rom_noise", "_seed", "cause", "count", "due")

    def __init__(
        self, name: str, lines: tuple[str, ...] = (), *, rom_noise: bool, seed: int
    ) -> None:
        self.count = 0
        self.cause: Cause | None = None
        self.due: float | None = None  # when to call `step` next; None: the module is up
        self._name = name
        self._lines = lines
        self._rom_noise = rom_noise
        self._seed = seed
        self._pending: list[tuple[float, bytes]] = []

    def start(self, cause: Cause, now: float) -> None:
        """Begin a boot, also in the middle of another one."""
        self.count += 1
        self.cause = cause
        self._pending.clear()
        if self._rom_noise:
            chance = Random(f"{self._seed} {self.count}")  # noqa: S311 - must repeat itself
            noise = chance.randbytes(chance.randint(*_ROM_BYTES))
            self._pending.append((now + ROM_TIME, noise))
        if self._lines:
            text = b"".join(map(framed, self._lines))
        else:
            text = framed(cause.text) + f"{self._name}\r\nOK\r\n".encode()
        self._pending.append((now + cause.silence, text))
        self.due = self._pending[0][0]

    def step(self, now: float) -> bytes:
        """What the module writes by `now`."""
        output = b""
        while self._pending and self._pending[0][0] <= now:
            output += self._pending.pop(0)[1]
        self.due = self._pending[0][0] if self._pending else None
        return output
