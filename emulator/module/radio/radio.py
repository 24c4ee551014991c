"""Radio of the emulated module: its place, registration on the network, connection to the cell.

There is one cell. The rest of the module asks whether the radio is registered and calls `use` when
it transmits or receives. Tests and scenarios change the place (`coverage`, `refusing`, `sim`); a
change takes effect at the next `step` and survives restarts.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, IntEnum, auto

from emulator.clock.deadlines import earliest
from emulator.module.radio.coverage import RECEPTIONS, Cell, Coverage, Reception
from emulator.module.radio.sim import Sim

# The connection to the cell is released after so many seconds without traffic.
# guess: the network decides; 10 to 20 s are usual for NB-IoT
INACTIVITY_TIME = 20.0
RELEASE_TIME = 0.5  # guess: seconds to a release that the module asked for; 0.2 to 0.7 were seen


class Stat(IntEnum):
    """Registration status (TS 27.007 10.1.22)."""

    NOT_REGISTERED = 0
    HOME = 1
    SEARCHING = 2
    DENIED = 3


_CAMPED = (Stat.HOME, Stat.DENIED)


class Reject(IntEnum):
    """Why the network rejects the module (TS 24.301 annex A)."""

    PLMN_NOT_ALLOWED = 11
    NO_ROAMING_HERE = 13


class Change(Enum):
    """What has changed about the radio."""

    REGISTRATION = auto()
    CONNECTION = auto()


class Radio:
    """`changed` is called on each change of registration and of connection, `place_changed` when
    the place is changed from outside; `can_find` returns whether a search finds the cell.

    A radio that is turned on registers after the attach time of its coverage.
    """

    def __init__(
        self,
        changed: Callable[[Change], None],
        *,
        can_find: Callable[[Cell], bool] = lambda _cell: True,
        place_changed: Callable[[], None] = lambda: None,
        registered: bool,
    ) -> None:
        """`registered`: on and registered from the start; otherwise off."""
        self._changed = changed
        self._can_find = can_find
        self._place_changed = place_changed
        self._coverage = Coverage.ECL0
        self._refusing = False
        self._sim = Sim.READY
        self.busy = False  # the uplink takes no data; the host may try again
        self._unlocked = False  # a locked SIM, until the next start
        self._reception = RECEPTIONS[Coverage.ECL0]  # the latest one in coverage
        self.reception: Reception | None = self._reception  # of the cell; None: out of coverage
        self.cell = self._reception.cell
        self.restart()
        if registered:
            self.on = True
            self.stat = Stat.HOME

    def restart(self) -> None:
        """Off, as after power-on. The place stays; a SIM that was unlocked is locked again."""
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
        self._release_after_answer = False
        self._moved = self._sim_swapped = False

    # The place ---------------------------------------------------------------------------------

    @property
    def coverage(self) -> Coverage:
        """May be set to a `Coverage` or its name. Raises ValueError for anything else."""
        return self._coverage

    @coverage.setter
    def coverage(self, coverage: Coverage | str) -> None:
        self._coverage = Coverage.of(coverage)
        self.reception = RECEPTIONS.get(self._coverage)
        if self.reception is not None:
            self._reception = self.reception
            self.cell = self._reception.cell
        self._change_place()

    @property
    def refusing(self) -> bool:
        """Whether the network rejects the module."""
        return self._refusing

    @refusing.setter
    def refusing(self, refusing: bool) -> None:
        self._refusing = refusing
        self._change_place()

    @property
    def sim(self) -> Sim:
        """May be set to a `Sim` or its name. Raises ValueError for anything else."""
        return self._sim

    @sim.setter
    def sim(self, sim: Sim | str) -> None:
        new = Sim.of(sim)
        self._sim_swapped |= new is not self._sim
        self._sim, self._unlocked = new, False
        self._change_place()

    def unlock(self) -> None:
        """The PIN was entered: the locked SIM is usable until the next start."""
        self._sim, self._unlocked = Sim.READY, True

    def _change_place(self) -> None:
        self._moved = True
        self._place_changed()

    # State -------------------------------------------------------------------------------------

    @property
    def registered(self) -> bool:
        return self.stat is Stat.HOME

    @property
    def searching(self) -> bool:
        """Whether a search is running that will find a cell."""
        return self._found_at is not None

    @property
    def camped(self) -> bool:
        """Whether a cell is received, registered on the network or not."""
        return self.stat in _CAMPED

    def received(self, now: float) -> float:
        """Seconds since the start during which a connection kept the receiver on."""
        return self._received + (now - self._connected_at if self.connected else 0.0)

    # Actions -----------------------------------------------------------------------------------

    def turn_on(self, now: float) -> None:
        """Turn on and search for the network; without a usable SIM nothing happens."""
        if not self.on and self._sim.usable:
            self.on = True
            self.attach(now)

    def turn_off(self, now: float) -> None:
        self.detach(now)
        self.on = False

    def attach(self, now: float) -> None:
        """Search for the network unless registered or searching. The radio must be on."""
        if self.stat in (Stat.NOT_REGISTERED, Stat.DENIED):
            self._search(now)

    def detach(self, now: float) -> None:
        self._found_at = None
        self._disconnect(now)
        self._enter(Stat.NOT_REGISTERED)

    def use(self, now: float) -> None:
        """Connect for a message, up or down. The radio must be registered."""
        self._idle_at = now + INACTIVITY_TIME
        self.transmitted += self._reception.burst
        if not self.connected:
            self.connected = True
            self._connected_at = now
            self._changed(Change.CONNECTION)

    def release(self, now: float, *, after_answer: bool) -> None:
        """Ask the network to release the connection: soon, or soon after the next downlink."""
        self._release_after_answer = after_answer
        if self.connected and not after_answer:
            self._idle_at = now + RELEASE_TIME

    def receive(self, now: float) -> None:
        """Connect for a message of the network."""
        self.use(now)
        if self._release_after_answer:
            self.release(now, after_answer=False)

    def step(self, now: float) -> None:
        """Notice a changed place, finish a search, and release the connection when due at `now`."""
        if not self.asleep:
            self.notice_place(now)
        if self._found_at is not None and self._found_at <= now:
            self._found_at = None
            self.use(now)  # the attach itself
            self.reject = self._rejection()
            self._enter(Stat.HOME if self.reject is None else Stat.DENIED)
            if self.reject is not None:
                self._disconnect(now)
        if self._idle_at is not None and self._idle_at <= now:
            self._disconnect(now)

    @property
    def due(self) -> float | None:
        """When to call `step` next: at once after a change of the place, unless asleep."""
        if self._moved and not self.asleep:
            return 0.0
        return earliest(self._found_at, self._idle_at)

    def notice_place(self, now: float) -> None:
        """React to a change of the place."""
        # guess: at once, not after seconds
        if not self._moved:
            return
        swapped = self._sim_swapped
        self._moved = self._sim_swapped = False
        if not self.on:
            return
        if not self._sim.usable:
            self.turn_off(now)
        elif self.stat is Stat.SEARCHING or (self.camped and self.reception is None):
            self._disconnect(now)
            self._search(now)
        elif swapped and self.camped:
            self.detach(now)
            self._search(now)
        elif self.stat is Stat.HOME and self._refusing:
            self.reject = self._rejection()
            self._disconnect(now)
            self._enter(Stat.DENIED)

    def _search(self, now: float) -> None:
        found = self._coverage is not Coverage.OUT and self._can_find(self.cell)
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

    def _disconnect(self, now: float) -> None:
        self._idle_at = None
        self._release_after_answer = False
        if self.connected:
            self._received += now - self._connected_at
            self.connected = False
            self._changed(Change.CONNECTION)
