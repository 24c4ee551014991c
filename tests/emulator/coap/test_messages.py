"""Messages as bytes and as words: captures, examples written by hand, hostile bytes."""

from __future__ import annotations

import pytest
from aiocoap import Message
from aiocoap.numbers import Code, OptionNumber, Type
from aiocoap.numbers.contentformat import ContentFormat
from hypothesis import given
from hypothesis import strategies as st

from emulator.coap.description import describe
from emulator.coap.messages import (
    AUTHENTICATION,
    MAX_DATAGRAM,
    RECOGNIZED_OPTIONS,
    BadOption,
    MalformedMessage,
    decode,
    encode,
    set_text_option,
    set_zero_byte,
    text_option,
)
from tests.support.captures import FILES, datagrams
from tests.support.coap import message

KNOWN = RECOGNIZED_OPTIONS | {AUTHENTICATION}
REGISTER = (
    "4402456767452f0bb2726411283d1565703d3836353832303033303031333938323b34363030343039383333303030"
    "303503623d55056c743d3630d623617574683737ff3c2f3e3b72743d226f6d612e6c776d326d222c3c2f302f303e2c"
    "3c2f333230302f303e2c3c2f333330332f303e2c3c2f333330332f313e"
)


def mutated() -> st.SearchStrategy[bytes]:
    """A captured datagram with some bytes changed, cut off or added."""

    def mutate(datagram: bytes, changes: list[tuple[int, int]], cut: int, more: bytes) -> bytes:
        changed = bytearray(datagram)
        for at, value in changes:
            changed[at % len(changed)] = value
        return bytes(changed[: len(changed) - cut % len(changed)] + more)

    return st.builds(
        mutate,
        st.sampled_from(datagrams()),
        st.lists(st.tuples(st.integers(0, 300), st.integers(0, 255)), max_size=4),
        st.one_of(st.just(0), st.integers(0, 300)),
        st.binary(max_size=8),
    )


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_captures_are_read_and_written(file) -> None:  # type: ignore[no-untyped-def]
    """China Mobile's suite writes the value 0 as a byte; a reader of it gets the same number."""
    for datagram in datagrams(file.stem):
        made = encode(decode(datagram, KNOWN))
        assert describe(made) == describe(datagram)
        assert made == datagram or file.stem == "suite_2_3_0"


def test_a_registration_is_read() -> None:
    register = decode(bytes.fromhex(REGISTER), KNOWN)
    assert register.code == Code.POST
    assert register.mtype is Type.CON
    assert register.mid == 0x4567
    assert register.token == bytes.fromhex("67452f0b")
    assert register.opt.uri_path == ("rd",)
    assert register.opt.uri_query == ("ep=865820030013982;460040983300005", "b=U", "lt=60")
    assert register.opt.content_format == 40
    assert text_option(register, AUTHENTICATION) == "auth77"
    assert register.payload.startswith(b"</>;rt=")


def test_a_message_is_written() -> None:
    """As China Mobile's suite sends it: Content-Format 0 in one byte, and the private option."""
    made = Message(code=Code.CONTENT, payload=b"33.1")
    made.mtype, made.mid, made.token = Type.ACK, 0x456C, bytes.fromhex("5017")
    made.opt.observe = 1
    set_zero_byte(made, OptionNumber.CONTENT_FORMAT)
    set_text_option(made, AUTHENTICATION, "x")
    set_text_option(made, AUTHENTICATION, "auth77")
    assert encode(made).hex() == "6245456c50176101" + "6100" + "d626617574683737" + "ff33332e31"
    assert text_option(made, AUTHENTICATION) == "auth77"
    assert text_option(made, 65) is None


def test_extended_lengths_and_numbers() -> None:
    """Uri-Query of 13 and of 255 bytes; option 65000; each with its extended form."""
    digits = "40010001" + "dd0200" + 13 * "61" + "0df2" + 255 * "62" + "e1fccc07"
    read = decode(bytes.fromhex(digits))
    assert read.opt.uri_query == (13 * "a", 255 * "b")
    assert [option.value for option in read.opt.get_option(65000)] == [b"\x07"]
    assert encode(read).hex() == digits


