"""The radio of the emulated module: registration on the network, signal, connection to the cell.

One cell in good coverage. The rest of the module only asks whether it is registered, and says when
it transmits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, IntEnum, auto

# Seen on boards: 2 s in good coverage, up to 120 s in bad.
ATTACH_TIME = 2.0
# The connection to the cell is let go after so many seconds without traffic. A guess: the network
# decides; 10 to 20 s are usual for NB-IoT.
INACTIVITY_TIME = 20.0


class Stat(IntEnum):
    """Registration status (TS 27.007 10.1.22)."""

    NOT_REGISTERED = 0
    HOME = 1
    SEARCHING = 2


class Change(Enum):
    REGISTRATION = auto()
    CONNECTION = auto()


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell and how it is received; powers in tenths of a dBm, ratios in tenths of a dB."""

    plmn: str = "46000"
    tac: str = "19E6"
    ci: str = "94"
    earfcn: int = 3555
    pci: int = 88
    rsrp: int = -666
    rssi: int = -570
    rsrq: int = -108
    snr: int = 222
    tx_power: int = 0
    ecl: int = 0
    round_trip: float = 0.32  # seconds to a host on the Internet and back


class Radio:
    """`changed` is called on each change of registration and of connection.

    A radio that is on and wants the network is registered ATTACH_TIME later.
    """

    def __init__(self, changed: Callable[[Change], None], *, registered: bool) -> None:
        """`registered`: on for a while already, and found its cell; otherwise off."""
        self.on = registered
        self.stat = Stat.HOME if registered else Stat.NOT_REGISTERED
        self.connected = False
        self.cell = Cell()
        self.carrier: int | None = None  # the only EARFCN to search, None: all
        self._changed = changed
        self._found_at: float | None = None
        self._idle_at: float | None = None

    @property
    def registered(self) -> bool:
        return self.stat is Stat.HOME

    def turn_on(self, now: float) -> None:
        if not self.on:
            self.on = True
            self.attach(now)

    def turn_off(self) -> None:
        self.detach()
        self.on = False

    def attach(self, now: float) -> None:
        """Look for the network, unless it is found or being looked for. The radio is on."""
        if self.stat is Stat.NOT_REGISTERED:
            self._found_at = now + ATTACH_TIME if self.carrier in (None, self.cell.earfcn) else None
            self._enter(Stat.SEARCHING)

    def detach(self) -> None:
        self._found_at = None
        self._let_go()
        self._enter(Stat.NOT_REGISTERED)

    def use(self, now: float) -> None:
        """There is traffic, up or down; the radio is registered."""
        self._idle_at = now + INACTIVITY_TIME
        if not self.connected:
            self.connected = True
            self._changed(Change.CONNECTION)

    def step(self, now: float) -> float | None:
        """Do what is due at `now`; returns the next deadline."""
        if self._found_at is not None and self._found_at <= now:
            self._found_at = None
            self.use(now)  # attaching is traffic itself
            self._enter(Stat.HOME)
        if self._idle_at is not None and self._idle_at <= now:
            self._let_go()
        return min((t for t in (self._found_at, self._idle_at) if t is not None), default=None)

    def _enter(self, stat: Stat) -> None:
        if stat is not self.stat:
            self.stat = stat
            self._changed(Change.REGISTRATION)

    def _let_go(self) -> None:
        self._idle_at = None
        if self.connected:
            self.connected = False
            self._changed(Change.CONNECTION)
