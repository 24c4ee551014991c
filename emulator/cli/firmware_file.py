"""Firmware files: a TOML description of a firmware or a module. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, replace
from enum import StrEnum
from typing import Any, TypeVar

from emulator.module.firmware import DEFAULT, FIRMWARES, MODULES, Firmware, is_information
from emulator.module.general_profile import GENERALS, General
from emulator.module.suite import CHINA_MOBILE, CIS, CME, Create, Errors, Suite
from emulator.scenario.toml_lines import load
from emulator.scenario.toml_table import InvalidValue, TomlTable, format_value

_MSGID_LIMIT = 0xFFFF
_LIST_LIMIT = 32  # entries
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "dialect": ("classic", "suite"),
    "serial": ("", "serial", "imei"),
    "speed_command": ("+NATSPEED", "+IPR"),
    "reboot": ("+NRB", "+CMRB"),
}
_LINES = ("revision", "version", "manufacturer", "model", "boot_name")
_ERRORS = {"CIS": CIS, "China Mobile": CHINA_MOBILE, "CME": CME}
_APART = ("read_suffix", "msgids", "suite", "information", "boot")  # fields with rules of their own

P = TypeVar("P", Firmware, Suite)


def read(text: str, name: str) -> Firmware:
    """The firmware that `text` describes: fields of `Firmware` under their own names, those of
    `Suite` in a table `suite`.

    Missing fields are those of the firmware or module that `like` names. `name` is the file name
    for messages. Raises ValueError, with the line, if the text is invalid.
    """
    found, lines = load(text, name)
    try:
        table = TomlTable(found)
        firmware = _firmware(table)
        table.end()
    except InvalidValue as error:
        raise ValueError(f"{name}:{lines.find(None, error.key)}: {error}") from None
    return firmware


def _firmware(table: TomlTable) -> Firmware:
    like = table.choice("like", {**FIRMWARES, **MODULES}, default=FIRMWARES[DEFAULT])
    changes: dict[str, Any] = {
        field.name: _line(table, field.name)
        if field.name in _LINES
        else _choice(table, field.name)
        if field.name in _CHOICES
        else _value(table, field.name, getattr(like, field.name))
        for field in fields(Firmware)
        if field.name not in _APART and field.name in table
    }
    if "read_suffix" in table:
        changes["read_suffix"] = _suffix(table)
    if "msgids" in table:
        changes["msgids"] = _msgids(table)
    for name in ("information", "boot"):
        if name in table:
            changes[name] = _lines(table, name)
    if "suite" in table:
        changes["suite"] = _suite(table.table("suite"), like.suite)
    return replace(like, **changes)


def _suite(table: TomlTable, like: Suite) -> Suite:
    changes: dict[str, Any] = {
        field.name: _value(table, field.name, getattr(like, field.name))
        for field in fields(Suite)
        if field.name != "server" and field.name in table
    }
    table.end()
    return replace(like, **changes)


def _value(table: TomlTable, key: str, like: object) -> object:
    """A value of the same type as `like`."""
    match like:
        case bool():
            return table.flag(key)
        case StrEnum():
            return table.choice(key, {str(one): one for one in type(like)})
        case int():
            return table.integer(key, 0)
        case float():
            return table.number(key)
        case Errors():
            return table.choice(key, _ERRORS)
        case General():
            return table.choice(key, GENERALS)
        case frozenset() if key == "create":
            return frozenset(_listed(table, key, {str(one): one for one in Create}))
        case frozenset():
            return frozenset(_listed(table, key, {number: number for number in range(100)}))
        case tuple() if key == "parameters":
            names = ("pmin", "pmax", "gt", "lt", "st")
            return _listed(table, key, {name: name for name in names})
        case tuple():  # the least and the most
            inner = table.table(key)
            low = inner.integer("least", 0)
            bounds = low, inner.integer("most", low)
            inner.end()
            return bounds
        case _:
            return table.text(key)


def _listed(table: TomlTable, key: str, known: Mapping[Any, Any]) -> tuple[Any, ...]:
    """A list of which each entry is one of `known`."""
    found = table.take(key)
    entries = found if isinstance(found, list) else [None]
    right = all(isinstance(one, int | str) and one in known for one in entries)
    if not right or len(entries) > _LIST_LIMIT:
        expected = ", ".join(map(str, list(known)[:8]))
        raise InvalidValue(key, f"{key} {format_value(found)}, expected a list of {expected}")
    return tuple(known[one] for one in entries)


def _choice(table: TomlTable, key: str) -> str:
    return table.choice(key, {name: name for name in _CHOICES[key]})


def _line(table: TomlTable, key: str) -> str:
    text = table.text(key)
    if not all(is_information(line) for line in text.split("\n")):
        raise _not_a_line(key, text)
    return text


def _lines(table: TomlTable, key: str) -> tuple[str, ...]:
    found = table.take(key)
    lines = found if isinstance(found, list) and len(found) <= _LIST_LIMIT else [None]
    if not all(isinstance(line, str) and is_information(line) for line in lines):
        raise _not_a_line(key, found)
    return tuple(lines)


def _not_a_line(key: str, found: object) -> InvalidValue:
    shown = format_value(found)
    return InvalidValue(key, f"{key} {shown}, expected one line of ASCII, no final result")


def _suffix(table: TomlTable) -> str:
    suffix = table.take("read_suffix")
    if not isinstance(suffix, str) or not re.fullmatch("(,-?[0-9]{1,5})?", suffix):
        text = format_value(suffix)
        raise InvalidValue("read_suffix", f'read_suffix {text}, expected for example ",0", or ""')
    return suffix


def _msgids(table: TomlTable) -> range:
    bounds = table.table("msgids")
    first = bounds.integer("first", 0, _MSGID_LIMIT)
    last = bounds.integer("last", first, _MSGID_LIMIT)
    bounds.end()
    return range(first, last + 1)
