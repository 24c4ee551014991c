"""The profile of `m5310 run`: a TOML file that describes a device and its values."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from m5310.device.outbox import LIMIT, WhenFull
from m5310.dialects.classic.config import Config
from m5310.dialects.profiles import named
from m5310.errors import AnswerError, ParameterError, Text, shortened
from m5310.lwm2m.path import Path
from m5310.lwm2m.resources import Access
from m5310.lwm2m.values import Value, ValueType, decode, encode

T = TypeVar("T")
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
    """The settings of a profile. None: not in the file."""

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
    module: str | None = None


# The value of a resource until the first report.
_INITIAL: Final[dict[ValueType, Value]] = {
    ValueType.STRING: "",
    ValueType.OPAQUE: b"",
    ValueType.INTEGER: 0,
    ValueType.FLOAT: 0.0,
    ValueType.BOOLEAN: False,
    ValueType.HEX_STRING: "",
}
_TYPES: Final = {kind.name.lower(): kind for kind in ValueType}
_WHEN_FULL: Final = {each.value: each for each in WhenFull}
_ACCESS: Final = {
    "read": Access.READABLE,
    "write": Access.WRITABLE,
    "execute": Access.EXECUTABLE,
}
_INTERVAL_LIMITS: Final = (1, 86400)
_MAX_BAUD: Final = 10_000_000  # as of --baud
_KEYS: Final = (
    *("port", "baud", "endpoint", "uri", "module", "lifetime"),
    *("recover", "acknowledge", "outbox", "when_full", "resource"),
)


def parse_profile(data: bytes, name: str) -> Profile:
    """Parse the content of the file `name`. Raises ParameterError naming the file and the key."""
    try:
        # some editors begin a file with a byte order mark
        table = tomllib.loads(data.decode("utf-8-sig"))
    except ValueError as error:  # TOMLDecodeError, and numbers or dates that Python cannot hold
        raise ParameterError(
            Text("{file} is not TOML: {reason}", file=name, reason=error)
        ) from None
    except RecursionError:
        raise ParameterError(
            Text(
                "{file}: nested too deep; expected [[resource]] tables with plain values", file=name
            )
        ) from None
    try:
        return _profile(table)
    except (_Invalid, ValueError) as error:  # ValueError: a number too long to be shown
        raise ParameterError(Text("{what}: {reason}", what=name, reason=error)) from None


class _Invalid(Exception):
    """The message starts with the place in the file: the resource, if it is in one, and the key."""


def _profile(table: Table) -> Profile:
    _check_keys(table, "", _KEYS)
    profile = Profile(
        port=_get(table, "port", str, None),
        baud=_get(table, "baud", int, 9600),
        endpoint=_get(table, "endpoint", str, None),
        uri=_get(table, "uri", str, None),
        module=_get(table, "module", str, None),
        lifetime=_get(table, "lifetime", int, 86400),
        recover=_get(table, "recover", bool, True),
        acknowledge=_get(table, "acknowledge", bool, False),
        outbox=_get(table, "outbox", int, LIMIT),
        when_full=_choice(table, "when_full", _WHEN_FULL, WhenFull.DROP_OLDEST),
        items=_items(table.get("resource")),
    )
    if not 0 < profile.baud <= _MAX_BAUD:
        raise _Invalid(
            Text("baud: {baud} is not a speed; expected one such as 9600", baud=profile.baud)
        )
    if profile.outbox < 1:
        raise _Invalid(Text("outbox: {count} reports; expected 1 or more", count=profile.outbox))
    if profile.module is not None:
        try:
            named(profile.module)
        except ParameterError as error:
            raise _Invalid(Text("{what}: {reason}", what="module", reason=error)) from None
    for key in ("uri", "endpoint", "lifetime"):
        if key in table:
            _check_setting(key, table[key])
    return profile


def _check_setting(key: str, value: object) -> None:
    """Check one value with the rules of Config. Raises _Invalid naming the key."""
    good = {"endpoint": "imei;imsi", "uri": "coap://server:5683", "lifetime": 86400}
    try:
        Config(**(good | {key: value}))  # type: ignore[arg-type]  # types are checked before
    except ParameterError as error:
        raise _Invalid(Text("{what}: {reason}", what=key, reason=error)) from None


def _items(tables: object) -> tuple[Item, ...]:
    if not isinstance(tables, list) or not tables:
        raise _Invalid(Text("resource: missing; expected at least one [[resource]] table"))
    items: dict[Path, Item] = {}
    for number, table in enumerate(tables, 1):
        where = f"resource {number}"
        if not isinstance(table, dict):
            raise _Invalid(
                Text(
                    "{place}: {table} is not a table; expected [[resource]]",
                    place=where,
                    table=repr(table),
                )
            )
        item = _item(table, where)
        if item.path in items:
            raise _Invalid(
                Text("{place}: path: {path} is used already", place=where, path=item.path)
            )
        items[item.path] = item
    return tuple(items.values())


def _item(table: Table, where: str) -> Item:
    _check_keys(table, f"{where}: ", ("path", "type", "value", "access", "command", "every"))
    path_text = _get(table, "path", str, None, f"{where}: ")
    if path_text is None:
        raise _Invalid(Text("{place}: path is missing; expected one like 3303/0/5700", place=where))
    where = f"resource {path_text}: "
    kind = _choice(table, "type", _TYPES, None, where)
    command = _get(table, "command", str, None, where)
    if command is not None and not command.strip():
        raise _Invalid(Text("{place}command: empty; expected a shell command", place=where))
    if command is None and "every" in table:
        raise _Invalid(Text("{place}every: needs a command; add one, or remove every", place=where))
    path, value = _path(path_text, where), _value(table, kind, where)
    return Item(path, kind, _access(table, where), value, command, _every(table, where))


def _path(text: str, where: str) -> Path:
    try:
        path = Path.parse(text)
    except ParameterError as error:
        raise _Invalid(Text("{what}: {reason}", what=where + "path", reason=error)) from None
    if not path.whole:
        raise _Invalid(
            Text(
                "{place}path: {path} is not a resource; expected one like 3303/0/5700",
                place=where,
                path=repr(text),
            )
        )
    return path


def _value(table: Table, kind: ValueType, where: str) -> Value:
    value = table.get("value", _INITIAL[kind])
    if kind is ValueType.OPAQUE and isinstance(value, str):
        try:
            return bytes.fromhex(value)
        except ValueError:
            raise _Invalid(
                Text(
                    "{place}value: {value} is not hex digits; expected {expected}",
                    place=where,
                    value=repr(shortened(value, 40)),
                    expected=_EXPECTED[kind],
                )
            ) from None
    if not isinstance(value, str | bytes | int | float):
        raise _Invalid(
            Text(
                "{place}value: {value} is not a value; expected a string, number or boolean",
                place=where,
                value=shortened(repr(value), 40),
            )
        )
    try:
        encode(kind, value)
    except ParameterError as error:
        raise _Invalid(Text("{what}: {reason}", what=where + "value", reason=error)) from None
    return value


def _access(table: Table, where: str) -> Access:
    names = table.get("access", ["read"])
    if isinstance(names, str):
        names = [names]
    known = isinstance(names, list) and all(isinstance(name, str) for name in names)
    if not known or not names or not set(names) <= set(_ACCESS):
        expected = ", ".join(f'"{name}"' for name in _ACCESS)
        raise _Invalid(
            Text(
                "{place}access: {names}; expected a list of {expected}",
                place=where,
                names=repr(names),
                expected=expected,
            )
        )
    access = Access(0)
    for name in names:
        access |= _ACCESS[name]
    return access


def _every(table: Table, where: str) -> float:
    every = _get(table, "every", (int, float), 60.0, where)
    least, most = _INTERVAL_LIMITS
    if not least <= every <= most:
        raise _Invalid(
            Text(
                "{place}every: {seconds} s is out of range; expected {least}..{most}",
                place=where,
                seconds=every,
                least=least,
                most=most,
            )
        )
    return float(every)


def _check_keys(table: Table, where: str, known: tuple[str, ...]) -> None:
    for key in table:
        if key not in known:
            raise _Invalid(
                Text(
                    "{what} is unknown; expected one of {known}",
                    what=where + key,
                    known=", ".join(known),
                )
            )


def _choice(
    table: Table, key: str, choices: Mapping[str, T], default: T | None, where: str = ""
) -> T:
    """The choice that the key names. No `default`: the key is required."""
    name = _get(table, key, str, None, where)
    if name is None and default is not None:
        return default
    if name not in choices:
        known = ", ".join(choices)
        if name is None:
            raise _Invalid(
                Text("{what} is missing; expected one of {known}", what=where + key, known=known)
            )
        what = f"{where}{key} {shortened(name, 40)!r}"
        raise _Invalid(Text("{what} is unknown; expected one of {known}", what=what, known=known))
    return choices[name]


def _get(
    table: Table, key: str, kind: type | tuple[type, ...], default: Any, where: str = ""
) -> Any:
    value = table.get(key, default)
    # in Python a bool is an int; in a profile it is an error
    fits = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
    if key in table and not fits:
        words = {str: Text("a string"), bool: Text("true or false")}
        wanted = next((words[each] for each in words if kind is each), Text("a number"))
        raise _Invalid(
            Text(
                "{what}: {value} is not {wanted}",
                what=where + key,
                value=shortened(repr(value), 40),
                wanted=wanted,
            )
        )
    return value


# --- values as text --------------------------------------------------------------------------

_EXPECTED: Final = {
    ValueType.STRING: Text("text"),
    ValueType.OPAQUE: Text("pairs of hex digits, such as 00ff"),
    ValueType.INTEGER: Text("a whole number, such as -7"),
    ValueType.FLOAT: Text("a number, such as 21.5"),
    ValueType.BOOLEAN: Text("true, false, on, off, 1 or 0"),
    ValueType.HEX_STRING: Text("pairs of hex digits, such as 00ff"),
}
_BOOLEANS: Final = {"true": "1", "false": "0", "on": "1", "off": "0"}


def parse_value(kind: ValueType, text: str) -> Value:
    """Parse a value printed by a command or typed on stdin; booleans: true, false, on, off, 1, 0.

    Raises ParameterError if it is not a value of this type.
    """
    text = text.strip()
    if kind is ValueType.BOOLEAN:
        text = _BOOLEANS.get(text.lower(), text)
    try:
        return decode(kind, text)
    except AnswerError:
        raise ParameterError(
            Text(
                "{value} is not a value of type {type}; expected {expected}",
                value=repr(shortened(text, 40)),
                type=kind.name.lower(),
                expected=_EXPECTED[kind],
            )
        ) from None


def parse_assignment(line: str) -> tuple[Path, str]:
    """Split `3303/0/5700=22.5` into path and value. Raises ParameterError."""
    path, sign, text = line.partition("=")
    if not sign:
        raise ParameterError(
            Text(
                "{line} is not a report; expected one like 3303/0/5700=22.5",
                line=repr(shortened(line, 60)),
            )
        )
    return Path.parse(path.strip()), text.strip()
