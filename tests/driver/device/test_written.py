"""Writes in both forms: the text reaches the program unchanged, or the write is refused."""

from __future__ import annotations

import pytest

from m5310.at.lines import LineReader
from m5310.device.answers import Handlers
from m5310.device.requests import PART_WITHIN
from m5310.dialects.classic.form import Reading
from m5310.lwm2m.resources import Access, Resource
from m5310.lwm2m.values import Value, ValueType
from tests.support.clock import elapse
from tests.support.request_setup import RequestSetup, answering

V = ValueType

RESOURCES = {
    V.STRING: "3303/0/5701",
    V.OPAQUE: "10/0/1",
    V.INTEGER: "3306/0/5851",
    V.FLOAT: "3306/0/5820",
    V.BOOLEAN: "3306/0/5850",
    V.HEX_STRING: "3306/0/5527",
}


async def written(kind: ValueType, *texts: str | bytes, setup: RequestSetup) -> list[Value]:
    """What the program gets of these writes to its resource of this type, each with its answer."""
    got = []
    for place, text in enumerate(texts):
        msgid = 10001 + len(setup.answers) + place
        path = RESOURCES[kind].replace("/", ",")
        data = text.encode() if isinstance(text, str) else text
        (line,) = LineReader().feed(f"+MIPLWRITE:0,{msgid},{path},".encode() + data + b"\r\n")
        assert isinstance(line, str)
        before = setup.value(RESOURCES[kind])
        (answer,) = await setup.answers_to(line)
        done = answer == f"AT+MIPLWRITE=0,{msgid},1"
        assert done or answer == f"AT+MIPLWRITE=0,{msgid},0"
        if not done:
            assert setup.value(RESOURCES[kind]) == before
        got.append(setup.value(RESOURCES[kind]) if done else None)
    return got


async def one(
    kind: ValueType, *texts: str | bytes, reading: Reading = Reading.EITHER
) -> Value | None:
    """What the program gets of the last of these writes; None: it was refused."""
    async with answering(reading=reading) as setup:
        for path, type_, value in (
            ("3306/0/5820", V.FLOAT, 0.0),
            ("3306/0/5527", V.HEX_STRING, ""),
        ):
            setup.tree.add(Resource(path, type_, value, Access.READABLE | Access.WRITABLE))
        return (await written(kind, *texts, setup=setup))[-1]


# --- the bare form ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "4,100,20",
        "5,1,1",
        "3,100,50,1",
        "1,2,on,1",
        "2,3,ON,1",
        "7,1,1",
        "1,100,20",
        "1,5",
        "1,2,on,2",
    ],
)
async def test_text_with_commas_of_a_bare_write_is_whole(text: str) -> None:
    assert await one(V.STRING, text) == text


@pytest.mark.parametrize(
    "text", ["1,2,on,0,0", "1,2,on", "1,2,on,1,1", "2,2,4F4B,0,0", "1,3,on,0,0"]
)
async def test_bare_module_stays_bare(text: str) -> None:
    assert await one(V.STRING, "hello", text) == text
    assert await one(V.STRING, text, reading=Reading.BARE) == text


async def test_lesson_of_another_resource_counts() -> None:
    async with answering() as setup:
        assert await written(V.INTEGER, "42", setup=setup) == [42]
        assert await written(V.STRING, "1,2,on,0,0", setup=setup) == ["1,2,on,0,0"]
    async with answering() as setup:
        assert await written(V.INTEGER, "3,4,42,0,0", setup=setup) == [42]
        assert await written(V.STRING, "1,2,on,0,0", setup=setup) == ["on"]
        assert await written(V.STRING, "1,3,on,0,0", "hello", setup=setup) == [None, None]


async def test_text_with_line_ends_is_a_typed_one(caplog: pytest.LogCaptureFixture) -> None:
    async with answering() as setup:
        setup.tree.add(Resource("3303/0/5702", V.STRING, "", Access.WRITABLE))
        for msgid, text in enumerate(("a\r\nb", "1,2,on,0,0"), 10_001):
            line = f"+MIPLWRITE:0,{msgid},3303,0,5702,1,{len(text)},{text},0,0"
            await setup.answers_to(line)
            assert setup.value("3303/0/5702") == text
    assert caplog.text == ""


async def test_damaged_typed_line_teaches_nothing() -> None:
    assert await one(V.STRING, "5,hello,0,0", "1,5,hello,0,0") == "hello"
    assert await one(V.STRING, "1,5,hell", "1,5,hello,0,0") == "hello"


async def test_number_that_fits_the_typed_form_only_is_read_so_after_a_bare_lesson() -> None:
    assert await one(V.INTEGER, "7", "3,4,8,0,0") == 8


async def test_ambiguous_text_is_named_once(caplog: pytest.LogCaptureFixture) -> None:
    assert await one(V.STRING, "1,2,on,0,0", "1,3,off,0,0") == "off"
    assert caplog.text.count("reading=Reading.BARE") == 1


