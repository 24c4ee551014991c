"""The rules that two real firmwares of the suite have for the values of a command line.

Both are known by their sources (EC616, XY1100): ranges, lengths, results, counts. This checker
shares no code with the driver or the emulator.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Firmware:
    """`instances`: the most of one object. `configures`: CREATE takes a configuration.
    `strict_flag`: flag 0 goes with index 0. `hex_string`: values have the type 6.
    """

    name: str
    instances: int
    configures: bool
    strict_flag: bool
    hex_string: bool = False


EC616: Final = Firmware("EC616", instances=100, configures=False, strict_flag=False)
XY1100: Final = Firmware("XY1100", instances=8, configures=True, strict_flag=True)
CHINA_MOBILE: Final = Firmware(
    "China Mobile's", instances=100, configures=True, strict_flag=True, hex_string=True
)
"""For what stands in its manual; all else as strict as the others."""

MSGIDS: Final = range(0x10000000)
ACKIDS: Final = range(1, 65536)
LIFETIMES: Final = range(16, 268435455)
TIMEOUTS: Final = range(30, 65536)
LIST_LIMIT: Final = 255  # characters of a list of resources
CONFIG_LIMIT: Final = 119  # bytes of a configuration in one line of XY1100
PAYLOAD_LIMIT: Final = 1023  # characters of a value; Quectel counts the digits of an opaque one
CONTENT_RESULTS: Final = {1, *range(11, 16)}
CHANGED_RESULTS: Final = {2, *range(11, 15)}
INTEGER_BYTES: Final = (2, 4, 8)
FLOAT_BYTES: Final = (4, 8)
LARGEST_FLOAT: Final = {4: 3.4028234663852886e38, 8: 1.7976931348623157e308}

# Values between commas; a quoted one may hold commas, and nothing that ends it.
_VALUES = re.compile(r'"[^"\r\n]*"|[^",\r\n]*')


class Broken(Exception):
    """A line that the firmware refuses, and why."""


def judge(line: str, firmware: Firmware) -> None:
    """Raises Broken if the firmware refuses `line` because of what stands in it."""
    match = re.fullmatch(r"AT\+MIPL([A-Z]+)(\?|=(.*))?", line)
    if match is None:
        raise Broken(f"{line!r} is no line of the suite")
    name, tail, text = match.groups()
    if tail == "?":
        _require(name in ("VER", "OPEN", "CONFIG"), f"{name}? is no question")
        return
    rule = RULES.get(name)
    _require(rule is not None, f"no command {name}")
    assert rule is not None
    values = _split(text) if text is not None else []
    if name not in _WITHOUT_REFERENCE:
        _require(bool(values) and values[0].isdigit(), f"{values[:1]} is no reference")
        values = values[1:]
    rule(values, firmware)


def _split(text: str) -> list[str]:
    values, at = [], 0
    while True:
        match = _VALUES.match(text, at)
        assert match is not None  # it matches nothing as well
        values.append(match[0])
        at = match.end()
        if at == len(text):
            return values
        _require(text[at] == ",", f"{text[at:]!r} behind a value")
        at += 1


def _require(holds: bool, why: str) -> None:
    if not holds:
        raise Broken(why)


def _number(text: str, allowed: range | set[int], what: str) -> int:
    _require(re.fullmatch(r"0|[1-9][0-9]*", text) is not None, f"{what} {text!r} is no number")
    _require(int(text) in allowed, f"{what} {text} is not one of {allowed}")
    return int(text)


def _count(values: Sequence[str], *counts: int) -> None:
    _require(len(values) in counts, f"{len(values)} values: expected one of {counts}")


def _create(values: Sequence[str], firmware: Firmware) -> None:
    if not values:
        return
    _require(firmware.configures, "CREATE takes no configuration")
    _count(values, 5)
    total = _number(values[0], range(1, 1025), "size")
    _require(re.fullmatch("([0-9A-F]{2})+", values[1]) is not None, "the configuration is no hex")
    size = len(values[1]) // 2
    _require(size <= CONFIG_LIMIT, f"{size} bytes of configuration in one line")
    index = _number(values[2], range(100), "index")
    _require(int(values[3]) == size, f"{size} bytes, and not {values[3]}")
    _require(size < total if index else size <= total, f"{size} bytes of {total}")
    _require((int(values[4]) == 0) == (index == 0), "flag 0 is that of the last line, index 0")


def _reference(values: Sequence[str], _: Firmware) -> None:
    _count(values, 0)


def _add_object(values: Sequence[str], firmware: Firmware) -> None:
    _count(values, 5)
    _number(values[0], range(65536), "object")
    count = _number(values[1], range(1, firmware.instances + 1), "count of instances")
    bitmap = values[2].strip('"')
    _require(re.fullmatch("[01]*1[01]*", bitmap) is not None, f"bitmap {bitmap!r}")
    _require(len(bitmap) == count, f"a bitmap of {len(bitmap)} for {count} instances")
    attributes = _number(values[3], range(65536), "count of attributes")
    actions = _number(values[4], range(65536), "count of actions")
    _require(attributes > 0, "no attributes, which NB86 refuses")
    _require(attributes + actions < 65536, "more resources than there are ids")


def _delete_object(values: Sequence[str], _: Firmware) -> None:
    _count(values, 1)
    _number(values[0], range(65536), "object")


def _open(values: Sequence[str], _: Firmware) -> None:
    _count(values, 1, 2)
    _number(values[0], LIFETIMES, "lifetime")
    if values[1:]:
        _number(values[1], TIMEOUTS, "timeout")


def _update(values: Sequence[str], _: Firmware) -> None:
    _count(values, 2)
    _number(values[0], LIFETIMES, "lifetime")
    _number(values[1], range(2), "with objects")


def _value(values: Sequence[str], firmware: Firmware) -> None:
    """Object, instance, resource, type, length, value."""
    for what, text in zip(("object", "instance", "resource"), values, strict=False):
        _number(text, range(65536), what)
    kind = _number(values[3], range(1, 7 if firmware.hex_string else 6), "type")
    length = _number(values[4], range(65536), "length")
    text = values[5]
    inner = text[1:-1] if text.startswith('"') else text
    _require(len(inner.encode()) <= PAYLOAD_LIMIT, f"a value of {len(inner)} characters")
    match kind:
        case 1:
            _require(text.startswith('"'), "a string without quotes")
            _require(length in (len(inner), len(inner.encode())), f"length {length} of {inner!r}")
        case 2 | 6:
            _require(kind == 2 or text.startswith('"'), "hexadecimal digits without quotes")
            _require(re.fullmatch("([0-9A-Fa-f]{2})*", inner) is not None, f"{inner!r} is no hex")
            _require(length == len(inner) // 2, f"length {length} of {len(inner)} digits")
        case 3:
            _require(length in INTEGER_BYTES, f"an integer of {length} bytes")
            _require(re.fullmatch("-?[0-9]+", inner) is not None, f"{inner!r} is no integer")
            half = 1 << (8 * length - 1)
            _require(-half <= int(inner) < half, f"{inner} in {length} bytes")
        case 4:
            _require(length in FLOAT_BYTES, f"a float of {length} bytes")
            form = r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?"
            _require(re.fullmatch(form, inner) is not None, f"{inner!r} is no float")
            _require(abs(float(inner)) <= LARGEST_FLOAT[length], f"{inner} in {length} bytes")
        case 5:
            _require(length == 1 and inner in ("0", "1"), f"{inner!r} is no boolean of {length}")


def _place(index: str, flag: str, firmware: Firmware) -> int:
    number = _number(index, range(65536), "index")
    value = _number(flag, range(3), "flag")
    _require(not firmware.strict_flag or number > 0 or value == 0, f"flag {flag} with index 0")
    return number


def _notify(values: Sequence[str], firmware: Firmware) -> None:
    _count(values, 9, 10)
    _number(values[0], MSGIDS, "msgid")
    _value(values[1:7], firmware)
    index = _place(values[7], values[8], firmware)
    if values[9:]:
        _number(values[9], ACKIDS, "ackid")
        _require(index == 0, "an ackid before the end of the report")


def _answer_read(values: Sequence[str], firmware: Firmware) -> None:
    _count(values, 2, 10)
    _number(values[0], MSGIDS, "msgid")
    result = _number(values[1], CONTENT_RESULTS, "result")
    _require((result == 1) == (len(values) == 10), f"result {result} with {len(values)} values")
    if result == 1:
        _value(values[2:8], firmware)
        _place(values[8], values[9], firmware)


def _answer_discover(values: Sequence[str], _: Firmware) -> None:
    _count(values, 2, 4)
    _number(values[0], MSGIDS, "msgid")
    result = _number(values[1], CONTENT_RESULTS, "result")
    _require(result != 1 or len(values) == 4, "no list")
    if len(values) == 4:
        ids = values[3].strip('"')
        _require(_number(values[2], range(LIST_LIMIT + 1), "length") == len(ids), "length of list")
        _require(all(re.fullmatch("[0-9]{1,5}", each) for each in ids.split(";")), f"list {ids!r}")


def _results(results: set[int]) -> Callable[[Sequence[str], Firmware], None]:
    def answer(values: Sequence[str], _: Firmware) -> None:
        _count(values, 2)
        _number(values[0], MSGIDS, "msgid")
        _number(values[1], results, "result")

    return answer


# Commands that only some modules have, by their manuals.


def _buffer(values: Sequence[str], _: Firmware) -> None:
    _count(values, 2)
    _number(values[0], range(3), "mode")
    _number(values[1], range(2), "send reports")


def _read_buffer(values: Sequence[str], _: Firmware) -> None:
    _count(values, 1)
    _number(values[0], range(1, 1025), "bytes")


def _version(values: Sequence[str], _: Firmware) -> None:
    _count(values, 1)
    _require(re.fullmatch('"[^"]+"', values[0]) is not None, f"version {values[0]}")


def _update_step(values: Sequence[str], _: Firmware) -> None:
    _count(values, 1)
    _number(values[0], {1, 3}, "result")


_WITHOUT_REFERENCE: Final = ("CREATE", "RD", "SOTAVER", "SOTA")
RULES: Final[dict[str, Callable[[Sequence[str], Firmware], None]]] = {
    "CREATE": _create,
    "DELETE": _reference,
    "CLOSE": _reference,
    "ADDOBJ": _add_object,
    "DELOBJ": _delete_object,
    "OPEN": _open,
    "UPDATE": _update,
    "NOTIFY": _notify,
    "READRSP": _answer_read,
    "DISCOVERRSP": _answer_discover,
    "OBSERVERSP": _results(CONTENT_RESULTS),
    "WRITERSP": _results(CHANGED_RESULTS),
    "EXECUTERSP": _results(CHANGED_RESULTS),
    "PARAMETERRSP": _results(CHANGED_RESULTS),
    "NMI": _buffer,
    "MGR": _reference,
    "RD": _read_buffer,
    "SOTAVER": _version,
    "SOTA": _update_step,
}
