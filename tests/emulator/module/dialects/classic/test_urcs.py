"""Lines that forward requests of the platform, and the host's answers to them."""

from __future__ import annotations

import pytest

from emulator.lwm2m.model import Item, Path, Value
from emulator.lwm2m.values import Type
from emulator.module.at.codec import Cme, Refusal, parse
from emulator.module.at.commands import CommandTable
from emulator.module.dialects.classic.commands import Classic
from emulator.module.dialects.values import LWM2M_TYPES, ValueType
from emulator.module.firmware import FIRMWARES
from emulator.module.lwm2m.client import Client
from emulator.module.lwm2m.host import ACCESS_MACHINE, ServerAddress
from emulator.module.lwm2m.registration import Account
from tests.support.lwm2m_messages import Code, Execute, Read, Response, ServerSide, Uplink, Write

INSTANCE = Path(3306, 0)
BOOL = Path(3306, 0, 5850)
LEVEL = Path(3306, 0, 5851)
TEXT = Path(3306, 0, 5750)
BLOB = Path(3306, 0, 5527)
HEX = Path(3306, 0, 5501)
WARMTH = Path(3306, 0, 5700)
UNDECLARED = Path(3306, 0, 5999)


class DialectBench:
    """The dialect over a registered client, without a module around them."""

    def __init__(self, firmware: str = "SP3") -> None:
        self.urcs: list[str] = []
        self.sent: list[Uplink] = []
        self.server = ServerSide(self._type_of)
        self.client = Client(self._send, lambda: True, first_mid=1)
        dialect = Classic(self.client, self.urcs.append, FIRMWARES[firmware])
        self.table = CommandTable(dialect)
        self.client.configure(Account("1234;test", 300, ServerAddress()))
        self.client.add_instance(INSTANCE)
        self.client.add_instance(Path(3306, 1))
        for path, value_type in (
            (BOOL, ValueType.BOOL),
            (LEVEL, ValueType.INTEGER),
            (TEXT, ValueType.STRING),
            (BLOB, ValueType.OPAQUE),
            (HEX, ValueType.HEX_STR),
            (WARMTH, ValueType.FLOAT),
        ):
            self.client.objects.declare(path, value_type)
        self.client.open(30.0, 0.0)
        (register,) = self.responses()
        self._deliver(Response(register.mid, Code.CREATED, location="rd/1"))
        (update,) = self.responses()
        self._deliver(Response(update.mid, Code.CHANGED))

    def _send(self, _to: str, datagram: bytes, _now: float) -> None:
        self.sent.append(self.server.message(datagram))

    def _deliver(self, message: Read | Write | Execute | Response) -> None:
        self.client.deliver(ACCESS_MACHINE, self.server.datagram(message), 0.0)

    def _type_of(self, path: Path) -> Type | None:
        declared = self.client.objects.type_of(path)
        return None if declared is None else LWM2M_TYPES[ValueType(declared)]

    def forwarded(self, request: Read | Write | Execute) -> list[str]:
        """The lines the host gets for a request."""
        self.urcs.clear()
        self._deliver(request)
        return list(self.urcs)

    def command(self, line: str) -> list[str]:
        """Execute a command; the lines that follow."""
        self.urcs.clear()
        command = parse(line.encode())
        assert command is not None
        self.table.execute(command, 0.0)
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
        object_, instance, resource = ids
        value = f'{kind.value},"{text}",{last:d}'
        assert self.command(f"AT+MIPLREAD=0,{msgid},{object_},{instance},{resource},{value}") == []

    def write(self, msgid: int, *, done: bool = True) -> list[str]:
        return self.command(f"AT+MIPLWRITE=0,{msgid},{done:d}")

    def execute(self, msgid: int, *, done: bool = True) -> None:
        assert self.command(f"AT+MIPLEXECUTE=0,{msgid},{done:d}") == []

    def responses(self) -> list[Uplink]:
        """What the platform has been sent since the last call."""
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
def test_read_line_has_the_ids_of_the_request(path: Path, ids: str) -> None:
    assert DialectBench().forwarded(Read(10_001, path)) == [f"+MIPLREAD:0,10001,{ids}"]


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
    bench = DialectBench()
    bench.forwarded(Read(10_001, path))
    assert path.instance is not None
    assert path.resource is not None
    bench.read(10_001, (path.object, path.instance, path.resource), kind, text)
    assert bench.responses() == [Response(10_001, Code.CONTENT, items=(Item(path, value),))]


def test_several_lines_answer_a_read_of_an_instance() -> None:
    bench = DialectBench()
    bench.forwarded(Read(10_001, INSTANCE))
    bench.read(10_001, (3306, 0, 5851), ValueType.INTEGER, "7", last=False)
    assert bench.responses() == []
    bench.read(10_001, (3306, 0, 5850), ValueType.BOOL, "1")
    items = (Item(LEVEL, 7), Item(BOOL, True))
    assert bench.responses() == [Response(10_001, Code.CONTENT, items=items)]


