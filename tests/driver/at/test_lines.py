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


# --- texts of an announced length ------------------------------------------------------------

WRITE = "+MIPLWRITE:0,10001,3303,0,5702,"
EXECUTE = "+MIPLEXECUTE:0,10001,3303,0,5605,"
RESTART = "a\r\nREBOOT_CAUSE_UNKNOWN\r\nOK"
ANNOUNCED = [
    f"{WRITE}1,27,{RESTART},0,0",
    f'{WRITE}1,27,"{RESTART}",1,1',
    f"{WRITE}1, 27, {RESTART}, 0, 0".replace(",", ", ", 5),
    f"{WRITE}1,4,你\r\n好,0,0",
    f"{WRITE}1,8,你\r\n好,0,0",
    f"{WRITE}1,2,\r\n,0,0",
    f"{WRITE}1,4,\n\n\r\r,0,0",
    f'{EXECUTE}27,"{RESTART}"',
    f'{EXECUTE}5,"\r\n"\r\n"',
    f'{EXECUTE}5,"1,1,\n"',
    f'{WRITE}1,5,"1,1,\n",0,0',
    f"{WRITE}1,4,\n1你5,0,0",
]
SEVERAL = [  # no text goes over the line ends
    f"{WRITE}1,27,{RESTART}",  # nothing shows its end
    f"{WRITE}1,1,",
    f"{WRITE}1,2,",
    f"{WRITE}1,5,hello,0,0\r\nOK",
    f"{WRITE}1,5,hello\r\nOK",
    f"{WRITE}1,4,OK\r\nOK,0,0",  # nor does this: the length does not fit
    f"{WRITE}3,4,1\r\nOK",
    f"{WRITE}2,4,48\r\nOK",
    f"{WRITE}1,100,20\r\nOK",
    f"{EXECUTE}5,reset\r\nOK",
    "+MIPLREAD:0,10001,3303,0,1,9,\r\nOK",
]


def joined(*pieces: bytes) -> list[str | Overlong]:
    reader = LineReader(joins=True)
    return [line for piece in pieces for line in reader.feed(piece)] + reader.release()


@pytest.mark.parametrize("text", ANNOUNCED)
def test_text_of_announced_length_keeps_its_line_ends(text: str) -> None:
    data = f"+CEREG:1\r\n{text}\r\nOK\r\n".encode()
    assert joined(data) == joined(*each_byte(data)) == ["+CEREG:1", text, "OK"]
    assert read(data)[0] == "+CEREG:1"
    assert len(read(data)) > 3 or text.strip() != text.replace("\n", "")  # as before without it


@pytest.mark.parametrize("text", SEVERAL)
def test_lines_without_such_a_text_are_separate(text: str) -> None:
    data = f"+CEREG:1\r\n{text}\r\n+CEREG:2\r\n".encode()
    assert joined(data) == joined(*each_byte(data)) == read(data)


def test_rest_of_a_text_is_awaited_and_released() -> None:
    reader = LineReader(joins=True)
    assert reader.feed(f"+CEREG:1\r\n{WRITE}1,30,a\r\nOK\r\nhalf".encode()) == ["+CEREG:1"]
    assert reader.waits
    assert reader.release() == [f"{WRITE}1,30,a", "OK"]
    assert not reader.waits
    assert reader.feed(b" a line\r\n") == ["half a line"]


def test_lines_behind_a_text_are_not_lost_with_it() -> None:
    reader = LineReader(joins=True)
    assert reader.feed(f"{WRITE}1,9999,a\r\nOK\r\n".encode()) == []
    assert reader.feed(b"x" * LINE_LIMIT) == [f"{WRITE}1,9999,a", "OK"]
    assert not reader.waits
    assert reader.feed(b"\r\nOK\r\n") == ["x" * LINE_LIMIT, "OK"]


def test_rest_of_a_text_is_awaited_in_bounded_memory() -> None:
    reader = LineReader(joins=True)
    lines = reader.feed(f"{WRITE}1,9999,a\r\n".encode())
    for _ in range(1000):
        lines += reader.feed(b"OK\r\n" * 10)
        assert len(reader._tail) <= LINE_LIMIT
    assert len(lines) > 9000
    assert lines[:2] == [f"{WRITE}1,9999,a", "OK"]


@given(
    st.lists(
        st.one_of(
            st.sampled_from([f"{text}\r\n".encode() for text in ANNOUNCED + SEVERAL]),
            st.sampled_from(
                [b"\r\n", b"OK\r\n", b"\0", b"\x01", b"x" * 4000, b",0,0\r\n", b"\xff"]
            ),
            st.sampled_from([text.encode()[:40] for text in ANNOUNCED]),
        ),
        max_size=6,
    ).map(b"".join),
    Cuts,
)
@settings(max_examples=scaled(300))
def test_joined_lines_do_not_depend_on_how_the_stream_is_split(
    data: bytes, cuts: list[int]
) -> None:
    assert joined(*cut(data, cuts)) == joined(data)


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
