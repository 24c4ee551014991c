"""An application that gets pushes, without any socket: it sees posts, and the test replies."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from urllib.parse import parse_qs, urlsplit

from emulator.onenet.posting import Post, Reply
from emulator.onenet.push.push import Push
from emulator.onenet.push.settings import Settings
from emulator.onenet.store.database import Database

TOKEN = "abcdefghijkmlnopqrstuvwxyz"
URL = "http://127.0.0.1:8000/push"
IMEI = "865820030013978"
STREAM = "3303_0_5700"

ASCII = "".join(map(chr, range(128)))
UNICODE = ASCII + 'é例😀\u2028\x80\uffff//""\\\\'

Answer = Callable[[Post], Reply]


def query_of(post: Post) -> dict[str, str]:
    """The query of a check as a receiver decodes it."""
    return {name: values[0] for name, values in parse_qs(urlsplit(post.url).query).items()}


def good(post: Post) -> Reply:
    """Takes every message, and passes the check."""
    return Reply(200, query_of(post)["msg"].encode() if post.method == "GET" else b"")


def refusing(_post: Post) -> Reply:
    return Reply(500, b"no")


def random_value(random: Random, alphabet: str) -> object:
    """A number, a truth value, bytes, or a text of these characters."""
    kind = random.randrange(5)
    if kind == 0:
        return random.randrange(-(2**53), 2**53)
    if kind == 1:
        return random.choice((-1, 1)) * round(random.uniform(0.001, 10_000), random.randrange(12))
    if kind == 2:
        return random.choice((True, False))
    if kind == 3:
        return random.randbytes(random.randrange(20))
    return "".join(random.choices(alphabet, k=random.randrange(30)))


class Application:
    """`push` sends to it. `open`: requests without a reply, `messages`: what it took, as JSON."""

    def __init__(self, database: Database | None = None, *, now: float = 1000.0) -> None:
        self.now = now
        self.database = database or Database()
        self.open: list[tuple[Post, Callable[[Reply, float], None]]] = []
        self.messages: list[object] = []
        self.checks = 0
        self.push = Push(self.database, Random(1), self._send)

    def set(self, **settings: object) -> str:
        """Settings whose check the application passes; returns what was wrong with them."""
        problems: list[str] = []
        given = Settings.of({"url": URL, "token": TOKEN, **settings})
        self.push.set(given, problems.append, self.now)
        self.reply(good)
        return problems[0]

    def restart(self) -> None:
        """Another process on the same database; what was open is lost."""
        self.open.clear()
        self.push = Push(self.database, Random(2), self._send)

    def point(self, value: object = 21.5, *, stream: str = STREAM) -> None:
        self.push.points(7, IMEI, [(stream, value, round(self.now * 1000))], self.now)

    def _send(self, post: Post, on_reply: Callable[[Reply, float], None]) -> None:
        self.open.append((post, on_reply))

    def reply(self, answer: Answer = good) -> Post:
        """Reply to the oldest open request, which is returned."""
        post, on_reply = self.open.pop(0)
        reply = answer(post)
        if post.method == "GET":
            self.checks += 1
        elif reply.delivered:
            found = json.loads(post.body).get("msg")
            self.messages += found if isinstance(found, list) else [found]
        on_reply(reply, self.now)
        return post

    def step(self) -> None:
        """Do what is due now."""
        self.push.step(self.now)
        due = self.push.due
        assert due is None or due > self.now

    def serve(self, answer: Answer = good) -> None:
        """Reply to everything that is due now."""
        self.step()
        while self.open:
            self.reply(answer)
            self.step()

    def run(self, end: float, answer: Answer = good) -> None:
        """Serve until `end`."""
        self.serve(answer)
        while (due := self.push.due) is not None and due <= end:
            self.now = max(self.now, due)
            self.serve(answer)
        self.now = end

    @property
    def values(self) -> list[object]:
        """Of the points that it took."""
        return [one["value"] for one in self.messages if isinstance(one, dict) and "value" in one]
