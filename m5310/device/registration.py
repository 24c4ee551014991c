"""Changing where a device stands: log in, renew, log out, and what the module says of each."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar, assert_never

from m5310.at.codec import Execute
from m5310.at.tasks import finish
from m5310.device.state import Standing
from m5310.device.verdicts import Verdict, Verdicts, within
from m5310.dialects.dialect import Dialect, execute_all
from m5310.dialects.urcs import Closed, Opened, Updated
from m5310.errors import (
    CommandError,
    M5310Error,
    ModemReset,
    ParameterError,
    PortError,
    RegistrationError,
)
from m5310.states import DeviceEvent, DeviceState

CONNECT: Final = 60.0
"""Seconds to log in. A guess: hosts wait 30 to 60, and an attach may still be under way."""
VERDICT_MARGIN: Final = 5.0
"""Seconds we wait beyond the module's own time for the line that says how a login went."""
UPDATE: Final = 93.0
"""Seconds until the module must know how an update went: CoAP's MAX_TRANSMIT_WAIT (RFC 7252
4.8.2)."""
CLOSE: Final = 30.0
"""Seconds for the platform to confirm a logout. A guess: a third of what CoAP allows, since the
module forgets the registration in any case."""
_CLOCK_SLACK: Final = 0.1  # s; the module's clock and ours need not agree on a timeout's end

_LOGGED_IN: Final = {
    DeviceState.REG_PENDING,
    DeviceState.REGISTERED,
    DeviceState.REG_UPDATE_PENDING,
    DeviceState.REG_UPDATE_NEEDED,
}

T = TypeVar("T")


