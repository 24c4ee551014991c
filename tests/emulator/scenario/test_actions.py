"""Scenario actions: the values of each key."""

from __future__ import annotations

import tomllib

import pytest

from emulator.line.faults import Fault, FaultAt
from emulator.lwm2m.model import Item, Path
from emulator.module.at.codec import Cme
from emulator.module.at.command_faults import CommandFault, ExtraBytes, Place
from emulator.module.boot import Cause
from emulator.module.lwm2m.host import Happening
from emulator.module.radio.coverage import Coverage
from emulator.module.radio.sim import Sim
from emulator.onenet.api_faults import ApiFault
from emulator.onenet.lwm2m.operations import Discover, Execute, Read, Write
from emulator.scenario.actions import ACTIONS
from emulator.scenario.events import (
    Action,
    AirChange,
    ByteFault,
    CableChange,
    CloudRequest,
    LoginEnd,
    NoiseChange,
    PlatformChange,
    RadioChange,
    Restart,
    SoftwareUpdate,
)
from emulator.scenario.toml_table import InvalidValue, TomlTable


def read(text: str) -> Action:
    """Parse an action; all keys must be used."""
    table = TomlTable(tomllib.loads(text))
    key = table.exactly_one(ACTIONS, "what happens")
    action = ACTIONS[key].read(table, key)
    table.end()
    return action


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ('coverage = "ECL2"', RadioChange(coverage=Coverage.ECL2)),
        ('network = "refuses"', RadioChange(refusing=True)),
        ('network = "accepts"', RadioChange(refusing=False)),
        ('sim = "MISSING"', RadioChange(sim=Sim.MISSING)),
        ('restart = "BROWN_OUT"', Restart(Cause.BROWN_OUT)),
        ('cable = "unplugged"', CableChange(plugged=False)),
        ('cable = "plugged"', CableChange(plugged=True)),
        ("noise = { loss = 0.5, garbage = 1 }", NoiseChange(loss=0.5, garbage=1)),
        ("to_host = { lose = 3, after = 2 }", ByteFault(True, FaultAt(Fault.LOSS, 2, 3))),
        (
            "to_module = { delay = 1.5 }",
            ByteFault(False, FaultAt(Fault.DELAY, seconds=1.5)),
        ),
        (
            'to_host = { inject = "\\u0000x" }',
            ByteFault(True, FaultAt(Fault.GARBAGE, data=b"\0x")),
        ),
        ('urc = "+CEREG:1"', ExtraBytes(b"\r\n+CEREG:1\r\n")),
        ('urc = "+A:1"\nplace = "inside"', ExtraBytes(b"\r\n+A:1\r\n", Place.INSIDE)),
        ('bytes = "00fF"\nsplit = 0.5', ExtraBytes(b"\0\xff", split=0.5)),
        ("air = { latency = 3 }", AirChange(3, None)),
        (
            "air = { loss = 0.1, duplication = 0.2, reordering = 0.3, delayed = 1, delay = 40 }",
            AirChange(None, 0.1, 0.2, 0.3, 1, 40),
        ),
        ("platform = { silent = true }", PlatformChange(silent=True)),
        (
            "platform = { refusing = true, delay = 2, repeats = 1 }",
            PlatformChange(refusing=True, delay=2, repeats=1),
        ),
        ("platform = { discovers = false }", PlatformChange(discovers=False)),
        ("platform = { errno = 15 }", PlatformChange(ApiFault(15))),
        (
            "platform = { errno = 5117, calls = 3, silent = true }",
            PlatformChange(ApiFault(5117, 3), silent=True),
        ),
        ("platform = { errno = 0 }", PlatformChange(ApiFault())),
        ('uplink = "busy"', RadioChange(busy=True)),
        ('uplink = "free"', RadioChange(busy=False)),
        ('login = "over"', LoginEnd(Happening.LIFETIME_OVER)),
        ('login = "removed"', LoginEnd(Happening.REMOVED)),
        ('read = "/3303/0/5700"', CloudRequest(Read(Path(3303, 0, 5700)))),
        ('update = "2.0"', SoftwareUpdate("2.0", 2048)),
        ('update = "2.0"\nsize = 1300', SoftwareUpdate("2.0", 1300)),
        ('read = "/3303"', CloudRequest(Read(Path(3303)))),
        ('discover = "/3303"', CloudRequest(Discover(Path(3303)))),
        (
            'write = "/3311/0/5850"\nvalue = true',
            CloudRequest(Write(Path(3311, 0), (Item(Path(3311, 0, 5850), True),), replace=False)),
        ),
        ('execute = "/3311/0/5850"', CloudRequest(Execute(Path(3311, 0, 5850), b""))),
        (
            'execute = "/3311/0/5850"\narguments = "blink"',
            CloudRequest(Execute(Path(3311, 0, 5850), b"blink")),
        ),
    ],
)
def test_action_of_each_key(text: str, action: Action) -> None:
    assert read(text) == action


