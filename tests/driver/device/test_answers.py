"""Answers: each request is answered in time, whatever the callbacks do."""

from __future__ import annotations

import asyncio
import threading

import pytest

from m5310.at.codec import Command
from m5310.device.answers import Handlers
from m5310.errors import NotSupported, ParameterError
from m5310.lwm2m.resources import Access, Resource
from m5310.lwm2m.values import Value, ValueType
from tests.support.clock import elapse
from tests.support.patience import PATIENCE
from tests.support.request_setup import answering

FAILED_READ = '2,"",1'

# --- read ------------------------------------------------------------------------------------


async def test_read_of_one_resource() -> None:
    async with answering() as setup:
        assert await setup.answers_to("+MIPLREAD:0,10001,3303,0,5700") == [
            'AT+MIPLREAD=0,10001,3303,0,5700,4,"21.5",1'
        ]


async def test_read_of_instance_and_of_object() -> None:
    async with answering() as setup:
        assert await setup.answers_to("+MIPLREAD:0,10001,3303,0,-1") == [
            'AT+MIPLREAD=0,10001,3303,0,5700,4,"21.5",0',
            'AT+MIPLREAD=0,10001,3303,0,5701,1,"Cel",1',
        ]
        assert await setup.answers_to("+MIPLREAD:0,10002,3303,-1,-1") == [
            'AT+MIPLREAD=0,10002,3303,0,5700,4,"21.5",0',
            'AT+MIPLREAD=0,10002,3303,0,5701,1,"Cel",0',
            'AT+MIPLREAD=0,10002,3303,1,5700,4,"5.0",1',
        ]


async def test_on_read_may_return_new_value() -> None:
    async def on_read(resource: Resource) -> Value | None:
        return 23.25 if resource.path.instance == 0 and resource.path.resource == 5700 else None

    async with answering(Handlers(on_read=on_read)) as setup:
        assert await setup.answers_to("+MIPLREAD:0,10001,3303,-1,-1") == [
            'AT+MIPLREAD=0,10001,3303,0,5700,4,"23.25",0',
            'AT+MIPLREAD=0,10001,3303,0,5701,1,"Cel",0',
            'AT+MIPLREAD=0,10001,3303,1,5700,4,"5.0",1',
        ]
        assert setup.value("3303/0/5700") == 23.25


@pytest.mark.parametrize(
    ("ids", "answer"),
    [
        ("9,9,9", f"9,9,9,{FAILED_READ}"),
        ("9,-1,-1", f"9,-1,-1,{FAILED_READ}"),
        ("3303,7,-1", f"3303,7,-1,{FAILED_READ}"),
        ("3303,0,5605", f"3303,0,5605,{FAILED_READ}"),  # there, but not readable
        ("10,0,2", '10,0,2,1,"",1'),  # an opaque one: the empty value of another type
    ],
)
async def test_read_that_cannot_be_served_is_refused_at_once(ids: str, answer: str) -> None:
    async with answering() as setup:
        assert await setup.answers_to(f"+MIPLREAD:0,10001,{ids}") == [
            f"AT+MIPLREAD=0,10001,{answer}"
        ]
        assert setup.times == [0]


@pytest.mark.parametrize("bad", ["warm", "a" * 5000, float("nan")])
async def test_value_that_cannot_be_sent_fails_the_read(
    bad: Value, caplog: pytest.LogCaptureFixture
) -> None:
    async def on_read(_: Resource) -> Value:
        return bad

    async with answering(Handlers(on_read=on_read)) as setup:
        assert await setup.answers_to("+MIPLREAD:0,10001,3303,0,5700") == [
            f"AT+MIPLREAD=0,10001,3303,0,5700,{FAILED_READ}"
        ]
        assert setup.value("3303/0/5700") == 21.5
    assert "3303/0/5700" in caplog.text


