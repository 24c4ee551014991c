"""Discover, observe, attributes: the module answers them itself and reports them to the host, or
the host answers them (`Rules.answers`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from aiocoap import (
    BAD_REQUEST,
    CHANGED,
    CONTENT,
    INTERNAL_SERVER_ERROR,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    Message,
)
from aiocoap.numbers import OptionNumber

from emulator.coap.server import Incoming
from emulator.lwm2m import registry
from emulator.lwm2m.model import ContentError, Item, Path
from emulator.lwm2m.values import Type
from emulator.module.lwm2m.attributes import AttributeTable
from emulator.module.lwm2m.definitions import check
from emulator.module.lwm2m.host import (
    DiscoverRequest,
    Host,
    ObserveRequest,
    ParameterRequest,
    Result,
    Rules,
)
from emulator.module.lwm2m.objects import Objects
from emulator.module.lwm2m.observations import Observations
from emulator.module.lwm2m.operations import Operation, Refused
from emulator.module.lwm2m.own_objects import OwnObjects
from emulator.module.lwm2m.payloads import check_accept, discovered, set_number
from emulator.module.lwm2m.requests import Requests
from emulator.module.lwm2m.style import Style


class Answers:
    """Methods with `incoming` answer it, ask the host, or raise Refused. `host` returns the host.

    The methods `answer_...` are the host's answers. They raise UnknownRequest.
    `rules` may change at any time.
    """

    def __init__(
        self,
        style: Style,
        objects: Objects,
        own: OwnObjects,
        attributes: AttributeTable,
        observations: Observations,
        requests: Requests,
        host: Callable[[], Host],
    ) -> None:
        self.rules = Rules()
        self._style = style
        self._objects = objects
        self._own = own
        self._attributes = attributes
        self._observations = observations
        self._requests = requests
        self._host = host

    def discover(self, path: Path, incoming: Incoming, now: float) -> None:
        links = self._objects.links(path)
        if not links and not self._own.knows(path):
            raise Refused(NOT_FOUND)
        found = self._links(path) if self._style.strict else links or self._own.links(path)
        if self._style.strict and not found:
            raise Refused(NOT_FOUND)
        msgid = self._requests.msgid(incoming.mid)
        if links and Operation.DISCOVER in self.rules.answers:
            self._requests.ask(DiscoverRequest(msgid, path), incoming, now)
            return
        self._list(path, found, incoming, now)
        if links:
            self._host().discovered(msgid, path)

    def _list(self, path: Path, found: Sequence[Path], incoming: Incoming, now: float) -> None:
        attributes = self._attributes.shown(path, found) if self._style.strict else {}
        incoming.respond(discovered(found, attributes), now)

    def answer_discover(
        self, msgid: int, result: Result, resources: tuple[int, ...], now: float
    ) -> None:
        """With the resources of the object."""
        request = self._requests.find(DiscoverRequest, msgid, now)
        if result is not Result.DONE:
            self._requests.fail(request, now, result)
            return
        incoming = self._requests.take(request)
        self._objects.list_resources(request.path.object, resources)
        self._list(request.path, self._objects.links(request.path), incoming, now)

    def _links(self, path: Path) -> tuple[Path, ...]:
        """What is at `path` and below it, of the host and of the module."""
        both = dict.fromkeys((*self._objects.links(path), *self._own.links(path)))
        return tuple(
            sorted(both, key=lambda path: [int(part) for part in str(path)[1:].split("/")])
        )

    def write_attributes(self, path: Path, incoming: Incoming, now: float) -> None:
        strict, query = self._style.strict, incoming.message.opt.uri_query
        if not (self._links(path) if strict else self._objects.knows(path)):
            raise Refused(NOT_FOUND)
        request = ParameterRequest(self._requests.msgid(incoming.mid), path, tuple(query))
        known = self._objects.knows(path)
        if known and Operation.WRITE_ATTRIBUTES in self.rules.answers:
            self._requests.ask(request, incoming, now)
            return
        self._write_attributes(request)
        incoming.respond(Message(code=CHANGED), now)
        if known:
            self._host().parameters(request)

    def _write_attributes(self, request: ParameterRequest) -> None:
        number = not self._style.strict or self._is_number(request.path)
        try:
            self._attributes.write(request.path, request.query, number=number)
        except ContentError:
            raise Refused(BAD_REQUEST) from None

    def answer_parameters(self, msgid: int, result: Result, now: float) -> None:
        request = self._requests.find(ParameterRequest, msgid, now)
        if result is not Result.DONE:
            self._requests.fail(request, now, result)
            return
        try:
            self._write_attributes(request)
        except Refused:
            self._requests.fail(request, now, Result.BAD_REQUEST)
        else:
            self._requests.complete(request, now)

    def _is_number(self, path: Path) -> bool:
        declared = self._objects.type_of(path)
        kind = registry.type_of(path) if declared is None else self._host().lwm2m_type(declared)
        return kind in (Type.INTEGER, Type.UNSIGNED, Type.FLOAT)

    def observe(self, path: Path, incoming: Incoming, now: float) -> None:
        accept = incoming.message.opt.accept
        if self._style.strict:
            check_accept(accept, path)
            if not self._links(path):
                check(Operation.OBSERVE, path, declared=False)
                raise Refused(NOT_FOUND)
        elif not self._objects.links(path):
            raise Refused(METHOD_NOT_ALLOWED if self._own.knows(path) else NOT_FOUND)
        if not self._objects.links(path):  # the module's own
            self._observe(path, incoming, now)
            return
        msgid = self._requests.observe_id(path, incoming.mid, counted=self.rules.counts_observes)
        if Operation.OBSERVE in self.rules.answers:
            self._requests.ask(ObserveRequest(msgid, path, active=True), incoming, now)
            return
        self._observe(path, incoming, now)
        self._host().observed(msgid, path, active=True)
        if not self._style.observe_value:
            self._observations.release(now)

    def _observe(self, path: Path, incoming: Incoming, now: float) -> None:
        accept = incoming.message.opt.accept
        if not self._observations.observe(incoming.peer, incoming.token, path, now, accept):
            raise Refused(INTERNAL_SERVER_ERROR)
        first = self._style.first_observe
        if not self._style.observe_value:
            # The answer carries no value (observed in the suite's own code).
            answer = Message(code=CONTENT)
            set_number(answer, OptionNumber.OBSERVE, first, self._style)
            incoming.respond(answer, now)
            return

        def mark(message: Message, items: tuple[Item, ...]) -> None:
            if message.code.is_successful():
                set_number(message, OptionNumber.OBSERVE, first, self._style)
                self._observations.answered(path, items)
            else:
                self._observations.cancel(path)

        try:
            self._requests.receive(Operation.OBSERVE, path, incoming, now, on_value=mark)
        except Refused:
            self._observations.cancel(path)
            raise

    def answer_observe(self, msgid: int, result: Result, now: float) -> None:
        request = self._requests.find(ObserveRequest, msgid, now)
        if result is not Result.DONE:
            self._requests.forget_observe(request.path)
            self._requests.fail(request, now, result)
            return
        incoming = self._requests.take(request)
        try:
            if request.active:
                self._observe(request.path, incoming, now)
            else:
                self._cancel(request.path, incoming, now)
        except Refused as refused:
            incoming.respond(Message(code=refused.code), now)

    def cancel_observe(self, path: Path, incoming: Incoming, now: float) -> None:
        if path not in self._observations.paths:
            raise Refused(NOT_FOUND)
        msgid = self._requests.msgid(incoming.mid)
        if self._objects.links(path) and Operation.OBSERVE in self.rules.answers:
            self._requests.ask(ObserveRequest(msgid, path, active=False), incoming, now)
            return
        self._cancel(path, incoming, now)
        if self._objects.links(path):
            self._host().observed(msgid, path, active=False)

    def _cancel(self, path: Path, incoming: Incoming, now: float) -> None:
        self._observations.cancel(path)
        self._requests.forget_observe(path)
        # guess: with a value, as a read is answered, where the observe is
        if self._style.observe_value:
            self._requests.receive(Operation.READ, path, incoming, now)
        else:
            incoming.respond(Message(code=CONTENT), now)
