"""Firmware files: a TOML description of a firmware variant. Pure."""

from __future__ import annotations

import re
from dataclasses import replace

from emulator.module.firmware import DEFAULT, FIRMWARES, Firmware, is_information
from emulator.scenario.toml_lines import load
from emulator.scenario.toml_table import InvalidValue, TomlTable, format_value

_MSGID_LIMIT = 0xFFFF


def read(text: str, name: str) -> Firmware:
    """The firmware that `text` describes: fields of `Firmware` under their own names.

    Missing fields are those of the firmware that `like` names. `name` is the file name for
    messages. Raises ValueError, with the line, if the text is invalid.
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
    like = table.choice("like", FIRMWARES, default=FIRMWARES[DEFAULT])
    return replace(
        like,
        revision=_line(table, "revision", like.revision),
        version=_line(table, "version", like.version),
        typed_urcs=table.flag("typed_urcs", like.typed_urcs),
        read_suffix=_suffix(table) if "read_suffix" in table else like.read_suffix,
        acknowledges=table.flag("acknowledges", like.acknowledges),
        msgids=_msgids(table) if "msgids" in table else like.msgids,
        quiet=table.number("quiet", default=like.quiet),
        hasty_lost=table.flag("hasty_lost", like.hasty_lost),
        overruns=table.flag("overruns", like.overruns),
    )


def _line(table: TomlTable, key: str, default: str) -> str:
    text = table.text(key, default)
    if not is_information(text):
        shown = format_value(text)
        raise InvalidValue(key, f"{key} {shown}, expected one line of ASCII, no final result")
    return text


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
