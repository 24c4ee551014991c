"""A device on modules that speak the suite: logged in, subscribed, reporting, answering."""

from __future__ import annotations

import asyncio

import pytest

from m5310.device.attributes import Attributes
from m5310.device.events import (
    AttributesSet,
    ModuleEvent,
    UpkeepEvent,
)
from m5310.device.observations import OBSERVE_WITHIN
from m5310.device.reports import ReportState
from m5310.lwm2m.path import Path
from m5310.lwm2m.resources import Resource
from m5310.lwm2m.values import Value
from tests.support.clock import elapse
from tests.support.suite_module import OBSERVE, created, sensor, suite

ADD = 'AT+MIPLADDOBJ=0,3303,1,"1",1,0'


async def test_session() -> None:
    written: list[Value] = []
    executed: list[bytes] = []

    async def on_write(_: Resource, value: Value) -> None:
        written.append(value)

    async def on_execute(_: Resource, arguments: bytes) -> None:
        executed.append(arguments)

    async with created(on_write=on_write, on_execute=on_execute) as (m, device):
        temperature = await sensor(device)
        assert m.sent == []
        await device.connect(60)
        assert m.sent[:2] == [ADD, "AT+MIPLOPEN=0,86400,60"]
        await elapse(0.1)
        assert m.sent[-1] == "AT+MIPLOBSERVERSP=0,70247,1"
        m.send("+MIPLDISCOVER: 0,4712,3303")
        await m.until('AT+MIPLDISCOVERRSP=0,4712,1,4,"5700"')
        m.rules["AT+MIPLNOTIFY"] = ["OK", "+MIPLEVENT: 0,26,2"]
        report = await device.notify(temperature, 21.5, acknowledge=True)
        assert report.state is ReportState.ACKNOWLEDGED
        assert m.sent[-1] == "AT+MIPLNOTIFY=0,70247,3303,0,5700,4,8,21.5,0,0,2"
        m.send("+MIPLREAD: 0,4713,3303,0,5700")
        await m.until("AT+MIPLREADRSP=0,4713,1,3303,0,5700,4,8,21.5,0,0")
        m.send("+MIPLWRITE: 0,4714,3303,0,5700,2,4,41C80000,0,0")  # 25.0
        await m.until("AT+MIPLWRITERSP=0,4714,2")
        m.send('+MIPLEXECUTE: 0,4715,3303,0,5700,2,"on"')
        await m.until("AT+MIPLEXECUTERSP=0,4715,2")
        m.send("+MIPLREAD: 0,4716,9,0,5700", "+MIPLREAD:0,4717,3,0,-1,0")
        await m.until("AT+MIPLREADRSP=0,4716,13")
        assert (written, executed) == ([25.0], [b"on"])
        await device.update()
        await device.close()
        assert m.sent[-2:] == ["AT+MIPLUPDATE=0,86400,0", "AT+MIPLCLOSE=0"]
        assert not any(",4717" in line for line in m.sent)  # the module's own object
    assert m.sent[-1] == "AT+MIPLDELETE=0"


async def test_module_that_answers_by_itself_is_declared_to() -> None:
    async with created(module="m5310a") as (m, device):
        await sensor(device)
        for _ in range(2):
            m.sent.clear()
            await device.connect(60)
            declared = 'AT+MIPLDISCOVERRSP=0,3303,1,4,"5700"'
            assert [line for line in m.sent if "ADDOBJ" not in line][:2] == [
                declared,
                "AT+MIPLOPEN=0,86400,60",
            ]
            await device.close()


async def test_refused_answer_to_an_observe_is_harmless() -> None:
    """With Quectel's automatic answer the module has answered already."""
    async with created(suite(OBSERVERSP="+CME ERROR: 50")) as (m, device):
        temperature = await sensor(device)
        await device.connect(60)
        assert (await device.notify(temperature, 1.0)).state is ReportState.ACCEPTED
        assert m.sent.count("AT+MIPLOBSERVERSP=0,70247,1") == 1


async def test_report_waits_for_the_observe_and_no_longer() -> None:
    async with created(suite(OPEN=["OK", "+MIPLEVENT: 0,6"])) as (m, device):
        temperature = await sensor(device)
        await device.connect(60)
        loop = asyncio.get_running_loop()
        loop.call_later(4, m.send, OBSERVE)
        begun = loop.time()
        await device.notify(temperature, 1.0)
        assert loop.time() - begun == pytest.approx(4, abs=0.1)
        assert m.sent[-1].startswith("AT+MIPLNOTIFY=0,70247,")
        await device.close()
        await device.connect(60)
        begun = loop.time()
        await device.notify(temperature, 1.0)
        assert loop.time() - begun == pytest.approx(OBSERVE_WITHIN, abs=0.1)
        assert m.sent[-1].startswith("AT+MIPLNOTIFY=0,0,")