class Registration(Standing):
    """Brings the device where the program wants it, and learns where it came to be.

    Tell it of each verdict `heard`, and of each restart or lost port.
    """

    def __init__(
        self,
        execute: Execute,
        dialect: Dialect,
        moved: Callable[[DeviceEvent], None] = lambda _: None,
    ) -> None:
        """`moved` as in `Standing`."""
        super().__init__(moved)
        self._execute = execute
        self._dialect = dialect
        self.verdicts: Final = Verdicts()
        self._dangling = False  # the module may be logged in although `state` does not say so

    def interrupted(self, event: DeviceEvent, error: ModemReset | PortError) -> bool:
        """The module restarted or the port is gone. Whether the device was logged in, or on its
        way there."""
        login = self.state in _LOGGED_IN
        self._dangling = False
        self.follow(event)
        self.verdicts.fail(error)
        return login

    # --- log in, renew, log out --------------------------------------------------------------

    async def connect(self, timeout: float) -> None:  # noqa: ASYNC109  # the module's
        """Raises RegistrationError; see `Device.connect`."""
        seconds = math.ceil(_checked(timeout, least=1e-9))
        self.move(DeviceEvent.CONNECT)
        clock = asyncio.get_running_loop().time
        begun = clock()
        # One margin more if a login before this one may have to be undone first.
        due = begun + seconds + VERDICT_MARGIN * (2 if self._dangling else 1)
        try:
            verdict = await self._send(self._open(seconds), DeviceEvent.REFUSED)
            opened = await within(due - clock(), verdict)
        except asyncio.CancelledError:
            self.follow_at(due, DeviceEvent.REFUSED)
            raise
        if opened:
            return
        self.follow(DeviceEvent.REFUSED)
        if opened is None or clock() - begun >= seconds - _CLOCK_SLACK:
            raise RegistrationError(
                f"no answer from the platform within {seconds} s; check coverage and the URI "
                f"{self._dialect.uri}",
                timed_out=True,
            )
        raise RegistrationError(
            f"the platform refused the login of {self._dialect.endpoint}; check that a device "
            "with this IMEI and IMSI exists there",
            timed_out=False,
        )

    async def update(self, *, with_objects: bool, timeout: float) -> None:  # noqa: ASYNC109
        """Raises RegistrationError; see `Device.update`."""
        _checked(timeout)
        self.move(DeviceEvent.UPDATE)
        verdict = self.verdicts.expect(Updated)
        update = self._dialect.update(with_objects=with_objects)
        try:
            await self._send(execute_all(self._execute, update), DeviceEvent.UPDATE_FAILED)
            updated = await within(timeout, verdict)
        except asyncio.CancelledError:
            self.follow(DeviceEvent.UPDATE_FAILED)
            raise
        if updated:
            return
        self.follow(DeviceEvent.UPDATE_FAILED)
        why = "failed" if updated is False else f"was not confirmed within {timeout:g} s"
        raise RegistrationError(
            f"the update of the registration {why}; update again, or close and connect",
            timed_out=updated is None,
        )

    async def close(self, timeout: float) -> None:  # noqa: ASYNC109
        """Raises RegistrationError; see `Device.close`."""
        _checked(timeout)
        if self.state is DeviceState.REG_FAILED:
            await self._close_failed()
            return
        self.move(DeviceEvent.CLOSE)
        verdict = self.verdicts.expect(Closed)
        try:
            await self._send(self._log_out(), DeviceEvent.CLOSED)
            closed = await within(timeout, verdict)
        except asyncio.CancelledError:
            self.follow_at(asyncio.get_running_loop().time() + CLOSE, DeviceEvent.CLOSED)
            raise
        self.follow(DeviceEvent.CLOSED)
        if closed is None:
            raise RegistrationError(
                f"the logout was not confirmed within {timeout:g} s; the platform forgets the "
                "device when its lifetime ends",
                timed_out=True,
            )

    async def _close_failed(self) -> None:
        """After a login that failed, as far as anybody heard."""
        self.move(DeviceEvent.CLOSE)
        try:
            await self._send(self.undo(), DeviceEvent.CLOSED)
        finally:
            self.follow(DeviceEvent.CLOSED)

    async def _open(self, seconds: int) -> asyncio.Future[bool]:
        """Returns what the module will say of it."""
        await self.undo()
        self.follow(DeviceEvent.CONNECT)  # once more, if the one undone was told of meanwhile
        self._dangling = True
        verdict = self.verdicts.expect(Opened)  # before the command: it may come before its OK
        try:
            await execute_all(self._execute, self._dialect.open(seconds))
        except CommandError:
            self._dangling = False
            raise
        return verdict

    async def undo(self) -> None:
        """Log out what the module may be logged in with and nobody here waits for any more.

        The word of a login may have been lost on the line, or have come too late; as long as it
        stands, another login is refused, and so is the end of the instance.
        """
        if not self._dangling:
            return
        closed = self.verdicts.expect(Closed)
        with contextlib.suppress(CommandError):
            await self._log_out()
            await asyncio.wait({closed}, timeout=VERDICT_MARGIN)

    async def _log_out(self) -> None:
        self._dangling = True
        try:
            await execute_all(self._execute, self._dialect.close())
        except CommandError:
            self._dangling = False  # it is not logged in
            raise
        self._dangling = False  # it forgets the login, whatever the platform says

    async def _send(self, sending: Awaitable[T], failed: DeviceEvent) -> T:
        """Send what begins a change; the state is known afterwards, cancelled or not."""

        async def send() -> T:
            try:
                return await sending
            except M5310Error:
                self.follow(failed)
                raise

        return await finish(send())

    # --- what the module says ----------------------------------------------------------------

    def heard(self, verdict: Verdict) -> None:
        """The module says how something went, asked or unasked."""
        match verdict:
            case Opened(success=success):
                self.follow(DeviceEvent.ACCEPTED if success else DeviceEvent.REFUSED)
                self._dangling = success and not self.state.registered
            case Updated(success=success):
                self.follow(DeviceEvent.UPDATED if success else DeviceEvent.UPDATE_FAILED)
            case Closed():
                self.follow(DeviceEvent.CLOSED)
                self._dangling = False
            case _:
                assert_never(verdict)
        self.verdicts.came(verdict)


def _checked(timeout: float, least: float = 0) -> float:
    if isinstance(timeout, bool) or not isinstance(timeout, int | float):
        raise ParameterError(f"a timeout of {timeout!r}; expected a number of seconds")
    if not least <= timeout < math.inf:
        raise ParameterError(f"a timeout of {timeout} s; expected a positive number")
    return timeout
