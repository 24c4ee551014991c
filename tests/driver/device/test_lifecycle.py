"""Creating, closing and destroying a device: what remains in the module, and the port."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from m5310.device.device import Device
from m5310.device.events import UpkeepEvent, Waiting
from m5310.device.provisioning import RESTARTS
from m5310.device.reports import ReportState
from m5310.dialects.dialect import ATTEMPTS
from m5310.errors import (
    Code,
    CommandError,
    CommandTimeout,
    LanguageRefused,
    ModemReset,
    ParameterError,
    PortError,
    RegistrationError,
    StateError,
)
from m5310.lwm2m.resources import Access
from m5310.lwm2m.values import ValueType
from m5310.states import DeviceState
from tests.support.clock import elapse
from tests.support.devices import CONF, ENDPOINT, RESTART, Ports, declared, module, text
from tests.support.scripted import Reply, platform
from tests.support.upkeep import upkeep

# --- create ----------------------------------------------------------------------------------


async def test_port_given_by_name_is_opened_and_closed_once(opening: Ports) -> None:
    device = Device("/dev/ttyUSB0", ENDPOINT)
    with pytest.raises(StateError, match="open it first"):
        device.modem  # noqa: B018
    async with device:
        assert device.modem is opening[0].modem
        await device.destroy()
    await device.destroy()
    assert [port.closed for port in opening] == [1]


async def test_port_is_closed_if_the_loop_ends_at_any_step_of_destroy(opening: Ports) -> None:
    """As at a second Ctrl-C: all tasks are cancelled once."""
    steps, done = 1, False
    while not done:
        device = Device("/dev/ttyUSB0", ENDPOINT)
        await device.create()
        task = asyncio.create_task(device.destroy())
        for _ in range(steps):
            await asyncio.sleep(0)
        done = task.done()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for each in others:
            each.cancel()
        await asyncio.wait({task, *others})
        assert device.state is DeviceState.DESTROYED
        assert opening[-1].closed == 1
        steps += 1
    assert steps > 10


async def test_port_is_closed_if_the_loop_ends_while_create_is_undone(opening: Ports) -> None:
    """As at a Ctrl-C at any step of `create`, and a second one just after it."""
    steps, done = 1, False
    while not done:
        device = Device("/dev/ttyUSB0", ENDPOINT)
        task = asyncio.create_task(device.create())
        for _ in range(steps):
            await asyncio.sleep(0)
        done = task.done()
        task.cancel()
        await asyncio.sleep(0)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for each in others:
            each.cancel()
        await asyncio.wait({task, *others})
        assert done or all(port.closed == 1 for port in opening)
        steps += 1
    assert steps > 5
    await device.destroy()


@pytest.mark.realtime
async def test_device_stays_new_if_the_port_cannot_be_opened() -> None:
    device = Device("/dev/there-is-no-such-port", ENDPOINT)
    with pytest.raises(PortError):
        await device.create()
    assert device.state is DeviceState.NEW
    await device.destroy()
    assert device.state is DeviceState.DESTROYED


async def test_create_fails_on_a_closed_modem(opening: Ports) -> None:
    async with module() as m:
        m.vanish()
        with pytest.raises(PortError):
            await Device(m.modem, ENDPOINT).create()


@pytest.mark.parametrize("registered", [True, False])
async def test_instance_of_a_previous_program_is_deleted_first(registered: bool) -> None:
    left = {"instance": True}

    def conf(_: str) -> Reply:
        return "+CME ERROR:3" if left["instance"] else "OK"

    def delete(_: str) -> Reply:
        left["instance"] = False
        return "OK"

    close: Reply = ["OK", "+MIPLCLOSE:0,1"] if registered else "+CME ERROR:3"
    rules = platform(CONF=conf, DEL=delete, CLOSE=close)
    async with module(rules) as m, Device(m.modem, ENDPOINT):
        assert [text(line) for line in m.sent[2:]] == ["CLOSE=0", "DEL=0", text(CONF)]


async def test_create_can_be_repeated_after_a_refused_configuration(opening: Ports) -> None:
    device = Device("/dev/ttyUSB0", ENDPOINT)
    opening.rules = platform(CONF="+CME ERROR:50")
    with pytest.raises(CommandError, match="50"):
        await device.create()
    assert device.state is DeviceState.NEW
    assert opening[0].closed == 1
    opening.rules = platform()
    await device.create()  # once more, with a module that takes it
    await device.destroy()
    assert opening[1].closed == 1


async def test_silent_module_fails_create_after_one_command(opening: Ports) -> None:
    device = Device("/dev/ttyUSB0", ENDPOINT)
    opening.rules = {"AT": None}
    begun = asyncio.get_running_loop().time()
    with pytest.raises(CommandTimeout):
        await device.create()
    assert asyncio.get_running_loop().time() - begun < 6  # not once more for each command
    assert opening[0].closed == 1


@pytest.mark.parametrize("again", [0, 1, 3])
async def test_restart_after_the_last_ok_of_create_repeats_it(again: int) -> None:
    left = [True] * (1 + again)

    def conf(_: str) -> Reply:
        return ["OK", "REBOOT_CAUSE_UNKNOWN"] if left and left.pop() else "OK"

    async with module(platform(CONF=conf)) as m:
        device = Device(m.modem, ENDPOINT)
        if again < RESTARTS:
            await device.create()
            assert device.state is DeviceState.DEREGISTERED
            assert m.sent.count(CONF) == 2 + again
        else:
            with pytest.raises(ModemReset, match="module restarted"):
                await device.create()
            assert device.state is DeviceState.NEW
        await device.destroy()


async def test_second_create_is_refused() -> None:
    async with module() as m:
        device = Device(m.modem, ENDPOINT)
        first = asyncio.create_task(device.create())
        await asyncio.sleep(0)
        with pytest.raises(StateError, match="being created") as pending:
            await device.create()
        assert pending.value.code is Code.PENDING
        await first
        with pytest.raises(
            StateError, match="cannot be created: the device is DEREGISTERED; it is created once"
        ):
            await device.create()
        await device.destroy()
        with pytest.raises(StateError, match="DESTROYED"):
            await device.create()


async def test_port_lost_after_the_last_answer_fails_create(opening: Ports) -> None:
    def unplug(_: str) -> Reply:
        asyncio.get_running_loop().call_soon(opening[0].vanish)
        return "OK"

    opening.rules = platform(CONF=unplug)
    device = Device("/dev/ttyUSB0", ENDPOINT)
    with pytest.raises(PortError, match="lost"):
        await device.create()
    # the port is closed, since a device that was not created is not destroyed
    assert opening[0].closed == 1


# --- log out ---------------------------------------------------------------------------------


async def test_requests_are_served_while_logging_out() -> None:
    async with module() as m:
        device = Device(m.modem, ENDPOINT)
        await device.create()
        await device.add_resource("3303/0/1", ValueType.INTEGER, 1)
        await device.connect()
        m.rules = platform(CLOSE="OK")
        leaving = asyncio.create_task(device.destroy())
        await m.until("AT+MIPLCLOSE")
        m.send("+MIPLREAD:0,10001,3303,0,1")
        await m.until("AT+MIPLREAD")
        assert m.sent[-1].endswith('3,"1",1')
        m.send("+MIPLCLOSE:0,1")
        await leaving


async def test_close_while_the_port_is_lost_cancels_the_login(opening: Ports) -> None:
    device = Device("/dev/ttyUSB0", ENDPOINT)
    await device.create()
    t = await device.add_resource("3303/0/1", ValueType.INTEGER, 1)
    await device.connect()
    opening.rules = None
    opening[0].vanish()
    kept = await device.notify(t, 2)
    await device.close()
    assert kept.state is ReportState.FAILED
    with pytest.raises(StateError):
        await device.notify(t, 3)
    assert device.state is DeviceState.RESTORING
    await elapse(600)
    opening.rules = platform()
    await elapse(60)
    assert device.state is DeviceState.DEREGISTERED
    assert "AT+MIPLOPEN=0,60" not in opening[1].sent
    with pytest.raises(StateError) as refused:
        await device.close()
    assert refused.value.code is Code.NOT_REGISTER
    await device.connect()  # it knows all it needs
    await device.notify(t, 4)
    await device.destroy()


async def test_close_ends_a_login_under_way_at_once() -> None:
    async with module(platform(OPEN="OK")) as m, Device(m.modem, ENDPOINT) as device:
        connecting = asyncio.create_task(device.connect(60))
        await m.until("AT+MIPLOPEN")
        await device.close()
        with pytest.raises(RegistrationError, match="ended by close"):
            await connecting
        assert device.state is DeviceState.DEREGISTERED
        assert asyncio.get_running_loop().time() < 1
        m.rules = platform()
        await device.connect()
        assert device.state is DeviceState.REGISTERED


@pytest.mark.parametrize("accepted", [True, False])
async def test_close_waits_for_a_login_if_the_module_refuses_the_logout(accepted: bool) -> None:
    def close(_: str) -> Reply:
        pending = device.state is DeviceState.REG_PENDING
        return "+CME ERROR:3" if pending else ["OK", "+MIPLCLOSE:0,1"]

    events: list[UpkeepEvent] = []
    async with (
        module(platform(OPEN="OK", CLOSE=close)) as m,
        Device(m.modem, ENDPOINT, on_event=events.append) as device,
    ):
        connecting = asyncio.create_task(device.connect(20))
        await m.until("AT+MIPLOPEN")
        asyncio.get_running_loop().call_later(5, m.send, f"+MIPLOPEN:0,{int(accepted)}")
        await device.close()
        assert device.state is DeviceState.DEREGISTERED
        assert m.sent.count("AT+MIPLCLOSE=0") == ATTEMPTS + accepted
        assert next(event.seconds for event in events if isinstance(event, Waiting)) > 20
        await asyncio.wait({connecting})
        assert (connecting.exception() is None) is accepted


async def test_login_outcome_after_the_logout_is_ignored() -> None:
    async with module() as m, Device(m.modem, ENDPOINT) as device:
        m.rules = platform(OPEN="OK", CLOSE="+CME ERROR:3")
        with pytest.raises(RegistrationError):
            await device.connect(10)
        await device.close()
        m.rules = platform()
        m.send("+MIPLOPEN:0,1")
        await elapse(60)
        assert device.state is DeviceState.DEREGISTERED
        before = len(m.sent)
    assert list(map(text, m.sent[before:])) == ["CLOSE=0", "DEL=0"]


async def test_close_between_two_attempts_ends_the_recovery() -> None:
    async with module() as m, Device(m.modem, ENDPOINT) as device:
        t = await device.add_resource("3303/0/1", ValueType.INTEGER, 1)
        await device.connect()
        m.rules = platform(OPEN=["OK", "+MIPLOPEN:0,0"])
        m.send("+MIPLCLOSE:0,1")
        kept = await device.notify(t, 2)
        await elapse(100)
        assert device.counters.retries > 1
        await device.close()
        assert kept.state is ReportState.FAILED
        assert not device.in_service
        sent = len(m.sent)
        await elapse(3600)
        assert len(m.sent) == sent


async def test_restart_during_close_does_not_log_in() -> None:
    async with module() as m, Device(m.modem, ENDPOINT) as device:
        m.rules = platform(OPEN="OK", CLOSE="+CME ERROR:3")
        connecting = asyncio.create_task(device.connect(20))
        await m.until("AT+MIPLOPEN")
        closing = asyncio.create_task(device.close())
        await elapse(1)
        m.send("REBOOT_CAUSE_UNKNOWN", "M5310", "OK")
        await closing
        with pytest.raises(ModemReset):
            await connecting
        await elapse(600)
        assert device.state is DeviceState.DEREGISTERED
        assert len([line for line in m.sent if "OPEN" in line]) == 1


async def test_refused_close_does_not_end_the_renewals() -> None:
    async with module() as m, Device(m.modem, ENDPOINT, lifetime=300) as device:
        await device.add_resource("1/0/1", ValueType.INTEGER, 1)
        await device.connect(30)
        with pytest.raises(ParameterError):
            await device.close(-1)
        await elapse(300)
        assert device.state is DeviceState.REGISTERED
        assert device.counters.renewed == 2


# --- destroy ---------------------------------------------------------------------------------


@pytest.mark.parametrize("others", [0, 1])
async def test_callback_may_destroy_its_device(
    others: int, caplog: pytest.LogCaptureFixture
) -> None:
    done = asyncio.Event()

    async def on_execute(resource: object, arguments: bytes) -> None:
        try:
            await device.destroy()
        finally:
            done.set()

    async with module() as m:
        device = Device(m.modem, ENDPOINT, on_execute=on_execute)
        await device.create()
        await device.add_resource("3303/0/1", ValueType.INTEGER, 1, Access.EXECUTABLE)
        await device.connect()
        m.send("+MIPLEXECUTE:0,10003,3303,0,1")
        await m.until("AT+MIPLCLOSE")
        await asyncio.gather(*(device.destroy() for _ in range(others)))
        await done.wait()
        assert device.state is DeviceState.DESTROYED
        assert m.sent[-1] == "AT+MIPLDEL=0"
        assert asyncio.get_running_loop().time() < 0.5
    assert not caplog.records


async def test_exception_in_the_program_leaves_the_module_clean() -> None:
    async def program() -> None:
        async with Device(m.modem, ENDPOINT) as device:
            await device.add_resource("3303/0/1", ValueType.INTEGER, 1)
            await device.connect()
            raise ZeroDivisionError

    async with module() as m:
        with pytest.raises(ZeroDivisionError):
            await program()
        assert m.since("AT+MIPLCLOSE") == [
            "AT+MIPLCLOSE=0",
            "AT+MIPLDELOBJ=0,3303,0",
            "AT+MIPLDEL=0",
        ]


@pytest.mark.parametrize("cancelled", [True, False])
@pytest.mark.parametrize("takes", ["CLOSE", "DEL", "nothing"])
async def test_destroy_during_a_login_waits_only_if_the_module_refuses(
    takes: str, cancelled: bool, caplog: pytest.LogCaptureFixture
) -> None:
    def if_taken(name: str, reply: Reply) -> Callable[[str], Reply]:
        def answer(_: str) -> Reply:
            pending = device.state is DeviceState.REG_PENDING
            return "+CME ERROR:3" if pending and takes != name else reply

        return answer

    close, delete = if_taken("CLOSE", ["OK", "+MIPLCLOSE:0,1"]), if_taken("DEL", "OK")
    async with module(platform(OPEN="OK", CLOSE=close, DEL=delete)) as m:
        device = Device(m.modem, ENDPOINT)
        await device.create()
        task = asyncio.create_task(device.connect(60))
        await m.until("AT+MIPLOPEN")
        if cancelled:
            task.cancel()
            await asyncio.wait({task})
        asyncio.get_running_loop().call_later(40, m.send, "+MIPLOPEN:0,1")
        await device.destroy()
        await asyncio.wait({task})
        assert text(m.sent[-1]) == "DEL=0"
        waited = asyncio.get_running_loop().time()
        assert 40 <= waited < 41 if takes == "nothing" else waited < 1.5
        assert ("waiting up to 6" in caplog.text) is (takes == "nothing")


async def test_destroy_ignores_refusals(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rules = platform(CLOSE="+CME ERROR:3", DELOBJ="ERROR", DEL=None)
    async with module(rules) as m, Device(m.modem, ENDPOINT) as device:
        await device.add_resource("3303/0/1", ValueType.INTEGER, 1)
        await device.connect()
    assert device.state is DeviceState.DESTROYED
    assert "logout did not succeed" in caplog.text


async def test_late_login_outcome_does_not_stop_destroy() -> None:
    async with module(platform(OPEN="OK")) as m:
        device = Device(m.modem, ENDPOINT)
        await device.create()
        with pytest.raises(RegistrationError):
            await device.connect(10)
        m.rules = platform(DEL=["+MIPLOPEN:0,1", "OK"])
        await device.destroy()
        assert device.state is DeviceState.DESTROYED


async def test_destroy_fails_kept_reports(opening: Ports) -> None:
    device = Device("/dev/ttyUSB0", ENDPOINT)
    await device.create()
    t = await device.add_resource("3303/0/1", ValueType.INTEGER, 1)
    await device.connect()
    opening.rules = None
    opening[0].vanish()
    report = await device.notify(t, 2)
    await device.destroy()
    assert device.state is DeviceState.DESTROYED
    with pytest.raises(PortError, match="destroyed"):
        await report.accepted()


async def test_destroyed_device_cannot_be_created() -> None:
    async with module() as m:
        device = Device(m.modem, ENDPOINT)
        leaving = asyncio.create_task(device.destroy())
        await asyncio.sleep(0)
        with pytest.raises(StateError):
            await device.create()
        await leaving
        assert m.sent == []
        assert device.state is DeviceState.DESTROYED


async def test_destroy_during_create_leaves_the_module_clean(opening: Ports) -> None:
    device = Device("/dev/ttyUSB0", ENDPOINT)
    creating = asyncio.create_task(device.create())
    await asyncio.sleep(0)
    await device.destroy()
    with pytest.raises(StateError, match="being destroyed"):
        await creating
    assert opening[0].sent[-1] == "AT+MIPLDEL=0"
    assert opening[0].closed == 1


async def test_restart_during_destroy_ends_it() -> None:
    async with module(platform(CLOSE=RESTART)) as m:
        async with Device(m.modem, ENDPOINT) as device:
            await device.add_resource("1/0/1", ValueType.INTEGER, 1)
            await device.connect(30)
        assert device.state is DeviceState.DESTROYED


@pytest.mark.parametrize("what", ["add", "remove", "connect", "create"])
@pytest.mark.parametrize("at", ["AT+MIPLCLOSE", "AT+MIPLDELOBJ=0,1", "AT+MIPLDEL="])
async def test_nothing_begins_during_destroy(what: str, at: str) -> None:
    async with module() as m:
        device, resources = await declared(m, "1/0/1", "2/0/1", "3/0/1")
        await device.connect()
        leaving = asyncio.create_task(device.destroy())
        await m.until(at)
        match what:
            case "add":
                other = asyncio.create_task(device.add_resource("4/0/1", ValueType.INTEGER, 1))
            case "remove":
                other = asyncio.create_task(device.remove_resource(resources[2]))
            case "connect":
                other = asyncio.create_task(device.connect(10))
            case _:
                other = asyncio.create_task(device.create())
        await asyncio.wait({leaving, other})
        assert leaving.exception() is None
        assert isinstance(other.exception(), StateError | None)
        assert device.state is DeviceState.DESTROYED
        *objects, last = [text(line) for line in m.since("AT+MIPLDELOBJ")]
        assert sorted(objects) == ["DELOBJ=0,1,0", "DELOBJ=0,2,0", "DELOBJ=0,3,0"]
        assert last == "DEL=0"


@pytest.mark.parametrize("name", ["CLOSE", "DEL"])
async def test_refusal_of_a_damaged_line_leaves_nothing_behind(name: str) -> None:
    """The module is logged out and holds nothing, although one line of `destroy` was refused."""
    refused = {"CLOSE": ["OK", "+MIPLCLOSE:0,1"], "DEL": ["OK"]}
    damaged = iter(["ERROR"])
    async with module() as m, Device(m.modem, ENDPOINT) as device:
        await device.connect()
        m.rules = platform(**{name: lambda _: next(damaged, refused[name])})
    assert [text(line) for line in m.sent[-3:]] == (
        ["CLOSE=0", "CLOSE=0", "DEL=0"] if name == "CLOSE" else ["CLOSE=0", "DEL=0", "DEL=0"]
    )


# --- a module that speaks something else -----------------------------------------------------


@pytest.mark.parametrize("refusal", ["ERROR", "+CME ERROR:4", "+CME ERROR:3", "+CIS ERROR: 601"])
@pytest.mark.parametrize(
    ("model", "language"),
    [
        (["M5310-A", "OK"], r"AT\+MIPLCREATE"),
        (['+CGMM: "BC95-B5"', "OK"], r"AT\+MIPLCREATE"),
        (["SIM800", "OK"], "not known here"),
    ],
)
async def test_another_module_is_named_at_once(
    model: list[str], language: str, refusal: str, caplog: pytest.LogCaptureFixture
) -> None:
    rules: dict[str, Reply | Callable[[str], Reply]] = {
        "AT+MIPL": refusal,
        "AT+CGMI": ["A maker", "OK"],
        "AT+CGMM": model,
        "AT+CGMR": ["V1.2", "OK"],
    }
    async with module(rules) as m:
        device = Device(m.modem, ENDPOINT)
        with pytest.raises(LanguageRefused, match=language) as refused:
            await device.create()
        assert "A maker" in str(refused.value)
        assert "V1.2" in str(refused.value)
        assert refused.value.code is Code.NOT_SUPPORT
        assert asyncio.get_running_loop().time() < 1
        twice = ["AT+CGMM"] * (model[0] == "SIM800")  # the line may have damaged an unknown name
        asked = ["ATI", "AT+CGMI", *twice, "AT+CGMM", "AT+CGMR", *["AT+MIPLVER?"] * 2]
        assert m.sent == ["AT+CMEE?", CONF, "AT+MIPLCLOSE=0", "AT+MIPLDEL=0", *asked]


async def test_m5310_without_the_commands_is_named_at_once() -> None:
    rules: dict[str, Reply | Callable[[str], Reply]] = {
        "AT+MIPL": "+CME ERROR:4",
        "AT+CGM": ["M5310", "OK"],
    }
    async with module(rules) as m:
        with pytest.raises(LanguageRefused, match="M5310 M5310 M5310"):
            await Device(m.modem, ENDPOINT).create()
        assert asyncio.get_running_loop().time() < 1


async def test_wrong_parameters_are_no_login_under_way() -> None:
    async with module(platform(CONF="+CME ERROR:50", CLOSE="ERROR", DEL="ERROR")) as m:
        with pytest.raises(CommandError, match="50"):
            await Device(m.modem, ENDPOINT).create()
        assert asyncio.get_running_loop().time() < 3


async def test_login_of_a_previous_program_is_waited_for_and_told() -> None:
    events: list[UpkeepEvent] = []
    rules = platform(CONF="+CME ERROR:3", CLOSE="+CME ERROR:3", DEL="+CME ERROR:3")
    rules["AT+CGMM"] = ["M5310", "OK"]
    async with module(rules) as m:
        device = Device(m.modem, ENDPOINT, on_event=upkeep(events))
        creating = asyncio.create_task(device.create())
        await elapse(10)
        m.rules = platform()
        m.send("+MIPLOPEN:0,1")
        await creating
        (waiting,) = events
        assert str(waiting) == "waiting up to 63 s: a login of the previous program is under way"
        await device.destroy()


async def test_silent_module_is_told_before_create_fails() -> None:
    events: list[UpkeepEvent] = []
    async with module({"AT": None}) as m:
        with pytest.raises(CommandTimeout):
            await Device(m.modem, ENDPOINT, on_event=events.append).create()
    assert list(map(str, events)) == ["waiting up to 8 s: the module has not answered yet"]


async def test_destroy_cleans_a_module_that_a_false_line_called_logged_out() -> None:
    logged_in = {"login": True}

    def close(_: str) -> Reply:
        logged_in["login"] = False
        return ["OK", "+MIPLCLOSE:0,1"]

    def delete(_: str) -> Reply:
        return "ERROR" if logged_in["login"] else "OK"

    rules = platform(CLOSE=close)
    rules["AT+MIPLDEL="] = delete
    async with module(rules) as m, Device(m.modem, ENDPOINT, recover=False) as device:
        await device.connect()
        m.send("+MIPLCLOSE:0,1")
        assert device.state is DeviceState.DEREGISTERED
    assert [text(line) for line in m.sent[-2:]] == ["CLOSE=0", "DEL=0"]
