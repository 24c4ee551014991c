"""Addresses as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.air.addresses import join, split


@pytest.mark.parametrize(
    ("address", "host", "port"),
    [
        ("183.230.40.40:5683", "183.230.40.40", 5683),
        ("nbiotbt.heclouds.com:0", "nbiotbt.heclouds.com", 0),
        ("[::1]:65535", "::1", 65535),
        ("[fe80::1%eth0]:5683", "fe80::1%eth0", 5683),
    ],
)
def test_address_has_host_and_port(address: str, host: str, port: int) -> None:
    assert split(address) == (host, port)
    assert join(host, port) == address


@pytest.mark.parametrize("address", ["", "host", "host:", ":1", "::1", "::1:5", "h:65536", "h:+1"])
def test_other_text_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="expected host:port"):
        split(address)


@given(text=st.text())
def test_any_text_is_split_or_refused(text: str) -> None:
    try:
        host, port = split(text)
    except ValueError:
        return
    assert split(join(host, port)) == (host, port)
