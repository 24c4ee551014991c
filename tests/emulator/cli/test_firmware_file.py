"""Firmware files."""

from __future__ import annotations

import pytest

from emulator.cli.firmware_file import read
from emulator.module.firmware import FIRMWARES
from emulator.module.suite import CHINA_MOBILE, Create, Write

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


MODULE = """
like = "bc28"
manufacturer = "ACME"
model = "NB1"
revision = "A\\nB"
information = ["ACME", "NB1"]
boot = ["*READY: 1"]
echo = true
speed = 115200
speed_command = "+IPR"
dialect = "suite"

[suite]
host_answers = false
pacing = 2.5
write = "digits"
hidden = [1, 4]
create = ["bare", "ex"]
parameters = ["gt", "lt"]
lifetime = { least = 20, most = 3600 }
errors = "China Mobile"
version = "2.3.0"
"""


def test_a_module_of_your_own() -> None:
    found = read(MODULE, "mine.toml")
    assert (found.manufacturer, found.model, found.revision) == ("ACME", "NB1", "A\nB")
    assert (found.information, found.boot) == (("ACME", "NB1"), ("*READY: 1",))
    assert (found.echo, found.speed, found.speed_command) == (True, 115_200, "+IPR")
    suite = found.suite
    assert (suite.host_answers, suite.pacing, suite.write) == (False, 2.5, Write.DIGITS)
    assert (suite.hidden, suite.create) == ({1, 4}, {Create.BARE, Create.EX})
    assert (suite.parameters, suite.lifetime) == (("gt", "lt"), (20, 3600))
    assert (suite.errors, suite.version) == (CHINA_MOBILE, "2.3.0")
    assert suite.urc_blank, "as the bc28"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('dialect = "basic"', 'mine.toml:1: dialect "basic", expected one of classic, suite'),
        ('boot = "x"', 'mine.toml:1: boot "x", expected one line'),
        ('[suite]\nwrite = "octal"', 'mine.toml:1: suite: write "octal", expected one of bytes'),
        ("[suite]\nhidden = [1.5]", "mine.toml:2: hidden [1.5], expected a list of"),
        ('[suite]\ncreate = ["no"]', "mine.toml:2: create"),
        ("[suite]\nlifetime = { least = 2, most = 1 }", "mine.toml:2: lifetime: most 1"),
        ('[suite]\nerrors = "XYZ"', "mine.toml:1: suite: errors"),
        ("[suite]\ncolour = 1", "mine.toml:1: suite: colour is not allowed here"),
    ],
)
def test_invalid_module_is_rejected(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"^mine\.toml:\d+: ") as error:
        read(text, "mine.toml")
    assert str(error.value).startswith(message), error.value


def test_general_commands_are_chosen_by_name() -> None:
    read_one = read('like = "generic"\ngeneral = "m5310a"', "a.toml")
    assert read_one.general.datagram == 1358
    with pytest.raises(ValueError, match=r"a\.toml:1: general"):
        read('general = "m9999"', "a.toml")


def test_modes_of_fetching_are_lists() -> None:
    text = 'like = "m5310a"\n[suite]\nkept = [1, 2]\nannounced = [1]'
    suite = read(text, "a.toml").suite
    assert (suite.kept, suite.announced) == ({1, 2}, {1})