@pytest.mark.parametrize(
    ("ids", "kind", "text"),
    [
        ((3306, 0, 5850), ValueType.BOOL, "on"),
        ((3306, 1, 5850), ValueType.BOOL, "1"),  # another instance than asked for
        ((3303, 0, 5700), ValueType.FLOAT, "1"),
        ((3306, 0, -1), ValueType.INTEGER, "1"),
        ((3306, 0, -1), ValueType.INTEGER, ""),  # not the empty value of a type
        ((3306, -1, -1), ValueType.OPAQUE, ""),  # not the ids of the request
    ],
)
def test_unfitting_values_are_refused_and_the_read_stays_pending(
    ids: tuple[int, int, int], kind: ValueType, text: str
) -> None:
    bench = DialectBench()
    bench.forwarded(Read(10_001, INSTANCE))
    assert refused(bench.read, 10_001, ids, kind, text)
    assert bench.responses() == []
    bench.read(10_001, (3306, 0, 5851), ValueType.INTEGER, "7")
    assert bench.responses() == [Response(10_001, Code.CONTENT, items=(Item(LEVEL, 7),))]


def test_read_answer_has_at_most_1000_bytes() -> None:
    bench = DialectBench()
    bench.forwarded(Read(10_001, INSTANCE))
    bench.read(10_001, (3306, 0, 5750), ValueType.STRING, "x" * 600, last=False)
    assert refused(bench.read, 10_001, (3306, 0, 5527), ValueType.OPAQUE, "00" * 401)
    bench.read(10_001, (3306, 0, 5527), ValueType.OPAQUE, "00" * 400)
    assert len(bench.responses()) == 1


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
def test_empty_value_of_another_type_fails_the_read(
    path: Path, ids: tuple[int, int, int], kind: ValueType, code: Code
) -> None:
    bench = DialectBench()
    bench.forwarded(Read(10_001, path))
    bench.read(10_001, ids, kind, "")
    assert bench.responses() == [Response(10_001, code)]
    assert refused(bench.read, 10_001, ids, kind, "")


def test_doubtful_values_are_taken() -> None:
    bench = DialectBench()
    bench.forwarded(Read(10_001, INSTANCE))
    bench.read(10_001, (3306, 0, 5850), ValueType.INTEGER, "1", last=False)  # declared as BOOL
    bench.read(10_001, (3306, 0, 5999), ValueType.FLOAT, " 2.5", last=False)  # never declared
    bench.command('AT+MIPLREAD=0,10001,3306,0,5851,"7",1')  # without a type
    items = (Item(BOOL, 1), Item(UNDECLARED, bytes.fromhex("40200000")), Item(LEVEL, 7))
    assert bench.responses() == [Response(10_001, Code.CONTENT, items=items)]


def test_repeated_read_keeps_the_values_given() -> None:
    bench = DialectBench()
    bench.forwarded(Read(10_001, INSTANCE))
    bench.read(10_001, (3306, 0, 5851), ValueType.INTEGER, "7", last=False)
    assert bench.forwarded(Read(10_001, INSTANCE)) == ["+MIPLREAD:0,10001,3306,0,-1"]
    bench.read(10_001, (3306, 0, 5850), ValueType.BOOL, "1")
    (response,) = bench.responses()
    assert isinstance(response, Response)
    assert len(response.items) == 2


# Write -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "value", "bare", "typed"),
    [
        (LEVEL, 55, "55", "3,4,55,0,0"),
        (LEVEL, 2**31, "2147483648", "3,8,2147483648,0,0"),
        (WARMTH, 1e39, "1" + "0" * 39, "4,8,1" + "0" * 39 + ",0,0"),
        (LEVEL, True, "1", "3,4,1,0,0"),
        (BOOL, 1, "1", "5,1,1,0,0"),
        (TEXT, "a,1,b", "a,1,b", "1,5,a,1,b,0,0"),
        (TEXT, 'say "温"', 'say "温"', '1,7,say "温",0,0'),
        (TEXT, "", "", "1,0,,0,0"),
        (BLOB, b"\x0a\xff", "0AFF", "2,2,0AFF,0,0"),
        (BLOB, b"\xab" * 1000, "AB" * 1000, f"2,1000,{'AB' * 1000},0,0"),
        (HEX, "0aff", "0aff", "6,4,0aff,0,0"),
        (WARMTH, 1e-7, "0.0000001", "4,4,0.0000001,0,0"),
        (UNDECLARED, 5.5, "40B00000", "2,4,40B00000,0,0"),  # its bytes
    ],
)
def test_write_lines_plain_and_typed(path: Path, value: Value, bare: str, typed: str) -> None:
    head = f"+MIPLWRITE:0,10001,3306,0,{path.resource},"
    for bench, text in ((DialectBench(), bare), (DialectBench("SP5"), typed)):
        assert bench.forwarded(writing(10_001, (path, value))) == [head + text]
        assert bench.write(10_001) == []
        assert bench.responses() == [Response(10_001, Code.CHANGED)]
        assert refused(bench.write, 10_001)


