"""The classic dialect: command lines, unsolicited lines, bare and typed values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m5310.at.codec import Command
from m5310.dialects.classic import commands as classic
from m5310.dialects.classic.config import Config
from m5310.dialects.classic.form import Reading
from m5310.dialects.classic.urcs import _PARSERS, _WITH_VALUE, parse
from m5310.dialects.urcs import (
    Acknowledged,
    Closed,
    Discovered,
    ExecuteRequest,
    Observed,
    Opened,
    ReadRequest,
    Updated,
    WriteRequest,
)
from m5310.errors import AnswerError, ParameterError
from m5310.lwm2m.path import ANY, Path
from m5310.lwm2m.values import ValueType

PATH = Path(3303, 0, 5700)


# --- command lines ---------------------------------------------------------------------------


def test_configuration_lines_of_real_programs() -> None:
    bootstrap = Config("123456789012345;123456789012345", "coap://183.230.40.39:5683")
    (command,) = classic.configure(bootstrap)
    assert command.line == (
        "AT+MIPLCONF=71,10000000805101001900636F61703A2F2F3138332E3233302E34302E33393A353638331F00"
        "3132333435363738393031323334353B313233343536373839303132333435050501,1,1"
    )
    direct = Config("1234;test", "coap://183.230.40.40:5683", 300, blocks=None)
    (command,) = classic.configure(direct)
    assert command.line == (
        "AT+MIPLCONF=46,000000002C0100001900636F61703A2F2F3138332E3233302E34302E34303A353638330900"
        "313233343B74657374,1,1"
    )


def test_long_configuration_is_sent_in_fragments() -> None:
    blob = bytes(range(256)) * 9  # 2304 bytes
    lines = [command.line for command in classic.fragments(blob)]
    heads = [line.split(",")[0] for line in lines]
    assert heads == ["AT+MIPLCONF=1024", "AT+MIPLCONF=1024", "AT+MIPLCONF=256"]
    assert [line.split(",")[2:] for line in lines] == [["1", "0"], ["2", "0"], ["3", "1"]]
    assert bytes.fromhex("".join(line.split(",")[1] for line in lines)) == blob
    assert len(classic.fragments(bytes(1024))) == 1


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (classic.add_object(PATH), "AT+MIPLADDOBJ=0,3303,0"),
        (classic.delete_object(PATH), "AT+MIPLDELOBJ=0,3303,0"),
        (
            classic.notify(PATH, ValueType.FLOAT, "20.123"),
            'AT+MIPLNOTIFY=0,3303,0,5700,4,"20.123",1',
        ),
        (
            classic.notify(PATH, ValueType.STRING, "a, b", last=False),
            'AT+MIPLNOTIFY=0,3303,0,5700,1,"a, b",0',
        ),
        (
            classic.notify(PATH, ValueType.BOOLEAN, "1", ackid=278),
            'AT+MIPLNOTIFY=0,3303,0,5700,5,"1",1,278',
        ),
        (classic.open_(), "AT+MIPLOPEN=0"),
        (classic.open_(30), "AT+MIPLOPEN=0,30"),
        (classic.close(), "AT+MIPLCLOSE=0"),
        (classic.delete(), "AT+MIPLDEL=0"),
        (classic.update(300, with_objects=False), "AT+MIPLUPDATE=0,300,0"),
        (classic.update(86400, with_objects=True), "AT+MIPLUPDATE=0,86400,1"),
        (
            classic.answer_read(60204, PATH, ValueType.FLOAT, "20.123"),
            'AT+MIPLREAD=0,60204,3303,0,5700,4,"20.123",1',
        ),
        (
            classic.answer_read(60204, PATH, ValueType.OPAQUE, "00FF", last=False),
            'AT+MIPLREAD=0,60204,3303,0,5700,2,"00FF",0',
        ),
        (
            classic.answer_unreadable(60204, PATH, None),
            'AT+MIPLREAD=0,60204,3303,0,5700,2,"",1',
        ),
        (
            classic.answer_unreadable(60204, PATH, ValueType.OPAQUE),
            'AT+MIPLREAD=0,60204,3303,0,5700,1,"",1',
        ),
        (
            classic.answer_unreadable(60204, Path(3303), None),
            'AT+MIPLREAD=0,60204,3303,-1,-1,2,"",1',
        ),
        (classic.answer_write(60204, done=True), "AT+MIPLWRITE=0,60204,1"),
        (classic.answer_write(60204, done=False), "AT+MIPLWRITE=0,60204,0"),
        (classic.answer_execute(60204, done=True), "AT+MIPLEXECUTE=0,60204,1"),
    ],
)
def test_command_line(command: Command, line: str) -> None:
    assert command.line == line
    assert command.responses == ()
    assert command.timeout == classic.PROMPT


@pytest.mark.parametrize("ackid", [0, -1, 2**31])
def test_ackid_out_of_range_is_refused(ackid: int) -> None:
    with pytest.raises(ParameterError, match="ackid"):
        classic.notify(PATH, ValueType.STRING, "x", ackid=ackid)


def test_ackid_is_allowed_on_the_last_line_only() -> None:
    with pytest.raises(ParameterError, match="last line"):
        classic.notify(PATH, ValueType.STRING, "x", last=False, ackid=5)


def test_lifetime_out_of_range_is_refused() -> None:
    with pytest.raises(ParameterError, match="lifetime 9"):
        classic.update(9, with_objects=False)


def test_quote_in_a_value_is_refused() -> None:
    with pytest.raises(ParameterError, match="quote"):
        classic.notify(PATH, ValueType.STRING, 'a",1\rAT+MIPLDEL=0')


# --- unsolicited lines -----------------------------------------------------------------------

READ = ReadRequest(0, 10001, Path(3303, 0, 5700))


@pytest.mark.parametrize(
    ("line", "urc"),
    [
        ("+MIPLOPEN:0,1", Opened(0, True)),
        ("+MIPLOPEN: 0,0", Opened(0, False)),
        ("+MIPLCLOSE:0,1", Closed(0, True)),
        ("+MIPLUPDATE:0,0", Updated(0, False)),
        ("+MIPLNOTIFY:0,278", Acknowledged(0, 278)),
        ("+MIPLOBSERVE:0,10001,1,3303,0,-1", Observed(0, 10001, True, 3303, 0, ANY)),
        ("+MIPLOBSERVE:0,10001,0,3303,0", Observed(0, 10001, False, 3303, 0, ANY)),
        ("+MIPLDISCOVER:0,10001,3303", Discovered(0, 10001, 3303)),
        ("+MIPLREAD:0,10001,3303,0,5700", READ),
        ("+MIPLREAD: 0,10001,3303,0,5700", READ),
        ("+MIPLREAD:0,10001,3303,0,5700,7", READ),  # one value more: some firmware
        ("+MIPLREAD:0,10001,3303,0,-1", ReadRequest(0, 10001, Path(3303, 0))),
        ("+MIPLREAD:0,10001,3303,-1,-1", ReadRequest(0, 10001, Path(3303))),
    ],
)
def test_unsolicited_line_is_parsed(line: str, urc: object) -> None:
    assert parse(line) == urc
    assert type(parse(line)) is type(urc)


@pytest.mark.parametrize(
    "line", ["", "OK", "+CEREG:5", "MIPLREAD:0,1", "+MIPLEVENT:0,6", "+miplopen:0,1", "+MIPLVER:1"]
)
def test_line_of_another_dialect_is_ignored(line: str) -> None:
    assert parse(line) is None


@pytest.mark.parametrize(
    "line",
    [
        "+MIPLOPEN",
        "+MIPLOPEN:",
        "+MIPLOPEN:0",
        "+MIPLOPEN:0,2",
        "+MIPLOPEN:0,1,1",
        "+MIPLOPEN:x,1",
        "+MIPLCLOSE:0,yes",
        "+MIPLUPDATE:0",
        "+MIPLNOTIFY:0,x",
        "+MIPLOBSERVE:0,1,1,3303",
        "+MIPLOBSERVE:0,1,2,3303,0",
        "+MIPLDISCOVER:0,1",
        "+MIPLREAD:0,10001,3303,0",
        "+MIPLREAD:0,10001,3303,0,5700,1,2",
        "+MIPLREAD:0,10001,3303,0,x",
        "+MIPLREAD:0,10001,-1,0,5700",
        "+MIPLREAD:0,10001,3303,-1,5700",
        "+MIPLREAD:0,10001,3303,0,65536",
        "+MIPLREAD:0,10001,3303,0,-2",
        "+MIPLREAD:0,10001,3303,70000,1",
        "+MIPLREAD:0,10001,70000,0,1",
        "+MIPLWRITE:0,10001,3303,0,5700",
        "+MIPLWRITE:0,10001,3303,-1,5700,1",
        "+MIPLWRITE:0,x,3303,0,5700,1",
        "+MIPLEXECUTE:0,10001,3303,0",
        "+MIPLEXECUTE:0,10001,3303,0,-1",
        "+MIPLEXECUTE:0,10001,3303,0,99999,now",
    ],
)
def test_malformed_line_is_an_error(line: str) -> None:
    with pytest.raises(AnswerError) as wrong:
        parse(line)
    assert line[:20] in str(wrong.value)


@given(st.sampled_from(sorted([*_PARSERS, *_WITH_VALUE])), st.text(max_size=40))
def test_any_line_is_parsed_or_a_typed_error(name: str, text: str) -> None:
    for reading in Reading:
        try:
            parse(f"{name}:{text}", reading)
        except AnswerError:
            continue


numbers = st.lists(st.integers(-2, 70000).map(str), min_size=4, max_size=8).map(",".join)


@given(st.sampled_from(sorted([*_PARSERS, *_WITH_VALUE])), numbers)
def test_parsed_requests_have_valid_paths(name: str, text: str) -> None:
    try:
        urc = parse(f"{name}:{text}")
    except AnswerError:
        return
    if isinstance(urc, ReadRequest | WriteRequest | ExecuteRequest):
        assert urc.path.whole or isinstance(urc, ReadRequest)


# --- the two readings of a write -------------------------------------------------------------


def written(text: str, reading: Reading = Reading.EITHER) -> tuple[ValueType | None, str, int]:
    urc = parse(f"+MIPLWRITE:0,10001,3306,0,5850,{text}", reading)
    assert isinstance(urc, WriteRequest)
    assert urc.path == Path(3306, 0, 5850)
    assert urc.last == (urc.flag == 0)
    return urc.kind, urc.text, urc.flag


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("1,5,hello", (ValueType.STRING, "hello", 0)),
        ("1,5,hello,0,0", (ValueType.STRING, "hello", 0)),
        ("1,5,hello,1,3", (ValueType.STRING, "hello", 1)),
        ("1,5,hello,2", (ValueType.STRING, "hello", 2)),
        ('1,5,"hello",0,0', (ValueType.STRING, "hello", 0)),
        ('1,7,"hello",0,0', (ValueType.STRING, '"hello"', 0)),
        ("1,6,a,b, c,0,0", (ValueType.STRING, "a,b, c", 0)),
        ("1,5,0,0,0", (ValueType.STRING, "0,0,0", 0)),
        ("1,2,世界,0,0", (ValueType.STRING, "世界", 0)),
        ('1,2,"世界",0,0', (ValueType.STRING, "世界", 0)),
        ("1,0,", (ValueType.STRING, "", 0)),
        ("1,0,,0,0", (ValueType.STRING, "", 0)),
        ("2,2,00FF,0,0", (ValueType.OPAQUE, "00FF", 0)),
        ("3,4,-12,0,0", (ValueType.INTEGER, "-12", 0)),
        ("3,8,12", (ValueType.INTEGER, "12", 0)),
        ("4,4,21.5,1,1", (ValueType.FLOAT, "21.5", 1)),
        ("4,8,1e3,0,0", (ValueType.FLOAT, "1e3", 0)),
        ("5,1,1,0,0", (ValueType.BOOLEAN, "1", 0)),
        ("6,4,E309,0,0", (ValueType.HEX_STRING, "E309", 0)),
    ],
)
def test_typed_value_of_a_write(text: str, read: tuple[ValueType, str, int]) -> None:
    assert written(text) == written(text, Reading.TYPED) == read
    assert written(text, Reading.BARE) == (None, text, 0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "21.5",
        "hello, world",
        " leading blank",
        "1,",
        "1,5",
        "7,5,hello",
        "0,5,hello",
        "1,4,hello,0,0",  # the length does not agree
        "1,6,hello",
        "1,5,hello,3,0",
        "1,5,hello,0,0,0",
        "1,5,hello,0,x",
        '1,4,"hello",0,0',
        "2,2,00F,0,0",
        "2,2,00FX,0,0",
        "3,4,twelve",
        "3,4,",
        "3,x,12",
        "3,4,12,9",
        "4,4,warm",
        "5,1,2",
        "6,4,E30X",
        "6,3,E30",
    ],
)
def test_text_that_does_not_fit_the_typed_form_is_a_bare_value(text: str) -> None:
    assert written(text) == (None, text, 0)
    with pytest.raises(AnswerError, match="expected"):
        written(text, Reading.TYPED)


# --- and of an execute -----------------------------------------------------------------------


def executed(rest: str, reading: Reading = Reading.EITHER) -> bytes:
    urc = parse(f"+MIPLEXECUTE:0,10001,3303,0,5605{rest}", reading)
    assert isinstance(urc, ExecuteRequest)
    assert urc.path == Path(3303, 0, 5605)
    return urc.arguments


@pytest.mark.parametrize(
    ("rest", "arguments"),
    [
        ("", b""),
        (",", b""),
        (",reset", b"reset"),
        (",a,b, c", b"a,b, c"),
        (',5,"reset"', b"reset"),
        (',3,"a"b"', b'a"b'),
        (',0,""', b""),
        (',2,"\u4e16\u754c"', "\u4e16\u754c".encode()),
        (',6,"\u4e16\u754c"', "\u4e16\u754c".encode()),
        (',4,"reset"', b'4,"reset"'),  # the length does not agree: bare
        (",5,reset", b"5,reset"),
    ],
)
def test_arguments_of_an_execute(rest: str, arguments: bytes) -> None:
    assert executed(rest) == arguments


def test_reading_of_an_execute_can_be_selected() -> None:
    assert executed(',5,"reset"', Reading.BARE) == b'5,"reset"'
    assert executed(',5,"reset"', Reading.TYPED) == b"reset"
    assert executed("", Reading.TYPED) == b""
    with pytest.raises(AnswerError, match="len"):
        executed(",reset", Reading.TYPED)


@pytest.mark.parametrize(
    "line", ["+MIPLREAD:0,{},3303,0,1", "+MIPLWRITE:0,{},1,2,3,4", "+MIPLEXECUTE:0,{},1,2,3"]
)
@pytest.mark.parametrize("msgid", ["-1", str(2**32), "1" * 4070])
def test_msgid_out_of_range_is_refused(line: str, msgid: str) -> None:
    with pytest.raises(AnswerError, match="out of range"):
        parse(line.format(msgid))
    assert parse(line.format(2**32 - 1)) is not None
