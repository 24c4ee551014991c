"""Payloads as items: every shape of TLV, text and opaque, hostile bytes."""

from __future__ import annotations

import json
from pathlib import Path as File
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.lwm2m import registry
from emulator.lwm2m.content import MAX_ITEMS, decode, encode
from emulator.lwm2m.model import ContentError, Format, Item, Path, UnsupportedFormat, Value
from emulator.lwm2m.values import Type

ROOT = File(__file__).parents[2]
PAYLOADS = json.loads((ROOT / "wire/lwm2m/payloads.json").read_text(encoding="utf-8"))
SEEN = tuple(
    bytes.fromhex(each["hex"]) if "hex" in each else each["text"].encode() for each in PAYLOADS
)
READABLE = tuple(each for each in Format if each is not Format.LINKS)


def untyped(_path: Path) -> None:
    return None


def items(*pairs: tuple[str, Value]) -> tuple[Item, ...]:
    return tuple(Item(Path.parse(path), value) for path, value in pairs)


# --- shapes --------------------------------------------------------------------------------------

BARE = "E4164441A0FBE7 E3164543656C"
TEMPERATURE = items(("/3303/0/5700", 20.123), ("/3303/0/5701", "Cel"))


@pytest.mark.parametrize(
    ("path", "payload"),
    [
        ("/3303/0", BARE),
        ("/3303/0", "08000D" + BARE),
        ("/3303", BARE),  # guess: of the only instance
        ("/3303", "08000D" + BARE),
        ("/3303", "300000000D" + BARE),  # long id and length
        ("/3303/0", "0700E4164441A0FBE7 0600E3164543656C"),
    ],
)
def test_all_shapes_of_an_instance_are_the_same_items(path: str, payload: str) -> None:
    assert decode(11542, bytes.fromhex(payload), Path.parse(path), registry.type_of) == TEMPERATURE


@pytest.mark.parametrize(
    ("path", "payload"),
    [
        ("/3303/0/5700", "E4164441A0FBE7"),
        ("/3303/0/5700", "0700E4164441A0FBE7"),
        ("/3303/0/5700", "440041A0FBE7"),
    ],
)
def test_all_shapes_of_a_resource_are_the_same_item(path: str, payload: str) -> None:
    read = decode(1542, bytes.fromhex(payload), Path.parse(path), registry.type_of)
    assert read == TEMPERATURE[:1]


@pytest.mark.parametrize(
    ("path", "payload"),
    [
        ("/3/0/6", "8606410001410105"),
        ("/3/0/6", "410001410105"),
        ("/3/0", "08000886064100014101 05"),
    ],
)
def test_all_shapes_of_a_multiple_resource_are_the_same_items(path: str, payload: str) -> None:
    read = decode(11542, bytes.fromhex(payload), Path.parse(path), registry.type_of)
    assert read == items(("/3/0/6/0", 1), ("/3/0/6/1", 5))


def test_one_instance_of_a_resource_is_read_and_written() -> None:
    read = decode(11542, b"\x41\x00\x05", Path(3, 0, 6, 0), registry.type_of)
    assert read == items(("/3/0/6/0", 5))
    assert encode(11542, read, Path(3, 0, 6, 0), registry.type_of) == b"\x41\x00\x05"
    assert encode(0, read, Path(3, 0, 6, 0), registry.type_of) == b"5"
    assert encode(11542, read, Path(3, 0, 6), registry.type_of).hex() == "8306410005"
    assert encode(11543, read, Path(3, 0, 6), registry.type_of) == (
        b'{"bn":"/3/0/6/","e":[{"n":"0","v":5}]}'
    )


