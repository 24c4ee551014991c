"""What the suite writes: expected lines are from the specification and from real hosts."""

from __future__ import annotations

import pytest

from m5310.at.codec import Answer, Command
from m5310.dialects.classic.config import Config
from m5310.dialects.dialect import Commands, WireValue
from m5310.dialects.profiles import PROFILES
from m5310.dialects.suite.commands import create_with
from m5310.dialects.suite.dialect import Suite
from m5310.dialects.urcs import (
    Acknowledged,
    Discovered,
    ExecuteRequest,
    Observed,
    ParameterRequest,
    ReadRequest,
    WriteRequest,
)
from m5310.errors import (
    AnswerError,
    CommandError,
    CommandTimeout,
    M5310Error,
    NotFound,
    NotInDialect,
    NotSupported,
    ParameterError,
)
from m5310.lwm2m.path import Path
from m5310.lwm2m.resources import Access, ObjectTree, Resource
from m5310.lwm2m.values import ValueType

URI = "coap://183.230.40.40:5683"
TEMPERATURE = Path(3303, 0, 5700)
T = ValueType


class Module:
    """Records the lines; `replies` by line: information lines, or an error. Each is used once."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.replies: dict[str, list[tuple[str, ...] | M5310Error]] = {}

    async def execute(self, command: Command) -> object:
        self.lines.append(command.line)
        replies = self.replies.get(command.line, [])
        reply: tuple[str, ...] | M5310Error = replies.pop(0) if replies else ()
        if isinstance(reply, M5310Error):
            raise reply
        if command.line.startswith("AT+MIPLCREATE"):
            reply = reply or ("+MIPLCREATE:0",)
        return command.parse(Answer(command, reply))

    def take(self) -> list[str]:
        lines, self.lines = self.lines, []
        return lines


class Setup:
    def __init__(self, module: str = "bc28", uri: str = URI, bootstrap: bool | None = None) -> None:
        self.tree = ObjectTree()
        config = Config("1234;5678", uri, 300, bootstrap)
        self.suite = Suite(PROFILES[module], config, self.tree)
        self.module = Module()

    def add(self, *paths: str, access: Access = Access.READABLE) -> None:
        for path in paths:
            self.tree.add(Resource(path, T.INTEGER, 1, access))

    async def prepared(self) -> list[str]:
        await self.suite.prepare(self.module.execute)  # type: ignore[arg-type]
        return self.module.take()

    def hears(self, line: str) -> object:
        return self.suite.parse(line, lambda _: None)


def lines(commands: Commands) -> list[str]:
    return [command.line for command in commands]


BLOB = (
    "130031F10003F2002304001100000000000000123138332E3233302E34302E34303A35363833000131F30008000000"
    "0000"
)
CREATED = {
    "bc28": ["AT+MIPLCONFIG=0,183.230.40.40,5683", "AT+MIPLCREATE"],
    "nb73": ["AT+MIPLCREATE"],
    "generic": ["AT+MIPLCREATE"],
    "m5310a": [f"AT+MIPLCREATE=49,{BLOB},0,49,0"],
    "nb86": [f"AT+MIPLCREATE=49,{BLOB},0,49,0"],
    "me3616": ["ATE0", f"AT+MIPLCREATE=49,{BLOB},0,49,0"],
    "sim7000c": ["ATE0", "AT+MIPLBOOTSTRAP=0", f"AT+MIPLCREATE=49,{BLOB},0,49,0"],
    "sim7020": ["ATE0", 'AT+MIPLCREATEEXT="183.230.40.40",1'],
    "mn316": ['AT+MIPLCREATEEX="183.230.40.40:5683",0'],
}


@pytest.mark.parametrize(("module", "expected"), CREATED.items())
async def test_each_module_gets_its_creation(module: str, expected: list[str]) -> None:
    setup = Setup(module)
    await setup.suite.configure(setup.module.execute)  # type: ignore[arg-type]
    assert setup.module.lines == expected


@pytest.mark.parametrize("answer", ["+MIPLCREATE:3", "+MIPLCREATE: 3", "3", "+MIPLCREATEEX: 3"])
async def test_number_of_the_instance_is_that_of_the_module(answer: str) -> None:
    setup = Setup("nb73")
    setup.module.replies["AT+MIPLCREATE"] = [(answer,)]
    await setup.suite.configure(setup.module.execute)  # type: ignore[arg-type]
    setup.module.take()
    setup.add("3303/0/5700")
    assert await setup.prepared() == ['AT+MIPLADDOBJ=3,3303,1,"1",1,0']
    assert lines(setup.suite.open(60)) == ["AT+MIPLOPEN=3,300,60"]
    assert lines(setup.suite.close()) == ["AT+MIPLCLOSE=3"]
    assert lines(setup.suite.update(with_objects=True)) == ["AT+MIPLUPDATE=3,300,1"]
    assert lines(setup.suite.delete()) == ["AT+MIPLDELETE=3"]


async def test_number_may_come_after_the_ok() -> None:
    setup = Setup("mn316")
    line = 'AT+MIPLCREATEEX="183.230.40.40:5683",0'
    setup.module.replies[line] = [CommandTimeout(line, 5, ["+MIPLCREATE: 4"])]  # MR880A
    await setup.suite.configure(setup.module.execute)  # type: ignore[arg-type]
    assert lines(setup.suite.close()) == ["AT+MIPLCLOSE=4"]
    setup.module.replies[line] = [CommandTimeout(line, 5)]
    with pytest.raises(CommandTimeout):
        await setup.suite.configure(setup.module.execute)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("module", "uri"),
    [
        ("nb73", "coap://10.0.0.1:5683"),
        ("generic", "coap://10.0.0.1:5683"),
        ("sim7020", "coap://10.0.0.1:5684"),
    ],
)
def test_server_that_a_module_cannot_be_given_is_refused(module: str, uri: str) -> None:
    with pytest.raises(NotInDialect, match=rf"\({module}\) has no command for a server"):
        Setup(module, uri)


def test_long_configuration_counts_down() -> None:
    """Index 0 ends it; flag 1 is the first line, 2 a middle one, 0 the last (documented)."""
    blob = bytes(range(250))
    found = [command.line for command in create_with(blob, 119)]
    assert found == [
        f"AT+MIPLCREATE=250,{blob[:119].hex().upper()},2,119,1",
        f"AT+MIPLCREATE=250,{blob[119:238].hex().upper()},1,119,2",
        f"AT+MIPLCREATE=250,{blob[238:].hex().upper()},0,12,0",
    ]


async def test_bootstrap() -> None:
    server = "coap://183.230.40.39:5683"
    for module, expected in {
        "bc28": ["AT+MIPLCONFIG=1,183.230.40.39,5683", "AT+MIPLCREATE"],
        "mn316": ['AT+MIPLCREATEEX="183.230.40.39:5683",1'],
    }.items():
        setup = Setup(module, server)
        await setup.suite.configure(setup.module.execute)  # type: ignore[arg-type]
        assert setup.module.lines == expected


# --- objects ---------------------------------------------------------------------------------


async def test_objects_are_added_at_login_with_all_instances() -> None:
    setup = Setup()
    setup.add("3306/1/5850", "3303/0/5700", "3306/3/5850", "3306/3/5851")
    setup.add("3306/3/5605", access=Access.EXECUTABLE)
    assert await setup.prepared() == [
        'AT+MIPLADDOBJ=0,3303,1,"1",1,0',
        'AT+MIPLADDOBJ=0,3306,4,"0101",2,1',
    ]
    assert await setup.prepared() == []
    setup.add("3303/1/5700")
    assert await setup.prepared() == ["AT+MIPLDELOBJ=0,3303", 'AT+MIPLADDOBJ=0,3303,2,"11",1,0']


async def test_module_that_answers_by_itself_is_told_the_resources_before_each_login() -> None:
    setup = Setup("m5310a")
    setup.add("3303/0/5701", "3303/0/5700")
    declared = 'AT+MIPLDISCOVERRSP=0,3303,1,9,"5700;5701"'
    assert await setup.prepared() == ['AT+MIPLADDOBJ=0,3303,1,"1",2,0', declared]
    assert await setup.prepared() == [declared]


@pytest.mark.parametrize("error", [CommandError("", "+CIS ERROR: 601", 601), CommandTimeout("", 5)])
async def test_object_of_a_damaged_line_is_added_again(error: M5310Error) -> None:
    setup = Setup()
    setup.add("3303/0/5700")
    add, delete = 'AT+MIPLADDOBJ=0,3303,1,"1",1,0', "AT+MIPLDELOBJ=0,3303"
    setup.module.replies = {add: [error, error], delete: [CommandError("", "ERROR", None)]}
    assert await setup.prepared() == [add, delete, add, delete, add]
    setup.suite._objects.forget()
    setup.module.replies = {add: [error] * 3}
    with pytest.raises(type(error)):
        await setup.prepared()


async def test_deleted_instance_takes_its_object_away_and_back() -> None:
    setup = Setup("m5310a")
    setup.add("3303/0/5700", "3303/1/5700")
    assert setup.suite.delete_instance(Path(3303, 0)) == ()  # not in the module yet
    await setup.prepared()
    assert setup.suite.delete_instance(Path(3303, 0)) == ()  # all goes with the instance
    setup.tree.remove(setup.tree.find(TEMPERATURE))
    assert lines(setup.suite.delete_instance(Path(3303, 0))) == [
        "AT+MIPLDELOBJ=0,3303",
        'AT+MIPLADDOBJ=0,3303,2,"01",1,0',
        'AT+MIPLDISCOVERRSP=0,3303,1,4,"5700"',
    ]
    setup.tree.remove(setup.tree.find(Path(3303, 1, 5700)))
    assert lines(setup.suite.delete_instance(Path(3303, 1))) == ["AT+MIPLDELOBJ=0,3303"]


def test_instance_beyond_the_bitmap_is_refused() -> None:
    with pytest.raises(NotInDialect, match=r"\(bc28\).*3303/100/-1.*99"):
        Setup().suite.add_instance(Path(3303, 100))


# --- reports and answers ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (WireValue(TEMPERATURE, T.STRING, "a,b;c"), '1,5,"a,b;c"'),
        (WireValue(TEMPERATURE, T.OPAQUE, "0A0B0C"), "2,3,0A0B0C"),
        (WireValue(TEMPERATURE, T.INTEGER, "-5"), "3,4,-5"),
        (WireValue(TEMPERATURE, T.INTEGER, "2147483648"), "3,8,2147483648"),
        (WireValue(TEMPERATURE, T.FLOAT, "25.6"), "4,8,25.6"),
        (WireValue(TEMPERATURE, T.BOOLEAN, "1"), "5,1,1"),
        (WireValue(TEMPERATURE, T.HEX_STRING, "0A0B0C"), '1,6,"0A0B0C"'),
    ],
)
def test_values_in_reports_and_answers(value: WireValue, expected: str) -> None:
    suite = Setup().suite
    assert lines(suite.report([value], None)) == [f"AT+MIPLNOTIFY=0,0,3303,0,5700,{expected},0,0"]
    request = ReadRequest(0, 4711, TEMPERATURE)
    assert lines(suite.answer_read(request, [value])) == [
        f"AT+MIPLREADRSP=0,4711,1,3303,0,5700,{expected},0,0"
    ]


def test_hex_string_is_a_type_of_china_mobiles_modules() -> None:
    value = WireValue(Path(20, 0, 0), T.HEX_STRING, "0A0B0C")
    (command,) = Setup("m5310a").suite.report([value], 7)
    assert command.line == 'AT+MIPLNOTIFY=0,0,20,0,0,6,3,"0A0B0C",0,0,7'


def test_report_counts_down_and_quotes_the_observe() -> None:
    setup = Setup()
    setup.add("3303/0/5700", "3303/0/5701", "3303/1/5700")
    setup.hears("+MIPLOBSERVE:0,70247,1,3303,0,-1")
    setup.hears("+MIPLOBSERVE:0,135784,1,3303,-1,-1")
    setup.hears("+MIPLOBSERVE:0,201321,1,3303,0,-1")  # repeated: it keeps its first id
    setup.hears("+MIPLOBSERVE:0,266858,1,9,0,-1")  # not of this device
    values = [WireValue(Path(3303, 0, 5700 + at), T.INTEGER, str(at)) for at in range(2)]
    assert lines(setup.suite.report(values, 65535)) == [
        "AT+MIPLNOTIFY=0,70247,3303,0,5700,3,4,0,1,0",
        "AT+MIPLNOTIFY=0,70247,3303,0,5701,3,4,1,0,0,65535",
    ]
    other = WireValue(Path(3303, 1, 5700), T.INTEGER, "1")
    (command,) = setup.suite.report([other], None)
    assert command.line == "AT+MIPLNOTIFY=0,135784,3303,1,5700,3,4,1,0,0"
    setup.hears("+MIPLOBSERVE:0,4711,0,3303,0,-1")
    assert lines(setup.suite.report(values[:1], None)) == [
        "AT+MIPLNOTIFY=0,135784,3303,0,5700,3,4,0,0,0"
    ]
    setup.suite.open(30)
    assert lines(setup.suite.report(values[:1], None)) == [
        "AT+MIPLNOTIFY=0,0,3303,0,5700,3,4,0,0,0"
    ]


def test_values_of_several_observes_are_several_reports() -> None:
    setup = Setup()
    setup.add("3303/0/5700", "3303/0/5701", "3303/0/5702")
    setup.hears("+MIPLOBSERVE:0,70247,1,3303,0,-1")
    setup.hears("+MIPLOBSERVE:0,135784,1,3303,0,5702")
    values = [WireValue(Path(3303, 0, 5700 + at), T.INTEGER, str(at)) for at in range(3)]
    assert lines(setup.suite.report(values, 7)) == [
        "AT+MIPLNOTIFY=0,70247,3303,0,5700,3,4,0,1,0",
        "AT+MIPLNOTIFY=0,70247,3303,0,5701,3,4,1,0,0",
        "AT+MIPLNOTIFY=0,135784,3303,0,5702,3,4,2,0,0,7",
    ]


@pytest.mark.parametrize(
    ("ackid", "on_line"), [(2, 2), (65535, 65535), (65536, 1), (131070, 65535), (131071, 1)]
)
def test_ackids_have_16_bits_on_the_line(ackid: int, on_line: int) -> None:
    setup = Setup()
    (command,) = setup.suite.report([WireValue(TEMPERATURE, T.INTEGER, "1")], ackid)
    assert command.line.endswith(f",0,0,{on_line}")
    assert setup.hears(f"+MIPLEVENT:0,26,{on_line}") == Acknowledged(0, ackid)
    setup.suite.report([WireValue(TEMPERATURE, T.INTEGER, "1")], ackid + 60)
    assert setup.hears(f"+MIPLEVENT:0,26,{on_line}") == Acknowledged(0, ackid)


def test_message_beyond_the_modules_limit_is_refused() -> None:
    value = WireValue(TEMPERATURE, T.OPAQUE, "00" * 600)  # opaque bytes count twice on Quectel
    with pytest.raises(ParameterError, match=r"\(bc28\) takes 1023 bytes.*1200"):
        Setup().suite.report([value], None)
    assert Setup("me3616").suite.report([value], None)


@pytest.mark.parametrize(
    ("error", "result"),
    [(NotFound("x"), 13), (AnswerError("x"), 11), (NotSupported("x"), 14), (KeyError("x"), 14)],
)
def test_refusals(error: Exception, result: int) -> None:
    suite = Setup().suite
    read = ReadRequest(0, 1, TEMPERATURE)
    write = WriteRequest(0, 2, TEMPERATURE, T.INTEGER, "1")
    execute = ExecuteRequest(0, 3, TEMPERATURE, b"")
    assert lines(suite.refuse(read, error, None)) == [f"AT+MIPLREADRSP=0,1,{result}"]
    assert lines(suite.refuse(write, error, None)) == [f"AT+MIPLWRITERSP=0,2,{result}"]
    assert lines(suite.refuse(execute, error, None)) == [f"AT+MIPLEXECUTERSP=0,3,{result}"]
    assert lines(suite.confirm(write)) == ["AT+MIPLWRITERSP=0,2,2"]
    assert lines(suite.confirm(execute)) == ["AT+MIPLEXECUTERSP=0,3,2"]


def test_answers_without_the_program() -> None:
    setup = Setup()
    setup.add("3303/0/5701", "3303/1/5700")
    suite = setup.suite
    assert lines(suite.answer_observe(Observed(0, 70247, True, 3303, 0, -1))) == [
        "AT+MIPLOBSERVERSP=0,70247,1"
    ]
    assert lines(suite.answer_observe(Observed(0, 1, True, 3304, 0, -1))) == [
        "AT+MIPLOBSERVERSP=0,1,13"
    ]
    assert lines(suite.answer_observe(Observed(0, 1, False, 3304, 0, -1))) == [
        "AT+MIPLOBSERVERSP=0,1,1"
    ]
    assert lines(suite.answer_discover(Discovered(0, 2, 3303))) == [
        'AT+MIPLDISCOVERRSP=0,2,1,9,"5700;5701"'
    ]
    assert lines(suite.answer_discover(Discovered(0, 2, 9))) == ["AT+MIPLDISCOVERRSP=0,2,13"]
    request = ParameterRequest(0, 3, Path(3303, 0), "pmin=1")
    assert lines(suite.answer_parameter(request, accepted=True)) == ["AT+MIPLPARAMETERRSP=0,3,2"]
    assert lines(suite.answer_parameter(request, accepted=False)) == ["AT+MIPLPARAMETERRSP=0,3,11"]
    absent = request._replace(path=Path(9, 0))
    assert lines(suite.answer_parameter(absent, accepted=True)) == ["AT+MIPLPARAMETERRSP=0,3,13"]


def test_parts_of_a_write_by_their_index() -> None:
    """Some firmware writes flag 0 on every line, and counts the index down."""
    setup = Setup()

    def flag(line: str) -> int:
        request = setup.hears(f"+MIPLWRITE:0,{line}")
        assert isinstance(request, WriteRequest)
        return request.flag

    assert [flag(f"7,3303,0,{5700 + at},3,4,1,0,{2 - at}") for at in range(3)] == [1, 2, 0]
    assert [flag(f"7,3303,0,5700,3,4,1,0,{left}") for left in (2, 1, 2, 1, 0)] == [1, 2, 1, 2, 0]
    assert [flag(f"7,3303,0,5700,3,4,1,{each}") for each in (1, 2, 0)] == [1, 2, 0]  # no index


def test_login_is_needed_for_what_a_logged_out_module_refuses() -> None:
    suite = Setup("m5310a").suite
    report = suite.report([WireValue(TEMPERATURE, T.INTEGER, "1")], None)
    assert all(map(suite.needs_login, (*report, *suite.update(with_objects=False))))
    assert not any(map(suite.needs_login, (*suite.open(30), *suite.close(), *suite.delete())))
