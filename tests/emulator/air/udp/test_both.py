"""Both airs do the same: who gets what, from whom, in which order, and what is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from hypothesis import example, given, settings
from hypothesis import strategies as st

from emulator.air.faults import Faults, Link
from emulator.air.network import Air, MemoryAir
from emulator.air.udp.air import UdpAir
from tests.support.clock import run
from tests.support.effort import scaled

ENDS = 3
PUBLISHED = ("183.230.40.40:5683", "nbiotbt.heclouds.com:5683")  # both are led to end 0


@dataclass(frozen=True)
class Send:
    """`to`: the number of an end, or of a published address after them."""

    source: int
    to: int
    pause: float


@dataclass(frozen=True)
class Change:
    name: str
    value: float


shares = st.sampled_from([0.0, 0.2, 1.0])
sends = st.builds(
    Send,
    source=st.integers(0, ENDS - 1),
    to=st.integers(0, ENDS + len(PUBLISHED) - 1),
    pause=st.sampled_from([0.0, 0.05, 3.0]),
)
changes = st.one_of(
    st.builds(
        Change, st.sampled_from(["loss", "duplication", "reordering", "delayed"]), value=shares
    ),
    st.builds(Change, st.sampled_from(["latency", "delay"]), st.sampled_from([0.0, 0.1, 5.0])),
)
links = st.builds(
    Link,
    latency=st.sampled_from([0.0, 1.0]),
    loss=shares,
    window=st.sampled_from([2.0, None]),
)


class Play:
    """Plays steps on an air; `seen` has (time, source, datagram) for each end."""

    def __init__(self) -> None:
        self.now = 0.0
        self.seen: list[list[tuple[float, str, bytes]]] = [[] for _ in range(ENDS)]
        self.news = asyncio.Event()

    def attach(self, air: Air, address: Callable[[int], str], places: list[Link]) -> None:
        self.air = air
        self.addresses = [
            air.attach(address(number), partial(self.deliver, number), lambda place=place: place)  # type: ignore[misc]
            for number, place in enumerate(places)
        ]
        self.labels = {each: f"end {number}" for number, each in enumerate(self.addresses)}
        self.labels |= {each: each for each in PUBLISHED}
        for each in PUBLISHED:
            air.routes[each] = self.addresses[0]

    def deliver(self, end: int, source: str, datagram: bytes, now: float) -> None:
        self.seen[end].append((now, self.labels[source], datagram))
        self.news.set()

    async def arrived(self) -> None:
        """Wait until the sockets have delivered what went out; in memory, it has arrived."""
        while sum(map(len, self.seen)) < self.air.carried:
            self.news.clear()
            await self.news.wait()

    async def run(self, until: float) -> None:
        while self.air.deadline is not None and self.air.deadline <= until:
            self.now = self.air.deadline
            self.air.step(self.now)
            await self.arrived()
        self.now = until

    async def play(self, steps: list[Send | Change]) -> object:
        for number, step in enumerate(steps):
            if isinstance(step, Change):
                setattr(self.air.faults, step.name, step.value)
                continue
            to = (*self.addresses, *PUBLISHED)[step.to]
            self.air.send(self.addresses[step.source], to, b"%d" % number, self.now)
            await self.run(self.now + step.pause)
        await self.run(1e6)
        return self.seen, self.air.carried, self.air.lost


async def in_memory(steps: list[Send | Change], places: list[Link], seed: int) -> object:
    play = Play()
    play.attach(MemoryAir(Faults(seed=seed)), lambda number: f"10.0.0.{number}:5683", places)
    return await play.play(steps)


async def by_udp(steps: list[Send | Change], places: list[Link], seed: int) -> object:
    play = Play()
    air = UdpAir(lambda call: call(play.now), Faults(seed=seed))
    try:
        play.attach(air, lambda _number: "127.0.0.1:0", places)
        return await play.play(steps)
    finally:
        air.close()


@settings(max_examples=scaled(160))
@given(
    steps=st.lists(st.one_of(sends, sends, sends, changes), max_size=40),
    places=st.lists(links, min_size=ENDS, max_size=ENDS),
    seed=st.integers(0, 2**32),
)
@example(
    steps=[Change("duplication", 0.2), Change("loss", 0.2), *[Send(1, 0, 0.05)] * 60],
    places=[Link()] * ENDS,
    seed=1,
)
def test_both_airs_carry_the_same(
    steps: list[Send | Change], places: list[Link], seed: int
) -> None:
    expected = run(in_memory(steps, places, seed))
    assert run(by_udp(steps, places, seed), virtual=False) == expected
