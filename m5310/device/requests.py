"""Requests of the platform: queued, answered once and in order by one task."""

from __future__ import annotations

import asyncio
import logging
from typing import Final, NamedTuple

from m5310.at.codec import Execute
from m5310.at.tasks import begin
from m5310.device.answers import RequestHandler, describe
from m5310.dialects.dialect import Commands, Request
from m5310.dialects.urcs import WriteRequest
from m5310.errors import M5310Error
from m5310.lwm2m.path import Path
from m5310.module.link import Session

REMEMBERED: Final = 30.0
"""Seconds a repeated request is recognised. The platform repeats an unanswered one after 10 and
20 s with the same msgid (OneNET guide 5.1.3)."""  # the rest is a margin for delays
QUEUE_LIMIT: Final = 64
"""Requests that may wait. The platform gives a request up after 30 s; 64 requests that are each
answered at their deadline take longer."""
PARTS_LIMIT: Final = 128
"""Resources in one write, whose values have at most 1000 bytes in all."""

_Key = tuple[type[Request], int, Path]

_log = logging.getLogger("m5310.device")


class _Job(NamedTuple):
    """A request to answer. With `answer` set, that answer is only sent again."""

    key: _Key
    parts: tuple[Request, ...]
    deadline: float
    session: int  # of the link: a msgid is valid in its own session only
    serve: bool
    answer: Commands | None = None


class Requests:
    """The queue of requests and the task that answers them."""

    def __init__(self, handler: RequestHandler, execute: Execute, session: Session) -> None:
        self._handler = handler
        self._execute = execute
        self._session = session
        self._jobs: list[_Job] = []
        self._known: dict[_Key, tuple[float, Commands | None]] = {}
        self._parts: list[WriteRequest] = []
        self._open = False
        self._task: asyncio.Task[None] | None = None  # runs while there are requests

    def start(self) -> None:
        """Answer requests from now on, those that wait as well. Call `close` in the end."""
        self._open = True
        self._serve()

    async def close(self) -> None:
        """Answer no more requests."""
        self._open = False
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    def receive(self, request: Request, *, registered: bool) -> None:
        """Queue a request. Returns at once and raises nothing.

        If the device is not `registered` it is refused without calling the program: no answer, as
        the C kit gives, would let the platform wait for 30 s.
        """
        now = asyncio.get_running_loop().time()
        parts = self._complete(request)
        if parts is None:
            return
        key = type(request), request.msgid, parts[0].path
        self._forget_before(now - REMEMBERED)
        known = self._known.get(key)
        if known is not None and known[1] is None:
            return  # repeated while it is being answered: one answer is enough
        if len(self._jobs) == QUEUE_LIMIT:
            _log.warning("dropping %s: %d requests wait", describe(request), QUEUE_LIMIT)
            return  # the platform repeats it
        answer = known[1] if known else None
        deadline = now + self._handler.answer_within
        self._jobs.append(_Job(key, parts, deadline, self._session.number, registered, answer))
        if known is None:
            self._known[key] = now, None
        self._serve()

    def clear(self) -> None:
        """Drop all requests: the module has restarted. The result of a running callback is not
        sent."""
        self._known.clear()
        self._parts.clear()
        self._jobs.clear()

    def _complete(self, request: Request) -> tuple[Request, ...] | None:
        """All parts of the request; None if more parts of a write are to follow."""
        if not isinstance(request, WriteRequest):
            return (request,)
        if request.flag == 1 or (self._parts and self._parts[0].msgid != request.msgid):
            self._parts = []  # the write before it was not completed
        self._parts.append(request)
        if not request.last:
            if len(self._parts) > PARTS_LIMIT:
                _log.warning("dropping a write of more than %d parts", PARTS_LIMIT)
                self._parts = []
            return None
        parts, self._parts = tuple(self._parts), []
        return parts

    def _forget_before(self, then: float) -> None:
        # the dictionary is in the order of arrival
        while self._known:
            key = next(iter(self._known))
            if self._known[key][0] > then:
                return
            del self._known[key]

    def _serve(self) -> None:
        if self._open and self._jobs and (self._task is None or self._task.done()):
            self._task = begin(self._serve_all(), "m5310-requests")

    async def _serve_all(self) -> None:
        while self._jobs:
            job = self._jobs.pop(0)
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
            # the module refuses a late answer, or a second one to the same msgid: harmless
            _log.warning("answer not accepted: %s", error)
