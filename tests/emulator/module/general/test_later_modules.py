"""General commands of the M5310-A (its AT command set 1.4) and of other modules, where they differ
from the M5310's.
"""

from __future__ import annotations

import pytest

from emulator.module.firmware import MODULES
from emulator.module.general.names import address_of
from emulator.module.radio.coverage import Coverage
from tests.support.uart import Host, lines


def host_of(name: str) -> Host:
    host = Host(firmware=name)
    host.raw(b"ATE0\r")
    return host


def arrives(host: Host, data: bytes, socket: int = 0) -> list[str]:
    host.module.deliver_datagram(socket, "192.0.2.1", 7, data, host.now)
    return lines(host.module.take_output())


# Sockets of the M5310-A ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "values",
    ["DGRAM,17", "DGRAM,17,", 'DGRAM,17,0,1,"AF_INET"', "DGRAM,17,5683,2,AF_INET6,::1"],
)
def test_port_and_family_may_be_given_or_not(values: str) -> None:
    assert host_of("m5310a").ask(f"AT+NSOCR={values}") == ["0", "OK"]


def test_longest_datagram() -> None:
    host = host_of("m5310a")
    host.ask("AT+NSOCR=DGRAM,17,5683")
    assert host.ask(f"AT+NSOST=0,192.0.2.1,7,1358,{'AB' * 1358}") == ["0,1358", "OK"]
    assert host.refused(f"AT+NSOST=0,192.0.2.1,7,1359,{'AB' * 1359}") == 50
    assert arrives(host, bytes(1358)) == ["+NSONMI:0,1358"]
    assert arrives(host, bytes(1359)) == []


def test_sequence_number_says_what_became_of_a_datagram() -> None:
    host = host_of("m5310a")
    host.ask("AT+NSOCR=DGRAM,17,5683")
    assert host.ask("AT+NSOST=0,192.0.2.1,7,1,00,255") == ["0,1", "OK"]
    assert host.ask("AT+NSOSTF=0,192.0.2.1,7,0x200,1,00,1") == ["0,1", "OK"]
    assert host.ask("AT+NQSOS=0") == ["+NQSOS:0,255", "+NQSOS:0,1", "OK"]
    assert host.ask("AT+NQSOS=1") == ["OK"]
    assert host.wait(2) == ["+NSOSTR:0,255,1", "+NSOSTR:0,1,1"]
    assert host.ask("AT+NQSOS?") == ["OK"]
    host.ask("AT+NSOST=0,192.0.2.1,7,1,00,2")
    host.module.radio.turn_off(host.now)
    assert host.wait(2) == ["+NSOSTR:0,2,0"]
    for sequence in (0, 256):
        assert host.refused(f"AT+NSOST=0,192.0.2.1,7,1,00,{sequence}") == 50


def test_only_the_first_waiting_datagram_is_announced() -> None:
    host = host_of("m5310a")
    host.ask("AT+NSOCR=DGRAM,17,5683")
    assert arrives(host, b"hello world") == ["+NSONMI:0,11"]
    assert arrives(host, b"x") == []
    assert host.ask("AT+NSORF=0,5") == ["0,192.0.2.1,7,5,68656C6C6F,6", "OK"]
    assert host.raw(b"AT+NSORF=0,6\r") == (
        b"\r\n0,192.0.2.1,7,6,20776F726C64,0\r\n\r\nOK\r\n\r\n+NSONMI:0,1\r\n"
    )
    assert host.ask("AT+NSORF=0,6") == ["0,192.0.2.1,7,1,78,0", "OK"]


def test_datagram_may_be_written_at_once() -> None:
    host = host_of("m5310a")
    host.ask("AT+NSOCR=DGRAM,17,5683,2")
    assert arrives(host, b"hello") == ["0,192.0.2.1,7,5,68656C6C6F,0"]
    assert host.ask("AT+NSORF=0,9") == ["OK"]


def test_the_first_module_has_none_of_these() -> None:
    host = Host()
    host.ask("AT+NSOCR=DGRAM,17,5683")
    assert host.refused("AT+NSOST=0,192.0.2.1,7,1,00,1") == 50
    assert host.refused("AT+NQSOS=0") == 4
    assert host.refused('AT+CMDNS="example.com"') == 4
    assert host.refused("AT+NSOCR=DGRAM,17,5684,1,AF_INET") == 50


