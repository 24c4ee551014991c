"""Driver and emulated module talk to one another: whole, byte by byte, and in any cut.

The chain from a dialect's command lines to the cloud and back, without device, loop or port.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.lwm2m.model import Item
from emulator.lwm2m.model import Path as CloudPath
from emulator.onenet.lwm2m.operations import Execute, Read, Write
from m5310.at.events import Synchronized
from m5310.dialects.classic.form import Reading
from m5310.dialects.dialect import WireValue
from m5310.dialects.urcs import Acknowledged, Closed, ExecuteRequest, ReadRequest, WriteRequest
from m5310.errors import CommandError, NotSupported
from m5310.lwm2m import values
from m5310.lwm2m.resources import Access, Resource
from m5310.lwm2m.values import ValueType
from tests.support.effort import scaled
from tests.support.hostile import GENTLE, Cut, Hostile
from tests.support.language import CLASSIC, LANGUAGES, Language
from tests.support.null_modem import NullModem
from tests.support.stored import streams

TEMPERATURE, LABEL = "3303/0/5700", "3303/0/5750"
SENSOR = CloudPath(3303, 0, 5700)


class Form(NamedTuple):
    """A language, and whether its URCs have types and lengths, which only the classic one may."""

    language: Language
    typed_urcs: bool = False

    def __str__(self) -> str:
        return f"{self.language}{', typed' * self.typed_urcs}"


FORMS = (*map(Form, LANGUAGES), Form(CLASSIC, typed_urcs=True))
each_form = pytest.mark.parametrize("form", FORMS, ids=str)


def written(request: WriteRequest, kind: ValueType) -> values.Value:
    """The value of a write for a resource of this type."""
    if request.kind is ValueType.OPAQUE:
        data = values.decode(ValueType.OPAQUE, request.text)
        assert isinstance(data, bytes)
        return values.decode_bytes(kind, data)
    return values.decode(kind, request.text)


def check_session(line: NullModem) -> None:
    """Login, report, read, write, execute, refusal, logout; each seen from the other end."""
    sensor = Resource(TEMPERATURE, ValueType.FLOAT, 21.5, Access(7))
    line.log_in(sensor, Resource(LABEL, ValueType.STRING, "hall", Access(1)))
    path, dialect = sensor.path, line.dialect
    assert line.platform.online(line.device)
    line.execute_all(dialect.report([WireValue(path, ValueType.FLOAT, "22.25")], ackid=7))
    assert line.arrives(Acknowledged).ackid == 7
    (stream,) = streams(line.platform, line.device, ids=["3303_0_5700"])
    assert stream.points[-1].value == 22.25

    reading = line.ask(Read(SENSOR))
    to_read = line.arrives(ReadRequest)
    assert to_read.path == path
    line.execute_all(dialect.answer_read(to_read, [WireValue(path, ValueType.FLOAT, "20.5")]))
    line.until(lambda: bool(reading))
    assert [(str(item.path), item.value) for item in reading[0].items] == [("/3303/0/5700", 20.5)]

    writing = line.ask(Write(CloudPath(3303, 0), (Item(SENSOR, 1.5),), replace=False))
    to_write = line.arrives(WriteRequest)
    assert written(to_write, ValueType.FLOAT) == 1.5
    line.execute_all(dialect.confirm(to_write))
    line.until(lambda: bool(writing))
    assert writing[0].failure is None

    executing = line.ask(Execute(SENSOR, b"now, please"))
    execution = line.arrives(ExecuteRequest)
    assert execution.arguments == b"now, please"
    line.execute_all(dialect.refuse(execution, NotSupported("not now"), None))
    line.until(lambda: bool(executing))
    assert executing[0].failure is not None

    with pytest.raises(CommandError):
        line.execute_all(dialect.confirm(execution))
    line.execute_all(dialect.close())
    assert line.arrives(Closed).success
    assert not line.platform.online(line.device)
    line.execute_all(dialect.delete())
    assert [event for event in line.strays if not isinstance(event, Synchronized)] == []


@each_form
@pytest.mark.parametrize("hostile", GENTLE, ids=str)
def test_session_over_each_line(hostile: Hostile, form: Form) -> None:
    check_session(NullModem(hostile, **form._asdict()))


@each_form
@settings(max_examples=scaled(25))
@given(seed=st.integers(0, 2**32), echo=st.booleans())
def test_session_in_any_cut(form: Form, seed: int, echo: bool) -> None:
    check_session(NullModem(Hostile("any cut", Cut.ANYWHERE, seed, echo=echo), **form._asdict()))


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=60).filter(
    lambda text: '"' not in text
)
VALUES = st.one_of(
    st.tuples(st.just(ValueType.STRING), TEXTS),
    st.tuples(st.just(ValueType.OPAQUE), st.binary(max_size=60)),
    st.tuples(st.just(ValueType.INTEGER), st.integers(-(2**63), 2**63 - 1)),
    st.tuples(
        st.just(ValueType.FLOAT),
        st.floats(allow_nan=False, allow_infinity=False, width=32, allow_subnormal=False),
    ),
    st.tuples(st.just(ValueType.BOOLEAN), st.booleans()),
    st.tuples(st.just(ValueType.HEX_STRING), st.binary(max_size=60).map(bytes.hex)),
)

# A resource of each type, by OMA's registry, and its first value.
RESOURCES: dict[ValueType, tuple[str, values.Value]] = {
    ValueType.STRING: ("3303/0/5701", ""),
    ValueType.OPAQUE: ("3336/0/5517", b""),
    ValueType.INTEGER: ("3200/0/5501", 0),
    ValueType.FLOAT: ("3303/0/5700", 0.0),
    ValueType.BOOLEAN: ("3200/0/5500", False),
    ValueType.HEX_STRING: ("3303/0/5701", ""),
}


class Holder:
    """A device with one resource of this type, logged in."""

    def __init__(self, form: Form, kind: ValueType) -> None:
        self.bytes_of_digits = form.language.hex_bytes and kind is ValueType.HEX_STRING
        path, _ = RESOURCES[ValueType.OPAQUE if self.bytes_of_digits else kind]
        self.resource = Resource(path, kind, RESOURCES[kind][1], Access(3))
        reading = Reading.TYPED if form.typed_urcs else Reading.BARE
        self.line = NullModem(**form._asdict(), reading=reading)
        self.line.log_in(self.resource)

    def on_platform(self, value: values.Value) -> values.Value:
        """The value as an application has it."""
        if self.bytes_of_digits:
            assert isinstance(value, str)
            return bytes.fromhex(value)
        return value

    def same(self, one: object, other: object) -> bool:
        if self.bytes_of_digits:
            return str(one).upper() == str(other).upper()
        return same(one, other)


@pytest.fixture(params=FORMS, ids=str, scope="module")
def holders(request: pytest.FixtureRequest) -> dict[ValueType, Holder]:
    return {kind: Holder(request.param, kind) for kind in ValueType}


def same(one: object, other: object) -> bool:
    # a number without a fraction is an int for the application; the air has floats of 32 bits
    if isinstance(one, int | float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-7)
    return one == other


@settings(max_examples=scaled(200))
@given(VALUES)
def test_reported_value_reaches_the_cloud(
    holders: dict[ValueType, Holder], case: tuple[ValueType, values.Value]
) -> None:
    kind, value = case
    holder = holders[kind]
    line = holder.line
    wire = WireValue(holder.resource.path, kind, values.encode(kind, value))
    line.execute_all(line.dialect.report([wire], ackid=None))
    line.wait(1)
    (stream,) = streams(line.platform, line.device)
    there = holder.on_platform(value)
    stored = list(there) if isinstance(there, bytes) else there  # an array of their numbers
    assert same(stream.points[-1].value, stored)


@settings(max_examples=scaled(200))
@given(VALUES)
def test_written_value_reaches_the_driver(
    holders: dict[ValueType, Holder], case: tuple[ValueType, values.Value]
) -> None:
    kind, value = case
    holder = holders[kind]
    line = holder.line
    path = CloudPath.parse(f"/{holder.resource.path}")
    items = (Item(path, holder.on_platform(value)),)
    outcome = line.ask(Write(path.instance_path, items, replace=False))
    request = line.arrives(WriteRequest)
    assert holder.same(written(request, kind), value)
    line.execute_all(line.dialect.confirm(request))
    line.until(lambda: bool(outcome))
    assert outcome[0].failure is None
