"""Requests of the platform that the host answers, by the id that it gets: read, write, execute, and
in some dialects observe, discover and attributes.

A repeated request is forwarded to the host again, answered or not: the suite keeps no record of
what it has answered (observed in the suite's own code). The values already given to a repeated read
are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar, assert_never

from aiocoap import (
    BAD_REQUEST,
    CHANGED,
    CONTINUE,
    INTERNAL_SERVER_ERROR,
    METHOD_NOT_ALLOWED,
    NOT_ACCEPTABLE,
    NOT_FOUND,
    UNAUTHORIZED,
    UNSUPPORTED_CONTENT_FORMAT,
    Code,
    Message,
)

from emulator.coap.server import Incoming
from emulator.lwm2m import registry
from emulator.lwm2m.content import decode
from emulator.lwm2m.model import ContentError, Format, Item, Path, UnsupportedFormat
from emulator.lwm2m.values import Type
from emulator.module.lwm2m.definitions import check
from emulator.module.lwm2m.host import (
    ANSWER_TIME,
    PAYLOAD_LIMIT,
    CannotForward,
    DiscoverRequest,
    ExecuteRequest,
    Host,
    ObserveRequest,
    ParameterRequest,
    ReadRequest,
    Request,
    Result,
    UnknownRequest,
    WriteRequest,
)
from emulator.module.lwm2m.objects import Objects
from emulator.module.lwm2m.operations import Operation, Refused
from emulator.module.lwm2m.own_objects import PACKAGE, OwnObjects
from emulator.module.lwm2m.payloads import check_accept, content
from emulator.module.lwm2m.style import Style

ALL_MSGIDS = range(0x10000)  # as in CoAP
PENDING_LIMIT = 32  # guess: bounds the memory, above the platform's; the oldest is dropped
OBSERVE_IDS_LIMIT = 64  # guess: bounds the memory, as many as there are observations
UPDATE_TIME = 60.0  # guess: seconds in which a host erases or writes its memory
_OBSERVES = 1 << 12  # guess: the count starts again there: ids have 28 bits (seen in test answers)

# Of a request that the host has refused.
CODES: Mapping[Result, Code] = {
    Result.BAD_REQUEST: BAD_REQUEST,
    Result.UNAUTHORIZED: UNAUTHORIZED,
    Result.NOT_FOUND: NOT_FOUND,
    Result.NOT_ALLOWED: METHOD_NOT_ALLOWED,
    Result.NOT_ACCEPTABLE: NOT_ACCEPTABLE,
}

_R = TypeVar("_R", bound=Request)
OnValue = Callable[[Message, tuple[Item, ...]], None]


@dataclass(slots=True)
class _Pending:
    incoming: Incoming
    request: Request
    since: float
    # For the answer to an observe: called with the message and its values before it is sent.
    on_value: OnValue | None
    again: int = 0  # how often the platform has repeated it


class Requests:
    """`msgids`: the ids that the host gets to see. `host` returns who answers. Set `on_observed`,
    which is called once an observe is answered.
    """

    def __init__(
        self,
        objects: Objects,
        own: OwnObjects,
        style: Style,
        host: Callable[[], Host],
        msgids: range = ALL_MSGIDS,
    ) -> None:
        self._objects = objects
        self._own = own
        self._style = style
        self._host = host
        self._msgids = msgids
        self._pending: dict[int, _Pending] = {}
        self._observes = 0  # so far
        self._observe_ids: dict[Path, int] = {}  # oldest first
        self._repeated: dict[int, int] = {}  # of answered requests, how often they came again
        self.answer_time = ANSWER_TIME
        self.on_observed: Callable[[float], None] = lambda _now: None

    def __len__(self) -> int:
        return len(self._pending)

    def clear(self) -> None:
        self._pending.clear()
        self._observe_ids.clear()
        self._repeated.clear()

    def msgid(self, mid: int) -> int:
        """The id for the host of the platform's message `mid`: the same one where it is allowed."""
        return self._msgids[(mid - self._msgids.start) % len(self._msgids)]

    def observe_id(self, path: Path, mid: int, *, counted: bool) -> int:
        """The id for the host of an observe: a repeated one of this path keeps its first.

        `counted`: with the number of observes so far above its 16 bits.
        """
        known = self._observe_ids.get(path)
        if known is None:
            self._observes = (self._observes + 1) % _OBSERVES
            known = self._observes << 16 | mid if counted else self.msgid(mid)
            self._observe_ids[path] = known
            if len(self._observe_ids) > OBSERVE_IDS_LIMIT:
                del self._observe_ids[next(iter(self._observe_ids))]
        return known

    def forget_observe(self, path: Path) -> None:
        """The next observe of `path` gets another id."""
        self._observe_ids.pop(path, None)

    def observed_by(self, msgid: int) -> Path | None:
        """What was observed with this id."""
        return next((path for path, known in self._observe_ids.items() if known == msgid), None)

    def ask(self, request: Request, incoming: Incoming, now: float) -> None:
        """Forward a request to the host, which answers it."""
        self._drop_stale(now)
        self._forward(_Pending(incoming, request, now, None))

    def _forward(self, new: _Pending) -> None:
        """Forward a request, or again the one that is pending for the same message."""
        msgid = new.request.msgid
        pending = self._pending.get(msgid)
        if pending is None or pending.incoming is not new.incoming:
            pending = new
        else:
            pending.again += 1
        _show(pending.request, self._host())
        if self._pending.get(msgid) is not pending:
            self._pending.pop(msgid, None)
            self._pending[msgid] = pending
        if len(self._pending) > PENDING_LIMIT:
            del self._pending[next(iter(self._pending))]

    def receive(
        self,
        operation: Operation,
        path: Path,
        incoming: Incoming,
        now: float,
        *,
        on_value: OnValue | None = None,
    ) -> None:
        """Forward the request to the host, or answer it where the host cannot."""
        self._drop_stale(now)
        if self._style.strict and operation in (Operation.READ, Operation.OBSERVE):
            check_accept(incoming.message.opt.accept, path)
        lent = self._own.lends(path)
        if not lent and (not self._objects.knows(path) or self._serves_itself(path)):
            self._answer_itself(operation, path, incoming, now, on_value)
            return
        if self._style.strict and not lent:
            check(operation, path, declared=self._objects.type_of(path) is not None)
        msgid = self.msgid(incoming.mid)
        pending = self._pending.get(msgid)
        try:
            if pending is None or pending.incoming is not incoming:
                request = self._request_of(operation, path, incoming.message, msgid)
                pending = _Pending(incoming, request, now, on_value)
            self._forward(pending)
        except CannotForward:
            raise Refused(BAD_REQUEST) from None

    def _serves_itself(self, path: Path) -> bool:
        """Whether this is a resource that the host has left out of an object of the module."""
        undeclared = path.resource is not None and self._objects.type_of(path) is None
        return self._style.strict and undeclared and bool(self._own.items(path))

    def _answer_itself(
        self,
        operation: Operation,
        path: Path,
        incoming: Incoming,
        now: float,
        on_value: OnValue | None,
    ) -> None:
        """A read of the module's own object, which the host sees; of no other object is any."""
        found = self._own.items(path)
        if not found:
            raise Refused(NOT_FOUND)
        if operation in (Operation.READ, Operation.OBSERVE):
            accept = incoming.message.opt.accept
            answer = content(path, found, self._style, group=True, accept=accept)
            if on_value is not None:
                on_value(answer, found)
            else:
                self._host().read(ReadRequest(self.msgid(incoming.mid), path))
            incoming.respond(answer, now)
            if on_value is not None:
                self.on_observed(now)
            return
        if not self._style.strict:
            raise Refused(NOT_FOUND)
        check(operation, path, declared=True)
        items = self._decoded(path, incoming.message)
        for item in items:
            check(operation, item.path, declared=bool(self._own.items(item.path)))
        self._own.write(items, now)
        incoming.respond(Message(code=CHANGED), now)

    def _request_of(
        self, operation: Operation, path: Path, message: Message, msgid: int
    ) -> Request:
        """Raises CannotForward for what names no resource, or is empty or too long; Refused for a
        payload that cannot be read.
        """
        if operation in (Operation.READ, Operation.OBSERVE):
            return ReadRequest(msgid, path)
        if operation is Operation.EXECUTE:
            if len(message.payload) > PAYLOAD_LIMIT:
                raise CannotForward
            return ExecuteRequest(msgid, path, message.payload)
        items = self._decoded(path, message)
        if not items or any(item.path.resource is None for item in items):
            raise CannotForward
        block = message.opt.block1
        if path == PACKAGE and self._own.lent:
            part = None if block is None else (block.block_number, block.more)
            return WriteRequest(msgid, path, items, block=part)
        for item in items if self._style.strict else ():
            check(operation, item.path, declared=self._objects.type_of(item.path) is not None)
        return WriteRequest(msgid, path, items)

    def _decoded(self, path: Path, message: Message) -> tuple[Item, ...]:
        form = message.opt.content_format
        # A text to a resource that was never declared arrives as a string (observed).
        default = Type.STRING if form == Format.TEXT else None

        def type_of(path: Path) -> Type | None:
            declared = self._objects.type_of(path)
            kind = None if declared is None else self._host().lwm2m_type(declared)
            return kind or (registry.type_of(path) if self._style.strict else None) or default

        try:
            return decode(form, message.payload, path, type_of)
        except UnsupportedFormat:
            raise Refused(UNSUPPORTED_CONTENT_FORMAT) from None
        except ContentError:
            raise Refused(BAD_REQUEST) from None

    def drop_answers(self, msgid: int) -> None:
        """Forget the values already given in answer to this read."""
        pending = self._pending.get(msgid)
        if pending is not None and isinstance(pending.request, ReadRequest):
            pending.request.answers.clear()

    def find(self, kind: type[_R], msgid: int, now: float) -> _R:
        """The pending request. Raises UnknownRequest: of another kind, stale, or answered."""
        self._drop_stale(now)
        pending = self._pending.get(msgid)
        if pending is None or not isinstance(pending.request, kind):
            raise UnknownRequest
        return pending.request

    def waits(self, request: Request, now: float) -> bool:
        """Whether this very request still waits for the host's answer."""
        self._drop_stale(now)
        pending = self._pending.get(request.msgid)
        return pending is not None and pending.request is request

    def take(self, request: Request) -> Incoming:
        """The host has answered it: what to respond to."""
        return self._remove(request).incoming

    def _remove(self, request: Request) -> _Pending:
        pending = self._pending.pop(request.msgid)
        if pending.again:
            self._repeated.pop(request.msgid, None)
            self._repeated[request.msgid] = pending.again
            if len(self._repeated) > PENDING_LIMIT:
                del self._repeated[next(iter(self._repeated))]
        return pending

    def answers_again(self, msgid: int) -> bool:
        """Whether this is the answer to a repetition of a request that is answered; it counts."""
        left = self._repeated.pop(msgid, 0)
        if left > 1:
            self._repeated[msgid] = left - 1
        return left > 0

    def complete(self, request: Request, now: float) -> None:
        """Answer with success: a read with its values."""
        if not isinstance(request, ReadRequest):
            self._answer(request, self._done(request), now)
            return
        items = tuple(Item(path, value) for path, (value, _) in request.answers.items())
        if self._style.strict:
            own = self._own.items(request.path)
            declared = self._objects.type_of
            items += tuple(item for item in own if declared(item.path.resource_path) is None)
        group = self._objects.has_groups(request.path)
        accept = self._pending[request.msgid].incoming.message.opt.accept
        try:
            message = content(request.path, items, self._style, group=group, accept=accept)
        except Refused as refused:
            message = Message(code=refused.code)
        self._answer(request, message, now, items)

    def _done(self, request: Request) -> Message:
        message = Message(code=CHANGED)
        if isinstance(request, WriteRequest) and request.block is not None and request.block[1]:
            message = Message(code=CONTINUE)
            block = self._pending[request.msgid].incoming.message.opt.block1
            message.opt.block1 = (block.block_number, True, block.size_exponent)
        return message

    def newest(self, path: Path) -> WriteRequest | ExecuteRequest | None:
        """The newest write or execute at or below `path` that waits for the host."""
        for pending in reversed(self._pending.values()):
            request = pending.request
            if isinstance(request, WriteRequest | ExecuteRequest) and path.covers(request.path):
                return request
        return None

    def fail(self, request: Request, now: float, result: Result | None = None) -> None:
        """Answer that the host could not do it. `result`: None where the dialect has no reason."""
        if result is not None:
            self._answer(request, Message(code=CODES[result]), now)
            return
        # guess: 4.04 for a resource that was never declared, 5.00 for the others
        path = request.path
        if isinstance(request, WriteRequest):
            path = request.items[request.confirmed].path
        undeclared = path.resource is not None and self._objects.type_of(path) is None
        code: Code = NOT_FOUND if undeclared else INTERNAL_SERVER_ERROR
        self._answer(request, Message(code=code), now)

    def _answer(
        self, request: Request, message: Message, now: float, items: tuple[Item, ...] = ()
    ) -> None:
        pending = self._remove(request)
        if pending.on_value is not None:
            pending.on_value(message, items)
        pending.incoming.respond(message, now)
        if pending.on_value is not None:
            self.on_observed(now)

    def _time_for(self, request: Request) -> float:
        """Seconds in which an answer counts."""
        return UPDATE_TIME if self._own.lends(request.path) else self.answer_time

    def _drop_stale(self, now: float) -> None:
        if self._pending:
            stale = [
                msgid
                for msgid, pending in self._pending.items()
                if now - pending.since >= self._time_for(pending.request)
            ]
            for msgid in stale:
                del self._pending[msgid]


def _show(request: Request, host: Host) -> None:
    match request:
        case ReadRequest():
            host.read(request)
        case WriteRequest():
            host.write(request)
        case ExecuteRequest():
            host.execute(request)
        case ObserveRequest(msgid, path, active):
            host.observed(msgid, path, active=active)
        case DiscoverRequest(msgid, path):
            host.discovered(msgid, path)
        case ParameterRequest():
            host.parameters(request)
        case _:
            assert_never(request)
