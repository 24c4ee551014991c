"""Requests of the platform that the host answers: read, write and execute, by message id.

A repeated request is written to the host again, answered or not: the suite keeps no record of what
it has answered (observed in the suite's own code). The answers so far to a repeated one stand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar, assert_never

from emulator.air.messages import Code, Execute, Item, Path, Read, Response, Uplink, Value, Write
from emulator.module.at.codec import Cme, Refusal
from emulator.module.dialects.classic.values import (
    PAYLOAD_LIMIT,
    Uncarriable,
    ValueType,
    announced_length,
    as_declared,
    size,
    text_of,
    value_of,
)
from emulator.module.firmware import Firmware
from emulator.module.lwm2m.objects import Objects, covers

PENDING_LIMIT = 16  # the oldest is forgotten; a guess
# Seconds after which a request is stale, repeated or not. The platform repeats every 10 s and gives
# up 10 s after the second repeat (OneNET guide 5.2.2): nobody waits for a later answer. A guess.
STALE_AFTER = 30.0

Request = Read | Write | Execute


@dataclass(slots=True)
class _Reading:
    request: Read
    since: float
    answers: dict[Path, Value] = field(default_factory=dict)
    sizes: dict[Path, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Writing:
    request: Write
    since: float
    lines: tuple[str, ...]  # the URCs, in order
    written: int = 0


@dataclass(slots=True)
class _Executing:
    request: Execute
    since: float


_Pending = _Reading | _Writing | _Executing
_P = TypeVar("_P", _Reading, _Writing, _Executing)


@dataclass(frozen=True, slots=True)
class ReadLine:
    """One `AT+MIPLREAD`; -1 in an id stands where the request has it."""

    msgid: int
    ids: tuple[int, int, int]
    type: ValueType
    text: str
    last: bool


class Requests:
    """`urc` writes an unsolicited line to the host, `send` a message into the air."""

    def __init__(
        self,
        objects: Objects,
        urc: Callable[[str], None],
        send: Callable[[Uplink], None],
        firmware: Firmware,
    ) -> None:
        self._objects = objects
        self._urc = urc
        self._send = send
        self._typed_urcs = firmware.typed_urcs
        self._read_suffix = firmware.read_suffix
        self._pending: dict[int, _Pending] = {}

    def __len__(self) -> int:
        return len(self._pending)

    def clear(self) -> None:
        self._pending.clear()

    # From the platform -------------------------------------------------------------------------

    def receive(self, request: Request, now: float) -> None:
        """Write the request to the host, or answer it at once when the host never could."""
        self._forget_stale(now)
        if not self._objects.knows(request.path):
            self._send(Response(request.mid, Code.NOT_FOUND))
            return
        try:
            match request:
                case Read():
                    self._read(request, now)
                case Write():
                    self._write(request, now)
                case Execute():
                    self._execute(request, now)
                case _:
                    assert_never(request)
        except Uncarriable:
            self._send(Response(request.mid, Code.BAD_REQUEST))

    def _read(self, request: Read, now: float) -> None:
        pending = self._pending.get(request.mid)
        if not (isinstance(pending, _Reading) and pending.request == request):
            self._remember(_Reading(request, now))
        object_, instance, resource = _ids(request.path)
        self._urc(f"+MIPLREAD:0,{request.mid},{object_},{instance},{resource}{self._read_suffix}")

    def _write(self, request: Write, now: float) -> None:
        pending = self._pending.get(request.mid)
        if not (isinstance(pending, _Writing) and pending.request == request):
            pending = _Writing(request, now, self._write_lines(request))
            self._remember(pending)
        if self._typed_urcs:
            for line in pending.lines:
                self._urc(line)
        else:
            self._urc(pending.lines[pending.written])

    def _write_lines(self, request: Write) -> tuple[str, ...]:
        if any(item.path.resource is None for item in request.items):
            raise Uncarriable
        values = [self._typed(item) for item in request.items]
        texts = [text_of(value) for _, value in values]
        if not texts or sum(map(size, texts)) > PAYLOAD_LIMIT:
            raise Uncarriable
        lines: list[str] = []
        for position, (item, (kind, _), text) in enumerate(
            zip(request.items, values, texts, strict=True)
        ):
            index = len(texts) - 1 - position
            flag = 0 if index == 0 else 1 if position == 0 else 2
            object_, instance, resource = _ids(item.path)
            line = f"+MIPLWRITE:0,{request.mid},{object_},{instance},{resource},"
            if self._typed_urcs:
                line += f"{kind.value},{announced_length(kind, text)},{text},{flag},{index}"
            else:
                line += text
            lines.append(line)
        return tuple(lines)

    def _typed(self, item: Item) -> tuple[ValueType, Value]:
        declared = self._objects.resource(item.path)
        return as_declared(item.value, None if declared is None else declared.type)

    def _execute(self, request: Execute, now: float) -> None:
        if request.path.resource is None or len(request.arguments) > PAYLOAD_LIMIT:
            raise Uncarriable
        try:
            arguments = text_of(request.arguments.decode())
        except UnicodeDecodeError:
            raise Uncarriable from None
        pending = self._pending.get(request.mid)
        if not (isinstance(pending, _Executing) and pending.request == request):
            self._remember(_Executing(request, now))
        object_, instance, resource = _ids(request.path)
        line = f"+MIPLEXECUTE:0,{request.mid},{object_},{instance},{resource}"
        if arguments and self._typed_urcs:
            line += f',{len(arguments)},"{arguments}"'
        elif arguments:
            line += f",{arguments}"
        self._urc(line)

    def _remember(self, pending: _Pending) -> None:
        self._pending.pop(pending.request.mid, None)
        self._pending[pending.request.mid] = pending
        if len(self._pending) > PENDING_LIMIT:
            del self._pending[next(iter(self._pending))]

    def _forget_stale(self, now: float) -> None:
        stale = [mid for mid, p in self._pending.items() if now - p.since >= STALE_AFTER]
        for mid in stale:
            del self._pending[mid]

    # From the host -----------------------------------------------------------------------------

    def _find(self, kind: type[_P], msgid: int, now: float) -> _P:
        """The pending request of this kind; Refusal for an unknown, stale or answered msgid."""
        self._forget_stale(now)
        pending = self._pending.get(msgid)
        if not isinstance(pending, kind):
            raise Refusal(Cme.INCORRECT_PARAMETERS)
        return pending

    def answer_read(self, line: ReadLine, now: float) -> None:
        """Take one line of a read's answer; the last one sends it. Raises Refusal."""
        pending = self._find(_Reading, line.msgid, now)
        if self._says_unreadable(line, pending.request):
            self._end(line.msgid, self._failure(pending.request.path))
            return
        path = Path(*line.ids)
        declared = self._objects.resource(path)
        if not covers(pending.request.path, path) or declared is None:
            raise Refusal(Cme.INCORRECT_PARAMETERS)
        if declared.type is not line.type:
            raise Refusal(Cme.INCORRECT_PARAMETERS)
        value = value_of(line.type, line.text)
        sizes = {**pending.sizes, path: size(line.text)}
        if sum(sizes.values()) > PAYLOAD_LIMIT:
            raise Refusal(Cme.INCORRECT_PARAMETERS)
        pending.answers[path], pending.sizes = value, sizes
        if line.last:
            items = tuple(Item(path, value) for path, value in pending.answers.items())
            self._end(line.msgid, Code.CONTENT, items)

    def _says_unreadable(self, line: ReadLine, request: Read) -> bool:
        """The host cannot read it: the ids of the request, the empty value of a type it is not.

        A guess: the read answer of the classic language has no field for a result.
        """
        if line.text or not line.last or line.ids != _ids(request.path):
            return False
        declared = (
            self._objects.resource(request.path) if request.path.resource is not None else None
        )
        if declared is None:
            return line.type in (ValueType.OPAQUE, ValueType.STRING)
        other = ValueType.STRING if declared.type is ValueType.OPAQUE else ValueType.OPAQUE
        return line.type is other

    def _failure(self, path: Path) -> Code:
        """What the platform is told when the host fails: a guess, as above."""
        if path.resource is not None and self._objects.resource(path) is None:
            return Code.NOT_FOUND
        return Code.INTERNAL_SERVER_ERROR

    def answer_write(self, msgid: int, *, done: bool, now: float) -> None:
        """Take an `AT+MIPLWRITE`. Raises Refusal."""
        pending = self._find(_Writing, msgid, now)
        failed = pending.request.items[pending.written].path
        if not done:
            self._end(msgid, self._failure(failed))
            return
        pending.written += 1
        if self._typed_urcs or pending.written == len(pending.lines):
            self._end(msgid, Code.CHANGED)
        else:
            self._urc(pending.lines[pending.written])

    def answer_execute(self, msgid: int, *, done: bool, now: float) -> None:
        """Take an `AT+MIPLEXECUTE`. Raises Refusal."""
        pending = self._find(_Executing, msgid, now)
        self._end(msgid, Code.CHANGED if done else self._failure(pending.request.path))

    def _end(self, msgid: int, code: Code, items: tuple[Item, ...] = ()) -> None:
        del self._pending[msgid]
        self._send(Response(msgid, code, items=items))


def _ids(path: Path) -> tuple[int, int, int]:
    """The ids as the AT language writes them: -1 stands for all."""
    return (
        path.object,
        -1 if path.instance is None else path.instance,
        -1 if path.resource is None else path.resource,
    )
