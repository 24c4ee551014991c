"""Link format (RFC 6690) of registrations and discover answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.lwm2m.links import MAX_LINKS, Announced, Link, announced, parse, render
from emulator.lwm2m.model import ContentError, Path

NAMES = st.from_regex(r"[a-z*]{1,5}", fullmatch=True)
LINKS = st.builds(
    Link,
    st.text("/0123456789ab", max_size=8),
    st.lists(st.tuples(NAMES, st.none() | st.text()), max_size=3).map(tuple),
)


@given(st.lists(LINKS, max_size=5).map(tuple))
def test_links_are_read_as_they_were_written(links: tuple[Link, ...]) -> None:
    assert parse(render(links)) == links


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (  # capture of China Mobile's suite SDK 2.3.0
            '</>;rt="oma.lwm2m",</0/0>,</3200/0>,</3303/0>,</3303/1>',
            Announced("", (), (Path(0, 0), Path(3200, 0), Path(3303, 0), Path(3303, 1))),
        ),
        (  # capture of a standard client
            '</>;rt="oma.lwm2m";ct="60 110 1542 1543 11542 11543",</1/0>,</3>;ver=1.2,</3/0>',
            Announced("", (60, 110, 1542, 1543, 11542, 11543), (Path(1, 0), Path(3), Path(3, 0))),
        ),
        (  # capture of wakaama's client 1.1
            '</>;rt="oma.lwm2m";ct=110,</1>;ver=1.1,</1/0>,</31024/10>',
            Announced("", (110,), (Path(1), Path(1, 0), Path(31024, 10))),
        ),
        ("</2>,</10>;ver=1.1", Announced("", (), (Path(2), Path(10)))),  # seen from Anjay
    ],
)
def test_registrations_seen_are_read_and_written_alike(text: str, expected: Announced) -> None:
    links = parse(text.encode())
    assert announced(links) == expected
    assert render(links).decode() == text


@pytest.mark.parametrize(
    "text",
    [
        '</lwm2m>;rt="oma.lwm2m";ct=11543,</lwm2m/1/0>,</lwm2m/3303/1>',
        '</lwm2m/>;ct="11543";rt="oma.lwm2m",</lwm2m/1/0>,</lwm2m/3303/1>',
        '</lwm2m/1/0>,</lwm2m>;ct=11543;rt=oma.lwm2m;obs,</lwm2m/3303/1>;ver="1.1"',
        '</lwm2m>;rt="a oma.lwm2m";title="a,b;c=\\"<d>\\"";ct=11543 , </lwm2m/1/0> ,</3303/1>',
        ' </lwm2m>; rt = "oma.lwm2m" ;ct= 11543,</lwm2m/1/0>,</lwm2m/3303/1>,</rd>,</3303/x>',
    ],
)
def test_attributes_and_the_alternate_path_may_stand_anywhere(text: str) -> None:
    expected = Announced("/lwm2m", (11543,), (Path(1, 0), Path(3303, 1)))
    assert announced(parse(text.encode())) == expected


def test_a_discover_answer_is_read_with_its_attributes() -> None:
    """As in LwM2M 1.0.2 section 5.4.2."""
    links = parse(b"</3>;pmin=10,</3/0>;pmax=60,</3/0/6>;dim=8,</3/0/7>;dim=8;gt=50;lt=42.2")
    assert announced(links).paths == (Path(3), Path(3, 0), Path(3, 0, 6), Path(3, 0, 7))
    assert links[3].attribute("lt") == "42.2"
    assert links[3].attribute("st") is None


@pytest.mark.parametrize("payload", [b"", b" "])
def test_an_empty_payload_has_no_links(payload: bytes) -> None:
    assert parse(payload) == ()
    assert announced(()) == Announced("", (), ())


@pytest.mark.parametrize(
    "payload",
    [
        b"/3303/0",
        b"</3303/0",
        b"</3303/0></3303/1>",
        b"</3303/0>,,</3303/1>",
        b'</3303/0>;rt="a',
        b"</3303/0>;=1",
        b"</3303/0>;a=1 2",
        b"</3303/\xff>",
        b",".join([b"</1>"] * (MAX_LINKS + 1)),
    ],
)
def test_what_is_no_list_of_links_is_an_error(payload: bytes) -> None:
    with pytest.raises(ContentError, match="links"):
        parse(payload)


@given(st.text('</>;,="\\ a1').map(str.encode) | st.binary())
def test_any_bytes_are_links_or_an_error(payload: bytes) -> None:
    try:
        links = parse(payload)
    except ContentError:
        return
    announced(links)
    assert parse(render(links)) == links
