"""The names of ports: what is one, what is not, and what the next module's is called."""

from __future__ import annotations

import pytest

from emulator.line.ports.port import Address, PortKind, parse_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("pty", Address()),
        ("-", Address(PortKind.STDIO)),
        ("socket://127.0.0.1:7000", Address(PortKind.SOCKET, "127.0.0.1", 7000)),
        ("socket://0.0.0.0:0", Address(PortKind.SOCKET, "0.0.0.0", 0)),
        ("rfc2217://localhost:7000", Address(PortKind.RFC2217, "localhost", 7000)),
        ("rfc2217://[::1]:7000", Address(PortKind.RFC2217, "::1", 7000)),
    ],
)
def test_a_name_is_read_and_written(text: str, address: Address) -> None:
    assert parse_address(text) == address
    assert str(address) == text


def test_without_a_host_it_is_this_machine() -> None:
    assert str(parse_address("socket://:7000")) == "socket://127.0.0.1:7000"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tty",
        "/dev/pts/3",
        "socket://7000",
        "socket://h:65536",
        "socket://h:x",
        "socket://a b:1",
        "socket://h:1/x",
        "socket://[zz]:1",
        "socket://h:1\n",
        "http://h:80",
    ],
)
def test_what_is_no_name_is_told_what_is(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected pty, socket://\[HOST\]:PORT"):
        parse_address(text)


def test_several_modules_have_ports_that_follow_one_another() -> None:
    assert str(parse_address("socket://h:7000").following(2)) == "socket://h:7002"
    for text in ("pty", "socket://h:0"):
        assert parse_address(text).following(5) == parse_address(text)
    assert parse_address("-").following(0) == parse_address("-")


def test_there_is_one_standard_input_and_an_end_of_port_numbers() -> None:
    with pytest.raises(ValueError, match="port -: standard input and output are for one module"):
        parse_address("-").following(1)
    with pytest.raises(ValueError, match="port socket://h:65535: no 1 port numbers follow it"):
        parse_address("socket://h:65535").following(1)
