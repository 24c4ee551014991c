"""Loss, duplication, reordering and delays up to 40 s: what must hold whatever is lost.

The module's host and the application act by chance. Each value is used once, so that it shows
where it belongs.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from random import Random

import pytest

from emulator.air.faults import Faults
from emulator.lwm2m.model import Item, Path
from emulator.module.lwm2m.states import REGISTERED
from emulator.onenet.errors import ApiError
from emulator.onenet.lwm2m.operations import Execute, Operation, Read, Write
from emulator.onenet.lwm2m.outcomes import Outcome
from emulator.onenet.lwm2m.requests import Request
from tests.support.clock import run
from tests.support.effort import either
from tests.support.host_words import BOTH
from tests.support.stored import streams
from tests.support.two_airs import World

TEMPERATURE, DIMMER = Path(3303, 0, 5700), Path(3306, 0, 5851)
INSTANCES = {Path(3303, 0), Path(3306, 0)}
pytestmark = [pytest.mark.usefixtures("each_language"), pytest.mark.unmeasured]

ACTIONS = 60
SEEDS, BATCH = 200, 20
LIFETIME = 86_400


class Life:
    """A module whose host keeps it registered, with an application that asks it."""

    def __init__(self, seed: int, air: str, style: str) -> None:
        self.random = random = Random(seed)
        faults = Faults(
            loss=0.3, duplication=0.1, reordering=0.2, delayed=0.1, delay=40.0, seed=seed
        )
        self.world = World(air, style, faults)
        self.number = 0
        self.requests: list[tuple[Request, Operation, list[Outcome]]] = []
        self.reported: dict[int, float] = {}  # by ackid
        self.confirmed: set[Path] = set()
        self.registration = -1
        self.actions: list[Callable[[], None]] = [
            *(self.report,) * 3,
            *(self.read, self.write, self.execute),
            *(self.update,) * 2,
        ]
        self.style = style
        self._seen = 0
        random.shuffle(self.actions)

    @property
    def urcs(self) -> list[str]:
        return self.world.host.urcs

    def at(self, line: str) -> str:
        """A command that is answered at once; the answer's last line."""
        self.world.host.write(line, self.world.now)
        self.world.host.read(self.world.now)
        return self.urcs[-1]

    def next(self) -> int:
        self.number += 1
        return self.number

    # The host ------------------------------------------------------------------------------------

    def report(self) -> None:
        number = self.next()
        if self.at(self.world.words.report(number + 0.5, number)) == "OK":
            self.reported[number] = number + 0.5

    def update(self) -> None:
        with_objects = self.random.random() < 0.5
        self.at(self.world.words.update(LIFETIME, with_objects=with_objects))

    def keep_registered(self) -> None:
        """Log in again after each failure, as hosts do."""
        news, self._seen = self.urcs[self._seen :], len(self.urcs)
        if any(line in ("opened 0", "updated 0") for line in news):
            self.at(self.world.words.open(60))

    # The application -----------------------------------------------------------------------------

    def ask(self, operation: Operation) -> None:
        it, outcomes = self.world, list[Outcome]()
        try:
            request = it.platform.request(it.device, operation, outcomes.append, it.now)
        except ApiError:  # offline
            return
        self.requests.append((request, operation, outcomes))

    def read(self) -> None:
        self.ask(Read(TEMPERATURE))

    def write(self) -> None:
        item = Item(DIMMER, self.next())
        self.ask(Write(Path(3306, 0), (item,), replace=self.random.random() < 0.5))

    def execute(self) -> None:
        self.ask(Execute(DIMMER, b"%d" % self.next()))

    # What must hold ------------------------------------------------------------------------------

    def check_observations(self) -> None:
        """What both ends had confirmed is there as long as the registration is."""
        it = self.world
        registration = it.platform.registration(it.device)
        over = registration is None or not registration.online  # its lifetime
        if over or it.module.client.state not in REGISTERED:  # or an update has failed
            self.confirmed = set()
            return
        assert registration is not None
        if registration.number != self.registration:
            self.registration, self.confirmed = registration.number, set()
        here = registration.observations
        there = {
            path: one.token for path, one in it.module.client._observations._observations.items()
        }
        lost = self.confirmed - (here.keys() & there.keys())
        assert not lost, f"confirmed, and lost at one end: {lost} at {it.now}"
        # A late observe may have replaced a newer one; the next notification shows it.
        late = registration.unanswered
        self.confirmed |= {p for p in here if there.get(p) in (here[p], late.get(p, b""))}

    def check_requests(self) -> None:
        msgids = defaultdict(set)  # by kind and value of the lines that the host got
        for line in self.urcs:
            found = re.fullmatch(r"(write|execute) (\d+) 3306 5851 (.*)", line)
            if found is not None:
                msgids[found[1], found[3]].add(int(found[2]))
        for (kind, value), ids in msgids.items():
            assert len(ids) == 1, f"{kind} {value} came under several msgids: {ids}"
        every = [next(iter(ids)) for ids in msgids.values()]
        assert len(every) == len(set(every)), "one msgid for two requests"
        for request, operation, outcomes in self.requests:
            assert len(outcomes) == 1
            if isinstance(operation, Read) and outcomes[0].failure is None:
                # The host answers a read with its msgid.
                assert outcomes[0].items == (Item(TEMPERATURE, float(request.mid)),)

    def check_reports(self) -> None:
        acknowledged = [
            int(line.rpartition(" ")[2]) for line in self.urcs if line.startswith("acknowledged")
        ]
        assert len(acknowledged) == len(set(acknowledged)), "an ackid twice"
        arrived = [
            point.value
            for stream in streams(self.world.platform, self.world.device, 6000)
            for point in stream.points
            if isinstance(point.value, float) and point.value % 1 == 0.5
        ]
        assert len(arrived) == len(set(arrived)), "a report is recorded twice"
        # One that was overtaken is acknowledged, and dropped as old (RFC 7641 3.4).
        newest = max(arrived)
        for ackid in acknowledged:
            assert self.reported[ackid] in arrived or self.reported[ackid] < newest

    async def play(self) -> None:
        it = self.world
        for line in it.words.create(*BOTH):
            assert self.at(line) == "OK"
        self.at(it.words.open(60))
        for _ in range(ACTIONS):
            self.random.choice(self.actions)()
            wait = self.random.expovariate(1 / 15)
            while wait > 0:
                await it.elapse(min(wait, 1.0))
                wait -= 1
                self.keep_registered()
                self.check_observations()
        it.faults.loss = it.faults.duplication = it.faults.reordering = it.faults.delayed = 0.0
        for _ in range(300):  # until what is in the air, and all repetitions, are over
            await it.elapse(1)
            self.keep_registered()
            self.check_observations()
        for _ in range(2):  # the first may show that the login has expired
            self.at(it.words.update(LIFETIME))
            await it.elapse(30)
            self.keep_registered()
            await it.elapse(30)
        assert "updated 1" in self.urcs[-12:]
        self.check_observations()
        assert self.confirmed >= INSTANCES, "not asked for again at the update"
        self.report()
        await it.elapse(1)
        assert self.urcs[-1] == f"acknowledged {self.number}"
        self.check_requests()
        self.check_reports()


async def play(seed: int, air: str, style: str) -> None:
    life = Life(seed, air, style)
    life.world.host.answers_with_msgid = True
    try:
        await life.play()
    except AssertionError as error:
        raise AssertionError(f"seed {seed}, {style}: {error}") from error
    finally:
        life.world.air.close()


@pytest.mark.parametrize("style", ["onenet", "standard"])
@pytest.mark.parametrize("batch", range(SEEDS // BATCH))
def test_in_memory(batch: int, style: str) -> None:
    seeds = range(batch * BATCH, (batch + 1) * BATCH)
    for seed in seeds[: either(1, BATCH)]:
        run(play(seed, "memory", style))


@pytest.mark.realtime
@pytest.mark.parametrize("style", ["onenet", "standard"])
async def test_over_udp(style: str) -> None:
    for seed in range(either(1, 5)):
        await play(seed, "udp", style)
