"""Routes the events of the link, and each change of state, to the parts of a device."""

from __future__ import annotations

import logging
from typing import assert_never

from m5310.device.parts import Parts
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

    def __init__(self, link: Link, parts: Parts, dialect: Dialect) -> None:
        self._parts = parts
        self._dialect = dialect
        link.listen(self._on_link_event)
        parts.registration.listen(self._on_state)

    def _on_link_event(self, event: LinkEvent) -> None:
        match event:
            case LineReceived(text):
                self._on_line(text)
            case Restarted(error=error):
                self._session_ended(error)
                self._parts.recovery.restarted(event)
            case PortLost(error):
                self._session_ended(error)
                self._parts.recovery.port_lost(error)
            case _:
                assert_never(event)

    def _on_line(self, line: str) -> None:
        try:
            urc = self._dialect.parse(line)
        except AnswerError as error:
            _log.warning("ignoring line: %s", error)
            return
        parts = self._parts
        match urc:
            case ReadRequest() | WriteRequest() | ExecuteRequest():
                parts.requests.receive(urc, registered=parts.registration.state.registered)
            case Acknowledged():
                parts.outbox.acknowledged(urc.ackid)
            case Closed() if parts.registration.can_report:
                parts.recovery.logged_out(urc)
            case Opened() | Closed() | Updated():
                parts.registration.on_outcome(urc)
            case Observed():
                observation = urc.object, urc.instance, urc.resource
                parts.outbox.observations.observed(observation, added=urc.added)
            case Discovered() | None:
                pass  # the module answers a discover itself; None is not of this dialect
            case _:
                assert_never(urc)

    def _session_ended(self, error: ModemReset | PortError) -> None:
        """The module has lost its configuration, or cannot be reached."""
        parts = self._parts
        if parts.recovery.can_recover:
            parts.outbox.hold()
        else:
            parts.outbox.fail(error)
        parts.requests.clear()
        parts.provisioning.forget()

    def _on_state(self, event: DeviceEvent) -> None:
        """The state has changed by `event`: reports are sent, kept, or fail."""
        parts = self._parts
        parts.recovery.state_changed(event)
        state, login_pending = parts.registration.state, parts.recovery.login_pending
        if parts.registration.can_report:
            # After a failed renewal the platform may not know the device any more: no reports
            # before the new login.
            if not (login_pending and state is DeviceState.REG_UPDATE_NEEDED):
                parts.outbox.release()
        elif login_pending or state is DeviceState.RESTORING:
            parts.outbox.hold()
        else:
            parts.outbox.stop(StateError(f"not reported: the device is {state.name}"))
