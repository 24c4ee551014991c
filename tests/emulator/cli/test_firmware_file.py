"""Firmware files."""

from __future__ import annotations

import pytest

from emulator.cli.firmware_file import read
from emulator.module.firmware import FIRMWARES

WHOLE = """
like = "SP1"
revision = "V100R100C10B657SP9"
version = "M5310_V3.9.0"
typed_urcs = true
read_suffix = ",-1"
acknowledges = true
msgids = { first = 1, last = 9999 }
quiet = 0.1
hasty_lost = false
overruns = false
"""


def test_all_fields() -> None:
    found = read(WHOLE, "mine.toml")
    assert (found.revision, found.version) == ("V100R100C10B657SP9", "M5310_V3.9.0")
    assert (found.typed_urcs, found.read_suffix, found.acknowledges) == (True, ",-1", True)
    assert found.msgids == range(1, 10_000)
    assert (found.quiet, found.hasty_lost, found.overruns) == (0.1, False, False)


def test_missing_fields_come_from_like() -> None:
    assert read("", "mine.toml") == FIRMWARES["SP3"]
    assert read('like = "SP2"', "mine.toml") == FIRMWARES["SP2"]
    assert read('like = "SP2"\nread_suffix = ""', "mine.toml").read_suffix == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("like =", "mine.toml:1: "),
        ('quiet = 1\nlike = "SP9"', 'mine.toml:2: like "SP9", expected one of SP1'),
        ("\nrevision = 3", "mine.toml:2: revision 3, expected a text"),
        ('version = "A\\r\\nOK"', "mine.toml:1: version "),
        ('revision = "OK"', 'mine.toml:1: revision "OK", expected one line of ASCII, no final'),
        ('revision = "版本"', "mine.toml:1: revision"),
        ("\nquiet = " + "9" * 5000, "mine.toml:2: Exceeds the limit"),
        ("quiet = 0x" + "F" * 5000, "mine.toml:1: quiet 0xffff"),
        ("\n\nquiet = " + "[" * 3000 + "]" * 3000, "mine.toml:3: nested too deep, expected"),
        ("typed_urcs = 1", "mine.toml:1: typed_urcs 1, expected true or false"),
        ('read_suffix = "x"', 'mine.toml:1: read_suffix "x", expected for example'),
        ("read_suffix = 0", "mine.toml:1: read_suffix 0, expected"),
        ("msgids = { first = 9, last = 8 }", "mine.toml:1: msgids: last 8, expected a whole"),
        ("msgids = { first = 9, last = 10, step = 2 }", "mine.toml:1: msgids: step is not allowed"),
        ("quiet = -1", "mine.toml:1: quiet -1, expected a number, 0 or more"),
        ("colour = 1", "mine.toml:1: colour is not allowed here"),
    ],
)
def test_invalid_file_is_rejected(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"^mine\.toml:\d+: ") as error:
        read(text, "mine.toml")
    assert str(error.value).startswith(message)
