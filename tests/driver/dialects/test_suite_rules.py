"""Two real firmwares judge each line that the driver can write in the suite."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m5310.at.codec import Command
from m5310.dialects.classic.config import Config
from m5310.dialects.dialect import Commands, WireValue
from m5310.dialects.profiles import PROFILES, Profile
from m5310.dialects.suite.dialect import Suite
from m5310.dialects.urcs import (
    Discovered,
    ExecuteRequest,
    Observed,
    ParameterRequest,
    ReadRequest,
    Request,
    WriteRequest,
)
from m5310.errors import AnswerError, NotFound, NotInDialect, ParameterError
from m5310.lwm2m.path import Path
from m5310.lwm2m.resources import Access, ObjectTree, Resource
from m5310.lwm2m.values import Value, ValueType
from tests.support.clock import run
from tests.support.suite_rules import EC616, XY1100, Broken, Firmware, judge

# the value type 6 is not theirs
MODULES = [each for each in PROFILES.values() if not each.classic]
URI, BOOTSTRAP_URI = "coap://183.230.40.40:5683", "coap://183.230.40.39:5683"

ids = st.integers(0, 65534)
msgids = st.integers(0, 0xFFFFFFF)
typed_values: st.SearchStrategy[tuple[ValueType, Value]] = st.one_of(
    st.tuples(st.just(ValueType.STRING), st.text(max_size=1100)),
    st.tuples(st.just(ValueType.OPAQUE), st.binary(max_size=1100)),
    st.tuples(st.just(ValueType.INTEGER), st.integers(-(2**63), 2**63 - 1)),
    st.tuples(st.just(ValueType.FLOAT), st.floats(allow_nan=False, allow_infinity=False)),
    st.tuples(st.just(ValueType.BOOLEAN), st.booleans()),
    st.tuples(st.just(ValueType.HEX_STRING), st.binary(max_size=600).map(bytes.hex)),
)
accesses = st.sampled_from([Access(bits) for bits in range(1, 8)])
resources = st.tuples(st.integers(8, 20), st.integers(0, 110), ids, typed_values, accesses)


def adapted(profile: Profile, firmware: Firmware) -> Profile:
    """The profile on a chip with this firmware."""
    return dataclasses.replace(profile, instances=firmware.instances, hex_string=False)


def judged(commands: Commands, firmware: Firmware) -> None:
    for command in commands:
        if command.line.startswith(("ATE", "AT+MIPLCREATEE", "AT+MIPLCONFIG", "AT+MIPLBOOT")):
            continue  # not theirs
        if command.line.startswith("AT+MIPLCREATE=") and not firmware.configures:
            continue
        try:
            judge(command.line, firmware)
        except Broken as broken:
            pytest.fail(f"{firmware.name} refuses {command.line[:200]}: {broken}")


def all_of(work: Callable[[Any], Any]) -> Commands:
    """What a coroutine of the dialect sends; each is answered OK, CREATE with number 0."""
    sent: list[Command[Any]] = []

    async def execute(command: Command[Any]) -> Any:
        sent.append(command)
        return 0

    run(work(execute))
    return tuple(sent)


def tree(given: list[tuple[int, int, int, tuple[ValueType, Value], Access]]) -> ObjectTree:
    """Those of the resources that a device takes."""
    found = ObjectTree()
    for object_, instance, number, (kind, value), access in given:
        try:
            resource = Resource(Path(object_, instance, number), kind, value, access)
        except ParameterError:
            continue
        if resource.path not in {each.path for each in found}:
            found.add(resource)
    return found


@given(
    st.sampled_from(MODULES),
    st.sampled_from([EC616, XY1100]),
    st.booleans(),
    st.integers(10, 86400),
    st.lists(resources, max_size=12),
    st.data(),
)
def test_firmwares_take_every_line(
    module: Profile,
    firmware: Firmware,
    bootstrap: bool,
    lifetime: int,
    given: list[tuple[int, int, int, tuple[ValueType, Value], Access]],
    data: st.DataObject,
) -> None:
    held = tree(given)
    uri = BOOTSTRAP_URI if bootstrap else URI
    suite = Suite(adapted(module, firmware), Config("1;2", uri, lifetime), held)
    judged(all_of(suite.configure), firmware)
    for instance in dict.fromkeys(each.path.instance_path for each in held):
        try:
            judged(suite.add_instance(instance), firmware)
        except NotInDialect:  # the module has not so many: the device refuses the resource
            for resource in [each for each in held if each.path.instance_path == instance]:
                held.remove(resource)
    for resource in held:
        judged(suite.declare(resource, resource.text), firmware)
    judged(all_of(suite.prepare), firmware)
    judged(suite.open(data.draw(st.integers(1, 10**6))), firmware)
    judged(suite.update(with_objects=data.draw(st.booleans())), firmware)
    for resource in held:
        path = resource.path
        observed = Observed(0, data.draw(msgids), True, path.object, path.instance, -1)
        suite.parse(
            f"+MIPLOBSERVE:0,{observed.msgid},1,{path.object},{path.instance},-1",
            lambda _: None,
        )
        judged(suite.answer_observe(observed), firmware)
        judged(suite.answer_discover(Discovered(0, data.draw(msgids), path.object)), firmware)
        parameter = ParameterRequest(0, data.draw(msgids), path, "pmin=5")
        judged(suite.answer_parameter(parameter, accepted=data.draw(st.booleans())), firmware)
        values = [WireValue(path, resource.type, resource.text)] * data.draw(st.integers(1, 3))
        try:
            ackid = data.draw(st.none() | st.integers(1, 2**31 - 1))
            judged(suite.report(values, ackid), firmware)
            judged(suite.answer_read(ReadRequest(0, observed.msgid, path), values), firmware)
        except ParameterError:
            pass  # more than one message holds
    judged((*suite.close(), *suite.delete()), firmware)


@given(
    st.sampled_from([EC616, XY1100]),
    msgids,
    st.sampled_from([NotFound("x"), AnswerError("x"), ParameterError("x"), OSError("x")]),
)
def test_firmwares_take_every_refusal(firmware: Firmware, msgid: int, error: Exception) -> None:
    profile = adapted(PROFILES["generic"], firmware)
    suite = Suite(profile, Config("1;2", URI, 300), ObjectTree())
    path = Path(3303, 0, 5700)
    requests: list[Request] = [
        ReadRequest(0, msgid, path),
        WriteRequest(0, msgid, path, ValueType.OPAQUE, "00"),
        ExecuteRequest(0, msgid, path, b""),
    ]
    for request in requests:
        judged(suite.refuse(request, error, None), firmware)
        if not isinstance(request, ReadRequest):
            judged(suite.confirm(request), firmware)
    judged(suite.answer_observe(Observed(0, msgid, True, 3303, 0, -1)), firmware)
    judged(suite.answer_observe(Observed(0, msgid, False, 3303, 0, -1)), firmware)
    judged(suite.answer_discover(Discovered(0, msgid, 3303)), firmware)


@pytest.mark.parametrize(
    "line",
    [
        'AT+MIPLADDOBJ=0,3303,2,"1",1,0',
        'AT+MIPLADDOBJ=0,3303,1,"0",1,0',
        "AT+MIPLOPEN=0,15,30",
        "AT+MIPLOPEN=0,300,29",
        "AT+MIPLNOTIFY=0,70247,3303,0,5700,4,2,22.5,0,0",
        "AT+MIPLNOTIFY=0,70247,3303,0,5700,4,4,22.5,0,0,0",
        "AT+MIPLNOTIFY=0,70247,3303,0,5700,4,4,22.5,0,0,65536",
        "AT+MIPLNOTIFY=0,70247,3303,0,5700,3,2,70000,0,0",
        "AT+MIPLNOTIFY=0,70247,3303,0,5700,2,3,00FF,0,0",
        'AT+MIPLNOTIFY=0,70247,3303,0,5700,1,3,"ab",0,0',
        "AT+MIPLNOTIFY=0,70247,3303,0,5700,1,2,ab,0,0",
        "AT+MIPLNOTIFY=0,70247,3303,0,5700,5,1,2,0,0",
        "AT+MIPLREADRSP=0,7,2",
        "AT+MIPLREADRSP=0,7,13,3303,0,5700,4,4,22.5,0,0",
        "AT+MIPLWRITERSP=0,7,1",
        "AT+MIPLOBSERVERSP=0,7,2",
        'AT+MIPLDISCOVERRSP=0,7,1,8,"5700;5701"',
        "AT+MIPLCLOSE=0,1",
        "AT+MIPLMADE=0",
    ],
)
def test_rules_refuse(line: str) -> None:
    for firmware in (EC616, XY1100):
        with pytest.raises(Broken):
            judge(line, firmware)


def test_firmwares_differ() -> None:
    flag = "AT+MIPLNOTIFY=0,70247,3303,0,5700,4,4,22.5,0,1"
    nine = 'AT+MIPLADDOBJ=0,3303,9,"111111111",1,0'
    for line in (flag, nine):
        judge(line, EC616)
        with pytest.raises(Broken):
            judge(line, XY1100)
