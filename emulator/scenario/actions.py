"""Scenario actions: the key of each action and the reader of its values. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite

from emulator.line.faults import Fault, FaultAt
from emulator.lwm2m.model import Item, Path, Value
from emulator.module.at.codec import Cme, framed
from emulator.module.at.command_faults import CommandFault, ExtraBytes, Place
from emulator.module.boot import Cause
from emulator.module.lwm2m.host import Happening
from emulator.module.radio.coverage import Coverage
from emulator.module.radio.sim import Sim
from emulator.onenet.api_faults import ApiFault
from emulator.onenet.lwm2m.operations import Discover, Execute, Read, Write
from emulator.onenet.software_updates import MAX_PACKAGE, MAX_VERSION
from emulator.onenet.years import YEARS
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
from emulator.scenario.toml_table import InvalidValue, TomlTable, format_value

_PAYLOAD_LIMIT = 1000  # bytes of one write (OneNET guide 5.2)
_VALUES = f"a number, true, false or a text of at most {_PAYLOAD_LIMIT} bytes"
_IDS = range(0x1_0000)
# Of all years, and 0: no error.
_ERRNOS = sorted({0}.union(*(year.errnos for year in YEARS.values())))
_PACKAGE_SIZE = 2048  # bytes of an update


@dataclass(frozen=True, slots=True)
class ActionKind:
    """`read` makes the action from its table and key. `can_end`: may have a duration (`for`).

    `common`: changes what all modules share, so that it takes no `module`.
    """

    read: Callable[[TomlTable, str], Action]
    can_end: bool = False
    common: bool = False


_FAULT_KEYS = {
    "lose": Fault.LOSS,
    "double": Fault.DOUBLE,
    "corrupt": Fault.CORRUPT,
    "delay": Fault.DELAY,
    "inject": Fault.GARBAGE,
}


def _coverage(table: TomlTable, key: str) -> Action:
    return RadioChange(coverage=table.choice(key, Coverage.__members__))


def _network(table: TomlTable, key: str) -> Action:
    return RadioChange(refusing=table.choice(key, {"refuses": True, "accepts": False}))


def _sim(table: TomlTable, key: str) -> Action:
    return RadioChange(sim=table.choice(key, Sim.__members__))


def _uplink(table: TomlTable, key: str) -> Action:
    return RadioChange(busy=table.choice(key, {"busy": True, "free": False}))


def _login(table: TomlTable, key: str) -> Action:
    reasons = {"over": Happening.LIFETIME_OVER, "removed": Happening.REMOVED}
    return LoginEnd(table.choice(key, reasons))


def _restart(table: TomlTable, key: str) -> Action:
    return Restart(table.choice(key, Cause.__members__))


def _cable(table: TomlTable, key: str) -> Action:
    return CableChange(table.choice(key, {"unplugged": False, "plugged": True}))


def _noise(table: TomlTable, key: str) -> Action:
    inner = table.table(key)
    change = NoiseChange(**{str(fault): inner.optional(fault, 0, 1) for fault in Fault})
    inner.end(empty=False)
    return change


def _byte_fault(table: TomlTable, key: str) -> Action:
    inner = table.table(key)
    name = inner.exactly_one(_FAULT_KEYS, "the fault")
    fault = _FAULT_KEYS[name]
    after = inner.integer("after", 0, default=0)
    if fault is Fault.DELAY:
        planned = FaultAt(fault, after, seconds=inner.number(name))
    elif fault is Fault.GARBAGE:
        planned = FaultAt(fault, after, data=inner.text(name).encode())
    else:
        planned = FaultAt(fault, after, inner.integer(name, 1))
    inner.end()
    return ByteFault(key == "to_host", planned)


def _air(table: TomlTable, key: str) -> Action:
    inner = table.table(key)
    shares = ("loss", "duplication", "reordering", "delayed")
    change = AirChange(
        **{name: inner.optional(name, 0, 1) for name in shares},
        latency=inner.optional("latency"),
        delay=inner.optional("delay"),
    )
    inner.end(empty=False)
    return change


def _platform(table: TomlTable, key: str) -> Action:
    inner = table.table(key)
    change = PlatformChange(
        silent=inner.flag("silent") if "silent" in inner else None,
        refusing=inner.flag("refusing") if "refusing" in inner else None,
        delay=inner.optional("delay"),
        repeats=inner.integer("repeats", 0, 10) if "repeats" in inner else None,
        discovers=inner.flag("discovers") if "discovers" in inner else None,
        api=_api_fault(inner, key) if "errno" in inner else None,
    )
    inner.end(empty=False)
    return change


def _api_fault(table: TomlTable, key: str) -> ApiFault:
    errno = table.integer("errno", 0)
    if errno not in _ERRNOS:
        known = ", ".join(map(str, _ERRNOS))
        raise InvalidValue(key, f"{key}: errno {errno}, expected one of OneNET's: {known}")
    return ApiFault(errno, table.integer("calls", 1) if "calls" in table else None)


def _read(table: TomlTable, key: str) -> Action:
    return CloudRequest(Read(_path(table, key, 1, 3)))


def _discover(table: TomlTable, key: str) -> Action:
    return CloudRequest(Discover(_path(table, key, 1, 1)))


def _write(table: TomlTable, key: str) -> Action:
    path = _path(table, key, 3, 3)
    instance = Path(path.object, path.instance)
    return CloudRequest(Write(instance, (Item(path, _value(table)),), replace=False))


def _execute(table: TomlTable, key: str) -> Action:
    path = _path(table, key, 3, 3)
    arguments = table.text("arguments") if "arguments" in table else ""
    return CloudRequest(Execute(path, arguments.encode()))


def _update(table: TomlTable, key: str) -> Action:
    version = table.text(key)
    if len(version) > MAX_VERSION:
        raise InvalidValue(key, f"{key}: expected at most {MAX_VERSION} characters")
    return SoftwareUpdate(version, table.integer("size", 1, MAX_PACKAGE, default=_PACKAGE_SIZE))


def _path(table: TomlTable, key: str, least: int, most: int) -> Path:
    """A path of `least` to `most` ids."""
    text = table.text(key)
    ids = [int(part) for part in re.findall(r"/(\d{1,5})", text, re.ASCII)]
    if text != "".join(f"/{number}" for number in ids) or any(n not in _IDS for n in ids):
        ids = []
    if not least <= len(ids) <= most:
        example = "/3303" if most == 1 else "/3303/0/5700"
        raise InvalidValue(key, f"{key} {format_value(text)}, expected a path such as {example}")
    return Path(*ids)


def _value(table: TomlTable) -> Value:
    value = table.take("value")
    match value:
        case bool():
            return value
        case str() if len(value.encode()) <= _PAYLOAD_LIMIT:
            return value
        case int() if -(2**63) <= value < 2**63:  # LwM2M integers have at most 64 bits
            return value
        case float() if isfinite(value):
            return value
    raise InvalidValue("value", f"value {format_value(value)}, expected {_VALUES}")


def _answer(table: TomlTable, key: str) -> Action:
    answers: Mapping[str, Callable[[TomlTable], CommandFault]] = {
        "ERROR": _refusal,
        "late": lambda table: CommandFault(delay=table.number("seconds")),
        "never": lambda _table: CommandFault(executed=False),
        "lost": lambda _table: CommandFault(answered=False),
    }
    return table.choice(key, answers)(table)


def _refusal(table: TomlTable) -> CommandFault:
    seconds = table.number("seconds", default=0.0)
    if "cis" in table:
        return CommandFault(cis=table.integer("cis", 1, 999), delay=seconds)
    number = table.integer("cme", 0, default=Cme.NOT_ALLOWED)
    if number not in set(Cme):
        known = ", ".join(str(cme.value) for cme in Cme)
        raise InvalidValue("cme", f"cme {number}, expected an error number of the module: {known}")
    return CommandFault(refusal=Cme(number), delay=seconds)


def _urc(table: TomlTable, key: str) -> Action:
    return _extra_bytes(table, framed(table.text(key)))


def _bytes(table: TomlTable, key: str) -> Action:
    digits = table.text(key)
    if not re.fullmatch("([0-9A-Fa-f]{2})+", digits):
        raise InvalidValue(key, f"{key} {format_value(digits)}, expected two hex digits a byte")
    return _extra_bytes(table, bytes.fromhex(digits))


def _extra_bytes(table: TomlTable, data: bytes) -> ExtraBytes:
    places = {str(place): place for place in Place}
    place = table.choice("place", places, default=Place.AFTER)
    return ExtraBytes(data, place, table.number("split", default=0.0))


ACTIONS: Mapping[str, ActionKind] = {
    "answer": ActionKind(_answer),
    "coverage": ActionKind(_coverage, can_end=True),
    "network": ActionKind(_network, can_end=True),
    "sim": ActionKind(_sim, can_end=True),
    "uplink": ActionKind(_uplink, can_end=True),
    "login": ActionKind(_login),
    "restart": ActionKind(_restart),
    "cable": ActionKind(_cable, can_end=True),
    "noise": ActionKind(_noise, can_end=True),
    "to_host": ActionKind(_byte_fault),
    "to_module": ActionKind(_byte_fault),
    "urc": ActionKind(_urc),
    "bytes": ActionKind(_bytes),
    "air": ActionKind(_air, can_end=True, common=True),
    "platform": ActionKind(_platform, can_end=True, common=True),
    "read": ActionKind(_read),
    "discover": ActionKind(_discover),
    "write": ActionKind(_write),
    "execute": ActionKind(_execute),
    "update": ActionKind(_update),
}
