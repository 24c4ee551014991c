"""Driver and emulated module talk to one another: whole, byte by byte, and in any cut."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.lwm2m.model import Item
from emulator.lwm2m.model import Path as CloudPath
from emulator.onenet.lwm2m.operations import Execute, Read, Write
from m5310.at.events import Synchronized
from m5310.dialects.classic import commands as classic
from m5310.dialects.classic import urcs as classic_urcs
from m5310.dialects.classic.form import Reading
from m5310.dialects.urcs import ExecuteRequest, ReadRequest, WriteRequest
from m5310.errors import CommandError
from m5310.lwm2m import values
from m5310.lwm2m.path import Path
from m5310.lwm2m.values import ValueType
from tests.support.effort import scaled
from tests.support.hostile import GENTLE, Cut, Hostile
from tests.support.null_modem import NullModem
from tests.support.stored import streams

TEMPERATURE = ("3303/0/5700", ValueType.FLOAT, "21.5")
LABEL = ("3303/0/5750", ValueType.STRING, "hall")
SENSOR = CloudPath(3303, 0, 5700)


def check_session(line: NullModem) -> None:
    """Login, report, read, write, execute, refusal, logout; each seen from the other end."""
    line.log_in(TEMPERATURE, LABEL)
    assert line.platform.online(line.device)
    line.execute(classic.notify(Path(3303, 0, 5700), ValueType.FLOAT, "22.25", ackid=7))
    line.until(lambda: "+MIPLNOTIFY:0,7" in line.urcs)
    (stream,) = streams(line.platform, line.device, ids=["3303_0_5700"])
    assert stream.points[-1].value == 22.25

    reading = line.ask(Read(SENSOR))
    line.until(lambda: line.urcs[-1].endswith(",3303,0,5700"))
    request = classic_urcs.parse(line.urcs[-1])
    assert isinstance(request, ReadRequest)
    line.execute(classic.answer_read(request.msgid, request.path, ValueType.FLOAT, "20.5"))
    line.until(lambda: bool(reading))
    assert [(str(item.path), item.value) for item in reading[0].items] == [("/3303/0/5700", 20.5)]

    writing = line.ask(Write(CloudPath(3303, 0), (Item(SENSOR, 1.5),), replace=False))
    line.until(lambda: any(u.startswith("+MIPLWRITE") for u in line.urcs))
    written = classic_urcs.parse(line.urcs[-1])
    assert isinstance(written, WriteRequest)
    assert values.decode(ValueType.FLOAT, written.text) == 1.5
    line.execute(classic.answer_write(written.msgid, done=True))
    line.until(lambda: bool(writing))
    assert writing[0].failure is None

    executing = line.ask(Execute(SENSOR, b"now, please"))
    line.until(lambda: any(u.startswith("+MIPLEXECUTE") for u in line.urcs))
    execution = classic_urcs.parse(line.urcs[-1])
    assert isinstance(execution, ExecuteRequest)
    assert execution.arguments == b"now, please"
    line.execute(classic.answer_execute(execution.msgid, done=False))
    line.until(lambda: bool(executing))
    assert executing[0].failure is not None

    with pytest.raises(CommandError):
        line.execute(classic.answer_execute(execution.msgid, done=True))
    line.execute(classic.close())
    line.until(lambda: "+MIPLCLOSE:0,1" in line.urcs)
    assert not line.platform.online(line.device)
    line.execute(classic.delete())
    assert [event for event in line.strays if not isinstance(event, Synchronized)] == []


@pytest.mark.parametrize("typed_urcs", [False, True])
@pytest.mark.parametrize("hostile", GENTLE, ids=str)
def test_session_over_each_line(hostile: Hostile, typed_urcs: bool) -> None:
    check_session(NullModem(hostile, typed_urcs=typed_urcs))


@settings(max_examples=scaled(25))
@given(st.integers(0, 2**32), st.booleans())
def test_session_in_any_cut(seed: int, echo: bool) -> None:
    check_session(NullModem(Hostile("any cut", Cut.ANYWHERE, seed, echo=echo)))


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

# A resource of each type, by OMA's registry.
RESOURCES = {
    ValueType.STRING: "3303/0/5701",
    ValueType.OPAQUE: "3336/0/5517",
    ValueType.INTEGER: "3200/0/5501",
    ValueType.FLOAT: "3303/0/5700",
    ValueType.BOOLEAN: "3200/0/5500",
    ValueType.HEX_STRING: "3303/0/5701",
}


@pytest.fixture(scope="module")
def lines() -> dict[tuple[ValueType, bool], NullModem]:
    """A device with one resource of each type, logged in, in both forms of the URCs."""
    made = {}
    for kind in ValueType:
        for typed_urcs in (False, True):
            line = NullModem(typed_urcs=typed_urcs)
            empty = {ValueType.INTEGER: "0", ValueType.FLOAT: "0", ValueType.BOOLEAN: "0"}
            line.log_in((RESOURCES[kind], kind, empty.get(kind, "")))
            made[kind, typed_urcs] = line
    return made


def same(one: object, other: object) -> bool:
    # a number without a fraction is an int for the application; the air has floats of 32 bits
    if isinstance(one, int | float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-7)
    return one == other


@settings(max_examples=scaled(200))
@given(VALUES)
def test_reported_value_reaches_the_cloud(
    lines: dict[tuple[ValueType, bool], NullModem], case: tuple[ValueType, values.Value]
) -> None:
    kind, value = case
    line = lines[kind, False]
    line.execute(classic.notify(Path.parse(RESOURCES[kind]), kind, values.encode(kind, value)))
    line.wait(1)
    (stream,) = streams(line.platform, line.device)
    stored = list(value) if isinstance(value, bytes) else value  # an array of their numbers
    assert same(stream.points[-1].value, stored)


@settings(max_examples=scaled(200))
@given(VALUES, st.booleans())
def test_written_value_reaches_the_driver(
    lines: dict[tuple[ValueType, bool], NullModem],
    case: tuple[ValueType, values.Value],
    typed_urcs: bool,
) -> None:
    kind, value = case
    line = lines[kind, typed_urcs]
    line.urcs.clear()
    path = CloudPath.parse(f"/{RESOURCES[kind]}")
    outcome = line.ask(Write(path.instance_path, (Item(path, value),), replace=False))
    line.until(lambda: bool(line.urcs) or bool(outcome))
    assert not outcome, outcome
    reading = Reading.TYPED if typed_urcs else Reading.BARE
    request = classic_urcs.parse(line.urcs[-1], reading)
    assert isinstance(request, WriteRequest)
    assert same(values.decode(kind, request.text), value)
    line.execute(classic.answer_write(request.msgid, done=True))
    line.until(lambda: bool(outcome))
    assert outcome[0].failure is None
