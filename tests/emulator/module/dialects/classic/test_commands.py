"""Classic dialect: commands of the host, error numbers, unsolicited lines."""

from __future__ import annotations

import pytest

from emulator.lwm2m.model import Item, Path
from emulator.module.dialects.values import ValueType
from emulator.module.lwm2m.states import State
from tests.support.lwm2m_messages import (
    Ack,
    CancelObserve,
    Code,
    Deregister,
    Discover,
    Execute,
    Notification,
    Observe,
    Read,
    Register,
    Response,
    Update,
    Write,
)
from tests.support.uart import DIRECT, Host

WARM = ("3303/0/5700", 4, "21.5")
UNIT = ("3303/0/5701", 1, "Cel")
LEVEL = ("3306/0/5851", 3, "40")


def configured(*resources: tuple[str, int, str]) -> Host:
    host = Host()
    host.configure(*(resources or (WARM, UNIT, LEVEL)))
    return host


def online(*resources: tuple[str, int, str]) -> Host:
    """Registered, /3303/0 observed with token 1 and /3306/0 with token 2."""
    host = configured(*resources)
    host.observed("3303/0", "3306/0")
    return host


def notify(path: str, kind: int, value: str, rest: str = "1") -> str:
    return f'AT+MIPLNOTIFY=0,{path.replace("/", ",")},{kind},"{value}",{rest}'


def notifications(host: Host) -> list[Notification]:
    sent = host.uplink()
    assert all(isinstance(message, Notification) for message in sent), sent
    return [message for message in sent if isinstance(message, Notification)]


# Refusals ----------------------------------------------------------------------------------------

BROKEN = [
    "AT+MIPLCONF",
    "AT+MIPLCONF?",
    "AT+MIPLCONF=46,00,1,1",
    "AT+MIPLADDOBJ=1,3303,0",
    "AT+MIPLADDOBJ=0,65536,0",
    "AT+MIPLADDOBJ=0,3303",
    "AT+MIPLADDOBJ=0,3303,0,1",
    "AT+MIPLDELOBJ=0,3303",
    "AT+MIPLDELOBJ=0,-1,0",
    'AT+MIPLNOTIFY=0,3303,0,5700,4,"21.5"',
    "AT+MIPLNOTIFY=0,3303,0,5700,4,21.5,1",
    'AT+MIPLNOTIFY=0,3303,0,5700,0,"21.5",1',
    'AT+MIPLNOTIFY=0,3303,0,5700,7,"21.5",1',
    'AT+MIPLNOTIFY=0,3303,0,5700,4,"warm",1',
    'AT+MIPLNOTIFY=0,3303,0,5700,4,"21.5",2',
    'AT+MIPLNOTIFY=0,3303,0,5700,4,"21.5",1,2147483648',
    'AT+MIPLNOTIFY=0,3303,0,5700,4,"21.5",1,-1',
    'AT+MIPLNOTIFY=0,3303,0,5700,4,"21.5",1,1,1',
    'AT+MIPLNOTIFY=1,3303,0,5700,4,"21.5",1',
    'AT+MIPLNOTIFY=0,3303,-1,5700,4,"21.5",1',
    "AT+MIPLOPEN=1",
    "AT+MIPLOPEN=0,-1",
    "AT+MIPLOPEN=0,2147483648",
    "AT+MIPLOPEN=0,30,1",
    "AT+MIPLOPEN",
    "AT+MIPLUPDATE=0,9,0",
    "AT+MIPLUPDATE=0,86401,0",
    "AT+MIPLUPDATE=0,300",
    "AT+MIPLUPDATE=0,300,2",
    "AT+MIPLCLOSE=1",
    "AT+MIPLCLOSE=0,1",
    "AT+MIPLDEL=1",
    "AT+MIPLDEL=0,0",
    'AT+MIPLREAD=0,10001,3303,0,5700,4,"21.5",1',
    'AT+MIPLREAD=0,9999,3303,0,5700,4,"21.5",1',
    'AT+MIPLREAD=0,10001,3303,0,5700,4,"21.5"',
    'AT+MIPLREAD=0,10001,-1,0,5700,4,"21.5",1',
    "AT+MIPLWRITE=0,10001,1",
    "AT+MIPLWRITE=0,10001,2",
    "AT+MIPLWRITE=0,10001",
    "AT+MIPLEXECUTE=0,10001,1",
    "AT+MIPLEXECUTE=0,65536,1",
]


