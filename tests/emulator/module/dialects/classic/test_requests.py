"""What the platform asks of the host, and the host's answers."""

from __future__ import annotations

import math

import pytest

from emulator.air.messages import Code, Execute, Item, Path, Read, Response, Uplink, Value, Write
from emulator.module.at.codec import Cme, Refusal
from emulator.module.dialects.classic.requests import (
    PENDING_LIMIT,
    STALE_AFTER,
    ReadLine,
    Request,
    Requests,
)
from emulator.module.dialects.classic.values import ValueType
from emulator.module.firmware import FIRMWARES
from emulator.module.lwm2m.objects import Objects, Resource

INSTANCE = Path(3306, 0)
BOOL = Path(3306, 0, 5850)
LEVEL = Path(3306, 0, 5851)
TEXT = Path(3306, 0, 5750)
BLOB = Path(3306, 0, 5527)
HEX = Path(3306, 0, 5501)
UNDECLARED = Path(3306, 0, 5999)


class Station:
    def __init__(self, firmware: str = "SP3") -> None:
        self.urcs: list[str] = []
        self.sent: list[Uplink] = []
        self.now = 0.0
        objects = Objects()
        objects.add(INSTANCE)
        objects.add(Path(3306, 1))
        objects.set(BOOL, Resource(ValueType.BOOL, False))
        objects.set(LEVEL, Resource(ValueType.INTEGER, 0))
        objects.set(TEXT, Resource(ValueType.STRING, ""))
        objects.set(BLOB, Resource(ValueType.OPAQUE, b""))
        objects.set(HEX, Resource(ValueType.HEX_STR, ""))
        self.requests = Requests(objects, self.urcs.append, self.sent.append, FIRMWARES[firmware])

    def asked(self, request: Request) -> list[str]:
        """What the host is told of a request."""
        self.urcs.clear()
        self.requests.receive(request, self.now)
        return list(self.urcs)

    def read(
        self,
        msgid: int,
        ids: tuple[int, int, int],
        kind: ValueType,
        text: str,
        *,
        last: bool = True,
    ) -> None:
        self.requests.answer_read(ReadLine(msgid, ids, kind, text, last), self.now)

    def write(self, msgid: int, *, done: bool = True) -> list[str]:
        self.urcs.clear()
        self.requests.answer_write(msgid, done=done, now=self.now)
        return list(self.urcs)

    def execute(self, msgid: int, *, done: bool = True) -> None:
        self.requests.answer_execute(msgid, done=done, now=self.now)

    def told(self) -> list[Uplink]:
        """What the platform was answered since last asked."""
        sent = list(self.sent)
        self.sent.clear()
        return sent


def writing(mid: int, *items: tuple[Path, Value]) -> Write:
    return Write(mid, INSTANCE, tuple(Item(path, value) for path, value in items), replace=False)


def refused(action: object, *args: object, **options: object) -> bool:
    assert callable(action)
    with pytest.raises(Refusal) as caught:
        action(*args, **options)
    return caught.value.number is Cme.INCORRECT_PARAMETERS


# Read --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "ids"),
    [
        (LEVEL, "3306,0,5851"),
        (INSTANCE, "3306,0,-1"),
        (Path(3306), "3306,-1,-1"),
        (UNDECLARED, "3306,0,5999"),
    ],
)
def test_a_read_is_written_with_its_ids(path: Path, ids: str) -> None:
    assert Station().asked(Read(10_001, path)) == [f"+MIPLREAD:0,10001,{ids}"]


@pytest.mark.parametrize("path", [Path(3), Path(3306, 2), Path(3303, 0, 5700)])
def test_what_is_unknown_the_module_answers_itself(path: Path) -> None:
    station = Station()
    for request in (Read(1, path), Write(1, path, (), replace=True), Execute(1, path, b"")):
        assert station.asked(request) == []
        assert station.told() == [Response(1, Code.NOT_FOUND)]


@pytest.mark.parametrize(
    ("path", "kind", "text", "value"),
    [
        (LEVEL, ValueType.INTEGER, "-7", -7),
        (BOOL, ValueType.BOOL, "1", True),
        (TEXT, ValueType.STRING, "a, b", "a, b"),
        (TEXT, ValueType.STRING, "", ""),
        (BLOB, ValueType.OPAQUE, "0AFF", b"\x0a\xff"),
        (BLOB, ValueType.OPAQUE, "", b""),
        (HEX, ValueType.HEX_STR, "0AFF", "0AFF"),
    ],
)
def test_one_line_answers_a_read_of_a_resource(
    path: Path, kind: ValueType, text: str, value: Value
) -> None:
    station = Station()
    station.asked(Read(10_001, path))
    assert path.instance is not None
    assert path.resource is not None
    station.read(10_001, (path.object, path.instance, path.resource), kind, text)
    assert station.told() == [Response(10_001, Code.CONTENT, items=(Item(path, value),))]
    assert len(station.requests) == 0


