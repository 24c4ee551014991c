"""Profiles of `m5310 run`: parsing, error messages, values typed as text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m5310.cli import arguments
from m5310.cli.run_profile import Item, Profile, parse_assignment, parse_profile, parse_value
from m5310.device.outbox import LIMIT, WhenFull
from m5310.errors import ParameterError
from m5310.lwm2m.path import Path
from m5310.lwm2m.resources import Access
from m5310.lwm2m.values import ValueType

WHOLE = """
port = "/dev/ttyUSB0"
baud = 115200
endpoint = "865820030013978;460040000000001"
uri = "coap://183.230.40.39:5683"
module = "bc28"
lifetime = 300
recover = false
acknowledge = true
outbox = 50
when_full = "refuse"

[[resource]]
path = "3303/0/5700"
type = "float"
command = "echo 21.5"
every = 2.5

[[resource]]
path = "/3311/0/5850"
type = "boolean"
value = true
access = ["read", "write", "execute"]

[[resource]]
path = "3200/0/5505"
type = "opaque"
value = "00ff"
access = "write"
"""

ONE = '[[resource]]\npath = "3303/0/5700"\ntype = "float"\n'


def profile(text: str) -> Profile:
    return parse_profile(text.encode(), "my.toml")


def test_full_profile() -> None:
    everything = Access.READABLE | Access.WRITABLE | Access.EXECUTABLE
    assert profile(WHOLE) == Profile(
        port="/dev/ttyUSB0",
        baud=115200,
        endpoint="865820030013978;460040000000001",
        uri="coap://183.230.40.39:5683",
        module="bc28",
        lifetime=300,
        recover=False,
        acknowledge=True,
        outbox=50,
        when_full=WhenFull.REFUSE,
        items=(
            Item(Path(3303, 0, 5700), ValueType.FLOAT, Access.READABLE, 0.0, "echo 21.5", 2.5),
            Item(Path(3311, 0, 5850), ValueType.BOOLEAN, everything, True),
            Item(Path(3200, 0, 5505), ValueType.OPAQUE, Access.WRITABLE, b"\x00\xff"),
        ),
    )


def test_byte_order_mark_is_accepted() -> None:
    assert parse_profile(b"\xef\xbb\xbf" + ONE.encode(), "my.toml") == profile(ONE)


def test_minimal_profile() -> None:
    item = Item(Path(3303, 0, 5700), ValueType.FLOAT, Access.READABLE, 0.0)
    drop = WhenFull.DROP_OLDEST
    assert profile(ONE) == Profile(None, 9600, None, None, 86400, True, False, LIMIT, drop, (item,))


@pytest.mark.parametrize("kind", ValueType)
def test_each_type_has_an_initial_value(kind: ValueType) -> None:
    (item,) = profile(ONE.replace("float", kind.name.lower())).items
    assert item.type is kind


def test_profile_in_the_help_is_valid(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        arguments.parser().parse_args(["run", "--help"])
    shown = re.search(r"  a profile:\n|a profile:\n((?:  .*\n|\n)+)", capsys.readouterr().out)
    assert shown
    text = "\n".join(line[2:] for line in shown[1].splitlines())
    found = profile(text)
    assert [str(item.path) for item in found.items] == ["3303/0/5700", "3311/0/5850"]
    assert found.port == "/dev/ttyUSB0"
    whole = re.sub(r"^# (\w+ = )", r"\1", text, flags=re.MULTILINE)
    assert profile(whole.replace("<imei>;<imsi>", "1;2")).endpoint == "1;2"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("port = ", "my.toml is not TOML: Invalid value"),
        ("baud = " + "[" * 3000 + "]" * 3000, "my.toml: nested too deep; expected [[resource]]"),
        ("baud = " + "9" * 5000, "my.toml is not TOML: Exceeds the limit"),
        ("baud = 0x" + "F" * 5000 + "\n" + ONE, "my.toml: Exceeds the limit"),
        ("lifetime = 0x" + "F" * 5000 + "\n" + ONE, "my.toml: "),
        ("baud = 10_000_001\n" + ONE, "baud: 10000001 is not a speed"),
        (ONE.replace("float", "integer") + "value = 0x" + "F" * 5000, "my.toml: "),
        ("", "resource: missing; expected at least one [[resource]]"),
        ("resource = 5", "resource: missing"),
        ("resource = [5]", "resource 1: 5 is not a table"),
        ("prot = 1\n" + ONE, "prot is unknown; expected one of port, baud"),
        ("port = 1\n" + ONE, "port: 1 is not a string"),
        ('baud = "fast"\n' + ONE, "baud: 'fast' is not a number"),
        ("baud = 0\n" + ONE, "baud: 0 is not a speed; expected one such as 9600"),
        ("baud = true\n" + ONE, "baud: True is not a number"),
        ('endpoint = "x"\n' + ONE, "endpoint: the endpoint 'x' is not <imei>;<imsi>"),
        ('uri = "x"\n' + ONE, "uri: the URI 'x' is not coap://host:port"),
        ("lifetime = 1\n" + ONE, "lifetime: lifetime 1 is "),
        ("recover = 1\n" + ONE, "recover: 1 is not true or false"),
        ('acknowledge = "yes"\n' + ONE, "acknowledge: 'yes' is not true or false"),
        ("outbox = 0\n" + ONE, "outbox: 0 reports; expected 1 or more"),
        ("outbox = true\n" + ONE, "outbox: True is not a number"),
        (
            'module = "bc99"\n' + ONE,
            "module: 'bc99' is no module known here; expected one of",
        ),
        ('when_full = "wait"\n' + ONE, "when_full 'wait' is unknown; expected one of drop oldest"),
        (ONE + "unit = 1", "resource 1: unit is unknown; expected one of path, type"),
        ("[[resource]]\n", "resource 1: path is missing; expected one like 3303/0/5700"),
        ("[[resource]]\npath = 3303", "resource 1: path: 3303 is not a string"),
        (ONE.replace("/5700", ""), "resource 3303/0: path: '3303/0' is not a resource; expected"),
        (ONE.replace("3303", "x"), "resource x/0/5700: path: 'x/0/5700' is not a path"),
        (ONE + ONE, "resource 2: path: 3303/0/5700 is used already"),
        ('[[resource]]\npath = "1/2/3"', "resource 1/2/3: type is missing; expected one of string"),
        (ONE.replace("float", "double"), "resource 3303/0/5700: type 'double' is unknown"),
        (ONE + 'value = "warm"', "resource 3303/0/5700: value: 'warm' cannot be sent as"),
        (ONE + "value = []", "value: [] is not a value; expected a string, number"),
        (ONE.replace("float", "opaque") + 'value = "0g"', "value: '0g' is not hex digits"),
        (ONE + "every = 5", "every: needs a command"),
        (ONE + 'command = "x"\nevery = 0', "every: 0 s is out of range; expected 1..86400"),
        (ONE + 'command = "x"\nevery = nan', "every: nan s is out of range"),
        (ONE + 'command = ""', "command: empty; expected a shell command"),
        (ONE + 'access = ["raed"]', 'access: [\'raed\']; expected a list of "read", "write"'),
        (ONE + "access = [1]", "access: [1]"),
        (ONE + "access = []", "access: []"),
        (ONE + "access = 1", "access: 1"),
    ],
)
def test_error_names_the_file_and_the_key(text: str, message: str) -> None:
    with pytest.raises(ParameterError) as caught:
        profile(text)
    assert str(caught.value).startswith("my.toml")
    assert message in str(caught.value)


def test_invalid_utf8_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"my\.toml is not TOML: .* can't decode byte"):
        parse_profile(b"\xff", "my.toml")


KEYS = st.sampled_from(
    ["port", "baud", "uri", "lifetime", "path", "type", "value", "access", "every"]
)
VALUES = st.sampled_from(["1", '"x"', "true", "[]", "[[]]", "1979-05-27", "nan", "{}", "{a=1}"])


@given(st.lists(st.tuples(KEYS, VALUES), max_size=4), st.booleans())
def test_any_toml_is_parsed_or_refused(pairs: list[tuple[str, str]], inside: bool) -> None:
    text = "".join(f"{key} = {value}\n" for key, value in pairs)
    try:
        read = profile(ONE + text if inside else text + ONE)
    except ParameterError:
        return
    assert read.items


# --- values as text --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (ValueType.FLOAT, " 22.5\n", 22.5),
        (ValueType.INTEGER, "-3", -3),
        (ValueType.BOOLEAN, "On", True),
        (ValueType.BOOLEAN, "false", False),
        (ValueType.BOOLEAN, "1", True),
        (ValueType.STRING, "on", "on"),
        (ValueType.OPAQUE, "00FF", b"\x00\xff"),
        (ValueType.HEX_STRING, "00ff", "00ff"),
    ],
)
def test_parse_value(kind: ValueType, text: str, value: object) -> None:
    assert parse_value(kind, text) == value


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        (ValueType.FLOAT, "warm", "'warm' is not a value of type float"),
        (
            ValueType.BOOLEAN,
            "maybe",
            "'maybe' is not a value of type boolean; expected true, false, on, off, 1 or 0",
        ),
        (ValueType.INTEGER, "1.5", "expected a whole number"),
        (ValueType.OPAQUE, "0", "expected pairs of hex digits"),
        (ValueType.HEX_STRING, "0", "'0' is not a value of type hex_string"),
        (ValueType.FLOAT, "", "'' is not a value of type float"),
    ],
)
def test_parse_value_refuses_other_types(kind: ValueType, text: str, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        parse_value(kind, text)


def test_parse_assignment() -> None:
    assert parse_assignment(" 3303/0/5700 = 22.5 ") == (Path(3303, 0, 5700), "22.5")
    assert parse_assignment("3303/0/5701=a=b") == (Path(3303, 0, 5701), "a=b")
    with pytest.raises(ParameterError, match="'3303/0/5700' is not a report"):
        parse_assignment("3303/0/5700")
    with pytest.raises(ParameterError, match="'x' is not a path"):
        parse_assignment("x=1")