@pytest.mark.parametrize("value", ['"on"', "-5", "2.5", "false"])
def test_write_accepts_value(value: str) -> None:
    assert isinstance(read(f'write = "/3311/0/5850"\nvalue = {value}'), CloudRequest)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('answer = "ERROR"', CommandFault(refusal=Cme.NOT_ALLOWED)),
        ('answer = "ERROR"\ncme = 30\nseconds = 2', CommandFault(refusal=Cme.NO_NETWORK, delay=2)),
        ('answer = "ERROR"\ncis = 652', CommandFault(cis=652)),
        ('answer = "late"\nseconds = 5', CommandFault(delay=5)),
        ('answer = "never"', CommandFault(executed=False)),
        ('answer = "lost"', CommandFault(answered=False)),
    ],
)
def test_answer_is_a_command_fault(text: str, fault: CommandFault) -> None:
    assert read(text) == fault


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('coverage = "gone"', "coverage"),
        ('uplink = "full"', "uplink"),
        ('login = "never"', "login"),
        ('answer = "ERROR"\ncis = 0', "cis"),
        ("noise = { theft = 1 }", "noise"),
        ("noise = { }", "noise"),
        ("air = { }", "air"),
        ("platform = { }", "platform"),
        ("to_host = { lose = 1, double = 1 }", "to_host"),
        ("to_host = { lose = 1, seconds = 1 }", "to_host"),
        ("air = { latency = -1 }", "air"),
        ("air = { duplication = 2 }", "air"),
        ("air = { reordering = -0.1 }", "air"),
        ("air = { delayed = 1.5 }", "air"),
        ("air = { delay = -1 }", "air"),
        ("platform = { mood = 1 }", "platform"),
        ("platform = { errno = 24 }", "platform"),
        ("platform = { errno = -1 }", "platform"),
        ('platform = { errno = "15" }', "platform"),
        ("platform = { errno = 15, calls = 0 }", "platform"),
        ("platform = { calls = 1 }", "platform"),
        ('read = "/1/2/3/4"', "read"),
        ('read = "/70000"', "read"),
        ('update = ""', "update"),
        ('update = "' + "x" * 65 + '"', "update"),
        ('update = "2.0"\nsize = 0', "size"),
        ('write = "/1/2"', "write"),
        ('write = "/1/2/3"\nvalue = inf', "value"),
        ('write = "/1/2/3"\nvalue = 9223372036854775808', "value"),
        ('answer = "ERROR"\ncme = 5', "cme"),
        ('urc = ""', "urc"),
        ('bytes = "0x12"', "bytes"),
        ('bytes = "12"\nsplit = -1', "split"),
    ],
)
def test_invalid_value_names_its_key(text: str, key: str) -> None:
    with pytest.raises(InvalidValue) as error:
        read(text)
    assert error.value.key == key
    assert key in str(error.value)


def test_actions_that_can_end_or_are_common() -> None:
    can_end = {key for key, kind in ACTIONS.items() if kind.can_end}
    alone = {"coverage", "network", "sim", "uplink", "cable", "noise"}
    assert can_end == alone | {"air", "platform"}
    assert {key for key, kind in ACTIONS.items() if kind.common} == {"air", "platform"}
