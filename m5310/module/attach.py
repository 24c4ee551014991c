"""Coming up: from a module in any state to one that is registered on the network."""

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

ATTACH: Final = 120.0
"""Seconds from nothing to registered: an attach takes 2 to 120 (seen)."""
LOOK: Final = 10.0
"""Seconds between two looks at the registration. Its changes are announced; this is for the
announcement that got lost, and for showing that something is being tried."""
STANDS: Final = 8.0
"""Seconds that a refusal by the network or of the SIM must stand to be believed; a little less
than `LOOK`, so that the next look decides. A guess: a SIM needs some seconds to start, and a
module that one network denies goes on to the next."""

_SIM_BUSY: Final = 14

_log = logging.getLogger("m5310.attach")


@dataclass(frozen=True, slots=True)
class Setup:
    """What `attach` sets on the way, before the radio goes on. None leaves a setting alone.

    `registration` is the level of the +CEREG reports, 1..5: without them each change is noticed
    up to `LOOK` s late. `edrx` is a cycle in seconds, 0 for none.
    """

    registration: int | None = 2
    connection: bool | None = None
    power_saving: PowerSaving | None = None
    edrx: float | None = None


@dataclass(frozen=True, slots=True)
class Attached:
    """Registered. `baudrate` is where the module was found, None on a port without speed."""

    status: NetworkStatus
    signal: int | None
    elapsed: float
    baudrate: int | None


Progress = Callable[[Attempt], None]


async def attach(
    module: Queries,
    link: Link,
    setup: Setup,
    *,
    timeout: float,  # noqa: ASYNC109  # it ends in an error that carries the evidence
    speeds: Sequence[int],
    progress: Progress | None,
) -> Attached:
    """See `Module.attach`, which is for programs. `speeds` needs a port that has one."""
    if not 0 < timeout < math.inf:
        raise ParameterError(f"a timeout of {timeout} s; it must be above 0 and end")
    attempt = _Attach(module, link, setup, progress)
    stop = link.listen(attempt.on_event)
    limit = asyncio.timeout(timeout)
    try:
        async with limit:
            await attempt.reach(speeds)
            return await attempt.persist()
    except TimeoutError:
        if not limit.expired():  # what `progress` raised
            raise
        raise attempt.failure() from None
    finally:
        stop()


class _Attach:
    """One call of `attach`: what it has seen so far."""

    def __init__(
        self,
        module: Queries,
        link: Link,
        setup: Setup,
        progress: Progress | None,
    ) -> None:
        self._module = module
        self._link = link
        self._setup = setup
        self._progress = progress
        self._clock = asyncio.get_running_loop().time
        self._begun = self._clock()
        self._noise = link.modem.counters.noise
        self._tried: tuple[int, ...] = ()
        self._talking = False
        self._last: Attempt | None = None
        self._number = 0
        self._sim: CommandError | None = None  # how it was refused, as long as it is
        self._sim_since = 0.0
        self._sim_read = False
        self._denied_since: float | None = None
        self._answered = False  # since then a restart is one
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
                self._changed.set()  # a lost port is raised by the next command
            case LineReceived() | Restarted():
                pass
            case _:
                assert_never(event)

    # --- from nothing to an answer -----------------------------------------------------------

    async def reach(self, speeds: Sequence[int]) -> None:
        """Until the module answers, here or at another speed. Raises AttachError."""
        execute, port = self._link.execute, self._link.speed
        if port is not None:
            self._tried = tuple(dict.fromkeys((port.baudrate, port.stored, *speeds)))
            if len(self._tried) > 1:
                self._talking = await speed.find(execute, port, self._tried) is not None
            if not self._talking and port.baudrate != port.stored:
                await port.change(port.stored)
        if not self._talking:  # it may be booting, and has nothing to say until it is up
            self._talking = await speed.answers(execute, general.BOOT)
        if not self._talking:
            raise self.failure()
        self._answered = True

    # --- from an answer to the network -------------------------------------------------------

    async def persist(self) -> Attached:
        """Until it is registered, starting over whenever the module has restarted."""
        while True:
            self._booted = self._sim_read = False
            try:
                await self._prepare()
                while not self._booted:
                    self._changed.clear()
                    if attached := await self._look():
                        return attached
                    await self._change()
            except ModemReset as error:  # what it was told is gone: from the beginning
                _log.info("%s", error)
            except CommandTimeout as error:  # it boots, or fell asleep: the next command probes
                self._talking = error.bare
                _log.info("%s", error)
            except CommandError as error:
                if error.number in SIM_ADVICE:
                    self._judge_sim(error)
                elif error.number != _SIM_BUSY:
                    raise
                await self._change()

    async def _prepare(self) -> None:
        module, setup = self._module, self._setup
        self._changed.clear()
        try:
            await module.error_numbers(on=True)  # the evidence is in the numbers
        except CommandError as error:
            _log.info("%s", error)
        self._talking = True
        if setup.registration is not None:
            await module.report_registration(setup.registration)
        if setup.connection is not None:
            await module.report_connection(on=setup.connection)
        if setup.power_saving is not None:
            await module.power_saving(setup.power_saving)
        if setup.edrx is not None:
            await module.edrx(setup.edrx)
        if not await module.radio():
            await module.radio(on=True)

    async def _look(self) -> Attached | None:
        """One attempt; Attached if the module is registered. Raises AttachError."""
        status = await self._module.registration()
        signal = await self._module.signal()
        self._number += 1
        elapsed = self._clock() - self._begun
        # cause_type 1 is the vendor's own numbering (TS 27.007 10.1.22)
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
        elif self._clock() - self._denied_since >= STANDS:
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
        """Raises AttachError if it goes on like that."""
        if self._sim is None:
            self._sim_since = self._clock()
        self._sim = error
        if self._clock() - self._sim_since >= STANDS:
            raise self.failure()

    async def _change(self) -> None:
        """Until the module announces something, or it is time for the next look."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK):
                await self._changed.wait()

    # --- evidence ----------------------------------------------------------------------------

    def failure(self) -> AttachError:
        """What is to be said of all that was seen."""
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