# Names -----------------------------------------------------------------------------------------


def test_name_has_an_address() -> None:
    host = host_of("m5310a")
    host.well('AT+CMDNS="nbiotbt.heclouds.com"')
    assert host.refused('AT+CMDNS="example.com"') == 3
    assert host.wait(2) == ["+CMDNS:183.230.40.39"]
    host.well("AT+CMDNS=example.com")
    assert host.wait(2) == [f"+CMDNS:{address_of('example.com')}"]
    assert address_of("EXAMPLE.com") == address_of("example.com") != address_of("example.org")


def test_name_without_a_network() -> None:
    host = host_of("m5310a")
    host.module.radio.turn_off(host.now)
    assert host.refused('AT+CMDNS="example.com"') == 30
    assert host.refused('AT+CMDNS=""') == 50


# Others ----------------------------------------------------------------------------------------


def test_rows_without_a_network() -> None:
    host = host_of("m5310a")
    host.module.radio.coverage = Coverage.OUT
    host.wait(60)
    rows = host.ask("AT+NUESTATS")
    for row in (
        *("Signal power:-32768", "Cell ID:4294967295", "ECL:255", "SNR:-32768"),
        *("EARFCN:4294967295", "PCI:65535", "RSRQ:-32768", "OPERATOR MODE:0"),
    ):
        assert row in rows
    assert host.ask("AT+NUESTATS=APPSMEM") == ["OK"]


def test_flags_of_the_m5310a() -> None:
    host = host_of("m5310a")
    names = [row.removeprefix("+NCONFIG:").partition(",")[0] for row in host.ask("AT+NCONFIG?")]
    assert len(names) == 18
    assert {"AUTOCONNECT", "RLF_UPDATE", "CONNECTION_REESTABLISHMENT"} < set(names)
    host.well("AT+NCONFIG=SYNC_TIME_PERIOD,60", "AT+NCONFIG=RLF_UPDATE,TRUE")
    assert host.refused("AT+NCONFIG=RLF_UPDATE,60") == 50


def test_speed_of_the_m5310a() -> None:
    host = host_of("m5310a")
    assert host.ask("AT+NATSPEED?") == ["+NATSPEED:9600,2,1,0,0", "OK"]
    host.well("AT+NATSPEED=115200")
    host.wait(2.9)
    assert host.module.baud == 115_200
    host.wait(0.2)
    assert host.module.baud == 9600


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("m5310a", "AT+CMSRI=1,120"),
        ("m5310a", "AT+NPTWEDRXS?"),
        ("m5311", "AT*SLEEP=1"),
        ("m5311", "AT+SM=LOCK"),
        ("m5311", "AT+SM=UNLOCK"),
        ("me3616", "AT+ZSLR"),
        ("mn316", "AT+WORKLOCK=1"),
        ("bc28", "AT+QREGSWT=2"),
        ("bc95", "AT+QREGSWT=2"),
    ],
)
def test_commands_that_programs_send_on_the_way_up(name: str, line: str) -> None:
    host_of(name).well(line)
    others = [each for each in ("m5310", "nb86", "sim7020") if each != name]
    assert [host_of(each).ask(line) for each in others] == [["ERROR"]] * 3


@pytest.mark.parametrize(
    ("name", "text"),
    [("m5311", "*GOTOSLEEP"), ("me3616", '*MNBIOTEVENT: "ENTER PSM"'), ("nb86", None)],
)
def test_sleep_is_announced(name: str, text: str | None) -> None:
    host = host_of(name)
    host.well('AT+CPSMS=1,,,"01000001","00000001"')
    assert host.wait(120) == ([] if text is None else [text])


def test_restarts_of_the_m5311() -> None:
    for line in ("AT+CMRB", "AT+COLDRB"):
        host = host_of("m5311")
        assert host.ask(line) == ["OK", "REBOOTING.."]
        assert host.wait(10)[0] == "*ATREADY: 1"
        host.raw(b"ATE0\r")
        assert host.ask("AT+NRB") == ["ERROR"]
    assert host_of("m5310a").ask("AT+COLDRB") == ["ERROR"]


def test_each_module_has_its_general_commands() -> None:
    assert {name for name, it in MODULES.items() if it.general.datagram == 1358} == {
        "m5310a",
        "m5310a-2018",
    }
