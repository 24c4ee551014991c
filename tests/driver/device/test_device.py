"""Device: its calls, requests and reports, over the real modem and a scripted module."""

from __future__ import annotations

import asyncio
import pathlib

import pytest

from m5310.at.engine import TEXT_PAUSE
from m5310.device.device import Device
from m5310.device.events import (
    PortBack,
    PortLost,
    RenewalFailed,
    Restored,
    Subscribed,
    UpkeepEvent,
)
from m5310.device.reports import ReportState
from m5310.device.restore import LONGEST_WAIT, STABLE_AFTER
from m5310.errors import (
    AcknowledgementTimeout,
    Code,
    CommandError,
    NotFound,
    ParameterError,
    PortError,
    RegistrationError,
    StateError,
)
from m5310.lwm2m.path import Path
from m5310.lwm2m.resources import Access
from m5310.lwm2m.values import ValueType
from m5310.states import DeviceState
from tests.support.clock import elapse
from tests.support.devices import CONF, ENDPOINT, RESTART, Ports, module, text
from tests.support.scripted import Scripted, platform
from tests.support.upkeep import upkeep

# --- from create to destroy ------------------------------------------------------------------


async def test_commands_from_create_to_destroy() -> None:
    async with module() as m:
        async with Device(m.modem, ENDPOINT) as device:
            assert device.state is DeviceState.DEREGISTERED
            temperature = await device.add_resource("3303/0/5700", ValueType.FLOAT, 21.5)
            await device.add_resource("3303/0/5701", ValueType.STRING, "Cel")
            await device.add_resource(
                Path(3306, 0, 5850), ValueType.BOOLEAN, False, Access.WRITABLE
            )
            assert [str(each.path) for each in device.resources] == [
                "3303/0/5700",
                "3303/0/5701",
                "3306/0/5850",
            ]
            await device.connect(30)
            assert device.state is DeviceState.REGISTERED
            await device.notify(temperature, 22)
            await device.close()
            assert device.state is DeviceState.DEREGISTERED
        assert device.state is DeviceState.DESTROYED
        assert m.sent == [
            "AT+CMEE?",
            CONF,
            "AT+MIPLADDOBJ=0,3303,0",
            'AT+MIPLNOTIFY=0,3303,0,5700,4,"21.5",1',
            'AT+MIPLNOTIFY=0,3303,0,5701,1,"Cel",1',
            "AT+MIPLADDOBJ=0,3306,0",
            'AT+MIPLNOTIFY=0,3306,0,5850,5,"0",1',
            "AT+MIPLOPEN=0,30",
            'AT+MIPLNOTIFY=0,3303,0,5700,4,"22.0",1',
            "AT+MIPLCLOSE=0",
            "AT+MIPLDELOBJ=0,3303,0",
            "AT+MIPLDELOBJ=0,3306,0",
            "AT+MIPLDEL=0",
        ]
        assert not m.closed  # a lent modem stays its owner's


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"endpoint": "123456789012345"}, Code.BADPARAM),
        ({"uri": "183.230.40.40"}, Code.INVALID_URI),
        ({"lifetime": 9}, Code.BADPARAM),
        ({"lifetime": 86401}, Code.BADPARAM),
    ],
)
def test_invalid_parameters_are_refused_before_the_port_is_opened(
    options: dict[str, str | int], code: Code
) -> None:
    with pytest.raises(ParameterError) as refused:
        Device("/dev/null/none", **{"endpoint": ENDPOINT, **options})  # type: ignore[arg-type]
    assert refused.value.code is code


# --- resources -------------------------------------------------------------------------------


async def test_resource_cannot_be_added_after_login() -> None:
    async with module() as m, Device(m.modem, ENDPOINT) as device:
        await device.add_resource("3303/0/5700", ValueType.FLOAT, 1)
        await device.connect()
        sent = len(m.sent)
        with pytest.raises(StateError, match="declared before login") as late:
            await device.add_resource("3303/0/5701", ValueType.FLOAT, 1)
        assert late.value.code is Code.REGISTERED
        assert len(m.sent) == sent


async def test_invalid_resource_is_refused_before_sending() -> None:
    async with module() as m, Device(m.modem, ENDPOINT) as device:
        await device.add_resource("3303/0/5700", ValueType.FLOAT, 1)
        sent = len(m.sent)
        for path, kind, value in (
            ("3303/0/5700", ValueType.FLOAT, 1),
            ("3303/0", ValueType.FLOAT, 1),
            ("3303/0/65536", ValueType.FLOAT, 1),
            ("3303/0/5701", ValueType.STRING, 'a"b'),
            ("3303/0/5701", ValueType.STRING, "x" * 1025),
        ):
            with pytest.raises(ParameterError):
                await device.add_resource(path, kind, value)
        assert len(m.sent) == sent


