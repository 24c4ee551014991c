"""The platform's requests, served in the order they came by one task.

No lock is held while a user's callback runs, so it may itself report values or send commands.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple, assert_never

from m5310.at import Answer, Command
from m5310.classic import commands as classic
from m5310.classic.urc import ExecuteRequest, ReadRequest, WriteRequest
from m5310.device.callbacks import Callback, Callbacks, name
from m5310.device.reports import check_payload
from m5310.errors import AnswerError, M5310Error, NotFound, NotSupported, ParameterError
from m5310.lwm2m import ObjectTree, Path, Resource
from m5310.values import Value, ValueType, decode

ANSWER_WITHIN: Final = 3.0
"""Seconds from a request's arrival to its answer (OneNET guide 5.1.3 recommends it)."""
REMEMBERED: Final = 30.0
"""Seconds a request is known again. The platform repeats an unanswered one with the same msgid
after 10 s, twice (OneNET guide 5.1.3); the rest is for the way."""
QUEUE_LIMIT: Final = 64
"""Requests that may wait. The platform gives one up 30 s after it was made: what 64 served at
their deadline take is far beyond that."""
PARTS_LIMIT: Final = 128
"""Resources one write may bring; its values together have at most 1000 bytes."""

Request = ReadRequest | WriteRequest | ExecuteRequest
Execute = Callable[[Command], Awaitable[Answer]]
Commands = tuple[Command, ...]
_Key = tuple[type[Request], int, Path]

_log = logging.getLogger("m5310.device")


class Handlers:
    """What the program does with requests; any of them sync or async, None: what is said here.

    `on_read(resource)` returns a new value, or None for the stored one (default: always that).
    `on_write(resource, value)` raises to refuse (default: every write is taken).
    `on_execute(resource, arguments: bytes)` raises to refuse (default: every one is refused).
    """

    __slots__ = ("on_execute", "on_read", "on_write")

    def __init__(
        self,
        on_read: Callback | None = None,
        on_write: Callback | None = None,
        on_execute: Callback | None = None,
    ) -> None:
        for callback in (on_read, on_write, on_execute):
            if callback is not None and not callable(callback):
                raise ParameterError(f"the callback {callback!r} is not a function")
        self.on_read = on_read
        self.on_write = on_write
        self.on_execute = on_execute


class _Job(NamedTuple):
    """A request to be served, or with `answer` set, one whose answer is to be said again."""

    key: _Key
    parts: tuple[Request, ...]
    deadline: float
    start: int  # of the module: its msgids mean nothing after the next
    serve: bool = True
    answer: Commands | None = None


class _Unserved(Exception):
    """A callback that did not bring a result: too late, or cancelled."""


