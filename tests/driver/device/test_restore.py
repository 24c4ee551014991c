"""Restoring a device: what is tried again, when, and what ends it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random

import pytest

from m5310.at.modem import Modem
from m5310.commands.network import Registration as Stat
from m5310.device.events import PortBack, RadioRestarted, Reconnecting, Restored, UpkeepEvent
from m5310.device.provisioning import Provisioning
from m5310.device.registration import Registration
from m5310.device.restore import (
    ATTACH_GRACE,
    FIRST_WAIT,
    LONGEST_PORT_WAIT,
    LONGEST_WAIT,
    STABLE_AFTER,
    Restoration,
)
from m5310.dialects.urcs import Closed, Opened
from m5310.errors import CommandError, CommandTimeout, M5310Error, PortError
from m5310.lwm2m.resources import Access, ObjectTree, Resource
from m5310.lwm2m.values import ValueType
from m5310.module.link import Link, Session
from m5310.module.module import Module
from m5310.states import DeviceState
from tests.support.clock import elapse
from tests.support.dialects import CLASSIC
from tests.support.execute import RecordingModule
from tests.support.scripted import Reply, Scripted

S = DeviceState
NAMES = ("AT+MIPLCONF", "AT+MIPLADDOBJ", "AT+MIPLNOTIFY", "AT+MIPLOPEN")


class RestoredDevice:
    """A registration, its declarations and their restoration, on a scripted wire.

    The platform says yes to a login after 2 s, unless `platform` is False or None (silence).
    """

    def __init__(self, state: DeviceState = S.RESTORING) -> None:
        self.wire = RecordingModule()
        self.wire.then = self._sent
        self.refuse: Callable[[str], M5310Error | None] = lambda _: None
        self.platform: bool | None = True
        self.events: list[UpkeepEvent] = []
        self.registration = Registration(self.wire.execute, CLASSIC)
        self.registration._states.state = state
        tree = ObjectTree()
        tree.add(Resource("3303/0/5700", ValueType.FLOAT, 21.5, Access.READABLE))
        tree.add(Resource("3303/0/5701", ValueType.STRING, "C", Access.READABLE))
        self.provisioning = Provisioning(
            tree,
            self.wire,
            CLASSIC,
            Session(),
            self.registration.outcomes,
        )
        self.port = Scripted()
        self.absent = 0  # attempts to open the port that will fail
        self.opened: list[float] = []
        self.link = Link(self._open)
        self.restoration = Restoration(
            Module(self.link),
            self.registration,
            self.provisioning,
            self.events.append,
            Random(7),
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
        self.restoration.start(login=login, configured=configured)

    def _sent(self, line: str) -> M5310Error | None:
        error = self.refuse(line)
        if error is None and line.startswith("AT+MIPLOPEN") and self.platform is not None:
            loop = asyncio.get_running_loop()
            loop.call_later(2, self.registration.on_outcome, Opened(0, self.platform))
        return error

    def sent(self, name: str) -> int:
        return sum(line.startswith(name) for line in self.wire.lines)

    @property
    def waits(self) -> list[float]:
        return [each.wait for each in self.events if isinstance(each, Reconnecting)]


def refusing(name: str, times: int, number: int) -> Callable[[str], M5310Error | None]:
    left = [times]

    def refuse(line: str) -> M5310Error | None:
        if not line.startswith(name) or not left[0]:
            return None
        left[0] -= 1
        return CommandError(line, f"+CME ERROR:{number}", number)

    return refuse


async def test_device_that_fails_again_waits_longer_each_time() -> None:
    restored = RestoredDevice()
    await restored.begin(login=True, configured=False)
    await restored.restoration.wait_done()
    assert restored.waits == []
    for _ in range(12):
        restored.registration._states.state = S.RESTORING
        restored.restoration.start(login=True, configured=False)
        await restored.restoration.wait_done()
    assert len(restored.waits) == 12
    assert (
        restored.waits[0]
        <= 2 * FIRST_WAIT
        < restored.waits[2]
        < restored.waits[4]
        < LONGEST_WAIT / 2
    )
    assert LONGEST_WAIT / 2 <= restored.waits[-1] <= LONGEST_WAIT
    await elapse(STABLE_AFTER)
    restored.restoration.start(login=True, configured=False)
    await restored.restoration.wait_done()
    assert len(restored.waits) == 12


async def test_configures_in_order_and_logs_in() -> None:
    restored = RestoredDevice()
    await restored.begin(login=True, configured=False)
    assert restored.restoration.running
    await restored.restoration.wait_done()
    assert not restored.restoration.running
    assert restored.wire.lines[0] == "AT+CMEE=1"
    assert restored.wire.lines[1].startswith("AT+MIPLCONF=")
    assert restored.wire.lines[2:] == [
        "AT+MIPLADDOBJ=0,3303,0",
        'AT+MIPLNOTIFY=0,3303,0,5700,4,"21.5",1',
        'AT+MIPLNOTIFY=0,3303,0,5701,1,"C",1',
        "AT+MIPLOPEN=0,60",
    ]
    assert restored.registration.state is S.REGISTERED
    assert restored.events == [Restored(1)]


async def test_without_a_login_ends_deregistered() -> None:
    restored = RestoredDevice()
    await restored.begin(login=False, configured=False)
    await restored.restoration.wait_done()
    assert restored.sent("AT+MIPLOPEN") == 0
    assert restored.registration.state is S.DEREGISTERED


async def test_without_a_network_only_the_login_is_repeated() -> None:
    restored = RestoredDevice()
    restored.refuse = refusing("AT+MIPLOPEN", 3, number=30)
    await restored.begin(login=True, configured=False)
    await restored.restoration.wait_done()
    assert [restored.sent(name) for name in NAMES] == [1, 1, 2, 4]
    assert restored.events[-1] == Restored(4)
    assert len(restored.waits) == 3
    for attempt, wait in enumerate(restored.waits, 1):
        assert FIRST_WAIT * 2 ** (attempt - 1) <= wait <= FIRST_WAIT * 2**attempt


async def test_radio_of_an_idle_module_is_restarted() -> None:
    restored = RestoredDevice()
    restored.port.rules = {"AT+CEREG?": ["+CEREG:0,3", "OK"]}
    restored.refuse = refusing("AT+MIPLOPEN", 8, number=30)
    await restored.begin(login=True, configured=False)
    begun = asyncio.get_running_loop().time()
    await restored.port.until("AT+CFUN=0")
    assert asyncio.get_running_loop().time() - begun >= ATTACH_GRACE
    await restored.restoration.wait_done()
    assert (
        restored.events.count(RadioRestarted(Stat.DENIED))
        == restored.port.sent.count("AT+CFUN=1")
        > 1
    )
    assert restored.events[-1] == Restored(7)  # each restart is followed by a login of its own
    assert restored.sent("AT+MIPLCONF") == 1


async def test_radio_of_a_searching_module_is_left_alone() -> None:
    restored = RestoredDevice()
    restored.port.rules = {"AT+CEREG?": ["+CEREG:0,2", "OK"]}
    restored.refuse = refusing("AT+MIPLOPEN", 12, number=30)
    await restored.begin(login=True, configured=False)
    await restored.restoration.wait_done()
    assert set(restored.port.sent) == {"AT+CEREG?"}
    assert restored.events[-1] == Restored(13)


async def test_port_lost_during_the_radio_restart_is_reopened() -> None:
    restored = RestoredDevice()
    restored.port.rules = {"AT+CEREG?": ["+CEREG:0,0", "OK"], "AT+CFUN=0": None}
    restored.refuse = refusing("AT+MIPLOPEN", 8, number=30)
    await restored.begin(login=True, configured=False)
    await restored.port.until("AT+CFUN=0")
    port, restored.port = restored.port, Scripted()
    port.vanish()
    await restored.restoration.wait_done()
    at = restored.events.index(PortBack("scripted"))
    failed = restored.events[at - 1]
    assert isinstance(failed, Reconnecting)
    assert isinstance(failed.error, PortError)
    assert failed.wait <= LONGEST_PORT_WAIT


@pytest.mark.parametrize("platform", [False, None])
async def test_refused_login_is_repeated_for_ever(platform: bool | None) -> None:
    restored = RestoredDevice()
    restored.platform = platform
    await restored.begin(login=True, configured=False)
    await elapse(7 * 86400)
    assert restored.restoration.running
    assert [restored.sent(name) for name in NAMES[:3]] == [1, 1, 2]
    assert all(LONGEST_WAIT / 2 <= wait <= LONGEST_WAIT for wait in restored.waits[10:])
    assert len(restored.waits) > 7 * 86400 / (LONGEST_WAIT + 70)
    await restored.restoration.stop()
    assert not restored.restoration.running


@pytest.mark.parametrize("number", [3, 50])
async def test_module_in_another_state_is_configured_again(number: int) -> None:
    restored = RestoredDevice(S.DEREGISTERED)
    restored.refuse = refusing("AT+MIPLOPEN", 1, number=number)
    await restored.begin(login=True, configured=True)
    await restored.restoration.wait_done()
    assert [restored.sent(name) for name in NAMES] == [1, 1, 2, 2]
    assert restored.registration.state is S.REGISTERED


async def test_mute_module_is_tried_again() -> None:
    restored = RestoredDevice()
    mute = [CommandTimeout("AT+CMEE=1", 5, sent=False) for _ in range(4)]
    restored.refuse = lambda _: mute.pop() if mute else None
    await restored.begin(login=True, configured=False)
    await restored.restoration.wait_done()
    assert restored.events[-1] == Restored(5)


async def test_lost_port_is_opened_first() -> None:
    restored = RestoredDevice()
    restored.absent = 3
    assert not restored.restoration.login_pending
    restored.restoration.start(login=True, configured=False)
    assert restored.restoration.login_pending
    await restored.restoration.wait_done()
    assert not restored.restoration.login_pending
    assert len(restored.opened) == 4
    assert restored.events[3:] == [
        PortBack("scripted"),
        Restored(1),
    ]
    assert restored.registration.state is S.REGISTERED


async def test_missing_port_is_polled_for_ever() -> None:
    restored = RestoredDevice()
    restored.absent = 10**9
    restored.restoration.start(login=True, configured=False)
    await elapse(86400)
    assert restored.restoration.running
    assert all(LONGEST_PORT_WAIT / 2 <= wait <= LONGEST_PORT_WAIT for wait in restored.waits[10:])
    assert len(restored.opened) > 86400 / LONGEST_PORT_WAIT
    assert restored.wire.lines == []
    await restored.restoration.stop()


async def test_port_lost_again_is_opened_again() -> None:
    restored = RestoredDevice()
    gone = [PortError("gone")]

    def vanish(line: str) -> M5310Error | None:
        if not gone or not line.startswith("AT+MIPLOPEN"):
            return None
        restored.port.vanish()
        restored.port = Scripted()
        return gone.pop()

    restored.refuse = vanish
    await restored.begin(login=True, configured=False)
    await restored.restoration.wait_done()
    failed, *rest = restored.events
    assert isinstance(failed, Reconnecting)
    assert rest == [PortBack("scripted"), Restored(1)]
    assert [restored.sent(name) for name in NAMES] == [2, 2, 4, 2]


@pytest.mark.parametrize("number", [None, 3])
async def test_after_a_failed_update_logs_out_first(
    number: int | None,
) -> None:
    restored = RestoredDevice(S.REG_UPDATE_NEEDED)
    if number:
        restored.refuse = refusing("AT+MIPLCLOSE", 1, number=number)
    await restored.begin(login=True, configured=True)
    await restored.restoration.wait_done()
    assert restored.wire.lines == ["AT+MIPLCLOSE=0", "AT+MIPLOPEN=0,60"]
    assert restored.registration.state is S.REGISTERED


async def test_port_lost_during_the_logout_starts_over() -> None:
    restored = RestoredDevice(S.REG_UPDATE_NEEDED)
    gone = [PortError("gone")]
    restored.refuse = lambda _: gone.pop() if gone else None
    await restored.begin(login=True, configured=True)
    await restored.restoration.wait_done()
    assert restored.wire.lines[0] == "AT+MIPLCLOSE=0"
    assert restored.wire.lines[2].startswith("AT+MIPLCONF=")  # nobody knows what it still holds
    assert [type(each) for each in restored.events] == [Reconnecting, Restored]


async def test_late_login_is_enough() -> None:
    restored = RestoredDevice()
    restored.platform = None
    await restored.begin(login=True, configured=False)
    await elapse(70.5)  # 5 s of commands, 60 s for the module, 5 s of grace: given up
    assert len(restored.waits) == 1
    restored.registration.on_outcome(Opened(0, True))
    await restored.restoration.wait_done()
    assert restored.sent("AT+MIPLOPEN") == 1
    assert restored.events[-1] == Restored(2)


async def test_second_start_remembers_the_login() -> None:
    restored = RestoredDevice()
    await restored.begin(login=True, configured=False)
    await elapse(2.5)
    restored.restoration.start(login=False, configured=False)
    restored.restoration.start(login=False, configured=False)
    await restored.restoration.wait_done()
    assert restored.registration.state is S.REGISTERED
    assert restored.events == [Restored(1)]
    restored.registration._states.state = S.RESTORING
    restored.restoration.start(login=False, configured=False)
    await restored.restoration.wait_done()
    assert restored.registration.state is S.DEREGISTERED


async def test_waits_are_random_by_default() -> None:
    restored = RestoredDevice()
    restoration = Restoration(
        Module(restored.link),
        restored.registration,
        restored.provisioning,
        restored.events.append,
        random=None,
    )
    waits = {restoration._wait(12, CommandTimeout("AT", 5)) for _ in range(10)}
    assert len(waits) > 1
    assert all(LONGEST_WAIT / 2 <= wait <= LONGEST_WAIT for wait in waits)


async def test_login_that_is_ended_at_once_is_repeated() -> None:
    restored = RestoredDevice(S.DEREGISTERED)
    left = [True] * 3
    heard = restored.registration.on_outcome

    def ended_at_once(verdict: Opened) -> None:
        heard(verdict)
        if left:
            left.pop()
            heard(Closed(0, True))

    restored.registration.on_outcome = ended_at_once  # type: ignore[method-assign, assignment]
    await restored.begin(login=True, configured=True)
    await restored.restoration.wait_done()
    assert restored.registration.state is S.REGISTERED
    assert restored.events[-1] == Restored(4)
    assert restored.sent("AT+MIPLCONF") == 0  # which it still holds
    assert 0.5 * FIRST_WAIT <= restored.waits[0] < restored.waits[-1]


# --- the radio -----------------------------------------------------------------------------------


def out_of_network(**rules: Reply) -> RestoredDevice:
    """Logins are refused for the lack of a network; `rules` by the name after `AT+`."""
    restored = RestoredDevice(S.DEREGISTERED)
    restored.refuse = refusing("AT+MIPLOPEN", 8, number=30)
    restored.port.rules = {f"AT+{name}": reply for name, reply in rules.items()}
    return restored


@pytest.mark.parametrize(
    ("rules", "sent"),
    [
        ({"CEREG?": ["+CEREG:0,4", "OK"]}, {"AT+CEREG?"}),
        ({"CEREG?": "ERROR"}, {"AT+CEREG?"}),
        ({"CEREG?": ["+CEREG:0,3", "OK"], "CFUN=0": "+CME ERROR:3"}, {"AT+CEREG?", "AT+CFUN=0"}),
    ],
)
async def test_radio_is_left_as_it_is(rules: dict[str, Reply], sent: set[str]) -> None:
    restored = out_of_network(**rules)
    await restored.begin(login=True, configured=True)
    await restored.restoration.wait_done()
    assert set(restored.port.sent) == sent
    assert restored.events[-1] == Restored(9)


async def test_radio_that_does_not_come_on_is_tried_again() -> None:
    restored = out_of_network(**{"CEREG?": ["+CEREG:0,0", "OK"], "CFUN=1": "+CME ERROR:10"})
    await restored.begin(login=True, configured=True)
    await restored.restoration.wait_done()
    assert restored.port.sent.count("AT+CFUN=1") > 1


async def test_stopped_while_the_radio_is_off_turns_it_on() -> None:
    restored = out_of_network(**{"CEREG?": ["+CEREG:0,3", "OK"]})
    await restored.begin(login=True, configured=True)
    await restored.port.until("AT+CFUN=0")
    await restored.restoration.stop()
    assert restored.port.sent[-1] == "AT+CFUN=1"