@pytest.mark.parametrize(("name", "limit"), [("bc28", 10), ("m5310a", 3)])
async def test_late_callback_is_answered_for_within_the_limit_of_the_module(
    name: str, limit: float
) -> None:
    async def never(_: Resource) -> None:
        await asyncio.sleep(1000)

    async with created(on_read=never, answer_within=25, module=name) as (m, device):
        await sensor(device)
        await device.connect(60)
        begun = asyncio.get_running_loop().time()
        m.send("+MIPLREAD: 0,4713,3303,0,5700")
        await m.until("AT+MIPLREADRSP=0,4713,14")
        assert asyncio.get_running_loop().time() - begun == pytest.approx(limit, abs=0.1)


async def test_attributes_are_an_event() -> None:
    events: list[UpkeepEvent] = []
    async with created(on_event=events.append) as (m, device):
        await sensor(device)
        await device.connect(60)
        m.send('+MIPLPARAMETER: 0,4713,3303,0,5700,41,"pmin=15;pmax=60;gt=50.0;lt=0.0;st=2.0"')
        await m.until("AT+MIPLPARAMETERRSP=0,4713,2")
        assert AttributesSet(Path(3303, 0, 5700), Attributes(15, 60, 50, 0, 2)) in events
        m.send('+MIPLPARAMETER: 0,4714,3303,0,5700,6,"pmin=x"')
        await m.until("AT+MIPLPARAMETERRSP=0,4714,11")
        m.send("+MIPLEVENT: 0,33")
        await elapse(1)
        assert events[-1] == ModuleEvent(33, None, "a packet of more than 1500 bytes was dropped")


@pytest.mark.parametrize(
    ("lost", "flags"),
    [(0, (1, 2, 0)), (1, (1, 2, 0)), (1, (0, 0, 0))],
    ids=["first", "2nd", "bare"],
)
async def test_write_of_which_a_line_is_lost_is_refused_as_a_whole(
    lost: int, flags: tuple[int, ...]
) -> None:
    async with created() as (m, device):
        for number in range(5700, 5703):
            await sensor(device, f"3303/0/{number}")
        await device.connect(60)
        await elapse(1)
        m.sent.clear()
        for at, flag in enumerate(flags):
            if at != lost:
                m.send(f"+MIPLWRITE: 0,4714,3303,0,{5700 + at},2,4,41C80000,{flag},{2 - at}")
        await elapse(5)
        assert m.sent == ["AT+MIPLWRITERSP=0,4714,11"]
        assert [each.value for each in device.resources] == [20.5] * 3


async def test_values_of_several_observes_are_each_acknowledged() -> None:
    """Each observe is a message of its own, and the module confirms each by itself."""
    observes = [f"+MIPLOBSERVE: 0,{65536 * n + 4710 + n},1,3303,0,{5699 + n}" for n in (1, 2)]
    async with created(suite(OPEN=["OK", "+MIPLEVENT: 0,6", *observes])) as (m, device):
        values = {
            await sensor(device): 1.0,
            await sensor(device, "3303/0/5701"): 2.0,
        }
        await device.connect(60)
        await elapse(1)
        m.sent.clear()
        report = await device.report(values, acknowledge=True)
        assert m.sent == [
            "AT+MIPLNOTIFY=0,70247,3303,0,5700,4,8,1.0,0,0,2",
            "AT+MIPLNOTIFY=0,135784,3303,0,5701,4,8,2.0,0,0,3",
        ]
        m.send("+MIPLEVENT: 0,26,3")
        assert report.state is ReportState.ACCEPTED
        m.send("+MIPLEVENT: 0,26,2")
        assert report.state is ReportState.ACKNOWLEDGED
        assert report.ackids == (2, 3)
        m.sent.clear()
        await device.report(values)
        assert [line[-4:] for line in m.sent] == [",0,0"] * 2  # nothing to wait for: one report


async def test_report_that_is_cancelled_before_its_second_observe_is_sent_to_its_end() -> None:
    observes = [f"+MIPLOBSERVE: 0,{65536 * n + 4710 + n},1,3303,0,{5699 + n}" for n in (1, 2)]
    async with created(suite(OPEN=["OK", "+MIPLEVENT: 0,6", *observes])) as (m, device):
        values = {await sensor(device): 1.0, await sensor(device, "3303/0/5701"): 2.0}
        await device.connect(60)
        await elapse(1)
        m.sent.clear()
        m.rules["AT+MIPLNOTIFY"] = None
        reporting = asyncio.ensure_future(device.report(values, acknowledge=True))
        await m.until("AT+MIPLNOTIFY")
        reporting.cancel()
        m.rules["AT+MIPLNOTIFY"] = "OK"
        m.send("OK")
        await elapse(1)
        assert [line.split(",")[4] for line in m.sent] == ["5700", "5701"]
