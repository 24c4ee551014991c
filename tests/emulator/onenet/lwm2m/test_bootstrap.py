"""Bootstrap: the platform writes the address of the access machine to a device that asks for it."""

from __future__ import annotations

import pytest
from aiocoap import Message
from aiocoap.numbers import Code

from emulator.lwm2m.model import Path
from emulator.onenet.devices import Description
from emulator.onenet.platform import Platform
from emulator.simulation.simulation import BOOTSTRAP_SERVERS
from tests.support.fake_device import IMEI, IMSI, CloudWithDevice, silent, success

EP = f"ep={IMEI};{IMSI}"
# Resources 0 (the address), 1 (no bootstrap server), 2 (no security), 10 (server id), by hand from
# LwM2M 1.0.2 section 6.4.3 and appendix E.1.
SECURITY = b"\xc8\x00\x19coap://183.230.40.40:5683\xc1\x01\x00\xc1\x02\x03\xc1\x0a\x01"


@pytest.fixture(params=BOOTSTRAP_SERVERS)
def cloud(request: pytest.FixtureRequest) -> CloudWithDevice:
    cloud = CloudWithDevice(auth="auth77")
    cloud.module.destination = request.param
    return cloud


def ask(cloud: CloudWithDevice, *query: str, auth: str | None = "auth77") -> str:
    cloud.module.request(Code.POST, "bs", query, auth=auth)
    cloud.step()
    dotted: str = cloud.module.response().code.dotted
    return dotted


def test_address_is_written_and_the_bootstrap_finished(cloud: CloudWithDevice) -> None:
    assert ask(cloud, EP) == "2.04"
    write, finish = cloud.module.datagrams[1:]
    # PUT /0/0 with TLV, and POST /bs.
    assert write[:2] + write[8:] == b"\x44\x03\xb10\x010\x12\x2d\x16\xff" + SECURITY
    assert finish[:2] + finish[8:] == b"\x44\x02\xb2bs"
    assert not cloud.online
    cloud.module.register(Path(3303, 0), auth="auth77")
    cloud.step()
    assert cloud.online


@pytest.mark.parametrize(
    ("query", "auth"),
    [
        ((), "auth77"),
        (("ep=",), "auth77"),
        ((EP, EP), "auth77"),
        (("ep=1;2",), "auth77"),
        ((EP,), None),
        ((EP,), "auth78"),
    ],
)
def test_bootstrap_of_another_is_a_bad_request(
    cloud: CloudWithDevice, query: tuple[str, ...], auth: str | None
) -> None:
    assert ask(cloud, *query, auth=auth) == "4.00"
    assert cloud.module.requests == []


def test_bootstrap_ends_when_the_device_refuses_the_write(cloud: CloudWithDevice) -> None:
    cloud.module.answer = lambda _: Message(code=Code.NOT_IMPLEMENTED)
    ask(cloud, EP)
    cloud.step(60)
    assert cloud.module.operations() == ["Write /0/0"]


def test_write_without_answer_is_repeated_and_given_up(cloud: CloudWithDevice) -> None:
    cloud.module.answer = silent
    ask(cloud, EP)
    cloud.step(60)
    assert cloud.module.operations() == ["Write /0/0"] * 3
    assert cloud.simulation.step(cloud.now) is None


def test_device_that_asks_again_gets_the_address_again(cloud: CloudWithDevice) -> None:
    cloud.module.answer = silent
    ask(cloud, EP)
    cloud.module.answer = success
    ask(cloud, EP)
    assert cloud.module.operations() == ["Write /0/0", "Write /0/0", "Execute /bs"]
    cloud.step(60)
    assert len(cloud.module.requests) == 3


def test_address_that_is_handed_out_can_be_chosen() -> None:
    platform = Platform(access_uri="coap://127.0.0.1:5683")
    sent: list[bytes] = []
    platform.server.send = lambda _to, datagram, _now: sent.append(datagram)
    platform.create_device(Description("a device", "1", "2"), 0)
    platform.server.receive("a", bytes.fromhex("40020001 b26273 46 65703d313b32"), 0)
    assert sent[0] == bytes.fromhex("60440001")
    assert b"\xc8\x00\x15coap://127.0.0.1:5683\xc1\x01\x00" in sent[1]
