"""Heads of requests as programs with a raw socket write them, completed for aiohttp. Pure.

A program in C that writes its requests by hand may leave out the Host header, end its lines with LF
or have UTF-8 in the request line. aiohttp takes none of that, so such heads are completed here
before it parses them. All other bytes pass unchanged: it refuses what cannot be read.

guess: OneNET takes such heads. Its answers are those of Tomcat, which takes LF (RFC 9112 2.2), but
has to refuse a request of HTTP/1.1 without a Host (RFC 9112 3.2).
"""

from __future__ import annotations

import re

# Bytes of a line that are held until its end comes; aiohttp refuses shorter ones.
_MAX_LINE = 32 * 1024
# Lines of one piece: bounds the time, some 2 ms. aiohttp takes heads of 129 lines.
_MAX_LINES = 1000
# Of a Content-Length; one with more is refused by aiohttp.
_MAX_DIGITS = 18
_REQUEST_LINE = re.compile(rb"[A-Za-z]+ [^\r]* HTTP/1\.[01]\r?\n")
# A head with line ends as they should be, and the headers in it.
_HEAD = re.compile(rb"[A-Z]+ [!-~]+ HTTP/1\.[01](\r\n(?:[^\r\n]+\r\n)*+)\r\n")
_COUNT = re.compile(rb"\ncontent-length:[ \t]*([0-9]{1,18})[ \t]*\r")
_EMPTY_LINES = re.compile(rb"[\r\n]*")  # before a head: ignored (RFC 9112 2.2)
_BESIDE_ASCII = re.compile(rb"[\x80-\xff]+")
# Headers after which the end of the request is not found by counting.
_UNCOUNTED = (b"transfer-encoding", b"upgrade")


class Heads:
    """Completes the heads in the bytes of one connection.

    After each head its body is counted, by Content-Length. Where that cannot be (chunked, upgrade,
    what is no head at all), everything passes from there on. Nor are more than _MAX_LINES completed
    at a time.
    """

    def __init__(self) -> None:
        self._held = bytearray()  # the begin of a line
        self._left = 0  # bytes of the body that are still to come
        self._passing = False
        self._in_head = False
        self._hostless = False  # the head needs a Host, and has none so far
        self._length = 0  # of the body after this head
        self._uncounted = False

    def feed(self, data: bytes) -> list[bytes]:
        """What is to be parsed, one part after the other.

        What follows a request is a part of its own: a parser that refuses it together with the
        requests before it would lose these.
        """
        parts, out, place, lines = [], bytearray(), 0, 0
        while place < len(data):
            if out and self._at_begin():
                parts.append(bytes(out))
                out.clear()
            if self._passing:
                end = len(data)
                out += data[place:]
            elif self._left:
                end = min(place + self._left, len(data))
                self._left -= end - place
                out += data[place:end]
            elif lines < _MAX_LINES and self._at_begin() and (same := self._correct(data, place)):
                end = same
                out += data[place:end]
            else:
                end = data.find(b"\n", place) + 1 or len(data)
                self._held += data[place:end]
                if lines >= _MAX_LINES or not self._is_head():
                    self._passing = True
                    out += self._held
                    self._held.clear()
                elif data[end - 1] == ord("\n"):
                    out += self._completed()
            place, lines = end, lines + 1
        return [*parts, bytes(out)] if out else parts

    def _at_begin(self) -> bool:
        """Whether a head begins here: nothing of it, and all of what came before, has passed."""
        return not (self._passing or self._left or self._in_head or self._held)

    def _correct(self, data: bytes, place: int) -> int:
        """Where something that needs no change ends: a head, or empty lines before one; else 0.

        Most clients send such heads in one piece: this is several times as fast as line by line.
        """
        if data[place] in b"\r\n":
            return _EMPTY_LINES.match(data, place).end()  # type: ignore[union-attr]
        head = _HEAD.match(data, place)
        if head is None or head[0].startswith(b"CONNECT "):
            return 0
        headers = head[1].lower()
        if b"\nhost:" not in headers or any(b"\n" + name in headers for name in _UNCOUNTED):
            return 0
        if b"\ncontent-length" in headers:
            count = _COUNT.search(headers)
            if count is None:
                return 0
            self._left = int(count[1])
        return head.end()

    def _is_head(self) -> bool:
        """Whether `_held`, a line or the begin of one, may be of a head."""
        if len(self._held) > _MAX_LINE:
            return False
        if self._in_head:
            return True
        if self._held.endswith(b"\n"):
            return _REQUEST_LINE.fullmatch(self._held) is not None
        return self._held[:1].isalpha() and b"\r" not in self._held[:-1]

    def _completed(self) -> bytes:
        """The line in `_held`, as aiohttp takes it."""
        line = bytes(self._held.removesuffix(b"\n").removesuffix(b"\r"))
        self._held.clear()
        if not self._in_head:
            self._in_head = True
            self._hostless = line.endswith(b"HTTP/1.1")
            self._length, self._uncounted = 0, line.startswith(b"CONNECT ")
            return _BESIDE_ASCII.sub(_encoded, line) + b"\r\n"
        if line:
            self._read(line)
            return line + b"\r\n"
        self._in_head = False
        self._left, self._passing = self._length, self._uncounted
        if not self._hostless:
            return b"\r\n"
        # The next head would pass as it is.
        last = b"Connection: close\r\n" if self._passing else b""
        return b"Host:\r\n" + last + b"\r\n"

    def _read(self, line: bytes) -> None:
        """Note what a header line says about the request."""
        name, _, value = line.partition(b":")
        name = name.strip().lower()
        if name == b"host":
            self._hostless = False
        elif name == b"content-length":
            digits = value.strip()
            if digits.isdigit() and len(digits) <= _MAX_DIGITS:
                self._length = int(digits)
            else:
                self._uncounted = True
        elif name in _UNCOUNTED:
            self._uncounted = True


def _encoded(found: re.Match[bytes]) -> bytes:
    """Bytes of a target that have to be encoded (RFC 3986 2.1)."""
    return b"%" + found[0].hex("%").upper().encode()
