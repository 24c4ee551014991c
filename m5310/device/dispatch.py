"""Routes the events of the link, and each change of state, to the parts of a device."""

from __future__ import annotations

import logging
from typing import assert_never

from m5310.device.outbox import Outbox
from m5310.device.provisioning import Provisioning
from m5310.device.recovery import RecoveryPolicy
from m5310.device.registration import Registration
from m5310.device.requests import Requests
from m5310.dialects.dialect import Dialect
from m5310.dialects.urcs import (
    Acknowledged,
    Closed,
    Discovered,
    ExecuteRequest,
    Observed,
    Opened,
    ReadRequest,
    Updated,
    WriteRequest,
)
from m5310.errors import AnswerError, ModemReset, PortError, StateError
from m5310.module.link import LineReceived, Link, LinkEvent, PortLost, Restarted
from m5310.states import DeviceEvent, DeviceState

_log = logging.getLogger("m5310.device")


class Dispatch:
    """Listens to the link and to the state, from the beginning. Neither waits nor raises."""

    def __init__(
        self,
        link: Link,
        registration: Registration,
        provisioning: Provisioning,
        recovery: RecoveryPolicy,
        outbox: Outbox,
        requests: Requests,
        dialect: Dialect,
    ) -> None:
        self._registration = registration
        self._provisioning = provisioning
        self._recovery = recovery
        self._outbox = outbox
        self._requests = requests
        self._dialect = dialect
        link.listen(self._on_link_event)
        registration.listen(self._on_state)

    def _on_link_event(self, event: LinkEvent) -> None:
        match event:
            case LineReceived(text):
                self._on_line(text)
            case Restarted(error=error):
                self._session_ended(error)
                self._recovery.restarted(event)
            case PortLost(error):
                self._session_ended(error)
                self._recovery.port_lost(error)
            case _:
                assert_never(event)

    def _on_line(self, line: str) -> None:
        try:
            urc = self._dialect.parse(line)
        except AnswerError as error:
            _log.warning("ignoring line: %s", error)
            return
        match urc:
            case ReadRequest() | WriteRequest() | ExecuteRequest():
                self._requests.receive(urc, registered=self._registration.state.registered)
            case Acknowledged():
                self._outbox.acknowledged(urc.ackid)
            case Opened() | Closed() | Updated():
                if isinstance(urc, Closed) and self._registration.can_report:
                    self._recovery.logged_out()
                self._registration.on_outcome(urc)
            case Observed():
                observation = urc.object, urc.instance, urc.resource
                self._outbox.observations.observed(observation, added=urc.added)
            case Discovered() | None:
                pass  # the module answers these itself; None is not of this language
            case _:
                assert_never(urc)

    def _session_ended(self, error: ModemReset | PortError) -> None:
        """The module has lost its configuration, or cannot be reached."""
        if self._recovery.can_recover:
            self._outbox.hold()
        else:
            self._outbox.fail(error)
        self._requests.clear()
        self._provisioning.forget()

    def _on_state(self, event: DeviceEvent) -> None:
        """The state has changed by `event`: reports are sent, kept, or fail."""
        self._recovery.state_changed(event)
        login_pending = self._recovery.login_pending
        state = self._registration.state
        if self._registration.can_report:
            # After a failed renewal the platform may not know the device any more: no reports
            # before the new login.
            if not (login_pending and state is DeviceState.REG_UPDATE_NEEDED):
                self._outbox.release()
        elif login_pending or state is DeviceState.RESTORING:
            self._outbox.hold()
        else:
            self._outbox.stop(StateError(f"not reported: the device is {state.name}"))
