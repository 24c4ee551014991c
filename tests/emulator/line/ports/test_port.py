"""Addresses of ports: parsing, printing, counting up."""

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
def test_address_is_parsed_and_printed(text: str, address: Address) -> None:
    assert parse_address(text) == address
    assert str(address) == text


def test_default_host_is_loopback() -> None:
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
def test_invalid_address_names_what_is_expected(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected pty, socket://\[HOST\]:PORT"):
        parse_address(text)


def test_addresses_of_several_modules_count_up() -> None:
    assert str(parse_address("socket://h:7000").plus(2)) == "socket://h:7002"
    for text in ("pty", "socket://h:0"):
        assert parse_address(text).plus(5) == parse_address(text)
    assert parse_address("-").plus(0) == parse_address("-")


def test_no_address_for_a_second_stdio_or_above_65535() -> None:
    with pytest.raises(ValueError, match="port -: standard input and output are for one module"):
        parse_address("-").plus(1)
    with pytest.raises(ValueError, match="port socket://h:65535: no port number for module 2"):
        parse_address("socket://h:65535").plus(1)
