"""The registration interface: which requests are served, and with which code others are refused
(LwM2M 1.0.2 sections 5.3 and 8.2.3; OneNET's documents).
"""

from __future__ import annotations

import pytest
from aiocoap import Message
from aiocoap.numbers import Code

from emulator.lwm2m.model import Path
from tests.support.fake_device import IMEI, IMSI, CloudWithDevice, operation_of

EP = f"ep={IMEI};{IMSI}"
LINKS = b'</>;rt="oma.lwm2m",</3303/0>'


def answer(
    cloud: CloudWithDevice,
    path: str,
    *query: str,
    code: Code = Code.POST,
    payload: bytes = LINKS,
    content_format: int | None = 40,
    auth: str | None = None,
) -> str:
    """The code of the platform's answer to a request, such as `2.01`."""
    cloud.module.request(code, path, query, payload, auth, content_format)
    cloud.step()
    dotted: str = cloud.module.response().code.dotted
    return dotted


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ((EP, "b=U", "lt=300"), "2.01"),
        ((EP,), "2.01"),
        (("lt=60", EP, "b=U", "lwm2m=1.0"), "2.01"),
        ((EP, "lwm2m=1.1", "b=UQ"), "2.01"),
        ((EP, "lwm2m=1.2", "b=UN", "Q"), "2.01"),
        ((EP, "b=UQS", "sms=+8613800000000"), "2.01"),
        ((EP, "d=a domain", "et=a type", "et=another"), "2.01"),  # not of LwM2M
        ((EP, "lt=2147483647"), "2.01"),
        ((EP, "lwm2m=2.0"), "4.12"),
        ((EP, "lwm2m=1"), "4.12"),
        ((EP, "lwm2m="), "4.12"),
        (("b=U", "lt=300"), "4.00"),
        (("ep=",), "4.00"),
        (("ep",), "4.00"),
        ((EP, EP), "4.00"),
        ((EP, "lt=60", "lt=60"), "4.00"),
        ((EP, "lt=0"), "4.00"),
        ((EP, "lt=-1"), "4.00"),
        ((EP, "lt=1.5"), "4.00"),
        ((EP, "lt="), "4.00"),
        ((EP, "lt=２"), "4.00"),
        ((EP, "lt=2147483648"), "4.00"),
        ((EP, f"lt={'9' * 200}"), "4.00"),
        ((EP, "b=X"), "4.00"),
        ((EP, "b="), "4.00"),
        ((EP, "sms=none"), "4.00"),
        (("ep=867726030000001;1",), "4.03"),
        ((f"ep={IMSI};{IMEI}",), "4.03"),
    ],
    ids=lambda value: "&".join(value)[:40] if isinstance(value, tuple) else value,
)
def test_query_of_a_register(query: tuple[str, ...], code: str) -> None:
    cloud = CloudWithDevice()
    assert answer(cloud, "rd", *query) == code
    assert cloud.online is (code == "2.01")


@pytest.mark.parametrize(
    ("payload", "content_format", "code", "objects"),
    [
        (LINKS, 40, "2.01", ["/3303/0"]),
        (LINKS, None, "2.01", ["/3303/0"]),
        (LINKS, 0, "2.01", ["/3303/0"]),
        (b"</3303/0>", 40, "2.01", ["/3303/0"]),
        (b'</3>;ver="1.1",</3/0>,</3303/0>;foo;bar="a,b;c"', 40, "2.01", ["/3", "/3/0", "/3303/0"]),
        (b'</1/0>;ssid=1;lt="x",</>;ct="60 110";rt="oma.lwm2m"', 40, "2.01", ["/1/0"]),
        (b"</.well-known/core>,</3303/0>,</3303/0>", 40, "2.01", ["/3303/0"]),
        (b"", 40, "4.00", []),
        (b"3303/0", 40, "4.00", []),
        (b"</3303/0", 40, "4.00", []),
        (b"<\xff>", 40, "4.00", []),
        (b"</" + b"a" * 254 + b'>;rt="oma.lwm2m",</3303/0>', 40, "2.01", ["/3303/0"]),
        (b"</" + b"a" * 255 + b'>;rt="oma.lwm2m",</3303/0>', 40, "4.00", []),
        (LINKS, 50, "4.15", []),
        (LINKS, 11542, "4.15", []),
    ],
)
def test_links_of_a_register(
    payload: bytes, content_format: int | None, code: str, objects: list[str]
) -> None:
    cloud = CloudWithDevice(observed=False)
    assert answer(cloud, "rd", EP, payload=payload, content_format=content_format) == code
    registration = cloud.platform.registration(cloud.device)
    listed = [] if registration is None else [str(path) for path in registration.objects]
    assert listed == objects


def test_register_without_lifetime_lasts_a_day() -> None:
    cloud = CloudWithDevice(observed=False)
    answer(cloud, "rd", EP)
    cloud.step(86_399.9)
    assert cloud.online
    cloud.step(0.1)
    assert not cloud.online