async def test_resource_refused_by_the_module_is_not_added() -> None:
    rules = platform(NOTIFY=lambda line: "ERROR" if "5701" in line else "OK")
    async with module(rules) as m, Device(m.modem, ENDPOINT) as device:
        with pytest.raises(CommandError):
            await device.add_resource("3303/0/5701", ValueType.FLOAT, 1)
        assert device.resources == ()
        await device.add_resource("3303/0/5700", ValueType.FLOAT, 1)
        assert len([line for line in m.sent if "ADDOBJ" in line]) == 1


async def test_concurrent_declarations_add_the_instance_once() -> None:
    async with module() as m, Device(m.modem, ENDPOINT) as device:
        await asyncio.gather(
            *(device.add_resource(f"3303/0/{number}", ValueType.FLOAT, 1) for number in (1, 2, 3))
        )
        assert len([line for line in m.sent if "ADDOBJ" in line]) == 1


async def test_removing_the_last_resource_deletes_the_instance() -> None:
    async with module() as m, Device(m.modem, ENDPOINT) as device:
        one = await device.add_resource("3303/0/1", ValueType.FLOAT, 1)
        two = await device.add_resource("3303/0/2", ValueType.FLOAT, 1)
        await device.remove_resource(one)
        assert "DELOBJ" not in m.sent[-1]
        await device.remove_resource(two)
        assert m.sent[-1] == "AT+MIPLDELOBJ=0,3303,0"
        with pytest.raises(NotFound):
            await device.remove_resource(two)
    assert m.sent[-2:] == ["AT+MIPLDELOBJ=0,3303,0", "AT+MIPLDEL=0"]


async def test_removing_an_instance_while_registered_updates_the_registration() -> None:
    async with module() as m, Device(m.modem, ENDPOINT, lifetime=300) as device:
        one = await device.add_resource("3303/0/1", ValueType.FLOAT, 1)
        await device.connect()
        await device.remove_resource(one)
        assert m.sent[-2:] == ["AT+MIPLDELOBJ=0,3303,0", "AT+MIPLUPDATE=0,300,1"]


# --- login -----------------------------------------------------------------------------------


@pytest.mark.parametrize("timed_out", [True, False])
async def test_failed_login_can_be_repeated(timed_out: bool) -> None:
    async with module(platform(OPEN="OK")) as m, Device(m.modem, ENDPOINT) as device:
        after = 10 if timed_out else 2
        asyncio.get_running_loop().call_later(after, m.send, "+MIPLOPEN:0,0")
        with pytest.raises(RegistrationError) as failed:
            await device.connect(10)
        assert failed.value.timed_out is timed_out
        assert device.state is DeviceState.REG_FAILED
        m.rules = platform()
        await device.connect(10)
        assert device.state is DeviceState.REGISTERED


async def test_second_login_is_refused_without_sending() -> None:
    async with module() as m, Device(m.modem, ENDPOINT) as device:
        m.rules = platform(OPEN="OK")
        pending = asyncio.create_task(device.connect())
        await m.until("AT+MIPLOPEN")
        with pytest.raises(StateError) as refused:
            await device.connect()
        assert refused.value.code is Code.PENDING
        m.send("+MIPLOPEN:0,1")
        await pending
        with pytest.raises(StateError) as refused:
            await device.connect()
        assert refused.value.code is Code.REGISTERED
        assert len([line for line in m.sent if "OPEN" in line]) == 1


# --- reports ---------------------------------------------------------------------------------


async def test_reports_need_a_login() -> None:
    async with module() as m, Device(m.modem, ENDPOINT) as device:
        t = await device.add_resource("3303/0/5700", ValueType.FLOAT, 1)
        sent = len(m.sent)
        with pytest.raises(StateError, match="log in first") as refused:
            await device.notify(t, 2)
        assert refused.value.code is Code.NOT_REGISTER
        assert len(m.sent) == sent


