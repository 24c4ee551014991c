"""The languages that the tests of a device run in: modules, and what tests look at on their wires.

A test file that is marked with

    pytestmark = pytest.mark.usefixtures("each_language")

runs once for each of them (tests/system/conftest.py). `running` is that of the running test.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Language:
    """`module` is emulated; the driver finds out which one it is. `creates` and `deletes`: how the
    lines that create and delete the device begin. `closed`: what the module writes when it is
    logged out. `declares_values`: the declaration of a resource has its value. `declaring`: the
    module answers observe and discover by itself. `hex_bytes`: the cloud gets the bytes of a
    HEX_STRING, not the text of its digits.
    """

    module: str
    creates: str = "AT+MIPLCREATE"
    deletes: str = "AT+MIPLDELETE=0"
    closed: str = "+MIPLEVENT:0,15"
    declares_values: bool = False
    declaring: bool = False
    hex_bytes: bool = False

    def __str__(self) -> str:
        return self.module

    @property
    def classic(self) -> bool:
        return self.module == "m5310"

    def value_of(self, line: str, path: str = "3303/0/5700") -> str | None:
        """The value in a line that declares or reports this number, None: it is another line."""
        ids = path.replace("/", ",")
        form = (
            rf'AT\+MIPLNOTIFY=0,{ids},\d,"([^"]*)",1(,\d+)?'
            if self.classic
            else rf"AT\+MIPLNOTIFY=0,\d+,{ids},\d,\d+,([^,]*),0,0(,\d+)?"
        )
        found = re.fullmatch(form, line)
        return found[1] if found else None


CLASSIC = Language(
    "m5310",
    creates="AT+MIPLCONF",
    deletes="AT+MIPLDEL=0",
    closed="+MIPLCLOSE:0,1",
    declares_values=True,
)
HOST_ANSWERED = Language("nb86")
MODULE_ANSWERED = Language("m5310a", declaring=True, hex_bytes=True)
LANGUAGES = (CLASSIC, HOST_ANSWERED, MODULE_ANSWERED)

# Old firmware of M5310-A leaves all to its host, and has the name of a later one.
_DECLARING = ("m5310a", "m5310a-2018", "m5311", "mn316")


def language_of(module: str) -> Language:
    """That of any module that the emulator knows."""
    known = {each.module: each for each in LANGUAGES}
    return known.get(module) or Language(module, declaring=module in _DECLARING)


current = CLASSIC


def running() -> Language:
    return current
