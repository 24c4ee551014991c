"""The OneNET commands as a host sends them, and the platform's messages as they reach it."""

from __future__ import annotations

import pytest

from emulator.air.messages import (
    Ack,
    CancelObserve,
    Code,
    Deregister,
    Discover,
    Execute,
    Item,
    Notification,
    Observe,
    Path,
    Read,
    Register,
    Reset,
    Response,
    Update,
    Write,
)
from emulator.module.dialects.classic.commands import ACKIDS_REMEMBERED, REPORT_ITEMS
from emulator.module.lwm2m.objects import INSTANCE_LIMIT, RESOURCE_LIMIT
from emulator.module.lwm2m.observations import OBSERVATION_LIMIT
from emulator.module.lwm2m.registration import State
from tests.support.uart import DIRECT, Host

WARM = ("3303/0/5700", 4, "21.5")
UNIT = ("3303/0/5701", 1, "Cel")
LEVEL = ("3306/0/5851", 3, "40")


def configured(*resources: tuple[str, int, str]) -> Host:
    host = Host()
    host.configure(*(resources or (WARM, UNIT, LEVEL)))
    return host


def online(*resources: tuple[str, int, str]) -> Host:
    """Logged in, /3303/0 observed with token 1 and /3306/0 with token 2."""
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
    "AT+MIPLOPEN=0,0",
    "AT+MIPLOPEN=0,65536",
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
def test_broken_commands_are_refused_in_any_state_and_change_nothing(
    command: str, situation: type[Host]
) -> None:
    host = situation()
    classic = host.module.classic
    before = (classic.state, classic.objects.instances, classic.config)
    number = host.refused(command)
    if command.endswith("?"):
        assert number == 4
    elif classic.state is not State.ABSENT and "CONF=" in command:
        assert number == 3
    else:
        assert number == 50
    assert (classic.state, classic.objects.instances, classic.config) == before
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
                "AT+MIPLADDOBJ=0,3303,0",
                "AT+MIPLDELOBJ=0,3303,1",
                notify("3303/1/5700", 4, "1"),
                "AT+MIPLUPDATE=0,300,0",
                "AT+MIPLCLOSE=0",
            ],
        ),
        (
            online,
            [
                DIRECT,
                "AT+MIPLADDOBJ=0,3303,0",
                "AT+MIPLDELOBJ=0,3303,1",
                notify("3303/1/5700", 4, "1"),
                "AT+MIPLOPEN=0",
                "AT+MIPLDEL=0",
            ],
        ),
    ],
)
def test_commands_in_the_wrong_state_are_not_allowed(
    situation: type[Host], commands: list[str]
) -> None:
    host = situation()
    classic = host.module.classic
    before = (classic.state, classic.objects.instances, classic.config)
    for command in commands:
        assert host.refused(command) == 3, command
    assert (classic.state, classic.objects.instances, classic.config) == before
    assert host.uplink() == []


# The instance ------------------------------------------------------------------------------------


def test_the_configuration_is_kept_until_the_instance_is_deleted() -> None:
    host = configured()
    classic = host.module.classic
    assert classic.config is not None
    assert classic.config.endpoint == "1234;test"
    host.well("AT+MIPLDEL=0")
    assert classic.state is State.ABSENT
    assert (classic.config, classic.objects.instances) == (None, ())
    host.well(DIRECT)


def test_a_configuration_in_fragments() -> None:
    host = Host()
    digits = DIRECT.split(",")[1]
    host.well(f"AT+MIPLCONF=20,{digits[:40]},1,0")
    assert host.module.classic.state is State.ABSENT
    host.well(f"AT+MIPLCONF=26,{digits[40:]},2,1")
    assert host.module.classic.state is State.CONFIGURED


def test_the_longest_lines_fit() -> None:
    host = Host()
    host.well(f"AT+MIPLCONF=1024,{'00' * 1024},1,0")
    host.configure(("65535/65535/65535", 1, "x" * 1024))
    declared = host.module.classic.objects.resource(Path(65535, 65535, 65535))
    assert declared is not None
    assert declared.value == "x" * 1024