async def test_report_of_several_values_is_acknowledged() -> None:
    async with module() as m, Device(m.modem, ENDPOINT) as device:
        a = await device.add_resource("3303/0/5700", ValueType.FLOAT, 1)
        b = await device.add_resource("3303/0/5701", ValueType.STRING, "Cel")
        await device.connect()
        m.rules = platform(NOTIFY=lambda line: ["OK", "+MIPLNOTIFY:0,2"] if ",2" in line else "OK")
        report = await device.notify({a: 2, b: "K"}, acknowledge=True, timeout=10)
        assert report.acknowledged
        assert m.sent[-2:] == [
            'AT+MIPLNOTIFY=0,3303,0,5700,4,"2.0",0',
            'AT+MIPLNOTIFY=0,3303,0,5701,1,"K",1,2',
        ]
        assert (a.value, b.value) == (2, "K")


async def test_invalid_report_is_refused_before_sending() -> None:
    async with module() as m, Device(m.modem, ENDPOINT) as device:
        a = await device.add_resource("3303/0/5700", ValueType.FLOAT, 1)
        gone = await device.add_resource("3303/0/5701", ValueType.FLOAT, 1)
        await device.remove_resource(gone)
        again = await device.add_resource("3303/0/5701", ValueType.FLOAT, 1)
        await device.connect()
        sent = len(m.sent)
        with pytest.raises(ParameterError, match="no value"):
            await device.notify(a)  # type: ignore[call-overload]
        with pytest.raises(ParameterError):
            await device.notify(a, "warm")
        with pytest.raises(NotFound, match="5701"):
            await device.notify({a: 2, gone: 1})
        await device.remove_resource(again)
        with pytest.raises(NotFound):
            await device.notify(again, 1)
        assert len(m.sent) == sent


# --- requests --------------------------------------------------------------------------------


async def test_read_write_and_execute_are_answered() -> None:
    seen = []

    async def on_read(resource: object) -> float:
        return 23.5

    async def on_write(resource: object, value: object) -> None:
        seen.append(value)

    async def on_execute(resource: object, arguments: bytes) -> None:
        seen.append(arguments)

    device_options = {"on_read": on_read, "on_write": on_write, "on_execute": on_execute}
    async with module() as m, Device(m.modem, ENDPOINT, **device_options) as device:  # type: ignore[arg-type]
        access = Access.READABLE | Access.WRITABLE | Access.EXECUTABLE
        await device.add_resource("3303/0/5700", ValueType.FLOAT, 1, access)
        await device.connect()
        m.send("+MIPLREAD:0,10001,3303,0,5700")
        await m.until("AT+MIPLREAD")
        assert m.sent[-1] == 'AT+MIPLREAD=0,10001,3303,0,5700,4,"23.5",1'
        m.send("+MIPLWRITE:0,10002,3303,0,5700,7.5")
        await m.until("AT+MIPLWRITE")
        assert m.sent[-1] == "AT+MIPLWRITE=0,10002,1"
        m.send("+MIPLEXECUTE:0,10003,3303,0,5700,go")
        await m.until("AT+MIPLEXECUTE")
        assert m.sent[-1] == "AT+MIPLEXECUTE=0,10003,1"
        assert seen == [7.5, b"go"]


async def test_callback_may_report() -> None:
    async def on_execute(resource: object, arguments: bytes) -> None:
        await device.notify({a: 5, b: 6})

    async with module() as m, Device(m.modem, ENDPOINT, on_execute=on_execute) as device:
        a = await device.add_resource("3303/0/1", ValueType.INTEGER, 1, Access.EXECUTABLE)
        b = await device.add_resource("3303/0/2", ValueType.INTEGER, 1)
        await device.connect()
        m.send("+MIPLEXECUTE:0,10003,3303,0,1")
        await m.until("AT+MIPLEXECUTE")
        assert [text(line) for line in m.sent[-3:]] == [
            'NOTIFY=0,3303,0,1,3,"5",0',
            'NOTIFY=0,3303,0,2,3,"6",1',
            "EXECUTE=0,10003,1",
        ]


async def test_lines_that_need_no_action_are_ignored(caplog: pytest.LogCaptureFixture) -> None:
    async with module() as m, Device(m.modem, ENDPOINT) as device:
        await device.connect()
        sent = len(m.sent)
        m.send("+MIPLOBSERVE:0,10001,1,3303,0,-1", "+MIPLDISCOVER:0,10002,3303", "+CEREG:5")
        m.send("+MIPLREAD:0,x", "+MIPLNOTIFY:0,99", "+MIPLUPDATE:0,1")
        await elapse(10)
        assert len(m.sent) == sent
        assert device.state is DeviceState.REGISTERED
    assert "+MIPLREAD:0,x" in caplog.text