@pytest.mark.parametrize("command", BROKEN)
@pytest.mark.parametrize("situation", [Host, configured, online])
def test_malformed_commands_are_refused_in_any_state_without_effect(
    command: str, situation: type[Host]
) -> None:
    host = situation()
    client = host.module.client
    before = (client.state, client.objects.instances)
    number = host.refused(command)
    if command.endswith("?"):
        assert number == 4
    elif client.state is not State.ABSENT and "CONF=" in command:
        assert number == 3
    else:
        assert number == 50
    assert (client.state, client.objects.instances) == before
    assert host.uplink() == []
    assert host.wait(100) == []


@pytest.mark.parametrize(
    ("situation", "commands"),
    [
        (
            Host,
            [
                "AT+MIPLADDOBJ=0,3303,0",
                "AT+MIPLDELOBJ=0,3303,0",
                notify(*WARM),
                "AT+MIPLOPEN=0",
                "AT+MIPLUPDATE=0,300,0",
                "AT+MIPLCLOSE=0",
                "AT+MIPLDEL=0",
            ],
        ),
        (
            configured,
            [
                DIRECT,
                notify("3303/1/5700", 4, "1"),
                "AT+MIPLUPDATE=0,300,0",
                "AT+MIPLCLOSE=0",
            ],
        ),
        (
            online,
            [
                DIRECT,
                notify("3303/1/5700", 4, "1"),
                "AT+MIPLOPEN=0",
            ],
        ),
    ],
)
def test_commands_in_the_wrong_state_are_not_allowed(
    situation: type[Host], commands: list[str]
) -> None:
    host = situation()
    client = host.module.client
    before = (client.state, client.objects.instances)
    for command in commands:
        assert host.refused(command) == 3, command
    assert (client.state, client.objects.instances) == before
    assert host.uplink() == []


# The instance ------------------------------------------------------------------------------------


def test_configuration_is_allowed_again_after_delete() -> None:
    host = configured()
    assert host.refused(DIRECT) == 3
    host.well("AT+MIPLDEL=0")
    assert host.module.client.state is State.ABSENT
    assert host.module.client.objects.instances == ()
    host.well(DIRECT)


def test_configuration_in_fragments() -> None:
    host = Host()
    digits = DIRECT.split(",")[1]
    host.well(f"AT+MIPLCONF=20,{digits[:40]},1,0")
    assert host.module.client.state is State.ABSENT
    host.well(f"AT+MIPLCONF=26,{digits[40:]},2,1")
    assert host.module.client.state is State.CONFIGURED


def test_longest_lines_are_accepted() -> None:
    host = Host()
    host.well(f"AT+MIPLCONF=1024,{'00' * 1024},1,0")
    host.configure(("65535/65535/65535", 1, "x" * 1024))
    declared = host.module.client.objects.type_of(Path(65535, 65535, 65535))
    assert declared == ValueType.STRING


def test_ackid_of_a_declaration_is_ignored() -> None:
    host = configured(WARM)
    host.well(notify("3303/0/5701", 1, "Cel", "1,5"))
    assert host.module.doubts.notes.pop() == (
        "doubtful: the ackid 5 is of no complete report, and is ignored"
    )
    host.well(notify("3303/0/5701", 1, "Cel", "1,0"), notify("3303/0/5702", 1, "Cel", "0"))
    host.well(notify("3303/0/5703", 1, "Cel", "1,"))
    assert not host.module.doubts.notes
    assert host.uplink() == []


def test_declared_value_has_at_most_1024_bytes() -> None:
    host = configured(WARM)
    host.well(notify("3303/0/5701", 1, "x" * 1024), notify("3303/0/5702", 2, "00" * 512))
    assert host.refused(notify("3303/0/5701", 1, "x" * 1025)) == 50
    assert host.refused(notify("3303/0/5701", 1, "温" * 342)) == 50


# Registration ------------------------------------------------------------------------------------


def test_open_registers_with_the_configuration() -> None:
    host = configured()
    host.well("AT+MIPLOPEN=0,30")
    (register,) = host.uplink()
    assert isinstance(register, Register)
    assert register.endpoint == "1234;test"
    assert register.lifetime == 300
    assert register.objects == (Path(3303, 0), Path(3306, 0))
    assert host.refused("AT+MIPLOPEN=0") == 3
    assert host.deliver(Response(register.mid, Code.CREATED, location="rd/1")) == ["+MIPLOPEN:0,1"]
    assert host.deliver(Response(register.mid, Code.CREATED, location="rd/1")) == []


