"""A device that is cancelled, unplugged or reset at any point, and the module after it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m5310.device.device import Device
from m5310.errors import M5310Error, PortError
from m5310.lwm2m.resources import Access
from m5310.lwm2m.values import ValueType
from m5310.states import DeviceState
from tests.support.clock import elapse, run
from tests.support.effort import scaled
from tests.support.scripted import Scripted, platform

ENDPOINT = "123456789012345;460001234567890"
RULES = platform(NOTIFY=lambda line: ["OK", "+MIPLNOTIFY:0,2"] if line.endswith(",2") else "OK")
Change = Callable[[asyncio.Task[None], Scripted], object]


def reporting_device(m: Scripted) -> Device:
    """A device whose callback reports a value."""

    async def on_execute(*_: object) -> None:
        await device.notify(device.resources[1], 5)

    device = Device(m.modem, ENDPOINT, on_execute=on_execute)
    return device


async def program(device: Device) -> None:
    """Everything a program does with a device, once."""
    async with device:
        lamp = await device.add_resource("1/0/1", ValueType.INTEGER, 1, Access.EXECUTABLE)
        other = await device.add_resource("1/0/2", ValueType.INTEGER, 1)
        alone = await device.add_resource("2/0/1", ValueType.INTEGER, 1)
        await device.connect(30)
        await device.notify({lamp: 2, other: 3, alone: 4})
        await device.notify({lamp: 5, other: 6}, acknowledge=True, timeout=10)
        await device.update(timeout=10)
        await device.remove_resource(alone)
        await device.close(10)


async def interrupted(
    after: int, change: Change
) -> tuple[bool, Device, Scripted, BaseException | None]:
    """Run the program and `change` something after so many rounds of the loop."""
    m = Scripted(dict(RULES))
    device = reporting_device(m)
    task = asyncio.create_task(program(device))
    for at in range(after):
        if at % 40 == 20:
            m.send(f"+MIPLEXECUTE:0,{10000 + at},1,0,1")
        await asyncio.sleep(0)
        if task.done():
            break
    reached = not task.done()
    if reached:
        change(task, m)
    await asyncio.wait({task})
    await m.modem.close()
    error = None if task.cancelled() else task.exception()
    return reached, device, m, error


def every_point(
    change: Change, check: Callable[[Device, Scripted, BaseException | None], None]
) -> int:
    async def at(after: int) -> bool:
        reached, device, m, error = await interrupted(after, change)
        check(device, m, error)
        return reached

    after = 0
    while run(at(after)):
        after += 1
    return after


def left_clean(m: Scripted) -> bool:
    lines = [line for line in m.sent if "MIPL" in line]
    return not lines or lines[-1] == "AT+MIPLDEL=0"


def whole_reports(m: Scripted) -> bool:
    """Whether no other instance's line, and no end, stands between the lines of a report."""
    open_report = ""
    for line in m.sent:
        if line.startswith("AT+MIPLNOTIFY"):
            instance, flag = line.split(",")[1:3], line.rpartition('",')[2]
            if open_report not in ("", str(instance)):
                return False
            open_report = str(instance) if flag.startswith("0") else ""
        elif open_report and line.startswith(("AT+MIPLCLOSE", "AT+MIPLDEL")):
            return False
    return not open_report


def test_cancellation_at_any_point_leaves_the_module_clean() -> None:
    def check(device: Device, m: Scripted, error: BaseException | None) -> None:
        assert error is None
        assert left_clean(m), m.sent
        assert whole_reports(m), m.sent
        assert device.state in (DeviceState.DESTROYED, DeviceState.NEW)

    assert every_point(lambda task, _: task.cancel(), check) > 50


def test_repeated_cancellation_leaves_the_module_clean() -> None:
    def insist(task: asyncio.Task[None], _: Scripted) -> None:
        task.cancel()
        if not task.done():
            asyncio.get_running_loop().call_soon(
                lambda: insist(task, _) if not task.done() else None
            )

    def check(device: Device, m: Scripted, error: BaseException | None) -> None:
        assert error is None
        assert left_clean(m), m.sent
        assert whole_reports(m), m.sent

    every_point(insist, check)