async def test_requests_to_the_modules_own_objects_are_left_to_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """As every field log shows them after a login."""
    events: list[UpkeepEvent] = []
    async with module() as m, Device(m.modem, ENDPOINT, on_event=events.append) as device:
        await device.add_resource("5/0/3", ValueType.INTEGER, 1)
        await device.connect()
        sent = len(m.sent)
        for read in ("3,0,-1,0", "3,0,-1", "1,0,1", "3,0,13"):
            m.send(f"+MIPLREAD:0,39123,{read}")
        m.send("+MIPLWRITE:0,39124,1,0,1,300", "+MIPLEXECUTE:0,39125,3,0,4")
        await elapse(40)
        assert len(m.sent) == sent
        assert events.count(Subscribed()) == 3
        m.send("+MIPLREAD:0,39126,5,0,3", "+MIPLREAD:0,39127,4,0,1,2,3,4")
        await m.until("AT+MIPLREAD=0,39127")
        assert m.sent[sent:] == [
            'AT+MIPLREAD=0,39126,5,0,3,3,"1",1',
            'AT+MIPLREAD=0,39127,4,0,1,2,"",1',
        ]
    assert caplog.text.count("refusing") == 1


@pytest.mark.parametrize("inside", ["REBOOT_CAUSE_UNKNOWN", "OK", "ERROR", "+MIPLCLOSE:0,1"])
async def test_written_text_with_line_ends_is_no_other_line(inside: str) -> None:
    events: list[object] = []
    async with module() as m, Device(m.modem, ENDPOINT, on_event=events.append) as device:
        hidden = await device.add_resource("3303/0/1", ValueType.STRING, "", Access.WRITABLE)
        shown = await device.add_resource("3303/0/2", ValueType.STRING, "", Access(3))
        await device.connect()
        before = list(events)
        text = f"a\r\n{inside}\r\nb"
        for resource in (1, 2):
            m.send(f"+MIPLWRITE:0,1000{resource},3303,0,{resource},1,{len(text)},{text},0,0")
            await m.until(f"AT+MIPLWRITE=0,1000{resource}")
        assert m.sent[-2:] == ["AT+MIPLWRITE=0,10001,1", "AT+MIPLWRITE=0,10002,0"]
        assert (hidden.value, shown.value) == (text, "")
        assert events == before
        assert device.state is DeviceState.REGISTERED


async def test_lines_behind_a_text_that_does_not_go_on_are_delayed_only() -> None:
    """A bare text that begins like a typed one."""
    async with module() as m, Device(m.modem, ENDPOINT) as device:
        resource = await device.add_resource("3303/0/1", ValueType.STRING, "", Access(3))
        await device.connect()
        begun = asyncio.get_running_loop().time()
        m.send("+MIPLWRITE:0,10001,3303,0,1,1,100,20", "+MIPLREAD:0,10002,3303,0,1")
        await m.until("AT+MIPLREAD")
        assert resource.value == "1,100,20"
        assert m.sent[-2:] == [
            "AT+MIPLWRITE=0,10001,1",
            'AT+MIPLREAD=0,10002,3303,0,1,1,"1,100,20",1',
        ]
        assert asyncio.get_running_loop().time() - begun == pytest.approx(TEXT_PAUSE, abs=0.1)


# --- the port is lost ------------------------------------------------------------------------


@pytest.mark.parametrize("given", [False, True])
async def test_lost_port_ends_every_wait_at_once(opening: Ports, given: bool) -> None:
    """Without recovery, or with a lent modem, which its owner alone can open again."""
    m = Scripted(platform())
    device = Device(m.modem, ENDPOINT) if given else Device("/dev/ttyUSB0", ENDPOINT, recover=False)
    await device.create()
    m = m if given else opening[0]
    t = await device.add_resource("3303/0/1", ValueType.INTEGER, 1)
    await device.connect()
    m.rules = platform(UPDATE="OK")
    waiting = [
        asyncio.create_task(device.notify(t, 2, acknowledge=True)),
        asyncio.create_task(device.update()),
        asyncio.create_task(device.left(1000)),
    ]
    await m.until("AT+MIPLUPDATE")
    before = asyncio.get_running_loop().time()
    m.vanish()
    *failed, left = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(error) for error in failed] == [PortError, PortError]
    assert left is None
    assert asyncio.get_running_loop().time() == before
    assert device.state is DeviceState.LOST
    for again in (device.connect(), device.notify(t, 3), device.update(), device.close()):
        with pytest.raises(PortError, match="lost"):
            await again
    await device.destroy()
    assert device.state is DeviceState.DESTROYED
    assert m.closed == 1