def test_a_resource_without_type_is_bytes() -> None:
    assert decode(11542, bytes.fromhex(BARE), Path(3303, 0), untyped) == items(
        ("/3303/0/5700", bytes.fromhex("41A0FBE7")), ("/3303/0/5701", b"Cel")
    )
    assert decode(0, b"20.5", Path(3303, 0, 5700), untyped) == items(("/3303/0/5700", b"20.5"))
    assert decode(42, b"\x00", Path(3303, 0, 5700), untyped) == items(("/3303/0/5700", b"\x00"))


def test_a_text_without_type_is_what_the_value_is() -> None:
    for value, text in ((b"\xff", b"\xff"), ("Cel", b"Cel"), (20.5, b"20.5"), (True, b"1")):
        assert encode(0, items(("/4000/0/1", value)), Path(4000, 0, 1), untyped) == text


def test_a_payload_without_content_format() -> None:
    assert decode(None, b"", Path(3303, 0), registry.type_of) == ()
    assert decode(None, b"Cel", Path(3303, 0, 5701), registry.type_of) == TEMPERATURE[1:]
    assert decode(None, bytes.fromhex(BARE), Path(3303, 0), registry.type_of) == TEMPERATURE


def test_an_empty_text_is_an_empty_string() -> None:
    assert decode(0, b"", Path(3303, 0, 5701), registry.type_of) == items(("/3303/0/5701", ""))
    assert decode(11542, b"", Path(3303, 0), registry.type_of) == ()


def test_of_two_values_for_one_resource_the_last_counts() -> None:
    read = decode(11542, bytes.fromhex("E116DA00 E116DA01"), Path(3306, 0), registry.type_of)
    assert read == items(("/3306/0/5850", True))


# --- errors and hostile payloads -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("content_format", "payload", "path"),
    [
        (11542, "0101E4164441A0FBE7", "/3303/0"),
        (11542, "0701E4164441A0FBE7", "/3303/0"),  # another instance
        (11542, "E4164441A0FBE7", "/3303/0/5701"),  # another resource
        (11542, "410001", "/3303/0"),  # of which resource?
        (11542, "410001", "/3/0/6/1"),
        (11542, "C10601 8306410001", "/3/0"),  # a value and instances
        (11542, "E216444142", "/3303/0"),  # a float of two bytes
        (0, "FF", "/3303/0/5701"),
        (0, "3230", "/3303/0"),
        (42, "3230", "/3303"),
        (0, "6869", "/3303/0/5700"),
    ],
)
def test_what_is_not_for_its_path_or_type_is_an_error(
    content_format: int, payload: str, path: str
) -> None:
    with pytest.raises(ContentError, match="expected"):
        decode(content_format, bytes.fromhex(payload), Path.parse(path), registry.type_of)


def test_other_content_formats_are_refused() -> None:
    for content_format in (40, 50, 60, 112, 70000):
        with pytest.raises(UnsupportedFormat, match=f"content format {content_format}"):
            decode(content_format, b"", Path(3303, 0, 5700), registry.type_of)
    for content_format in (40, 110):
        with pytest.raises(UnsupportedFormat, match=f"content format {content_format}"):
            encode(content_format, TEMPERATURE, Path(3303, 0), registry.type_of)


def test_items_must_fit_the_path_and_the_format() -> None:
    with pytest.raises(ContentError, match="at or below"):
        encode(11542, TEMPERATURE, Path(3303, 1), registry.type_of)
    with pytest.raises(ContentError, match="2 values"):
        encode(0, TEMPERATURE, Path(3303, 0), registry.type_of)
    both = items(("/3/0/6", 1), ("/3/0/6/0", 1))
    for mixed in (both, both[::-1]):
        with pytest.raises(ContentError, match="not both"):
            encode(11542, mixed, Path(3, 0), registry.type_of)
    with pytest.raises(ContentError, match="is no Float"):
        encode(11542, items(("/3303/0/5700", "warm")), Path(3303, 0), registry.type_of)


