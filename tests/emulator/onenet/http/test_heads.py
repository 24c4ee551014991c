"""Heads that are completed before they are parsed: whole and in pieces of any size."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from emulator.onenet.http.heads import Heads
from tests.support.calls import calls_in

GET = b"GET /devices/1 HTTP/1.1\r\napi-key: secret\r\n\r\n"
COMPLETED = b"GET /devices/1 HTTP/1.1\r\napi-key: secret\r\nHost:\r\n\r\n"
POST = b"POST /nbiot HTTP/1.1\r\nContent-Length: 5\r\n\r\n"
POSTED = b"POST /nbiot HTTP/1.1\r\nContent-Length: 5\r\nHost:\r\n\r\n"


def fed(pieces: Iterable[bytes]) -> bytes:
    heads = Heads()
    return b"".join(b"".join(heads.feed(piece)) for piece in pieces)


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[place : place + size] for place in range(0, len(data), size)]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize(
    ("given", "parsed"),
    [
        (GET, COMPLETED),
        (GET + GET, COMPLETED + COMPLETED),
        (b"\r\n\n" + GET, b"\r\n\n" + COMPLETED),
        (POST + b"{}\r\n\r" + GET, POSTED + b"{}\r\n\r" + COMPLETED),
        (POST + GET[:5] + GET, POSTED + GET[:5] + COMPLETED),
        (GET.replace(b"\r\n", b"\n"), COMPLETED),
        (GET.replace(b"\r\n", b"\n", 1), COMPLETED),
        (GET[:-2] + b"\n", COMPLETED),
        (POST.replace(b"\r\n", b"\n") + b"a\n\nb\n", POSTED + b"a\n\nb\n"),
        (
            GET[:-2] + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + GET,
            COMPLETED[:-9]
            + b"Transfer-Encoding: chunked\r\nHost:\r\nConnection: close\r\n\r\n0\r\n\r\n"
            + GET,
        ),
        (GET.replace(b"1.1", b"1.0"), GET.replace(b"1.1", b"1.0")),
        (
            "GET /devices?key_words=井 HTTP/1.1\nHost: a\n\n".encode(),
            b"GET /devices?key_words=%E4%BA%95 HTTP/1.1\r\nHost: a\r\n\r\n",
        ),
    ],
)
def test_head_is_completed_in_pieces_of_any_size(given: bytes, parsed: bytes, size: int) -> None:
    assert fed(cut(given, size)) == parsed


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize(
    "text",
    [
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na\nb\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\na\nb\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\na\nb\n",
        b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n\x16\x03\nGET / HTTP/1.1\n\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n\x01\n\n",
        b"GET /nowhere\r\n\r\na\nb\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/1.1\rHost: a\r\r",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n\n",
        b"{}\n\n",
        b" GET / HTTP/1.1\n\n",
        *(
            b"GET / HTTP/1.1\r\n" + host + b"\r\nx: y\r\n\r\n"
            for host in (b"HOST:a", b"host:", b"Host : a", b"Host:\r\n a", b" Host: a", b"Host")
        ),
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\r\nx\r\n\r\n",
        b"x" * 40_000 + b"\n\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nx: " + b"y" * 40_000 + b"\n\n",
    ],
)
def test_all_else_passes_unchanged(text: bytes, size: int) -> None:
    assert fed(cut(text, size)) == text


@pytest.mark.parametrize("junk", [b"\0", b"{}", b"junk\r\n\r\n", b"GET /x\r\n", b"a b c\n"])
def test_what_is_no_head_is_parsed_apart(junk: bytes) -> None:
    """With a request in one piece, the parser would refuse both."""
    assert Heads().feed(GET + junk + GET) == [COMPLETED, junk + GET]
    heads = Heads()
    heads.feed(GET + junk[:1])
    assert b"".join(heads.feed(junk[1:] + b"\n\n")).endswith(b"\n\n")


@pytest.mark.parametrize("begin", [b"", b"x", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nx: "])
def test_line_without_end_is_not_kept(begin: bytes) -> None:
    heads = Heads()
    kept = len(begin) - len(b"".join(heads.feed(begin)))
    for _ in range(100):
        kept += 1000 - len(b"".join(heads.feed(b"y" * 1000)))
        assert kept < 40_000
    assert kept == 0


@pytest.mark.parametrize("text", [b"\n", b"\r\n", b"x: y\r\n", b"GET / HTTP/1.1\n\n"])
def test_effort_for_one_piece_is_bounded(text: bytes) -> None:
    """The serial lines of all modules run in the same loop."""
    heads, piece = Heads(), text * (250_000 // len(text))
    head = b"GET / HTTP/1.1\r\n" if b":" in text else b""
    assert calls_in(lambda: heads.feed(head + piece)) < 25_000  # some 5 ms


TOKEN = st.text("abcdefghijklmnopqrstuvwxyzHOST-", min_size=1, max_size=8)
VALUE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)
UNSAFE = {"host", "content-length", "transfer-encoding", "upgrade"}


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """A request of a correct client: any headers, a Host among them, and a body."""
    headers = draw(
        st.lists(st.tuples(TOKEN.filter(lambda name: name.lower() not in UNSAFE), VALUE))
    )
    body = draw(st.binary(max_size=30))
    host = draw(st.sampled_from(["Host: localhost", "host:", "HOST:127.0.0.1:80"]))
    lines = [f"{name}: {value}" for name, value in headers]
    lines.insert(draw(st.integers(0, len(lines))), host)
    if body:
        lines.insert(draw(st.integers(0, len(lines))), f"content-Length: {len(body)}")
    method = draw(st.sampled_from(["GET", "POST", "DELETE", "OPTIONS"]))
    target = draw(st.text(st.characters(min_codepoint=33, max_codepoint=126)))
    version = draw(st.sampled_from(["1.0", "1.1"]))
    head = "".join(f"{line}\r\n" for line in (f"{method} /{target} HTTP/{version}", *lines))
    return f"{head}\r\n".encode() + body


@given(st.lists(requests(), max_size=4), st.lists(st.integers(1, 60), max_size=30))
@example([b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"] * 2, [26, 1, 1, 1])
def test_requests_of_a_correct_client_pass_unchanged(sent: list[bytes], sizes: list[int]) -> None:
    text = b"".join(sent)
    pieces, place = [], 0
    for size in [*sizes, len(text)]:
        pieces.append(text[place : place + size])
        place += size
    heads = Heads()
    assert b"".join(part for piece in pieces for part in heads.feed(piece)) == text
    assert Heads().feed(text) == sent  # what is wrong with one takes no other with it


FRAGMENTS = st.sampled_from(
    [
        *(b"GET / HTTP/1.1", b"POST /\xff HTTP/1.0", b"CONNECT a HTTP/1.1", b"Host:", b"x: y"),
        *(b"Content-Length: 7", b"Upgrade: x", b"\r\n", b"\r\n", b"\n", b"\r\n\r\n", b"\r", b" "),
    ]
)


@given(st.lists(FRAGMENTS | st.binary(max_size=3), max_size=20), st.integers(1, 9))
def test_any_bytes_in_any_pieces_give_the_same(pieces: list[bytes], size: int) -> None:
    text = b"".join(pieces)
    assert fed(cut(text + b"\n\n", size)) == fed([text + b"\n\n"])
