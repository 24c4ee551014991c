"""Modem: the engine as an asyncio protocol on a port, shared by many callers."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Final, Self, TypeVar, assert_never

from m5310.at.codec import Answer, Command
from m5310.at.engine import QUIET, Engine
from m5310.at.events import (
    AnswerTooLong,
    Counters,
    Event,
    LateResponse,
    Refused,
    Synchronized,
    TimedOut,
    UnexpectedResult,
    Unsolicited,
)
from m5310.at.lines import LineReader, Overlong, printable
from m5310.at.outstanding import ANSWER_LIMIT
from m5310.at.resync import SETTLE
from m5310.at.wakeup import AWAKE
from m5310.errors import (
    AnswerError,
    CommandError,
    CommandTimeout,
    M5310Error,
    PortError,
    Text,
    shortened,
)

log: Final = logging.getLogger("m5310.modem")
wire: Final = logging.getLogger("m5310.wire")

MASKED_LIMIT: Final = 16
"""Command lines with secrets that are kept out of the log: a device has one to three."""

T = TypeVar("T")

LineListener = Callable[[str], None]
LossListener = Callable[[PortError], None]


class Modem(asyncio.Protocol):
    """A modem on a port. Commands are executed one at a time, in the order of the calls.

    `Modem.open` opens a port; any other asyncio transport can be given to `connection_made`.
    `quiet` is the pause from a final result to the next command, `awake` the silence after which
    the modem may be asleep and is woken before the next command, `settle` the time in which more
    late results may follow one, `byte_time` what one byte takes on the wire, all in seconds. Bound
    to one event loop; no method may be called from another thread.
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
        self._current: asyncio.Future[Answer] | None = None  # of the command in the engine
        self._listeners: tuple[tuple[LineListener, LossListener], ...] = ()
        self._transport: asyncio.Transport | None = None
        self._gone: asyncio.Future[None] | None = None
        self._reason: str = Text("{port} is not open", port=name)  # why there is no transport
        self._handling = False  # events are being handled: nothing is written until that is done
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at: float | None = None
        self._trace = LineReader()  # lines for the log, used only while it is enabled
        self._masked: dict[str, str] = {}  # for the log: command lines that hold a secret

    @classmethod
    async def open(
        cls, url: str, baudrate: int = 9600, *, quiet: float = QUIET, awake: float = AWAKE
    ) -> Self:
        """Open a port (any pyserial URL) at `baudrate` bit/s.

        Raises:
            PortError: the port cannot be opened, with the reason and what to try.
            ParameterError: `baudrate`, `quiet` or `awake` is out of range.
        """
        from m5310.ports.open import byte_time, open_port  # noqa: PLC0415 - loads pyserial

        modem = cls(url, quiet=quiet, awake=awake, byte_time=byte_time(baudrate))
        await open_port(url, baudrate, modem)
        return modem

    async def execute(self, command: Command[T]) -> T:
        """Send a command after those of earlier callers; return its result, parsed.

        If the caller is cancelled before the command is written, it is withdrawn; after that the
        command runs to its end, its answer is dropped, and the next command waits for that end.

        Raises:
            CommandError: the module refused the command.
            CommandTimeout: no final result came within the command's timeout.
            AnswerError: the answer is out of shape or too long.
            ModemReset: the module restarted meanwhile.
            PortError: the port is closed, or was lost meanwhile.
        """
        if self._transport is None:
            raise PortError(self._reason)
        future: asyncio.Future[Answer] = self._loop.create_future()
        self._queue.append((future, command))
        if self._engine.can_submit:
            self._proceed()
        try:
            answer = await future
        except asyncio.CancelledError:
            if self._current is future:
                if self._engine.cancel():
                    self._current = None
                    self._proceed()
            else:
                with contextlib.suppress(ValueError):  # its command has already ended
                    self._queue.remove((future, command))
            raise
        return command.parse(answer)

    def withdraw(self, selected: Callable[[Command[Any]], bool], error: M5310Error) -> None:
        """Raise `error` in the callers of the selected commands that are not written yet."""
        for entry in tuple(self._queue):
            waiter, command = entry
            if selected(command) and not waiter.done():
                self._queue.remove(entry)
                waiter.set_exception(error)
        if self._engine.held is not None and selected(self._engine.held):
            self._engine.cancel()
            self._end(error)
            self._proceed()

    def listen(self, on_line: LineListener, on_lost: LossListener) -> Callable[[], None]:
        """Call `on_line` with every unsolicited line, in order, and `on_lost` when the port ends.

        Returns a function that ends this. Both are called from the event loop and must return
        soon. `on_lost` is called once, after every waiting caller was released, with the reason;
        after `close` that is that the port was closed. Raises PortError if the port is closed.
        """
        if self._transport is None:
            raise PortError(self._reason)
        entry = (on_line, on_lost)
        self._listeners = (*self._listeners, entry)

        def unsubscribe() -> None:
            self._listeners = tuple(one for one in self._listeners if one is not entry)

        return unsubscribe

    def abandon(self, error: M5310Error) -> None:
        """The modem restarted: raise `error` in every waiting caller now.

        For the listener that recognizes a boot text. The next command is preceded by probes until
        the modem answers; final results that come before are ignored.
        """
        self._engine.reset()
        self._release_waiters(error)

    def asleep(self, on: bool) -> None:
        """The modem reported that it falls asleep (`on`) or has woken up; for the listener that
        recognizes the report."""
        self._engine.asleep(on)

    @property
    def name(self) -> str:
        """The name of the port."""
        return self._name

    @property
    def counters(self) -> Counters:
        """What went wrong on the wire so far."""
        return self._engine.counters

    @property
    def transport(self) -> asyncio.Transport:
        """The transport of the port, to change its speed. Raises PortError if it is closed."""
        if self._transport is None:
            raise PortError(self._reason)
        return self._transport

    def pace(self, byte_time: float) -> None:
        """The speed changed: from the next command on a byte takes `byte_time` s on the wire."""
        self._engine.byte_time = byte_time

    async def close(self) -> None:
        """Close the port; every waiting caller and every listener gets a PortError.

        No effect the second time.
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

    # --- called by the transport --------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Part of `asyncio.Protocol`."""
        assert isinstance(transport, asyncio.Transport)
        self._loop = asyncio.get_running_loop()
        self._engine.opened(self._loop.time())
        self._gone = self._loop.create_future()
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Part of `asyncio.Protocol`."""
        if wire.isEnabledFor(logging.DEBUG):
            self._log_lines(data)
        self._handle_all(self._engine.receive(data, self._loop.time()))

    def connection_lost(self, exc: Exception | None) -> None:
        """Part of `asyncio.Protocol`."""
        if self._transport is not None:
            reason = Text(
                "{port} was lost: {reason}; check the plug and the power",
                port=self._name,
                reason=exc or Text("closed"),
            )
            self._end_of_port(reason)
        assert self._gone is not None
        self._gone.set_result(None)

    def _end_of_port(self, reason: str) -> None:
        self._transport = None
        self._reason = reason
        self._release_waiters(PortError(reason))
        listeners, self._listeners = self._listeners, ()
        for _, on_lost in listeners:
            self._notify(on_lost, PortError(reason))

    # --- events of the engine -----------------------------------------------------------------

    def _handle_all(self, events: Iterable[Event]) -> None:
        """Handle the events, then write what comes next.

        In this order: a listener that runs a task at once (eager tasks, from Python 3.12 on)
        could otherwise replace `_current` before the event that ends it is handled.
        """
        self._handling = True
        try:
            for event in events:
                if type(event) is Unsolicited:  # by far the most frequent
                    self._notify_line(event.line)
                else:
                    self._handle(event)
        finally:
            self._handling = False
        self._proceed()

    def _handle(self, event: Event) -> None:
        match event:
            case Answer():
                self._end(event)
            case Unsolicited(line):
                self._notify_line(line)
            case Refused(command, result):
                error = CommandError(command.shown, result.text, result.number, result.meaning)
                self._end(error)
            case TimedOut(command, lines, sent, bare):
                self._end(
                    CommandTimeout(command.shown, command.timeout, lines, sent=sent, bare=bare)
                )
            case AnswerTooLong(command):
                self._end(
                    AnswerError(f"{shortened(command.shown)}: more than {ANSWER_LIMIT} lines came")
                )
            case UnexpectedResult(line):
                log.info("%s: ignoring unexpected result %s", self._name, line)
            case LateResponse(line, command):
                log.info("%s: ignoring late %s of %s", self._name, shortened(line), command.shown)
            case Overlong(head):
                log.warning("%s: dropping overlong line %s...", self._name, head)
            case Synchronized():
                log.debug("%s: synchronized", self._name)
            case _:
                assert_never(event)

    def _notify_line(self, line: str) -> None:
        for on_line, _ in self._listeners:
            self._notify(on_line, line)

    def _end(self, outcome: Answer | M5310Error) -> None:
        waiter, self._current = self._current, None
        if waiter is None or waiter.done():
            return  # the caller was cancelled
        if isinstance(outcome, Answer):
            waiter.set_result(outcome)
        else:
            waiter.set_exception(outcome)

    def _proceed(self) -> None:
        """Submit the next command, write the engine's bytes, set the timer to its deadline."""
        transport = self._transport
        if transport is None or self._handling:
            return
        engine = self._engine
        while self._queue and engine.can_submit:
            waiter, command = self._queue.popleft()
            if not waiter.done():
                self._current = waiter
                self._mask(command)
                engine.submit(command, self._loop.time())
        if data := engine.outgoing():
            if wire.isEnabledFor(logging.DEBUG):
                line = data.decode().rstrip("\r")
                wire.debug("%s > %s", self._name, shortened(self._masked.get(line, line)))
            transport.write(data)
        deadline = engine.deadline
        if deadline != self._timer_at:
            self._set_timer(deadline)

    def _set_timer(self, deadline: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = deadline
        self._timer = None if deadline is None else self._loop.call_at(deadline, self._on_timer)

    def _on_timer(self) -> None:
        assert self._timer_at is not None
        # a timer may fire early by the resolution of the clock
        now = max(self._timer_at, self._loop.time())
        self._timer_at = self._timer = None
        self._handle_all(self._engine.tick(now))

    def _release_waiters(self, error: M5310Error) -> None:
        self._set_timer(None)
        self._end(error)
        while self._queue:
            waiter, _ = self._queue.popleft()
            if not waiter.done():
                waiter.set_exception(error)

    def _notify(self, listener: Callable[[T], None], argument: T) -> None:
        try:
            listener(argument)
        except Exception:
            log.exception("%s: a listener failed on %r", self._name, argument)

    def _mask(self, command: Command[Any]) -> None:
        """Keep the secrets of this command, and of a few before it, out of the log: the module may
        echo a line late."""
        if command.masked:
            self._masked[command.line] = command.masked
            if len(self._masked) > MASKED_LIMIT:
                del self._masked[next(iter(self._masked))]

    def _log_lines(self, data: bytes) -> None:
        for line in self._trace.feed(data):
            if isinstance(line, Overlong):
                text = f"{line.head}..."
            else:
                text = shortened(self._masked.get(line, line))
            wire.debug("%s < %s", self._name, printable(text))
