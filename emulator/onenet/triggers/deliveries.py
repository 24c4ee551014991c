"""Messages of triggers on their way to applications: kept, sent in order, repeated. Pure."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from emulator.clock.deadlines import Deadlines
from emulator.onenet.posting import HEADERS, Post, Reply, Send, wait_after
from emulator.onenet.store.database import Database, StoreError

# guess: messages that wait, of one trigger (two for each device, when all fire at once) and of all;
# beyond them the oldest of the trigger are dropped. OneNET's limits are not published.
MAX_WAITING = 10_000
MAX_WAITING_TOGETHER = 100_000
# guess: attempts to deliver one message, over about five minutes; then the next one has its turn.
MAX_ATTEMPTS = 10
# Requests that are begun at once: much less than 5 ms.
_PIECE = 50

logger = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Line:
    """The messages of one trigger. `number` of the one that is being sent, after `attempts`."""

    waiting: int = 0
    number: int | None = None
    attempts: int = 0
    failures: int = 0  # in a row
    dropped: bool = False  # since the last reply with status 200


class Deliveries:
    """A message is kept until its application has replied with status 200, at most MAX_ATTEMPTS.

    Messages of one trigger go out in their order, one at a time; triggers do not wait for each
    other. After a restart, what was not delivered is sent, so an application may get one twice.
    `on_change` is called when `step` has something to do.
    """

    def __init__(self, database: Database, send: Send, url_of: Callable[[int], str]) -> None:
        """`url_of` a trigger that has messages. Raises what the database raises."""
        self.send = send
        self.on_change: Callable[[], None] = lambda: None
        self._database = database
        self._url_of = url_of
        self._lines: dict[int, _Line] = {}
        self._waiting = 0  # of all lines
        self._due: Deadlines[int] = Deadlines()  # by trigger
        self._count()
        database.on_undone.append(self._count)

    @property
    def due(self) -> float | None:
        return self._due.next

    def add(self, trigger: int, body: str, now: float) -> None:
        """Keep `body` for the application of `trigger`, in the transaction that is open."""
        line = self._lines.setdefault(trigger, _Line())
        full = self._waiting >= MAX_WAITING_TOGETHER and line.waiting > 0
        if full or line.waiting >= MAX_WAITING:
            self._drop_oldest(trigger, line)
        self._database.execute(
            "INSERT INTO messages (target, content, created) VALUES (?, ?, ?)",
            (_target(trigger), body, now),
        )
        self._counted(line, 1)
        if line.number is None and trigger not in self._due:
            self._set(trigger, now)

    def retry(self, trigger: int, now: float) -> None:
        """Do not wait longer: the URL is another one."""
        line = self._lines.get(trigger)
        if line is not None:
            line.attempts = line.failures = 0
            if line.number is None:
                self._set(trigger, now)

    def forget(self, trigger: int) -> None:
        """Drop the messages of `trigger`, in the transaction that is open."""
        self._database.execute("DELETE FROM messages WHERE target = ?", (_target(trigger),))
        line = self._lines.pop(trigger, None)
        if line is not None:
            self._waiting -= line.waiting
            self._due.set(trigger, None)

    def step(self, now: float) -> None:
        """Send what is due at `now`, at most _PIECE messages. Raises StoreError."""
        for _ in range(_PIECE):
            due = self._due.pop_due(now, 1)
            if not due:
                break
            try:
                self._send_oldest(due[0])
            except StoreError:  # the next step tries it again
                self._due.set(due[0], now)
                raise

    def _send_oldest(self, trigger: int) -> None:
        row = self._database.execute(
            "SELECT number, content FROM messages WHERE target = ? ORDER BY number LIMIT 1",
            (_target(trigger),),
        ).fetchone()
        if row is None:
            self._waiting -= self._lines.pop(trigger).waiting
            return
        line = self._lines[trigger]
        line.number, content = row
        post = Post("POST", self._url_of(trigger), HEADERS, content.encode())
        self.send(post, partial(self._replied, trigger, line))

    def _replied(self, trigger: int, line: _Line, reply: Reply, now: float) -> None:
        if self._lines.get(trigger) is not line:
            return  # the trigger was deleted meanwhile
        number, line.number = line.number, None
        line.attempts += 1
        line.failures = 0 if reply.delivered else line.failures + 1
        line.dropped = line.dropped and not reply.delivered
        if line.failures == 1:
            logger.warning(
                "trigger %d: %s: %s; the message is sent again",
                *(trigger, self._url_of(trigger), reply.problem),
            )
        self._set(trigger, now + wait_after(line.failures) if line.failures else now)
        if not reply.delivered and line.attempts < MAX_ATTEMPTS:
            return
        try:
            self._database.execute("DELETE FROM messages WHERE number = ?", (number,))
        except StoreError:  # the database has logged it; the message is sent once more
            self._set(trigger, now + wait_after(1))
            return
        if not reply.delivered:
            logger.warning(
                "trigger %d: a message failed %d times, and is dropped", trigger, line.attempts
            )
        self._counted(line, -1)
        line.attempts = 0

    def _count(self) -> None:
        """Count the messages that are kept."""
        for line in self._lines.values():
            line.waiting = 0
        rows = self._database.execute(
            "SELECT target, count(*) FROM messages WHERE target GLOB 'trigger:*' GROUP BY target"
        )
        for target, waiting in rows.fetchall():
            trigger = int(target.partition(":")[2])
            if trigger not in self._lines:
                self._lines[trigger] = _Line()
                self._due.set(trigger, 0.0)
            self._lines[trigger].waiting = waiting
        self._waiting = sum(line.waiting for line in self._lines.values())

    def _drop_oldest(self, trigger: int, line: _Line) -> None:
        """The oldest one that is not being sent."""
        if not line.dropped:
            logger.warning(
                "trigger %d: %d messages wait for %s, so the oldest ones are dropped",
                *(trigger, line.waiting, self._url_of(trigger)),
            )
        line.dropped = True
        dropped = self._database.execute(
            "DELETE FROM messages WHERE number = (SELECT number FROM messages"
            " WHERE target = ? AND number IS NOT ? ORDER BY number LIMIT 1)",
            (_target(trigger), line.number),
        )
        self._counted(line, -dropped.rowcount)

    def _counted(self, line: _Line, change: int) -> None:
        line.waiting += change
        self._waiting += change

    def _set(self, trigger: int, at: float) -> None:
        self._due.set(trigger, at)
        self.on_change()


def _target(trigger: int) -> str:
    return f"trigger:{trigger}"
