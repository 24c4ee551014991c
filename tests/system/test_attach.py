"""Attach an emulated M5310 from any state, or learn why it cannot attach."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from emulator.module.module import Cause
from emulator.module.radio.coverage import Coverage
from emulator.module.radio.sim import Sim
from m5310 import Device, DeviceState, RegistrationError, ValueType
from m5310.commands.general import BootCause
from m5310.commands.network import Registration, connection_reports, registration_reports
from m5310.commands.power import PowerSaving
from m5310.device.events import (
    Created,
    Identified,
    LoggedIn,
    Reported,
    Reset,
    Searching,
    UpkeepEvent,
    Waiting,
)
from m5310.module.attach import Setup
from m5310.module.attach_errors import AttachError, Obstacle
from m5310.module.module import Module
from m5310.module.speed import COMMON_SPEEDS
from m5310.ports.speed import PortSpeed
from tests.support.boards import Dial
from tests.support.cable import Cable
from tests.support.clock import elapse
from tests.support.hostile import FEW_GENTLE, WHOLE, Hostile
from tests.support.null_modem import ENDPOINT
from tests.support.testbed import DeviceTestbed

pytestmark = pytest.mark.usefixtures("each_language")

LINES = pytest.mark.parametrize("hostile", FEW_GENTLE, ids=str)


class Line(Cable):
    """A cable whose ends have a speed: at different ones, each byte arrives as another."""

    def __init__(self, hostile: Hostile = WHOLE) -> None:
        self.dial = Dial()
        self._speed = self.dial.baudrate  # of the output until the next command
        super().__init__(hostile)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        super().write(self._arriving(bytes(data), self.module.baud))

    def _output(self) -> bytes:
        speed, self._speed = self._speed, self.module.baud  # an OK comes before the change
        return self._arriving(super()._output(), speed)

    def _arriving(self, data: bytes, speed: int) -> bytes:
        return data if self.dial.baudrate == speed else bytes(0x80 | byte for byte in data)

    def opened_by(self, monkeypatch: pytest.MonkeyPatch) -> Module:
        """A module that takes this line for a port with a speed."""

        monkeypatch.setattr(PortSpeed, "of", lambda _: self.dial)
        return Module(self.modem)

    def restart(self, cause: Cause = Cause.RESET_PIN) -> None:
        self.module.power_cycle(cause, self.now)
        self.turn()


async def fails(module: Module, seconds: float = 60, **options: Setup) -> AttachError:
    with pytest.raises(AttachError) as caught:
        await module.attach(seconds, **options)  # type: ignore[arg-type]
    return caught.value


# --- it gets there ---------------------------------------------------------------------------


@LINES
@pytest.mark.parametrize("baudrate", [115200, 57600, 4800])
async def test_attach_at_another_speed(
    hostile: Hostile, baudrate: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Line(hostile)
    async with line.opened_by(monkeypatch) as module:
        await module.set_speed(baudrate)
        await line.dial.change(9600)  # another program comes, and expects the default
        attached = await module.attach(speeds=COMMON_SPEEDS)
        assert attached.baudrate == baudrate == await module.speed()
        assert attached.elapsed < 30


@pytest.mark.parametrize("store", [False, True])
async def test_reset_keeps_port_at_module_speed(
    store: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Line()
    async with line.opened_by(monkeypatch) as module:
        await module.set_speed(115200, store=store)
        assert (await module.reset()).cause is BootCause.COMMAND
        assert module.baudrate == (115200 if store else 9600)
        assert (await module.attach()).status.stat is Registration.HOME


async def test_unexpected_restart_at_a_speed_not_stored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    line = Line()
    async with line.opened_by(monkeypatch) as module:
        await module.set_speed(115200, store=False)
        line.restart(Cause.WATCHDOG)
        attached = await module.attach()
        assert (attached.baudrate, attached.status.stat) == (9600, Registration.HOME)


@LINES
@pytest.mark.parametrize("left", [b"AT+CSQ", b'AT+COPS=1,2,"460', b"\xff\x00\x80", b"+++"])
async def test_attach_with_half_a_line_in_the_module(hostile: Hostile, left: bytes) -> None:
    cable = Cable(hostile)
    cable.write(left)
    async with Module(cable.modem) as module:
        assert (await module.attach()).status.stat is Registration.HOME
    await cable.modem.close()


@LINES
async def test_attach_with_echo_on(hostile: Hostile) -> None:
    cable = Cable(replace(hostile, echo=True))
    async with Module(cable.modem) as module, module.follow() as lines:
        await module.radio(on=False)
        assert (await module.attach()).status.stat is Registration.HOME
        await module.check()
    assert not [one async for one in lines if one.startswith("AT")]
    await cable.modem.close()


@LINES
@pytest.mark.parametrize("seconds", [0, 0.1, 2, 3.4])
async def test_attach_during_boot(
    hostile: Hostile, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Line(hostile)
    async with line.opened_by(monkeypatch) as module:
        line.restart()
        await elapse(seconds)
        assert (await module.attach()).status.stat is Registration.HOME


@LINES
async def test_attach_of_a_sleeping_module(hostile: Hostile) -> None:
    cable = Cable(hostile)
    async with Module(cable.modem) as module:
        saving = PowerSaving(on=True, periodic_update=3600, active=10)
        await module.attach(setup=Setup(power_saving=saving))
        await elapse(600)
        assert cable.module.power_saving.asleep
        attached = await module.attach()
        assert attached.status.stat is Registration.HOME
        assert await module.power_saving() == saving
    await cable.modem.close()


@pytest.mark.parametrize("level", range(1, 6))
async def test_attach_at_each_report_level(level: int) -> None:
    cable = Cable()
    async with Module(cable.modem) as module:
        await module.radio(on=False)
        saving = PowerSaving(on=True, periodic_update=3600, active=10)
        setup = Setup(registration=level, power_saving=saving)
        attached = await module.attach(setup=setup)
        assert attached.status.stat is Registration.HOME
        assert attached.elapsed < 5  # its change was understood when it came
        assert (attached.status.cell is None) is (level == 1)
        assert attached.status.active == (10 if level >= 4 else None)
        assert attached.status.periodic_update == (3600 if level >= 4 else None)
    await cable.modem.close()


@pytest.mark.parametrize("hostile", [line for line in FEW_GENTLE if not line.delay], ids=str)
async def test_attach_in_a_flood_of_lines(hostile: Hostile) -> None:
    cable = Cable(hostile)
    loop = asyncio.get_running_loop()
    count = 0

    def flood() -> None:
        nonlocal count
        if not cable.is_closing():
            cable.send(f"+FLOOD:{count}")
            count += 1
            loop.call_later(0.002, flood)

    async with Module(cable.modem) as module, module.follow("+FLOOD", limit=100_000) as lines:
        await module.radio(on=False)
        flood()
        assert (await module.attach()).status.stat is Registration.HOME
        assert count > 500
        received = [await anext(lines) for _ in range(count)]
        assert received == [f"+FLOOD:{number}" for number in range(count)]
    await cable.modem.close()


async def test_attach_waits_for_coverage() -> None:
    cable = Cable()
    cable.module.radio.coverage = Coverage.OUT
    async with Module(cable.modem) as module:
        attaching = asyncio.create_task(module.attach())
        await elapse(30)
        cable.module.radio.coverage = Coverage.ECL2
        cable.turn()
        attached = await attaching
        assert attached.status.stat is Registration.HOME
        assert attached.elapsed > 30
    await cable.modem.close()


# --- it does not, and why --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sim", "advice"), [(Sim.MISSING, "insert a SIM"), (Sim.LOCKED, "switch the PIN")]
)
async def test_attach_without_usable_sim(sim: Sim, advice: str) -> None:
    cable = Cable()
    cable.module.sim = sim
    cable.turn()
    async with Module(cable.modem) as module:
        error = await fails(module)
        assert error.obstacle is Obstacle.NO_SIM
        assert advice in str(error)
        assert error.evidence.elapsed < 30
    await cable.modem.close()


@pytest.mark.parametrize("level", [2, 5])
async def test_attach_denied(level: int) -> None:
    cable = Cable()
    cable.module.radio.refusing = True
    cable.turn()
    async with Module(cable.modem) as module:
        error = await fails(module, setup=Setup(registration=level))
        assert error.obstacle is Obstacle.DENIED
        assert ("EMM cause" in str(error)) is (level == 5)
    await cable.modem.close()


async def test_attach_without_coverage() -> None:
    cable = Cable()
    cable.module.radio.coverage = Coverage.OUT
    cable.turn()
    async with Module(cable.modem) as module:
        error = await fails(module)
        assert error.obstacle is Obstacle.NO_COVERAGE
        assert "antenna" in str(error)
        assert error.evidence.elapsed == pytest.approx(60)
    await cable.modem.close()


async def test_attach_at_a_speed_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    line = Line()
    async with line.opened_by(monkeypatch) as module:
        await module.set_speed(230400)
        await line.dial.change(9600)
        line.dial.stored = 9600
        with pytest.raises(AttachError, match="no answer") as caught:
            await module.attach(speeds=COMMON_SPEEDS)
        assert caught.value.obstacle is Obstacle.NO_ANSWER
        assert caught.value.evidence.speeds == COMMON_SPEEDS


async def test_attach_names_brownout_at_each_transmission() -> None:
    cable = Cable()
    loop = asyncio.get_running_loop()
    async with Module(cable.modem) as module:

        def brown_out() -> None:
            if not cable.is_closing():
                cable.module.power_cycle(Cause.POWER_ON, cable.now)
                cable.turn()
                loop.call_later(5, brown_out)

        cable.module.radio.coverage = Coverage.OUT
        loop.call_later(1, brown_out)
        error = await fails(module, 40)
        assert error.evidence.restarts >= 5
        assert "power supply" in str(error)
    await cable.modem.close()


async def test_closed_module_has_its_settings_of_before(monkeypatch: pytest.MonkeyPatch) -> None:
    line = Line()
    async with line.opened_by(monkeypatch) as module:
        await module.report_connection(on=True)  # the program's own setting
        await module.attach(setup=Setup(registration=3))
        assert await module.error_numbers()
    module = Module(line.modem)
    await module.open()
    assert not await module.error_numbers()
    assert await module.execute(registration_reports()) == 0
    assert await module.execute(connection_reports())


async def test_destroyed_device_leaves_the_settings_of_before() -> None:
    testbed = DeviceTestbed()
    async with testbed.device() as device:
        assert await device.module.error_numbers()
        await device.module.attach()
    assert testbed.commands[-2:] == ["AT+CMEE=0", "AT+CEREG=0"]
    testbed.stop()


# --- a device connects from any state --------------------------------------------------------


@pytest.mark.parametrize("powered", [True, False])
async def test_device_connects_on_a_module_without_network(powered: bool) -> None:
    testbed = DeviceTestbed()
    events: list[UpkeepEvent] = []
    if powered:
        testbed.reset(Cause.POWER_ON)
    async with Device(testbed.modem, ENDPOINT, on_event=events.append) as device:
        sensor = await device.add_resource("3303/0/5700", ValueType.FLOAT, 21.5)
        if not powered:
            await device.module.radio(on=False)
        assert not testbed.module.radio.registered
        await device.connect(60)
        assert testbed.online
        await device.notify(sensor, 22.0)
    steps = [type(event) for event in events if not isinstance(event, Identified | Reset | Waiting)]
    assert steps[0] is Created
    assert steps[-2:] == [LoggedIn, Reported]
    assert set(steps[1:-2]) == {Searching}
    testbed.stop()


@pytest.mark.parametrize(
    ("place", "obstacle"),
    [
        ({"sim": Sim.MISSING}, Obstacle.NO_SIM),
        ({"coverage": Coverage.OUT}, Obstacle.NO_COVERAGE),
        ({"refusing": True}, Obstacle.DENIED),
    ],
)
async def test_device_without_network_names_the_cause(
    place: dict[str, object], obstacle: Obstacle
) -> None:
    testbed = DeviceTestbed()
    for name, value in place.items():
        setattr(testbed.module.radio, name, value)
    testbed.reset(Cause.POWER_ON)
    await elapse(10)
    async with testbed.device() as device:
        begun = asyncio.get_running_loop().time()
        with pytest.raises(AttachError) as failed:
            await device.connect(30)
        assert failed.value.obstacle is obstacle
        assert asyncio.get_running_loop().time() - begun <= 31
        assert device.state is DeviceState.REG_FAILED
    testbed.stop()


async def test_closing_ends_a_login_that_waits_for_the_network() -> None:
    testbed = DeviceTestbed()
    testbed.module.radio.coverage = Coverage.OUT
    testbed.reset(Cause.POWER_ON)
    await elapse(10)
    async with testbed.device() as device:
        connecting = asyncio.create_task(device.connect(600))
        await elapse(20)
        begun = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - begun < 2
    with pytest.raises(RegistrationError, match="ended by close"):
        await connecting
    testbed.stop()
