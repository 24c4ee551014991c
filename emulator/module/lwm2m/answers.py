"""What the module answers itself, and then reports to the host: discover, observe, attributes."""

from __future__ import annotations

from collections.abc import Callable

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
from emulator.module.lwm2m.host import Host
from emulator.module.lwm2m.objects import Objects
from emulator.module.lwm2m.observations import Observations
from emulator.module.lwm2m.operations import Operation, Refused
from emulator.module.lwm2m.own_objects import OwnObjects
from emulator.module.lwm2m.payloads import check_accept, discovered, set_number
from emulator.module.lwm2m.requests import Requests
from emulator.module.lwm2m.style import Style


class Answers:
    """Each method answers `incoming`, or raises Refused. `host` returns the host."""

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
        attributes = self._attributes.shown(path, found) if self._style.strict else {}
        incoming.respond(discovered(found, attributes), now)
        if links:
            self._host().discovered(self._requests.msgid(incoming.mid), path)

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
        try:
            self._attributes.write(path, query, number=not strict or self._is_number(path))
        except ContentError:
            raise Refused(BAD_REQUEST) from None
        incoming.respond(Message(code=CHANGED), now)

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
        if not self._observations.observe(incoming.peer, incoming.token, path, now, accept):
            raise Refused(INTERNAL_SERVER_ERROR)
        first = self._style.first_observe
        if self._style.observe_value:

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
        else:
            # The answer carries no value (observed in the suite's own code).
            answer = Message(code=CONTENT)
            set_number(answer, OptionNumber.OBSERVE, first, self._style)
            incoming.respond(answer, now)
        if self._objects.links(path):
            self._host().observed(self._requests.msgid(incoming.mid), path, active=True)
        if not self._style.observe_value:
            self._observations.release(now)

    def cancel_observe(self, path: Path, incoming: Incoming, now: float) -> None:
        if not self._observations.cancel(path):
            raise Refused(NOT_FOUND)
        # guess: with a value, as a read is answered, where the observe is
        if self._style.observe_value:
            self._requests.receive(Operation.READ, path, incoming, now)
        else:
            incoming.respond(Message(code=CONTENT), now)
        if self._objects.links(path):
            self._host().observed(self._requests.msgid(incoming.mid), path, active=False)