def test_instances_come_and_go() -> None:
    host = configured(WARM)
    host.well("AT+MIPLADDOBJ=0,3303,1", "AT+MIPLDELOBJ=0,3303,0", "AT+MIPLADDOBJ=0,3303,0")
    assert host.module.classic.objects.instances == (Path(3303, 1), Path(3303, 0))
    assert host.module.classic.objects.resource(Path(3303, 0, 5700)) is None


def test_instances_and_resources_are_bounded() -> None:
    host = configured(WARM)
    for number in range(1, INSTANCE_LIMIT):
        host.well(f"AT+MIPLADDOBJ=0,3303,{number}")
    assert host.refused("AT+MIPLADDOBJ=0,3306,0") == 3
    for number in range(RESOURCE_LIMIT - 1):
        host.well(notify(f"3303/0/{number}", 3, "1"))
    assert host.refused(notify("3303/0/9999", 3, "1")) == 3
    host.well(notify("3303/0/0", 1, "another type"))


def test_a_declaration_asks_for_no_acknowledgement() -> None:
    host = configured(WARM)
    assert host.refused(notify("3303/0/5701", 1, "Cel", "1,5")) == 50
    host.well(notify("3303/0/5701", 1, "Cel", "1,0"), notify("3303/0/5702", 1, "Cel", "0"))
    host.well(notify("3303/0/5703", 1, "Cel", "1,"))
    assert host.uplink() == []


def test_a_declared_value_may_be_1024_bytes() -> None:
    host = configured(WARM)
    host.well(notify("3303/0/5701", 1, "x" * 1024), notify("3303/0/5702", 2, "00" * 512))
    assert host.refused(notify("3303/0/5701", 1, "x" * 1025)) == 50
    assert host.refused(notify("3303/0/5701", 1, "温" * 342)) == 50


# Login -------------------------------------------------------------------------------------------


def test_the_login_carries_what_was_configured() -> None:
    host = configured()
    assert host.ask("AT+MIPLOPEN=0,30") == ["OK"]
    (register,) = host.uplink()
    assert isinstance(register, Register)
    assert register.endpoint == "1234;test"
    assert register.lifetime == 300
    assert register.objects == (Path(3303, 0), Path(3306, 0))
    assert host.refused("AT+MIPLOPEN=0") == 3
    assert host.refused("AT+MIPLDEL=0") == 3
    assert host.hear(Response(register.mid, Code.CREATED, location="rd/1")) == ["+MIPLOPEN:0,1"]
    assert host.hear(Response(register.mid, Code.CREATED, location="rd/1")) == []


def test_an_unanswered_login_is_repeated_and_fails_when_its_time_is_over() -> None:
    host = configured()
    host.well("AT+MIPLOPEN=0,20")
    assert host.wait(19.9) == []
    register, *repeats = host.uplink()
    assert repeats == [register] * 3  # after 2, 6 and 14 seconds
    assert host.wait(0.2) == ["+MIPLOPEN:0,0"]
    assert host.module.classic.state is State.CONFIGURED
    assert host.hear(Response(register.mid, Code.CREATED, location="rd/1")) == []
    host.well("AT+MIPLOPEN=0")
    (again,) = host.uplink()
    assert again.mid != register.mid
    assert host.wait(29.9) == []
    assert host.wait(0.2) == ["+MIPLOPEN:0,0"]


def test_a_refused_login() -> None:
    host = configured()
    host.well("AT+MIPLOPEN=0")
    (register,) = host.uplink()
    assert host.hear(Response(register.mid, Code.FORBIDDEN)) == ["+MIPLOPEN:0,0"]
    assert host.wait(100) == []


def test_without_network_there_is_no_login() -> None:
    host = configured()
    host.well("AT+CGATT=0")
    assert host.refused("AT+MIPLOPEN=0") == 30
    assert host.module.classic.state is State.CONFIGURED
    host.well("AT+CGATT=1")
    host.wait(3)
    host.well("AT+MIPLOPEN=0")


