"""SIM states and the commands that read the SIM."""

from __future__ import annotations

import pytest

from emulator.module.radio.sim import Sim
from tests.support.uart import Host

IMSI, ICCID = ["460040000000001", "OK"], ["+NCCID:89860400000000000001", "OK"]


@pytest.mark.parametrize("sim", [Sim.READY, Sim.FOREIGN])
def test_usable_sim_is_read(sim: Sim) -> None:
    host = Host()
    host.module.sim = sim
    assert host.ask("AT+CIMI") == IMSI
    assert host.ask("AT+NCCID") == ICCID


def test_missing_sim_is_error_10() -> None:
    host = Host()
    host.module.sim = Sim.MISSING
    assert host.refused("AT+CIMI") == 10
    assert host.refused("AT+NCCID") == 10
    assert host.ask("AT+CGSN=1") == ["+CGSN:865820030013978", "OK"]
    host.module.sim = Sim.READY
    assert host.ask("AT+CIMI") == IMSI


def test_locked_sim_shows_iccid_but_not_imsi() -> None:
    host = Host()
    host.module.sim = Sim.LOCKED
    assert host.refused("AT+CIMI") == 311
    assert host.ask("AT+NCCID") == ICCID
    assert host.ask("AT+CIMI") == ["ERROR"]


@pytest.mark.parametrize("sim", [Sim.MISSING, Sim.LOCKED])
def test_radio_stays_off_after_a_boot_without_usable_sim(sim: Sim) -> None:
    host = Host()
    host.module.sim = sim
    host.raw(b"AT+NRB\r")
    host.wait_raw(60)
    assert host.ask("AT+CFUN?") == ["+CFUN:0", "OK"]
    assert host.ask("AT+CEREG?") == ["+CEREG:0,0", "OK"]
