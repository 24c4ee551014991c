"""The radio of the emulated module: where it stands, registration on the network, connection.

One cell, received well, badly or not at all. The rest of the module only asks whether it is
registered, and says when it transmits. What a test or a scenario changes about the place
(`coverage`, `refusing`, `sim`) counts from the next `step` on, and outlives restarts.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, IntEnum, auto

from emulator.clock.deadlines import earliest
from emulator.module.radio.coverage import RECEPTIONS, Cell, Coverage, Reception
from emulator.module.radio.sim import Sim

# The connection to the cell is let go after so many seconds without traffic. A guess: the network
# decides; 10 to 20 s are usual for NB-IoT.
INACTIVITY_TIME = 20.0


class Stat(IntEnum):
    """Registration status (TS 27.007 10.1.22)."""

    NOT_REGISTERED = 0
    HOME = 1
    SEARCHING = 2
    DENIED = 3


class Reject(IntEnum):
    """Why a network does not take the module in (TS 24.301 annex A)."""

    PLMN_NOT_ALLOWED = 11
    NO_ROAMING_HERE = 13


class Change(Enum):
    REGISTRATION = auto()
    CONNECTION = auto()


class Radio:
    """`changed` is called on each change of registration and of connection, `touched` when somebody
    changes the place; `finds` says whether the module is set to find a cell.

    A radio that is on and wants the network is registered its coverage's attach time later.
    """

    def __init__(
        self,
        changed: Callable[[Change], None],
        *,
        finds: Callable[[Cell], bool] = lambda _cell: True,
        touched: Callable[[], None] = lambda: None,
        registered: bool,
    ) -> None:
        """`registered`: on for a while already, and found its cell; otherwise off."""
        self._changed = changed
        self._finds = finds
        self._touched = touched
        self._coverage = Coverage.ECL0
        self._refusing = False
        self._sim = Sim.READY
        self._unlocked = False  # a locked one, until the next start
        self._reception = RECEPTIONS[Coverage.ECL0]  # the last there was
        self.cell = self._reception.cell
        self.restart()
        if registered:
            self.on = True
            self.stat = Stat.HOME

    def restart(self) -> None:
        """Off, as after power-on; the place stays what it is, and its SIM is locked again."""
        self.on = False
        if self._unlocked:
            self._sim, self._unlocked = Sim.LOCKED, False
        self.stat = Stat.NOT_REGISTERED
        self.reject: Reject | None = None
        self.connected = False
        self.asleep = False
        self.transmitted = 0.0  # seconds since the start
        self._received = 0.0
        self._connected_at = 0.0
        self._found_at: float | None = None
        self._idle_at: float | None = None
        self._moved = self._swapped = False

    # The place ---------------------------------------------------------------------------------

    @property
    def coverage(self) -> Coverage:
        return self._coverage

    @coverage.setter
    def coverage(self, coverage: Coverage) -> None:
        self._coverage = coverage
        if coverage in RECEPTIONS:
            self._reception = RECEPTIONS[coverage]
            self.cell = self._reception.cell
        self._move()

    @property
    def refusing(self) -> bool:
        """The network takes the module in no more."""
        return self._refusing

    @refusing.setter
    def refusing(self, refusing: bool) -> None:
        self._refusing = refusing
        self._move()

    @property
    def sim(self) -> Sim:
        return self._sim

    @sim.setter
    def sim(self, sim: Sim) -> None:
        self._swapped |= sim is not self._sim
        self._sim, self._unlocked = sim, False
        self._move()

    def unlock(self) -> None:
        """The locked SIM has got its PIN, which opens it until the next start."""
        self._sim, self._unlocked = Sim.READY, True

    def _move(self) -> None:
        self._moved = True
        self._touched()

    # What the module sees ----------------------------------------------------------------------

    @property
    def registered(self) -> bool:
        return self.stat is Stat.HOME

    @property
    def searching(self) -> bool:
        """It will find a cell here, and has not yet."""
        return self._found_at is not None

    @property
    def camped(self) -> bool:
        """A cell is received, whether it takes the module in or not."""
        return self.stat in (Stat.HOME, Stat.DENIED)

    @property
    def reception(self) -> Reception | None:
        """How the cell is received here; None: not at all."""
        return None if self._coverage is Coverage.OUT else self._reception

    def received(self, now: float) -> float:
        """Seconds since the start for which the receiver was kept on by a connection."""
        return self._received + (now - self._connected_at if self.connected else 0.0)

    # What the module does ----------------------------------------------------------------------

    def turn_on(self, now: float) -> None:
        """Look for the network; without a SIM to show it, nothing happens."""
        if not self.on and self._sim.usable:
            self.on = True
            self.attach(now)

    def turn_off(self, now: float) -> None:
        self.detach(now)
        self.on = False

    def attach(self, now: float) -> None:
        """Look for the network, unless it is found or being looked for. The radio is on."""
        if self.stat in (Stat.NOT_REGISTERED, Stat.DENIED):
            self._search(now)

    def detach(self, now: float) -> None:
        self._found_at = None
        self._let_go(now)
        self._enter(Stat.NOT_REGISTERED)

    def use(self, now: float) -> None:
        """There is traffic, up or down; the radio is registered."""
        self._idle_at = now + INACTIVITY_TIME
        self.transmitted += self._reception.burst
        if not self.connected:
            self.connected = True
            self._connected_at = now
            self._changed(Change.CONNECTION)

    def step(self, now: float) -> float | None:
        """Do what is due at `now`; returns the next deadline."""
        if not self.asleep:  # asleep, it notices nothing until it wakes
            self.look_around(now)
        if self._found_at is not None and self._found_at <= now:
            self._found_at = None
            self.use(now)  # attaching is traffic itself
            self.reject = self._rejection()
            self._enter(Stat.HOME if self.reject is None else Stat.DENIED)
            if self.reject is not None:
                self._let_go(now)
        if self._idle_at is not None and self._idle_at <= now:
            self._let_go(now)
        return self.due

    @property
    def due(self) -> float | None:
        """When to step next."""
        return earliest(self._found_at, self._idle_at)

    def look_around(self, now: float) -> None:
        """Notice a change of the place. That it shows at once, not after seconds, is a guess."""
        if not self._moved:
            return
        swapped = self._swapped
        self._moved = self._swapped = False
        if not self.on:
            return
        if not self._sim.usable:
            self.turn_off(now)
        elif self.stat is Stat.SEARCHING or (self.camped and self.reception is None):
            self._let_go(now)
            self._search(now)
        elif swapped and self.camped:
            self.detach(now)
            self._search(now)
        elif self.stat is Stat.HOME and self._refusing:
            self.reject = self._rejection()
            self._let_go(now)
            self._enter(Stat.DENIED)

    def _search(self, now: float) -> None:
        found = self._coverage is not Coverage.OUT and self._finds(self.cell)
        self._found_at = now + self._reception.attach_time if found else None
        self._enter(Stat.SEARCHING)

    def _rejection(self) -> Reject | None:
        if self._refusing:
            return Reject.PLMN_NOT_ALLOWED
        return Reject.NO_ROAMING_HERE if self._sim is Sim.FOREIGN else None

    def _enter(self, stat: Stat) -> None:
        if stat is not self.stat:
            self.stat = stat
            self._changed(Change.REGISTRATION)

    def _let_go(self, now: float) -> None:
        self._idle_at = None
        if self.connected:
            self._received += now - self._connected_at
            self.connected = False
            self._changed(Change.CONNECTION)
