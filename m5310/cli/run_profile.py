"""The file of `m5310 run`: a device, and where its values come from."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from m5310.device.outbox import LIMIT, WhenFull
from m5310.dialects.classic.config import Config
from m5310.errors import AnswerError, ParameterError, shortened
from m5310.lwm2m.path import Path
from m5310.lwm2m.resources import Access
from m5310.lwm2m.values import Value, ValueType, decode, encode

Table = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Item:
    """One resource; with a `command`, its output is reported every `every` seconds."""

    path: Path
    type: ValueType
    access: Access
    value: Value
    command: str | None = None
    every: float = 60.0


@dataclass(frozen=True, slots=True)
class Profile:
    """None: not in the file."""

    port: str | None
    baud: int
    endpoint: str | None
    uri: str | None
    lifetime: int
    recover: bool
    acknowledge: bool
    outbox: int
    when_full: WhenFull
    items: tuple[Item, ...]


# What a resource has before anything was measured.
_EMPTY: Final[dict[ValueType, Value]] = {
    ValueType.STRING: "",
    ValueType.OPAQUE: b"",
    ValueType.INTEGER: 0,
    ValueType.FLOAT: 0.0,
    ValueType.BOOLEAN: False,
    ValueType.HEX_STRING: "",
}
_TYPES: Final = {kind.name.lower(): kind for kind in ValueType}
_ACCESS: Final = {
    "read": Access.READABLE,
    "write": Access.WRITABLE,
    "execute": Access.EXECUTABLE,
}
_EVERY: Final = (1, 86400)
_KEYS: Final = (
    *("port", "baud", "endpoint", "uri", "lifetime"),
    *("recover", "acknowledge", "outbox", "when_full", "resource"),
)


def parsed(data: bytes, name: str) -> Profile:
    """A profile from its file. Raises ParameterError, which names the file and the key."""
    try:
        # some editors begin a file with a byte order mark
        return _profile(tomllib.loads(data.decode("utf-8-sig")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ParameterError(f"{name} is not TOML: {error}") from None
    except _Wrong as error:
        raise ParameterError(f"{name}: {error}") from None


class _Wrong(Exception):
    """What is wrong, the key in front."""


def _profile(table: Table) -> Profile:
    _only(table, "", _KEYS)
    profile = Profile(
        port=_get(table, "port", str, None),
        baud=_get(table, "baud", int, 9600),
        endpoint=_get(table, "endpoint", str, None),
        uri=_get(table, "uri", str, None),
        lifetime=_get(table, "lifetime", int, 86400),
        recover=_get(table, "recover", bool, True),
        acknowledge=_get(table, "acknowledge", bool, False),
        outbox=_get(table, "outbox", int, LIMIT),
        when_full=_when_full(table),
        items=_items(table.get("resource")),
    )
    if profile.baud <= 0:
        raise _Wrong(f"baud: {profile.baud} is no speed; the module's default is 9600")
    if profile.outbox < 1:
        raise _Wrong(f"outbox: {profile.outbox} reports; it keeps at least 1")
    for key in ("uri", "endpoint", "lifetime"):
        if key in table:
            _check(key, table[key])
    return profile


def _when_full(table: Table) -> WhenFull:
    name = _get(table, "when_full", str, WhenFull.DROP_OLDEST.value)
    try:
        return WhenFull(name)
    except ValueError:
        expected = " or ".join(f'"{each.value}"' for each in WhenFull)
        raise _Wrong(f"when_full: {shortened(name, 40)!r}; expected {expected}") from None


def _check(key: str, value: object) -> None:
    """The configuration knows what it takes; here it is said which key it did not take."""
    good = {"endpoint": "imei;imsi", "uri": "coap://server:5683", "lifetime": 86400}
    try:
        Config(**(good | {key: value}))  # type: ignore[arg-type]  # types are checked before
    except ParameterError as error:
        raise _Wrong(f"{key}: {error}") from None


def _items(tables: object) -> tuple[Item, ...]:
    if not isinstance(tables, list) or not tables:
        raise _Wrong("resource: none is there; a device has at least one [[resource]]")
    items: dict[Path, Item] = {}
    for number, table in enumerate(tables, 1):
        where = f"resource {number}"
        if not isinstance(table, dict):
            raise _Wrong(f"{where}: {table!r} is not a table; write [[resource]]")
        item = _item(table, where)
        if item.path in items:
            raise _Wrong(f"{where}: path: {item.path} is there already")
        items[item.path] = item
    return tuple(items.values())


def _item(table: Table, where: str) -> Item:
    _only(table, f"{where}: ", ("path", "type", "value", "access", "command", "every"))
    path_text = _get(table, "path", str, None, f"{where}: ")
    if path_text is None:
        raise _Wrong(f"{where}: path is missing; expected one like 3303/0/5700")
    where = f"resource {path_text}: "
    kind = _kind(table, where)
    command = _get(table, "command", str, None, where)
    if command is not None and not command.strip():
        raise _Wrong(f"{where}command: it is empty")
    if command is None and "every" in table:
        raise _Wrong(f"{where}every: there is no command to run so often")
    path, value = _path(path_text, where), _value(table, kind, where)
    return Item(path, kind, _access(table, where), value, command, _every(table, where))


def _path(text: str, where: str) -> Path:
    try:
        path = Path.parse(text)
    except ParameterError as error:
        raise _Wrong(f"{where}path: {error}") from None
    if not path.whole:
        raise _Wrong(f"{where}path: it names no resource; expected one like 3303/0/5700")
    return path


def _kind(table: Table, where: str) -> ValueType:
    name = _get(table, "type", str, None, where)
    if name not in _TYPES:
        given = "is missing" if name is None else f"{name!r} is unknown"
        raise _Wrong(f"{where}type {given}; expected one of {', '.join(_TYPES)}")
    return _TYPES[name]


def _value(table: Table, kind: ValueType, where: str) -> Value:
    value = table.get("value", _EMPTY[kind])
    if kind is ValueType.OPAQUE and isinstance(value, str):
        try:
            return bytes.fromhex(value)
        except ValueError:
            raise _Wrong(f"{where}value: {shortened(value, 40)!r} is not hex digits") from None
    if not isinstance(value, str | bytes | int | float):
        raise _Wrong(f"{where}value: {shortened(repr(value), 40)} is no value of a resource")
    try:
        encode(kind, value)
    except ParameterError as error:
        raise _Wrong(f"{where}value: {error}") from None
    return value


def _access(table: Table, where: str) -> Access:
    names = table.get("access", ["read"])
    if isinstance(names, str):
        names = [names]
    known = isinstance(names, list) and all(isinstance(name, str) for name in names)
    if not known or not names or not set(names) <= set(_ACCESS):
        expected = ", ".join(f'"{name}"' for name in _ACCESS)
        raise _Wrong(f"{where}access: {names!r}; expected a list of {expected}")
    access = Access(0)
    for name in names:
        access |= _ACCESS[name]
    return access


def _every(table: Table, where: str) -> float:
    every = _get(table, "every", (int, float), 60.0, where)
    least, most = _EVERY
    if not least <= every <= most:
        raise _Wrong(f"{where}every: {every} s is outside {least}..{most}")
    return float(every)


def _only(table: Table, where: str, known: tuple[str, ...]) -> None:
    for key in table:
        if key not in known:
            raise _Wrong(f"{where}{key} is unknown; expected one of {', '.join(known)}")


def _get(
    table: Table, key: str, kind: type | tuple[type, ...], default: Any, where: str = ""
) -> Any:
    value = table.get(key, default)
    # to Python a bool is an int; in a profile it is a mistake
    fits = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
    if key in table and not fits:
        wanted = "a text" if kind is str else "true or false" if kind is bool else "a number"
        raise _Wrong(f"{where}{key}: {shortened(repr(value), 40)} is not {wanted}")
    return value


# --- values as people type them --------------------------------------------------------------

_TRUTH: Final = {"true": "1", "false": "0", "on": "1", "off": "0"}


def value_of(kind: ValueType, text: str) -> Value:
    """What a text from a command or a line stands for; `true`, `on`, ... are booleans too.

    Raises ParameterError.
    """
    text = text.strip()
    if kind is ValueType.BOOLEAN:
        text = _TRUTH.get(text.lower(), text)
    try:
        return decode(kind, text)
    except AnswerError:
        expected = kind.name.lower().replace("_", " ")
        raise ParameterError(f"{shortened(text, 40)!r} is no {expected}") from None


def assignment(line: str) -> tuple[Path, str]:
    """`3303/0/5700=22.5` in its two parts. Raises ParameterError."""
    path, sign, text = line.partition("=")
    if not sign:
        raise ParameterError(f"{shortened(line, 60)!r} does not read like 3303/0/5700=22.5")
    return Path.parse(path.strip()), text.strip()