def test_typed_write_lines_count_down_and_are_answered_once() -> None:
    bench = DialectBench("SP5")
    request = writing(10_001, (LEVEL, 7), (TEXT, "hi"), (BOOL, True))
    assert bench.forwarded(request) == [
        "+MIPLWRITE:0,10001,3306,0,5851,3,4,7,1,2",
        "+MIPLWRITE:0,10001,3306,0,5750,1,2,hi,2,1",
        "+MIPLWRITE:0,10001,3306,0,5850,5,1,1,0,0",
    ]
    assert bench.write(10_001) == []
    assert bench.responses() == [Response(10_001, Code.CHANGED)]


def test_plain_write_lines_are_answered_one_by_one() -> None:
    bench = DialectBench()
    assert bench.forwarded(writing(10_001, (LEVEL, 7), (TEXT, "hi"))) == [
        "+MIPLWRITE:0,10001,3306,0,5851,7"
    ]
    assert bench.write(10_001) == ["+MIPLWRITE:0,10001,3306,0,5750,hi"]
    assert bench.responses() == []
    assert bench.write(10_001) == []
    assert bench.responses() == [Response(10_001, Code.CHANGED)]


def test_failed_resource_ends_the_write() -> None:
    bench = DialectBench()
    bench.forwarded(writing(10_001, (LEVEL, 7), (UNDECLARED, "x"), (TEXT, "hi")))
    bench.write(10_001)
    assert bench.write(10_001, done=False) == []
    assert bench.responses() == [Response(10_001, Code.NOT_FOUND)]
    bench.forwarded(writing(10_002, (LEVEL, 7)))
    bench.write(10_002, done=False)
    assert bench.responses() == [Response(10_002, Code.INTERNAL_SERVER_ERROR)]


def test_repeated_write_continues_at_the_unanswered_line() -> None:
    bench = DialectBench()
    request = writing(10_001, (LEVEL, 7), (TEXT, "hi"))
    bench.forwarded(request)
    bench.write(10_001)
    assert bench.forwarded(request) == ["+MIPLWRITE:0,10001,3306,0,5750,hi"]
    bench.write(10_001)
    assert bench.forwarded(request) == ["+MIPLWRITE:0,10001,3306,0,5851,7"]


@pytest.mark.parametrize(
    "items",
    [
        [],
        [(TEXT, "a\rb")],
        [(TEXT, "a\nb")],
        [(TEXT, "a\0b")],
        [(TEXT, "x" * 1001)],
        [(TEXT, "x" * 1025)],
        [(TEXT, "x" * 600), (BLOB, b"x" * 401)],
        [(LEVEL, b"abc")],  # no integer has 3 bytes
    ],
)
def test_values_that_no_line_can_carry_are_bad_requests(items: list[tuple[Path, Value]]) -> None:
    bench = DialectBench()
    assert bench.forwarded(writing(10_001, *items)) == []
    assert bench.responses() == [Response(10_001, Code.BAD_REQUEST)]


# Execute -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "bare", "typed"),
    [
        (b"", "", ""),
        (b"ping", ",ping", ',4,"ping"'),
        ('a,"温"'.encode(), ',a,"温"', ',5,"a,"温""'),
    ],
)
def test_execute_line_plain_and_typed(arguments: bytes, bare: str, typed: str) -> None:
    head = "+MIPLEXECUTE:0,10001,3306,0,5850"
    for bench, text in ((DialectBench(), bare), (DialectBench("SP5"), typed)):
        assert bench.forwarded(Execute(10_001, BOOL, arguments)) == [head + text]
        bench.execute(10_001)
        assert bench.responses() == [Response(10_001, Code.CHANGED)]
        assert refused(bench.execute, 10_001)


@pytest.mark.parametrize(
    ("path", "code"), [(BOOL, Code.INTERNAL_SERVER_ERROR), (UNDECLARED, Code.NOT_FOUND)]
)
def test_failed_execute(path: Path, code: Code) -> None:
    bench = DialectBench()
    bench.forwarded(Execute(10_001, path, b""))
    bench.execute(10_001, done=False)
    assert bench.responses() == [Response(10_001, code)]


@pytest.mark.parametrize(
    ("path", "arguments"),
    [(INSTANCE, b""), (BOOL, b"a\rb"), (BOOL, b"\xff"), (BOOL, b"x" * 1001)],
)
def test_executes_that_no_line_can_carry_are_bad_requests(path: Path, arguments: bytes) -> None:
    bench = DialectBench()
    assert bench.forwarded(Execute(10_001, path, arguments)) == []
    assert bench.responses() == [Response(10_001, Code.BAD_REQUEST)]


# Message ids -------------------------------------------------------------------------------------


def test_answer_of_another_kind_is_refused() -> None:
    bench = DialectBench()
    bench.forwarded(Read(10_001, LEVEL))
    assert refused(bench.write, 10_001)
    assert refused(bench.execute, 10_001)
    assert refused(bench.write, 10_002)
