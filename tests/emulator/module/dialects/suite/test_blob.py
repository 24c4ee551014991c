"""The configuration of AT+MIPLCREATE: real blobs, the two ways to say bootstrap, hostile bytes."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from emulator.module.dialects.suite.blob import Config, Malformed, parse

# Real lines of hosts.
BY_NAME = (
    "130038F10003F2002A0400110000000000001019"
    "6E62696F7462742E6865636C6F7564732E636F6D3A35363833"
    "000131F300080000000000"
)
BY_NUMBER = (
    "130031F10003F200230400110000000000000012"
    "3138332E3233302E34302E34303A35363833000131F30008C000000000"
)
NAMED_NETWORK = (
    "130033F10003F2002504001100 05434D494F540001300001 30000D3138332E3233302E34302E3339000130"
    "F30008E200C80000"
).replace(" ", "")


@pytest.mark.parametrize(
    ("digits", "config"),
    [
        (BY_NAME, Config("nbiotbt.heclouds.com:5683", bootstrap=True)),
        (BY_NUMBER, Config("183.230.40.40:5683", bootstrap=False)),
        (NAMED_NETWORK, Config("183.230.40.39:5683", bootstrap=False)),
    ],
)
def test_real_configurations(digits: str, config: Config) -> None:
    assert parse(bytes.fromhex(digits)) == config


def network(texts: list[bytes], *, bootstrap: bytes = b"", flag: int = 0) -> bytes:
    """A blob with these texts; `bootstrap`: the byte before them, `flag`: the bit at the host."""
    body = bytes.fromhex("040011") + bootstrap
    for place, text in enumerate(texts):
        body += (len(text) | (flag if place == 3 else 0)).to_bytes(2, "big") + text
    nodes = bytes.fromhex("F10003")
    nodes += b"\xf2" + (3 + len(body)).to_bytes(2, "big") + body
    nodes += bytes.fromhex("F30008E200C80000")
    return b"\x13" + (3 + len(nodes)).to_bytes(2, "big") + nodes


HOST = b"183.230.40.39:5683"


@pytest.mark.parametrize(
    ("options", "bootstrap"),
    [
        ({}, False),
        ({"bootstrap": b"\x80"}, True),
        ({"bootstrap": b"\x00"}, False),
        ({"flag": 0x1000}, True),
    ],
)
def test_bootstrap_is_said_in_two_ways(options: dict[str, bytes | int], bootstrap: bool) -> None:
    blob = network([b"CMIOT", b"", b"", HOST, b"1"], **options)  # type: ignore[arg-type]
    assert parse(blob) == Config("183.230.40.39:5683", bootstrap)


@pytest.mark.parametrize(
    ("data", "auth", "key"),
    [
        (b"AuthCode:abc123;", "abc123", None),
        (b"auth_code:abc123;psk:0123456789;", "abc123", "0123456789"),
        (b"psk:0123456789;", None, "0123456789"),
        (b"NULL", None, None),
    ],
)
def test_user_data_has_the_codes(data: bytes, auth: str | None, key: str | None) -> None:
    found = parse(network([b"", b"", b"", HOST, data]))
    assert (found.auth, found.key) == (auth, key)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        (b"183.230.40.39", "183.230.40.39:5683"),
        (b"NBIOTBT.heclouds.com:5683", "nbiotbt.heclouds.com:5683"),
        (b"183.230.40.40:5684", "coaps://183.230.40.40:5684"),
    ],
)
def test_the_port_is_5683_and_5684_means_dtls(host: bytes, address: str) -> None:
    assert parse(network([b"", b"", b"", host, b""])).address == address


@pytest.mark.parametrize("host", [b"", b"a b", b"x:99999", b"x:y", b"\xff"])
def test_a_host_that_is_no_address_is_refused(host: bytes) -> None:
    with pytest.raises(Malformed, match="host"):
        parse(network([b"", b"", b"", host, b""]))


def read_or_refused(blob: bytes) -> None:
    with suppress(Malformed):
        assert parse(blob).address


@given(st.integers(0, 48), st.binary(max_size=4))
@example(0, b"")
def test_cut_and_changed_blobs_are_refused_or_read(place: int, data: bytes) -> None:
    whole = bytes.fromhex(BY_NUMBER)
    read_or_refused(whole[:place] + data)
    read_or_refused(whole[:place] + data + whole[place + len(data) :])


@given(st.binary(max_size=80))
def test_any_bytes_are_refused_or_read(blob: bytes) -> None:
    read_or_refused(blob)