def test_unanswered_open_fails_after_its_timeout() -> None:
    host = configured()
    host.well("AT+MIPLOPEN=0,20")
    assert host.wait(19.9) == []
    register, *repeats = host.uplink()
    assert repeats == [register] * 3  # after 2, 6 and 14 seconds
    assert host.wait(0.2) == ["+MIPLOPEN:0,0"]
    assert host.module.client.state is State.CONFIGURED
    assert host.deliver(Response(register.mid, Code.CREATED, location="rd/1")) == []
    host.well("AT+MIPLOPEN=0")
    (again,) = host.uplink()
    assert again.mid != register.mid
    assert host.wait(29.9) == []
    assert host.wait(0.2) == ["+MIPLOPEN:0,0"]


def test_open_without_network_is_error_30() -> None:
    host = configured()
    host.well("AT+CGATT=0")
    assert host.refused("AT+MIPLOPEN=0") == 30
    assert host.module.client.state is State.CONFIGURED
    host.well("AT+CGATT=1")
    host.wait(3)
    host.well("AT+MIPLOPEN=0")


def test_update_lines_for_success_and_failure() -> None:
    host = online()
    host.well("AT+MIPLADDOBJ=0,3303,1", "AT+MIPLUPDATE=0,600,1")
    (update,) = host.uplink()
    objects = (Path(3303, 0), Path(3306, 0), Path(3303, 1))
    assert update == Update(update.mid, "rd/1", 600, objects)
    assert host.deliver(Response(update.mid, Code.CHANGED)) == ["+MIPLUPDATE:0,1"]
    host.well("AT+MIPLUPDATE=0,700,0")
    (update,) = host.uplink()
    assert update == Update(update.mid, "rd/1", 700, None)
    assert host.deliver(Response(update.mid, Code.NOT_FOUND)) == ["+MIPLUPDATE:0,0"]
    host.well("AT+MIPLOPEN=0")
    (register,) = host.uplink()
    assert isinstance(register, Register)
    assert register.lifetime == 700


@pytest.mark.parametrize("answered", [True, False])
def test_close_line_with_and_without_answer(answered: bool) -> None:
    host = online()
    host.deliver(Execute(10_001, Path(3303, 0, 5605), b""))
    host.well("AT+MIPLCLOSE=0")
    (deregister,) = host.uplink()
    assert deregister == Deregister(deregister.mid, "rd/1")
    assert host.refused(notify(*WARM)) == 3
    host.well("AT+MIPLEXECUTE=0,10001,1", "AT+MIPLDELOBJ=0,3306,0")
    if answered:
        assert host.deliver(Response(deregister.mid, Code.DELETED)) == ["+MIPLCLOSE:0,1"]
    else:
        assert host.wait(31) == ["+MIPLCLOSE:0,1"]
    assert host.refused("AT+MIPLEXECUTE=0,10001,1") == 50
    host.well("AT+MIPLDELOBJ=0,3303,0", "AT+MIPLDEL=0")


# What no source refuses ---------------------------------------------------------------------------


def in_state(state: State, *, strict: bool) -> Host:
    host = Host(strict_host=strict)
    host.configure(WARM)
    if state is State.REGISTERING:
        host.well("AT+MIPLOPEN=0")
        return host
    host.observed("3303/0")
    if state is State.UPDATING:
        host.well("AT+MIPLUPDATE=0,300,0")
    if state is State.DEREGISTERING:
        host.well("AT+MIPLCLOSE=0")
    return host


@pytest.mark.parametrize(
    ("state", "command", "after"),
    [
        (State.REGISTERING, "AT+MIPLDEL=0", State.ABSENT),
        (State.REGISTERED, "AT+MIPLDEL=0", State.ABSENT),
        (State.UPDATING, "AT+MIPLDEL=0", State.ABSENT),
        (State.DEREGISTERING, "AT+MIPLDEL=0", State.ABSENT),
        (State.DEREGISTERING, "AT+MIPLCLOSE=0", State.DEREGISTERING),
        (State.DEREGISTERING, "AT+MIPLADDOBJ=0,3303,1", State.DEREGISTERING),
        (State.UPDATING, "AT+MIPLUPDATE=0,600,0", State.UPDATING),
    ],
)
def test_commands_that_no_source_refuses_in_a_state(
    state: State, command: str, after: State
) -> None:
    host = in_state(state, strict=False)
    assert host.module.client.state is state
    assert not host.module.doubts.notes
    host.well(command)
    assert len(host.module.doubts.notes) == 1
    assert host.module.client.state is after
    strict = in_state(state, strict=True)
    assert strict.refused(command) == 3
    assert strict.module.client.state is state


def test_logout_during_a_login() -> None:
    host = in_state(State.REGISTERING, strict=False)
    assert host.ask("AT+MIPLCLOSE=0") == ["OK", "+MIPLCLOSE:0,1"]
    assert host.module.doubts.notes.pop() == "doubtful: this command while registering"
    assert host.wait(60) == []
    host.well("AT+MIPLDEL=0")
    assert in_state(State.REGISTERING, strict=True).refused("AT+MIPLCLOSE=0") == 3