async def test_text_that_looks_like_a_first_part_waits_for_the_next_one() -> None:
    async with answering() as setup:
        setup.receive("+MIPLWRITE:0,10001,3303,0,5701,1,2,on,1")
        await elapse(PART_WITHIN - 0.5)
        assert setup.answers == []
        setup.receive("+MIPLWRITE:0,10001,3306,0,5850,5,1,1,0")
        await elapse(0)
        await elapse(0.5)
        assert setup.answers == ["AT+MIPLWRITE=0,10001,1"]
        assert (setup.value("3303/0/5701"), setup.value("3306/0/5850")) == ("on", True)


@pytest.mark.parametrize("flag", [1, 2])
async def test_write_without_its_last_part_is_refused(flag: int) -> None:
    async with answering() as setup:
        answers = await setup.answers_to(f"+MIPLWRITE:0,10001,3306,0,5850,5,1,1,{flag},1")
        assert answers == ["AT+MIPLWRITE=0,10001,0"]
        assert setup.times == [pytest.approx(PART_WITHIN)]
        assert setup.value("3306/0/5850") is False


# --- the typed form --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        # opaque: the bytes of a resource whose type the module does not know
        (V.BOOLEAN, "2,1,01,0,0", True),
        (V.BOOLEAN, "2,1,00,0,0", False),
        (V.BOOLEAN, "2,1,02,0,0", None),
        (V.BOOLEAN, "2,2,0001,0,0", None),
        (V.STRING, "2,4,48695961", "HiYa"),
        (V.STRING, '2,4,"48695961",0,0', "HiYa"),
        (V.STRING, "2,6,E4BDA0E5A5BD,0,0", "你好"),
        (V.STRING, "2,6,C4E3BAC3C2F0,0,0", None),  # GBK
        (V.INTEGER, "2,1,FF,0,0", -1),
        (V.INTEGER, "2,2,0100,0,0", 256),
        (V.INTEGER, "2,4,FFFFFFFE,0,0", -2),
        (V.INTEGER, "2,8,7FFFFFFFFFFFFFFF", 2**63 - 1),
        (V.INTEGER, "2,3,000001,0,0", None),
        (V.FLOAT, "2,4,41AC0000,0,0", 21.5),
        (V.FLOAT, "2,8,4035800000000000,0,0", 21.5),
        (V.FLOAT, "2,4,7FC00000,0,0", None),  # NaN
        (V.FLOAT, "2,2,4035,0,0", None),
        (V.HEX_STRING, "2,2,E309,0,0", "E309"),
        (V.OPAQUE, "2,2,E309,0,0", b"\xe3\x09"),
        (V.OPAQUE, "2,3,E309,0,0", None),
        (V.OPAQUE, "1,4,E309,0,0", None),
        # blanks after the commas
        (V.STRING, " 1, 4, HiYa, 0, 0", "HiYa"),
        (V.STRING, ' 1, 4, "HiYa", 0, 0', "HiYa"),
        (V.STRING, "1,5, HiYa,0,0", " HiYa"),
        (V.INTEGER, " 3, 4, 7, 0, 0", 7),
        (V.OPAQUE, " 2, 2, E309, 0, 0", b"\xe3\x09"),
        # quotes around numbers
        (V.INTEGER, '3,4,"7",0,0', 7),
        (V.FLOAT, '4,8,"21.5",0,0', 21.5),
        (V.BOOLEAN, '5,1,"1",0,0', True),
        (V.INTEGER, '3,4,"7,0,0', None),
        # the length counts characters or bytes
        (V.STRING, "1,6,你好,0,0", "你好"),
        (V.STRING, '1,6,"你好",0,0', "你好"),
        (V.STRING, "1,2,你好,0,0", "你好"),
        (V.STRING, "1,7,你,好,0,0", "你,好"),
        (V.STRING, "1,3,你,好,0,0", "你,好"),
        # a length that fits no variable
        (V.INTEGER, "3,100,50,0,0", None),
        (V.STRING, "1,6,hello,0,0", None),
    ],
)
async def test_typed_write(kind: ValueType, text: str, value: Value | None) -> None:
    assert await one(kind, text) == value
    assert await one(kind, text, reading=Reading.TYPED) == value


async def test_blanks_after_all_commas_of_a_line() -> None:
    async with answering() as setup:
        for rest in ("1, 4, HiYa, 0, 0", "HiYa"):
            await setup.answers_to(f"+MIPLWRITE: 0, 40003, 3303, 0, 5701, {rest}", within=31)
            assert setup.value("3303/0/5701") == "HiYa"
        assert setup.answers == ["AT+MIPLWRITE=0,40003,1"] * 2


# --- bytes that are no text ------------------------------------------------------------------

GBK = "你好吗".encode("gbk")