def test_the_number_of_items_is_bounded() -> None:
    entries = b"".join(b"\xe1" + number.to_bytes(2) + b"\x01" for number in range(MAX_ITEMS + 1))
    assert len(decode(11542, entries[:-4], Path(4000, 0), untyped)) == MAX_ITEMS
    with pytest.raises(ContentError, match=f"at most {MAX_ITEMS}"):
        decode(11542, entries, Path(4000, 0), untyped)


IDS = st.sampled_from([0, 1, 6, 255, 256, 5700, 5701, 65535])
PATHS = st.lists(IDS, min_size=1, max_size=4).map(lambda ids: Path(*ids))
VALUES: dict[Type | None, st.SearchStrategy[Value]] = {
    Type.STRING: st.text(),
    Type.INTEGER: st.integers(-(2**63), 2**63 - 1),
    Type.BOOLEAN: st.booleans(),
    # Four bytes keep 6 digits.
    Type.FLOAT: st.builds(
        lambda n, e: float(f"{n}e{e}"), st.integers(0, 999_999), st.integers(-30, 30)
    ),
    Type.OPAQUE: st.binary(max_size=300),
    None: st.binary(max_size=9),
}
KINDS = st.sampled_from([*VALUES])


@st.composite
def readings(draw: st.DrawFn) -> tuple[Path, dict[Path, Type | None], tuple[Item, ...]]:
    """A path, the types of resources, and items there as a TLV keeps their order."""
    base = Path(*draw(st.lists(IDS, min_size=1, max_size=3)))
    kinds: dict[Path, Type | None] = {}
    found: list[Item] = []
    instances = [base.instance] if base.instance is not None else draw(st.lists(IDS, unique=True))
    for instance in instances:
        numbers = [base.resource] if base.resource is not None else draw(st.lists(IDS, unique=True))
        for number in numbers:
            path = Path(base.object, instance, number)
            kinds[path] = kind = draw(KINDS)
            for each in draw(st.none() | st.lists(IDS, min_size=1, max_size=3, unique=True)) or [
                None
            ]:
                place = Path(path.object, path.instance, path.resource, each)
                found.append(Item(place, draw(VALUES[kind])))
    return base, kinds, tuple(found)


@given(readings(), st.booleans())
def test_tlv_is_read_as_it_was_written(
    reading: tuple[Path, dict[Path, Type | None], tuple[Item, ...]], wrapped: bool
) -> None:
    base, kinds, written = reading
    payload = encode(11542, written, base, kinds.__getitem__, wrapped=wrapped)
    assert decode(11542, payload, base, kinds.__getitem__) == written


@given(readings())
def test_json_is_read_as_it_was_written(
    reading: tuple[Path, dict[Path, Type | None], tuple[Item, ...]],
) -> None:
    base, kinds, written = reading
    typed = {path: kind or Type.OPAQUE for path, kind in kinds.items()}
    payload = encode(11543, written, base, typed.__getitem__)
    assert decode(11543, payload, base, typed.__getitem__) == written


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A payload seen, with some bytes exchanged, removed or put in."""
    data = bytearray(draw(st.sampled_from(SEEN)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        data[at : at + draw(st.integers(0, 3))] = draw(st.binary(max_size=3))
    return bytes(data)


TYPE_OF = st.sampled_from([registry.type_of, untyped, lambda _path: Type.FLOAT])


@given(st.none() | st.sampled_from(READABLE), st.binary() | mutated(), PATHS, TYPE_OF)
def test_any_payload_is_items_that_can_be_written_again_or_an_error(
    content_format: Format | None, payload: bytes, base: Path, type_of: Any
) -> None:
    try:
        read = decode(content_format, payload, base, type_of)
    except ContentError:
        return
    assert all(base.covers(item.path) for item in read)
    encode(11543, read, base, type_of)
    written = encode(11542, read, base, type_of)
    if content_format in (Format.TLV, Format.OLD_TLV, Format.TEXT):
        again = decode(11542, written, base, type_of)
        assert sorted(map(str, again)) == sorted(map(str, read))
