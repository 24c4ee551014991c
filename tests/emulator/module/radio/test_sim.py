"""What the module tells of its SIM, and what it does not."""

from __future__ import annotations

import pytest

from emulator.module.radio.sim import Sim
from tests.support.uart import Host

IMSI, ICCID = ["460040000000001", "OK"], ["+NCCID:89860400000000000001", "OK"]


@pytest.mark.parametrize("sim", [Sim.READY, Sim.FOREIGN])
def test_a_sim_that_can_be_asked(sim: Sim) -> None:
    host = Host()
    host.module.sim = sim
    assert host.ask("AT+CIMI") == IMSI
    assert host.ask("AT+NCCID") == ICCID


def test_a_missing_sim_is_nobody() -> None:
    host = Host()
    host.module.sim = Sim.MISSING
    assert host.refused("AT+CIMI") == 10
    assert host.refused("AT+NCCID") == 10
    assert host.ask("AT+CGSN=1") == ["+CGSN:865820030013978", "OK"]
    host.module.sim = Sim.READY
    assert host.ask("AT+CIMI") == IMSI


def test_a_locked_sim_shows_its_number_and_hides_its_subscriber() -> None:
    host = Host()
    host.module.sim = Sim.LOCKED
    assert host.refused("AT+CIMI") == 311
    assert host.ask("AT+NCCID") == ICCID
    assert host.ask("AT+CIMI") == ["ERROR"]


@pytest.mark.parametrize("sim", [Sim.MISSING, Sim.LOCKED])
def test_a_start_without_a_usable_sim_leaves_the_radio_off(sim: Sim) -> None:
    host = Host()
    host.module.sim = sim
    host.raw(b"AT+NRB\r")
    host.wait_raw(60)
    assert host.ask("AT+CFUN?") == ["+CFUN:0", "OK"]
    assert host.ask("AT+CEREG?") == ["+CEREG:0,0", "OK"]
