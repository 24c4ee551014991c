"""Routes the events of the link, and each change of state, to the parts of a device."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Final, assert_never

from m5310.device.attributes import Attributes
from m5310.device.events import AttributesSet, EventEmitter, ModuleEvent, Subscribed
from m5310.device.firmware import FirmwareObjects
from m5310.device.holding import Holding
from m5310.device.parts import Parts
from m5310.dialects.dialect import Dialect
from m5310.dialects.urcs import (
    Acknowledged,
    Closed,
    Discovered,
    Ended,
    Event,
    ExecuteRequest,
    MalformedRequest,
    NotAcknowledged,
    Notice,
    Observed,
    Opened,
    OperationWaiting,
    ParameterRequest,
    ReadRequest,
    Request,
    SendReport,
    Updated,
    UpdateNeeded,
    Urc,
    WriteRequest,
)
from m5310.errors import AnswerError, ModemReset, PortError, StateError
from m5310.lwm2m.resources import ObjectTree
from m5310.module.link import LineReceived, Link, LinkEvent, PortLost, Restarted
from m5310.states import DeviceEvent, DeviceState

MODULES_OBJECTS: Final = range(8)
"""Objects of LwM2M itself (OMA LwM2M 1.0, appendix E). The module serves those that the program did
not declare, and only shows their requests (seen)."""
_DEVICE_OBJECT: Final = 3

_log = logging.getLogger("m5310.device")


class Dispatch:
    """Listens to the link and to the state, from the beginning. Neither waits nor raises."""

    def __init__(
        self,
        link: Link,
        parts: Parts,
        dialect: Dialect,
        resources: ObjectTree,
        events: EventEmitter,
        holding: Holding,
        firmware: FirmwareObjects | None = None,
    ) -> None:
        self._link = link
        self._parts = parts
        self._dialect = dialect
        self._resources = resources
        self._events = events
        self._holding = holding
        self._firmware = firmware
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

    def _parsed(self, line: str) -> Urc | None:
        try:
            return self._dialect.parse(line, self._resources.declared)
        except MalformedRequest as error:
            self._parts.requests.refuse(error.request, error)
        except AnswerError as error:
            _log.warning("ignoring line: %s", error)
        return None

    def _on_line(self, line: str) -> None:
        parts = self._parts
        match urc := self._parsed(line):
            case ReadRequest() | WriteRequest() | ExecuteRequest():
                self._on_request(urc)
            case Acknowledged():
                parts.outbox.acknowledged(urc.ackid)
            case NotAcknowledged():
                parts.outbox.not_acknowledged(urc.ackid)
            case Closed() | Ended() if parts.registration.can_report:
                out = StateError("not sent: the module has logged out by itself")
                self._link.modem.withdraw(self._dialect.needs_login, out)
                parts.recovery.logged_out(urc)
            case Opened() | Closed() | Updated() | Ended():
                parts.registration.on_outcome(urc)
            case Observed() | Discovered() | ParameterRequest():
                self._on_notice(urc)
            case UpdateNeeded() | Event() | OperationWaiting() | SendReport():
                self._on_report(urc)
            case None:
                pass  # not of this dialect
            case _:
                assert_never(urc)

    def _on_report(self, urc: UpdateNeeded | Event | OperationWaiting | SendReport) -> None:
        """What the module reports of its own state."""
        parts = self._parts
        match urc:
            case UpdateNeeded(_, seconds):
                parts.recovery.update_needed(seconds)
            case Event():
                if not urc.progress:
                    self._events.emit(ModuleEvent(urc.number, urc.extend, urc.meaning))
            case OperationWaiting():
                parts.requests.fetch(self._dialect.fetch())
            case SendReport():
                if not urc.sent:
                    _log.warning("the module could not send message %d (7 bits)", urc.number)
            case _:
                assert_never(urc)

    def _on_request(self, request: Request) -> None:
        registered = self._parts.registration.state.registered
        number = request.path.object
        requests, updates = self._parts.requests, self._firmware
        if not self._is_modules(number):
            requests.receive(request, registered=registered)
            return
        if updates is not None and updates.serves(request):
            whole = updates.whole(request)
            requests.receive(
                whole, registered=registered, handler=updates.handler, sent=self._update_answered
            )
            return
        if isinstance(request, ReadRequest) and number == _DEVICE_OBJECT and registered:
            self._events.emit(Subscribed())

    def _update_answered(self) -> None:
        assert self._firmware is not None
        if (step := self._firmware.answered()) is not None:
            self._events.emit(step)

    def _on_notice(self, notice: Notice) -> None:
        if not isinstance(notice, Observed):
            self._answer(notice)
            return
        what = notice.object, notice.instance, notice.resource
        observed = partial(self._parts.outbox.observations.observed, what, added=notice.added)
        if not self._answer(notice, observed):
            observed()

    def _answer(self, request: Notice, sent: Callable[[], None] = lambda: None) -> bool:
        """Answer for the program, unless the module does: by itself, or for an object of its own.

        Returns whether it is answered; `sent` is called then.
        """
        if not self._dialect.answers_by_host or self._is_modules(request.path.object):
            return False
        match request:
            case Observed():
                answer = self._dialect.answer_observe(request)
            case Discovered():
                answer = self._dialect.answer_discover(request)
            case ParameterRequest():
                answer = self._dialect.answer_parameter(
                    request, accepted=self._attributes_set(request)
                )
            case _:
                assert_never(request)
        what = f"{type(request).__name__} of {request.path}"
        self._parts.requests.reply(answer, what, sent)
        return True

    def _attributes_set(self, request: ParameterRequest) -> bool:
        """Take the attributes; False if they are malformed."""
        try:
            attributes = Attributes.parse(request.text)
        except AnswerError as error:
            _log.warning("refusing attributes of %s: %s", request.path, error)
            return False
        if any(request.path.covers(each.path) for each in self._resources):
            self._holding.set(request.path, attributes)
            self._events.emit(AttributesSet(request.path, attributes))
        return True

    def _is_modules(self, number: int) -> bool:
        return number in MODULES_OBJECTS and not self._resources.has_object(number)

    def _session_ended(self, error: ModemReset | PortError) -> None:
        """The module has lost its configuration, or cannot be reached."""
        parts = self._parts
        if parts.recovery.can_recover:
            parts.outbox.hold(forget=True)
        else:
            parts.outbox.fail(error)
        parts.requests.clear()
        parts.provisioning.forget()

    def _on_state(self, event: DeviceEvent) -> None:
        """The state has changed by `event`: reports are sent, kept, or fail."""
        parts = self._parts
        parts.recovery.state_changed(event)
        if event is DeviceEvent.ACCEPTED and self._dialect.answers_by_host:
            parts.outbox.observations.expect(self._resources.instances())
        state, login_pending = parts.registration.state, parts.recovery.login_pending
        if parts.registration.can_report:
            # After a failed renewal the platform may not know the device any more: no reports
            # before the new login.
            if not (login_pending and state is DeviceState.REG_UPDATE_NEEDED):
                parts.outbox.release()
        elif login_pending or state is DeviceState.RESTORING:
            parts.outbox.hold()
        else:
            self._holding.stop()
            parts.outbox.stop(StateError(f"not reported: the device is {state.name}"))
