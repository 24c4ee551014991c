"""Who hears what: what the module says, that it restarted, that its port went, where we stand."""

from __future__ import annotations

import logging
from typing import assert_never

from m5310.device.outbox import Outbox
from m5310.device.provisioning import Provisioning
from m5310.device.recovery import Continuity
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
from m5310.module.link import LineReceived, LinkEvent, PortLost, Restarted
from m5310.states import DeviceEvent, DeviceState

_log = logging.getLogger("m5310.device")


class Dispatch:
    """The rooms of one device hear of each other through it alone, so it is made last of them.

    Nothing here waits or raises.
    """

    def __init__(
        self,
        registration: Registration,
        provisioning: Provisioning,
        continuity: Continuity,
        outbox: Outbox,
        requests: Requests,
        dialect: Dialect,
    ) -> None:
        self._registration = registration
        self._provisioning = provisioning
        self._continuity = continuity
        self._outbox = outbox
        self._requests = requests
        self._dialect = dialect

    def on_link_event(self, event: LinkEvent) -> None:
        match event:
            case LineReceived(text):
                self._on_line(text)
            case Restarted(error=error):
                self._keep_or_fail(error)
                self._continuity.restarted(event)
            case PortLost(error):
                self._keep_or_fail(error)
                self._continuity.lost(error)
            case _:
                assert_never(event)

    def _on_line(self, line: str) -> None:
        try:
            urc = self._dialect.parse(line)
        except AnswerError as error:
            _log.warning("a line is ignored: %s", error)
            return
        match urc:
            case ReadRequest() | WriteRequest() | ExecuteRequest():
                self._requests.receive(urc, registered=self._registration.state.registered)
            case Acknowledged():
                self._outbox.acknowledged(urc.ackid)
            case Opened() | Closed() | Updated():
                if isinstance(urc, Closed) and self._registration.reporting:
                    self._continuity.logged_out()
                self._registration.heard(urc)
            case Observed():
                observation = urc.object, urc.instance, urc.resource
                self._outbox.observed(observation, added=urc.added)
            case Discovered() | None:
                pass  # the module answers these itself; None is not of this language
            case _:
                assert_never(urc)

    def _keep_or_fail(self, error: ModemReset | PortError) -> None:
        """The module knows nothing of what it was told, or cannot be asked."""
        if self._continuity.mends:
            self._outbox.hold()
        else:
            self._outbox.fail(error)
        self._requests.clear()
        self._provisioning.forget()

    def moved(self, event: DeviceEvent) -> None:
        """The device stands elsewhere since `event`: reports go out, are kept, or fail."""
        self._continuity.moved(event)
        coming_back = self._continuity.coming_back
        state = self._registration.state
        if self._registration.reporting:
            # a login whose renewal failed may be none: what is mended next is not reported to
            if not (coming_back and state is DeviceState.REG_UPDATE_NEEDED):
                self._outbox.release()
        elif coming_back or state is DeviceState.RESTORING:
            self._outbox.hold()
        else:
            self._outbox.stop(StateError(f"not reported: the device is {state.name}"))
