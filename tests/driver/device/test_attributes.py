"""Attributes of the platform: what they ask for, and reports that are held back accordingly."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m5310.device.attributes import Attributes, Schedule
from m5310.device.device import Device
from m5310.device.reports import ReportState
from m5310.errors import AnswerError, HeldBack, ParameterError
from m5310.lwm2m.path import Path
from m5310.lwm2m.resources import Access, Resource
from m5310.lwm2m.values import Value, ValueType
from tests.support.clock import elapse
from tests.support.devices import ENDPOINT, module
from tests.support.scripted import Reply, Scripted

TEMPERATURE = Path(3303, 0, 5700)


@pytest.mark.parametrize(
    ("text", "attributes"),
    [
        ("pmin=15;pmax=60;gt=50.0;lt=0.0;st=2.0", Attributes(15, 60, 50, 0, 2)),  # Quectel
        ("pmin=15;pmax=60;lt=0.0;gt=50.0;stp=2.0", Attributes(15, 60, 50, 0, 2)),
        (" gt=-5.5 ", Attributes(gt=-5.5)),
        ("", Attributes()),
    ],
)
def test_attributes_are_read_by_their_names(text: str, attributes: Attributes) -> None:
    assert Attributes.parse(text) == attributes
    assert Attributes.parse(str(attributes)) == attributes


@pytest.mark.parametrize(
    "text", ["pmin", "pmin=", "pmin=x", "pmin=-1", "dim=3", "gt=nan", "gt=1e9"]
)
def test_malformed_attributes(text: str) -> None:
    with pytest.raises(AnswerError, match=text.partition("=")[0]):
        Attributes.parse(text)


@pytest.mark.parametrize(
    ("attributes", "before", "value", "asked"),
    [
        (Attributes(), 1, 1, True),
        (Attributes(pmin=5), 1, 1, True),
        (Attributes(gt=10), 9, 11, True),
        (Attributes(gt=10), 11, 9, True),
        (Attributes(gt=10), 9, 10, True),
        (Attributes(gt=10), 10, 10, False),
        (Attributes(gt=10), 11, 12, False),
        (Attributes(lt=10), 11, 10, True),
        (Attributes(lt=10), 10, 9.5, True),
        (Attributes(lt=10), 9, 8, False),
        (Attributes(st=2), 20, 22, True),
        (Attributes(st=2), 20, 18, True),
        (Attributes(st=2), 20, 21.9, False),
        (Attributes(gt=10, st=2), 9, 10.5, True),
        (Attributes(st=2), "on", "on", True),  # of numbers only
        (Attributes(st=2), True, False, True),
    ],
)
def test_what_is_asked_for(
    attributes: Attributes, before: Value, value: Value, asked: bool
) -> None:
    assert attributes.ask_for(value, before) is asked


def test_attributes_of_a_resource_go_before_those_of_its_instance_and_object() -> None:
    schedule = Schedule()
    schedule.set(Path(3303), Attributes(pmin=100, pmax=200))
    schedule.set(Path(3303, 0), Attributes(pmin=10))
    schedule.set(TEMPERATURE, Attributes(st=2))
    schedule.reported(TEMPERATURE, 20, 0)
    assert not schedule.offer(TEMPERATURE, 21, 1)  # st
    assert schedule.deadline == 200
    assert not schedule.offer(TEMPERATURE, 25, 1)
    assert schedule.deadline == 10
    assert schedule.due(9.9) == {}
    assert schedule.due(10) == {TEMPERATURE: 25}
    schedule.set(TEMPERATURE, Attributes(pmin=1))  # adds to what is set
    assert schedule.deadline == 1


def test_longest_time_below_the_least_does_not_count() -> None:
    """LwM2M 1.0.2, 5.1.2."""
    schedule = Schedule()
    schedule.set(TEMPERATURE, Attributes(pmin=10, pmax=5))
    schedule.reported(TEMPERATURE, 20, 0)
    assert schedule.deadline is None
    schedule.set(TEMPERATURE, Attributes(pmax=10))
    assert schedule.deadline == 10


values = st.integers(-50, 50)
steps = st.tuples(st.floats(0, 20), values)


@given(
    st.floats(0, 10),
    st.floats(0.5, 30),
    st.floats(0, 20),
    st.lists(steps, min_size=1, max_size=30),
)
def test_no_report_is_early_and_none_is_late(
    pmin: float, pmax: float, step: float, offers: list[tuple[float, int]]
) -> None:
    """Whatever the program reports: two reports are `pmin` apart at least and `pmax` at most (if it
    is not below `pmin`), and a change of `st` is reported within `pmin`."""
    schedule = Schedule()
    schedule.set(TEMPERATURE, Attributes(pmin=pmin, pmax=pmax, st=step))
    now, sent = 0.0, [(0.0, 0)]
    schedule.reported(TEMPERATURE, 0, 0)

    def report(value: Value) -> None:
        assert isinstance(value, int)
        schedule.reported(TEMPERATURE, value, now)
        sent.append((now, value))

    newest = 0
    for wait, value in offers:
        due_at = now + wait
        while (deadline := schedule.deadline) is not None and deadline <= due_at:
            now = max(now, deadline)
            for each in schedule.due(now).values():
                assert each == newest
                report(each)
            if len(sent) > 500:
                return
        now = due_at
        newest = value
        if schedule.offer(TEMPERATURE, value, now):
            report(value)
        elif now - sent[-1][0] >= pmin:
            assert abs(value - sent[-1][1]) < step
    for (before, _), (after, _) in pairwise(sent):
        assert pmin <= after - before + 1e-9
        if pmax >= pmin:
            assert after - before <= pmax + 1e-9


# --- the device ------------------------------------------------------------------------------


def rules() -> dict[str, Reply]:
    return {
        "AT+MIPLCREATE": ["+MIPLCREATE:0", "OK"],
        "AT+MIPLOPEN": ["OK", "+MIPLEVENT:0,6", "+MIPLOBSERVE:0,70247,1,3303,0,-1"],
        "AT+MIPLUPDATE": ["OK", "+MIPLEVENT:0,11"],
        "AT+MIPLCLOSE": ["OK", "+MIPLEVENT:0,15"],
    }


def sent(m: Scripted) -> list[str]:
    return [line.split(",")[7] for line in m.sent if line.startswith("AT+MIPLNOTIFY")]


async def test_reports_are_held_back_as_the_platform_asks() -> None:
    async with (
        module(dict(rules())) as m,
        Device(m.modem, ENDPOINT, module="nb73", honour_attributes=True) as device,
    ):
        temperature = await device.add_resource("3303/0/5700", ValueType.INTEGER, 20, Access(3))
        await device.connect(60)
        assert (await device.notify(temperature, 20)).state is ReportState.ACCEPTED
        m.send('+MIPLPARAMETER:0,1,3303,0,5700,17,"pmin=10;pmax=60;st=2"')
        await elapse(1)
        held = await device.notify(temperature, 21, acknowledge=True)
        assert held.state is ReportState.HELD
        with pytest.raises(HeldBack, match="fewer reports"):
            await held.accepted()
        assert temperature.value == 21
        await device.notify(temperature, 25)
        with pytest.raises(ParameterError):
            await device.notify(temperature, "26")
        await device.notify(temperature, 26)
        assert sent(m) == ["20"]
        await elapse(10)
        assert sent(m) == ["20", "26"]  # the newest one, after pmin
        await elapse(55)
        assert sent(m) == ["20", "26"]
        await elapse(10)
        assert sent(m) == ["20", "26", "26"]  # after pmax
        await device.remove_resource(temperature)
        await elapse(300)
        assert sent(m) == ["20", "26", "26"]
        assert device.resources == ()


async def test_value_that_the_platform_wrote_or_read_is_not_undone_by_a_later_report() -> None:
    read: list[int] = []

    async def on_read(_: Resource) -> int | None:
        return read.pop() if read else None

    async with (
        module(dict(rules())) as m,
        Device(m.modem, ENDPOINT, module="nb73", honour_attributes=True, on_read=on_read) as device,
    ):
        level = await device.add_resource("3303/0/5700", ValueType.INTEGER, 20, Access(3))
        await device.connect(60)
        await device.notify(level, 20)
        m.send('+MIPLPARAMETER:0,1,3303,0,5700,15,"pmin=10;pmax=60"')
        await elapse(1)
        assert (await device.notify(level, 21)).state is ReportState.HELD
        m.send("+MIPLWRITE:0,2,3303,0,5700,2,1,1E,0,0")
        await elapse(30)
        assert level.value == 30
        await elapse(30)
        assert sent(m) == ["20", "30"]
        read.append(40)
        m.send("+MIPLREAD:0,3,3303,0,5700")
        await elapse(60)
        assert sent(m) == ["20", "30", "40"]
        assert level.value == 40


async def test_cancelled_report_does_not_count_as_reported() -> None:
    silent = rules() | {"AT+MIPLOPEN": ["OK", "+MIPLEVENT:0,6"]}
    async with (
        module(dict(silent)) as m,
        Device(m.modem, ENDPOINT, module="nb73", honour_attributes=True) as device,
    ):
        level = await device.add_resource("3303/0/5700", ValueType.INTEGER, 20, Access(3))
        await device.connect(60)
        m.send('+MIPLPARAMETER:0,1,3303,0,5700,12,"pmin=60;st=2"')
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2):  # it waits for the observe
                await device.notify(level, 25)
        await device.notify(level, 25)
        assert sent(m) == ["25"]


async def test_nothing_is_held_back_unless_the_program_wants_it() -> None:
    async with module(dict(rules())) as m, Device(m.modem, ENDPOINT, module="nb73") as device:
        temperature = await device.add_resource("3303/0/5700", ValueType.INTEGER, 20, Access(3))
        await device.connect(60)
        m.send('+MIPLPARAMETER:0,1,3303,0,5700,17,"pmin=10;pmax=60;st=2"')
        await elapse(1)
        for value in (20, 20, 21):
            await device.notify(temperature, value)
        await elapse(100)
        assert sent(m) == ["20", "20", "21"]
    with pytest.raises(ParameterError, match="honour_attributes"):
        Device("COM1", ENDPOINT, honour_attributes="yes")  # type: ignore[arg-type]


async def test_logout_ends_it() -> None:
    async with (
        module(dict(rules())) as m,
        Device(m.modem, ENDPOINT, module="nb73", honour_attributes=True) as device,
    ):
        temperature = await device.add_resource("3303/0/5700", ValueType.INTEGER, 20, Access(3))
        await device.connect(60)
        m.send('+MIPLPARAMETER:0,1,3303,0,5700,7,"pmax=60"')
        await device.notify(temperature, 20)
        await device.close()
        await elapse(200)
        assert sent(m) == ["20"]
    assert asyncio.get_running_loop().time() >= 200