def test_several_lines_answer_a_read_of_an_instance() -> None:
    station = Station()
    station.asked(Read(10_001, INSTANCE))
    station.read(10_001, (3306, 0, 5851), ValueType.INTEGER, "7", last=False)
    assert station.told() == []
    station.read(10_001, (3306, 0, 5850), ValueType.BOOL, "1")
    items = (Item(LEVEL, 7), Item(BOOL, True))
    assert station.told() == [Response(10_001, Code.CONTENT, items=items)]


@pytest.mark.parametrize(
    ("ids", "kind", "text"),
    [
        ((3306, 0, 5850), ValueType.INTEGER, "1"),  # another type than declared
        ((3306, 0, 5850), ValueType.BOOL, "2"),
        ((3306, 0, 5999), ValueType.INTEGER, "1"),  # never declared
        ((3306, 1, 5850), ValueType.BOOL, "1"),  # another instance than asked for
        ((3303, 0, 5700), ValueType.FLOAT, "1"),
        ((3306, 0, -1), ValueType.INTEGER, "1"),
        ((3306, 0, -1), ValueType.INTEGER, ""),  # not the empty value of a type
        ((3306, -1, -1), ValueType.OPAQUE, ""),  # not the ids of the request
    ],
)
def test_wrong_lines_are_refused_and_the_read_goes_on(
    ids: tuple[int, int, int], kind: ValueType, text: str
) -> None:
    station = Station()
    station.asked(Read(10_001, INSTANCE))
    assert refused(station.read, 10_001, ids, kind, text)
    assert station.told() == []
    station.read(10_001, (3306, 0, 5851), ValueType.INTEGER, "7")
    assert station.told() == [Response(10_001, Code.CONTENT, items=(Item(LEVEL, 7),))]


def test_an_answer_holds_a_thousand_bytes() -> None:
    station = Station()
    station.asked(Read(10_001, INSTANCE))
    station.read(10_001, (3306, 0, 5750), ValueType.STRING, "x" * 600, last=False)
    assert refused(station.read, 10_001, (3306, 0, 5527), ValueType.OPAQUE, "00" * 201)
    station.read(10_001, (3306, 0, 5527), ValueType.OPAQUE, "00" * 200)
    assert len(station.told()) == 1


@pytest.mark.parametrize(
    ("path", "ids", "kind", "code"),
    [
        (LEVEL, (3306, 0, 5851), ValueType.OPAQUE, Code.INTERNAL_SERVER_ERROR),
        (TEXT, (3306, 0, 5750), ValueType.OPAQUE, Code.INTERNAL_SERVER_ERROR),
        (BLOB, (3306, 0, 5527), ValueType.STRING, Code.INTERNAL_SERVER_ERROR),
        (UNDECLARED, (3306, 0, 5999), ValueType.OPAQUE, Code.NOT_FOUND),
        (UNDECLARED, (3306, 0, 5999), ValueType.STRING, Code.NOT_FOUND),
        (INSTANCE, (3306, 0, -1), ValueType.OPAQUE, Code.INTERNAL_SERVER_ERROR),
        (Path(3306), (3306, -1, -1), ValueType.OPAQUE, Code.INTERNAL_SERVER_ERROR),
    ],
)
def test_the_empty_value_of_another_type_says_it_cannot_be_read(
    path: Path, ids: tuple[int, int, int], kind: ValueType, code: Code
) -> None:
    station = Station()
    station.asked(Read(10_001, path))
    station.read(10_001, ids, kind, "")
    assert station.told() == [Response(10_001, code)]
    assert refused(station.read, 10_001, ids, kind, "")


def test_more_to_come_after_it_is_refused() -> None:
    station = Station()
    station.asked(Read(10_001, LEVEL))
    assert refused(station.read, 10_001, (3306, 0, 5851), ValueType.OPAQUE, "", last=False)