async def test_only_reports_wait_while_the_port_is_lost(opening: Ports) -> None:
    events: list[UpkeepEvent] = []
    device = Device("/dev/ttyUSB0", ENDPOINT, on_event=upkeep(events))
    await device.create()
    t = await device.add_resource("3303/0/1", ValueType.INTEGER, 1)
    await device.connect()
    (m,) = opening
    m.rules = platform(UPDATE="OK")
    acknowledged = asyncio.create_task(device.notify(t, 2, acknowledge=True))
    updating = asyncio.create_task(device.update())
    await m.until("AT+MIPLUPDATE")
    opening.rules = None
    m.vanish()
    with pytest.raises(PortError, match="unplugged"):
        await updating
    assert device.state is DeviceState.RESTORING
    assert device.in_service
    with pytest.raises(StateError) as pending:
        await device.connect()
    assert pending.value.code is Code.PENDING
    kept = [await device.notify(t, value) for value in (3, 4)]
    assert [report.state for report in kept] == [ReportState.QUEUED] * 2
    await elapse(600)
    assert not acknowledged.done() or isinstance(acknowledged.exception(), AcknowledgementTimeout)
    opening.rules = platform(NOTIFY=["OK", "+MIPLNOTIFY:0,3"])
    for report in kept:
        await report.accepted(60)
    assert opening[1].sent[2:] == [
        "AT+MIPLADDOBJ=0,3303,0",
        'AT+MIPLNOTIFY=0,3303,0,1,3,"2",1',  # accepted before the loss
        "AT+MIPLOPEN=0,60",
        'AT+MIPLNOTIFY=0,3303,0,1,3,"2",1,3',
        'AT+MIPLNOTIFY=0,3303,0,1,3,"3",1',
        'AT+MIPLNOTIFY=0,3303,0,1,3,"4",1',
    ]
    assert t.value == 4
    assert isinstance(events[0], PortLost)
    assert events[-2:] == [PortBack("scripted"), Restored(1)]
    assert device.modem is opening[1].modem
    await device.destroy()
    with pytest.raises(AcknowledgementTimeout):
        await acknowledged
    assert [port.closed for port in opening] == [1, 1]


@pytest.mark.parametrize("reads", [1, 2, 3])
async def test_ok_at_the_end_of_a_boot_text_is_expected(reads: int) -> None:
    text = ["REBOOT_CAUSE_UNKNOWN", "M5310", "OK"]
    async with module() as m, Device(m.modem, ENDPOINT) as device:
        await device.connect()
        for times in range(1, 4):
            for line in text[: reads - 1]:
                m.send(line)
            m.send(*text[reads - 1 :])
            await elapse(600)
            assert device.counters.restored == times
        assert device.modem.counters.strays == 0


async def test_waits_grow_if_the_platform_ends_each_login() -> None:
    events: list[UpkeepEvent] = []
    rules = platform(OPEN=["OK", "+MIPLOPEN:0,1", "+MIPLCLOSE:0,1"])
    async with module() as m, Device(m.modem, ENDPOINT, on_event=upkeep(events)) as device:
        await device.connect()
        m.rules = rules
        m.send("+MIPLCLOSE:0,1")
        await elapse(86400)
        logins = len([line for line in m.sent if "OPEN" in line])
        assert 86400 / LONGEST_WAIT < logins < 86400 / LONGEST_WAIT * 2 + 20
        m.rules = platform()
        await elapse(LONGEST_WAIT + 1)
        assert device.state is DeviceState.REGISTERED
        await elapse(STABLE_AFTER)
        m.send("+MIPLCLOSE:0,1")  # it held: this is the first again
        await elapse(0.1)
        assert device.state is DeviceState.REGISTERED


# --- any order -------------------------------------------------------------------------------

STEPS = ["add", "remove", "connect", "notify", "update", "close", "destroy", "lose", "odd", "idle"]


# --- misuse ----------------------------------------------------------------------------------


@pytest.mark.parametrize("port", [None, 5, b"/dev/ttyUSB0", pathlib.Path("/dev/ttyUSB0")])
def test_invalid_port_is_refused(port: object) -> None:
    with pytest.raises(ParameterError, match="is not a port"):
        Device(port, ENDPOINT)  # type: ignore[arg-type]


