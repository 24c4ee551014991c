"""What the platform sends to applications by HTTP, for pushes and triggers. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

# Seconds for an application to reply (OneNET's documents of 2019).
TIMEOUT = 5.0
# guess: bounds memory. Bytes of a reply that are kept; its meaning is in its status.
MAX_REPLY = 4096
# Bytes of it that a message shows.
_SHOWN = 120
# guess: characters.
MAX_URL = 2048
# guess: seconds until a request that failed is repeated, which grow; the documents say "later".
_FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
# As captured of pushes. guess: those of triggers are the same.
HEADERS = {
    "User-Agent": "OneNET",
    "Content-Type": "application/json; charset=utf-8",
    "Accept-Encoding": "*",
    "Connection": "Keep-Alive",
}


@dataclass(frozen=True, slots=True)
class Post:
    """One request of HTTP; `url` goes out as it is, without any escaping."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Reply:
    """`status` None: no reply came, for the reason `error`. `body`: its first MAX_REPLY bytes."""

    status: int | None
    body: bytes = b""
    error: str = ""

    @property
    def delivered(self) -> bool:
        """Whether the request has arrived (OneNET's documents: status 200, any body)."""
        return self.status == 200

    @property
    def problem(self) -> str:
        """Why it was not delivered, for a message."""
        if self.status is None:
            return self.error
        said = self.body[:_SHOWN].decode("utf-8", "replace")
        return f"HTTP status {self.status}, expected 200" + (f": {said!r}" if said else "")


# Sends a request; calls back once, later, with the reply and the time.
Send = Callable[[Post, Callable[[Reply, float], None]], None]


def wait_after(failures: int, longest: float = LONGEST_WAIT) -> float:
    """Seconds until the next attempt, after `failures` (1 or more) in a row."""
    return min(_FIRST_WAIT * 2.0 ** min(failures - 1, 32), longest)


def checked_url(text: str) -> str:
    """`text`, the URL of an application. Raises ValueError that says what was expected."""
    expected = "expected a URL such as http://127.0.0.1:8000/path"
    if len(text) > MAX_URL:
        raise ValueError(f"url of {len(text)} characters, expected up to {MAX_URL}")
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError(f"url {text!r}: it has other characters than a URL has, {expected}")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"url {text!r}: {error}, {expected}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise ValueError(f"url {text!r}, {expected}")
    if "@" in parts.netloc or "#" in text:
        raise ValueError(f"url {text!r} has a user name or a fragment, {expected}")
    return text
