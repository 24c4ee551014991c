"""Requests: answered in order and once, until the module restarts."""

from __future__ import annotations

import asyncio

import pytest

from m5310.at.codec import Answer, Command
from m5310.device import requests
from m5310.device.answers import Handlers, RequestHandler
from m5310.device.requests import Requests
from m5310.lwm2m.resources import Resource
from tests.support.clock import elapse
from tests.support.dialects import CLASSIC
from tests.support.request_setup import RequestSetup, answering

DONE = ["AT+MIPLWRITE=0,10001,1"]

# --- a request in several parts --------------------------------------------------------------


async def test_write_of_several_resources_has_one_answer() -> None:
    async with answering() as setup:
        first, second = "3306,0,5850,5,1,1,1,2", "3306,0,5851,3,4,99,2,1"
        assert await setup.answers_to(f"+MIPLWRITE:0,10001,{first}", within=1.5) == []
        assert await setup.answers_to(f"+MIPLWRITE:0,10001,{second}", within=1.5) == []
        assert await setup.answers_to("+MIPLWRITE:0,10001,3303,0,5701,1,1,K,0,0") == DONE
        assert setup.value("3306/0/5850") is True
        assert setup.value("3306/0/5851") == 99
        assert setup.value("3303/0/5701") == "K"


async def test_incomplete_write_does_not_join_the_next() -> None:
    async with answering() as setup:
        answers = await setup.answers_to(
            "+MIPLWRITE:0,10001,3306,0,5850,5,1,1,1,1", "+MIPLWRITE:0,10002,3306,0,5851,3,4,1,0,0"
        )
        assert answers == ["AT+MIPLWRITE=0,10001,0", "AT+MIPLWRITE=0,10002,1"]
        assert setup.value("3306/0/5850") is False
        answers = await setup.answers_to(
            "+MIPLWRITE:0,10003,3306,0,5850,5,1,1,1,1",
            "+MIPLWRITE:0,10003,3306,0,5850,5,1,0,1,1",
            "+MIPLWRITE:0,10003,3306,0,5851,3,4,5,0,0",
        )
        assert answers == ["AT+MIPLWRITE=0,10003,1"]
        assert setup.value("3306/0/5850") is False


async def test_write_has_a_limit_of_parts(caplog: pytest.LogCaptureFixture) -> None:
    async with answering() as setup:
        part = "+MIPLWRITE:0,10001,3306,0,5851,3,4,1,2,9"
        answers = await setup.answers_to(*[part] * (requests.PARTS_LIMIT + 1))
        assert answers == ["AT+MIPLWRITE=0,10001,0"]
        assert setup.requests._parts == []
    assert "at most 128" in caplog.text


# --- repeats ---------------------------------------------------------------------------------


def counting() -> tuple[Handlers, list[str]]:
    calls: list[str] = []

    async def on_execute(resource: Resource, arguments: bytes) -> None:
        calls.append(str(resource.path))
        await elapse(1)

    return Handlers(on_execute=on_execute), calls


async def test_repeat_while_callback_runs_gets_one_answer() -> None:
    handlers, calls = counting()
    async with answering(handlers) as setup:
        again = "+MIPLEXECUTE:0,10001,3303,0,5605"
        assert await setup.answers_to(again, again, again) == ["AT+MIPLEXECUTE=0,10001,1"]
    assert len(calls) == 1


async def test_repeat_after_answer_gets_the_same_answer() -> None:
    handlers, calls = counting()
    async with answering(handlers) as setup:
        again = "+MIPLEXECUTE:0,10001,3303,0,5605"
        for _ in range(3):
            assert await setup.answers_to(again, within=10) == ["AT+MIPLEXECUTE=0,10001,1"]
    assert len(calls) == 1


async def test_same_msgid_after_the_lifetime_of_an_exchange_is_a_new_request() -> None:
    handlers, calls = counting()
    async with answering(handlers) as setup:
        again = "+MIPLEXECUTE:0,10001,3303,0,5605"
        await setup.answers_to(again, within=248)
        await setup.answers_to(again, within=248)
        setup.receive("+MIPLREAD:0,10002,3303,0,5700")
        assert len(setup.requests._known) == 1
    assert len(calls) == 2