@pytest.mark.parametrize("text", [GBK, b"1,6," + GBK + b",0,0", b"a\xffb", b"\x80", b"2\xff1"])
async def test_text_that_is_not_utf_8_is_refused(
    text: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    for kind in (V.STRING, V.INTEGER, V.FLOAT, V.BOOLEAN, V.HEX_STRING):
        assert await one(kind, text) is None
    assert "UTF-8" in caplog.text
    caplog.text.encode()  # nothing that a terminal could not show


async def test_bytes_are_handed_on_to_an_opaque_resource() -> None:
    assert await one(V.OPAQUE, GBK) == GBK
    assert await one(V.OPAQUE, b"\x01\xff\x7f") == b"\x01\xff\x7f"
    assert await one(V.OPAQUE, b"2,6," + GBK + b",0,0") is None


@pytest.mark.realtime
async def test_bytes_are_handed_on_to_an_execute() -> None:
    seen = []
    async with answering(Handlers(on_execute=lambda _, arguments: seen.append(arguments))) as setup:
        (line,) = LineReader().feed(b"+MIPLEXECUTE:0,10001,3303,0,5605," + GBK + b"\x01\r\n")
        assert isinstance(line, str)
        assert await setup.next_answer(line) == "AT+MIPLEXECUTE=0,10001,1"
    assert seen == [GBK + b"\x01"]


# --- what could never be read ----------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ['{"a":1}', "a\tb", "a\x1bb", "a\x7fb", "x" * 1001, "x" * 1024, "é" * 501]
)
async def test_text_that_could_never_be_read_is_refused(
    text: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert await one(V.STRING, text) is None
    assert "could never be read" in caplog.text
    async with answering() as setup:  # nothing reads this one
        setup.tree.remove(
            setup.tree.find(next(each.path for each in setup.tree if each.type is V.STRING))
        )
        setup.tree.add(Resource("3303/0/5701", V.STRING, "", Access.WRITABLE))
        assert await written(V.STRING, text, setup=setup) == [text]


async def test_value_of_1000_bytes_is_written_and_read() -> None:
    async with answering() as setup:
        assert await written(V.STRING, "x" * 1000, setup=setup) == ["x" * 1000]
        assert await written(V.OPAQUE, "5A" * 1000, setup=setup) == [b"Z" * 1000]
        for path, text in (("3303,0,5701,1", "x" * 1000), ("10,0,1,2", "5A" * 1000)):
            (answer,) = await setup.answers_to(f"+MIPLREAD:0,10009,{path[:-2]}")
            assert answer == f'AT+MIPLREAD=0,10009,{path},"{text}",1'


async def test_unreadable_resource_does_not_hide_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def on_read(resource: Resource) -> Value | None:
        if resource.path.instance == 1:
            raise ZeroDivisionError("no sensor")
        return "\t" if resource.type is V.STRING else None

    async with answering(Handlers(on_read=on_read)) as setup:
        assert await setup.answers_to("+MIPLREAD:0,10001,3303,-1,-1") == [
            'AT+MIPLREAD=0,10001,3303,0,5700,4,"21.5",1'
        ]
        assert await setup.answers_to("+MIPLREAD:0,10002,3303,1,-1") == [
            'AT+MIPLREAD=0,10002,3303,1,-1,2,"",1'
        ]
    assert "3303/0/5701 has no place" in caplog.text
    assert "no sensor" in caplog.text


# --- requests in no known form ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("+MIPLREAD:0,10001", '+MIPLREAD=0,10001,0,-1,-1,2,"",1'),
        ("+MIPLREAD:0,10001,3303", '+MIPLREAD=0,10001,3303,-1,-1,2,"",1'),
        ("+MIPLREAD:0,10001,3303,0,5700,1,2", '+MIPLREAD=0,10001,3303,0,5700,2,"",1'),
        ("+MIPLREAD:0,10001,3303,-1,5700", '+MIPLREAD=0,10001,3303,-1,-1,2,"",1'),
        ("+MIPLREAD:0,10001,3303,0,x", '+MIPLREAD=0,10001,3303,0,-1,2,"",1'),
        ("+MIPLWRITE:0,10001", "+MIPLWRITE=0,10001,0"),
        ("+MIPLWRITE:0,10001,3303,0,5701", "+MIPLWRITE=0,10001,0"),
        ("+MIPLWRITE:0,10001,3303,0,-1,1", "+MIPLWRITE=0,10001,0"),
        ("+MIPLWRITE:0,10001,3306,0,5850,maybe", "+MIPLWRITE=0,10001,0"),
        ("+MIPLEXECUTE:0,10001,70000,0,1", "+MIPLEXECUTE=0,10001,0"),
    ],
)
async def test_request_in_no_known_form_is_refused_at_once(line: str, answer: str) -> None:
    async with answering() as setup:
        assert await setup.answers_to(line) == [f"AT{answer}"]
        assert setup.times == [0]


# --- several resources -----------------------------------------------------------------------


@pytest.mark.realtime
async def test_write_of_several_resources_changes_all_or_none() -> None:
    def on_write(resource: Resource, _: Value) -> None:
        if resource.type is V.INTEGER:
            raise ValueError("not this one")

    async with answering(Handlers(on_write=on_write)) as setup:
        setup.receive("+MIPLWRITE:0,10001,3306,0,5850,5,1,1,1,1")
        answer = await setup.next_answer("+MIPLWRITE:0,10001,3306,0,5851,3,4,8,0,0")
        assert answer == "AT+MIPLWRITE=0,10001,0"
        assert setup.value("3306/0/5850") is False
