"""What may happen in a scenario: each act's key, and how its values are read. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from math import isfinite

from emulator.air.messages import Discover, Execute, Item, Path, Read, Value, Write
from emulator.line.faults import Fault, Rates, Spot
from emulator.module.at.codec import Cme, framed
from emulator.module.boot import Cause
from emulator.module.command_faults import CommandFault, ExtraBytes, Place
from emulator.module.radio.coverage import Coverage
from emulator.module.radio.sim import Sim
from emulator.onenet.misbehaviour import Manner
from emulator.scenario.events import (
    Act,
    Ask,
    Cable,
    Card,
    Mood,
    Network,
    Noise,
    Reception,
    Restart,
    Spoil,
    Way,
    Weather,
)
from emulator.scenario.toml_table import Table, Wrong, shown

_PAYLOAD_LIMIT = 1000  # bytes of one write (OneNET guide 5.2)
_VALUES = f"a number, true, false or a text of at most {_PAYLOAD_LIMIT} bytes"
_IDS = range(0x1_0000)


@dataclass(frozen=True, slots=True)
class Kind:
    """How an act is read from its table and key; `lasts`: it may be `for` some seconds; `common`:
    it concerns what all modules share, and none of them.
    """

    read: Callable[[Table, str], Act]
    lasts: bool = False
    common: bool = False


class _Choice(Enum):
    """Words that stand for yes and no."""

    REFUSES = "refuses"
    ACCEPTS = "accepts"
    OUT = "unplugged"
    IN = "plugged"


# What is done to the next bytes, as a scenario says it.
_TRICKS = {
    "lose": Fault.LOSS,
    "double": Fault.DOUBLE,
    "corrupt": Fault.CORRUPT,
    "delay": Fault.DELAY,
    "inject": Fault.GARBAGE,
}


class _Answer(Enum):
    ERROR = "ERROR"
    LATE = "late"
    NEVER = "never"  # neither obeyed nor answered
    LOST = "lost"  # obeyed, and not answered


def _coverage(table: Table, key: str) -> Act:
    return Reception(table.choice(key, Coverage.__members__))


def _network(table: Table, key: str) -> Act:
    known = {choice.value: choice for choice in (_Choice.REFUSES, _Choice.ACCEPTS)}
    return Network(table.choice(key, known) is _Choice.REFUSES)


def _sim(table: Table, key: str) -> Act:
    return Card(table.choice(key, Sim.__members__))


def _restart(table: Table, key: str) -> Act:
    return Restart(table.choice(key, Cause.__members__))


def _cable(table: Table, key: str) -> Act:
    known = {choice.value: choice for choice in (_Choice.OUT, _Choice.IN)}
    return Cable(table.choice(key, known) is _Choice.IN)


def _noise(table: Table, key: str) -> Act:
    inner = table.table(key)
    shares = {fault: inner.number(fault, 0, 1) for fault in Fault if fault in inner}
    inner.end()
    return Noise(Rates(**shares))


def _spoil(table: Table, key: str) -> Act:
    inner = table.table(key)
    trick = inner.only(_TRICKS, "the fault")
    fault = _TRICKS[trick]
    after = inner.integer("after", 0) if "after" in inner else 0
    if fault is Fault.DELAY:
        spot = Spot(fault, after, seconds=inner.number(trick))
    elif fault is Fault.GARBAGE:
        spot = Spot(fault, after, data=inner.text(trick).encode())
    else:
        spot = Spot(fault, after, inner.integer(trick, 1))
    inner.end()
    return Spoil(Way(key), spot)


def _air(table: Table, key: str) -> Act:
    inner = table.table(key)
    weather = Weather(inner.optional("latency"), inner.optional("loss", 0, 1))
    inner.end()
    return weather


def _platform(table: Table, key: str) -> Act:
    inner = table.table(key)
    manner = Manner(
        silent=inner.flag("silent") if "silent" in inner else False,
        refusing=inner.flag("refusing") if "refusing" in inner else False,
        delay=inner.optional("delay") or 0.0,
        repeats=inner.integer("repeats", 0, 10) if "repeats" in inner else 0,
    )
    inner.end()
    return Mood(manner)


def _read(table: Table, key: str) -> Act:
    return Ask(Read(0, _path(table, key, 1, 3)))


def _discover(table: Table, key: str) -> Act:
    return Ask(Discover(0, _path(table, key, 1, 1)))


def _write(table: Table, key: str) -> Act:
    path = _path(table, key, 3, 3)
    instance = Path(path.object, path.instance)
    return Ask(Write(0, instance, (Item(path, _value(table)),), replace=False))


def _execute(table: Table, key: str) -> Act:
    path = _path(table, key, 3, 3)
    arguments = table.text("arguments") if "arguments" in table else ""
    return Ask(Execute(0, path, arguments.encode()))


def _path(table: Table, key: str, least: int, most: int) -> Path:
    text = table.text(key)
    ids = [int(part) for part in re.findall(r"/(\d{1,5})", text, re.ASCII)]
    if text != "".join(f"/{number}" for number in ids) or any(n not in _IDS for n in ids):
        ids = []
    if not least <= len(ids) <= most:
        example = "/3303" if most == 1 else "/3303/0/5700"
        raise Wrong(key, f"{key} {shown(text)}, expected a path such as {example}")
    return Path(*ids)


def _value(table: Table) -> Value:
    value = table.take("value")
    match value:
        case bool():
            return value
        case str() if len(value.encode()) <= _PAYLOAD_LIMIT:
            return value
        case int() if -(2**63) <= value < 2**63:  # what the module carries
            return value
        case float() if isfinite(value):
            return value
    raise Wrong("value", f"value {shown(value)}, expected {_VALUES}")


def _answer(table: Table, key: str) -> Act:
    answer = table.choice(key, {answer.value: answer for answer in _Answer})
    if answer is _Answer.NEVER:
        return CommandFault(executed=False)
    if answer is _Answer.LOST:
        return CommandFault(answered=False)
    if answer is _Answer.LATE:
        return CommandFault(delay=table.number("seconds"))
    number = table.integer("cme", 0) if "cme" in table else Cme.NOT_ALLOWED
    if number not in set(Cme):
        known = ", ".join(str(cme.value) for cme in Cme)
        raise Wrong("cme", f"cme {number}, expected one that the module knows: {known}")
    return CommandFault(refusal=Cme(number), delay=table.optional("seconds") or 0.0)


def _urc(table: Table, key: str) -> Act:
    return _aside(table, framed(table.text(key)))


def _bytes(table: Table, key: str) -> Act:
    digits = table.text(key)
    if not re.fullmatch("([0-9A-Fa-f]{2})+", digits):
        raise Wrong(key, f"{key} {shown(digits)}, expected two hex digits a byte")
    return _aside(table, bytes.fromhex(digits))


def _aside(table: Table, data: bytes) -> ExtraBytes:
    places = {str(place): place for place in Place}
    place = table.choice("place", places) if "place" in table else Place.AFTER
    return ExtraBytes(data, place, table.optional("split") or 0.0)


ACTS: Mapping[str, Kind] = {
    "answer": Kind(_answer),
    "coverage": Kind(_coverage, lasts=True),
    "network": Kind(_network, lasts=True),
    "sim": Kind(_sim, lasts=True),
    "restart": Kind(_restart),
    "cable": Kind(_cable, lasts=True),
    "noise": Kind(_noise, lasts=True),
    Way.TO_HOST: Kind(_spoil),
    Way.TO_MODULE: Kind(_spoil),
    "urc": Kind(_urc),
    "bytes": Kind(_bytes),
    "air": Kind(_air, lasts=True, common=True),
    "platform": Kind(_platform, lasts=True, common=True),
    "read": Kind(_read),
    "discover": Kind(_discover),
    "write": Kind(_write),
    "execute": Kind(_execute),
}
