"""The strict server itself: what it takes and what it refuses, with captured and written bytes."""

from __future__ import annotations

import pytest
from aiocoap import Message
from aiocoap.numbers import Code

from tests.support import captures
from tests.support.strict_formats import TLV, Fault, content, links, registered_objects, tlv
from tests.support.strict_server import StrictServer


def answer_to(datagram: bytes) -> tuple[str, list[str]]:
    """The code that the server answers with, and what it found."""
    sent: list[bytes] = []
    server = StrictServer(lambda _peer, datagram, _now: sent.append(datagram))
    server.receive("192.0.2.1:5683", datagram, 0.0)
    (answer,) = sent
    return Message.decode(answer).code.dotted, server.faults


@pytest.mark.parametrize(
    ("capture", "code", "reason"),
    [
        ("suite_2_3_0", "4.02", "critical option 63"),
        ("kit_master", "4.00", "no version of LwM2M"),
        ("kit_refactor", "4.00", "no version of LwM2M"),
        ("wakaama_1_1", "4.12", "version 1.1"),
        ("strict_server", "4.12", "version 1.1"),
    ],
)
def test_registrations_of_known_clients(capture: str, code: str, reason: str) -> None:
    datagram = next(each for end, each, _ in captures.captured(capture) if end == "device")
    answered, (fault,) = answer_to(datagram)
    assert answered == code
    assert reason in fault


REGISTER = bytes.fromhex("44027d34 0badcafe b27264 1128")  # CON POST /rd, format 40
EP, LT, B, VERSION = b"\x36ep=abc", b"\x05lt=60", b"\x03b=U", b"\x09lwm2m=1.0"
OBJECTS = b'\xff</>;rt="oma.lwm2m",</1/0>,</3/0>,</3303/0>'


@pytest.mark.parametrize(
    ("datagram", "code"),
    [
        (REGISTER + EP + LT + B + VERSION + OBJECTS, "2.01"),
        (REGISTER + EP + VERSION + OBJECTS, "2.01"),
        (REGISTER + EP + LT + B + OBJECTS, "4.00"),
        (REGISTER + b"\x35lt=60" + VERSION + OBJECTS, "4.00"),  # no endpoint name
        (REGISTER + EP + LT + LT + VERSION + OBJECTS, "4.00"),
        (REGISTER + EP + b"\x04lt=x" + VERSION + OBJECTS, "4.00"),
        (REGISTER + EP + b"\x03b=X" + VERSION + OBJECTS, "4.00"),
        (REGISTER + EP + b"\x03c=U" + VERSION + OBJECTS, "4.00"),
        (REGISTER + EP + VERSION, "4.00"),
        (REGISTER + EP + VERSION + b"\xff</1/0>,</3303/0>", "4.00"),  # no Device
        (REGISTER + EP + VERSION + b"\xff</0/0>,</1/0>,</3/0>", "4.00"),
        (REGISTER + EP + VERSION + b"\xff</1/0>,</3/0>,</3303/0/5700>", "4.00"),
        (REGISTER + EP + VERSION + b"\xff</1/0>,</3/0>,", "4.00"),
        (REGISTER[:-2] + b"\x46ep=abc" + VERSION + OBJECTS, "4.15"),  # no format
        (REGISTER[:-1] + b"\x2a" + EP + VERSION + OBJECTS, "4.15"),  # format 42
        (REGISTER + EP + b"\x09lwm2m=1.1" + OBJECTS, "4.12"),
        (bytes.fromhex("44027d34 0badcafe b27264 0131"), "4.04"),  # POST /rd/1
        (bytes.fromhex("44047d34 0badcafe b27264 0131"), "4.04"),  # DELETE /rd/1
    ],
    ids=lambda value: value if isinstance(value, str) else "register",
)
def test_registrations(datagram: bytes, code: str) -> None:
    answered, faults = answer_to(datagram)
    assert answered == code
    assert bool(faults) is (code != "2.01")


def test_captured_content_of_a_standard_client_is_taken() -> None:
    """Each answer and notification of the captures of a strict server with a standard client."""
    paths: dict[bytes, str] = {}
    read = 0
    for end, datagram, _ in captures.captured("strict_server"):
        message = Message.decode(datagram)
        if end == "server" and message.code is Code.GET:
            paths[message.token] = "/" + "/".join(message.opt.uri_path)
        elif end == "device" and message.code is Code.CONTENT:
            read += 1
            if message.opt.content_format == 40:
                assert "/3" in links(message.payload)
            else:
                assert content(paths[message.token], message.opt.content_format, message.payload)
    assert read > 10


@pytest.mark.parametrize(
    ("path", "form", "payload"),
    [
        ("/3303/0", None, "e4164441ac0000"),
        ("/3303/0", 1542, "e4164441ac0000"),
        ("/3303/0", TLV, "080007e4164441ac0000"),  # the instance around the resources
        ("/3303", TLV, "e4164441ac0000"),  # an object without its instances
        ("/3303/0/5700", TLV, "e3164543656c"),  # another resource
        ("/3303/0/5700", TLV, "440041ac0000"),  # a resource instance
        ("/3303/0/5700", TLV, "e2164441ac"),  # a float of two bytes
        ("/3303/0/5700", 0, b"hot".hex()),
        ("/3303/0", 0, b"21.5".hex()),
        ("/3306/0/5850", TLV, "e116da02"),
        ("/3306/0/5851", TLV, "e316db000001"),
        ("/3/0", TLV, "c10055c11055"),  # no Error Code
        ("/3/0", TLV, "c10b00c11055"),  # an Error Code without its instance
        ("/3303/0/5700", TLV, ""),
    ],
)
def test_bad_content(path: str, form: int | None, payload: str) -> None:
    with pytest.raises(Fault):
        content(path, form, bytes.fromhex(payload))


@pytest.mark.parametrize(
    "payload", ["c8", "c900", "c80000", "e000054100", "c40042", "c10041c10042"]
)
def test_bad_tlv(payload: str) -> None:
    with pytest.raises(Fault):
        tlv(bytes.fromhex(payload))


def test_examples_of_the_specification() -> None:
    """OMA-TS-LightweightM2M-V1_0_2 6.4.3: /3/0, and 5.3.1: the list of objects."""
    device = bytes.fromhex(
        "C800144F70656E204D6F62696C6520416C6C69616E6365C801164C69676874776569676874204D324D20436C69"
        "656E74C80209333435303030313233C303312E30860641000141010588070842000ED842011388870841007D42"
        "010384C10964C10A0F830B410000C40D5182428FC60E2B30323A3030C11055"
    )
    values = content("/3/0", TLV, device)
    assert values["/3/0/0"] == "Open Mobile Alliance"
    assert values["/3/0/7/0"] == 3800
    assert values["/3/0/13"] == 1367491215
    assert registered_objects(b"</1/0>,</1/1>,</2/0>,</3/0>,</4/0>,</5>") == [
        *("/1/0", "/1/1", "/2/0", "/3/0", "/4/0", "/5")
    ]
