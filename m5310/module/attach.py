"""Attach: from a module in any state to one that is registered on the network."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, assert_never

from m5310.commands import general
from m5310.commands.general import Booted
from m5310.commands.network import NetworkStatus, Registration
from m5310.commands.power import PowerSaving
from m5310.errors import CommandError, CommandTimeout, ModemReset, ParameterError
from m5310.module import speed
from m5310.module.attach_errors import SIM_ADVICE, AttachError, Attempt, Evidence
from m5310.module.link import LineReceived, Link, LinkEvent, PortLost, Restarted
from m5310.module.queries import Queries
from m5310.module.settings import Settings

ATTACH_TIMEOUT: Final = 120.0
"""Seconds until the module is registered: an attach takes 2 to 120 (seen)."""
POLL_INTERVAL: Final = 10.0
"""Seconds between two polls of the registration. The module reports each change; polling is for
a report that was lost, and to show progress."""
REFUSAL_CONFIRMED_AFTER: Final = 8.0
"""Seconds that the network or the SIM must refuse before `attach` fails; a little less than
`POLL_INTERVAL`, so that the next poll decides."""
# guess: a SIM needs some seconds to start, and a module that one network denies tries the next.

_SIM_BUSY: Final = 14

_log = logging.getLogger("m5310.attach")


@dataclass(frozen=True, slots=True)
class Setup:
    """What `attach` sets before it switches the radio on. None: the setting is not changed.

    `registration` is the level of the +CEREG reports, 0..5; without them a change is noticed up to
    `POLL_INTERVAL` s late. `connection`: report +CSCON. These two are put back when the module is
    closed. `power_saving` and `edrx` (a cycle in seconds, 0 for none) stay.
    """

    registration: int | None = 2
    connection: bool | None = None
    power_saving: PowerSaving | None = None
    edrx: float | None = None


@dataclass(frozen=True, slots=True)
class Attached:
    """The module is registered.

    `signal` is in dBm (None: unknown), `elapsed` in seconds. `baudrate` is the speed at which the
    module answers, None on a port without speed.
    """

    status: NetworkStatus
    signal: int | None
    elapsed: float
    baudrate: int | None


Progress = Callable[[Attempt], None]


async def attach(
    module: Queries,
    link: Link,
    settings: Settings,
    setup: Setup,
    *,
    timeout: float,  # noqa: ASYNC109  # ends in an error that has the evidence
    speeds: Sequence[int],
    progress: Progress | None,
) -> Attached:
    """As `Module.attach`; `speeds` needs a port with a speed."""
    if not 0 < timeout < math.inf:
        raise ParameterError(
            f"timeout {timeout} s: expected a positive and finite number of seconds"
        )
    attempt = _Attach(module, link, settings, setup, progress)
    stop = link.listen(attempt.on_event)
    limit = asyncio.timeout(timeout)
    try:
        async with limit:
            await attempt.reach(speeds)
            return await attempt.persist()
    except TimeoutError:
        if not limit.expired():  # `progress` raised it
            raise
        raise attempt.failure() from None
    finally:
        stop()


class _Attach:
    """One call of `attach`, and what it has seen so far."""

    def __init__(
        self,
        module: Queries,
        link: Link,
        settings: Settings,
        setup: Setup,
        progress: Progress | None,
    ) -> None:
        self._module = module
        self._link = link
        self._settings = settings
        self._setup = setup
        self._progress = progress
        self._clock = asyncio.get_running_loop().time
        self._begun = self._clock()
        self._noise = link.modem.counters.noise
        self._tried: tuple[int, ...] = ()
        self._talking = False
        self._last: Attempt | None = None
        self._number = 0
        self._sim: CommandError | None = None  # the last refusal, None once the SIM was read
        self._sim_since = 0.0
        self._sim_read = False
        self._denied_since: float | None = None
        self._answered = False  # restarts are counted from then on
        self._restarts = 0
        self._booted = False
        self._changed = asyncio.Event()

    # --- events ------------------------------------------------------------------------------

    def on_event(self, event: LinkEvent) -> None:
        match event:
            case Restarted(booted=Booted()):
                self._booted = True
                self._restarts += self._answered
                self._changed.set()
            case LineReceived(urc=NetworkStatus()) | PortLost():
                self._changed.set()  # after a loss the next command raises the error
            case LineReceived() | Restarted():
                pass
            case _:
                assert_never(event)

    # --- find an answer ----------------------------------------------------------------------

    async def reach(self, speeds: Sequence[int]) -> None:
        """Wait until the module answers, at this or another speed. Raises AttachError."""
        execute, port = self._link.execute, self._link.speed
        if port is not None:
            self._tried = tuple(dict.fromkeys((port.baudrate, port.stored, *speeds)))
            if len(self._tried) > 1:
                self._talking = await speed.find(execute, port, self._tried) is not None
            if not self._talking and port.baudrate != port.stored:
                await port.change(port.stored)
        if not self._talking:  # it may be booting: no answer until that is done
            self._talking = await speed.answers(execute, general.BOOT)
        if not self._talking:
            raise self.failure()
        self._answered = True

    # --- set up and wait for the network -----------------------------------------------------

    async def persist(self) -> Attached:
        """Wait until the module is registered; after a restart begin again with the set-up."""
        while True:
            self._booted = self._sim_read = False
            try:
                await self._prepare()
                while not self._booted:
                    self._changed.clear()
                    if attached := await self._poll():
                        return attached
                    await self._wait_for_change()
            except ModemReset as error:  # its settings are gone
                _log.info("setting up again: %s", error)
            except CommandTimeout as error:  # it boots or sleeps: the next command probes
                self._talking = error.bare
                _log.info("setting up again: %s", error)
            except CommandError as error:
                if error.number in SIM_ADVICE:
                    self._judge_sim(error)
                elif error.number != _SIM_BUSY:
                    raise
                await self._wait_for_change()

    async def _prepare(self) -> None:
        module, setup = self._module, self._setup
        self._changed.clear()
        try:
            await self._settings.error_numbers()  # the numbers are the evidence
        except CommandError as error:
            _log.info("no error numbers: %s", error)
        self._talking = True
        if setup.registration is not None:
            await self._settings.report_registration(setup.registration)
        if setup.connection is not None:
            await self._settings.report_connection(setup.connection)
        if setup.power_saving is not None:
            await module.power_saving(setup.power_saving)
        if setup.edrx is not None:
            await module.edrx(setup.edrx)
        if not await module.radio():
            await module.radio(on=True)

    async def _poll(self) -> Attached | None:
        """One attempt; Attached if the module is registered. Raises AttachError."""
        status = await self._module.registration()
        signal = await self._module.signal()
        self._number += 1
        elapsed = self._clock() - self._begun
        # cause_type 1: numbers of the vendor (TS 27.007 10.1.22)
        cause = None if status.cause_type else status.reject_cause
        self._last = Attempt(self._number, elapsed, status.stat, signal, cause)
        if self._progress is not None:
            self._progress(self._last)
        if status.stat.registered:
            baudrate = None if self._link.speed is None else self._link.speed.baudrate
            return Attached(status, signal, elapsed, baudrate)
        self._judge(status.stat)
        await self._check_sim()
        if status.stat is Registration.NOT_REGISTERED and not await self._module.attached():
            await self._module.attached(on=True)
        return None

    def _judge(self, stat: Registration) -> None:
        if stat is not Registration.DENIED:
            self._denied_since = None
        elif self._denied_since is None:
            self._denied_since = self._clock()
        elif self._clock() - self._denied_since >= REFUSAL_CONFIRMED_AFTER:
            raise self.failure()

    async def _check_sim(self) -> None:
        if self._sim_read:
            return
        try:
            await self._module.imsi()
        except CommandError as error:
            if error.number != _SIM_BUSY:
                self._judge_sim(error)
        else:
            self._sim_read = True
            self._sim = None

    def _judge_sim(self, error: CommandError) -> None:
        """Raises AttachError once the SIM has been refused long enough."""
        if self._sim is None:
            self._sim_since = self._clock()
        self._sim = error
        if self._clock() - self._sim_since >= REFUSAL_CONFIRMED_AFTER:
            raise self.failure()

    async def _wait_for_change(self) -> None:
        """Wait until the module reports a change, or until the next poll is due."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(POLL_INTERVAL):
                await self._changed.wait()

    # --- evidence ----------------------------------------------------------------------------

    def failure(self) -> AttachError:
        """The error, with all the evidence."""
        return AttachError(
            Evidence(
                elapsed=self._clock() - self._begun,
                talking=self._talking,
                speeds=self._tried,
                noise=self._link.modem.counters.noise - self._noise,
                sim=self._sim,
                denied=self._denied_since is not None,
                last=self._last,
                restarts=self._restarts,
            )
        )
