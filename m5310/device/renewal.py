"""Renewing the registration before its lifetime ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from m5310.device.registration import UPDATE, Registration
from m5310.errors import M5310Error, ModemReset, PortError, StateError

MARGIN: Final = UPDATE
"""Seconds before the end of the lifetime: an update that begins then has had all the time CoAP
gives it when the lifetime is over. China Mobile's own modules do the same."""

AGAIN: Final = 10.0
"""Seconds until a look after the program's own update or logout, which may have failed."""


def interval(lifetime: float) -> float:
    """Seconds from a login or an update to the next one.

    `MARGIN` before the end, or after half of a lifetime too short for that.
    """
    return max(lifetime - MARGIN, lifetime / 2)


class Renewal:
    """Updates `registration` in time, from each `restart` until `pause`.

    `done` is called after each update made here, `failed` with the error of one that failed. A
    lost port or a restarted module is no failure: whoever follows those acts on it.
    """

    def __init__(
        self,
        registration: Registration,
        lifetime: int,
        done: Callable[[], None],
        failed: Callable[[M5310Error], None],
    ) -> None:
        self._registration = registration
        self._interval = interval(lifetime)
        self._done = done
        self._failed = failed
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    def restart(self) -> None:
        """The lifetime begins now."""
        self._set(self._interval)

    def soon(self) -> None:
        """The lifetime began nobody knows when."""
        self._set(AGAIN)

    def pause(self) -> None:
        """There is nothing to renew; an update that is out ends by itself."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def stop(self) -> None:
        """The same, and an update that is out is awaited by nobody any more."""
        self.pause()
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})
        self.pause()

    async def verify(self) -> bool:
        """Update now. Whether the platform knows the device; that it does not, `failed` is told."""
        self.pause()
        await self._renew()
        return await self._registration.updated()

    def _set(self, seconds: float) -> None:
        self.pause()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._ring)

    def _ring(self) -> None:
        self._timer = None
        self._task = asyncio.create_task(self._renew(), name="m5310-renewal")

    async def _renew(self) -> None:
        try:
            await self._registration.update(with_objects=False, timeout=UPDATE)
        except (PortError, ModemReset):
            return
        except StateError:
            self.soon()
        except M5310Error as error:
            self._failed(error)
        else:
            self._done()
