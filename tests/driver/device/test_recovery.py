"""Recovery of a device: what begins it, the attempts and their waits, and what ends it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from m5310.commands.network import Registration as Stat
from m5310.device.device import Device
from m5310.device.events import (
    PortBack,
    PortLost,
    RadioRestarted,
    Reconnecting,
    Reset,
    Restored,
    UpkeepEvent,
)
from m5310.device.restore import (
    ATTACH_GRACE,
    FIRST_WAIT,
    LONGEST_PORT_WAIT,
    LONGEST_WAIT,
)
from m5310.dialects.dialect import ATTEMPTS
from m5310.errors import PortError
from m5310.lwm2m.values import ValueType
from m5310.states import DeviceState
from tests.support.boards import Board
from tests.support.clock import elapse
from tests.support.devices import ENDPOINT, RESTART, Ports
from tests.support.scripted import Reply, Scripted, platform
from tests.support.upkeep import upkeep

S = DeviceState


class LoggedInDevice:
    """A device on a port that is opened by name, and its events."""

    def __init__(self, ports: Ports) -> None:
        self.ports = ports
        self.events: list[UpkeepEvent] = []
        self.device = Device("/dev/ttyUSB0", ENDPOINT, lifetime=300, on_event=upkeep(self.events))

    def restart(self, line: str = RESTART) -> None:
        self.ports[-1].send(line)

    def lose_port(self, rules: dict[str, Reply | Callable[[str], Reply]] | None) -> None:
        """Lose the port; `rules` are those of the module on the next one, None: there is none."""
        self.ports.rules = rules
        self.ports[-1].vanish()

    def sent(self, name: str) -> int:
        return sum(line.startswith(f"AT+{name}") for port in self.ports for line in port.sent)

    @property
    def waits(self) -> list[float]:
        return [each.wait for each in self.events if isinstance(each, Reconnecting)]

    async def wait_for(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(86400):
            while not condition():
                await elapse(0.5)

    async def wait_restored(self) -> None:
        await self.wait_for(lambda: self.device.counters.restored)


@asynccontextmanager
async def logged_in(ports: Ports) -> AsyncIterator[LoggedInDevice]:
    it = LoggedInDevice(ports)
    async with it.device:
        await it.device.add_resource("3303/0/5700", ValueType.FLOAT, 21.5)
        await it.device.connect(30)
        yield it


def answers(times: int, answer: Reply, then: Reply = "OK") -> Callable[[str], Reply]:
    """The answer to the first commands, and that to those after them."""
    left = [answer] * times
    return lambda _: left.pop() if left else then


LOGIN = ["OK", "+MIPLOPEN:0,1"]


# --- what begins it --------------------------------------------------------------------------


async def test_announced_restart_is_one_event(opening: Ports) -> None:
    async with logged_in(opening) as it:
        for line in ("REBOOTING", RESTART, RESTART, "REBOOTING", "REBOOTING"):
            it.restart(line)
        resets = [event for event in it.events if isinstance(event, Reset)]
        assert resets == [Reset("REBOOTING"), Reset(RESTART), Reset("REBOOTING")]


async def test_restart_after_a_lost_port_is_another_event(opening: Ports) -> None:
    async with logged_in(opening) as it:
        it.restart("REBOOTING")
        it.lose_port(platform())
        await it.wait_restored()
        it.restart()
        types = [type(event) for event in it.events]
        assert types == [Reset, PortLost, PortBack, Restored, Reset]


async def test_no_update_is_sent_to_verify_without_a_login(opening: Ports) -> None:
    async with logged_in(opening) as it:
        await it.device.close()
        sent = it.sent("")
        assert not await it.device._recovery.verify_registration()
        assert it.sent("") == sent


async def test_failed_verification_begins_one_recovery(opening: Ports) -> None:
    async with logged_in(opening) as it:
        it.ports[0].rules = platform(UPDATE=["OK", "+MIPLUPDATE:0,0"])
        verify = it.device._recovery.verify_registration
        assert [await verify(), await verify()] == [False, False]
        assert it.sent("MIPLUPDATE") == 1
        await it.wait_restored()
        it.ports[0].rules = platform()
        assert await verify()


async def test_nothing_is_restored_while_the_device_is_destroyed(opening: Ports) -> None:
    device = LoggedInDevice(opening).device
    async with device:
        await device.connect(30)
    assert not device._recovery.restore_configuration()


# --- attempts --------------------------------------------------------------------------------


async def test_without_a_network_only_the_login_is_repeated(opening: Ports) -> None:
    async with logged_in(opening) as it:
        it.ports[0].rules["AT+MIPLOPEN"] = answers(3, "+CME ERROR:30", LOGIN)
        it.restart()
        await it.wait_restored()
        counts = [it.sent(f"MIPL{name}") for name in ("CONF", "ADDOBJ", "NOTIFY", "OPEN")]
        assert counts == [2, 2, 2, 5]
        assert it.events[-1] == Restored(4)
        assert len(it.waits) == 3
        for attempt, wait in enumerate(it.waits, 1):
            assert FIRST_WAIT * 2 ** (attempt - 1) <= wait <= FIRST_WAIT * 2**attempt


@pytest.mark.parametrize("number", [3, 50])
async def test_module_in_another_state_is_configured_again(opening: Ports, number: int) -> None:
    async with logged_in(opening) as it:
        it.ports[0].rules["AT+MIPLOPEN"] = answers(1, f"+CME ERROR:{number}", LOGIN)
        it.ports[0].send("+MIPLCLOSE:0,1")
        await it.wait_restored()
        assert it.sent("MIPLCONF") == 2
        assert it.device.state is S.REGISTERED


async def test_silent_module_is_tried_for_ever(opening: Ports) -> None:
    async with logged_in(opening) as it:
        it.ports[0].rules = {"AT": None}
        it.restart()
        await elapse(86400)
        assert all(LONGEST_WAIT / 2 <= wait <= LONGEST_WAIT for wait in it.waits[10:])
        assert len(set(it.waits)) == len(it.waits)
        it.ports[0].rules = platform()
        await it.wait_restored()


async def test_missing_port_is_polled_for_ever(opening: Ports) -> None:
    async with logged_in(opening) as it:
        it.lose_port(None)
        await elapse(86400)
        assert all(LONGEST_PORT_WAIT / 2 <= wait <= LONGEST_PORT_WAIT for wait in it.waits[10:])
        assert len(it.waits) > 86400 / LONGEST_PORT_WAIT
        it.ports.rules = platform()
        await it.wait_restored()
        assert it.events[-2:] == [PortBack("scripted"), Restored(1)]


@pytest.mark.parametrize("answer", [["OK", "+MIPLCLOSE:0,1"], "+CME ERROR:3"])
async def test_failed_update_is_followed_by_logout_and_login(opening: Ports, answer: Reply) -> None:
    async with logged_in(opening) as it:
        module = it.ports[0]
        module.rules = platform(UPDATE=["OK", "+MIPLUPDATE:0,0"], CLOSE=answer)
        await it.wait_restored()
        logouts = 1 if isinstance(answer, list) else ATTEMPTS  # the line may damage one
        expected = ["AT+MIPLCLOSE=0"] * logouts + ["AT+MIPLOPEN=0,60"]
        assert module.since("AT+MIPLUPDATE")[1:] == expected


async def test_restart_during_the_logout_starts_over(opening: Ports) -> None:
    async with logged_in(opening) as it:
        module = it.ports[0]
        module.rules = platform(UPDATE=["OK", "+MIPLUPDATE:0,0"], CLOSE=RESTART)
        await it.wait_restored()
        names = [line.partition("=")[0] for line in module.since("AT+MIPLCLOSE")]
        assert names[1:3] == ["AT+CMEE?", "AT+MIPLCONF"]
        assert it.device.state is S.REGISTERED


async def test_late_outcome_of_a_login_is_enough(opening: Ports) -> None:
    async with logged_in(opening) as it:
        module = it.ports[0]
        module.rules = platform(OPEN="OK")
        it.restart()
        await it.wait_for(lambda: it.waits)
        module.send("+MIPLOPEN:0,1")
        await it.wait_restored()
        assert it.sent("MIPLOPEN") == 2
        assert it.events[-1] == Restored(2)


async def test_lent_modem_lost_during_recovery_ends_it() -> None:
    module = Scripted(platform())
    async with Device(module.modem, ENDPOINT) as device:
        await device.connect(30)
        module.rules = {"AT": None}
        module.send(RESTART)
        await elapse(20)
        module.vanish()
        retries = device.counters.retries
        await device.left(60)
        assert asyncio.get_running_loop().time() == pytest.approx(20, abs=1)
        assert device.state is S.LOST
        assert device.counters.retries == retries
        with pytest.raises(PortError, match="lost"):
            device.check_registered()


# --- the radio -------------------------------------------------------------------------------


@asynccontextmanager
async def out_of_network(it: LoggedInDevice, stat: int, **rules: Reply) -> AsyncIterator[None]:
    """The module restarts. It has a network again after eight refused logins."""
    it.ports[0].rules = {
        **platform(OPEN=answers(8, "+CME ERROR:30", LOGIN)),
        "AT+CEREG?": [f"+CEREG:0,{stat}", "OK"],
        **{f"AT+{name}": reply for name, reply in rules.items()},
    }
    it.restart()
    yield
    await it.wait_restored()


async def test_idle_radio_is_restarted(opening: Ports) -> None:
    async with logged_in(opening) as it:
        begun = asyncio.get_running_loop().time()
        async with out_of_network(it, 3):
            await it.ports[0].until("AT+CFUN=0")
            assert asyncio.get_running_loop().time() - begun >= ATTACH_GRACE
        restarts = it.sent("CFUN=1")
        assert it.events.count(RadioRestarted(Stat.DENIED)) == restarts > 1
        assert it.events[-1] == Restored(7)  # each restart is followed by a login of its own
        assert it.sent("MIPLCONF") == 2


async def test_radio_that_searches_is_left_alone(opening: Ports) -> None:
    async with logged_in(opening) as it:
        async with out_of_network(it, 2):
            pass
        assert it.sent("CFUN") == 0
        assert it.events[-1] == Restored(9)


async def test_port_lost_during_the_radio_restart_is_opened_again(
    opening: Ports,
) -> None:
    async with logged_in(opening) as it:
        async with out_of_network(it, 0, **{"CFUN=0": None}):
            await it.ports[0].until("AT+CFUN=0")
            it.lose_port(platform())
        assert it.events[-2:] == [PortBack("scripted"), Restored(1)]
        assert it.device.state is S.REGISTERED


@pytest.mark.parametrize("mute", [True, False])
async def test_module_that_restarted_at_its_stored_speed_is_found(
    mute: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = Board(platform(), mute=mute)
    board.behind_a_port(monkeypatch)
    async with Device("a port", ENDPOINT, lifetime=300) as device:
        sensor = await device.add_resource("3303/0/5700", ValueType.FLOAT, 1)
        await device.connect()
        await device.module.set_speed(115200, store=False)
        await device.notify(sensor, 2)
        board.speed = 9600  # a restart whose boot text the host cannot read
        report = await device.notify(sensor, 3)
        await report.accepted(600)
        assert device.state is S.REGISTERED
        assert board.dial.baudrate == 9600
        board.speed = 115200  # and back, as after a port that was lost for long
        report = await device.notify(sensor, 4)
        await report.accepted(600)
        assert board.dial.baudrate == 115200
