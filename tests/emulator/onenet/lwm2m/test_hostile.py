"""Datagrams of anybody: none raises, memory stays flat, another sender changes nothing."""

from __future__ import annotations

import gc
import tracemalloc
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.lwm2m.model import Path
from emulator.onenet.devices import Description, Device
from emulator.onenet.lwm2m.operations import CancelObserve, Discover, Observe, Read
from emulator.onenet.lwm2m.server import Server
from emulator.onenet.platform import Platform
from emulator.onenet.years import YEARS
from tests.support.captures import datagrams
from tests.support.effort import scaled
from tests.support.open_product import OpenProduct
from tests.support.stored import streams

CAPTURED = datagrams()
HOME, ELSEWHERE = "192.0.2.1:56830", "198.51.100.7:5683"
IMEI, IMSI = "865820030013978", "460040983300001"
PATH = Path(3200, 0)
# Register of the first kit, and the tail of an update with the same links.
REGISTER = next(datagram for datagram in CAPTURED if IMEI.encode() in datagram)


class Bench:
    """A platform with one device at HOME, which is registered and observed."""

    def __init__(self) -> None:
        self.platform = Platform()
        self.sent: list[tuple[str, bytes]] = []
        self.platform.server.send = lambda to, datagram, _now: self.sent.append((to, datagram))
        self.device: Device = self.platform.create_device(Description("a device", IMEI, IMSI), 0)
        self.now = 0.0
        self.ends = 0

    def receive(self, datagram: bytes, address: str = HOME) -> None:
        self.platform.server.receive(address, datagram, self.now)
        deadline = self.platform.server.step(self.now)
        assert deadline is None or deadline > self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds
        deadline = self.platform.server.step(self.now)
        assert deadline is None or deadline > self.now

    def log_in(self) -> None:
        self.receive(REGISTER)
        while self.sent:
            _, datagram = self.sent.pop(0)
            if 0 < datagram[1] < 32:
                observe = b"\x60" if datagram[8:9] == b"\x60" else b""
                self.receive(b"\x64\x45" + datagram[2:8] + observe)

    def request(self) -> None:
        for operation in (Read(PATH), Discover(Path(3200)), Observe(PATH), CancelObserve(PATH)):
            if self.platform.online(self.device):
                self.platform.request(self.device, operation, self._done, self.now)

    def _done(self, _: object) -> None:
        self.ends += 1

    def state(self) -> object:
        registration = self.platform.registration(self.device)
        assert registration is not None
        return (
            registration.number,
            registration.address,
            registration.expires,
            registration.objects,
            registration.resources,
            dict(registration.observations),
            self.ends,
            streams(self.platform, self.device, 6000),
        )


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A captured datagram with some bytes changed, cut out or put in."""
    data = bytearray(draw(st.sampled_from(CAPTURED)))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data)))
        match draw(st.integers(0, 3)):
            case 0 if at < len(data):
                data[at] = draw(st.integers(0, 255))
            case 1:
                del data[at : at + draw(st.integers(1, 8))]
            case 2:
                data[at:at] = draw(st.binary(max_size=8))
            case 3:
                del data[at:]
    return bytes(data)


@st.composite
def aimed(draw: st.DrawFn) -> tuple[int, bytes]:
    """Which of the platform's last requests is answered, and how."""
    head = draw(st.sampled_from([0x40, 0x50, 0x60, 0x70]))
    options = draw(
        st.sampled_from(["", "60", "6101", "622d16ff", "60622d16ff", "c128ff", "c16eff"])
    )
    rest = bytes.fromhex(options) + draw(st.binary(max_size=24))
    return draw(st.integers(0, 5)), bytes((head, draw(st.integers(0, 255)))) + rest


def answered(bench: Bench, which: int, rest: bytes) -> bytes:
    """An answer with message id and token of one of the platform's requests."""
    requests = [datagram for _, datagram in bench.sent if 0 < datagram[1] < 32] or [REGISTER]
    request = requests[-1 - which % len(requests)]
    return bytes((rest[0] | request[0] & 15, rest[1])) + request[2:8] + rest[2:]