def test_the_lifetime_is_renewed_and_kept_for_the_next_login() -> None:
    host = online()
    host.well("AT+MIPLADDOBJ=0,3303,1", "AT+MIPLUPDATE=0,600,1")
    (update,) = host.uplink()
    objects = (Path(3303, 0), Path(3306, 0), Path(3303, 1))
    assert update == Update(update.mid, "rd/1", 600, objects)
    assert host.refused("AT+MIPLUPDATE=0,600,0") == 3
    assert host.hear(Response(update.mid, Code.CHANGED)) == ["+MIPLUPDATE:0,1"]
    host.well("AT+MIPLUPDATE=0,700,0")
    (update,) = host.uplink()
    assert update == Update(update.mid, "rd/1", 700, None)
    assert host.hear(Response(update.mid, Code.NOT_FOUND)) == ["+MIPLUPDATE:0,0"]
    host.well("AT+MIPLOPEN=0")
    (register,) = host.uplink()
    assert isinstance(register, Register)
    assert register.lifetime == 700


def test_an_unanswered_update_ends_the_login() -> None:
    host = online()
    host.well("AT+MIPLUPDATE=0,600,0")
    assert host.wait(31) == ["+MIPLUPDATE:0,0"]
    assert host.module.classic.state is State.CONFIGURED
    assert host.module.classic.observed == ()


@pytest.mark.parametrize("answered", [True, False])
def test_closing(answered: bool) -> None:
    host = online()
    host.hear(Execute(10_001, Path(3303, 0, 5605), b""))
    host.well("AT+MIPLCLOSE=0")
    (deregister,) = host.uplink()
    assert deregister == Deregister(deregister.mid, "rd/1")
    assert host.refused("AT+MIPLCLOSE=0") == 3
    assert host.refused(notify(*WARM)) == 3
    assert host.refused("AT+MIPLADDOBJ=0,3303,1") == 3
    host.well("AT+MIPLEXECUTE=0,10001,1", "AT+MIPLDELOBJ=0,3306,0")
    if answered:
        assert host.hear(Response(deregister.mid, Code.DELETED)) == ["+MIPLCLOSE:0,1"]
    else:
        assert host.wait(31) == ["+MIPLCLOSE:0,1"]
    assert host.refused("AT+MIPLEXECUTE=0,10001,1") == 50
    host.well("AT+MIPLDELOBJ=0,3303,0", "AT+MIPLDEL=0")


# Reports -----------------------------------------------------------------------------------------


def test_a_report_of_one_value() -> None:
    host = online()
    host.well(notify("3303/0/5700", 4, "20.123"))
    (sent,) = notifications(host)
    assert sent == Notification(
        sent.mid, 1, 1, (Item(Path(3303, 0, 5700), 20.123),), confirmable=False
    )


def test_a_report_of_several_lines_leaves_with_the_last() -> None:
    host = online()
    host.well(notify("3303/0/5700", 4, "22", "0"), notify("3303/0/5701", 1, "F", "0"))
    assert host.uplink() == []
    host.well(notify("3306/0/5851", 3, "-7", "1"))
    first, second = notifications(host)
    assert first.items == (Item(Path(3303, 0, 5700), 22.0), Item(Path(3303, 0, 5701), "F"))
    assert second.items == (Item(Path(3306, 0, 5851), -7),)


def test_an_acknowledged_report() -> None:
    host = online()
    host.well(notify("3303/0/5700", 4, "22", "1,278"))
    (sent,) = notifications(host)
    assert sent.confirmable
    assert host.hear(Ack(sent.mid)) == ["+MIPLNOTIFY:0,278"]
    assert host.hear(Ack(sent.mid)) == []


def test_an_unacknowledged_report_is_repeated_and_given_up_silently() -> None:
    host = online()
    host.well(notify("3303/0/5700", 4, "22", "1,278"))
    assert host.wait(100) == []
    sent = notifications(host)
    assert len(sent) == 5
    assert len(set(sent)) == 1
    assert host.hear(Ack(sent[0].mid)) == []


@pytest.mark.parametrize(
    "command",
    [
        notify("3303/0/5702", 4, "1"),  # never declared
        notify("3303/0/5700", 3, "1"),  # another type
        notify("3303/0/5700", 4, "1", "0,7"),  # an ackid before the last line
        notify("3303/0/5701", 1, "x" * 1001),  # more than a payload
    ],
)
def test_reports_that_are_refused_leave_the_lines_before(command: str) -> None:
    host = online()
    host.well(notify("3303/0/5700", 4, "22", "0"))
    assert host.refused(command) == 50
    host.well(notify("3303/0/5701", 1, "F"))
    (sent,) = notifications(host)
    assert [item.value for item in sent.items] == [22.0, "F"]


