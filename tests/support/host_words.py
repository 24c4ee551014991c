"""What a host at the UART writes and reads in each language, for tests without the driver.

It shares nothing with driver and emulator. The host has two numbers, 3303/0/5700 with fractions and
3306/0/5851 without, or the first alone. Its lines ask for the same in each language, and what it
gets is put into the same words:

    opened 0|1      updated 0|1      over      closed 1      acknowledged ACKID      lost ACKID
    observe|unobserve MSGID OBJECT INSTANCE [RESOURCE]      discover MSGID OBJECT
    read MSGID OBJECT RESOURCE      write MSGID OBJECT RESOURCE NUMBER
    execute MSGID OBJECT RESOURCE ARGUMENTS

    refused ERROR

`over`: the lifetime. Only the suite has that and `lost`. All other lines stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Protocol

from tests.support.language import Language
from tests.support.uart import DIRECT

# 183.230.40.40:5683 without bootstrap, mtu 1024: a real line
BLOB = (
    "AT+MIPLCREATE=49,130031F10003F2002304001100000000000000123138332E3233302E34302E34303A3536383300"
    "0131F30008C000000000,0,49,0"
)
RESOURCES = {"3303": "5700", "3306": "5851"}
BOTH = tuple(RESOURCES)


class Words(Protocol):
    """The lines of one host, without their CR; `create` begins with no instance."""

    close: str
    delete: str

    def create(self, *objects: str) -> tuple[str, ...]: ...
    def open(self, timeout: int) -> str: ...
    def update(self, lifetime: int, *, with_objects: bool = False) -> str: ...
    def report(self, value: object, ackid: int = 0) -> str:
        """3303/0/5700."""

    def answer(self, words: str, values: Mapping[str, object]) -> str | None:
        """To a line that was understood; None: the module answers it, or it is not answered.

        `values`: of the resources, by object; a read of another one is not answered.
        """

    def understood(self, line: str) -> str: ...


def words_of(language: Language, configuration: str = DIRECT) -> Words:
    """`configuration`: the line that gives the classic module its name."""
    if language.classic:
        return ClassicWords(configuration)
    return SuiteWords(declaring=language.declaring)


_OBSERVE = re.compile(r"\+MIPLOBSERVE:0,(\d+),([01]),(\d+),(-?\d+),(-?\d+)")
_DISCOVER = re.compile(r"\+MIPLDISCOVER:0,(\d+),(\d+)")
_TYPES = {"3303": "4", "3306": "3"}
_OUTCOMES = {"OPEN": "opened", "UPDATE": "updated", "CLOSE": "closed", "NOTIFY": "acknowledged"}


class ClassicWords:
    close, delete = "AT+MIPLCLOSE=0", "AT+MIPLDEL=0"

    def __init__(self, configuration: str) -> None:
        self._configuration = configuration

    def create(self, *objects: str) -> tuple[str, ...]:
        lines = [self._configuration]
        for each in objects:
            number = f'{RESOURCES[each]},{_TYPES[each]},"0",1'
            lines += [f"AT+MIPLADDOBJ=0,{each},0", f"AT+MIPLNOTIFY=0,{each},0,{number}"]
        return tuple(lines)

    def open(self, timeout: int) -> str:
        return f"AT+MIPLOPEN=0,{timeout}"

    def update(self, lifetime: int, *, with_objects: bool = False) -> str:
        return f"AT+MIPLUPDATE=0,{lifetime},{with_objects:d}"

    def report(self, value: object, ackid: int = 0) -> str:
        return f'AT+MIPLNOTIFY=0,3303,0,5700,4,"{value}",1' + (f",{ackid}" if ackid else "")

    def answer(self, words: str, values: Mapping[str, object]) -> str | None:
        match words.split(" "):
            case ["read", msgid, object_, *_] if object_ in values:
                number = f'{RESOURCES[object_]},{_TYPES[object_]},"{values[object_]}"'
                return f"AT+MIPLREAD=0,{msgid},{object_},0,{number},1"
            case ["write" | "execute" as kind, msgid, *_]:
                return f"AT+MIPL{kind.upper()}=0,{msgid},1"
            case _:
                return None

    def understood(self, line: str) -> str:
        if _refused(line):
            return f"refused {line}"
        if found := re.fullmatch(r"\+MIPL(OPEN|UPDATE|CLOSE|NOTIFY):0,(\d+)", line):
            return f"{_OUTCOMES[found[1]]} {found[2]}"
        if found := _OBSERVE.fullmatch(line):
            return _observed(*found.groups())
        if found := _DISCOVER.fullmatch(line):
            return f"discover {found[1]} {found[2]}"
        pattern = r"\+MIPL(READ|WRITE|EXECUTE):0,(\d+),(\d+),-?\d+,(-?\d+)(?:,(.*))?"
        if found := re.fullmatch(pattern, line):
            return _request(*found.groups())
        return line


_WRITE = re.compile(  # bytes, or a number
    r"\+MIPLWRITE:0,(\d+),(\d+),0,(\d+),(?:2,\d+,([0-9A-F]+)|[34],\d+,([-0-9.]+)),0(?:,0)?"
)
_LENGTHS = {"3303": "8", "3306": "4"}
_EVENTS = {
    **dict.fromkeys((3, 5, 7, 8), "opened 0"),
    6: "opened 1",
    9: "over",
    11: "updated 1",
    **dict.fromkeys((12, 13), "updated 0"),
    15: "closed 1",
    25: "lost",
    26: "acknowledged",
}


class SuiteWords:
    """`declaring`: the module answers observes and discovers, from what was declared before."""

    close, delete = "AT+MIPLCLOSE=0", "AT+MIPLDELETE=0"

    def __init__(self, *, declaring: bool) -> None:
        self._declaring = declaring
        self._observe = "0"  # of 3303/0

    def create(self, *objects: str) -> tuple[str, ...]:
        self._observe = "0"
        lines = [BLOB, *(f'AT+MIPLADDOBJ=0,{each},1,"1",1,0' for each in objects)]
        if self._declaring:
            lines += [self._discovered(each, each) for each in objects]
        return tuple(lines)

    def _discovered(self, number: str, object_: str) -> str:
        return f'AT+MIPLDISCOVERRSP=0,{number},1,4,"{RESOURCES[object_]}"'

    def open(self, timeout: int) -> str:
        return f"AT+MIPLOPEN=0,86400,{timeout}"

    def update(self, lifetime: int, *, with_objects: bool = False) -> str:
        return f"AT+MIPLUPDATE=0,{lifetime},{with_objects:d}"

    def report(self, value: object, ackid: int = 0) -> str:
        line = f"AT+MIPLNOTIFY=0,{self._observe},3303,0,5700,4,8,{value},0,0"
        return line + (f",{ackid}" if ackid else "")

    def answer(self, words: str, values: Mapping[str, object]) -> str | None:
        match words.split(" "):
            case ["observe" | "unobserve", msgid, *_] if not self._declaring:
                return f"AT+MIPLOBSERVERSP=0,{msgid},1"
            case ["discover", msgid, object_] if not self._declaring and object_ in RESOURCES:
                return self._discovered(msgid, object_)
            case ["read", msgid, object_, *_] if object_ in values:
                number = f"{RESOURCES[object_]},{_TYPES[object_]},{_LENGTHS[object_]}"
                value = values[object_]
                return f"AT+MIPLREADRSP=0,{msgid},1,{object_},0,{number},{value},0,0"
            case ["write" | "execute" as kind, msgid, *_]:
                return f"AT+MIPL{kind.upper()}RSP=0,{msgid},2"
            case _:
                return None

    def understood(self, line: str) -> str:
        if _refused(line):
            return f"refused {line}"
        if found := re.fullmatch(r"\+MIPLEVENT:0,(\d+)(,\d+)?", line):
            event = _EVENTS.get(int(found[1]), line)
            return f"{event} {found[2][1:]}" if event in ("lost", "acknowledged") else event
        if found := _OBSERVE.fullmatch(line):
            if found.group(2, 3) == ("1", "3303"):
                self._observe = found[1]
            return _observed(*found.groups())
        if found := _DISCOVER.fullmatch(line):
            return f"discover {found[1]} {found[2]}"
        pattern = r"\+MIPL(READ|EXECUTE):0,(\d+),(\d+),-?\d+,(-?\d+)(?:,(?:\d+,)?(.*))?"
        if found := re.fullmatch(pattern, line):
            return _request(*found.groups())
        if found := _WRITE.fullmatch(line):
            msgid, object_, resource, data, number = found.groups()
            if data:  # a type that the module does not know
                number = str(int.from_bytes(bytes.fromhex(data), "big", signed=True))
            return _request("WRITE", msgid, object_, resource, number)
        return line


def _refused(line: str) -> bool:
    return line == "ERROR" or " ERROR" in line


def _observed(msgid: str, added: str, *ids: str) -> str:
    path = " ".join(ids).removesuffix(" -1")
    return f"{'observe' if added == '1' else 'unobserve'} {msgid} {path}"


def _request(kind: str, msgid: str, object_: str, resource: str, rest: str | None) -> str:
    words = f"{kind.lower()} {msgid} {object_} {resource}"
    return words if kind == "READ" else f"{words} {(rest or '').strip(chr(34))}"