class Requests:
    """Serves what `arrived` is told; `start` it in the loop, `close` it in the end."""

    def __init__(
        self,
        resources: ObjectTree,
        execute: Execute,
        handlers: Handlers,
        *,
        answer_within: float = ANSWER_WITHIN,
    ) -> None:
        self._resources = resources
        self._execute = execute
        self._handlers = handlers
        self._answer_within = answer_within
        self._callbacks = Callbacks()
        self._jobs: asyncio.Queue[_Job] = asyncio.Queue(QUEUE_LIMIT)
        self._known: dict[_Key, tuple[float, Commands | None]] = {}
        self._parts: list[WriteRequest] = []
        self._task: asyncio.Task[None] | None = None
        self._start = 0
        self.dropped = 0
        """Requests that found the queue full; the platform repeats them."""

    def start(self) -> None:
        self._task = asyncio.create_task(self._serve_all(), name="m5310-requests")

    def let_caller_go(self) -> None:
        """If a callback calls: `close` shall not wait for it, it waits for what closes us."""
        self._callbacks.let_caller_go()

    async def close(self) -> None:
        """Stop serving; a callback that runs is cancelled or, in its thread, abandoned."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})
        await self._callbacks.close()

    def arrived(self, request: Request, *, registered: bool) -> None:
        """Take a request, now. Returns at once and never raises.

        One that comes while the device is not `registered` is refused without asking the
        program. The C kit lets it wait for nothing; a refusal spares the platform half a minute.
        """
        now = asyncio.get_running_loop().time()
        parts = self._complete(request)
        if parts is None:
            return
        key = type(request), request.msgid, parts[0].path
        self._forget_before(now - REMEMBERED)
        known = self._known.get(key)
        if known is not None and known[1] is None:
            return  # a repeat of what is being served: one answer serves both
        answer = known[1] if known else None
        try:
            due = now + self._answer_within
            self._jobs.put_nowait(_Job(key, parts, due, self._start, registered, answer))
        except asyncio.QueueFull:
            self.dropped += 1
            _log.warning("%d requests wait: %s is dropped", QUEUE_LIMIT, _words(request))
            return
        if known is None:
            self._known[key] = now, None

    def forget(self) -> None:
        """The module has restarted: what came before is void. A callback that runs is left to
        end in its own time; its outcome is nobody's."""
        self._start += 1
        self._known.clear()
        self._parts.clear()
        while not self._jobs.empty():
            self._jobs.get_nowait()

    def _complete(self, request: Request) -> tuple[Request, ...] | None:
        """The whole request, None as long as more parts of a write are to follow."""
        if not isinstance(request, WriteRequest):
            return (request,)
        if request.flag == 1 or (self._parts and self._parts[0].msgid != request.msgid):
            self._parts = []  # what was begun before has been given up
        self._parts.append(request)
        if not request.last:
            if len(self._parts) > PARTS_LIMIT:
                _log.warning("a write of more than %d parts is dropped", PARTS_LIMIT)
                self._parts = []
            return None
        parts, self._parts = tuple(self._parts), []
        return parts

    def _forget_before(self, then: float) -> None:
        # in the order of arrival: the oldest come first
        while self._known:
            key = next(iter(self._known))
            if self._known[key][0] > then:
                return
            del self._known[key]

    async def _serve_all(self) -> None:
        while True:
            job = await self._jobs.get()
            answer = job.answer
            if answer is None:
                answer = await self._answer(job)
                if job.key in self._known and job.start == self._start:
                    self._known[job.key] = self._known[job.key][0], answer
            await self._send(answer, job.start)

    async def _send(self, answer: Commands, start: int) -> None:
        try:
            for command in answer:
                if start != self._start:
                    return
                await self._execute(command)
        except M5310Error as error:
            # A late answer, or a second one to the same msgid, is refused and does no harm.
            _log.warning("an answer was not taken: %s", error)

    # --- one request -------------------------------------------------------------------------

    async def _answer(self, job: _Job) -> Commands:
        """The command lines that answer; never raises but for a cancellation."""
        request = job.parts[0]
        try:
            if not job.serve:
                raise NotSupported("the device is not registered")
            match request:
                case ReadRequest():
                    return await self._read(request, job.deadline)
                case WriteRequest():
                    return await self._write(job.parts, job.deadline)
                case ExecuteRequest():
                    return await self._run(request, job.deadline)
                case _:
                    assert_never(request)
        except (NotFound, NotSupported, AnswerError, _Unserved) as error:
            _log.warning("%s is answered failed: %s", _words(request), error)
        except Exception:
            _log.exception("%s is answered failed", _words(request))
        return self._failed(request)

    def _failed(self, request: Request) -> Commands:
        match request:
            case ReadRequest():
                declared = self._declared(request.path)
                return (classic.answer_unreadable(request.msgid, request.path, declared),)
            case WriteRequest():
                return (classic.answer_write(request.msgid, done=False),)
            case ExecuteRequest():
                return (classic.answer_execute(request.msgid, done=False),)
            case _:
                assert_never(request)

    def _declared(self, path: Path) -> ValueType | None:
        try:
            return self._resources.find(path).type
        except NotFound:
            return None

    async def _read(self, request: ReadRequest, deadline: float) -> Commands:
        """All values are gathered before the first line: an answer is whole or a refusal."""
        resources = self._resources.readable(request.path)
        for resource in resources:
            value = await self._call(deadline, self._handlers.on_read, resource)
            if value is not None:
                resource.value = value  # type: ignore[assignment]  # checked by the setter
        texts = [resource.text for resource in resources]
        check_payload(f"the answer to a read of {request.path}", texts)
        last = len(resources) - 1
        return tuple(
            classic.answer_read(request.msgid, each.path, each.type, text, last=at == last)
            for at, (each, text) in enumerate(zip(resources, texts, strict=True))
        )

    async def _write(self, parts: tuple[Request, ...], deadline: float) -> Commands:
        """Several resources: all are checked before the program sees the first."""
        writes = [part for part in parts if isinstance(part, WriteRequest)]
        if len(writes) > 1 and writes[0].flag != 1:
            raise AnswerError("the first part of the write did not come")
        changes = [self._change(write) for write in writes]
        for resource, value in changes:
            await self._call(deadline, self._handlers.on_write, resource, value)
            resource.store(value)
        return (classic.answer_write(writes[0].msgid, done=True),)

    def _change(self, write: WriteRequest) -> tuple[Resource, Value]:
        resource = self._resources.writable(write.path)
        opaque = ValueType.OPAQUE
        if write.kind is not None and (write.kind is opaque) != (resource.type is opaque):
            # hex digits for a text, or the reverse, would be stored as if they were the value
            raise AnswerError(f"{write.path} is {resource.type.name}, not {write.kind.name}")
        return resource, decode(resource.type, write.text)

    async def _run(self, request: ExecuteRequest, deadline: float) -> Commands:
        resource = self._resources.executable(request.path)
        if self._handlers.on_execute is None:
            raise NotSupported(f"nothing here executes {request.path}")
        await self._call(deadline, self._handlers.on_execute, resource, request.arguments)
        return (classic.answer_execute(request.msgid, done=True),)

    async def _call(self, deadline: float, callback: Callback | None, *args: object) -> object:
        """What the callback returns; _Unserved if it does not end by the deadline."""
        if callback is None:
            return None
        remaining = deadline - asyncio.get_running_loop().time()
        if remaining <= 0:
            raise _Unserved("the deadline passed before its turn came")
        task = self._callbacks.start(callback, *args)
        try:
            await asyncio.wait({task}, timeout=remaining)
        finally:
            finished = task.done()
            if not finished:
                task.cancel()  # not awaited: it may ignore that, or be stuck in its thread
        if not finished:
            raise _Unserved(f"{name(callback)} did not end within {self._answer_within:g} s")
        if task.cancelled():
            raise _Unserved(f"{name(callback)} was cancelled")
        error = task.exception()
        if error is not None and not isinstance(error, Exception):
            # SystemExit ends the event loop, that is its meaning; this task ends in its own time
            raise _Unserved(f"{name(callback)} was ended by {error!r}")
        return task.result()


def _words(request: Request) -> str:
    match request:
        case ReadRequest():
            what = "the read of"
        case WriteRequest():
            what = "the write to"
        case ExecuteRequest():
            what = "the execution of"
        case _:
            assert_never(request)
    return f"{what} {request.path} (msgid {request.msgid})"
