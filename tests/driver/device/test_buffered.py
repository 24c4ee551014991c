"""Operations that the module buffers: fetched one by one, and served."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from m5310.dialects.profiles import Profile, read_profile
from m5310.lwm2m.resources import Resource
from m5310.lwm2m.values import Value
from m5310.states import DeviceState
from tests.support.clock import elapse
from tests.support.scripted import Reply
from tests.support.suite_module import Rules, created, sensor, suite

READ = "+MIPLREAD: 0,{},3303,0,5700"
WRITE = "+MIPLWRITE: 0,{},3303,0,5700,2,4,41C80000,0,0"
NOTICES = {"mn316": "+MIPLNMI: 0", "bc28": "+MIPLEVENT: 0,50"}
FETCHES = {"mn316": "AT+MIPLMGR=0", "bc28": "AT+MIPLRD=1024"}
ANSWERS = {"R": "AT+MIPLREADRSP=0,{},1,3303,0,5700,4,8,{},0,0", "W": "AT+MIPLWRITERSP=0,{},2"}


def buffering(name: str) -> Profile:
    return read_profile(f'name = "mine"\nlike = "{name}"\nbuffered = 1')


class Buffer:
    """What the module keeps: the first one is shown at each fetch, until it is answered."""

    def __init__(self, name: str) -> None:
        self.waiting: list[str] = []
        self._name = name

    def rules(self) -> Rules:
        answer: Callable[[str], Reply] = self._answered
        more: Rules = {"READRSP": answer, "WRITERSP": answer, "OBSERVERSP": "OK"}
        return {FETCHES[self._name]: self._fetched, **suite(**more, CREATEEX=["0", "OK"])}

    def _fetched(self, _: str) -> Reply:
        first = self.waiting[:1]
        head = [] if self._name == "mn316" else [f"+MIPLRD: {len(''.join(first))},0"]
        return [*head, *first, "OK"]

    def _answered(self, _: str) -> Reply:
        self.waiting.pop(0)
        return "OK"


def lost_once(rule: Callable[[str], Reply]) -> Callable[[str], Reply]:
    """The line loses the first command."""
    lost: list[str] = []

    def answer(line: str) -> Reply:
        if lost:
            return rule(line)
        lost.append(line)
        return None

    return answer


@pytest.mark.parametrize("name", ["mn316", "bc28"])
async def test_all_that_waits_is_fetched_and_served_in_its_order(name: str) -> None:
    buffer, written = Buffer(name), []

    async def on_write(_: Resource, value: Value) -> None:
        written.append(value)

    async with created(buffer.rules(), module=buffering(name), on_write=on_write) as (m, device):
        await sensor(device)
        await device.connect(60)
        await elapse(1)
        m.sent.clear()
        buffer.waiting += [READ.format(11), WRITE.format(12), READ.format(13)]
        m.send(NOTICES[name])
        await elapse(1)
        fetch = FETCHES[name]
        assert m.sent == [
            *(fetch, ANSWERS["R"].format(11, "20.5")),
            *(fetch, ANSWERS["W"].format(12)),
            *(fetch, ANSWERS["R"].format(13, "25.0")),
            fetch,
        ]
        assert written == [25.0]
        assert not buffer.waiting
        m.sent.clear()
        await elapse(100)
        assert m.sent == []  # nothing is polled


async def test_operation_whose_answer_is_refused_is_not_fetched_for_ever() -> None:
    buffer = Buffer("mn316")
    rules = buffer.rules() | {"AT+MIPLREADRSP": "+CIS ERROR: 601"}
    async with created(rules, module=buffering("mn316")) as (m, device):
        await sensor(device)
        await device.connect(60)
        await elapse(1)
        m.sent.clear()
        buffer.waiting.append(READ.format(11))
        m.send(NOTICES["mn316"])
        await elapse(10)
        assert m.sent.count("AT+MIPLMGR=0") == 2


async def test_lost_answer_delays_what_waits_behind_it_and_no_more() -> None:
    """The module shows the operation again, and the next one after its answer."""
    buffer = Buffer("mn316")
    rules = buffer.rules()
    rules["AT+MIPLREADRSP"] = lost_once(buffer._answered)
    async with created(rules, module=buffering("mn316")) as (m, device):
        await sensor(device)
        await device.connect(60)
        await elapse(1)
        m.sent.clear()
        buffer.waiting += [READ.format(11), WRITE.format(12)]
        m.send(NOTICES["mn316"])
        await elapse(10)
        assert m.sent[-2:] == [ANSWERS["W"].format(12), "AT+MIPLMGR=0"]
        assert not buffer.waiting


@pytest.mark.parametrize("name", ["mn316", "bc28"])
async def test_lost_fetch_is_repeated(name: str) -> None:
    buffer = Buffer(name)
    rules = buffer.rules()
    rules[FETCHES[name]] = lost_once(buffer._fetched)
    async with created(rules, module=buffering(name)) as (m, device):
        await sensor(device)
        await device.connect(60)
        await elapse(1)
        buffer.waiting.append(WRITE.format(12))
        m.send(NOTICES[name])
        await elapse(10)
        assert not buffer.waiting
        rules[FETCHES[name]] = None  # for ever: given up
        m.sent.clear()
        m.send(NOTICES[name])
        await elapse(100)
        assert m.sent == [FETCHES[name]] * 2
        assert "AT+MIPLCLOSE=0" not in m.sent


async def test_refused_fetch_is_harmless() -> None:
    """Logged out, or another program has fetched it."""
    rules = suite(MGR="+CIS ERROR: 602", CREATEEX=["0", "OK"])
    async with created(rules, module=buffering("mn316")) as (m, device):
        await sensor(device)
        await device.connect(60)
        m.send(NOTICES["mn316"])
        await elapse(1)
        m.send("+MIPLREAD: 0,14,3303,0,5700")
        await m.until("AT+MIPLREADRSP=0,14")
        assert device.state is DeviceState.REGISTERED
        assert "AT+MIPLCLOSE=0" not in m.sent


async def test_module_that_buffers_nothing_is_not_asked() -> None:
    """Operations come as they are; an unknown event is one, and no notice."""
    async with created(module="bc28") as (m, device):
        await sensor(device)
        await device.connect(60)
        m.send("+MIPLEVENT: 0,50", "+MIPLREAD: 0,14,3303,0,5700")
        await m.until("AT+MIPLREADRSP=0,14")
        await elapse(1)
        assert not any(line.startswith(("AT+MIPLRD", "AT+MIPLMGR")) for line in m.sent)


async def test_buffer_is_turned_on_again_after_a_restart() -> None:
    async with created(Buffer("mn316").rules(), module=buffering("mn316")) as (m, device):
        await sensor(device)
        await device.connect(60)
        m.sent.clear()
        m.send("+MATREADY")
        await m.until("AT+MIPLOPEN")
        assert "AT+MIPLNMI=0,1,0" in m.sent


async def test_message_that_was_not_sent_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async with created(module="m5310a") as (m, device):
        await sensor(device)
        await device.connect(60)
        m.send("+MIPLNSMI:0,1,5", "+MIPLNSMI:0,0,6", "+MIPLNSMI:0")
        await asyncio.sleep(0)
    logged = [
        each.message for each in caplog.records if "NSMI" in each.message or "7 bit" in each.message
    ]
    assert logged[0] == "the module could not send message 6 (7 bits)"
    assert "malformed +MIPLNSMI" in logged[1]
