"""One request of the platform: the program is asked, and its word becomes command lines."""

from __future__ import annotations

import asyncio
import logging
from typing import Final, assert_never

from m5310.device.callbacks import Callback, Callbacks, name
from m5310.device.reports import check_payload
from m5310.dialects.dialect import Commands, Dialect, Request, WireValue
from m5310.dialects.urcs import ExecuteRequest, ReadRequest, WriteRequest
from m5310.errors import AnswerError, NotFound, NotSupported, ParameterError
from m5310.lwm2m.path import Path
from m5310.lwm2m.resources import ObjectTree, Resource
from m5310.lwm2m.values import Value, ValueType, decode

ANSWER_WITHIN: Final = 3.0
"""Seconds from a request's arrival to its answer (OneNET guide 5.1.3 recommends it)."""

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


class _Unserved(Exception):
    """A callback that did not bring a result: too late, or cancelled."""


class RequestHandler:
    """No lock is held while a callback of the program runs, so it may report values itself."""

    def __init__(
        self,
        resources: ObjectTree,
        handlers: Handlers,
        dialect: Dialect,
        *,
        answer_within: float = ANSWER_WITHIN,
    ) -> None:
        self._resources = resources
        self._dialect = dialect
        self._handlers = handlers
        self._answer_within = answer_within
        self._callbacks = Callbacks()

    def due(self) -> float:
        """When a request that arrives now must be answered, on the loop's clock."""
        return asyncio.get_running_loop().time() + self._answer_within

    def let_caller_go(self) -> None:
        """If a callback calls: `close` shall not wait for it, it waits for what closes us."""
        self._callbacks.let_caller_go()

    async def close(self) -> None:
        """A callback that runs is cancelled or, in its thread, abandoned."""
        await self._callbacks.close()

    async def answer(self, parts: tuple[Request, ...], deadline: float, *, serve: bool) -> Commands:
        """The command lines that answer a request of so many `parts`, of which only a write has
        several. Without `serve` it is refused unseen.

        Never raises but for a cancellation.
        """
        request = parts[0]
        try:
            if not serve:
                raise NotSupported("the device is not registered")
            match request:
                case ReadRequest():
                    return await self._read(request, deadline)
                case WriteRequest():
                    return await self._write(parts, deadline)
                case ExecuteRequest():
                    return await self._run(request, deadline)
                case _:
                    assert_never(request)
        except (NotFound, NotSupported, AnswerError, _Unserved) as error:
            _log.warning("%s is answered failed: %s", words(request), error)
            reason: Exception = error
        except Exception as error:
            _log.exception("%s is answered failed", words(request))
            reason = error
        return self._dialect.refuse(request, reason, self._declared(request.path))

    def _declared(self, path: Path) -> ValueType | None:
        try:
            return self._resources.find(path).type
        except NotFound:
            return None

    async def _read(self, request: ReadRequest, deadline: float) -> Commands:
        """All values are gathered before the first line: an answer is whole or a refusal."""
        resources = self._resources.readable(request.path)
        texts: list[str | None] = []  # None: the stored value's
        for resource in resources:
            value = await self._call(deadline, self._handlers.on_read, resource)
            texts.append(None if value is None else resource.set(value))  # type: ignore[arg-type]  # checked there
        values = [
            WireValue(each.path, each.type, each.text if text is None else text)
            for each, text in zip(resources, texts, strict=True)
        ]
        check_payload(f"the answer to a read of {request.path}", (each.text for each in values))
        return self._dialect.answer_read(request, values)

    async def _write(self, parts: tuple[Request, ...], deadline: float) -> Commands:
        """Several resources: all are checked before the program sees the first."""
        writes = [part for part in parts if isinstance(part, WriteRequest)]
        if len(writes) > 1 and writes[0].flag != 1:
            raise AnswerError("the first part of the write did not come")
        changes = [self._change(write) for write in writes]
        for resource, value in changes:
            await self._call(deadline, self._handlers.on_write, resource, value)
            resource.store(value)
        return self._dialect.confirm(writes[0])

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
        return self._dialect.confirm(request)

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


def words(request: Request) -> str:
    """What a log calls it."""
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
