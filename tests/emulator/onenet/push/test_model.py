"""The push against a model: a list of what must arrive, under failures, restarts and time."""

from __future__ import annotations

import json
from collections.abc import Callable

from hypothesis import settings as configured
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from emulator.onenet.posting import Post, Reply
from emulator.onenet.push.push import State
from tests.support.push_application import IMEI, STREAM, Application, good, refusing

# What is delivered is forgotten together, so many at a time.
MOST_REPEATED = 20


class PushMachine(RuleBasedStateMachine):
    """`waiting`: numbers that the application has not taken, in their order; even ones are points.

    A number that is taken twice was taken before: at least once, and never out of order. `taken`:
    those that a process which is killed may send again, all since nothing was open last.
    """

    def __init__(self) -> None:
        super().__init__()
        self.application = Application()
        self.next = 0
        self.waiting: list[int] = []
        self.taken: list[int] = []
        self.count: int | None = None
        self.seconds: float | None = None
        assert self.application.set() == ""

    @rule(count=st.none() | st.integers(1, 4), seconds=st.none() | st.integers(1, 20))
    def configure(self, count: int | None, seconds: int | None) -> None:
        if not self.application.open:
            settings = {"batch_count": count, "batch_seconds": seconds}
            assert self.application.set(**settings) == ""
            self.count, self.seconds = count, seconds

    @rule(points=st.integers(1, 5))
    def report(self, points: int) -> None:
        for _ in range(points):
            value = self._new(0)
            self.application.push.points(7, IMEI, [(STREAM, value, 5)], self.application.now)

    @rule()
    def go_offline(self) -> None:
        """The time in the message is its number."""
        now = self._new(1) / 1000
        self.application.push.online(7, IMEI, online=False, now=now)

    def _new(self, odd: int) -> int:
        self.next += 2
        self.waiting.append(self.next + odd)
        return self.next + odd

    @rule(seconds=st.integers(0, 90))
    def let_time_pass(self, seconds: int) -> None:
        self.application.now += seconds
        self.application.step()

    @precondition(lambda self: self.application.open)
    @rule()
    def accept(self) -> None:
        self._take(good)

    @precondition(lambda self: self.application.open)
    @rule()
    def lose_the_reply(self) -> None:
        """It arrived, but the platform does not know."""
        self._sent()
        self.application.reply(lambda _post: Reply(None, error="no answer within 5 s"))

    @precondition(lambda self: self.application.open)
    @rule()
    def refuse(self) -> None:
        self.application.reply(refusing)

    @rule()
    def kill(self) -> None:
        self.application.restart()
        again = self.application.push.waiting - len(self.waiting)
        assert 0 <= again <= len(self.taken)
        if again:
            self.waiting[:0] = self.taken[-again:]
        self.taken.clear()
        self.application.step()

    def _sent(self) -> list[int]:
        """What the open request has: the first that waits, or several points."""
        (post, _) = self.application.open[0]
        assert post.method == "POST"
        found = json.loads(post.body)["msg"]
        batch = found if isinstance(found, list) else [found]
        numbers = [one["value"] if one["type"] == 1 else one["at"] for one in batch]
        assert numbers == self.waiting[: len(numbers)]
        assert len(numbers) <= (self.count or 500)
        if isinstance(found, list):
            assert all(number % 2 == 0 for number in numbers)
        return numbers

    def _take(self, answer: Callable[[Post], Reply]) -> None:
        numbers = self._sent()
        self.application.reply(answer)
        self.application.step()
        del self.waiting[: len(numbers)]
        self.taken += numbers
        if not self.application.open or len(self.taken) >= MOST_REPEATED:
            self.taken.clear()

    @invariant()
    def counts_what_waits(self) -> None:
        assert self.application.push.waiting == len(self.waiting)
        assert len(self.application.open) <= 1
        assert self.application.push.state is State.ON

    def teardown(self) -> None:
        """Everything that may be sent arrives in the end."""
        application = self.application
        for _ in range(1000):
            if application.open:
                self._take(good)
            application.step()
            if not application.open:
                if application.push.due is None:
                    break
                application.now = max(application.now, application.push.due)
                application.step()
        if self.seconds is not None or self.count is None:
            assert self.waiting == []
        else:
            assert len(self.waiting) < self.count
            assert all(number % 2 == 0 for number in self.waiting)


TestPush = PushMachine.TestCase
TestPush.settings = configured(deadline=None, max_examples=60, stateful_step_count=40)
