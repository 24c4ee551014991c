"""The asyncio shell: one port, one engine. Many may wait, one speaks."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self, TypeVar, assert_never

from m5310.at.codec import Answer, Command
from m5310.at.engine import QUIET, Engine
from m5310.at.events import (
    Answered,
    Counters,
    Event,
    InStep,
    Late,
    Overrun,
    Refused,
    Stray,
    TimedOut,
    Unsolicited,
)
from m5310.at.lines import LineReader, Overlong
from m5310.at.outstanding import ANSWER_LIMIT
from m5310.at.resync import SETTLE
from m5310.at.wakeup import AWAKE
from m5310.errors import (
    AnswerError,
    CommandError,
    CommandTimeout,
    M5310Error,
    PortError,
    shortened,
)

log = logging.getLogger("m5310.modem")
wire = logging.getLogger("m5310.wire")

T = TypeVar("T")

LineListener = Callable[[str], None]
LossListener = Callable[[PortError], None]


class Modem(asyncio.Protocol):
    """A modem on a port: commands one at a time, in the order of their callers.

    `Modem.open` opens a port; any other asyncio transport can be given to `connection_made`.
    `quiet` is the time from a final result to the next command, `awake` the silence after which
    the modem may be asleep and is woken before the next, both in seconds. Belongs to one event
    loop; nothing here may be called from another thread.
    """

    def __init__(
        self,
        name: str = "the port",
        *,
        quiet: float = QUIET,
        settle: float = SETTLE,
        awake: float = AWAKE,
        byte_time: float = 0.0,
    ) -> None:
        self._name = name
        self._loop: asyncio.AbstractEventLoop  # the transport's, from connection_made on
        self._engine = Engine(quiet=quiet, settle=settle, awake=awake, byte_time=byte_time)
        self._queue: deque[tuple[asyncio.Future[Answer], Command[Any]]] = deque()
        self._current: asyncio.Future[Answer] | None = None  # waits for the command of the engine
        self._listeners: tuple[tuple[LineListener, LossListener], ...] = ()
        self._transport: asyncio.Transport | None = None
        self._gone: asyncio.Future[None] | None = None
        self._reason = f"{name} is not open"  # why there is no transport
        self._handling = False  # what came is being told: nothing is written before that is done
        self._timer: asyncio.TimerHandle | None = None
        self._alarm: float | None = None  # when it rings
        self._trace = LineReader()  # lines for the log, cut only while somebody reads it

    @classmethod
    async def open(
        cls, url: str, baudrate: int = 9600, *, quiet: float = QUIET, awake: float = AWAKE
    ) -> Self:
        """A modem on a port of its own. Raises PortError with the reason and what to try."""
        from m5310.ports.open import byte_time, open_port  # noqa: PLC0415 - pyserial: who opens, waits

        modem = cls(url, quiet=quiet, awake=awake, byte_time=byte_time(baudrate))
        await open_port(url, baudrate, modem)
        return modem

    async def execute(self, command: Command[T]) -> T:
        """Send a command after those of earlier callers; return its result, parsed.

        A caller who is cancelled before its command is written takes it back; after that the
        command runs to its end, its answer is nobody's, and the next waits for that end.
        Raises CommandError if it is refused, CommandTimeout, AnswerError if it brings more lines
        than any answer has, and PortError if the port is or gets lost.
        """
        if self._transport is None:
            raise PortError(self._reason)
        future: asyncio.Future[Answer] = self._loop.create_future()
        self._queue.append((future, command))
        if self._engine.free:
            self._proceed()
        try:
            answer = await future
        except asyncio.CancelledError:
            if self._current is future:
                if self._engine.withdraw():
                    self._current = None
                    self._proceed()
            else:
                with contextlib.suppress(ValueError):  # its command has already ended
                    self._queue.remove((future, command))
            raise
        return command.parse(answer)

    def listen(self, on_line: LineListener, on_lost: LossListener) -> Callable[[], None]:
        """Hear every unsolicited line, in order, and the end of the port. Returns the way out.

        Both are called from the event loop and must return soon. The end is told once, whoever
        brought it about, after every waiting caller was released: with the reason, which for
        `close` is that the port was closed. Raises PortError if there is no port any more.
        """
        if self._transport is None:
            raise PortError(self._reason)
        entry = (on_line, on_lost)
        self._listeners = (*self._listeners, entry)

        def unsubscribe() -> None:
            self._listeners = tuple(one for one in self._listeners if one is not entry)

        return unsubscribe

    def abandon(self, error: M5310Error) -> None:
        """The other side began anew: every waiting caller gets `error`, now.

        For a listener that knows how the modem tells of it. Whatever comes next is preceded by
        probes until the modem answers; a final result under way is nobody's.
        """
        self._engine.abandon()
        self._release_waiters(error)

    def asleep(self, on: bool) -> None:
        """The modem said that it falls asleep, or woke up; for a listener that knows its words."""
        self._engine.asleep(on)

    @property
    def name(self) -> str:
        """What its port is called."""
        return self._name

    @property
    def counters(self) -> Counters:
        """What went wrong on the wire so far."""
        return self._engine.counters

    @property
    def transport(self) -> asyncio.Transport:
        """What carries the bytes, for who tunes its port. Raises PortError if there is none."""
        if self._transport is None:
            raise PortError(self._reason)
        return self._transport

    def pace(self, byte_time: float) -> None:
        """A byte takes `byte_time` s on the wire from the next command on: the speed changed."""
        self._engine.byte_time = byte_time

    async def close(self) -> None:
        """Close the port; every waiting caller, every listener gets a PortError.

        Harmless the second time.
        """
        transport = self._transport
        if transport is not None:
            self._end_of_port(f"{self._name} was closed")
            if not transport.is_closing():
                transport.abort()
        if self._gone is not None:
            await asyncio.shield(self._gone)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    # what the transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._loop = asyncio.get_running_loop()
        self._gone = self._loop.create_future()
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if wire.isEnabledFor(logging.DEBUG):
            self._log_lines(data)
        self._handle_all(self._engine.receive(data, self._loop.time()))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None:
            reason = f"{self._name} was lost: {exc or 'closed'}; check the plug and the power"
            self._end_of_port(reason)
        assert self._gone is not None
        self._gone.set_result(None)

    def _end_of_port(self, reason: str) -> None:
        self._transport = None
        self._reason = reason
        self._release_waiters(PortError(reason))
        listeners, self._listeners = self._listeners, ()
        for _, on_lost in listeners:
            self._tell(on_lost, PortError(reason))

    # the engine's side

    def _handle_all(self, events: Iterable[Event]) -> None:
        """Tell what happened, then go on.

        In this order: a listener whose task runs at once (eager tasks, from Python 3.12 on) would
        else get its command's waiter in the place of one whose own end is yet to be told.
        """
        self._handling = True
        try:
            for event in events:
                if type(event) is Unsolicited:  # by far the most frequent
                    self._pass_on(event.line)
                else:
                    self._handle(event)
        finally:
            self._handling = False
        self._proceed()

    def _handle(self, event: Event) -> None:
        match event:
            case Unsolicited(line):
                self._pass_on(line)
            case Answered(answer):
                self._end(answer)
            case Refused(command, result):
                error = CommandError(command.line, result.text, result.number, result.meaning)
                self._end(error)
            case TimedOut(command, lines, sent, bare):
                self._end(
                    CommandTimeout(command.line, command.timeout, lines, sent=sent, bare=bare)
                )
            case Overrun(command):
                self._end(
                    AnswerError(f"{shortened(command.line)} brought over {ANSWER_LIMIT} lines")
                )
            case Stray(line):
                log.info("%s: %s came, which no command waited for", self._name, line)
            case Late(line, command):
                log.info("%s: %s came too late for %s", self._name, shortened(line), command.line)
            case Overlong(head):
                log.warning("%s: a line without end was dropped: %s...", self._name, head)
            case InStep():
                log.debug("%s: in step", self._name)
            case _:
                assert_never(event)

    def _pass_on(self, line: str) -> None:
        for on_line, _ in self._listeners:
            self._tell(on_line, line)

    def _end(self, outcome: Answer | M5310Error) -> None:
        waiter, self._current = self._current, None
        if waiter is None or waiter.done():
            return  # its caller was cancelled
        if isinstance(outcome, Answer):
            waiter.set_result(outcome)
        else:
            waiter.set_exception(outcome)

    def _proceed(self) -> None:
        """Give the engine the next command, the port its bytes and the loop the deadline."""
        transport = self._transport
        if transport is None or self._handling:
            return
        engine = self._engine
        while self._queue and engine.free:
            waiter, command = self._queue.popleft()
            if not waiter.done():
                self._current = waiter
                engine.submit(command, self._loop.time())
        if data := engine.outgoing():
            if wire.isEnabledFor(logging.DEBUG):
                wire.debug("%s > %s", self._name, shortened(data.decode().rstrip("\r")))
            transport.write(data)
        deadline = engine.deadline
        if deadline != self._alarm:
            self._set_alarm(deadline)

    def _set_alarm(self, deadline: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._alarm = deadline
        self._timer = None if deadline is None else self._loop.call_at(deadline, self._ring)

    def _ring(self) -> None:
        assert self._alarm is not None
        now = max(self._alarm, self._loop.time())  # a timer may be early by the clock's resolution
        self._alarm = self._timer = None
        self._handle_all(self._engine.tick(now))

    def _release_waiters(self, error: M5310Error) -> None:
        self._set_alarm(None)
        self._end(error)
        while self._queue:
            waiter, _ = self._queue.popleft()
            if not waiter.done():
                waiter.set_exception(error)

    def _tell(self, listener: Callable[[T], None], what: T) -> None:
        try:
            listener(what)
        except Exception:
            log.exception("%s: a listener failed on %r", self._name, what)

    def _log_lines(self, data: bytes) -> None:
        for line in self._trace.feed(data):
            text = f"{line.head}..." if isinstance(line, Overlong) else shortened(line)
            wire.debug("%s < %s", self._name, text)
