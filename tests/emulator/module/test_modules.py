"""The modules of OneNET as a program meets them on the way up: names, echo, start, speed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emulator.module.firmware import DEFAULT, FIRMWARES, MODULES, firmware_of
from emulator.module.module import Cause, Module
from tests.support.uart import START

NAMES = (
    *("m5310", "m5310a", "m5310a-2018", "m5311", "bc95", "bc28", "bc35g", "nb86", "nb73"),
    *("me3616", "sim7000c", "sim7020", "mn316"),
    *("n700-cn", "ml5530", "im2209", "generic"),
)


class Line:
    """A host that reads bytes as they come."""

    def __init__(self, name: str) -> None:
        self.module = Module(firmware=name, now=START)
        self.now = START

    def send(self, text: str) -> str:
        self.module.receive(text.encode() + b"\r", self.now)
        return self.module.take_output().decode()

    def start(self) -> str:
        self.module.power_cycle(Cause.POWER_ON, self.now)
        self.now += 10
        self.module.step(self.now)
        return self.module.take_output().decode()


def test_names_are_those_of_the_driver() -> None:
    assert tuple(MODULES) == NAMES
    assert MODULES["m5310"] == FIRMWARES[DEFAULT]


# Of the modules' AT manuals, where they say it.
@pytest.mark.parametrize(
    ("name", "manufacturer", "model", "ati"),
    [
        ("m5310", "CMCC", "M5310", []),
        ("m5310a", "CMCC", "M5310-A", []),
        ("m5311", "CMCC", "M5311", ["CMCC", "M5311"]),
        ("bc95", "Quectel", "BC95HB-02-STD_850", ["Quectel", "BC95-B5"]),
        ("bc28", "Quectel", "BC28JA-02-STD", ["Quectel", "BC28"]),
        ("bc35g", "Quectel", "BC35GJB-02-STD", ["Quectel", "BC35-G"]),
        ("nb86", "Lierda", "NB86-G", []),
    ],
)
def test_how_they_name_themselves(name: str, manufacturer: str, model: str, ati: list[str]) -> None:
    line = Line(name)
    line.send("ATE0")
    assert line.send("AT+CGMI") == f"\r\n{manufacturer}\r\n\r\nOK\r\n"
    assert line.send("AT+CGMM") == f"\r\n{model}\r\n\r\nOK\r\n"
    found = line.send("ATI").split("\r\n")
    assert [text for text in found if text][: len(ati)] == ati


def test_the_m5310a_has_six_lines_of_revision() -> None:
    line = Line("m5310a")
    assert line.send("AT+CGMR").split("\r\n") == [
        "",
        "SSB,V150R100C10B200SP1",
        "SECURITY_A,V150R100C10B300",
        "PROTOCOL_A,V150R100C10B300",
        "APPLICATION_A,M5310-A-MONH0S00",
        "SECURITY_B,V150R100C10B300",
        "RADIO,Hi15RM1_v1_2_V003",
        "",
        "OK",
        "",
    ]
    assert Line("m5310a-2018").send("ATI") == "\r\nERROR\r\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("m5310", "\r\nREBOOT_CAUSE_SECURITY_PMU_POWER_ON_RESET\r\nM5310\r\nOK\r\n"),
        ("m5310a", "\r\nREBOOT_CAUSE_SECURITY_PMU_POWER_ON_RESET\r\nM5310-A\r\nOK\r\n"),
        ("bc95", "\r\nREBOOT_CAUSE_SECURITY_PMU_POWER_ON_RESET\r\nNeul\r\nOK\r\n"),
        ("nb86", "\r\nREBOOT_CAUSE_SECURITY_PMU_POWER_ON_RESET\r\nLierda\r\nOK\r\n"),
        ("m5311", "\r\n*ATREADY: 1\r\n\r\n+CFUN: 1\r\n\r\n+CPIN: READY\r\n"),
        ("me3616", "\r\n*MATREADY: 1\r\n\r\n+CFUN: 1\r\n\r\n+CPIN: READY\r\n"),
        ("mn316", "\r\n+MATREADY\r\n"),
    ],
)
def test_what_they_write_at_a_start(name: str, text: str) -> None:
    line = Line(name)
    assert line.start() == text
    assert line.send("AT").endswith("\r\nOK\r\n")


@pytest.mark.parametrize("name", NAMES)
def test_echo_is_on_where_it_is_and_goes_off(name: str) -> None:
    """Seen of M5311, ME3616 and SIMCom's; off on the Hi21xx chips."""
    echo = name in ("m5311", "me3616", "sim7000c", "sim7020", "n700-cn")
    line = Line(name)
    assert line.send("AT") == ("AT\r\r\nOK\r\n" if echo else "\r\nOK\r\n")
    line.send("ATE0")
    assert line.send("AT") == "\r\nOK\r\n"
    line.send("ATZ")
    assert line.send("AT").startswith("AT\r") is echo