@settings(max_examples=scaled(100))
@given(
    st.lists(
        st.tuples(
            st.sampled_from([0.0, 0.1, 10.0, 300.0]),
            st.sampled_from([HOME, ELSEWHERE]),
            st.one_of(st.binary(max_size=40), mutated(), aimed(), st.none()),
        ),
        max_size=25,
    )
)
def test_no_datagram_raises_and_each_request_ends(
    events: list[tuple[float, str, bytes | tuple[int, bytes] | None]],
) -> None:
    bench = Bench()
    bench.log_in()
    for pause, address, event in events:
        bench.wait(pause)
        if event is None:
            bench.request()
        elif isinstance(event, bytes):
            bench.receive(event, address)
        else:
            bench.receive(answered(bench, *event), address)
    bench.wait(100)
    assert bench.platform.server.requests.count(bench.device.endpoint) == 0


@settings(max_examples=scaled(100))
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=40),
            mutated().filter(lambda datagram: IMEI.encode() not in datagram),
            aimed(),
        ),
        max_size=25,
    )
)
def test_sender_from_elsewhere_changes_nothing(
    events: list[bytes | tuple[int, bytes]],
) -> None:
    bench = Bench()
    bench.log_in()
    bench.platform.request(bench.device, Read(PATH), bench._done, bench.now)
    before = bench.state()
    for event in events:
        bench.receive(event if isinstance(event, bytes) else answered(bench, *event), ELSEWHERE)
        assert bench.state() == before


PARTS = st.sampled_from(["/", "3303", "0", "65536", "lwm2m", "a" * 300, "é", '"', ";", "=", " "])


@settings(max_examples=scaled(100))
@given(
    st.lists(st.lists(PARTS, max_size=12).map("".join), max_size=6),
    st.sampled_from(["", ';rt="oma.lwm2m"', ";rt=oma.lwm2m;ct=x", ";"]),
)
def test_no_links_of_a_device_raise(paths: list[str], attributes: str) -> None:
    bench = Bench()
    head = REGISTER[: REGISTER.index(b"\xff") + 1]
    links = ",".join(f"<{path}>{attributes}" for path in paths).encode()
    bench.receive(head + links)
    bench.request()
    for seconds in (10, 10, 10, 100):
        bench.wait(seconds)


def test_memory_stays_flat_under_hostile_datagrams() -> None:
    chance = Random(1)
    bench = Bench()
    bench.log_in()

    def attack(count: int) -> int:
        for _ in range(count):
            data = bytearray(chance.choice(CAPTURED))
            for _ in range(chance.randrange(4)):
                data[chance.randrange(len(data))] = chance.randrange(256)
            # A new message id: it is no repetition.
            data[2:4] = chance.randbytes(2)
            address = f"203.0.113.{chance.randrange(256)}:{chance.randrange(65536)}"
            bench.wait(0.5)
            bench.receive(bytes(data), address)
            bench.sent.clear()
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        attack(1000)
        first = attack(1500)
        second = attack(1500)
    finally:
        tracemalloc.stop()
    assert second - first < 150_000


def test_registration_takes_less_than_10_kilobytes() -> None:
    count = 400
    server = Server(OpenProduct(), YEARS[2018])
    sent: list[tuple[str, bytes]] = []
    server.send = lambda to, datagram, _now: sent.append((to, datagram))
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for number in range(count):
            imei = str(int(IMEI) + number).encode()
            address, datagram = f"10.0.{number >> 8}.{number & 255}:56830", REGISTER
            server.receive(address, datagram.replace(IMEI.encode(), imei), number / 100)
            while sent:
                to, request = sent.pop()
                if 0 < request[1] < 32:
                    observe = b"\x60" if request[8:9] == b"\x60" else b""
                    server.receive(to, b"\x64\x45" + request[2:8] + observe, number / 100)
        used = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert len(server.registrations.online()) == count
    assert used / count < 10_000
