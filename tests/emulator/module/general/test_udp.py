"""UDP sockets of the module."""

from __future__ import annotations

import pytest

from emulator.module.general.udp import QUEUE_LIMIT, Datagram
from tests.support.uart import Host, lines

DATAGRAM_LIMIT = 512


def with_socket(*, receives: int = 1) -> Host:
    host = Host()
    assert host.ask(f'AT+NSOCR="DGRAM",17,5683,{receives}') == ["0", "OK"]
    return host


def arrives(host: Host, data: bytes, socket: int = 0) -> list[str]:
    host.module.deliver_datagram(socket, "192.0.2.1", 7, data, host.now)
    return lines(host.module.take_output())


def test_seven_sockets_at_most() -> None:
    host = Host()
    for number in range(7):
        assert host.ask(f"AT+NSOCR=DGRAM,17,{5000 + number}") == [str(number), "OK"]
    assert host.refused("AT+NSOCR=DGRAM,17,5007") == 3
    host.well("AT+NSOCL=3")
    assert host.ask("AT+NSOCR=DGRAM,17,5007") == ["3", "OK"]
    assert sorted(host.module.sockets.ports) == [0, 1, 2, 3, 4, 5, 6]


def test_ports_are_unique_and_port_0_is_any() -> None:
    host = with_socket()
    assert host.refused("AT+NSOCR=DGRAM,17,5683") == 3
    assert host.ask("AT+NSOCR=DGRAM,17,0") == ["1", "OK"]
    assert host.ask("AT+NSOCR=DGRAM,17,0") == ["2", "OK"]
    for socket in (1, 2):
        host.ask(f"AT+NSOST={socket},192.0.2.1,7,1,00")
    first, second = host.module.take_datagrams()
    assert first.local_port != second.local_port
    assert min(first.local_port, second.local_port) >= 49_152


def test_datagram_is_sent() -> None:
    host = with_socket()
    host.well("AT+CSCON=1")
    answer = host.raw(b'AT+NSOST=0,"192.0.2.1",7,3,0aFF00\r')
    assert answer == b"\r\n0,3\r\n\r\nOK\r\n\r\n+CSCON:1\r\n"
    assert host.module.take_datagrams() == [Datagram(5683, "192.0.2.1", 7, b"\x0a\xff\x00")]
    assert host.module.take_datagrams() == []


def test_longest_datagram_is_sent() -> None:
    host = with_socket()
    digits = "AB" * DATAGRAM_LIMIT
    assert host.ask(f"AT+NSOST=0,192.0.2.1,7,512,{digits}") == ["0,512", "OK"]


@pytest.mark.parametrize(
    ("command", "number"),
    [
        ("AT+NSOCR=STREAM,6,5000", 50),
        ("AT+NSOCR=DGRAM,6,5000", 50),
        ("AT+NSOCR=DGRAM,17", 50),
        ("AT+NSOCR=DGRAM,17,65536", 50),
        ("AT+NSOCR=DGRAM,17,5000,4", 50),
        ("AT+NSOCR=DGRAM,17,5000,1,1", 50),
        ("AT+NSOCR", 50),
        ("AT+NSOST=0,192.0.2.1,7,2,0AFF00", 50),
        ("AT+NSOST=0,192.0.2.1,7,3,0AFF0", 50),
        ("AT+NSOST=0,192.0.2.1,7,0,", 50),
        ("AT+NSOST=0,192.0.2.256,7,1,00", 50),
        ("AT+NSOST=0,192.0.2,7,1,00", 50),
        ("AT+NSOST=0,host,7,1,00", 50),
        ("AT+NSOST=0,192.0.2.1,0,1,00", 50),
        ("AT+NSOST=7,192.0.2.1,7,1,00", 50),
        (f"AT+NSOST=0,192.0.2.1,7,513,{'00' * 513}", 50),
        ("AT+NSOST=1,192.0.2.1,7,1,00", 3),
        ("AT+NSORF=1,10", 3),
        ("AT+NSORF=0,-1", 50),
        ("AT+NSORF=0", 50),
        ("AT+NSOCL=1", 3),
        ("AT+NSOCL=7", 50),
        ("AT+NSOCL?", 4),
    ],
)
def test_refusals_change_nothing(command: str, number: int) -> None:
    host = with_socket()
    assert host.refused(command) == number
    assert host.module.take_datagrams() == []
    assert sorted(host.module.sockets.ports) == [0]


def test_no_datagrams_without_network() -> None:
    host = with_socket()
    host.well("AT+CGATT=0")
    assert host.refused("AT+NSOST=0,192.0.2.1,7,1,00") == 30
    assert arrives(host, b"x") == []
    host.well("AT+NSORF=0,1")


def test_datagrams_are_announced_and_read_in_parts() -> None:
    host = with_socket()
    assert arrives(host, b"\1\2\3\4") == ["+NSONMI:0,4"]
    assert arrives(host, b"\5") == ["+NSONMI:0,1"]
    assert host.ask("AT+NSORF=0,3") == ["0,192.0.2.1,7,3,010203,1", "OK"]
    assert host.ask("AT+NSORF=0,512") == ["0,192.0.2.1,7,1,04,0", "OK"]
    assert host.ask("AT+NSORF=0,512") == ["0,192.0.2.1,7,1,05,0", "OK"]
    host.well("AT+NSORF=0,512")


def test_datagrams_a_socket_cannot_take_are_dropped() -> None:
    host = with_socket()
    assert arrives(host, b"x", socket=1) == []
    assert arrives(host, b"") == []
    assert arrives(host, b"x" * (DATAGRAM_LIMIT + 1)) == []
    for _ in range(QUEUE_LIMIT):
        assert arrives(host, b"x") == ["+NSONMI:0,1"]
    assert arrives(host, b"x") == []
    deaf = with_socket(receives=0)
    assert arrives(deaf, b"x") == []


def test_close_drops_waiting_datagrams() -> None:
    host = with_socket()
    arrives(host, b"x")
    host.well("AT+NSOCL=0")
    assert host.ask("AT+NSOCR=DGRAM,17,5683") == ["0", "OK"]
    host.well("AT+NSORF=0,1")