def test_reboot_by_the_command_of_the_module() -> None:
    chip, other = Line("m5310a"), Line("m5311")
    other.send("ATE0")
    assert chip.send("AT+CMRB") == "\r\nERROR\r\n"
    assert chip.send("AT+NRB") == "\r\nREBOOTING\r\n"
    assert other.send("AT+CMRB") == "\r\nOK\r\n\r\nREBOOTING..\r\n"


def test_speed_by_the_command_of_the_module() -> None:
    chip, other = Line("bc28"), Line("sim7020")
    other.send("ATE0")
    assert (chip.module.baud, other.module.baud) == (9600, 115_200)
    assert chip.send("AT+NATSPEED?").startswith("\r\n+NATSPEED:9600,")
    assert chip.send("AT+IPR?") == "\r\nERROR\r\n"
    assert other.send("AT+IPR?") == "\r\n+IPR: 115200\r\n\r\nOK\r\n"
    assert other.send("AT+IPR=9600") == "\r\nOK\r\n"
    assert other.module.baud == 9600
    other.start()
    assert other.module.baud == 9600
    other.send("ATE0")
    assert other.send("AT+IPR=0;+IPR?") == "\r\n+IPR: 0\r\n\r\nOK\r\n"
    assert other.send("AT+IPR=1234") == "\r\nERROR\r\n"


def test_blanks_and_error_numbers() -> None:
    """`+CME ERROR: 159` is 19 bytes in the logs of two modules."""
    line = Line("bc28")
    line.send("AT+CMEE=1")
    assert line.send("AT+CFUN=7") == "\r\n+CME ERROR: 50\r\n"
    assert line.send("AT+CFUN?") == "\r\n+CFUN:1\r\n\r\nOK\r\n"
    line = Line("m5310")
    line.send("AT+CMEE=1")
    assert line.send("AT+CFUN=7") == "\r\n+CME ERROR:50\r\n"
    line = Line("me3616")
    line.send("ATE0")
    assert line.send("AT+CFUN?") == "\r\n+CFUN: 1\r\n\r\nOK\r\n"


def test_serial_numbers() -> None:
    """M5310-A: 0 or nothing reads the serial number; others print the IMEI alone (inferred)."""
    chip, other = Line("m5310a"), Line("sim7020")
    other.send("ATE0")
    serial = chip.module.identity.serial
    assert chip.send("AT+CGSN") == chip.send("AT+CGSN=0") == f"\r\n+CGSN:{serial}\r\n\r\nOK\r\n"
    assert other.send("AT+CGSN") == f"\r\n{other.module.identity.imei}\r\n\r\nOK\r\n"


def test_only_one_of_module_and_firmware() -> None:
    assert firmware_of("bc28") == MODULES["bc28"]
    assert firmware_of(None, "SP1") == "SP1"
    with pytest.raises(ValueError, match="module 'bc99': expected one of m5310, m5310a"):
        firmware_of("bc99")
    with pytest.raises(ValueError, match="module and firmware: expected one of them"):
        firmware_of("bc28", "SP1")


@pytest.mark.parametrize(
    "wrong",
    [
        {"manufacturer": "A\r\nOK"},
        {"information": ("OK",)},
        {"boot": ("版",)},
        {"revision": "A\nERROR"},
    ],
)
def test_texts_that_no_host_could_read_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=f"^{next(iter(wrong))} .*: expected one line"):
        replace(MODULES["bc28"], **wrong)  # type: ignore[arg-type]
