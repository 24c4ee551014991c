"""AT codec of the module: lines, commands, answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.module.at.codec import (
    LINE_LIMIT,
    Cme,
    Command,
    Form,
    LineReader,
    Parameter,
    Refusal,
    framed,
    parse,
    refused,
)


def bare(text: str) -> Parameter:
    return Parameter(text, quoted=False)


def quoted(text: str) -> Parameter:
    return Parameter(text, quoted=True)


def taken(reader: LineReader) -> list[bytes]:
    found = []
    while (line := reader.take()[1]) is not None:
        found.append(line)
    return found


# Lines -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"AT\r", [b"AT"]),
        (b"AT\r\n", [b"AT"]),
        (b"AT\r\nATI\r\n", [b"AT", b"ATI"]),
        (b"AT\r\r\n", [b"AT", b""]),
        (b"\n\nAT\r", [b"\n\nAT"]),
        (b"AT", []),
        (b"", []),
        (b"\r", [b""]),
    ],
)
def test_line_ends_with_cr_and_one_lf_after_it_is_ignored(
    data: bytes, expected: list[bytes]
) -> None:
    reader = LineReader()
    reader.feed(data)
    assert taken(reader) == expected


@given(st.lists(st.binary(max_size=6)).map(lambda parts: [p for p in parts if p]))
def test_pieces_of_input_do_not_matter(pieces: list[bytes]) -> None:
    whole, cut = LineReader(), LineReader()
    whole.feed(b"".join(pieces))
    lines = []
    for piece in pieces:
        cut.feed(piece)
        lines += taken(cut)
    assert lines == taken(whole)
    assert cut.begun == whole.begun


def test_begun_while_a_line_is_incomplete() -> None:
    reader = LineReader()
    reader.feed(b"AT")
    assert reader.take() == (b"", None)
    assert reader.begun
    reader.feed(b"\r\n")
    assert taken(reader) == [b"AT"]
    assert not reader.begun


def test_echo_omits_the_ignored_lf() -> None:
    reader = LineReader()
    reader.echo = True
    reader.feed(b"AT\r\nat")
    assert reader.take() == (b"AT\r", b"AT")
    assert reader.take() == (b"at", None)


def test_echo_follows_the_setting_when_the_line_is_taken() -> None:
    reader = LineReader()
    reader.echo = True
    reader.feed(b"ATE0\rAT\r")
    assert reader.take() == (b"ATE0\r", b"ATE0")
    reader.echo = False
    assert reader.take() == (b"", b"AT")


def test_endless_line_is_limited_in_memory() -> None:
    reader = LineReader()
    for _ in range(100):
        reader.feed(b"x" * 1000)
        assert reader.take() == (b"", None)
    assert reader.take() == (b"", None)
    reader.feed(b"\rAT\r")
    long, short = taken(reader)
    assert len(long) == LINE_LIMIT + 1
    assert short == b"AT"


def test_drop_beyond_keeps_the_oldest() -> None:
    reader = LineReader()
    reader.feed(b"AT\rATI\r")
    assert reader.drop_beyond(3) == 4
    assert reader.drop_beyond(3) == 0
    assert taken(reader) == [b"AT"]


# Commands ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "command"),
    [
        (b"AT", Command("", Form.EXECUTE)),
        (b"at", Command("", Form.EXECUTE)),
        (b"  AT  ", Command("", Form.EXECUTE)),
        (b"\nAT", Command("", Form.EXECUTE)),
        (b"ATE", Command("E", Form.SET, (bare("0"),))),
        (b"ATE1", Command("E", Form.SET, (bare("1"),))),
        (b"AT E1", Command("E", Form.SET, (bare("1"),))),
        (b"at&f", Command("&F", Form.SET, (bare("0"),))),
        (b"AT+CSQ", Command("+CSQ", Form.EXECUTE)),
        (b"at+csq", Command("+CSQ", Form.EXECUTE)),
        (b"AT+CEREG?", Command("+CEREG", Form.READ)),
        (b"AT+CEREG=?", Command("+CEREG", Form.TEST)),
        (b"AT+CEREG=2 ", Command("+CEREG", Form.SET, (bare("2"),))),
        (b"AT+X=", Command("+X", Form.SET, (bare(""),))),
        (b"AT+X=1,,2,", Command("+X", Form.SET, (bare("1"), bare(""), bare("2"), bare("")))),
        (b'AT+X="a, b" , c', Command("+X", Form.SET, (quoted("a, b"), bare("c")))),
        (b'AT+X=" a","?"', Command("+X", Form.SET, (quoted(" a"), quoted("?")))),
        (b'AT+X=""', Command("+X", Form.SET, (quoted(""),))),
        ('AT+X="温度"'.encode(), Command("+X", Form.SET, (quoted("温度"),))),
        (b'AT+X="\xff"', Command("+X", Form.SET, (quoted("\udcff"),))),
        (b"A\0T\0", Command("", Form.EXECUTE)),
        (b"AR\bTZ\x7fI\x7f", Command("", Form.EXECUTE)),
        (b"\b\bAT", Command("", Form.EXECUTE)),
    ],
)
def test_parse_commands(line: bytes, command: Command) -> None:
    assert parse(line) == command


@pytest.mark.parametrize(
    ("line", "names"),
    [
        (b"AT+CSQ;+CEREG?", ["+CSQ", "+CEREG"]),
        (b"ate0; +csq ;", ["E", "+CSQ"]),
        (b'AT+X="a;b",1;+Y="c"', ["+X", "+Y"]),
        (b"AT;+CSQ", ["", "+CSQ"]),
        (b"AT" + b";" * 2000, [""]),
    ],
)
def test_commands_of_one_line(line: bytes, names: list[str]) -> None:
    first = parse(line)
    assert first is not None
    assert [first.name, *(command.name for command in first.following)] == names


@pytest.mark.parametrize("line", [b"", b"   ", b"\n", b"\0", b"\t"])
def test_blank_line_is_no_command(line: bytes) -> None:
    assert parse(line) is None


@pytest.mark.parametrize(
    ("line", "number"),
    [
        (b"hello", Cme.NOT_SUPPORTED),
        (b"+CSQ", Cme.NOT_SUPPORTED),
        (b"A", Cme.NOT_SUPPORTED),
        (b"ATE0;CSQ", Cme.NOT_SUPPORTED),
        (b'AT+X="a;+CSQ', Cme.INCORRECT_PARAMETERS),
        (b"AT+", Cme.NOT_SUPPORTED),
        (b"AT+CSQ!", Cme.NOT_SUPPORTED),
        (b"AT+CSQ?1", Cme.NOT_SUPPORTED),
        (b"AT+CSQ=?1", Cme.NOT_SUPPORTED),
        (b"\xffAT", Cme.NOT_SUPPORTED),
        (b'AT+X="a', Cme.INCORRECT_PARAMETERS),
        (b'AT+X=a"', Cme.INCORRECT_PARAMETERS),
        (b'AT+X="a"b', Cme.INCORRECT_PARAMETERS),
        (b'AT+X="a" "b"', Cme.INCORRECT_PARAMETERS),
        (b"AT+X=" + b"1" * LINE_LIMIT, Cme.INCORRECT_PARAMETERS),
    ],
)
def test_malformed_lines_are_refused(line: bytes, number: Cme) -> None:
    with pytest.raises(Refusal) as caught:
        parse(line)
    assert caught.value.number is number


def test_longest_line_is_parsed() -> None:
    line = b"AT+X=" + b"1" * (LINE_LIMIT - 5)
    assert parse(line) == Command("+X", Form.SET, (bare("1" * (LINE_LIMIT - 5)),))


@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda tail: b"AT+X=" + tail))
def test_any_line_is_parsed_or_refused(line: bytes) -> None:
    try:
        command = parse(line)
    except Refusal:
        return
    assert command is None or command.name == command.name.upper()


@pytest.mark.parametrize("unit", [b" ", b'" ', b'"', b"a ", b",", b"\b", b"a\b", b"=", b"+"])
def test_no_line_makes_the_pattern_backtrack(unit: bytes) -> None:
    """A backtracking pattern would need minutes for some of these."""
    line = (b"AT+X=" + unit * LINE_LIMIT)[: LINE_LIMIT - 1] + b'"'
    with pytest.raises(Refusal):
        parse(line)


_texts = st.text(st.characters(exclude_characters='"\r\n\0\b\x7f', exclude_categories=["Cs"]))


@given(st.lists(_texts, min_size=1, max_size=8))
def test_quoted_values_are_unchanged(texts: list[str]) -> None:
    values = ",".join(f'"{text}"' for text in texts)
    line = f"AT+X={values}".encode()[:LINE_LIMIT]
    if len(line) < LINE_LIMIT:
        assert parse(line) == Command("+X", Form.SET, tuple(map(quoted, texts)))


# Answers -----------------------------------------------------------------------------------------


def test_framed_adds_cr_lf() -> None:
    assert framed("OK") == b"\r\nOK\r\n"
    assert framed("温") == b"\r\n\xe6\xb8\xa9\r\n"


def test_refusal_with_and_without_number() -> None:
    refusal = Refusal(Cme.NO_NETWORK)
    assert refused(refusal, numbers=True) == b"\r\n+CME ERROR:30\r\n"
    assert refused(refusal, numbers=False) == b"\r\nERROR\r\n"
