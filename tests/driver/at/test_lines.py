"""Bytes to lines: any cut, any line end, any noise, bounded memory."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m5310.at.codec import LINE_LIMIT
from m5310.at.lines import LineReader, Overlong
from tests.support.effort import scaled

Cuts = st.lists(st.integers(0, 12000), max_size=12)


def read(*pieces: bytes) -> list[str | Overlong]:
    reader = LineReader()
    return [line for piece in pieces for line in reader.feed(piece)]


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(place % (len(data) + 1) for place in cuts), len(data)]
    return [data[a:b] for a, b in pairwise(places)]


def each_byte(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"\r\nOK\r\n", ["OK"]),
        (b"OK\r", ["OK"]),
        (b"OK\n", ["OK"]),
        (b"\r\r\nOK\r\r\n", ["OK"]),
        (b"\n\rOK\n\r", ["OK"]),
        (b"\r\n+CEREG:2,1\r\n\r\nOK\r\n", ["+CEREG:2,1", "OK"]),
        (b"AT+CSQ\r\r\n+CSQ:1,99\r\n", ["AT+CSQ", "+CSQ:1,99"]),
        (b"", []),
        (b"\r\n\r\n", []),
        (b"no end", []),
        (b"a\x85b\x0bc\n", ["abc"]),  # str.splitlines would cut here
        ("温度\u2028x: 1\n+X:\u2028\n".encode(), ["x: 1", "+X:\u2028"]),
        (b"+X:a\tb \n", ["+X:a\tb "]),
        (b" \t OK\n", ["OK"]),
        (b" \n \t\n", []),
    ],
)
def test_lines(data: bytes, lines: list[str]) -> None:
    assert read(data) == lines
    assert read(*each_byte(data)) == lines


@pytest.mark.parametrize(
    ("data", "line", "noise"),
    [
        (b"\xff\x80OK\r\n", "OK", 2),
        (b"\0\0OK\r\n", "OK", 2),
        (b"O\0K\r\n", "OK", 1),
        (b"OK\xfe\r\n", "OK", 1),
        (b"\x7fOK\x1b\r\n", "OK", 2),
        (b"\xe4OK\r\n", "OK", 1),
        (b"OK\xe4\r\n", "OK", 1),
        ("é温OK\r\n".encode(), "OK", 5),
        (b"  OK\r\n", "OK", 0),
        ("  温 OK\r\n".encode(), "OK", 3),
        ("+X:温\r\n".encode(), "+X:温", 0),
        (b"+X:\xe6\xb8\r\n", "+X:", 2),
        (b"\xff\xfe\r\nOK\r\n", "OK", 2),
        ("温\r\nOK\r\n".encode(), "OK", 3),
        (b" \r\nOK\r\n", "OK", 0),
        (b"\t\r\nOK\r\n", "OK", 1),
    ],
)
def test_noise_is_dropped_and_counted(data: bytes, line: str, noise: int) -> None:
    for pieces in ([data], each_byte(data)):
        reader = LineReader()
        assert [one for piece in pieces for one in reader.feed(piece)] == [line]
        assert reader.noise == noise


@pytest.mark.parametrize(
    ("data", "line", "noise"),
    [
        (b"+MIPLWRITE:0,1,a\x01\xff\x80b\r\n", "+MIPLWRITE:0,1,a\x01\udcff\udc80b", 0),
        (b"\x01\xff +MIPL\x02WRITE:0,a\x01\0b\r\n", "+MIPLWRITE:0,a\x01b", 4),
        ("+MIPLEXECUTE:温\x7f\r\n".encode(), "+MIPLEXECUTE:温\x7f", 0),
        (b"+MIPLREAD:0,1,a\x01\xffb\r\n", "+MIPLREAD:0,1,ab", 2),
        (b"x+MIPLWRITE:a\x01\xffb\r\n", "x+MIPLWRITE:ab", 2),
    ],
)
def test_text_of_the_platform_keeps_its_bytes(data: bytes, line: str, noise: int) -> None:
    for pieces in ([data], each_byte(data), cut(data, [3, 9, 14, 17])):
        reader = LineReader()
        assert [one for piece in pieces for one in reader.feed(piece)] == [line]
        assert reader.noise == noise


def test_character_in_two_reads_is_whole() -> None:
    assert read(b"+X:\xe6", b"\xb8\xa9", b"\r\n") == ["+X:温"]


def test_open_end_after_cr_until_the_next_byte() -> None:
    reader = LineReader()
    assert reader.feed(b"OK\r") == ["OK"]
    assert reader.open_end
    assert reader.feed(b"\0") == []
    assert reader.open_end  # noise tells nothing
    assert reader.feed(b"") == []
    assert reader.open_end
    assert reader.feed(b"\n") == []
    assert not reader.open_end
    reader.feed(b"OK\r")
    reader.feed(b"+")
    assert not reader.open_end


def test_line_longer_than_the_limit_is_overlong() -> None:
    longest = b"x" * LINE_LIMIT
    for pieces in ([longest, b"\r\n"], [longest + b"\r\n"], each_byte(longest + b"\r\n")):
        assert read(*pieces) == [longest.decode()]
    for pieces in ([longest, b"y\r\nOK\r\n"], [longest + b"y\r\nOK\r\n"]):
        assert read(*pieces) == [Overlong("x" * 80), "OK"]


def test_line_without_end_is_reported_once_in_bounded_memory() -> None:
    reader = LineReader()
    lines = [line for _ in range(1000) for line in reader.feed(b"x" * 4096)]
    assert lines == [Overlong("x" * 80)]
    assert reader.overlong == 1
    assert len(reader._tail) <= LINE_LIMIT
    assert reader.feed(b"still the same\r\nOK\r\n") == ["OK"]
    assert reader.feed(b"y" * 5000 + b"\r\n") == [Overlong("y" * 80)]
    assert reader.overlong == 2


def test_noise_does_not_make_a_line_too_long() -> None:
    assert read(b"\0" * 10000 + b"OK\r\n") == ["OK"]


STREAM = st.lists(
    st.one_of(
        st.sampled_from([b"\r\n", b"\r", b"\n", b"OK", b"+CEREG:1", b"\0", b"\xff", b" ", b"\t"]),
        st.sampled_from([b"+MIPLWRITE:", b"+MIPLEXECUTE:", b"+MIPL", b"WRITE:", b"\x01", b":"]),
        st.binary(max_size=20),
        st.text(max_size=10).map(lambda text: text.encode("utf-8", "ignore")),
        st.integers(4000, 4200).map(lambda size: b"z" * size),
    ),
    max_size=12,
).map(b"".join)


@given(STREAM, Cuts)
@settings(max_examples=scaled(300))
def test_lines_do_not_depend_on_how_the_stream_is_split(data: bytes, cuts: list[int]) -> None:
    whole, pieces = LineReader(), LineReader()
    lines = whole.feed(data)
    assert [line for piece in cut(data, cuts) for line in pieces.feed(piece)] == lines
    assert (pieces.noise, pieces.overlong) == (whole.noise, whole.overlong)
    assert pieces.open_end == whole.open_end


@given(STREAM)
def test_lines_are_clean_and_bounded(data: bytes) -> None:
    reader = LineReader()
    for line in reader.feed(data):
        if isinstance(line, Overlong):
            assert len(line.head) <= 80
        else:
            assert line
            assert len(line.encode("utf-8", "surrogateescape")) <= LINE_LIMIT
            assert " " < line[0] < "\x7f"
            assert not set(line) & set("\r\n\0")
            if not line.startswith(("+MIPLWRITE:", "+MIPLEXECUTE:")):
                assert not set(line) & set("\x1b\x7f\udcff")
    assert reader.feed(b"\r\nOK\r\n")[-1] == "OK"