async def test_other_kind_path_or_msgid_is_another_request() -> None:
    handlers, calls = counting()
    async with answering(handlers, answer_within=100) as setup:
        answers = await setup.answers_to(
            "+MIPLEXECUTE:0,10001,3303,0,5605",
            "+MIPLEXECUTE:0,10002,3303,0,5605",
            "+MIPLEXECUTE:0,10001,3306,0,5850",
            "+MIPLREAD:0,10001,3306,0,5850",
        )
        assert len(answers) == 4
    assert len(calls) == 3


async def test_repeated_answer_has_the_first_value() -> None:
    async with answering() as setup:
        first = await setup.answers_to("+MIPLREAD:0,10001,3306,0,5851")
        await setup.answers_to("+MIPLWRITE:0,10002,3306,0,5851,8")
        assert await setup.answers_to("+MIPLREAD:0,10001,3306,0,5851") == first


async def test_request_cleared_while_it_runs_is_answered_once() -> None:
    async def on_execute(resource: Resource, arguments: bytes) -> None:
        await elapse(40)

    async with answering(Handlers(on_execute=on_execute), answer_within=60) as setup:
        assert await setup.answers_to("+MIPLEXECUTE:0,10001,3303,0,5605", within=35) == []
        setup.receive("+MIPLREAD:0,10002,3303,0,5700")
        await elapse(30)
        assert [answer[-1] for answer in setup.answers] == ["1", "1"]


# --- what else may happen --------------------------------------------------------------------


async def test_refused_answer_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async with answering() as setup:
        setup.refuse = "10001"
        assert (
            len(await setup.answers_to("+MIPLREAD:0,10001,3303,-1,-1")) == 1
        )  # the rest is left out
        assert len(await setup.answers_to("+MIPLREAD:0,10002,3303,-1,-1")) == 3
    assert "answer not accepted" in caplog.text


async def test_queue_limit_of_requests() -> None:
    async with answering() as setup:
        lines = [f"+MIPLREAD:0,{10000 + at},3303,0,5700" for at in range(requests.QUEUE_LIMIT + 5)]
        assert len(await setup.answers_to(*lines)) == requests.QUEUE_LIMIT
        assert len(await setup.answers_to(lines[-1])) == 1  # the platform's repeat finds room


async def test_close_cancels_running_callback() -> None:
    ended = []

    async def on_execute(resource: Resource, arguments: bytes) -> None:
        try:
            await elapse(100)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    async with answering(Handlers(on_execute=on_execute)) as setup:
        setup.receive("+MIPLEXECUTE:0,10001,3303,0,5605")
        await elapse(1)
        await setup.requests.close()
        assert ended == ["cancelled"]
        assert setup.answers == []


async def test_read_returns_value_set_by_callback() -> None:
    async def on_read(resource: Resource) -> None:
        resource.value = 30

    async with answering(Handlers(on_read=on_read)) as setup:
        (answer,) = await setup.answers_to("+MIPLREAD:0,10001,3303,0,5700")
        assert '"30.0"' in answer


async def test_msgids_are_new_after_restart() -> None:
    reading = asyncio.Event()

    async def on_read(_: Resource) -> float:
        await reading.wait()
        return 5.5

    setup = RequestSetup(Handlers(on_read))
    setup.requests.start()
    setup.receive("+MIPLREAD:0,10001,3303,0,5700", "+MIPLREAD:0,10002,3303,1,5700")
    setup.receive("+MIPLWRITE:0,10003,3306,0,5851,3,1,5,1,1")  # the first of two parts
    await elapse(1)
    setup.restart()
    reading.set()
    assert await setup.answers_to() == []
    # the second part has no first any more, and the same msgid is another request
    answers = await setup.answers_to(
        "+MIPLREAD:0,10001,3303,1,5700", "+MIPLWRITE:0,10003,3306,0,5850,5,1,1,0,0"
    )
    assert answers == ['AT+MIPLREAD=0,10001,3303,1,5700,4,"5.5",1', "AT+MIPLWRITE=0,10003,1"]
    assert setup.value("3306/0/5851") == 7
    await setup.requests.close()


async def test_answer_stops_at_restart() -> None:
    setup = RequestSetup(Handlers())

    async def restarts(command: Command) -> Answer:
        answer = await setup.execute(command)
        setup.restart()
        return answer

    handler = RequestHandler(setup.tree, Handlers(), CLASSIC, setup.callbacks)
    setup.requests = Requests(handler, restarts, setup.session)
    setup.requests.start()
    assert await setup.answers_to("+MIPLREAD:0,10001,3303,0,-1") == [
        'AT+MIPLREAD=0,10001,3303,0,5700,4,"21.5",0'
    ]
    await setup.requests.close()