def test_a_report_holds_a_thousand_bytes_in_all() -> None:
    host = online()
    host.well(notify("3303/0/5701", 1, "x" * 999, "0"))
    assert host.refused(notify("3303/0/5700", 4, "22", "1")) == 50
    host.well(notify("3303/0/5700", 4, "2", "1"))
    assert len(notifications(host)) == 1
    host.well(notify("3303/0/5701", 1, "x" * 1000))


def test_a_report_holds_so_many_lines() -> None:
    host = online()
    for _ in range(REPORT_ITEMS):
        host.well(notify("3303/0/5701", 1, "", "0"))
    assert host.refused(notify("3303/0/5701", 1, "", "1")) == 50


def test_an_ackid_is_used_once_in_the_life_of_the_device() -> None:
    host = online()
    host.well(notify("3303/0/5700", 4, "22", "1,7"))
    assert host.refused(notify("3303/0/5700", 4, "22", "1,7")) == 50
    host.well(notify("3303/0/5700", 4, "22", "1,0"), notify("3303/0/5700", 4, "22", "1,0"))
    host.well("AT+MIPLCLOSE=0")
    host.wait(31)
    host.uplink()
    host.observed("3303/0")
    assert host.refused(notify("3303/0/5700", 4, "22", "1,7")) == 50
    host.well("AT+MIPLCLOSE=0")
    host.wait(31)
    host.well("AT+MIPLDEL=0")
    host.uplink()
    host.configure(WARM)
    host.observed("3303/0")
    host.well(notify("3303/0/5700", 4, "22", "1,7"))


def test_ackids_far_in_the_past_are_forgotten() -> None:
    host = online()
    for ackid in range(1, ACKIDS_REMEMBERED + 2):
        host.well(notify("3303/0/5700", 4, "22", f"1,{ackid}"))
        (sent,) = notifications(host)
        assert host.hear(Ack(sent.mid)) == [f"+MIPLNOTIFY:0,{ackid}"]
    assert host.refused(notify("3303/0/5700", 4, "22", "1,2")) == 50
    host.well(notify("3303/0/5700", 4, "22", "1,1"))


def test_a_deleted_instance_leaves_the_report_begun() -> None:
    host = online()
    host.well(notify("3303/0/5700", 4, "22", "0"), "AT+MIPLDELOBJ=0,3303,0")
    host.well(notify("3306/0/5851", 3, "1"))
    (sent,) = notifications(host)
    assert sent.items == (Item(Path(3306, 0, 5851), 1),)
    assert host.module.classic.observed == (Path(3306, 0),)


def test_a_report_begun_does_not_outlive_the_login() -> None:
    host = online()
    host.well(notify("3303/0/5700", 4, "22", "0"), "AT+MIPLCLOSE=0")
    host.wait(31)
    host.uplink()
    host.observed("3303/0")
    host.well(notify("3303/0/5701", 1, "F"))
    (sent,) = notifications(host)
    assert len(sent.items) == 1


# The platform's requests -------------------------------------------------------------------------


def test_before_the_login_nothing_is_answered() -> None:
    host = configured()
    path = Path(3303, 0)
    for request in (
        Read(10_001, path),
        Write(10_001, path, (), replace=True),
        Execute(10_001, path, b""),
        Discover(10_001, path),
        Observe(10_001, 1, path),
        CancelObserve(10_001, 1, path),
        Response(1, Code.CREATED, location="rd/1"),
        Ack(1),
        Reset(1),
    ):
        assert host.hear(request) == []
    assert host.uplink() == []


def test_read_write_and_execute_reach_the_host_and_come_back() -> None:
    host = online()
    assert host.hear(Read(10_001, Path(3303, 0, 5700))) == ["+MIPLREAD:0,10001,3303,0,5700"]
    host.well('AT+MIPLREAD=0,10001,3303,0,5700,4,"20.125",1')
    value = Item(Path(3303, 0, 5700), 20.125)
    assert host.uplink() == [Response(10_001, Code.CONTENT, items=(value,))]
    write = Write(10_002, Path(3306, 0), (Item(Path(3306, 0, 5851), 55),), replace=False)
    assert host.hear(write) == ["+MIPLWRITE:0,10002,3306,0,5851,55"]
    host.well("AT+MIPLWRITE=0,10002,1")
    assert host.uplink() == [Response(10_002, Code.CHANGED)]
    assert host.hear(Execute(10_003, Path(3306, 0, 5851), b"x")) == [
        "+MIPLEXECUTE:0,10003,3306,0,5851,x"
    ]
    host.well("AT+MIPLEXECUTE=0,10003,0")
    assert host.uplink() == [Response(10_003, Code.INTERNAL_SERVER_ERROR)]


