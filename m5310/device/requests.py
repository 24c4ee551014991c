"""Requests of the platform: queued, answered once and in order by one task."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final, NamedTuple

from m5310.at.codec import Execute
from m5310.at.tasks import begin
from m5310.device.answers import RequestHandler, describe
from m5310.dialects.dialect import Commands
from m5310.dialects.urcs import Request, WriteRequest
from m5310.errors import AnswerError, M5310Error
from m5310.lwm2m.path import Path
from m5310.module.link import Session

REMEMBERED: Final = 247.0
"""Seconds a repeated request is recognised: so long may copies of it come, and no other request has
its msgid, a CoAP message id (RFC 7252 4.8.2, EXCHANGE_LIFETIME)."""
QUEUE_LIMIT: Final = 64
"""Requests that may wait. The platform gives a request up after 30 s; 64 requests that are each
answered at their deadline take longer."""
PARTS_LIMIT: Final = 128
"""Resources in one write, whose values have at most 1000 bytes in all."""
PART_WITHIN: Final = 2.0
"""Seconds from one part of a write to the next."""
# guess: the longest one takes 1.1 s at 9600 baud, and an answer is expected after 3 s.

_Key = tuple[type[Request], int, Path]

_log = logging.getLogger("m5310.device")


class _Job(NamedTuple):
    """A request to answer. With `answer` set, that answer is only sent again; `fault` is why the
    request cannot be served; `sent` is called at the end. With `fetches` it fetches a request."""

    key: _Key | None
    parts: tuple[Request, ...]
    deadline: float
    session: int  # of the link: a msgid is valid in its own session only
    serve: bool
    answer: Commands | None = None
    fault: AnswerError | None = None
    sent: Callable[[], None] = lambda: None
    handler: RequestHandler | None = None
    fetches: bool = False


class Requests:
    """The queue of requests and the task that answers them."""

    def __init__(self, handler: RequestHandler, execute: Execute, session: Session) -> None:
        self._handler = handler
        self._execute = execute
        self._session = session
        self._jobs: list[_Job] = []
        self._known: dict[_Key, tuple[float, Commands | None]] = {}
        self._parts: list[WriteRequest] = []
        self._registered = False  # when the first of the parts came
        self._part_due: asyncio.TimerHandle | None = None
        self._open = False
        self._fetch: Commands = ()  # once the module has reported a buffered request
        self._again: _Key | None = None  # the last request that was answered a second time
        self._task: asyncio.Task[None] | None = None  # runs while there are requests

    def start(self) -> None:
        """Answer requests from now on, those that wait as well. Call `close` in the end."""
        self._open = True
        self._serve()

    async def close(self) -> None:
        """Answer no more requests."""
        self._open = False
        self._take_parts()
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    def receive(
        self,
        request: Request,
        *,
        registered: bool,
        handler: RequestHandler | None = None,
        sent: Callable[[], None] = lambda: None,
    ) -> None:
        """Queue a request. Returns at once and raises nothing.

        If the device is not `registered` it is refused without calling the program: no answer, as
        the C kit gives, would let the platform wait for 30 s. Another `handler` than that of the
        program's resources may answer it; `sent` is called after the answer.
        """
        parts: tuple[Request, ...] | None = (request,)
        if isinstance(request, WriteRequest):
            parts = self._complete(request, registered=registered)
        if parts is not None:
            self._queue(parts, registered=registered, handler=handler, sent=sent)

    def fetch(self, commands: Commands) -> None:
        """Fetch a request that the module buffers; after each answer the next one, until none
        comes."""
        self._fetch = commands
        self._fetch_next()

    def _fetch_next(self) -> None:
        if self._fetch and not any(each.fetches for each in self._jobs):
            number = self._session.number
            self._jobs.append(_Job(None, (), 0.0, number, False, self._fetch, fetches=True))
            self._serve()

    def reply(self, answer: Commands, what: str, sent: Callable[[], None]) -> None:
        """Queue an answer to `what` that needs no program. A repeat gets its own.

        `sent` is called once it is sent, also if the module refuses it.
        """
        if len(self._jobs) == QUEUE_LIMIT:
            _log.warning("dropping %s: %d requests wait", what, QUEUE_LIMIT)
            return
        self._jobs.append(_Job(None, (), 0.0, self._session.number, False, answer, sent=sent))
        self._serve()

    def refuse(self, request: Request, fault: AnswerError) -> None:
        """Queue the refusal of a request that cannot be served."""
        self._queue((request,), registered=True, fault=fault)

    def _queue(
        self,
        parts: tuple[Request, ...],
        *,
        registered: bool,
        fault: AnswerError | None = None,
        handler: RequestHandler | None = None,
        sent: Callable[[], None] = lambda: None,
    ) -> None:
        request = parts[0]
        now = asyncio.get_running_loop().time()
        key = type(request), request.msgid, request.path
        self._forget_before(now - REMEMBERED)
        known = self._known.get(key)
        if known is not None and known[1] is None:
            return  # repeated while it is being answered: one answer is enough
        if len(self._jobs) == QUEUE_LIMIT:
            _log.warning("dropping %s: %d requests wait", describe(request), QUEUE_LIMIT)
            return  # the platform repeats it
        answer = known[1] if known else None
        deadline = now + self._handler.answer_within
        session = self._session.number
        self._jobs.append(
            _Job(key, parts, deadline, session, registered, answer, fault, sent, handler)
        )
        self._known[key] = known[0] if known else now, None
        self._serve()

    def clear(self) -> None:
        """Drop all requests: the module has restarted. The result of a running callback is not
        sent."""
        self._known.clear()
        self._take_parts()
        self._jobs.clear()
        self._fetch = ()

    def _complete(self, request: WriteRequest, *, registered: bool) -> tuple[Request, ...] | None:
        """All parts of the write; None if more are to follow."""
        if self._parts and self._parts[0].msgid != request.msgid:
            self._give_up_parts()
        parts = self._take_parts()
        if request.flag == 1:
            parts = []  # the platform repeats it from its first part on
        parts.append(request)
        if request.last:
            return tuple(parts)
        self._parts, self._registered = parts, registered
        if len(parts) > PARTS_LIMIT:
            self._give_up_parts()
        else:
            loop = asyncio.get_running_loop()
            self._part_due = loop.call_later(PART_WITHIN, self._give_up_parts)
        return None

    def _take_parts(self) -> list[WriteRequest]:
        if self._part_due is not None:
            self._part_due.cancel()
            self._part_due = None
        parts, self._parts = self._parts, []
        return parts

    def _give_up_parts(self) -> None:
        """The rest of a write does not come: it is refused, unless it may be a whole bare text."""
        first, *more = self._take_parts()
        if first.bare is not None and not more:
            whole = first._replace(kind=None, text=first.bare, flag=0, bare=None)
            self._queue((whole,), registered=self._registered)
        else:
            fault = AnswerError(
                f"{1 + len(more)} parts came and not the last; expected at most {PARTS_LIMIT}, "
                f"each within {PART_WITHIN:g} s"
            )
            self._queue((first,), registered=self._registered, fault=fault)

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
                answer = await self._answer(job)
            level = logging.INFO if job.key is None else logging.WARNING
            taken = await self._send(answer, job.session, level)
            job.sent()
            if self._uncovers_next(job, taken=taken):
                self._fetch_next()
            if job.key in self._known and job.session == self._session.number:
                self._known[job.key] = self._known[job.key][0], answer

    def _uncovers_next(self, job: _Job, *, taken: bool) -> bool:
        """Whether the module may show another buffered request after this answer.

        It shows the same one again if the answer was lost or refused. A second answer that is
        `taken` uncovers the next one, a third is not: it would come again for ever.
        """
        if job.key is None or job.answer is None:
            return job.key is not None
        before, self._again = self._again, job.key
        return taken and before != job.key

    async def _answer(self, job: _Job) -> Commands:
        handler = job.handler or self._handler
        if job.fault is not None:
            return handler.refuse(job.parts[0], job.fault)
        return await handler.answer(job.parts, job.deadline, serve=job.serve)

    async def _send(self, answer: Commands, session: int, level: int) -> bool:
        """Whether the module has taken the answer."""
        try:
            for command in answer:
                if session != self._session.number:
                    return False
                await self._execute(command)
        except M5310Error as error:
            # the module refuses a late answer, a second one to the same msgid, and one to what it
            # has answered by itself: harmless
            _log.log(level, "answer not accepted: %s", error)
            return False
        return True
