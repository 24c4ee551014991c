"""Identity commands and the PIN."""

from __future__ import annotations

import re

import pytest

from emulator.module.boot import Cause
from emulator.module.general.identity import Identity
from emulator.module.radio.sim import Sim
from tests.support.uart import Host


def luhn(digits: str) -> int:
    doubled = [int(d) * (1 + place % 2) for place, d in enumerate(reversed(digits))]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10


def test_default_identity_is_well_formed() -> None:
    identity = Identity()
    assert re.fullmatch("[0-9]{15}", identity.imei)
    assert luhn(identity.imei) == 0
    assert re.fullmatch("460[0-9]{12}", identity.imsi)
    assert re.fullmatch("8986[0-9]{16}", identity.iccid)


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("AT+CGMI", b"CMCC"),
        ("AT+CGMM", b"M5310"),
        ("AT+CGMR", b"V100R100C10B657SP3"),
        ("AT+CMVER", b"M5310_V3.1.0"),
        ("AT+CIMI", b"460040000000001"),
        ("AT+CGSN=0", b"+CGSN:M5310000000001"),
        ("AT+CGSN=1", b"+CGSN:865820030013978"),
        ("AT+NCCID", b"+NCCID:89860400000000000001"),
        ("AT+CGSN=?", b"+CGSN:(0,1)"),
    ],
)
def test_answers_of_one_line(command: str, line: bytes) -> None:
    assert Host().raw(command.encode() + b"\r") == b"\r\n" + line + b"\r\n\r\nOK\r\n"


@pytest.mark.parametrize("command", ["AT+CGSN", "AT+CGMI=?", "AT+CIMI=?"])
def test_answers_of_ok_alone(command: str) -> None:
    assert Host().raw(command.encode() + b"\r") == b"\r\nOK\r\n"


@pytest.mark.parametrize("command", ["AT+CGSN=2", "AT+CGSN=1,1", "AT+CGMI=1"])
def test_refusals(command: str) -> None:
    assert Host().refused(command) == 50


def test_pin_unlocks_the_sim_until_the_next_start() -> None:
    host = Host()
    assert host.ask("AT+CPIN?") == ["+CPIN:READY", "OK"]
    assert host.refused('AT+CPIN="1234"') == 3
    host.module.sim = Sim.LOCKED
    host.wait(1)
    assert host.ask("AT+CPIN?") == ["+CPIN:SIM PIN", "OK"]
    assert host.refused("AT+CIMI") == 311
    assert host.refused("AT+CFUN=1") == 311
    assert host.refused("AT+CPIN=4321") == 16
    assert host.refused("AT+CPIN=12") == 50
    assert host.refused("AT+CIMI") == 311
    host.well("AT+CPIN=1234")
    assert host.ask("AT+CPIN?") == ["+CPIN:READY", "OK"]
    assert host.ask("AT+CIMI") == [Identity().imsi, "OK"]
    host.raw(b"AT+CFUN=1\r")
    assert host.wait(5) == ["OK"]
    assert host.ask("AT+CEREG?") == ["+CEREG:0,1", "OK"]
    host.module.power_cycle(Cause.POWER_ON, host.now)
    host.wait_raw(60)
    assert host.ask("AT+CPIN?") == ["+CPIN:SIM PIN", "OK"]
    assert host.ask("AT+CEREG?") == ["+CEREG:0,0", "OK"]


def test_swapped_sim_is_locked_again() -> None:
    host = Host()
    host.module.sim = Sim.LOCKED
    host.well("AT+CPIN=1234")
    host.module.sim = Sim.READY
    host.module.power_cycle(Cause.POWER_ON, host.now)
    host.wait_raw(60)
    assert host.ask("AT+CPIN?") == ["+CPIN:READY", "OK"]
    host.module.sim = Sim.MISSING
    assert host.refused("AT+CPIN?") == 10
    assert host.refused('AT+CPIN="1234"') == 10