async def test_answer_over_1000_bytes_fails_the_read() -> None:
    async def on_read(resource: Resource) -> Value | None:
        return "x" * 998 if resource.type is ValueType.STRING else None

    async with answering(Handlers(on_read=on_read)) as setup:
        assert await setup.answers_to("+MIPLREAD:0,10001,3303,0,-1") == [
            f"AT+MIPLREAD=0,10001,3303,0,-1,{FAILED_READ}"
        ]


# --- write -----------------------------------------------------------------------------------

DONE, FAILED = ["AT+MIPLWRITE=0,10001,1"], ["AT+MIPLWRITE=0,10001,0"]


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("3306,0,5850,1", "3306/0/5850", True),
        ("3306,0,5850,5,1,1,0,0", "3306/0/5850", True),
        ("3306,0,5851,-12", "3306/0/5851", -12),
        ("3303,0,5701,Fahr, en, heit", "3303/0/5701", "Fahr, en, heit"),
        ("3303,0,5701,1,2,°F,0,0", "3303/0/5701", "°F"),
        ("10,0,1,00FF", "10/0/1", b"\x00\xff"),
        ("10,0,1,2,2,00FF", "10/0/1", b"\x00\xff"),
    ],
)
async def test_write_is_stored(text: str, path: str, value: Value) -> None:
    seen = []

    async def on_write(resource: Resource, new: Value) -> None:
        seen.append((str(resource.path), new))

    async with answering(Handlers(on_write=on_write)) as setup:
        assert await setup.answers_to(f"+MIPLWRITE:0,10001,{text}") == DONE
        assert seen == [(path, value)]
        assert setup.value(path) == value


@pytest.mark.parametrize(
    "text",
    [
        "9,9,9,1",
        "3303,0,5700,1.5",  # read-only
        "3306,0,5850,2",
        "3306,0,5851,many",
        "10,0,1,00F",
        "10,0,1,1,4,00FF,0,0",  # a text for bytes
        "3303,0,5701,2,2,00FF,0,0",  # bytes for a text
    ],
)
async def test_write_of_wrong_value_is_refused_without_callback(text: str) -> None:
    async def on_write(resource: Resource, new: Value) -> None:
        raise AssertionError("never called")

    async with answering(Handlers(on_write=on_write)) as setup:
        assert await setup.answers_to(f"+MIPLWRITE:0,10001,{text}") == FAILED