def test_a_repeated_read_is_written_again_and_keeps_the_answers_so_far() -> None:
    station = Station()
    station.asked(Read(10_001, INSTANCE))
    station.read(10_001, (3306, 0, 5851), ValueType.INTEGER, "7", last=False)
    assert station.asked(Read(10_001, INSTANCE)) == ["+MIPLREAD:0,10001,3306,0,-1"]
    station.read(10_001, (3306, 0, 5850), ValueType.BOOL, "1")
    (response,) = station.told()
    assert isinstance(response, Response)
    assert len(response.items) == 2


def test_a_read_repeated_after_its_answer_is_answered_again() -> None:
    station = Station()
    for _ in range(2):
        assert station.asked(Read(10_001, LEVEL)) == ["+MIPLREAD:0,10001,3306,0,5851"]
        station.read(10_001, (3306, 0, 5851), ValueType.INTEGER, "7")
        assert len(station.told()) == 1


# Write -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "value", "bare", "typed"),
    [
        (LEVEL, 55, "55", "3,4,55,0,0"),
        (LEVEL, True, "1", "3,4,1,0,0"),
        (LEVEL, 5.5, "5.5", "4,4,5.5,0,0"),
        (BOOL, 1, "1", "5,1,1,0,0"),
        (TEXT, "a,1,b", "a,1,b", "1,5,a,1,b,0,0"),
        (TEXT, 'say "温"', 'say "温"', '1,7,say "温",0,0'),
        (TEXT, "", "", "1,0,,0,0"),
        (BLOB, b"\x0a\xff", "0AFF", "2,2,0AFF,0,0"),
        (HEX, "0aff", "0aff", "6,4,0aff,0,0"),
        (UNDECLARED, 1e-7, "0.0000001", "4,4,0.0000001,0,0"),
    ],
)
def test_a_write_in_both_forms(path: Path, value: Value, bare: str, typed: str) -> None:
    head = f"+MIPLWRITE:0,10001,3306,0,{path.resource},"
    for station, text in ((Station(), bare), (Station("SP5"), typed)):
        assert station.asked(writing(10_001, (path, value))) == [head + text]
        assert station.write(10_001) == []
        assert station.told() == [Response(10_001, Code.CHANGED)]
        assert refused(station.write, 10_001)


def test_several_resources_typed_are_counted_down_and_answered_once() -> None:
    station = Station("SP5")
    request = writing(10_001, (LEVEL, 7), (TEXT, "hi"), (BOOL, True))
    assert station.asked(request) == [
        "+MIPLWRITE:0,10001,3306,0,5851,3,4,7,1,2",
        "+MIPLWRITE:0,10001,3306,0,5750,1,2,hi,2,1",
        "+MIPLWRITE:0,10001,3306,0,5850,5,1,1,0,0",
    ]
    assert station.write(10_001) == []
    assert station.told() == [Response(10_001, Code.CHANGED)]


def test_several_resources_bare_are_written_one_after_the_other() -> None:
    station = Station()
    assert station.asked(writing(10_001, (LEVEL, 7), (TEXT, "hi"))) == [
        "+MIPLWRITE:0,10001,3306,0,5851,7"
    ]
    assert station.write(10_001) == ["+MIPLWRITE:0,10001,3306,0,5750,hi"]
    assert station.told() == []
    assert station.write(10_001) == []
    assert station.told() == [Response(10_001, Code.CHANGED)]


def test_a_refused_resource_ends_the_write() -> None:
    station = Station()
    station.asked(writing(10_001, (LEVEL, 7), (UNDECLARED, "x"), (TEXT, "hi")))
    station.write(10_001)
    assert station.write(10_001, done=False) == []
    assert station.told() == [Response(10_001, Code.NOT_FOUND)]
    station.asked(writing(10_002, (LEVEL, 7)))
    station.write(10_002, done=False)
    assert station.told() == [Response(10_002, Code.INTERNAL_SERVER_ERROR)]


def test_a_repeated_write_goes_on_where_it_is() -> None:
    station = Station()
    request = writing(10_001, (LEVEL, 7), (TEXT, "hi"))
    station.asked(request)
    station.write(10_001)
    assert station.asked(request) == ["+MIPLWRITE:0,10001,3306,0,5750,hi"]
    station.write(10_001)
    assert station.asked(request) == ["+MIPLWRITE:0,10001,3306,0,5851,7"]