@pytest.mark.parametrize(
    ("code", "path", "expected"),
    [
        (Code.GET, "rd", "4.05"),
        (Code.PUT, "rd", "4.05"),
        (Code.DELETE, "rd", "4.05"),
        (Code.FETCH, "rd", "4.05"),
        (Code.GET, f"rd/{IMEI}", "4.05"),
        (Code.PUT, f"rd/{IMEI}", "4.05"),
        (Code.GET, "bs", "4.05"),
        (Code.POST, "bs/1", "4.05"),
        (Code.GET, ".well-known/core", "4.04"),
        (Code.POST, "", "4.04"),
        (Code.POST, "RD", "4.04"),
        (Code.POST, "rd/1", "4.04"),
        (Code.DELETE, "rd/1", "4.04"),
        (Code.POST, f"rd/{IMEI}/", "4.04"),
        (Code.POST, "3303/0", "4.04"),
    ],
)
def test_request_that_is_not_of_the_interface(code: Code, path: str, expected: str) -> None:
    cloud = CloudWithDevice()
    cloud.log_in()
    assert answer(cloud, path, EP, code=code) == expected
    assert cloud.online


# Authentication code ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("required", "sent", "code"),
    [
        ("auth77", "auth77", "2.01"),
        ("auth77", None, "4.03"),
        ("auth77", "auth78", "4.03"),
        ("auth77", "", "4.03"),
        (None, None, "2.01"),
        (None, "auth77", "2.01"),
    ],
)
def test_authentication_code_of_a_register(
    required: str | None, sent: str | None, code: str
) -> None:
    cloud = CloudWithDevice(auth=required)
    assert answer(cloud, "rd", EP, auth=sent) == code
    assert cloud.online is (code == "2.01")


def test_authentication_code_is_also_asked_of_update_and_deregister() -> None:
    cloud = CloudWithDevice(auth="auth77")
    answer(cloud, "rd", EP, "lt=100", auth="auth77")
    cloud.step(50)
    location = f"rd/{IMEI}"
    assert answer(cloud, location, "lt=1000") == "4.03"
    assert answer(cloud, location, code=Code.DELETE, payload=b"") == "4.03"
    assert answer(cloud, location, payload=b"", auth="auth77") == "2.04"
    cloud.step(99)
    assert cloud.online
    assert answer(cloud, location, code=Code.DELETE, payload=b"", auth="auth77") == "2.02"
    assert not cloud.online


def test_unknown_critical_option_is_refused() -> None:
    cloud = CloudWithDevice()
    # Register with option 65 (RFC 7252 section 5.4.1), and one with elective option 66.
    links = b"\xff" + LINKS
    head = bytes.fromhex("4002 0001 b27264 1128 3d15") + EP.encode()
    cloud.module.send_bytes(head + bytes.fromhex("d025") + links)
    cloud.module.send_bytes(head.replace(b"\0\1", b"\0\2", 1) + bytes.fromhex("d026") + links)
    cloud.step()
    assert cloud.module.brief()[:2] == ["ACK 4.02 1", "ACK 2.01 2"]


# Update ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "payload", "content_format", "code"),
    [
        ((), b"", None, "2.04"),
        (("lt=60",), b"", None, "2.04"),
        (("lt=60", "b=UQ", "lwm2m=1.0", "sms=1"), LINKS, None, "2.04"),
        (("lt=60",), LINKS, 40, "2.04"),
        (("lt=x",), LINKS, 40, "4.00"),
        (("lt=60", "lt=60"), b"", None, "4.00"),
        (("b=X",), b"", None, "4.00"),
        ((), b"</3303", 40, "4.00"),
        ((), LINKS, 60, "4.15"),
    ],
)
def test_update(
    query: tuple[str, ...], payload: bytes, content_format: int | None, code: str
) -> None:
    cloud = CloudWithDevice()
    cloud.log_in()
    sent = {"payload": payload, "content_format": content_format}
    assert answer(cloud, f"rd/{IMEI}", *query, **sent) == code  # type: ignore[arg-type]


def test_update_without_links_keeps_objects_and_observations() -> None:
    cloud = CloudWithDevice()
    cloud.log_in(Path(3303, 0), Path(3304, 0))
    sent = len(cloud.module.requests)
    assert answer(cloud, f"rd/{IMEI}", "lt=60", payload=b"") == "2.04"
    assert len(cloud.module.requests) == sent
    registration = cloud.platform.registration(cloud.device)
    assert registration is not None
    assert registration.objects == (Path(3303, 0), Path(3304, 0))
    assert len(registration.observations) == 2


# Objects below another path ----------------------------------------------------------------------


def test_objects_below_an_alternate_path_are_asked_for_there() -> None:
    cloud = CloudWithDevice()
    cloud.module.answer = _below_alternate_path
    answer(cloud, "rd", EP, payload=b'</lwm2m>;rt="oma.lwm2m",</lwm2m/3303/0>')
    assert cloud.module.operations() == ["Discover /lwm2m/3303", "Observe /lwm2m/3303/0"]
    cloud.request()
    assert cloud.module.operations()[-1] == "Read /lwm2m/3303/0/5700"
    registration = cloud.platform.registration(cloud.device)
    assert registration is not None
    assert registration.resources == {3303: (Path(3303, 0, 5700),)}


def _below_alternate_path(request: Message) -> Message:
    match operation_of(request).split(" ")[0]:
        case "Discover":
            links = b'</lwm2m>;rt="oma.lwm2m",</lwm2m/3303/0/5700>'
            return Message(code=Code.CONTENT, content_format=40, payload=links)
        case "Observe":
            return Message(code=Code.CONTENT, observe=0)
        case _:
            return Message(code=Code.CONTENT, content_format=0, payload=b"1.5")
