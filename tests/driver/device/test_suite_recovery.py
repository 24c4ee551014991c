"""A device on modules that speak the suite: refusals, lost logins, restarts."""

from __future__ import annotations

import asyncio

import pytest

from m5310.device.device import Device
from m5310.device.events import (
    LoggedOut,
    Restored,
    UpkeepEvent,
)
from m5310.device.outbox import BUSY_WAIT
from m5310.device.reports import ReportState
from m5310.errors import (
    CommandError,
    RegistrationError,
)
from m5310.states import DeviceState
from tests.support.clock import elapse
from tests.support.devices import ENDPOINT, module
from tests.support.scripted import Reply
from tests.support.suite_module import Rules, created, sensor, suite


@pytest.mark.parametrize(
    ("name", "result", "words"),
    [
        ("nb73", "+CIS ERROR:602", r"\+CIS ERROR:602 \(nb73: state\)"),
        ("mn316", "+CIS ERROR: 653", r"653 \(mn316: resource: the instance exists already"),
        ("bc28", "+CME ERROR: 159", r"159 \(bc28: uplink busy\)"),
        ("bc28", "ERROR", r"ERROR \(bc28: refused\)"),
    ],
)
async def test_refusal_has_number_and_profile(name: str, result: str, words: str) -> None:
    network: Rules = {
        "AT+CEREG?": ["+CEREG:0,1", "OK"],
        "AT+CFUN?": ["+CFUN:1", "OK"],
        "AT+CSQ": ["+CSQ:20,99", "OK"],
    }
    rules = suite(OPEN=result) | network
    async with created(rules, module=name) as (_, device):
        with pytest.raises(CommandError, match=words):
            await device.connect(60)


async def test_report_waits_while_the_uplink_is_busy() -> None:
    refusals = ["+CME ERROR: 159"] * 35
    async with created() as (m, device):
        temperature = await sensor(device)
        await device.connect(60)
        m.rules["AT+MIPLNOTIFY"] = lambda _: refusals.pop() if refusals else "OK"
        begun = asyncio.get_running_loop().time()
        report = await device.notify(temperature, 1.0)
        assert report.state is ReportState.ACCEPTED
        assert asyncio.get_running_loop().time() - begun == pytest.approx(35 * BUSY_WAIT, abs=1)
        assert not any("UPDATE" in line for line in m.sent)


async def test_lost_report_is_sent_again() -> None:
    lost = ["+MIPLEVENT: 0,25,2"]
    async with created() as (m, device):
        temperature = await sensor(device)
        await device.connect(60)
        m.rules["AT+MIPLNOTIFY"] = lambda line: [
            "OK",
            lost.pop() if lost else f"+MIPLEVENT: 0,26,{line.rsplit(',')[-1]}",
        ]
        report = await device.report({temperature: 1.0}, acknowledge=True)
        await report.acknowledgement(20)
        assert report.ackids == (3,)


@pytest.mark.parametrize("event", [3, 5, 7])
async def test_refused_login(event: int) -> None:
    async with created(suite(OPEN=["OK", f"+MIPLEVENT: 0,{event}"])) as (_, device):
        await sensor(device)
        with pytest.raises(RegistrationError, match="refused") as refused:
            await device.connect(60)
        assert not refused.value.timed_out


async def test_login_without_an_answer_ends_with_the_modules_event() -> None:
    async with created(suite(OPEN=["OK", "+MIPLEVENT: 0,8"])) as (m, device):
        await sensor(device)
        with pytest.raises(RegistrationError, match="no answer to the registration") as late:
            await device.connect(60)
        assert late.value.timed_out
        m.rules |= suite()
        m.sent.clear()
        await device.connect(60)
        assert m.sent[:2] == ["AT+MIPLCLOSE=0", "AT+MIPLOPEN=0,86400,60"]


# --- recovery --------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["602", "651", "653"])
async def test_instance_left_over_is_cleared(number: str) -> None:
    refusals = [f"+CIS ERROR:{number}"]
    rules = suite(CREATE=lambda _: refusals.pop() if refusals else ["+MIPLCREATE:0", "OK"])
    async with module(rules) as m, Device(m.modem, ENDPOINT, module="nb73"):
        assert m.sent[1:] == ["AT+MIPLCREATE", "AT+MIPLCLOSE=0", "AT+MIPLDELETE=0", "AT+MIPLCREATE"]