def test_port_lost_at_any_point_ends_the_program_at_once() -> None:
    def check(device: Device, _: Scripted, error: BaseException | None) -> None:
        assert error is None or isinstance(error, PortError), error
        assert asyncio.get_running_loop().time() < 1
        assert device.state in (DeviceState.DESTROYED, DeviceState.LOST, DeviceState.NEW)

    every_point(lambda _, m: m.vanish(), check)


def reset(_: asyncio.Task[None], m: Scripted) -> None:
    """The module restarts: it has lost its configuration, and is silent for a while."""
    m.rules = {"AT": None}

    def up() -> None:
        m.send("REBOOT_CAUSE_APPLICATION_WATCHDOG", "M5310", "OK")
        m.rules = {"AT+MIPL": "+CME ERROR:3"}

    m.send("\x00\ufffdgarbage")
    asyncio.get_running_loop().call_later(3.5, up)


@pytest.mark.parametrize("reply", [None, "ERROR", "+CME ERROR:3", "+CIS ERROR: 601", "reset"])
def test_module_failure_at_any_point_is_a_typed_error(reply: str | None) -> None:
    def fail(_: asyncio.Task[None], m: Scripted) -> None:
        m.rules = {"AT": "OK", "AT+": reply}

    def check(device: Device, _: Scripted, error: BaseException | None) -> None:
        assert error is None or isinstance(error, M5310Error), error
        assert device.state in (DeviceState.DESTROYED, DeviceState.NEW)

    every_point(reset if reply == "reset" else fail, check)


# --- hostile lines ---------------------------------------------------------------------------

names = st.sampled_from(
    ["OPEN", "CLOSE", "UPDATE", "NOTIFY", "READ", "WRITE", "EXECUTE", "OBSERVE", "DISCOVER", "X"]
)
numbers = st.sampled_from(["0", "1", "-1", "2", "10001", "65535", "65536", "99999999999", "", "x"])
lines = st.one_of(
    st.builds(
        lambda name, ids: f"+MIPL{name}:" + ",".join(ids), names, st.lists(numbers, max_size=9)
    ),
    st.builds(
        lambda name, msgid, rest: f"+MIPL{name}:0,{msgid},1,0,1,{rest}",
        names,
        st.integers(10000, 10003),
        st.text(st.characters(exclude_characters="\r\n"), max_size=30),
    ),
    st.builds(lambda digits: f"+MIPLREAD:0,{'1' * digits},1,0,1", st.integers(4000, 4074)),
    st.sampled_from(["OK", "ERROR", "+CME ERROR:3", "REBOOTING", "M5310", "+CEREG:2"]),
)


@settings(max_examples=scaled(60))
@given(st.lists(lines, max_size=40), st.sampled_from([0, 5, 40, 60, 1000]))
def test_no_line_stops_a_device(received: list[str], when: int) -> None:
    async def main() -> None:
        m = Scripted(dict(RULES))
        device = reporting_device(m)
        task = asyncio.create_task(program(device))
        for _ in range(when):
            await asyncio.sleep(0)
        m.send(*received)
        await asyncio.wait({task})
        assert task.exception() is None or isinstance(task.exception(), M5310Error)
        assert device.state in (DeviceState.DESTROYED, DeviceState.NEW)
        await m.modem.close()

    run(main())


@settings(max_examples=scaled(40))
@given(st.lists(lines, max_size=40))
def test_after_any_lines_a_request_is_served(received: list[str]) -> None:
    async def main() -> None:
        m = Scripted(dict(RULES))
        async with Device(m.modem, ENDPOINT) as device:
            await device.add_resource("1/0/1", ValueType.STRING, "", Access(7))
            await device.connect(30)
            m.send(*received)
            await elapse(60)
            m.send("+MIPLOPEN:0,1")
            with contextlib.suppress(M5310Error):
                await device.connect(30)
            m.send("+MIPLEXECUTE:0,20000,1,0,1")
            await m.until("AT+MIPLEXECUTE=0,20000,0")
            assert m.sent.count("AT+MIPLEXECUTE=0,20000,0") == 1
        assert device.state is DeviceState.DESTROYED
        await m.modem.close()

    run(main())
