"""Registration with the platform: log in, renew, log out, and the lines that report the outcome."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, TypeVar, assert_never

from m5310.at.codec import Execute
from m5310.at.tasks import Pending, begin, finish
from m5310.device import parameters
from m5310.device.events import UpkeepEvent, Waiting, announced
from m5310.device.state import DeviceStatus
from m5310.dialects.dialect import Commands, Dialect, execute_all, undo_all
from m5310.dialects.urcs import Closed, Ended, Opened, Outcome, Updated
from m5310.errors import (
    CommandError,
    CommandTimeout,
    M5310Error,
    ModemReset,
    PortError,
    RegistrationError,
    Text,
)
from m5310.states import DeviceEvent, DeviceState

CONNECT: Final = 60.0
"""Seconds to log in."""
# guess: hosts wait 30 to 60 s, and an attach may still be under way.
OUTCOME_MARGIN: Final = 5.0
"""Seconds beyond the module's own time to wait for the line with the outcome of a login."""
UPDATE: Final = 93.0
"""Seconds after which an update has failed: CoAP's MAX_TRANSMIT_WAIT (RFC 7252 4.8.2)."""
CLOSE: Final = 30.0
"""Seconds for the platform to confirm a logout."""
# guess: a third of what CoAP allows, since the module deletes the registration in any case.
LATE_UPDATE: Final = 1.0
"""Seconds for an update that begins when the lifetime is nearly over, or is over."""
# guess: an answer comes within a second where the coverage is good; where it does not, the platform
# has deleted the registration, and a login is what helps.
_CLOCK_SLACK: Final = 0.1  # s; the module's clock and ours may differ about a timeout's end

_LOGGED_IN: Final = {
    DeviceState.REG_PENDING,
    DeviceState.REGISTERED,
    DeviceState.REG_UPDATE_PENDING,
    DeviceState.REG_UPDATE_NEEDED,
}

_log = logging.getLogger("m5310.device")

T = TypeVar("T")

FindNetwork = Callable[[float], Coroutine[Any, Any, object]]
"""Waits until the module is on the network, for at most so many seconds."""


class NetworkFound:
    """The key under which a login waits for the network."""


