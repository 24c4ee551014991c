"""Which texts are IP addresses, before a module is asked to send there."""

from __future__ import annotations

import pytest

from m5310.commands.address import ip_address
from m5310.errors import ParameterError


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("183.230.40.40", "183.230.40.40"),
        ("2001:DB8::1", "2001:db8::1"),
        ("2001:db8:0:0:0:0:0:1", "2001:db8::1"),
    ],
)
def test_an_address_has_one_way_to_be_written(text: str, address: str) -> None:
    assert ip_address(text) == address


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
def test_anything_else_is_none(text: str) -> None:
    with pytest.raises(ParameterError, match="not an IP address"):
        ip_address(text)
