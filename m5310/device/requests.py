"""The platform's requests: each served once, in the order they came, by one task."""

from __future__ import annotations

import asyncio
import logging
from typing import Final, NamedTuple

from m5310.at.codec import Execute
from m5310.device.answers import RequestHandler, words
from m5310.dialects.dialect import Commands, Request
from m5310.dialects.urcs import WriteRequest
from m5310.errors import M5310Error
from m5310.lwm2m.path import Path
from m5310.module.link import Session

REMEMBERED: Final = 30.0
"""Seconds a request is known again. The platform repeats an unanswered one with the same msgid
after 10 s, twice (OneNET guide 5.1.3); the rest is for the way."""
QUEUE_LIMIT: Final = 64
"""Requests that may wait. The platform gives one up 30 s after it was made: what 64 served at
their deadline take is far beyond that."""
PARTS_LIMIT: Final = 128
"""Resources one write may bring; its values together have at most 1000 bytes."""

_Key = tuple[type[Request], int, Path]

_log = logging.getLogger("m5310.device")


class _Job(NamedTuple):
    """A request to be served, or with `answer` set, one whose answer is to be said again."""

    key: _Key
    parts: tuple[Request, ...]
    deadline: float
    session: int  # of the link: a msgid is valid in its own session only
    serve: bool = True
    answer: Commands | None = None


class Requests:
    """Serves what `arrived` is told; `start` it in the loop, `close` it in the end."""

    def __init__(self, handler: RequestHandler, execute: Execute, session: Session) -> None:
        self._handler = handler
        self._execute = execute
        self._session = session
        self._jobs: asyncio.Queue[_Job] = asyncio.Queue(QUEUE_LIMIT)
        self._known: dict[_Key, tuple[float, Commands | None]] = {}
        self._parts: list[WriteRequest] = []
        self._task: asyncio.Task[None] | None = None
        self.dropped = 0
        """Requests that found the queue full; the platform repeats them."""

    def start(self) -> None:
        self._task = asyncio.create_task(self._serve_all(), name="m5310-requests")

    def let_caller_go(self) -> None:
        """If a callback calls: `close` shall not wait for it, it waits for what closes us."""
        self._handler.let_caller_go()

    async def close(self) -> None:
        """Stop serving; a callback that runs is cancelled or, in its thread, abandoned."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})
        await self._handler.close()

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
            due = self._handler.due()
            self._jobs.put_nowait(_Job(key, parts, due, self._session.number, registered, answer))
        except asyncio.QueueFull:
            self.dropped += 1
            _log.warning("%d requests wait: %s is dropped", QUEUE_LIMIT, words(request))
            return
        if known is None:
            self._known[key] = now, None

    def forget(self) -> None:
        """The module has restarted: what came before is void. A callback that runs is left to
        end in its own time; its outcome is nobody's."""
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
                answer = await self._handler.answer(job.parts, job.deadline, serve=job.serve)
                if job.key in self._known and job.session == self._session.number:
                    self._known[job.key] = self._known[job.key][0], answer
            await self._send(answer, job.session)

    async def _send(self, answer: Commands, session: int) -> None:
        try:
            for command in answer:
                if session != self._session.number:
                    return
                await self._execute(command)
        except M5310Error as error:
            # A late answer, or a second one to the same msgid, is refused and does no harm.
            _log.warning("an answer was not taken: %s", error)