async def test_on_write_may_refuse(caplog: pytest.LogCaptureFixture) -> None:
    async def on_write(resource: Resource, new: Value) -> None:
        raise NotSupported("not now")

    async with answering(Handlers(on_write=on_write)) as setup:
        assert await setup.answers_to("+MIPLWRITE:0,10001,3306,0,5851,8") == FAILED
        assert setup.value("3306/0/5851") == 7
    assert "not now" in caplog.text
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize(
    "call", ["+MIPLWRITE:0,10001,3306,0,5851,8", "+MIPLEXECUTE:0,10001,3303,0,5605"]
)
async def test_refusal_of_a_callback_is_one_line(
    call: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def refuse(resource: Resource, _: object) -> None:
        raise ValueError("too hot")

    async with answering(Handlers(on_write=refuse, on_execute=refuse)) as setup:
        (answer,) = await setup.answers_to(call)
        assert answer.endswith(",10001,0")
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "refuse raised ValueError('too hot') (test_answers.py:" in record.message
    assert record.exc_info is None


async def test_traceback_of_a_refusal_is_logged_at_debug(caplog: pytest.LogCaptureFixture) -> None:
    async def refuse(resource: Resource, _: object) -> None:
        raise ValueError("too hot")

    with caplog.at_level("DEBUG", logger="m5310.device"):
        async with answering(Handlers(on_write=refuse)) as setup:
            await setup.answers_to("+MIPLWRITE:0,10001,3306,0,5851,8")
    assert "Traceback" in caplog.text


async def test_one_bad_part_refuses_the_whole_write() -> None:
    async with answering() as setup:
        answers = await setup.answers_to(
            "+MIPLWRITE:0,10001,3306,0,5850,5,1,1,1,1", "+MIPLWRITE:0,10001,3303,0,5700,4,4,1,0,0"
        )
        assert answers == FAILED
        assert setup.value("3306/0/5850") is False


async def test_write_without_first_part_is_refused() -> None:
    async with answering() as setup:
        answers = await setup.answers_to(
            "+MIPLWRITE:0,10001,3306,0,5850,5,1,1,2,1", "+MIPLWRITE:0,10001,3306,0,5851,3,4,1,0,0"
        )
        assert answers == FAILED


# --- execute ---------------------------------------------------------------------------------


async def test_execute_passes_arguments() -> None:
    seen = []

    async def on_execute(resource: Resource, arguments: bytes) -> None:
        seen.append((str(resource.path), arguments))

    async with answering(Handlers(on_execute=on_execute)) as setup:
        assert await setup.answers_to(
            "+MIPLEXECUTE:0,10001,3303,0,5605", "+MIPLEXECUTE:0,10002,3306,0,5850,a, b"
        ) == ["AT+MIPLEXECUTE=0,10001,1", "AT+MIPLEXECUTE=0,10002,1"]
    assert seen == [("3303/0/5605", b""), ("3306/0/5850", b"a, b")]


async def test_execute_without_callback_is_refused() -> None:
    async def on_execute(resource: Resource, arguments: bytes) -> None:
        raise AssertionError("never called")

    failed = ["AT+MIPLEXECUTE=0,10001,0"]
    async with answering(Handlers(on_execute=on_execute)) as setup:
        assert await setup.answers_to("+MIPLEXECUTE:0,10001,3303,0,5700") == failed
    async with answering() as setup:
        assert await setup.answers_to("+MIPLEXECUTE:0,10001,3303,0,5605") == failed


async def test_text_that_is_never_read_may_contain_quotes() -> None:
    seen = []

    async def on_write(resource: Resource, new: Value) -> None:
        seen.append(new)

    async with answering(Handlers(on_write=on_write)) as setup:
        setup.tree.add(Resource("3303/0/5702", ValueType.STRING, "", Access.WRITABLE))
        assert await setup.answers_to('+MIPLWRITE:0,10001,3303,0,5702,{"on": 1}') == [
            "AT+MIPLWRITE=0,10001,1"
        ]
        assert seen == [setup.value("3303/0/5702")] == ['{"on": 1}']


# --- callbacks that misbehave ----------------------------------------------------------------


@pytest.mark.parametrize("error", [GeneratorExit(), asyncio.CancelledError(), StopIteration()])
async def test_request_after_a_failed_callback_is_served(error: BaseException) -> None:
    async def on_execute(resource: Resource, arguments: bytes) -> None:
        if arguments:
            raise error

    async with answering(Handlers(on_execute=on_execute)) as setup:
        assert await setup.answers_to(
            "+MIPLEXECUTE:0,10001,3303,0,5605,go", "+MIPLEXECUTE:0,10002,3303,0,5605"
        ) == ["AT+MIPLEXECUTE=0,10001,0", "AT+MIPLEXECUTE=0,10002,1"]


@pytest.mark.parametrize("name", ["on_read", "on_write", "on_execute"])
def test_callback_must_be_callable(name: str) -> None:
    with pytest.raises(ParameterError, match="'lamp': expected a function"):
        Handlers(**{name: "lamp"})  # type: ignore[arg-type]


# --- time ------------------------------------------------------------------------------------


async def test_callback_error_fails_its_request_only(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def on_read(resource: Resource) -> None:
        if resource.path.instance == 0:
            raise ZeroDivisionError("the sensor is gone")

    async with answering(Handlers(on_read=on_read)) as setup:
        assert await setup.answers_to(
            "+MIPLREAD:0,10001,3303,0,5700", "+MIPLREAD:0,10002,3303,1,5700"
        ) == [
            f"AT+MIPLREAD=0,10001,3303,0,5700,{FAILED_READ}",
            'AT+MIPLREAD=0,10002,3303,1,5700,4,"5.0",1',
        ]
    assert "Traceback" in caplog.text
    assert "the sensor is gone" in caplog.text


async def test_slow_callback_fails_at_the_deadline() -> None:
    async def on_write(resource: Resource, new: Value) -> None:
        await elapse(100)

    async with answering(Handlers(on_write=on_write)) as setup:
        assert await setup.answers_to("+MIPLWRITE:0,10001,3306,0,5851,8") == FAILED
        assert setup.times == [pytest.approx(3)]
        assert setup.value("3306/0/5851") == 7


async def test_deadline_counts_from_arrival() -> None:
    async def on_execute(resource: Resource, arguments: bytes) -> None:
        await elapse(4)

    async with answering(Handlers(on_execute=on_execute), answer_within=10) as setup:
        lines = [f"+MIPLEXECUTE:0,{10001 + at},3303,0,5605" for at in range(4)]
        answers = await setup.answers_to(*lines, within=20)
        assert [answer[-1] for answer in answers] == ["1", "1", "0", "0"]
        assert setup.times == pytest.approx([4, 8, 10, 10])


async def test_callback_that_ignores_cancellation_blocks_no_request() -> None:
    release = asyncio.Event()

    async def on_execute(resource: Resource, arguments: bytes) -> None:
        while arguments and not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    async with answering(Handlers(on_execute=on_execute)) as setup:
        assert await setup.answers_to("+MIPLEXECUTE:0,10001,3303,0,5605,x") == [
            "AT+MIPLEXECUTE=0,10001,0"
        ]
        assert await setup.answers_to("+MIPLEXECUTE:0,10002,3303,0,5605") == [
            "AT+MIPLEXECUTE=0,10002,1"
        ]
        release.set()
        await asyncio.sleep(0)


@pytest.mark.realtime
async def test_blocked_plain_function_blocks_no_request() -> None:
    stuck = threading.Event()

    def on_execute(resource: Resource, arguments: bytes) -> None:
        if arguments:
            stuck.wait()

    async with answering(Handlers(on_execute=on_execute), answer_within=0.05) as setup:
        answer = await setup.next_answer("+MIPLEXECUTE:0,10001,3303,0,5605,x")
        assert answer == "AT+MIPLEXECUTE=0,10001,0"
        setup.handler._answer_within = PATIENCE  # for the start of the next thread
        answer = await setup.next_answer("+MIPLEXECUTE:0,10002,3303,0,5605")
        assert answer == "AT+MIPLEXECUTE=0,10002,1"
        stuck.set()


async def test_callback_may_send_commands() -> None:
    async def on_execute(resource: Resource, arguments: bytes) -> None:
        await setup.execute(Command("AT+CSQ"))

    async with answering(Handlers(on_execute=on_execute)) as setup:
        assert await setup.answers_to("+MIPLEXECUTE:0,10001,3303,0,5605") == [
            "AT+CSQ",
            "AT+MIPLEXECUTE=0,10001,1",
        ]


async def test_unregistered_device_calls_no_callback() -> None:
    def unexpected(*_: object) -> None:
        raise AssertionError

    async with answering(Handlers(unexpected, unexpected, unexpected)) as setup:
        assert await setup.answers_to(
            "+MIPLREAD:0,10001,3303,0,5700",
            "+MIPLWRITE:0,10002,3306,0,5851,8",
            "+MIPLEXECUTE:0,10003,3306,0,5851",
            registered=False,
        ) == [
            f"AT+MIPLREAD=0,10001,3303,0,5700,{FAILED_READ}",
            "AT+MIPLWRITE=0,10002,0",
            "AT+MIPLEXECUTE=0,10003,0",
        ]
        assert setup.value("3306/0/5851") == 7
