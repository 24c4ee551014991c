"""Coming back: what is tried again, when, and what ends it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random

import pytest

from m5310.at.modem import Modem
from m5310.commands.network import Registration as Stat
from m5310.device.events import PortBack, RadioRestarted, Reconnecting, Restored, UpkeepEvent
from m5310.device.provisioning import Provisioning
from m5310.device.radio import PATIENCE
from m5310.device.registration import Registration
from m5310.device.restore import FIRST_WAIT, HELD, LONGEST_PORT_WAIT, LONGEST_WAIT, Restoration
from m5310.dialects.urcs import Closed, Opened
from m5310.errors import CommandError, CommandTimeout, M5310Error, PortError
from m5310.lwm2m.resources import Access, ObjectTree, Resource
from m5310.lwm2m.values import ValueType
from m5310.module.link import Link, Session
from m5310.states import DeviceState
from tests.support.clock import elapse
from tests.support.dialects import CLASSIC
from tests.support.execute import RecordingExecute
from tests.support.scripted import Scripted

S = DeviceState
NAMES = ("AT+MIPLCONF", "AT+MIPLADDOBJ", "AT+MIPLNOTIFY", "AT+MIPLOPEN")


class Bench:
    """A registration, its declarations and their restoration, on a scripted wire.

    The platform says yes to a login after 2 s, unless `platform` is False or None (silence).
    """

    def __init__(self, state: DeviceState = S.RESTORING) -> None:
        self.wire = RecordingExecute()
        self.wire.then = self._sent
        self.refuse: Callable[[str], M5310Error | None] = lambda _: None
        self.platform: bool | None = True
        self.told: list[UpkeepEvent] = []
        self.registration = Registration(self.wire, CLASSIC)
        self.registration._states.state = state
        tree = ObjectTree()
        tree.add(Resource("3303/0/5700", ValueType.FLOAT, 21.5, Access.READABLE))
        tree.add(Resource("3303/0/5701", ValueType.STRING, "C", Access.READABLE))
        self.provisioning = Provisioning(
            tree,
            self.wire,
            CLASSIC,
            Session(),
            lambda kind: self.registration.verdicts.expect(kind),
        )
        self.port = Scripted()
        self.absent = 0  # attempts to open the port that will fail
        self.opened: list[float] = []
        self.link = Link(self._open)
        self.restoration = Restoration(
            self.link, self.registration, self.provisioning, self.told.append, Random(7)
        )

    async def _open(self) -> Modem:
        self.opened.append(asyncio.get_running_loop().time())
        if self.absent:
            self.absent -= 1
            raise PortError("not plugged in")
        return self.port.modem

    async def begin(self, *, login: bool, configured: bool) -> None:
        """With the port open."""
        await self.link.open()
        self.opened.clear()
        self.restoration.begin(login=login, configured=configured)

    def _sent(self, line: str) -> M5310Error | None:
        error = self.refuse(line)
        if error is None and line.startswith("AT+MIPLOPEN") and self.platform is not None:
            loop = asyncio.get_running_loop()
            loop.call_later(2, self.registration.heard, Opened(0, self.platform))
        return error

    def sent(self, name: str) -> int:
        return sum(line.startswith(name) for line in self.wire.lines)

    @property
    def waits(self) -> list[float]:
        return [each.wait for each in self.told if isinstance(each, Reconnecting)]


def refusing(name: str, times: int, number: int) -> Callable[[str], M5310Error | None]:
    left = [times]

    def refuse(line: str) -> M5310Error | None:
        if not line.startswith(name) or not left[0]:
            return None
        left[0] -= 1
        return CommandError(line, f"+CME ERROR:{number}", number)

    return refuse


async def test_who_falls_again_at_once_waits_longer_each_time() -> None:
    bench = Bench()
    await bench.begin(login=True, configured=False)
    await bench.restoration.ended()
    assert bench.waits == []
    for _ in range(12):
        bench.registration._states.state = S.RESTORING
        bench.restoration.begin(login=True, configured=False)
        await bench.restoration.ended()
    assert len(bench.waits) == 12
    assert bench.waits[0] <= 2 * FIRST_WAIT < bench.waits[2] < bench.waits[4] < LONGEST_WAIT / 2
    assert LONGEST_WAIT / 2 <= bench.waits[-1] <= LONGEST_WAIT
    await elapse(HELD)
    bench.restoration.begin(login=True, configured=False)
    await bench.restoration.ended()
    assert len(bench.waits) == 12


async def test_everything_is_told_in_order_and_logged_in() -> None:
    bench = Bench()
    await bench.begin(login=True, configured=False)
    assert bench.restoration.running
    await bench.restoration.ended()
    assert not bench.restoration.running
    assert bench.wire.lines[0] == "AT+CMEE=1"
    assert bench.wire.lines[1].startswith("AT+MIPLCONF=")
    assert bench.wire.lines[2:] == [
        "AT+MIPLADDOBJ=0,3303,0",
        'AT+MIPLNOTIFY=0,3303,0,5700,4,"21.5",1',
        'AT+MIPLNOTIFY=0,3303,0,5701,1,"C",1',
        "AT+MIPLOPEN=0,60",
    ]
    assert bench.registration.state is S.REGISTERED
    assert bench.told == [Restored(1)]


async def test_without_a_login_it_ends_deregistered() -> None:
    bench = Bench()
    await bench.begin(login=False, configured=False)
    await bench.restoration.ended()
    assert bench.sent("AT+MIPLOPEN") == 0
    assert bench.registration.state is S.DEREGISTERED


async def test_without_a_network_only_the_login_is_tried_again() -> None:
    bench = Bench()
    bench.refuse = refusing("AT+MIPLOPEN", 3, number=30)
    await bench.begin(login=True, configured=False)
    await bench.restoration.ended()
    assert [bench.sent(name) for name in NAMES] == [1, 1, 2, 4]
    assert bench.told[-1] == Restored(4)
    assert len(bench.waits) == 3
    for attempt, wait in enumerate(bench.waits, 1):
        assert FIRST_WAIT * 2 ** (attempt - 1) <= wait <= FIRST_WAIT * 2**attempt


async def test_a_module_that_gave_up_on_the_network_has_its_radio_restarted() -> None:
    bench = Bench()
    bench.port.rules = {"AT+CEREG?": ["+CEREG:0,3", "OK"]}
    bench.refuse = refusing("AT+MIPLOPEN", 8, number=30)
    await bench.begin(login=True, configured=False)
    begun = asyncio.get_running_loop().time()
    await bench.port.until("AT+CFUN=0")
    assert asyncio.get_running_loop().time() - begun >= PATIENCE
    await bench.restoration.ended()
    assert bench.told.count(RadioRestarted(Stat.DENIED)) == bench.port.sent.count("AT+CFUN=1") > 1
    assert bench.told[-1] == Restored(7)  # each restart is followed by a login of its own
    assert bench.sent("AT+MIPLCONF") == 1


async def test_a_module_that_searches_is_left_alone() -> None:
    bench = Bench()
    bench.port.rules = {"AT+CEREG?": ["+CEREG:0,2", "OK"]}
    bench.refuse = refusing("AT+MIPLOPEN", 12, number=30)
    await bench.begin(login=True, configured=False)
    await bench.restoration.ended()
    assert set(bench.port.sent) == {"AT+CEREG?"}
    assert bench.told[-1] == Restored(13)


async def test_a_port_that_goes_as_the_radio_is_restarted_is_waited_for() -> None:
    bench = Bench()
    bench.port.rules = {"AT+CEREG?": ["+CEREG:0,0", "OK"], "AT+CFUN=0": None}
    bench.refuse = refusing("AT+MIPLOPEN", 8, number=30)
    await bench.begin(login=True, configured=False)
    await bench.port.until("AT+CFUN=0")
    port, bench.port = bench.port, Scripted()
    port.vanish()
    await bench.restoration.ended()
    at = bench.told.index(PortBack("scripted"))
    failed = bench.told[at - 1]
    assert isinstance(failed, Reconnecting)
    assert isinstance(failed.error, PortError)
    assert failed.wait <= LONGEST_PORT_WAIT


@pytest.mark.parametrize("platform", [False, None])
async def test_what_the_platform_refuses_is_asked_again_for_ever(platform: bool | None) -> None:
    bench = Bench()
    bench.platform = platform
    await bench.begin(login=True, configured=False)
    await elapse(7 * 86400)
    assert bench.restoration.running
    assert [bench.sent(name) for name in NAMES[:3]] == [1, 1, 2]
    assert all(LONGEST_WAIT / 2 <= wait <= LONGEST_WAIT for wait in bench.waits[10:])
    assert len(bench.waits) > 7 * 86400 / (LONGEST_WAIT + 70)
    await bench.restoration.stop()
    assert not bench.restoration.running


@pytest.mark.parametrize("number", [3, 50])
async def test_a_module_that_stands_elsewhere_is_told_everything_again(number: int) -> None:
    bench = Bench(S.DEREGISTERED)
    bench.refuse = refusing("AT+MIPLOPEN", 1, number=number)
    await bench.begin(login=True, configured=True)
    await bench.restoration.ended()
    assert [bench.sent(name) for name in NAMES] == [1, 1, 2, 2]
    assert bench.registration.state is S.REGISTERED


async def test_a_mute_module_is_asked_again() -> None:
    bench = Bench()
    mute = [CommandTimeout("AT+CMEE=1", 5, sent=False) for _ in range(4)]
    bench.refuse = lambda _: mute.pop() if mute else None
    await bench.begin(login=True, configured=False)
    await bench.restoration.ended()
    assert bench.told[-1] == Restored(5)


async def test_a_port_that_is_gone_is_opened_first() -> None:
    bench = Bench()
    bench.absent = 3
    assert not bench.restoration.login_wanted
    bench.restoration.begin(login=True, configured=False)
    assert bench.restoration.login_wanted
    await bench.restoration.ended()
    assert not bench.restoration.login_wanted
    assert len(bench.opened) == 4
    assert bench.told[3:] == [PortBack("scripted"), Restored(1)]  # attempts count from the port on
    assert bench.registration.state is S.REGISTERED


async def test_a_port_that_stays_away_is_looked_for_often_and_for_ever() -> None:
    bench = Bench()
    bench.absent = 10**9
    bench.restoration.begin(login=True, configured=False)
    await elapse(86400)
    assert bench.restoration.running
    assert all(LONGEST_PORT_WAIT / 2 <= wait <= LONGEST_PORT_WAIT for wait in bench.waits[10:])
    assert len(bench.opened) > 86400 / LONGEST_PORT_WAIT
    assert bench.wire.lines == []
    await bench.restoration.stop()


async def test_a_port_that_goes_once_more_is_opened_once_more() -> None:
    bench = Bench()
    gone = [PortError("gone")]

    def vanish(line: str) -> M5310Error | None:
        if not gone or not line.startswith("AT+MIPLOPEN"):
            return None
        bench.port.vanish()
        bench.port = Scripted()
        return gone.pop()

    bench.refuse = vanish
    await bench.begin(login=True, configured=False)
    await bench.restoration.ended()
    failed, *rest = bench.told
    assert isinstance(failed, Reconnecting)
    assert rest == [PortBack("scripted"), Restored(1)]
    assert [bench.sent(name) for name in NAMES] == [2, 2, 4, 2]


@pytest.mark.parametrize("number", [None, 3])
async def test_after_a_failed_update_it_logs_out_first_as_far_as_it_can(
    number: int | None,
) -> None:
    bench = Bench(S.REG_UPDATE_NEEDED)
    if number:
        bench.refuse = refusing("AT+MIPLCLOSE", 1, number=number)
    await bench.begin(login=True, configured=True)
    await bench.restoration.ended()
    assert bench.wire.lines == ["AT+MIPLCLOSE=0", "AT+MIPLOPEN=0,60"]
    assert bench.registration.state is S.REGISTERED


async def test_a_port_that_goes_as_it_logs_out_begins_it_anew() -> None:
    bench = Bench(S.REG_UPDATE_NEEDED)
    gone = [PortError("gone")]
    bench.refuse = lambda _: gone.pop() if gone else None
    await bench.begin(login=True, configured=True)
    await bench.restoration.ended()
    assert bench.wire.lines[0] == "AT+MIPLCLOSE=0"
    assert bench.wire.lines[2].startswith("AT+MIPLCONF=")  # nobody knows what it still holds
    assert [type(each) for each in bench.told] == [Reconnecting, Restored]


async def test_a_login_that_comes_late_is_enough() -> None:
    bench = Bench()
    bench.platform = None
    await bench.begin(login=True, configured=False)
    await elapse(70.5)  # 5 s of commands, 60 s for the module, 5 s of grace: given up
    assert len(bench.waits) == 1
    bench.registration.heard(Opened(0, True))
    await bench.restoration.ended()
    assert bench.sent("AT+MIPLOPEN") == 1
    assert bench.told[-1] == Restored(2)


async def test_a_second_start_begins_anew_and_remembers_the_login() -> None:
    bench = Bench()
    await bench.begin(login=True, configured=False)
    await elapse(2.5)
    bench.restoration.begin(login=False, configured=False)
    bench.restoration.begin(login=False, configured=False)
    await bench.restoration.ended()
    assert bench.registration.state is S.REGISTERED
    assert bench.told == [Restored(1)]
    bench.registration._states.state = S.RESTORING
    bench.restoration.begin(login=False, configured=False)
    await bench.restoration.ended()
    assert bench.registration.state is S.DEREGISTERED


async def test_nothing_to_stop() -> None:
    bench = Bench()
    await bench.restoration.ended()
    await bench.restoration.stop()
    assert not bench.restoration.running


async def test_waits_are_drawn_by_itself_if_nobody_gives_a_source() -> None:
    bench = Bench()
    restoration = Restoration(bench.link, bench.registration, bench.provisioning, bench.told.append)
    waits = {restoration._wait(12, CommandTimeout("AT", 5)) for _ in range(10)}
    assert len(waits) > 1
    assert all(LONGEST_WAIT / 2 <= wait <= LONGEST_WAIT for wait in waits)


async def test_a_login_that_is_ended_at_once_is_none() -> None:
    bench = Bench(S.DEREGISTERED)
    left = [True] * 3
    heard = bench.registration.heard

    def ended_at_once(verdict: Opened) -> None:
        heard(verdict)
        if left:
            left.pop()
            heard(Closed(0, True))

    bench.registration.heard = ended_at_once  # type: ignore[method-assign, assignment]
    await bench.begin(login=True, configured=True)
    await bench.restoration.ended()
    assert bench.registration.state is S.REGISTERED
    assert bench.told[-1] == Restored(4)
    assert bench.sent("AT+MIPLCONF") == 0  # which it still holds
    assert 0.5 * FIRST_WAIT <= bench.waits[0] < bench.waits[-1]