class Registration(DeviceStatus):
    """Logs in, renews and logs out; each changes the state, whether it succeeds or not.

    Call `on_outcome` with each outcome that the module reports, and `interrupted` at each restart
    or lost port. `outcomes` brings them to callers that wait, by class: True for a success.
    """

    def __init__(
        self,
        execute: Execute,
        dialect: Dialect,
        lifetime: float = math.inf,
        emit: Callable[[UpkeepEvent], None] = lambda _: None,
    ) -> None:
        """`lifetime` of a registration in seconds; `emit` gets a `Waiting` for each long wait."""
        super().__init__()
        self._lifetime = lifetime
        self._expires = math.inf  # when the lifetime is over
        self.objects_changed: bool = False
        """An object instance was deleted since the last login or update with objects."""
        self._login_due = 0.0  # when a login under way has ended
        self._emit = emit
        self._execute = execute
        self._dialect = dialect
        self.outcomes: Final[Pending[type, bool]] = Pending()
        self._end: Ended | None = None  # of the last login
        self._maybe_logged_in = False  # the module may hold a login that `state` does not show

    def interrupted(self, event: DeviceEvent, error: ModemReset | PortError) -> bool:
        """The module restarted or the port is lost. Returns whether there was a login, or one
        under way."""
        login = self.state in _LOGGED_IN
        self._maybe_logged_in = False
        self.apply(event)
        self.outcomes.fail_all(error)
        return login

    def on_outcome(self, outcome: Outcome) -> None:
        """The module reports the outcome of a command, or a change that it made by itself."""
        if outcome.success and not isinstance(outcome, Closed):
            self._expires = asyncio.get_running_loop().time() + self._lifetime
        match outcome:
            case Opened(success=success):
                self.apply(DeviceEvent.ACCEPTED if success else DeviceEvent.REFUSED)
                self._maybe_logged_in = success and not self.state.registered
            case Updated(success=success):
                self.apply(DeviceEvent.UPDATED if success else DeviceEvent.UPDATE_FAILED)
            case Closed():
                self.apply(DeviceEvent.CLOSED)
                self._maybe_logged_in = False
            case Ended():
                self._on_end(outcome)
            case _:
                assert_never(outcome)
        self.outcomes.resolve(type(outcome), outcome.success)

    def _on_end(self, end: Ended) -> None:
        """The login is gone, or the one under way has failed. A logout makes the module forget
        it."""
        self._end = end
        self.apply(DeviceEvent.REFUSED)
        self.apply(DeviceEvent.CLOSED)
        self._maybe_logged_in = True
        self.outcomes.resolve(Opened, False)
        self.outcomes.resolve(Updated, False)

    # --- log in ------------------------------------------------------------------------------

    async def connect(
        self,
        timeout: float,  # noqa: ASYNC109  # the module's
        find_network: FindNetwork | None = None,
    ) -> None:
        """As `Device.connect`; `find_network` is called if the module has no network."""
        seconds = math.ceil(parameters.seconds("timeout", timeout, least=1e-9))
        self.begin(DeviceEvent.CONNECT)
        clock = asyncio.get_running_loop().time
        end = clock() + seconds
        try:
            await self._log_in(seconds)
        except CommandError as error:
            left = end - clock()
            if find_network is None or not error.maybe_no_network or left <= 0:
                raise
            self.apply(DeviceEvent.CONNECT)
            await self._search(find_network(left))
            await self._log_in(max(1, math.ceil(end - clock())))

    async def _search(self, searching: Coroutine[Any, Any, object]) -> None:
        """Wait for the network, or for what ends the login before: a restart, a logout."""
        ended = self.outcomes.expect(NetworkFound)
        task = begin(searching)
        both: set[asyncio.Future[Any]] = {ended, task}
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            if ended.done() and not ended.result():  # or it raises the error of the restart
                raise _ended()
            await task
        except BaseException:
            self.apply(DeviceEvent.REFUSED)
            raise
        finally:
            self.outcomes.drop(NetworkFound)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _log_in(self, seconds: int) -> None:
        clock = asyncio.get_running_loop().time
        begun = clock()
        # one margin more if a login before this one may have to be ended first
        due = begun + seconds + OUTCOME_MARGIN * (2 if self._maybe_logged_in else 1)
        self._login_due = due
        try:
            with self._announced(Text("the platform has not answered the login"), due - begun):
                outcome = await self._send(self._open(seconds), DeviceEvent.REFUSED)
                opened = await Pending.wait(outcome, due - clock())
        except asyncio.CancelledError:
            self.apply_at(due, DeviceEvent.REFUSED)
            raise
        if opened:
            return
        self.apply(DeviceEvent.REFUSED)
        if self._end is not None:
            why = Text(
                "the module gave the login up: {meaning}; check coverage and the URI {uri}",
                meaning=self._end.meaning,
                uri=self._dialect.uri,
            )
            raise RegistrationError(why, timed_out=True)
        if opened is None or clock() - begun >= seconds - _CLOCK_SLACK:
            raise RegistrationError(
                Text(
                    "no answer from the platform within {seconds} s; check coverage and the URI "
                    "{uri}",
                    seconds=seconds,
                    uri=self._dialect.uri,
                ),
                timed_out=True,
            )
        raise RegistrationError(
            Text(
                "the platform refused the login of {endpoint}; check that a device with this IMEI "
                "and IMSI exists there",
                endpoint=self._dialect.endpoint,
            ),
            timed_out=False,
        )

    async def _open(self, seconds: int) -> asyncio.Future[bool]:
        """Send the login. Returns the outcome that the module will report."""
        await self.end_unknown_login()
        if self.closing_only:
            raise _ended()
        await self._dialect.prepare(self._execute)
        self.apply(DeviceEvent.CONNECT)  # again, if the outcome of that login came meanwhile
        self._maybe_logged_in = True
        self._end = None
        outcome = self.outcomes.expect(Opened)
        self.objects_changed = False  # a login names them all
        try:
            await self._execute_all(self._dialect.open(seconds), outcome)
        except CommandError:
            self._maybe_logged_in = False
            raise
        return outcome

    async def end_pending_login(self) -> bool:
        """Log out while a login is under way. Returns whether it has ended by now.

        Otherwise the module refuses a logout before its end: see `wait_login`.
        """
        # guess: whether a module takes a logout during a login is not documented.
        if self.state is not DeviceState.REG_PENDING:
            return True
        if self.outcomes.expected(NetworkFound):  # it has not begun
            self.outcomes.resolve(NetworkFound, False)
            await self.wait_stable()
            return True
        closed = self.outcomes.expect(Closed)
        try:
            await finish(undo_all(self._execute, self._dialect.close(), closed.done))
        except (CommandError, CommandTimeout) as error:
            _log.debug("a login is under way: %s", error)
            return self.state is not DeviceState.REG_PENDING
        await asyncio.wait({closed}, timeout=OUTCOME_MARGIN)
        self.login_ended()
        return True

    def login_ended(self) -> None:
        """The login under way was ended by a logout, or with its configuration."""
        self._maybe_logged_in = False
        self.apply(DeviceEvent.REFUSED)
        self.outcomes.fail(Opened, _ended())

    async def wait_login(self) -> None:
        """Wait for the end of a login under way, and report how long that may take."""
        if self.state is DeviceState.REG_PENDING:
            left = self._login_due - asyncio.get_running_loop().time()
            waiting = Waiting(Text("the module ends a login under way before a logout"), left)
            _log.warning("%s", waiting)  # the program wanted to end, not to wait
            self._emit(waiting)
        await self.wait_stable()

    async def end_unknown_login(self) -> None:
        """Log out, if the module may hold a login whose outcome was lost or came too late.

        As long as it does, it refuses another login and the deletion of the instance.
        """
        if not self._maybe_logged_in:
            return
        closed = self.outcomes.expect(Closed)
        with contextlib.suppress(CommandError):
            # once: a module without a login refuses it
            await self._log_out(execute_all(self._execute, self._dialect.close()))
            await asyncio.wait({closed}, timeout=OUTCOME_MARGIN)

    # --- renew -------------------------------------------------------------------------------

    async def update(self, *, with_objects: bool, timeout: float) -> None:  # noqa: ASYNC109
        """As `Device.update`."""
        parameters.seconds("timeout", timeout)
        parameters.flag("with_objects", with_objects)
        self.begin(DeviceEvent.UPDATE)
        outcome = self.outcomes.expect(Updated)
        with_objects = with_objects or self.objects_changed
        update = self._dialect.update(with_objects=with_objects)
        try:
            await self._send(self._execute_all(update, outcome), DeviceEvent.UPDATE_FAILED)
            # longer than the lifetime lasts no answer can help
            left = self._expires - asyncio.get_running_loop().time()
            timeout = min(timeout, max(left, LATE_UPDATE))
            with self._announced(Text("the platform has not confirmed the update"), timeout):
                updated = await Pending.wait(outcome, timeout)
        except asyncio.CancelledError:
            self.apply(DeviceEvent.UPDATE_FAILED)
            raise
        if updated:
            self.objects_changed = self.objects_changed and not with_objects
            return
        self.apply(DeviceEvent.UPDATE_FAILED)
        if updated is False:
            why = Text("the update of the registration failed")
        else:
            why = Text(
                "the update of the registration was not confirmed within {timeout:g} s",
                timeout=timeout,
            )
        raise RegistrationError(
            Text("{why}; update again, or close and connect", why=why), timed_out=updated is None
        )

    # --- log out -----------------------------------------------------------------------------

    async def close(self, timeout: float) -> None:  # noqa: ASYNC109
        """As `Device.close`."""
        parameters.seconds("timeout", timeout)
        if self.state is DeviceState.REG_FAILED:
            await self._close_failed()
            return
        self.begin(DeviceEvent.CLOSE)
        outcome = self.outcomes.expect(Closed)
        try:
            log_out = undo_all(self._execute, self._dialect.close(), outcome.done)
            await self._send(self._log_out(log_out), DeviceEvent.CLOSED)
            with self._announced(Text("the platform has not confirmed the logout"), timeout):
                closed = await Pending.wait(outcome, timeout)
        except asyncio.CancelledError:
            self.apply_at(asyncio.get_running_loop().time() + CLOSE, DeviceEvent.CLOSED)
            raise
        self.apply(DeviceEvent.CLOSED)
        if closed is None:
            raise RegistrationError(
                Text(
                    "the logout was not confirmed within {timeout:g} s; the platform deletes the "
                    "registration when its lifetime ends",
                    timeout=timeout,
                ),
                timed_out=True,
            )

    async def _close_failed(self) -> None:
        """After a login that failed, or whose outcome did not come."""
        self.begin(DeviceEvent.CLOSE)
        try:
            await self._send(self.end_unknown_login(), DeviceEvent.CLOSED)
        finally:
            self.apply(DeviceEvent.CLOSED)

    async def _log_out(self, commands: Awaitable[None]) -> None:
        self._maybe_logged_in = True
        try:
            await commands
        except CommandError:
            self._maybe_logged_in = False  # it is not logged in
            raise
        self._maybe_logged_in = False  # it deletes the login, whatever the platform answers

    # --- commands ----------------------------------------------------------------------------

    def _announced(self, what: str, seconds: float) -> contextlib.AbstractContextManager[None]:
        return announced(self._emit, what, seconds)

    async def _execute_all(self, commands: Commands, outcome: asyncio.Future[bool]) -> None:
        """Execute commands; an outcome proves that the module took them, if the `OK` is lost."""
        try:
            await execute_all(self._execute, commands)
        except CommandTimeout:
            if not outcome.done():
                raise

    async def _send(self, sending: Awaitable[T], failed: DeviceEvent) -> T:
        """Send the commands of a change to the end; if one fails, apply `failed`.

        A cancellation does not interrupt it: the state is known afterwards.
        """

        async def send() -> T:
            try:
                return await sending
            except M5310Error:
                self.apply(failed)
                raise

        return await finish(send())


def _ended() -> RegistrationError:
    return RegistrationError(Text("the login was ended by close() or destroy()"), timed_out=False)
