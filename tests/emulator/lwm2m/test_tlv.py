"""TLV (LwM2M 1.0.2 section 6.4.3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.lwm2m.model import ContentError
from emulator.lwm2m.tlv import Entry, Kind, decode, encode

IDS = st.integers(0, 0xFFFF)
# Around the limits of the forms of a length: 7, 255.
CONTENT = st.binary(max_size=10) | st.integers(250, 260).map(bytes)


def _entries(kind: Kind, inside: st.SearchStrategy[Entry]) -> st.SearchStrategy[Entry]:
    return st.builds(Entry, st.just(kind), IDS, st.lists(inside, max_size=3).map(tuple))


RESOURCE_INSTANCES = st.builds(Entry, st.just(Kind.RESOURCE_INSTANCE), IDS, CONTENT)
RESOURCES = st.builds(Entry, st.just(Kind.RESOURCE), IDS, CONTENT) | _entries(
    Kind.MULTIPLE_RESOURCE, RESOURCE_INSTANCES
)
ENTRIES = st.lists(
    RESOURCES | RESOURCE_INSTANCES | _entries(Kind.INSTANCE, RESOURCES), max_size=4
).map(tuple)


@given(ENTRIES)
def test_entries_are_read_as_they_were_written(entries: tuple[Entry, ...]) -> None:
    assert decode(encode(entries)) == entries


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("C0 00", Entry(Kind.RESOURCE, 0, b"")),
        ("C7 FF 00000000000000", Entry(Kind.RESOURCE, 255, bytes(7))),
        ("E1 0100 01", Entry(Kind.RESOURCE, 256, b"\x01")),
        ("C8 00 08 0000000000000000", Entry(Kind.RESOURCE, 0, bytes(8))),
        ("C8 00 FF" + "00" * 255, Entry(Kind.RESOURCE, 0, bytes(255))),
        ("D0 00 0100" + "00" * 256, Entry(Kind.RESOURCE, 0, bytes(256))),
        ("D8 00 010000" + "00" * 0x10000, Entry(Kind.RESOURCE, 0, bytes(0x10000))),
        ("41 07 05", Entry(Kind.RESOURCE_INSTANCE, 7, b"\x05")),
        (
            "86 06 41 00 01 41 01 05",
            Entry(
                Kind.MULTIPLE_RESOURCE,
                6,
                (
                    Entry(Kind.RESOURCE_INSTANCE, 0, b"\x01"),
                    Entry(Kind.RESOURCE_INSTANCE, 1, b"\x05"),
                ),
            ),
        ),
        (
            "05 00 C3 03 312E30",
            Entry(Kind.INSTANCE, 0, (Entry(Kind.RESOURCE, 3, b"1.0"),)),
        ),
    ],
)
def test_each_kind_and_length_has_its_bytes(text: str, entry: Entry) -> None:
    data = bytes.fromhex(text)
    assert encode([entry]) == data
    assert decode(data) == (entry,)


@pytest.mark.parametrize(
    "text", ["E1 0005 AA", "C8 05 01 AA", "D0 05 0001 AA", "F8 0005 000001 AA"]
)
def test_longer_forms_than_needed_are_read(text: str) -> None:
    assert decode(bytes.fromhex(text)) == (Entry(Kind.RESOURCE, 5, b"\xaa"),)


@pytest.mark.parametrize(
    "text",
    [
        "C1",
        "C1 05",
        "E1 05",
        "C8 05",
        "C8 05 02 AA",
        "D8 05 FFFFFF AA",
        "03 00 C2 05 AA",  # longer than the instance around it
        "02 00 00 00",  # an instance in an instance
        "02 00 40 00",
        "82 00 C0 00",
        "82 00 80 00",
    ],
)
def test_what_ends_early_or_is_nested_wrongly_is_an_error(text: str) -> None:
    with pytest.raises(ContentError, match="TLV"):
        decode(bytes.fromhex(text))


@given(st.binary(max_size=80))
def test_any_bytes_are_entries_or_an_error(data: bytes) -> None:
    try:
        entries = decode(data)
    except ContentError:
        return
    assert len(encode(entries)) <= len(data)  # the shortest forms
    assert decode(encode(entries)) == entries


@pytest.mark.parametrize("entry", [Entry(Kind.RESOURCE, 65536, b""), Entry(Kind.RESOURCE, -1, b"")])
def test_an_id_has_16_bits(entry: Entry) -> None:
    with pytest.raises(ContentError, match=r"expected 0\.\.65535"):
        encode([entry])


def test_a_value_has_less_than_16_mib() -> None:
    with pytest.raises(ContentError, match="16777216 bytes"):
        encode([Entry(Kind.RESOURCE, 0, bytes(2**24))])