def test_the_later_firmware_s_form_is_an_option() -> None:
    host = Host(typed_urcs=True)
    host.configure(LEVEL)
    host.observed("3306/0")
    write = Write(10_002, Path(3306, 0), (Item(Path(3306, 0, 5851), 55),), replace=False)
    assert host.hear(write) == ["+MIPLWRITE:0,10002,3306,0,5851,3,4,55,0,0"]


def test_discover_is_answered_by_the_module() -> None:
    host = online()
    assert host.hear(Discover(10_001, Path(3303))) == ["+MIPLDISCOVER:0,10001,3303"]
    (response,) = host.uplink()
    assert isinstance(response, Response)
    assert response.code is Code.CONTENT
    assert list(map(str, response.links)) == ["/3303", "/3303/0", "/3303/0/5700", "/3303/0/5701"]
    assert host.hear(Discover(10_002, Path(3))) == []
    assert host.uplink() == [Response(10_002, Code.NOT_FOUND)]


def test_observe_and_cancel_are_answered_by_the_module() -> None:
    host = configured()
    host.log_in()
    host.well(notify("3303/0/5700", 4, "22"))
    assert host.uplink() == []
    assert host.hear(Observe(10_001, 9, Path(3303))) == ["+MIPLOBSERVE:0,10001,1,3303,-1,-1"]
    answer, held = host.uplink()
    assert answer == Response(10_001, Code.CONTENT)
    assert isinstance(held, Notification)
    assert (held.token, held.sequence) == (9, 1)
    path = Path(3306, 0, 5851)
    assert host.hear(Observe(10_002, 8, path)) == ["+MIPLOBSERVE:0,10002,1,3306,0,5851"]
    assert host.module.classic.observed == (Path(3303), path)
    assert host.hear(CancelObserve(10_003, 8, path)) == ["+MIPLOBSERVE:0,10003,0,3306,0,5851"]
    assert host.hear(CancelObserve(10_004, 8, path)) == []
    codes = [m.code for m in host.uplink() if isinstance(m, Response)]
    assert codes == [Code.CONTENT, Code.CONTENT, Code.NOT_FOUND]


@pytest.mark.parametrize("path", [Path(3), Path(3303, 1), Path(3303, 0, 5999)])
def test_what_is_not_there_is_not_observed(path: Path) -> None:
    host = online()
    assert host.hear(Observe(10_001, 9, path)) == []
    assert host.uplink() == [Response(10_001, Code.NOT_FOUND)]


def test_observations_are_bounded() -> None:
    host = configured(WARM)
    for number in range(1, INSTANCE_LIMIT):
        host.well(f"AT+MIPLADDOBJ=0,3303,{number}")
    host.log_in()
    for number in range(OBSERVATION_LIMIT):
        assert host.hear(Observe(10_000, number, Path(3303, number)))
    host.uplink()
    assert host.hear(Observe(10_001, 99, Path(3303))) == []
    assert host.uplink() == [Response(10_001, Code.INTERNAL_SERVER_ERROR)]


def test_a_reset_ends_an_observation() -> None:
    host = online()
    host.well(notify("3303/0/5700", 4, "22"))
    (sent,) = notifications(host)
    assert host.hear(Reset(sent.mid)) == []
    assert host.module.classic.observed == (Path(3306, 0),)
    host.well(notify("3303/0/5700", 4, "22"))
    assert host.uplink() == []


def test_an_answer_to_a_report_that_is_no_acknowledgement_ends_its_repetition() -> None:
    host = online()
    host.well(notify("3303/0/5700", 4, "22", "1,278"))
    (sent,) = notifications(host)
    assert host.hear(Response(sent.mid, Code.BAD_REQUEST)) == []
    assert host.wait(100) == []
    assert host.uplink() == []
