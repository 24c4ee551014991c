"""The configuration of AT+MIPLCONF, whole and in fragments."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.module.at.codec import Cme, Parameter, Refusal
from emulator.module.at.commands import Values
from emulator.module.at.doubts import Doubts
from emulator.module.dialects.classic.config import (
    BLOB_LIMIT,
    FRAGMENT_LIMIT,
    LIFETIME,
    Assembly,
    decode,
)
from emulator.module.lwm2m.host import ServerAddress
from emulator.module.lwm2m.registration import Account

# Two complete lines of real hosts; the letters of the second endpoint are changed.
BOOTSTRAP = bytes.fromhex(
    "10000000805101001900636F61703A2F2F3138332E3233302E34302E33393A353638331F00313233343536373839"
    "3031323334353B313233343536373839303132333435050501"
)
DIRECT = bytes.fromhex(
    "000000002C0100001900636F61703A2F2F3138332E3233302E34302E34303A353638330900313233343B74657374"
)


def decoded(data: bytes, doubts: Doubts | None = None) -> Account:
    return decode(data, doubts or Doubts())


def blob(
    *,
    mode: int = 0,
    debug: int = 0,
    lifetime: int = 300,
    uri: bytes = b"coap://183.230.40.40:5683",
    endpoint: bytes = b"1;2",
    tail: bytes = b"",
) -> bytes:
    head = struct.pack("<BBHI", mode, debug, 0, lifetime)
    return (
        head
        + struct.pack("<H", len(uri))
        + uri
        + struct.pack("<H", len(endpoint))
        + endpoint
        + tail
    )


def line(size: int, config: str, index: int, flag: int, *, quoted: bool = False) -> Values:
    texts = (str(size), config, str(index), str(flag))
    return Values(tuple(Parameter(text, quoted and text == config) for text in texts))


def whole(data: bytes, index: int = 1, flag: int = 1) -> Values:
    return line(len(data), data.hex().upper(), index, flag)


def refuses(assembly: Assembly, values: Values) -> bool:
    with pytest.raises(Refusal) as caught:
        assembly.add(values)
    return caught.value.number is Cme.INCORRECT_PARAMETERS


def test_captured_line_with_blocks() -> None:
    assert decoded(BOOTSTRAP) == Account(
        "123456789012345;123456789012345",
        86_400,
        ServerAddress("183.230.40.39:5683", bootstrap=True),
    )


def test_captured_line_without_blocks() -> None:
    assert decoded(DIRECT) == Account("1234;test", 300, ServerAddress("183.230.40.40:5683"))


@pytest.mark.parametrize(
    ("tail", "sizes"),
    [
        (b"", (512, 512)),
        (b"\0\6\1", (16, 1024)),
        (b"\3\2\7", (128, 64)),  # an odd threshold
        (b"\7\2\1", (512, 512)),  # no such size
    ],
)
def test_sizes_of_blocks(tail: bytes, sizes: tuple[int, int]) -> None:
    assert decoded(blob(tail=tail)).blocks == sizes


@pytest.mark.parametrize(
    "good",
    [
        blob(mode=0x11),
        blob(debug=3),
        blob(lifetime=10),
        blob(lifetime=86_400),
        blob(uri=b"coap://nbiotbt.heclouds.com:5683"),
        blob(uri=b"coap://" + b"h" * 243 + b":5683"),
        blob(endpoint=b"1" * 17 + b";" + b"2" * 16),
        blob(tail=b"\6\0\2"),
    ],
)
def test_fields_at_their_limits(good: bytes) -> None:
    assert decoded(good).lifetime in LIFETIME


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        DIRECT[:7],
        DIRECT[:9],
        DIRECT[:20],
        DIRECT[:-1],
        blob(lifetime=9),
        blob(lifetime=86_401),
        blob(tail=b"\5"),
        blob(tail=b"\5\5"),
        blob(tail=b"\5\5\1\0"),
    ],
)
def test_invalid_blobs_are_refused(bad: bytes) -> None:
    with pytest.raises(Refusal):
        decoded(bad)


@pytest.mark.parametrize(
    "odd",
    [
        blob(mode=0x02),
        blob(debug=4),
        blob(uri=b"http://183.230.40.40:5683"),
        blob(uri=b"coap://\xff:5683"),
        blob(endpoint=b"12"),
        blob(endpoint=b";2"),
        blob(endpoint=b"1;"),
        blob(endpoint=b"1;2;3"),
        blob(endpoint=b"1;2\r"),
        blob(endpoint=b"1" * 18 + b";2"),
        blob(endpoint=b"1;" + b"2" * 17),
        blob(tail=b"\7\5\1"),
        blob(tail=b"\5\7\1"),
        blob(tail=b"\5\5\3"),
    ],
)
def test_doubtful_blobs_are_taken_and_noted(odd: bytes) -> None:
    doubts = Doubts()
    decoded(odd, doubts)
    assert len(doubts.notes) == 1
    with pytest.raises(Refusal):
        decoded(odd, Doubts(strict=True))


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        (b"coap://183.230.40.40", "183.230.40.40:5683"),
        (b"coap://NbIotBt.heclouds.com:05683", "nbiotbt.heclouds.com:5683"),
        (b"coap://[::1]:5683", "[::1]:5683"),
        (b"coap://\xff:5683", "coap://\\xff:5683"),
    ],
)
def test_address_of_the_server(uri: bytes, address: str) -> None:
    assert decoded(blob(uri=uri)).server == ServerAddress(address)
    assert decoded(blob(uri=uri, mode=0x10)).server == ServerAddress(address, bootstrap=True)


@given(st.binary(max_size=120) | st.binary(max_size=40).map(lambda end: DIRECT[:30] + end))
def test_any_blob_is_decoded_or_refused(data: bytes) -> None:
    try:
        config = decoded(data)
    except Refusal:
        return
    assert config.lifetime in LIFETIME


# Fragments ---------------------------------------------------------------------------------------


def test_configuration_in_one_line() -> None:
    assert Assembly().add(whole(BOOTSTRAP)) == decoded(BOOTSTRAP)


def test_lower_case_digits_are_accepted() -> None:
    assert Assembly().add(line(len(DIRECT), DIRECT.hex(), 1, 1)) == decoded(DIRECT)


@given(st.lists(st.integers(1, len(BOOTSTRAP) - 1), unique=True, max_size=6).map(sorted))
def test_fragments_of_any_size_give_the_same_configuration(cuts: list[int]) -> None:
    assembly = Assembly()
    ends = [*cuts, len(BOOTSTRAP)]
    begin = 0
    for index, end in enumerate(ends, 1):
        last = index == len(ends)
        config = assembly.add(whole(BOOTSTRAP[begin:end], index, int(last)))
        assert config == (decoded(BOOTSTRAP) if last else None)
        begin = end


@pytest.mark.parametrize(
    "values",
    [
        line(47, DIRECT.hex(), 1, 1),
        line(45, DIRECT.hex(), 1, 1),
        line(0, "", 1, 1),
        line(2, "000", 1, 1),
        line(2, "00XX", 1, 1),
        line(len(DIRECT), DIRECT.hex(), 0, 1),
        line(len(DIRECT), DIRECT.hex(), 2, 1),
        line(len(DIRECT), DIRECT.hex(), 1, 2),
        line(len(DIRECT), DIRECT.hex(), 1, 1, quoted=True),
        line(FRAGMENT_LIMIT + 1, "00" * (FRAGMENT_LIMIT + 1), 1, 0),
        Values(()),
        Values((*(Parameter(text, quoted=False) for text in ("1", "00", "1", "0", "0")),)),
    ],
)
def test_lines_with_wrong_sizes_or_indices_are_refused(values: Values) -> None:
    assert refuses(Assembly(), values)


def test_refused_fragment_keeps_earlier_fragments() -> None:
    assembly = Assembly()
    assert assembly.add(whole(DIRECT[:20], 1, 0)) is None
    assert refuses(assembly, whole(DIRECT[20:], 3))
    assert refuses(assembly, whole(DIRECT[20:-1], 2))
    assert assembly.add(whole(DIRECT[20:], 2)) == decoded(DIRECT)


def test_fragment_1_discards_earlier_fragments() -> None:
    assembly = Assembly()
    assembly.add(whole(b"\xff" * 20, 1, 0))
    assembly.add(whole(DIRECT[:20], 1, 0))
    assert assembly.add(whole(DIRECT[20:], 2)) == decoded(DIRECT)


def test_next_configuration_starts_with_fragment_1() -> None:
    assembly = Assembly()
    assembly.add(whole(DIRECT))
    assert refuses(assembly, whole(DIRECT, 2))
    assembly.add(whole(DIRECT[:20], 1, 0))
    assembly.add(whole(DIRECT[20:], 2))
    assert refuses(assembly, whole(DIRECT[20:], 2))
    assert assembly.add(whole(DIRECT)) == decoded(DIRECT)


def test_fragments_are_limited_in_total() -> None:
    assembly = Assembly()
    for index in range(BLOB_LIMIT // FRAGMENT_LIMIT):
        assert assembly.add(whole(b"\0" * FRAGMENT_LIMIT, index + 1, 0)) is None
    assert refuses(assembly, whole(b"\0", BLOB_LIMIT // FRAGMENT_LIMIT + 1, 0))