async def test_login_left_over_is_ended_although_the_module_is_not_known_yet() -> None:
    """A module may take the logout and the deletion of the classic dialect (M5311 documents the
    latter), and only refuse its configuration."""
    rules = suite(CLOSE=["OK", "+MIPLEVENT: 0,15"])
    rules["AT+MIPLDEL="] = "OK"
    async with module(rules) as m, Device(m.modem, ENDPOINT) as device:
        assert asyncio.get_running_loop().time() < 3
        assert device.profile is not None
        assert device.profile.name == "bc28"
        assert [line.partition("=")[0] for line in m.sent[1:]] == [
            *("AT+MIPLCONF", "AT+MIPLCLOSE", "AT+MIPLDEL", *["AT+MIPLCONF"] * 3),
            *("ATI", "AT+CGMI", "AT+CGMM", "AT+CGMR", "AT+MIPLVER?"),
            *("AT+CMEE?", "AT+MIPLCONFIG", "AT+MIPLCREATE"),
        ]


@pytest.mark.parametrize("event", [8, 9, 13, 31])
async def test_login_that_ends_is_made_again_after_a_logout(event: int) -> None:
    events: list[UpkeepEvent] = []
    async with created(on_event=events.append) as (m, device):
        temperature = await sensor(device)
        await device.connect(60)
        await device.notify(temperature, 1.0)
        m.sent.clear()
        m.send(f"+MIPLEVENT: 0,{event}")
        report = await device.notify(temperature, 2.0)
        await report.accepted(60)
        assert m.sent[:2] == ["AT+MIPLCLOSE=0", "AT+MIPLOPEN=0,86400,60"]
        assert m.sent[-1].startswith("AT+MIPLNOTIFY=0,70247,")
        assert [type(each) for each in events if isinstance(each, LoggedOut | Restored)] == [
            LoggedOut,
            Restored,
        ]


async def test_restarted_module_gets_all_again() -> None:
    async with created(module="m5310a") as (m, device):
        temperature = await sensor(device)
        await device.connect(60)
        m.sent.clear()
        m.send("REBOOT_CAUSE_SECURITY_PMU_POWER_ON_RESET", "M5310-A")
        report = await device.notify(temperature, 2.0)
        await report.accepted(60)
        names = [line.removeprefix("AT+MIPL").partition("=")[0] for line in m.sent]
        assert names == [
            *("AT+CMEE?", "CREATE", "ADDOBJ", "DISCOVERRSP", "OPEN", "OBSERVERSP", "NOTIFY"),
        ]


async def test_update_that_the_module_asks_for() -> None:
    async with created() as (m, device):
        await sensor(device)
        await device.connect(60)
        m.send("+MIPLEVENT: 0,14,30")
        await m.until("AT+MIPLUPDATE=0,86400,0")
        await elapse(1)
        assert device.state is DeviceState.REGISTERED


async def test_removed_resource() -> None:
    async with created() as (m, device):
        first = await sensor(device)
        await sensor(device, "3303/1/5700")
        await device.connect(60)
        await device.remove_resource(first)
        assert m.sent[-3:] == [
            "AT+MIPLDELOBJ=0,3303",
            'AT+MIPLADDOBJ=0,3303,2,"01",1,0',
            "AT+MIPLUPDATE=0,86400,1",
        ]


@pytest.mark.parametrize("refusal", ["+CME ERROR: 3", "+CIS ERROR:602", "+CIS ERROR:653"])
async def test_connect_configures_a_module_again_that_restarted_unnoticed(refusal: str) -> None:
    """Of some modules no boot text is known: the instance is gone without a word."""
    there = True

    def create(_: str) -> Reply:
        nonlocal there
        there = True
        return ["+MIPLCREATEEXT: 0", "OK"]

    def add(_: str) -> Reply:
        return "OK" if there else refusal

    rules = suite(CREATEEXT=create, ADDOBJ=add, CLOSE=refusal, DELETE=refusal)
    async with created(rules, module="sim7020") as (m, device):
        await sensor(device)
        there = False
        m.send("+CFUN: 1", "+CPIN: READY")
        await device.connect(60)
        assert device.state is DeviceState.REGISTERED
        names = [line.partition("=")[0] for line in m.sent]
        assert names.count("AT+MIPLCREATEEXT") == 1
        m.rules["AT+MIPLDELETE"] = "OK"


async def test_connect_configures_once_a_module_that_keeps_refusing() -> None:
    async with created(suite(OPEN="+CME ERROR: 3")) as (m, device):
        await sensor(device)
        with pytest.raises(CommandError, match=r"AT\+MIPLOPEN"):
            await device.connect(60)
        assert m.sent.count("AT+MIPLCREATE") == 1
        assert device.state is DeviceState.REG_FAILED