async def test_path_instead_of_a_resource_is_refused() -> None:
    async with module() as m, Device(m.modem, ENDPOINT) as device:
        await device.add_resource("3303/0/5700", ValueType.FLOAT, 1)
        await device.connect()
        sent = len(m.sent)
        for ask in (
            device.notify("3303/0/5700", 2),  # type: ignore[call-overload]
            device.notify({"3303/0/5700": 2}),  # type: ignore[dict-item]
            device.remove_resource("3303/0/5700"),  # type: ignore[arg-type]
        ):
            with pytest.raises(NotFound, match="'3303/0/5700' is not a resource"):
                await ask
        assert len(m.sent) == sent


# --- the module restarts ---------------------------------------------------------------------


async def restored(device: Device, within: float = 60) -> None:
    async with asyncio.timeout(within):
        while not device.counters.restored:
            await elapse(0.1)


async def test_damaged_declaration_is_repeated_after_refused_reports() -> None:
    """5700 is received as 5790. Reports of 5700 are refused, since it is not declared."""
    declared: set[str] = set()
    damage = ["5700"]

    def notify(line: str) -> str:
        path = line.split(",")[3]
        if device.state is DeviceState.REGISTERED:
            return "OK" if path in declared else "+CME ERROR:50"
        declared.add("5790" if damage and damage.pop() == path else path)
        return "OK"

    def conf(_: str) -> str:
        return "+CME ERROR:3" if declared else "OK"

    def delete(_: str) -> str:
        declared.clear()
        return "OK"

    rules = platform(NOTIFY=notify, CONF=conf, DEL=delete)
    async with module(rules) as m, Device(m.modem, ENDPOINT) as device:
        t = await device.add_resource("3303/0/5700", ValueType.FLOAT, 1)
        u = await device.add_resource("3303/0/5701", ValueType.STRING, "C")
        await device.connect()
        assert (await device.notify(u, "K")).state is ReportState.ACCEPTED
        report = await device.notify(t, 2)
        assert report.state is ReportState.QUEUED
        await restored(device)
        await report.accepted(10)
        assert device.counters.restored == 1


async def test_removed_resource_is_not_restored() -> None:
    async with module() as m, Device(m.modem, ENDPOINT) as device:
        lamp = await device.add_resource("1/0/1", ValueType.INTEGER, 1)
        await device.add_resource("2/0/1", ValueType.INTEGER, 1)
        m.send(RESTART)
        await device.remove_resource(lamp)
        before = len(m.sent)
        await restored(device)
        assert not [line for line in m.sent[before:] if line.startswith("AT+MIPLADDOBJ=0,1,")]
        assert device.state is DeviceState.DEREGISTERED


@pytest.mark.parametrize("success", [True, False])
async def test_update_by_the_program_during_recovery_from_a_failed_renewal(
    success: bool,
) -> None:
    own: list[asyncio.Task[None]] = []

    def also(event: UpkeepEvent) -> None:
        if isinstance(event, RenewalFailed):
            m.rules["AT+MIPLUPDATE"] = ["OK", f"+MIPLUPDATE:0,{success:d}"]
            own.append(asyncio.create_task(device.update()))

    async with module() as m, Device(m.modem, ENDPOINT, lifetime=300, on_event=also) as device:
        await device.connect(30)
        m.rules["AT+MIPLUPDATE"] = ["OK", "+MIPLUPDATE:0,0"]
        await restored(device, within=400)
        (update,) = own
        assert isinstance(update.exception(), type(None) if success else RegistrationError)
        assert device.state is DeviceState.REGISTERED
        assert sum(line.startswith("AT+MIPLOPEN") for line in m.sent) == (1 if success else 2)


async def test_listener_may_connect_again_after_a_logout() -> None:
    """A task of the listener's may begin at once: under eager tasks, or in its second round."""
    own: list[asyncio.Task[None]] = []

    def again(event: UpkeepEvent) -> None:
        assert device.state is DeviceState.DEREGISTERED, "the event came before the state"
        own.append(asyncio.create_task(device.connect(30)))

    async with (
        module() as m,
        Device(m.modem, ENDPOINT, recover=False, on_event=again) as device,
    ):
        await device.connect(30)
        m.send("+MIPLCLOSE:0,1")
        await own[0]
        assert device.state is DeviceState.REGISTERED
