"""UDP sockets of the module."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m5310.at.codec import Answer, Command
from m5310.commands import sockets as s
from m5310.errors import AnswerError, ParameterError
from tests.support.answers import parsed


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (s.create(4587), 'AT+NSOCR="DGRAM",17,4587,1'),
        (s.create(receive=False), 'AT+NSOCR="DGRAM",17,0,0'),
        (s.send(0, "120.24.184.124", 8010, b"\x01\xff"), "AT+NSOST=0,120.24.184.124,8010,2,01FF"),
        (s.receive(0, 256), "AT+NSORF=0,256"),
        (s.close(6), "AT+NSOCL=6"),
    ],
)
def test_each_command_line(command: Command, line: str) -> None:
    assert command.line == line


def test_responses() -> None:
    assert parsed(s.create(), "3") == 3
    assert parsed(s.send(0, "1.2.3.4", 1, b"ab"), "0,2") == 2
    row = "0,192.168.5.1,1024,2,ABCD,0"
    assert parsed(s.receive(0, 9), row) == s.Datagram(0, "192.168.5.1", 1024, b"\xab\xcd", 0)
    assert parsed(s.receive(0, 9)) is None


@given(st.binary(min_size=1, max_size=512))
def test_the_largest_datagram_fits(data: bytes) -> None:
    assert s.send(0, "1.2.3.4", 1, data).line.endswith(f",{len(data)},{data.hex().upper()}")


def test_length_and_data_must_agree() -> None:
    with pytest.raises(AnswerError, match="announces 3 bytes but holds 2"):
        parsed(s.receive(0, 9), "0,192.168.5.1,1024,3,ABCD,0")


def test_waiting_datagrams() -> None:
    assert s.waiting("+NSONMI:0,6") == s.DatagramWaiting(0, 6)
    for line in ("+NSONMI:7,6", "+NSONMI:0", "+NPING:1,2,3"):
        assert s.waiting(line) is None


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: s.create(65536),
        lambda: s.send(7, "1.2.3.4", 1, b"x"),
        lambda: s.send(0, "1.2.3.4", -1, b"x"),
        lambda: s.send(0, "host", 1, b"x"),
        lambda: s.send(0, "1.2.3.4", 1, b""),
        lambda: s.send(0, "1.2.3.4", 1, bytes(513)),
        lambda: s.receive(0, 0),
        lambda: s.receive(-1, 5),
        lambda: s.close(7),
    ],
)
def test_parameters_out_of_range(wrong: object) -> None:
    assert callable(wrong)
    with pytest.raises(ParameterError):
        wrong()


def test_socket_number_out_of_range() -> None:
    with pytest.raises(AnswerError):
        s.create().parse(Answer(s.create(), ("7",)))


def test_socket_commands_are_not_repeatable() -> None:
    for command in (
        s.create(0),
        s.send(0, "1.2.3.4", 5683, b"x"),
        s.receive(0, 9),
        s.close(0),
    ):
        assert not command.repeatable, command.line


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("183.230.40.40", "183.230.40.40"),
        ("2001:DB8::1", "2001:db8::1"),
        ("2001:db8:0:0:0:0:0:1", "2001:db8::1"),
    ],
)
def test_ip_address_is_canonical(text: str, address: str) -> None:
    assert s.ip_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "dead.beef",
        "1.2",
        "1.2.3.256",
        "onenet.cn",
        "1.2.3.4\r",
        "fe80::1%a,b",
        5,
        None,
        b"1234",
    ],
)
def test_ip_address_refuses_other_texts(text: str) -> None:
    with pytest.raises(ParameterError, match="not an IP address"):
        s.ip_address(text)