# Reports -----------------------------------------------------------------------------------------


def test_report_of_one_value() -> None:
    host = online()
    host.well(notify("3303/0/5700", 4, "20.123"))
    (sent,) = notifications(host)
    assert sent == Notification(
        sent.mid, 1, 1, (Item(Path(3303, 0, 5700), 20.123),), confirmable=False
    )


def test_acknowledgement_line() -> None:
    host = online()
    host.well(notify("3303/0/5700", 4, "22", "1,278"))
    (sent,) = notifications(host)
    assert sent.confirmable
    assert host.deliver(Ack(sent.mid)) == ["+MIPLNOTIFY:0,278"]
    assert host.deliver(Ack(sent.mid)) == []


def test_report_has_at_most_1000_bytes() -> None:
    host = online()
    host.well(notify("3303/0/5701", 1, "x" * 999, "0"))
    assert host.refused(notify("3303/0/5700", 4, "22", "1")) == 50
    host.well(notify("3303/0/5700", 4, "2", "1"))
    assert len(notifications(host)) == 1
    host.well(notify("3303/0/5701", 1, "x" * 1000))


# Requests of the platform ------------------------------------------------------------------------


def test_read_write_and_execute_lines_and_their_answers() -> None:
    host = online()
    assert host.deliver(Read(10_001, Path(3303, 0, 5700))) == ["+MIPLREAD:0,10001,3303,0,5700"]
    host.well('AT+MIPLREAD=0,10001,3303,0,5700,4,"20.125",1')
    value = Item(Path(3303, 0, 5700), 20.125)
    assert host.uplink() == [Response(10_001, Code.CONTENT, items=(value,))]
    write = Write(10_002, Path(3306, 0), (Item(Path(3306, 0, 5851), 55),), replace=False)
    assert host.deliver(write) == ["+MIPLWRITE:0,10002,3306,0,5851,55"]
    host.well("AT+MIPLWRITE=0,10002,1")
    assert host.uplink() == [Response(10_002, Code.CHANGED)]
    assert host.deliver(Execute(10_003, Path(3306, 0, 5851), b"x")) == [
        "+MIPLEXECUTE:0,10003,3306,0,5851,x"
    ]
    host.well("AT+MIPLEXECUTE=0,10003,0")
    assert host.uplink() == [Response(10_003, Code.INTERNAL_SERVER_ERROR)]


def test_typed_lines_are_an_option() -> None:
    host = Host(typed_urcs=True)
    host.configure(LEVEL)
    host.observed("3306/0")
    write = Write(10_002, Path(3306, 0), (Item(Path(3306, 0, 5851), 55),), replace=False)
    assert host.deliver(write) == ["+MIPLWRITE:0,10002,3306,0,5851,3,4,55,0,0"]


def test_discover_line() -> None:
    host = online()
    assert host.deliver(Discover(10_001, Path(3303))) == ["+MIPLDISCOVER:0,10001,3303"]
    (response,) = host.uplink()
    assert isinstance(response, Response)
    assert response.code is Code.CONTENT
    assert list(map(str, response.links)) == ["/3303", "/3303/0", "/3303/0/5700", "/3303/0/5701"]
    assert host.deliver(Discover(10_002, Path(6))) == []
    assert host.uplink() == [Response(10_002, Code.NOT_FOUND)]


def test_observe_and_cancel_lines() -> None:
    host = configured()
    host.log_in()
    host.well(notify("3303/0/5700", 4, "22"))
    assert host.uplink() == []
    assert host.deliver(Observe(10_001, 9, Path(3303))) == ["+MIPLOBSERVE:0,10001,1,3303,-1,-1"]
    answer, held = host.uplink()
    assert answer == Response(10_001, Code.CONTENT)
    assert isinstance(held, Notification)
    assert (held.token, held.sequence) == (9, 1)
    path = Path(3306, 0, 5851)
    assert host.deliver(Observe(10_002, 8, path)) == ["+MIPLOBSERVE:0,10002,1,3306,0,5851"]
    assert host.module.client.observed == (Path(3303), path)
    assert host.deliver(CancelObserve(10_003, 8, path)) == ["+MIPLOBSERVE:0,10003,0,3306,0,5851"]
    assert host.deliver(CancelObserve(10_004, 8, path)) == []
    codes = [m.code for m in host.uplink() if isinstance(m, Response)]
    assert codes == [Code.CONTENT, Code.CONTENT, Code.NOT_FOUND]
