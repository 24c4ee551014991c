"""Requests of the platform that the host answers (read, write, execute), by message id.

A repeated request is forwarded to the host again, answered or not: the suite keeps no record of
what it has answered (observed in the suite's own code). The values already given to a repeated read
are kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, assert_never

from emulator.air.messages import Execute, Read, Response, Uplink, Write
from emulator.air.model import Code, Item, Path
from emulator.module.lwm2m.host import (
    PAYLOAD_LIMIT,
    CannotForward,
    ExecuteRequest,
    Host,
    ReadRequest,
    Request,
    UnknownRequest,
    WriteRequest,
)
from emulator.module.lwm2m.objects import Objects

ALL_MSGIDS = range(0x10000)  # as in CoAP
PENDING_LIMIT = 32  # guess: bounds the memory, above the platform's; the oldest is dropped
# Seconds after which a request is stale, repeated or not. The platform repeats every 10 s and gives
# up 10 s after the second repeat (OneNET guide 5.2.2).
# guess: that the module forgets it then; a later answer could no longer be used.
STALE_AFTER = 30.0

# The object Device as the suite answers it by itself: the firmware version (observed in its code).
_OWN_ITEMS = (Item(Path(3, 0, 3), "1.0"),)

Message = Read | Write | Execute
_R = TypeVar("_R", ReadRequest, WriteRequest, ExecuteRequest)


@dataclass(frozen=True, slots=True)
class _Pending:
    message: Message
    request: Request
    since: float


class Requests:
    """`send` transmits a message to the platform. `msgids`: the ids that the host gets to see."""

    def __init__(
        self, objects: Objects, send: Callable[[Uplink], None], msgids: range = ALL_MSGIDS
    ) -> None:
        self._objects = objects
        self._send = send
        self._msgids = msgids
        self._pending: dict[int, _Pending] = {}

    def __len__(self) -> int:
        return len(self._pending)

    def clear(self) -> None:
        self._pending.clear()

    def msgid(self, mid: int) -> int:
        """The id for the host of the platform's message `mid`: the same one where it is allowed."""
        return self._msgids[(mid - self._msgids.start) % len(self._msgids)]

    def receive(self, message: Message, host: Host, now: float) -> None:
        """Forward the request to the host, or answer it where the host cannot."""
        self._drop_stale(now)
        if not self._objects.knows(message.path):
            self._answer_itself(message, host)
            return
        msgid = self.msgid(message.mid)
        pending = self._pending.get(msgid)
        repeated = pending is not None and pending.message == message
        try:
            request = pending.request if pending and repeated else _request_of(message, msgid)
            _forward(request, host)
        except CannotForward:
            self._send(Response(message.mid, Code.BAD_REQUEST))
            return
        if not repeated:
            self._pending.pop(msgid, None)
            self._pending[msgid] = _Pending(message, request, now)
            if len(self._pending) > PENDING_LIMIT:
                del self._pending[next(iter(self._pending))]

    def _answer_itself(self, message: Message, host: Host) -> None:
        """A read of the module's own object, which the host sees; of no other object is any."""
        found: tuple[Item, ...] = ()
        if isinstance(message, Read):
            found = tuple(item for item in _OWN_ITEMS if message.path.covers(item.path))
        if found:
            host.read(ReadRequest(self.msgid(message.mid), message.path))
            self._send(Response(message.mid, Code.CONTENT, items=found))
        else:
            self._send(Response(message.mid, Code.NOT_FOUND))

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

    def complete(self, request: Request) -> None:
        """Answer with success: a read with its values."""
        if isinstance(request, ReadRequest):
            items = tuple(Item(path, value) for path, (value, _) in request.answers.items())
            self._answer(request, Code.CONTENT, items)
        else:
            self._answer(request, Code.CHANGED)

    def fail(self, request: Request) -> None:
        """Answer that the host could not do it, where the dialect has no code for the reason."""
        # guess: 4.04 for a resource that was never declared, 5.00 for the others
        path = request.path
        if isinstance(request, WriteRequest):
            path = request.items[request.confirmed].path
        undeclared = path.resource is not None and self._objects.type_of(path) is None
        self._answer(request, Code.NOT_FOUND if undeclared else Code.INTERNAL_SERVER_ERROR)

    def _answer(self, request: Request, code: Code, items: tuple[Item, ...] = ()) -> None:
        message = self._pending.pop(request.msgid).message
        self._send(Response(message.mid, code, items=items))

    def _drop_stale(self, now: float) -> None:
        if self._pending:
            stale = [msgid for msgid, p in self._pending.items() if now - p.since >= STALE_AFTER]
            for msgid in stale:
                del self._pending[msgid]


def _request_of(message: Message, msgid: int) -> Request:
    """Raises CannotForward for what names no resource, or is empty or too long."""
    match message:
        case Read():
            return ReadRequest(msgid, message.path)
        case Write(_, path, items):
            if not items or any(item.path.resource is None for item in items):
                raise CannotForward
            return WriteRequest(msgid, path, items)
        case Execute(_, path, arguments):
            if path.resource is None or len(arguments) > PAYLOAD_LIMIT:
                raise CannotForward
            return ExecuteRequest(msgid, path, arguments)
        case _:
            assert_never(message)


def _forward(request: Request, host: Host) -> None:
    match request:
        case ReadRequest():
            host.read(request)
        case WriteRequest():
            host.write(request)
        case ExecuteRequest():
            host.execute(request)
        case _:
            assert_never(request)