def test_another_request_with_the_same_msgid_replaces_the_older() -> None:
    station = Station()
    station.asked(writing(10_001, (LEVEL, 7), (TEXT, "hi")))
    station.write(10_001)
    assert station.asked(writing(10_001, (LEVEL, 8))) == ["+MIPLWRITE:0,10001,3306,0,5851,8"]
    assert station.asked(Read(10_001, LEVEL)) == ["+MIPLREAD:0,10001,3306,0,5851"]
    assert station.asked(Read(10_001, TEXT)) == ["+MIPLREAD:0,10001,3306,0,5750"]
    assert len(station.requests) == 1


@pytest.mark.parametrize(
    "items",
    [
        [],
        [(TEXT, "a\rb")],
        [(TEXT, "a\nb")],
        [(TEXT, "a\0b")],
        [(LEVEL, math.nan)],
        [(TEXT, "x" * 1001)],
        [(TEXT, "x" * 1025)],
        [(TEXT, "x" * 600), (BLOB, b"x" * 201)],
        [(LEVEL, 1), (INSTANCE, 2)],
    ],
)
def test_what_no_line_can_carry_is_a_bad_request(items: list[tuple[Path, Value]]) -> None:
    station = Station()
    assert station.asked(writing(10_001, *items)) == []
    assert station.told() == [Response(10_001, Code.BAD_REQUEST)]
    assert len(station.requests) == 0


# Execute -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "bare", "typed"),
    [
        (b"", "", ""),
        (b"ping", ",ping", ',4,"ping"'),
        ('a,"温"'.encode(), ',a,"温"', ',5,"a,"温""'),
    ],
)
def test_an_execute_in_both_forms(arguments: bytes, bare: str, typed: str) -> None:
    head = "+MIPLEXECUTE:0,10001,3306,0,5850"
    for station, text in ((Station(), bare), (Station("SP5"), typed)):
        assert station.asked(Execute(10_001, BOOL, arguments)) == [head + text]
        station.execute(10_001)
        assert station.told() == [Response(10_001, Code.CHANGED)]
        assert refused(station.execute, 10_001)


@pytest.mark.parametrize(
    ("path", "code"), [(BOOL, Code.INTERNAL_SERVER_ERROR), (UNDECLARED, Code.NOT_FOUND)]
)
def test_a_failed_execute(path: Path, code: Code) -> None:
    station = Station()
    station.asked(Execute(10_001, path, b""))
    station.execute(10_001, done=False)
    assert station.told() == [Response(10_001, code)]


@pytest.mark.parametrize(
    ("path", "arguments"),
    [(INSTANCE, b""), (BOOL, b"a\rb"), (BOOL, b"\xff"), (BOOL, b"x" * 1001)],
)
def test_an_execute_that_is_none(path: Path, arguments: bytes) -> None:
    station = Station()
    assert station.asked(Execute(10_001, path, arguments)) == []
    assert station.told() == [Response(10_001, Code.BAD_REQUEST)]


# Message ids -------------------------------------------------------------------------------------


def test_an_answer_of_another_kind_is_refused() -> None:
    station = Station()
    station.asked(Read(10_001, LEVEL))
    assert refused(station.write, 10_001)
    assert refused(station.execute, 10_001)
    assert refused(station.write, 10_002)
    assert len(station.requests) == 1


@pytest.mark.parametrize(
    "request_",
    [
        Read(10_001, LEVEL),
        Write(10_001, INSTANCE, (Item(LEVEL, 5),), replace=False),
        Execute(10_001, BOOL, b"1"),
    ],
)
def test_a_request_goes_stale_repeated_or_not(request_: Request) -> None:
    station = Station()
    for station.now in (0.0, 10.0, 20.0):
        station.asked(request_)
    station.now = STALE_AFTER - 0.001
    assert refused(station.read, 10_000, (3306, 0, 5851), ValueType.INTEGER, "7")
    assert len(station.requests) == 1
    station.now = STALE_AFTER
    answers = {Read: station.read, Write: station.write, Execute: station.execute}
    values = ((3306, 0, 5851), ValueType.INTEGER, "7") if isinstance(request_, Read) else ()
    assert refused(answers[type(request_)], 10_001, *values)
    assert len(station.requests) == 0


def test_pending_requests_are_bounded_and_cleared() -> None:
    station = Station()
    for number in range(PENDING_LIMIT + 1):
        station.asked(Execute(10_000 + number, BOOL, b""))
    assert len(station.requests) == PENDING_LIMIT
    assert refused(station.execute, 10_000)
    station.execute(10_001)
    station.requests.clear()
    assert len(station.requests) == 0
