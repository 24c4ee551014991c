"""Hostile datagrams: nothing raises, memory stays bounded, strangers change nothing."""

from __future__ import annotations

from random import Random

import pytest
from aiocoap.numbers import Code, Type
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.coap import bodies, client, observation, server, transmission
from emulator.coap.server import Incoming
from emulator.coap.tuning import Tuning
from tests.support.captures import datagrams
from tests.support.coap import PEER, Bench, message
from tests.support.effort import either, scaled

CAPTURED = datagrams()
OPTIONS = [
    "d10a0b", "d10a1b", "d10e0b", "d10e13", "60", "6101", "61ff", "c10b", "c113", "b161", "b7",
    "ff", "d2140190", "4141", "d1f803", "e00000", "40", "54333330", "0130",
]  # fmt: skip


def hostile(random: Random) -> bytes:
    """A captured datagram with changes, options by chance after a header, or bytes by chance."""
    match random.randrange(4):
        case 0:
            return random.randbytes(random.randrange(40))
        case 1:
            header = bytes((0x40 | random.randrange(64) & 0x34, random.randrange(256)))
            parts = "".join(random.choices(OPTIONS, k=random.randrange(6)))
            token = random.randbytes(header[0] & 15)
            mid = random.choice([0x7D34, 0x7D35, random.randrange(0x10000)]).to_bytes(2, "big")
            return (
                header
                + mid
                + token
                + bytes.fromhex(parts)
                + random.randbytes(random.randrange(200))
            )
        case _:
            changed = bytearray(random.choice(CAPTURED))
            for _ in range(random.randrange(4)):
                changed[random.randrange(len(changed))] = random.randrange(256)
            return bytes(changed[: random.randrange(len(changed)) or None])


def busy(random: Random) -> Bench:
    """An endpoint that observes, asks, sends bodies, and answers most requests at some time."""
    bench = Bench(Tuning(block_size=32, max_body=200, nstart=None), seed=random.randrange(100))

    def serve(incoming: Incoming, now: float) -> None:
        if random.random() < 0.2:
            incoming.acknowledge(now)
        if random.random() < 0.8:
            payload = bytes(random.choice([0, 10, 100]))
            observe = incoming.message.opt.observe
            incoming.respond(message(Code.CONTENT, payload=payload, observe=observe), now)

    bench.endpoint.serve = serve
    for token, options in (
        (b"\x4a", {"observe": 0}),
        (b"\x50\x00", {"payload": bytes(100)}),
        (b"", {}),
    ):
        bench.endpoint.request(
            PEER,
            message(Code.GET, "3303", **options),  # type: ignore[arg-type]
            bench.on_response,
            bench.now,
            token=token,
            on_notification=bench.on_notification if options.get("observe") == 0 else None,
        )
    bench.receives("61457d344a60ff18")
    return bench


@settings(max_examples=scaled(400))
@given(st.integers(0, 1 << 32))
def test_no_datagram_raises(seed: int) -> None:
    random = Random(seed)
    bench = busy(random)
    for _ in range(50):
        bench.endpoint.receive(random.choice([PEER, "elsewhere"]), hostile(random), bench.now)
        bench.elapse(random.choice([0.0, 0.0, 0.5, 20.0]))
        if random.random() < 0.2:
            sent = message(Code.CONTENT, payload=bytes(100), observe=3)
            bench.endpoint.notify(
                PEER, b"\x4a", sent, bench.now, type=random.choice(list(Type)[:3])
            )
    bench.elapse(2000)
    assert bench.endpoint.due is None
    assert len(bench.responses) == 3


BOUNDS = {
    bodies: ("MAX_COLLECTED", "MAX_HANDED_OUT", "MAX_OBSERVERS"),
    client: ("MAX_ANSWERED",),
    observation: ("MAX_NOTIFICATIONS",),
    server: ("MAX_REQUESTS",),
    transmission: ("MAX_PEERS", "MAX_UNCONFIRMED"),
}


def entries(thing: object, seen: set[int]) -> int:
    """Entries of all containers that an object holds, with those of its objects."""
    if id(thing) in seen or isinstance(thing, str | bytes | int | float | type(None) | type):
        return 0
    seen.add(id(thing))
    if isinstance(thing, dict):
        parts = [*thing.keys(), *thing.values()]
    elif isinstance(thing, list | tuple | set | frozenset) or hasattr(thing, "popleft"):
        parts = list(thing)
    else:
        if not type(thing).__module__.startswith(("emulator.coap", "emulator.clock")):
            return 0
        names = getattr(type(thing), "__slots__", ())
        parts = [getattr(thing, name) for name in names] + list(
            getattr(thing, "__dict__", {}).values()
        )
    return len(parts) + sum(entries(part, seen) for part in parts)


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """With small bounds, what an endpoint holds after some thousand datagrams does not grow."""
    for module, names in BOUNDS.items():
        for name in names:
            monkeypatch.setattr(module, name, 20)
    random = Random(1)
    bench = busy(random)
    sizes = []
    for _ in range(either(4, 20)):
        for _ in range(3000):
            peer = f"192.0.2.{random.randrange(250)}:5683"
            bench.endpoint.receive(peer, hostile(random), bench.now)
            bench.sent.clear()
        bench.elapse(100)
        sizes.append(entries(bench.endpoint, set()))
    assert max(sizes) < 6000
    assert sizes[-1] < 1.5 * sizes[0]


def test_strangers_change_nothing() -> None:
    """A sender from elsewhere cannot answer, acknowledge, reset or observe in a peer's name."""
    bench = Bench()
    bench.endpoint.request(
        PEER, message(Code.GET, "temperature"), bench.on_response, bench.now, token=b"\x20"
    )
    ended: list[object] = []
    sent = message(Code.CONTENT, observe=2)
    bench.endpoint.notify(
        "b", b"\x4a", sent, bench.now, type=Type.CON, on_end=lambda *end: ended.append(end)
    )
    for digits in ("60007d34", "70007d34", "61457d3420ff31", "4145000120ff31", "5145000220ff31"):
        bench.receives(digits, peer="elsewhere")
    assert bench.responses == []
    assert ended == []
    assert bench.elapse(2) == [2.0, 2.0]
