"""Bootstrap: the module asks the bootstrap server where to register, and registers there."""

from __future__ import annotations

import pytest

from emulator.lwm2m.model import Path
from emulator.module.lwm2m.bootstrap import address_of
from emulator.module.lwm2m.client import Client
from emulator.module.lwm2m.host import ServerAddress
from emulator.module.lwm2m.registration import Account
from emulator.module.lwm2m.states import State
from emulator.module.lwm2m.style import ONENET, STANDARD, Style
from tests.support.lwm2m import RecordingHost

BOOTSTRAP, SERVER = "183.230.40.39:5683", "183.230.40.40:5683"
URI = b"coap://183.230.40.40:5683"
# PUT /0/0 as TLV (LwM2M 1.0.2, 6.4.3): 0 the URI, 1 no bootstrap server, 2 no security, 10 the id.
ACCOUNT = b"\xc8\x00" + bytes([len(URI)]) + URI + b"\xc1\x01\x00\xc1\x02\x03\xc1\x0a\x01"
PUT_ACCOUNT = b"\x42\x03\x12\x34\xab\xcd\xb1\x30\x01\x30\x12\x2d\x16\xff" + ACCOUNT
FINISH = b"\x42\x02\x12\x35\xab\xce\xb2bs"


class Bench:
    def __init__(self, style: Style = ONENET, timeout: float = 30.0) -> None:
        self.sent: list[tuple[str, bytes]] = []
        self.host = RecordingHost()
        self.client = Client(self._send, lambda: True, first_mid=1, style=style)
        self.client.host = self.host
        self.client.configure(Account("1;2", 300, ServerAddress(BOOTSTRAP, bootstrap=True)))
        self.client.add_instance(Path(3303, 0))
        self.client.open(timeout, 0.0)

    def _send(self, to: str, datagram: bytes, _now: float) -> None:
        self.sent.append((to, datagram))

    def take(self) -> tuple[str, bytes]:
        (sent,) = self.sent
        self.sent.clear()
        return sent

    def receive(self, datagram: bytes, now: float = 0.0) -> None:
        self.client.deliver(BOOTSTRAP, datagram, now)

    def accept(self) -> None:
        """2.04 to the bootstrap request."""
        to, request = self.take()
        assert to == BOOTSTRAP
        assert request[:2] == b"\x44\x02"
        assert request[8:] == b"\xb2bs\x46ep=1;2"
        self.receive(b"\x64\x44" + request[2:8])


def test_module_registers_at_the_address_that_it_was_given() -> None:
    bench = Bench()
    bench.accept()
    bench.receive(PUT_ACCOUNT)
    assert bench.take() == (BOOTSTRAP, b"\x62\x44\x12\x34\xab\xcd")
    bench.receive(FINISH)
    (to, answer), (server, register) = bench.sent
    assert (to, answer) == (BOOTSTRAP, b"\x62\x44\x12\x35\xab\xce")
    assert (server, register[8:11]) == (SERVER, b"\xb2rd")
    assert bench.client.state is State.REGISTERING
    bench.client.deliver(SERVER, b"\x64\x41" + register[2:8] + b"\x82rd\x011", 1.0)
    assert bench.host.events == [("registered", True)]


def test_requests_that_come_after_the_finish_change_nothing() -> None:
    """One server may do both, and repeats what was not acknowledged."""
    bench = Bench(timeout=20.0)
    bench.accept()
    uri = f"coap://{BOOTSTRAP}".encode()
    bench.receive(PUT_ACCOUNT.replace(URI, uri))
    bench.receive(FINISH)
    _, _, (server, register) = bench.sent
    assert server == BOOTSTRAP
    bench.sent.clear()
    bench.receive(FINISH)
    assert bench.take() == (BOOTSTRAP, b"\x62\x44\x12\x35\xab\xce")
    bench.receive(PUT_ACCOUNT.replace(b"\x12\x34", b"\x12\x38", 1))
    bench.take()
    bench.receive(b"\x64\x41" + register[2:8] + b"\x82rd\x011", 1.0)
    assert bench.host.events == [("registered", True)]
    bench.sent.clear()
    bench.client.step(20.0)
    assert bench.client.state is State.REGISTERED
    bench.receive(FINISH, 21.0)
    assert bench.client.state is State.REGISTERED


def test_server_may_begin_before_it_answers() -> None:
    bench = Bench()
    _, request = bench.take()
    bench.receive(PUT_ACCOUNT)
    bench.receive(b"\x64\x44" + request[2:8])
    bench.receive(FINISH)
    assert bench.sent[-1][0] == SERVER


@pytest.mark.parametrize("answer", [b"\x64\x80", b"\x64\x83"])
def test_refused_bootstrap_fails_the_login(answer: bytes) -> None:
    bench = Bench()
    _, request = bench.take()
    bench.receive(answer + request[2:8])
    assert bench.host.events == [("registered", False)]
    assert bench.client.due is None


def test_bootstrap_that_stops_ends_with_the_timeout() -> None:
    bench = Bench(timeout=20.0)
    bench.accept()
    assert bench.client.due == 20.0
    bench.client.step(20.0)
    assert bench.host.events == [("registered", False)]
    bench.receive(PUT_ACCOUNT, 21.0)
    assert bench.sent == []


def test_finish_without_an_address_fails_the_login() -> None:
    bench = Bench()
    bench.accept()
    bench.receive(FINISH)
    assert bench.host.events == [("registered", False)]


@pytest.mark.parametrize(
    ("style", "request_", "code"),
    [
        # DELETE /0, PUT /1/0, PUT /0/0 with a text, GET /0/0
        (ONENET, b"\x40\x04\x12\x36\xb1\x30", 0xA1),
        (STANDARD, b"\x40\x04\x12\x36\xb1\x30", 0x42),
        (ONENET, b"\x40\x03\x12\x36\xb1\x31\x01\x30\x12\x2d\x16\xff\xc1\x00\x01", 0x84),
        (STANDARD, b"\x40\x03\x12\x36\xb1\x31\x01\x30\x12\x2d\x16\xff\xc1\x00\x01", 0x44),
        (ONENET, b"\x40\x03\x12\x36\xb1\x30\x01\x30\x12\x2d\x16\xff\xc8", 0x80),
        (ONENET, b"\x40\x01\x12\x36\xb1\x30\x01\x30", 0x84),
    ],
)
def test_other_requests_of_the_bootstrap_server(style: Style, request_: bytes, code: int) -> None:
    bench = Bench(style)
    bench.accept()
    bench.receive(request_)
    assert bench.take()[1] == bytes((0x60, code, 0x12, 0x36))


def test_others_are_not_served() -> None:
    bench = Bench()
    bench.accept()
    bench.client.deliver(SERVER, PUT_ACCOUNT, 0.0)
    assert bench.sent == []


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("coap://183.230.40.40:5683", "183.230.40.40:5683"),
        ("coap://NBIOT.example/", "nbiot.example:5683"),
        ("coap://[::1]:7000", "[::1]:7000"),
        ("coaps://183.230.40.40", "coaps://183.230.40.40:5684"),
        ("", None),
    ],
)
def test_address_of_a_uri(uri: str, address: str | None) -> None:
    assert address_of(uri) == address
