"""The module as a whole: restarts, inputs and outputs, any order of inputs."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.air.faults import Link
from emulator.lwm2m.model import Item, Path
from emulator.module.at.command_faults import CommandFault
from emulator.module.lwm2m.host import ACCESS_MACHINE
from emulator.module.lwm2m.states import TRANSITIONS, State
from emulator.module.module import BOOT_TIME, Cause, Datagram, Identity, Module
from emulator.module.radio.coverage import RECEPTIONS, Coverage
from emulator.module.radio.psm import WAKING_BYTES
from emulator.module.radio.sim import Sim
from tests.support.effort import scaled
from tests.support.lwm2m_messages import (
    Ack,
    CancelObserve,
    Code,
    Deregister,
    Discover,
    Downlink,
    Execute,
    Notification,
    Observe,
    Read,
    Register,
    Reset,
    Response,
    Update,
    Write,
)
from tests.support.uart import DIRECT, START, Host, lines

WARM = ("3303/0/5700", 4, "21.5")

# Start and restart -------------------------------------------------------------------------------


def test_new_module_is_booted_and_registered() -> None:
    host = Host()
    assert host.module.step(host.now) is None
    assert host.module.baud == 9600
    assert host.ask("AT+CEREG?") == ["+CEREG:0,1", "OK"]
    assert host.ask("AT+CFUN?") == ["+CFUN:1", "OK"]
    assert host.ask("AT+CMEE?") == ["+CMEE:0", "OK"]
    assert host.wait(1000) == []


def test_identity_is_given_or_default() -> None:
    assert Module().identity == Identity()
    module = Module(Identity(imei="865820030013971"))
    module.receive(b"AT+CGSN=1\r", 0.0)
    assert lines(module.take_output()) == ["+CGSN:865820030013971", "OK"]


def test_reboot_byte_for_byte() -> None:
    host = Host()
    assert host.raw(b"AT+NRB\r") == b"\r\nREBOOTING\r\n"
    host.now += BOOT_TIME - 0.1
    assert host.raw(b"AT\rAT+CGMI") == b""
    host.now += 0.1
    host.module.step(host.now)
    assert host.module.take_output() == b"\r\nREBOOT_CAUSE_APPLICATION_AT\r\nM5310\r\nOK\r\n"
    assert host.raw(b"\r") == b""
    assert host.ask("AT") == ["OK"]


def test_lines_after_a_reboot_command_are_lost() -> None:
    host = Host()
    assert host.raw(b"AT+NRB\rAT\rAT+CMEE=1\r") == b"\r\nREBOOTING\r\n"
    host.now += BOOT_TIME
    assert host.raw(b"AT+CMEE?\r").endswith(b"M5310\r\nOK\r\n\r\n+CMEE:0\r\n\r\nOK\r\n")


@pytest.mark.parametrize("cause", Cause)
def test_each_cause_has_its_text(cause: Cause) -> None:
    host = Host()
    host.module.receive(b"AT+CGMI\r", host.now)
    host.module.power_cycle(cause, host.now)
    assert host.module.take_output() == b""
    assert host.module.step(host.now) == host.now + cause.silence
    host.module.step(host.now + cause.silence)
    assert host.module.take_output() == f"\r\n{cause.text}\r\nM5310\r\nOK\r\n".encode()


def test_reboot_clears_all_state() -> None:
    host = Host()
    host.configure(WARM)
    host.observed("3303/0")
    host.ask("AT+NSOCR=DGRAM,17,5000")
    host.well("AT+CMEE=1", "AT+CEREG=2", "AT+CSCON=1", "AT+CPSMS=1", "AT+NPSMR=1", "AT+CEDRXS=1,5")
    host.raw(b"ATE1\r")
    host.raw(b"AT+NRB\r")
    assert host.module.client.state is State.ABSENT
    host.now += BOOT_TIME
    host.raw(b"")
    assert host.wait(60) == []
    assert host.ask("AT+CEREG?") == ["+CEREG:0,1", "OK"]
    assert host.ask("AT+CSCON?") == ["+CSCON:0,0", "OK"]
    assert host.ask("AT+CPSMS?") == ["+CPSMS:0,,,01000001,00000101", "OK"]
    assert host.ask("AT+NPSMR?") == ["+NPSMR:0", "OK"]
    assert host.ask("AT+CEDRXS?") == ["OK"]
    assert host.ask("AT+NSOCL=0") == ["ERROR"]
    assert host.uplink() == []
    host.configure(WARM)
    host.log_in()


def test_reboot_attaches_only_with_autoconnect() -> None:
    host = Host()
    host.raw(b"AT+NRB\r")
    host.now += BOOT_TIME
    host.raw(b"")
    assert host.ask("AT+CEREG?") == ["+CEREG:0,2", "OK"]
    host.wait(2.1)
    assert host.ask("AT+CEREG?") == ["+CEREG:0,1", "OK"]
    host.well("AT+NCONFIG=AUTOCONNECT,FALSE")
    host.raw(b"AT+NRB\r")
    host.now += BOOT_TIME
    host.raw(b"")
    host.wait(60)
    assert host.ask("AT+CFUN?") == ["+CFUN:0", "OK"]
    assert host.ask("AT+CEREG?") == ["+CEREG:0,0", "OK"]


def test_flash_survives_a_reboot() -> None:
    host = Host()
    host.well("AT+NBAND=8", "AT+NCONFIG=CELL_RESELECTION,FALSE", "AT+NATSPEED=57600,30,1")
    host.raw(b"AT+NRB\r")
    host.now += BOOT_TIME
    host.raw(b"")
    assert host.module.baud == 57_600
    assert host.ask("AT+NBAND?") == ["+NBAND:8", "OK"]
    assert "+NCONFIG:CELL_RESELECTION,FALSE" in host.ask("AT+NCONFIG?")


def test_restart_during_a_slow_command() -> None:
    host = Host()
    assert host.ask("AT+CFUN=0") == []
    host.module.power_cycle(Cause.WATCHDOG, host.now)
    host.now += BOOT_TIME
    host.raw(b"")
    assert host.wait(60) == []


def test_reboot_command_that_waited_for_a_slow_command() -> None:
    host = Host()
    assert host.raw(b"AT+CFUN=0\rAT+NRB\rAT\r") == b""
    assert host.wait(1) == ["OK", "REBOOTING"]
    assert host.module.step(host.now) is not None
    host.now += BOOT_TIME
    assert host.raw(b"").startswith(b"\r\nREBOOT_CAUSE_APPLICATION_AT")


def test_boot_noise_precedes_the_boot_text() -> None:
    host = Host(boot_noise=True)
    host.raw(b"AT+NRB\r")
    noise, text, _ = host.wait_raw(BOOT_TIME).partition(b"\r\nREBOOT_CAUSE_APPLICATION_AT\r\n")
    assert noise
    assert text


# Commands ----------------------------------------------------------------------------------------

GENERAL_NAMES = (
    *("CMEE", "CGMI", "CGMM", "CGMR", "CMVER", "CIMI", "CGSN", "NCCID", "CSQ", "CEREG", "CGATT"),
    *("CSCON", "CFUN", "CGDCONT", "CGPADDR", "CPSMS", "NPSMR", "CEDRXS", "CEDRXRDP", "CCLK"),
    *("NUESTATS", "NBAND", "NEARFCN", "NCSEARFCN", "NCONFIG", "NPING", "NATSPEED"),
    *("NSOCR", "NSOST", "NSORF", "NSOCL"),
)


@pytest.mark.parametrize("name", GENERAL_NAMES)
def test_each_general_command_has_a_test_form(name: str) -> None:
    *ranges, final = Host().ask(f"AT+{name}=?")
    assert final == "OK"
    assert all(line.startswith(f"+{name}:") for line in ranges)


# The line ----------------------------------------------------------------------------------------


def test_bytes_beyond_the_uart_buffer_are_lost() -> None:
    host = Host()
    host.raw(b"AT+CFUN=0\r" + b"AT\r" * 2000)
    assert host.module.bytes_lost == 3 * 2000 - 4096
    answers = host.wait(5)
    assert set(answers) == {"OK"}
    assert len(answers) == 1 + 4096 // 3


# The air -----------------------------------------------------------------------------------------


def test_no_messages_without_network() -> None:
    host = Host()
    host.configure(WARM)
    host.observed("3303/0")
    host.well("AT+CGATT=0", 'AT+MIPLNOTIFY=0,3303,0,5700,4,"1",1,5')
    assert host.uplink() == []
    assert host.deliver(Read(10_001, Path(3303, 0, 5700))) == []
    host.well("AT+CGATT=1")
    host.wait(10)  # the repetitions of the acknowledged report find the network again
    assert [type(message) for message in host.uplink()] == [Notification] * 2


def test_link_follows_the_coverage() -> None:
    module = Host().module
    assert module.link == Link()
    for coverage, reception in RECEPTIONS.items():
        module.radio.coverage = coverage
        assert module.link == Link(reception.latency, reception.loss)
    module.radio.coverage = Coverage.OUT
    assert module.link == Link()


def test_on_change_after_every_other_input() -> None:
    host = Host()
    changes: list[str] = []
    host.module.on_change = lambda: changes.append("")
    datagram = host.server.datagram(Read(10_001, Path(3)))
    host.module.deliver(ACCESS_MACHINE, datagram, host.now)
    host.module.deliver_datagram(0, "192.0.2.1", 7, b"x", host.now)
    host.module.power_cycle(Cause.WATCHDOG, host.now)
    host.module.sim = Sim.MISSING
    assert host.module.sim is Sim.MISSING
    assert len(changes) == 4
    host.module.step(host.now)
    assert len(changes) == 4


def test_on_change_after_commands_that_move_the_deadline() -> None:
    host = Host()
    changes: list[str] = []
    host.module.on_change = lambda: changes.append("")
    host.ask("AT+CSQ")
    host.ask("AT+NSOCR=DGRAM,17,5000")
    assert changes == []
    host.raw(b"AT+CFUN=0\r")  # answered later
    assert len(changes) == 1
    host.wait(5)
    host.raw(b"AT+NATSPEED=115200,30,0\r")  # forgotten after 30 s
    assert len(changes) == 2
    host.raw(b"AT\r")  # no longer
    assert len(changes) == 3
    host.raw(b"AT+NRB\r")
    assert len(changes) == 4


def test_fault_source_survives_a_restart() -> None:
    host = Host()
    assert host.module.fault_source is None
    host.module.fault_source = lambda line: CommandFault(executed=line != "AT+CSQ")
    assert host.raw(b"AT+CSQ\r") == b""
    host.module.power_cycle(Cause.RESET_PIN, host.now)
    host.wait_raw(10)
    host.well("AT")
    assert host.raw(b"AT+CSQ\r") == b""
    assert host.module.fault_source is not None


def busy_with(host: Host, *commands: str, then: str) -> None:
    """These commands keep the module busy until it has written `then`."""
    assert not host.module.busy
    for command in commands:
        host.raw(command.encode() + b"\r")
        assert host.module.busy
    output = host.wait_raw(300.0)
    assert output.endswith(f"{then}\r\n".encode()), output
    assert not host.module.busy


def test_busy_while_output_will_follow() -> None:
    host = Host()
    host.configure(WARM)
    busy_with(host, "AT+NPING=192.0.2.1", then="+NPING:192.0.2.1,64,320")
    busy_with(host, "AT+MIPLOPEN=0,30", then="+MIPLOPEN:0,0")
    busy_with(host, "AT+CFUN=0", "AT", then="OK")
    busy_with(host, "AT+NRB", then="OK")
    assert host.ask("AT") == ["OK"]
    assert not host.module.busy


def test_traffic_connects_the_radio() -> None:
    host = Host()
    host.configure(WARM)
    host.observed("3303/0")
    host.wait(30)
    host.well("AT+CSCON=1")
    assert host.ask('AT+MIPLNOTIFY=0,3303,0,5700,4,"1",1') == ["OK", "+CSCON:1"]
    assert host.wait(30) == ["+CSCON:0"]
    assert host.deliver(Discover(10_001, Path(3))) == ["+CSCON:1"]


def test_nothing_is_received_during_a_boot() -> None:
    host = Host()
    host.ask("AT+NSOCR=DGRAM,17,5000")
    host.module.power_cycle(Cause.POWER_ON, host.now)
    host.deliver(Read(10_001, Path(3303)))
    host.module.deliver_datagram(0, "192.0.2.1", 7, b"x", host.now)
    assert host.module.take_output() == b""
    assert host.uplink() == []


def test_datagrams_are_sent_and_received() -> None:
    host = Host()
    host.ask("AT+NSOCR=DGRAM,17,5000")
    host.ask("AT+NSOST=0,192.0.2.1,7,1,00")
    assert host.module.take_datagrams() == [Datagram(5000, "192.0.2.1", 7, b"\0")]
    host.module.deliver_datagram(0, "192.0.2.1", 7, b"x", host.now)
    assert lines(host.module.take_output()) == ["+NSONMI:0,1"]


def test_message_ids_follow_the_seed_and_differ_between_boots() -> None:
    def first_mid(host: Host) -> int:
        host.configure(WARM)
        host.well("AT+MIPLOPEN=0")
        (register,) = host.uplink()
        return register.mid

    host = Host(seed=1)
    one = first_mid(host)
    host.raw(b"AT+NRB\r")
    host.now += BOOT_TIME + 10
    host.raw(b"")
    host.wait(10)
    assert first_mid(Host(seed=1)) == one
    assert len({one, first_mid(host), first_mid(Host(seed=2))}) == 3


# Any input ---------------------------------------------------------------------------------------

MIPL = [
    DIRECT,
    "AT+MIPLADDOBJ=0,3303,0",
    "AT+MIPLADDOBJ=0,3306,0",
    'AT+MIPLNOTIFY=0,3303,0,5700,4,"21.5",1',
    'AT+MIPLNOTIFY=0,3303,0,5700,4,"22",1,5',
    'AT+MIPLNOTIFY=0,3303,0,5701,1,"a,b",0',
    'AT+MIPLNOTIFY=0,3306,0,5850,5,"1",1',
    "AT+MIPLOPEN=0,30",
    "AT+MIPLUPDATE=0,300,1",
    "AT+MIPLCLOSE=0",
    "AT+MIPLDELOBJ=0,3303,0",
    "AT+MIPLDEL=0",
    'AT+MIPLREAD=0,10001,3303,0,5700,4,"1",1',
    'AT+MIPLREAD=0,10001,3303,0,-1,2,"",1',
    "AT+MIPLWRITE=0,10002,1",
    "AT+MIPLEXECUTE=0,10003,0",
]
GENERAL = [
    "AT",
    "ATE1",
    "ATE0",
    "AT+CMEE=1",
    "AT+CFUN=0",
    "AT+CFUN=1",
    "AT+CGATT=0",
    "AT+CGATT=1",
    "AT+CEREG=2",
    "AT+CSCON=1",
    "AT+NUESTATS",
    "AT+NPING=192.0.2.1",
    "AT+NSOCR=DGRAM,17,0",
    "AT+NSOST=0,192.0.2.1,7,1,00",
    "AT+NSOCL=0",
    "AT+NATSPEED=115200",
    "AT+NATSPEED=57600,3,1",
    'AT+CPSMS=1,,,"10010100","00000001"',
    'AT+CEDRXS=1,5,"0010"',
    "AT+CEDRXRDP",
    "AT+COPS=?",
    "AT+CIMI",
    "AT+CCLK?",
    "AT+NUESTATS=ALL",
    "AT+NRB",
    "garbage",
    'AT+CGMI="',
]
COMMANDS = st.sampled_from([*MIPL, *MIPL, *GENERAL])
PATHS = st.sampled_from(
    [Path(3303), Path(3303, 0), Path(3303, 0, 5700), Path(3306, 0, 5850), Path(3)]
)
DOWNLINKS = st.one_of(
    st.builds(Read, st.just(10_001), PATHS),
    st.builds(
        Write,
        st.just(10_002),
        PATHS,
        st.lists(st.builds(Item, PATHS, st.sampled_from([1, 2.5, "x", b"x", True, "\r"]))).map(
            tuple
        ),
        st.booleans(),
    ),
    st.builds(Execute, st.just(10_003), PATHS, st.sampled_from([b"", b"x", b"\xff"])),
    st.builds(Discover, st.just(10_004), PATHS),
    st.builds(Observe, st.just(10_005), st.integers(1, 2), PATHS),
    st.builds(CancelObserve, st.just(10_006), st.integers(1, 2), PATHS),
    st.just("answer"),
    st.just("refuse"),
    st.just("reset"),
)
SITUATIONS = st.sampled_from(["fresh", "configured", "online", "typed"])
PLACES = st.sampled_from([*Coverage, *Sim, True, False])
ACTIONS = st.one_of(COMMANDS, COMMANDS, DOWNLINKS, PLACES, st.sampled_from([0.1, 2.5, 40.0]))
FINAL = re.compile(r"OK|ERROR|\+CME ERROR:(3|4|10|30|50|311)|REBOOTING")
LEGAL_TRANSITIONS = {
    (state, after) for state, turns in TRANSITIONS.items() for after in turns.values()
}


class DrivenModule:
    """A module under any actions, starting in one of several situations."""

    def __init__(self, situation: str) -> None:
        self.host = Host(typed_urcs=situation == "typed")
        if situation != "fresh":
            self.host.configure(WARM, ("3306/0/5850", 5, "0"))
        if situation in ("online", "typed"):
            self.host.observed("3303/0")
        self.latest: list[int] = []  # message ids the platform may answer

    def act(self, action: object) -> None:
        match action:
            case str() if action in ("answer", "refuse", "reset"):
                for mid in self.latest:
                    self._reply(action, mid)
            case str():
                self.host.raw(action.encode() + b"\r")
            case float():
                self.host.wait_raw(action)
            case Coverage():
                self.host.module.radio.coverage = action
            case Sim():
                self.host.module.sim = action
            case bool():
                self.host.module.radio.refusing = action
            case _:
                self._deliver(action)  # type: ignore[arg-type]
                self.host.raw(b"")
        for message in self.host.uplink():
            if isinstance(message, Register | Update | Deregister | Notification):
                self.latest = [*self.latest, message.mid][-4:]

    def _reply(self, action: str, mid: int) -> None:
        if action == "reset":
            self._deliver(Reset(mid))
        else:
            code = Code.CREATED if action == "answer" else Code.FORBIDDEN
            self._deliver(Response(mid, code, location="rd/1"))
            self._deliver(Ack(mid))
        self.host.raw(b"")

    def _deliver(self, message: Downlink) -> None:
        datagram = self.host.server.datagram(message)
        self.host.module.deliver(ACCESS_MACHINE, datagram, self.host.now)


@settings(max_examples=scaled(120))
@given(SITUATIONS, st.lists(ACTIONS, max_size=40))
def test_any_actions_leave_the_module_legal_and_answering(
    situation: str, actions: list[object]
) -> None:
    driven = DrivenModule(situation)
    host = driven.host
    for action in actions:
        before = host.module.client
        state = before.state
        driven.act(action)
        client = host.module.client
        deadline = host.module.step(host.now)
        assert deadline is None or deadline > host.now
        if client is before and isinstance(action, str) and "MIPL" in action:
            assert (state, client.state) in LEGAL_TRANSITIONS or state is client.state
        if client.state is State.ABSENT:
            assert not client.objects.instances
            assert not client.observed
    host.wait_raw(900.0)
    host.raw(b"\r" * WAKING_BYTES + b"ATE0\r")
    host.wait_raw(1.0)
    assert host.ask("AT") == ["OK"]


@settings(max_examples=scaled(60))
@given(st.lists(COMMANDS.filter(lambda c: c != "AT+NRB"), max_size=12), st.randoms())
def test_pieces_of_input_do_not_matter(commands: list[str], random: object) -> None:
    data = "".join(f"{command}\r\n" for command in commands).encode()
    whole, cut = Host(), Host()
    pieces = []
    rest = data
    while rest:
        size = random.randint(1, 16)  # type: ignore[attr-defined]
        pieces.append(rest[:size])
        rest = rest[size:]
    assert b"".join(cut.raw(piece) for piece in pieces) == whole.raw(data)
    assert cut.wait_raw(100.0) == whole.wait_raw(100.0)
    assert cut.uplink() == whole.uplink()


@settings(max_examples=scaled(100))
@given(st.lists(st.binary(max_size=40) | COMMANDS.map(str.encode), max_size=20))
def test_module_answers_after_any_garbage(garbage: list[bytes]) -> None:
    host = Host()
    for piece in garbage:
        host.raw(piece)
        host.wait_raw(0.5)
    host.wait_raw(600.0)
    host.raw(b"\r")
    host.wait_raw(60.0)
    host.raw(b"\r" * WAKING_BYTES)
    assert host.raw(b"AT\r").endswith(b"\r\nOK\r\n")


@settings(max_examples=scaled(100))
@given(SITUATIONS, st.lists(COMMANDS, min_size=1, max_size=12))
def test_one_final_result_a_line_and_refusals_change_nothing(
    situation: str, commands: list[str]
) -> None:
    host = DrivenModule(situation).host
    host.well("AT+CMEE=1")
    for command in commands:
        if command in ("AT+NRB", "ATE1"):
            continue
        client = host.module.client
        before = (client.state, client.objects.instances, client.observed)
        at_once = host.ask(command)
        if any(line.startswith("+CME") for line in at_once):
            after = (client.state, client.objects.instances, client.observed)
            assert after == before
        answer = at_once + host.wait(3 if command != "AT+COPS=?" else 25)
        assert sum(bool(FINAL.fullmatch(line)) for line in answer) == 1, (command, answer)


@settings(max_examples=scaled(40))
@given(SITUATIONS, st.lists(ACTIONS, max_size=30))
def test_same_inputs_give_same_outputs(situation: str, actions: list[object]) -> None:
    one, other = DrivenModule(situation), DrivenModule(situation)
    for action in actions:
        for driven in (one, other):
            driven.act(action)
    assert one.host.log == other.host.log
    assert one.host.now == other.host.now >= START
