"""Renewing the registration before its lifetime ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from m5310.at.tasks import begin
from m5310.device.events import RenewalFailed, Renewed, UpkeepEvent
from m5310.device.registration import UPDATE, Registration
from m5310.errors import CommandError, M5310Error, ModemReset, PortError, StateError

MARGIN: Final = UPDATE
"""Seconds before the end of the lifetime: an update that begins then has had all the time that
CoAP gives it when the lifetime ends. China Mobile's own modules do the same."""

CHECK_AFTER: Final = 10.0
"""Seconds from an update or logout of the program to the next check, since it may have failed."""


def renewal_interval(lifetime: float) -> float:
    """Seconds from a login or an update to the next update.

    `MARGIN` before the end of the lifetime, or half of a lifetime too short for that.
    """
    return max(lifetime - MARGIN, lifetime / 2)


class Renewal:
    """Updates the registration in time, from `lifetime_began` until `pause`.

    Emits `Renewed` or `RenewalFailed` for each update made here, and calls `on_failure` after the
    latter. A lost port or a restarted module is not reported: the recovery policy handles them.
    """

    def __init__(
        self,
        registration: Registration,
        lifetime: int,
        emit: Callable[[UpkeepEvent], None],
        on_failure: Callable[[], None],
    ) -> None:
        self._registration = registration
        self._lifetime = lifetime
        self._emit = emit
        self._on_failure = on_failure
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    def lifetime_began(self) -> None:
        """The lifetime begins now."""
        self._set_timer(renewal_interval(self._lifetime))

    def update_needed(self, seconds: int | None) -> None:
        """The module says so, `seconds` before the lifetime ends. Some say it 93 s before, for a
        lifetime of 100 s as well: then it is early enough when the interval is over."""
        if seconds is None or seconds <= self._lifetime - renewal_interval(self._lifetime):
            self._set_timer(0)

    def check_soon(self) -> None:
        """The start of the lifetime is unknown: update soon."""
        self._set_timer(min(CHECK_AFTER, renewal_interval(self._lifetime)))

    def pause(self) -> None:
        """There is nothing to renew; an update under way ends by itself."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def stop(self) -> None:
        """Pause, and cancel an update under way."""
        self.pause()
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})
        self.pause()

    async def renew_now(self) -> bool:
        """Update now. Returns whether the platform knows the device."""
        self.pause()
        await self._renew()
        return await self._registration.wait_updated()

    def _set_timer(self, seconds: float) -> None:
        self.pause()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self._task = begin(self._renew(), "m5310-renewal")

    async def _renew(self) -> None:
        try:
            await self._registration.update(with_objects=False, timeout=UPDATE)
        except (PortError, ModemReset):
            return
        except StateError:
            self.check_soon()
        except M5310Error as error:
            if isinstance(error, CommandError) and error.busy:
                self.check_soon()  # no reason for a new login
                return
            self._emit(RenewalFailed(error))
            self._on_failure()
        else:
            self._emit(Renewed(self._lifetime))
