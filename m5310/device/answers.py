"""RequestHandler: calls the program's callback for a request and builds the answer."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePath
from typing import Final, assert_never

from m5310.device import parameters
from m5310.device.callbacks import Callback, Callbacks, name
from m5310.device.reports import check_payload
from m5310.dialects.dialect import Commands, Dialect, WireValue
from m5310.dialects.urcs import ExecuteRequest, ReadRequest, Request, WriteRequest
from m5310.errors import AnswerError, M5310Error, NotFound, NotSupported, ParameterError
from m5310.lwm2m.resources import Access, ObjectTree, Resource
from m5310.lwm2m.values import Value, ValueType, decode, decode_bytes

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
    A refusal is one line in the log, with the place that raised; the traceback is logged at DEBUG.
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


class _Refused(Exception):
    """The program's callback refused the request: the error is its `__cause__`."""


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
        known: Callable[[Resource], None] = lambda _: None,
    ) -> None:
        """`known` is called with each resource whose present value the platform wrote or reads."""
        self._resources = resources
        self._handlers = handlers
        self._dialect = dialect
        self._callbacks = callbacks
        self._known = known
        # finite: a callback that does not end must not keep the requests behind it for ever
        self._answer_within = parameters.seconds("answer_within", answer_within, least=1e-9)

    @property
    def answer_within(self) -> float:
        """Seconds from the arrival of a request to its answer, at most those of the module."""
        return min(self._answer_within, self._dialect.answer_within)

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
        except Exception as error:
            return self.refuse(request, error)

    def refuse(self, request: Request, error: Exception) -> Commands:
        """The commands that refuse a request because of `error`, which is logged."""
        cause = error.__cause__ if isinstance(error, _Refused) else None
        if cause is not None:
            _log.debug("%s was refused by", describe(request), exc_info=cause)
        if isinstance(error, NotFound | NotSupported | AnswerError | _Unfinished | _Refused):
            _log.warning("refusing %s: %s", describe(request), error)
        else:
            _log.error("refusing %s", describe(request), exc_info=error)
        declared = self._resources.declared(request.path)
        return self._dialect.refuse(
            request, cause if isinstance(cause, Exception) else error, declared
        )

    async def _read(self, request: ReadRequest, deadline: float) -> Commands:
        """The answer has all values that can be sent, or is a refusal: they are collected before
        the first line."""
        values: list[WireValue] = []
        failure: Exception | None = None
        for resource in self._resources.readable(request.path):
            try:
                text = await self._text(resource, deadline)
            except _Unfinished:
                raise  # no time is left for the others
            except Exception as error:
                if not request.path.whole:
                    bug = not isinstance(error, M5310Error)
                    what = describe(request)
                    _log.warning(
                        "%s has no place in %s: %s", resource.path, what, error, exc_info=bug
                    )
                failure = error
            else:
                values.append(WireValue(resource.path, resource.type, text))
        if not values and failure is not None:
            raise failure
        check_payload(f"the answer to a read of {request.path}", values)
        return self._dialect.answer_read(request, values)

    async def _text(self, resource: Resource, deadline: float) -> str:
        value = await self._call(deadline, self._handlers.on_read, resource)
        if value is None:
            return resource.text
        text = resource.set(value)  # type: ignore[arg-type]  # checked there
        self._known(resource)
        return text

    async def _write(self, parts: tuple[Request, ...], deadline: float) -> Commands:
        """Write several resources. All values are checked before the first callback, and stored
        after the last one: all of them, or none."""
        writes = [part for part in parts if isinstance(part, WriteRequest)]
        if len(writes) > 1 and writes[0].flag != 1:
            raise AnswerError("the first part of the write is missing")
        if any(not _follows(*each) for each in pairwise(writes)):
            raise AnswerError("a part within the write is missing")
        changes = [self._change(write) for write in writes]
        for resource, value in changes:
            with _refusing(self._handlers.on_write):
                await self._call(deadline, self._handlers.on_write, resource, value)
        for resource, value in changes:
            resource.store(value)
            self._known(resource)
        return self._dialect.confirm(writes[0])

    def _change(self, write: WriteRequest) -> tuple[Resource, Value]:
        resource = self._resources.writable(write.path)
        if write.kind is ValueType.OPAQUE:
            data = decode(ValueType.OPAQUE, write.text)
            assert isinstance(data, bytes)
            value = decode_bytes(resource.type, data)
        elif write.kind is not None and resource.type is ValueType.OPAQUE:
            # a text would be stored as hex digits
            raise AnswerError(f"{write.path}: expected {resource.type.name}, got {write.kind.name}")
        else:
            value = decode(resource.type, write.text)
        if resource.access & Access.READABLE:
            try:
                resource.encode(value)
            except ParameterError as error:
                raise AnswerError(
                    f"{error}; so it could never be read. A resource that is only WRITABLE takes it"
                ) from None
        return resource, value

    async def _run(self, request: ExecuteRequest, deadline: float) -> Commands:
        resource = self._resources.executable(request.path)
        if self._handlers.on_execute is None:
            raise NotSupported(f"{request.path}: no on_execute callback")
        with _refusing(self._handlers.on_execute):
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
            await asyncio.sleep(0)  # the callback learns it before the platform gets the answer
            raise _Unfinished(f"{name(callback)} did not end within {self.answer_within:g} s")
        if task.cancelled():
            raise _Unfinished(f"{name(callback)} was cancelled")
        error = task.exception()
        if error is not None and not isinstance(error, Exception):
            # SystemExit ends the event loop; this task continues until then
            raise _Unfinished(f"{name(callback)} was ended by {error!r}")
        return task.result()


def _follows(before: WriteRequest, after: WriteRequest) -> bool:
    """Whether no line is missing between them, as far as they say how many follow."""
    return before.left is None or after.left is None or before.left == after.left + 1


@contextlib.contextmanager
def _refusing(callback: Callback | None) -> Iterator[None]:
    """Turn the exception by which a callback refuses into _Refused, which names the place."""
    try:
        yield
    except _Unfinished:
        raise
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        place = f"{PurePath(frames[-1].filename).name}:{frames[-1].lineno}"
        assert callback is not None
        raise _Refused(f"{name(callback)} raised {error!r} ({place})") from error


_NAMES: Final = {
    ReadRequest: "the read of",
    WriteRequest: "the write to",
    ExecuteRequest: "the execution of",
}


def describe(request: Request) -> str:
    """The request in words, for the log."""
    return f"{_NAMES[type(request)]} {request.path} (msgid {request.msgid})"
