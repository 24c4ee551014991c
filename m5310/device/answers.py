"""RequestHandler: calls the program's callback for a request and builds the answer."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
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
"""Seconds from the arrival of a request to its answer (recommended by OneNET guide 5.1.3)."""

_log = logging.getLogger("m5310.device")


@dataclass(frozen=True, slots=True)
class Handlers:
    """The program's callbacks, each a function or a coroutine function.

    `on_read(resource)` returns a new value, or None for the stored one. Default: None.
    `on_write(resource, value)` raises an exception to refuse. Default: every write is accepted.
    `on_execute(resource, arguments: bytes)` raises an exception to refuse. Default: every execute
    is refused.
    Raises ParameterError for one that is not callable.
    """

    on_read: Callback | None = None
    on_write: Callback | None = None
    on_execute: Callback | None = None

    def __post_init__(self) -> None:
        for callback in (self.on_read, self.on_write, self.on_execute):
            if callback is not None and not callable(callback):
                raise ParameterError(f"callback {callback!r}: expected a function")


class _Unfinished(Exception):
    """A callback ended without a result: too late, or cancelled."""


class RequestHandler:
    """Answers one request at a time.

    No lock is held while a callback runs, so that it may report values.
    """

    def __init__(
        self,
        resources: ObjectTree,
        handlers: Handlers,
        dialect: Dialect,
        callbacks: Callbacks,
        *,
        answer_within: float = ANSWER_WITHIN,
    ) -> None:
        self._resources = resources
        self._handlers = handlers
        self._dialect = dialect
        self._callbacks = callbacks
        self.answer_within: Final = answer_within
        """Seconds from the arrival of a request to its answer."""

    async def answer(self, parts: tuple[Request, ...], deadline: float, *, serve: bool) -> Commands:
        """The commands that answer a request. Raises nothing.

        `parts`: the URCs of the request, more than one for a write only. `serve` False: it is
        refused without calling the program.
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
        except (NotFound, NotSupported, AnswerError, _Unfinished) as error:
            _log.warning("refusing %s: %s", describe(request), error)
            reason: Exception = error
        except Exception as error:
            _log.exception("refusing %s", describe(request))
            reason = error
        return self._dialect.refuse(request, reason, self._declared(request.path))

    def _declared(self, path: Path) -> ValueType | None:
        try:
            return self._resources.find(path).type
        except NotFound:
            return None

    async def _read(self, request: ReadRequest, deadline: float) -> Commands:
        """The answer has all values, or is a refusal: they are collected before the first line."""
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
        """Write several resources; all values are checked before the first callback."""
        writes = [part for part in parts if isinstance(part, WriteRequest)]
        if len(writes) > 1 and writes[0].flag != 1:
            raise AnswerError("the first part of the write is missing")
        changes = [self._change(write) for write in writes]
        for resource, value in changes:
            await self._call(deadline, self._handlers.on_write, resource, value)
            resource.store(value)
        return self._dialect.confirm(writes[0])

    def _change(self, write: WriteRequest) -> tuple[Resource, Value]:
        resource = self._resources.writable(write.path)
        opaque = ValueType.OPAQUE
        if write.kind is not None and (write.kind is opaque) != (resource.type is opaque):
            # hex digits would be stored as a text, or a text as hex digits
            raise AnswerError(f"{write.path}: expected {resource.type.name}, got {write.kind.name}")
        return resource, decode(resource.type, write.text)

    async def _run(self, request: ExecuteRequest, deadline: float) -> Commands:
        resource = self._resources.executable(request.path)
        if self._handlers.on_execute is None:
            raise NotSupported(f"{request.path}: no on_execute callback")
        await self._call(deadline, self._handlers.on_execute, resource, request.arguments)
        return self._dialect.confirm(request)

    async def _call(self, deadline: float, callback: Callback | None, *args: object) -> object:
        """The callback's result; raises _Unfinished if it does not end by the deadline."""
        if callback is None:
            return None
        remaining = deadline - asyncio.get_running_loop().time()
        if remaining <= 0:
            raise _Unfinished("the deadline passed before the callback was called")
        task = self._callbacks.start(callback, *args)
        try:
            await asyncio.wait({task}, timeout=remaining)
        finally:
            finished = task.done()
            if not finished:
                task.cancel()  # not awaited: it may ignore that, or block in its thread
        if not finished:
            raise _Unfinished(f"{name(callback)} did not end within {self.answer_within:g} s")
        if task.cancelled():
            raise _Unfinished(f"{name(callback)} was cancelled")
        error = task.exception()
        if error is not None and not isinstance(error, Exception):
            # SystemExit ends the event loop; this task continues until then
            raise _Unfinished(f"{name(callback)} was ended by {error!r}")
        return task.result()


_NAMES: Final = {
    ReadRequest: "the read of",
    WriteRequest: "the write to",
    ExecuteRequest: "the execution of",
}


def describe(request: Request) -> str:
    """The request in words, for the log."""
    return f"{_NAMES[type(request)]} {request.path} (msgid {request.msgid})"
