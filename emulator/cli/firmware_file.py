"""A firmware of one's own, described in a TOML file. Pure."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace

from emulator.module.firmware import DEFAULT, Firmware, profile
from emulator.scenario.toml_table import InvalidValue, TomlTable, format_value

_MSGID_LIMIT = 0xFFFF


def read(text: str, name: str) -> Firmware:
    """The firmware that `text` describes: fields of `Firmware` under their names. What is left out
    is as in the one that it is `like`. `name` is the file's, for messages.

    Raises ValueError.
    """
    try:
        table = TomlTable(tomllib.loads(text))
        found = _firmware(table)
        table.end()
    except (InvalidValue, ValueError) as error:
        raise ValueError(f"{name}: {error}") from None
    return found


def _firmware(table: TomlTable) -> Firmware:
    like = profile(table.text("like") if "like" in table else DEFAULT)

    def text(key: str, otherwise: str) -> str:
        return table.text(key) if key in table else otherwise

    def flag(key: str, otherwise: bool) -> bool:
        return table.flag(key) if key in table else otherwise

    quiet = table.optional("quiet")
    return replace(
        like,
        revision=text("revision", like.revision),
        version=text("version", like.version),
        typed_urcs=flag("typed_urcs", like.typed_urcs),
        read_suffix=_suffix(table) if "read_suffix" in table else like.read_suffix,
        acknowledges=flag("acknowledges", like.acknowledges),
        msgids=_msgids(table) if "msgids" in table else like.msgids,
        quiet=like.quiet if quiet is None else quiet,
        hasty_lost=flag("hasty_lost", like.hasty_lost),
        overruns=flag("overruns", like.overruns),
    )


def _suffix(table: TomlTable) -> str:
    suffix = table.take("read_suffix")
    if not isinstance(suffix, str) or not re.fullmatch("(,-?[0-9]{1,5})?", suffix):
        raise InvalidValue(
            "read_suffix", f'read_suffix {format_value(suffix)}, expected such as ",0", or ""'
        )
    return suffix


def _msgids(table: TomlTable) -> range:
    bounds = table.table("msgids")
    first = bounds.integer("first", 0, _MSGID_LIMIT)
    last = bounds.integer("last", first, _MSGID_LIMIT)
    bounds.end()
    return range(first, last + 1)