def test_a_message_that_does_not_fit_is_not_written() -> None:
    made = message(Code.GET, "/".join(6 * ["a" * 255]))
    made.mtype, made.mid = Type.CON, 1
    with pytest.raises(ValueError, match="do not fit into a datagram: expected 1280 at most"):
        encode(made)


@pytest.mark.parametrize(
    ("digits", "number"),
    [
        ("40010001" + "d1f803", 261),
        ("40010001" + "3161" + "0162", 3),  # Uri-Host twice
        ("40010001" + "b1ff", 11),  # no UTF-8
        ("40010001" + "d40a00000001", 23),  # Block2 of 4 bytes
        ("40010001" + "9161", 9),  # OSCORE is not supported
        ("40010001" + "30", 3),  # empty Uri-Host
    ],
)
def test_a_bad_critical_option(digits: str, number: int) -> None:
    with pytest.raises(BadOption, match=f"option {number}") as caught:
        decode(bytes.fromhex(digits))
    assert caught.value.number == number
    assert (caught.value.mid, caught.value.type, caught.value.code) == (1, Type.CON, Code.GET)


def test_a_bad_elective_option_is_left_out() -> None:
    """Content-Format twice, and one of 3 bytes."""
    twice = decode(bytes.fromhex("40020001" + "c128" + "0132"))
    assert [option.value for option in twice.opt.get_option(OptionNumber.CONTENT_FORMAT)] == [40]
    assert decode(bytes.fromhex("40020001" + "c3000028")).opt.content_format is None


@pytest.mark.parametrize(
    ("digits", "words"),
    [
        (
            "42019f4a1a2b60" + "54" + "33333033" + "0130",
            "CON GET /3303/0 Observe 0 token 1a2b mid 40778",
        ),
        ("60009f4a", "ACK empty mid 40778"),
        ("60457d34ff32322e332043", "ACK 2.05 mid 32052 payload 6 B '22.3 C'"),
        ("60457d34ff00ff", "ACK 2.05 mid 32052 payload 2 B 00ff"),
        (
            "6441000100000001" + "82" + "7264" + "0135",
            "ACK 2.01 Location /rd/5 token 00000001 mid 1",
        ),
        ("40030001" + "b161" + "43" + "613d31", "CON PUT /a?a=1 mid 1"),
        ("50840002", "NON 4.04 mid 2"),
        ("400304d2b161d1030bd214012c", "CON PUT /a Size1 300 Block1 0/1/128 mid 1234"),
        ("604504d24141d106135201" + "2c", "ACK 2.05 Size2 300 Block2 1/0/128 ETag 41 mid 1234"),
        ("40010001" + "d10428", "CON GET / Accept 40 mid 1"),
        ("0000", "malformed (no CoAP message: expected 4 bytes or more, and version 1): 0000"),
        ("40010001" + "d124" + "0a", "CON GET / mid 1"),
    ],
)
def test_a_message_in_words(digits: str, words: str) -> None:
    assert describe(bytes.fromhex(digits)) == words


def test_a_registration_in_words() -> None:
    assert describe(bytes.fromhex(REGISTER)) == (
        "CON POST /rd?ep=865820030013982;460040983300005&b=U&lt=60 Content-Format 40"
        " option 63 'auth77' token 67452f0b mid 17767"
        """ payload 55 B '</>;rt="oma.lwm2m",</0/0>,</3200/0>,</3303/0>,</3303/1>'"""
    )


@given(st.one_of(st.binary(max_size=MAX_DATAGRAM + 10), mutated()))
def test_any_datagram_is_a_message_or_malformed(datagram: bytes) -> None:
    assert describe(datagram)
    try:
        read = decode(datagram, KNOWN)
    except MalformedMessage:
        return
    again = encode(read)
    assert len(again) <= len(datagram)
    assert encode(decode(again, KNOWN)) == again


def test_hostile_numbers_are_not_kept() -> None:
    """The registry of options and content formats is the same after datagrams with all numbers."""
    before = len(OptionNumber._value2member_map_), len(ContentFormat._value2member_map_)
    for number in range(0, 0x10000, 7):
        low = bytes((number >> 8, number & 0xFF))
        for options in (b"\xc2" + low, b"\xd2\x04" + low, b"\xe0" + low):
            describe(b"\x40\x01\x00\x01" + options)
    assert (len(OptionNumber._value2member_map_), len(ContentFormat._value2member_map_)) == before
