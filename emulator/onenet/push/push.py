"""The push of one product: its settings, and when it sends what. Pure."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from enum import StrEnum
from functools import partial
from random import Random
from string import ascii_letters, digits

from emulator.clock.deadlines import earliest
from emulator.onenet.posting import HEADERS, LONGEST_WAIT, Post, Reply, Send, wait_after
from emulator.onenet.push import messages
from emulator.onenet.push.queue import Queue, Waiting
from emulator.onenet.push.settings import MAX_BATCH_COUNT, Settings
from emulator.onenet.push.signature import aes_key, encrypt, sign
from emulator.onenet.store.database import Database, StoreError

logger = logging.getLogger("emulator.push")

# OneNET's documents of 2019.
MAX_FAILURES = 2000
MAX_FAILING = 24 * 3600.0
# guess: seconds between checks of an URL while pushing is stopped; they grow up to this.
LONGEST_CHECK_WAIT = 600.0
# Seconds between checks at the start, at most: an application that starts later waits no longer.
LONGEST_START_WAIT = 5.0
# Seconds between two pieces of deleting.
_PURGE_WAIT = 0.01
# While requests follow each other, rows of so many messages are deleted at once, as a commit for
# each costs a tenth of a request; fewer so many seconds after the first was delivered. A process
# that is killed before repeats them.
_PURGED, _PURGED_AFTER = 20, 0.05

# guess: a check has the headers of a push, without that of a body.
_CHECK_HEADERS = {name: HEADERS[name] for name in HEADERS if name != "Content-Type"}
_LETTERS = ascii_letters + digits
_NONCE = 8
# guess: captured nonces have ( & ? beside letters and digits.
_PUNCTUATION = "!#$%&()*+-.:;=?@_~"
_SETTINGS = "push"
_AT_ONCE = 0.0
# Beginnings of failures that are logged.
_MAX_LOGGED = 100


class State(StrEnum):
    """See the theory of the package."""

    OFF = "off"
    CHECKING = "checking"
    ON = "on"
    STOPPED = "stopped"


class Push:
    """Queues messages in `database`, and sends them by `send`, one request at a time.

    `enabled`: whether messages are queued. `state`, `settings` None: there are none; `failures`:
    attempts that failed since pushing was switched on; `problem`: of the last attempt, empty if it
    succeeded. `on_change` is called when `due` changes outside of `step`.
    """

    def __init__(self, database: Database, random: Random, send: Send) -> None:
        self.on_change: Callable[[], None] = lambda: None
        self._database, self._random, self._send = database, random, send
        self._queue = Queue(database)
        self.state = State.OFF
        self.settings: Settings | None = None
        self.enabled = False
        self.due: float | None = None
        self._purge_at = _AT_ONCE  # not earlier
        self._delivered_at = _AT_ONCE  # the first message that is not deleted
        self._in_flight: Settings | None = None  # the settings of the open request
        self._urgent_to = 0  # a message up to this number waits for no batch
        self._logged = 0
        self._forget_failures()
        self._load()
        self._plan()

    # Settings ----------------------------------------------------------------------------

    def _load(self) -> None:
        found = self._database.execute("SELECT value FROM settings WHERE name = ?", (_SETTINGS,))
        if (row := found.fetchone()) is not None:
            self.settings = Settings.of(json.loads(row[0]))
            self._enter(State.ON)
            self._urgent_to = self._queue.newest

    def begin(self, settings: Settings) -> None:
        """Push with `settings` from the start; their check follows, and is repeated if it fails."""
        self._take(settings, State.CHECKING)
        self._plan()

    def set(self, settings: Settings, on_done: Callable[[str], None], now: float) -> None:
        """Check `settings`, and push with them from then on if that succeeds.

        `on_done` is called with what was wrong, empty if nothing was; then nothing has changed.
        """

        def checked(problem: str, _now: float) -> None:
            if not problem:
                try:
                    self._take(settings, State.ON)
                except StoreError as error:
                    problem = str(error)
                self._change()
            on_done(problem)

        self._check(settings, checked, now)

    def clear(self) -> None:
        """Push no longer, and forget what waits."""
        self._database.execute("DELETE FROM settings WHERE name = ?", (_SETTINGS,))
        self.settings = None
        self._enter(State.OFF)
        self._queue.clear()
        self._change()

    def _take(self, settings: Settings, state: State) -> None:
        self._database.execute(
            "INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)",
            (_SETTINGS, settings.as_json()),
        )
        self.settings = settings
        self._enter(state)

    def _enter(self, state: State) -> None:
        self.state = state
        self.enabled = state in (State.CHECKING, State.ON)
        self._forget_failures()

    # Messages ----------------------------------------------------------------------------

    @property
    def waiting(self) -> int:
        """How many messages wait."""
        return self._queue.count

    @property
    def dropped(self) -> int:
        """How many messages were lost because too many waited."""
        return self._queue.dropped

    def points(
        self, device_id: int, imei: str, points: Iterable[tuple[str, object, int]], now: float
    ) -> None:
        """Data points: ids of streams, values, milliseconds. Nothing unless `enabled`; so below."""
        self._add((messages.point(device_id, imei, *point) for point in points), now)

    def online(self, device_id: int, imei: str, *, online: bool, now: float) -> None:
        """A device went online or offline."""
        at = round(now * 1000)
        self._add((messages.online(device_id, imei, at, online=online),), now, urgent=True)

    def command_result(
        self, device_id: int, imei: str, result: messages.CommandResult, now: float
    ) -> None:
        """An offline command has ended."""
        self._add((messages.command_result(device_id, imei, result),), now, urgent=True)

    def _add(self, texts: Iterable[str], now: float, *, urgent: bool = False) -> None:
        if not self.enabled:
            return
        dropped = self._queue.dropped
        for text in texts:
            self._queue.add(text, now)
        if urgent:
            self._urgent_to = self._queue.newest
        if self._queue.dropped and not dropped:
            logger.warning("push: too many messages wait, the oldest are dropped")
        self._change()

    # Sending -----------------------------------------------------------------------------

    def close(self) -> None:
        """What was delivered is not sent after the next start. Raises StoreError."""
        while self._queue.passed:
            self._queue.purge()

    def step(self, now: float) -> None:
        """Send what is due."""
        self._send_due(now)
        at = self._next_purge()
        if at is not None and at <= now:
            self._queue.purge()
            self._purge_at = now + _PURGE_WAIT if self._queue.passed else _AT_ONCE
        self._plan()

    def _send_due(self, now: float) -> None:
        at = self._next()
        if at is not None and at <= now:
            self._attempt(now)

    def _attempt(self, now: float) -> None:
        settings = self.settings
        assert settings is not None
        if self.state is not State.ON:
            self._in_flight = settings
            self._check(settings, partial(self._checked, settings), now)
            return
        batch = self._batch(settings)
        if not batch:  # what was dropped in a transaction that failed
            self._queue.recount()
            return
        text = ",".join(each.text for each in batch)
        if settings.batched and messages.is_point(batch[0].text):
            text = f"[{text}]"
        self._in_flight = settings
        post = Post("POST", settings.url, HEADERS, self._body(settings, text))
        self._send(post, partial(self._replied, settings, batch))

    def _batch(self, settings: Settings) -> Sequence[Waiting]:
        """One message, or as many points as there are one after the other."""
        if not settings.batched:
            return self._queue.head(1)
        waiting = self._queue.head(settings.batch_count or MAX_BATCH_COUNT)
        points = 0
        while points < len(waiting) and messages.is_point(waiting[points].text):
            points += 1
        return waiting[: max(points, 1)]

    def _body(self, settings: Settings, text: str) -> bytes:
        nonce = self._characters(_LETTERS + _PUNCTUATION)
        if settings.aes_key is None:
            name, signed, shown = "msg", text, text
        else:
            key = aes_key(settings.aes_key)
            signed = encrypt(key, text, self._random.randbytes(16), settings.pad)
            name, shown = "enc_msg", f'"{signed}"'
        signature = sign(settings.token, nonce, signed)
        return f'{{"{name}":{shown},"msg_signature":"{signature}","nonce":"{nonce}"}}'.encode()

    def _characters(self, alphabet: str) -> str:
        return "".join(self._random.choices(alphabet, k=_NONCE))

    def _replied(
        self, settings: Settings, batch: Sequence[Waiting], reply: Reply, now: float
    ) -> None:
        self._in_flight = None
        if reply.delivered:
            if not self._queue.passed:
                self._delivered_at = now
            self._queue.done(batch)
        if settings is self.settings:
            self._succeeded() if reply.delivered else self._failed(reply.problem, now)
        with suppress(StoreError):  # the next step tries it again
            self._send_due(now)
        self._change()

    # Checks ------------------------------------------------------------------------------

    def _check(self, settings: Settings, on_done: Callable[[str, float], None], now: float) -> None:
        """Ask the application for the text that it gets; `on_done` gets what was wrong."""
        text = str(round(now * 1000))  # as in the example of a receiver
        nonce = self._characters(_LETTERS)  # it stands in the URL
        signature = sign(settings.token, nonce, text)
        between = "&" if "?" in settings.url else "?"
        # Base64 as it is: receivers turn blanks into + again.
        url = f"{settings.url}{between}msg={text}&nonce={nonce}&signature={signature}"

        def replied(reply: Reply, now: float) -> None:
            problem = "" if reply.delivered else reply.problem
            if not problem and reply.body != text.encode():
                shown = reply.body[:40].decode("utf-8", "replace")
                problem = f"its answer was {shown!r}, expected the text of msg, {text!r}"
            on_done(problem, now)

        self._send(Post("GET", url, _CHECK_HEADERS), replied)

    def _checked(self, settings: Settings, problem: str, now: float) -> None:
        self._in_flight = None
        if settings is self.settings:
            if problem:
                self._failed(problem, now)
            else:
                if self.failures:
                    logger.warning("push to %s: the application is there", settings.url)
                self._enter(State.ON)
        self._change()

    # Failures ----------------------------------------------------------------------------

    def _forget_failures(self) -> None:
        self.failures = 0
        self._in_a_row = 0
        self._failing_since: float | None = None
        self._retry_at = _AT_ONCE
        self.problem = ""

    def _succeeded(self) -> None:
        self._in_a_row, self._failing_since, self.problem = 0, None, ""

    def _failed(self, problem: str, now: float) -> None:
        assert self.settings is not None
        self.failures += 1
        self._in_a_row += 1
        if self._failing_since is None:
            self._failing_since = now
        if _kind(problem) != _kind(self.problem) and self._logged < _MAX_LOGGED:
            self._logged += 1
            url = self.settings.url
            logger.warning("push to %s failed, it is repeated: %s", url, problem)
        self.problem = problem
        if self.state is State.STOPPED:
            self._retry_at = now + wait_after(self._in_a_row, LONGEST_CHECK_WAIT)
            return
        begun = self.state is State.ON
        longest = LONGEST_WAIT if begun else LONGEST_START_WAIT
        self._retry_at = now + wait_after(self._in_a_row, longest)
        if self.failures >= MAX_FAILURES or now - self._failing_since >= MAX_FAILING:
            logger.warning(
                "push to %s stopped after %d failures; its URL is checked until it answers",
                self.settings.url,
                self.failures,
            )
            self.state, self.enabled, self._in_a_row = State.STOPPED, False, 0
            with suppress(StoreError):  # they stay, and are pushed later
                self._queue.clear()

    # Planning ----------------------------------------------------------------------------

    def _change(self) -> None:
        before = self.due
        self._plan()
        if self.due != before:
            self.on_change()

    def _plan(self) -> None:
        self.due = earliest(self._next(), self._next_purge())

    def _next_purge(self) -> float | None:
        if not self._queue.passed:
            return None
        if self._in_flight is None or self._queue.passed >= _PURGED:
            return self._purge_at
        return max(self._purge_at, self._delivered_at + _PURGED_AFTER)

    def _next(self) -> float | None:
        """When to send the next request; None: it waits for something else."""
        settings = self.settings
        if settings is None or self._in_flight is not None:
            return None
        if self.state is not State.ON:
            return self._retry_at
        if not self._queue.count:
            return None
        if self._in_a_row:
            return self._retry_at
        return self._batch_at(settings)

    def _batch_at(self, settings: Settings) -> float | None:
        try:
            oldest = self._queue.head(1) if settings.batched else []
        except StoreError:
            return _AT_ONCE  # the step that tries it again raises it
        if not oldest or oldest[0].number <= self._urgent_to:
            return _AT_ONCE
        if settings.batch_count is not None and self._queue.count >= settings.batch_count:
            return _AT_ONCE
        if settings.batch_seconds is None:
            return None
        return oldest[0].created + settings.batch_seconds


def _kind(problem: str) -> str:
    """What is the same in each failure of this kind: not the text that an application answered."""
    return problem.partition("'")[0]
