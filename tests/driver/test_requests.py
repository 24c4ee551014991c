"""The platform's requests: served in order, in time, once; and whatever happens, answered."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from m5310.at import Answer, Command
from m5310.classic import commands as classic
from m5310.device import requests
from m5310.device.requests import Handlers, Requests
from m5310.errors import CommandError, NotSupported, ParameterError
from m5310.lwm2m import Access, ObjectTree, Resource
from m5310.values import Value, ValueType
from tests.clock import elapse

ALL = Access.READABLE | Access.WRITABLE | Access.EXECUTABLE


class Bench:
    """Requests over a tree, with the lines that answer them and the time each was sent."""

    def __init__(self, handlers: Handlers, **options: float) -> None:
        self.tree = ObjectTree()
        for path, kind, value, access in (
            ("3303/0/5700", ValueType.FLOAT, 21.5, Access.READABLE),
            ("3303/0/5701", ValueType.STRING, "Cel", Access.READABLE | Access.WRITABLE),
            ("3303/0/5605", ValueType.STRING, "", Access.EXECUTABLE),
            ("3303/1/5700", ValueType.FLOAT, 5, Access.READABLE),
            ("3306/0/5850", ValueType.BOOLEAN, False, ALL),
            ("3306/0/5851", ValueType.INTEGER, 7, ALL),
            ("10/0/1", ValueType.OPAQUE, b"\x01", Access.READABLE | Access.WRITABLE),
            ("10/0/2", ValueType.OPAQUE, b"", Access.WRITABLE),
        ):
            self.tree.add(Resource(path, kind, value, access))
        self.answers: list[str] = []
        self.times: list[float] = []
        self.refuse = ""
        self.answered = asyncio.Event()
        self.requests = Requests(self.tree, self.execute, handlers, **options)

    async def execute(self, command: Command) -> Answer:
        await asyncio.sleep(0)
        self.answers.append(command.line)
        self.times.append(asyncio.get_running_loop().time())
        self.answered.set()
        if self.refuse and self.refuse in command.line:
            raise CommandError(command.line, "+CME ERROR:50", 50)
        return Answer(command)

    def value(self, path: str) -> Value:
        return next(each.value for each in self.tree if str(each.path) == path)

    def come(self, *lines: str, registered: bool = True) -> None:
        for line in lines:
            urc = classic.parse(line)
            assert isinstance(urc, requests.Request)
            self.requests.arrived(urc, registered=registered)

    async def served(self, *lines: str, within: float = 5, registered: bool = True) -> list[str]:
        """What is answered to these lines."""
        before = len(self.answers)
        self.come(*lines, registered=registered)
        await elapse(within)
        return self.answers[before:]

    async def next_answer(self, line: str) -> str:
        """The same on the real clock: what comes first."""
        self.answered.clear()
        self.come(line)
        await self.answered.wait()
        return self.answers[-1]


@asynccontextmanager
async def bench(handlers: Handlers | None = None, **options: float) -> AsyncIterator[Bench]:
    it = Bench(handlers or Handlers(), **options)
    it.requests.start()
    try:
        yield it
    finally:
        await it.requests.close()


FAILED_READ = '2,"",1'

# --- read ------------------------------------------------------------------------------------


async def test_a_read_of_one_resource() -> None:
    async with bench() as b:
        assert await b.served("+MIPLREAD:0,10001,3303,0,5700") == [
            'AT+MIPLREAD=0,10001,3303,0,5700,4,"21.5",1'
        ]


async def test_a_read_of_an_instance_and_of_an_object() -> None:
    async with bench() as b:
        assert await b.served("+MIPLREAD:0,10001,3303,0,-1") == [
            'AT+MIPLREAD=0,10001,3303,0,5700,4,"21.5",0',
            'AT+MIPLREAD=0,10001,3303,0,5701,1,"Cel",1',
        ]
        assert await b.served("+MIPLREAD:0,10002,3303,-1,-1") == [
            'AT+MIPLREAD=0,10002,3303,0,5700,4,"21.5",0',
            'AT+MIPLREAD=0,10002,3303,0,5701,1,"Cel",0',
            'AT+MIPLREAD=0,10002,3303,1,5700,4,"5.0",1',
        ]


async def test_on_read_may_bring_a_new_value() -> None:
    async def on_read(resource: Resource) -> Value | None:
        return 23.25 if resource.path.instance == 0 and resource.path.resource == 5700 else None

    async with bench(Handlers(on_read=on_read)) as b:
        assert await b.served("+MIPLREAD:0,10001,3303,-1,-1") == [
            'AT+MIPLREAD=0,10001,3303,0,5700,4,"23.25",0',
            'AT+MIPLREAD=0,10001,3303,0,5701,1,"Cel",0',
            'AT+MIPLREAD=0,10001,3303,1,5700,4,"5.0",1',
        ]
        assert b.value("3303/0/5700") == 23.25


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
async def test_a_read_nobody_can_serve_is_answered_at_once(ids: str, answer: str) -> None:
    async with bench() as b:
        assert await b.served(f"+MIPLREAD:0,10001,{ids}") == [f"AT+MIPLREAD=0,10001,{answer}"]
        assert b.times == [0]


@pytest.mark.parametrize("bad", ["warm", "a" * 5000, float("nan")])
async def test_a_value_that_cannot_be_sent_is_a_failed_read(
    bad: Value, caplog: pytest.LogCaptureFixture
) -> None:
    async def on_read(_: Resource) -> Value:
        return bad

    async with bench(Handlers(on_read=on_read)) as b:
        assert await b.served("+MIPLREAD:0,10001,3303,0,5700") == [
            f"AT+MIPLREAD=0,10001,3303,0,5700,{FAILED_READ}"
        ]
        assert b.value("3303/0/5700") == 21.5
    assert "3303/0/5700" in caplog.text


async def test_an_answer_over_a_thousand_bytes_is_a_failed_read() -> None:
    async def on_read(resource: Resource) -> Value | None:
        return "x" * 998 if resource.type is ValueType.STRING else None

    async with bench(Handlers(on_read=on_read)) as b:
        assert await b.served("+MIPLREAD:0,10001,3303,0,-1") == [
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
async def test_a_write_is_stored(text: str, path: str, value: Value) -> None:
    seen = []

    async def on_write(resource: Resource, new: Value) -> None:
        seen.append((str(resource.path), new))

    async with bench(Handlers(on_write=on_write)) as b:
        assert await b.served(f"+MIPLWRITE:0,10001,{text}") == DONE
        assert seen == [(path, value)]
        assert b.value(path) == value


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
async def test_a_write_that_does_not_fit_is_refused_unseen(text: str) -> None:
    async def on_write(resource: Resource, new: Value) -> None:
        raise AssertionError("never called")

    async with bench(Handlers(on_write=on_write)) as b:
        assert await b.served(f"+MIPLWRITE:0,10001,{text}") == FAILED


async def test_the_program_may_refuse_a_write(caplog: pytest.LogCaptureFixture) -> None:
    async def on_write(resource: Resource, new: Value) -> None:
        raise NotSupported("not now")

    async with bench(Handlers(on_write=on_write)) as b:
        assert await b.served("+MIPLWRITE:0,10001,3306,0,5851,8") == FAILED
        assert b.value("3306/0/5851") == 7
    assert "not now" in caplog.text
    assert "Traceback" not in caplog.text


async def test_a_write_of_several_resources_has_one_answer() -> None:
    async with bench() as b:
        assert await b.served("+MIPLWRITE:0,10001,3306,0,5850,5,1,1,1,2") == []
        assert await b.served("+MIPLWRITE:0,10001,3306,0,5851,3,4,99,2,1") == []
        assert await b.served("+MIPLWRITE:0,10001,3303,0,5701,1,1,K,0,0") == DONE
        assert b.value("3306/0/5850") is True
        assert b.value("3306/0/5851") == 99
        assert b.value("3303/0/5701") == "K"


async def test_one_bad_part_refuses_the_whole_write_before_any_is_stored() -> None:
    async with bench() as b:
        answers = await b.served(
            "+MIPLWRITE:0,10001,3306,0,5850,5,1,1,1,1", "+MIPLWRITE:0,10001,3303,0,5700,4,4,1,0,0"
        )
        assert answers == FAILED
        assert b.value("3306/0/5850") is False


async def test_a_write_whose_first_part_was_lost_is_refused() -> None:
    async with bench() as b:
        answers = await b.served(
            "+MIPLWRITE:0,10001,3306,0,5850,5,1,1,2,1", "+MIPLWRITE:0,10001,3306,0,5851,3,4,1,0,0"
        )
        assert answers == FAILED


async def test_a_write_that_was_given_up_half_way_does_not_join_the_next() -> None:
    async with bench() as b:
        answers = await b.served(
            "+MIPLWRITE:0,10001,3306,0,5850,5,1,1,1,1", "+MIPLWRITE:0,10002,3306,0,5851,3,4,1,0,0"
        )
        assert answers == ["AT+MIPLWRITE=0,10002,1"]
        assert b.value("3306/0/5850") is False
        answers = await b.served(
            "+MIPLWRITE:0,10003,3306,0,5850,5,1,1,1,1",
            "+MIPLWRITE:0,10003,3306,0,5850,5,1,0,1,1",
            "+MIPLWRITE:0,10003,3306,0,5851,3,4,5,0,0",
        )
        assert answers == ["AT+MIPLWRITE=0,10003,1"]
        assert b.value("3306/0/5850") is False


async def test_a_write_without_end_is_bounded(caplog: pytest.LogCaptureFixture) -> None:
    async with bench() as b:
        part = "+MIPLWRITE:0,10001,3306,0,5851,3,4,1,2,9"
        assert await b.served(*[part] * (requests.PARTS_LIMIT + 1)) == []
        assert b.requests._parts == []
    assert "dropped" in caplog.text


async def test_the_bare_form_writes_several_resources_one_after_the_other() -> None:
    async with bench() as b:
        assert await b.served("+MIPLWRITE:0,10001,3306,0,5850,1") == DONE
        assert await b.served("+MIPLWRITE:0,10001,3306,0,5851,5") == DONE
        assert b.value("3306/0/5851") == 5


# --- execute ---------------------------------------------------------------------------------


async def test_an_execute_carries_its_arguments() -> None:
    seen = []

    async def on_execute(resource: Resource, arguments: bytes) -> None:
        seen.append((str(resource.path), arguments))

    async with bench(Handlers(on_execute=on_execute)) as b:
        assert await b.served(
            "+MIPLEXECUTE:0,10001,3303,0,5605", "+MIPLEXECUTE:0,10002,3306,0,5850,a, b"
        ) == ["AT+MIPLEXECUTE=0,10001,1", "AT+MIPLEXECUTE=0,10002,1"]
    assert seen == [("3303/0/5605", b""), ("3306/0/5850", b"a, b")]


async def test_an_execute_nobody_serves_is_refused() -> None:
    async def on_execute(resource: Resource, arguments: bytes) -> None:
        raise AssertionError("never called")

    failed = ["AT+MIPLEXECUTE=0,10001,0"]
    async with bench(Handlers(on_execute=on_execute)) as b:
        assert await b.served("+MIPLEXECUTE:0,10001,3303,0,5700") == failed
    async with bench() as b:
        assert await b.served("+MIPLEXECUTE:0,10001,3303,0,5605") == failed


async def test_a_written_text_may_hold_what_no_answer_can_carry() -> None:
    seen = []

    async def on_write(resource: Resource, new: Value) -> None:
        seen.append(new)

    async with bench(Handlers(on_write=on_write)) as b:
        assert await b.served('+MIPLWRITE:0,10001,3303,0,5701,{"on": 1}') == [
            "AT+MIPLWRITE=0,10001,1"
        ]
        assert seen == [b.value("3303/0/5701")] == ['{"on": 1}']
        assert await b.served("+MIPLREAD:0,10002,3303,0,5701") == [
            f"AT+MIPLREAD=0,10002,3303,0,5701,{FAILED_READ}"
        ]


# --- callbacks that misbehave ------------------------------------------------------------------


@pytest.mark.parametrize("error", [GeneratorExit(), asyncio.CancelledError(), StopIteration()])
async def test_whatever_ends_a_callback_the_next_request_is_served(error: BaseException) -> None:
    async def on_execute(resource: Resource, arguments: bytes) -> None:
        if arguments:
            raise error

    async with bench(Handlers(on_execute=on_execute)) as b:
        assert await b.served(
            "+MIPLEXECUTE:0,10001,3303,0,5605,go", "+MIPLEXECUTE:0,10002,3303,0,5605"
        ) == ["AT+MIPLEXECUTE=0,10001,0", "AT+MIPLEXECUTE=0,10002,1"]


@pytest.mark.parametrize("name", ["on_read", "on_write", "on_execute"])
def test_what_cannot_be_called_is_no_callback(name: str) -> None:
    with pytest.raises(ParameterError, match="'lamp' is not a function"):
        Handlers(**{name: "lamp"})  # type: ignore[arg-type]


# --- time ------------------------------------------------------------------------------------


async def test_a_callback_that_raises_fails_its_request_and_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def on_read(resource: Resource) -> None:
        if resource.path.instance == 0:
            raise ZeroDivisionError("the sensor is gone")

    async with bench(Handlers(on_read=on_read)) as b:
        assert await b.served("+MIPLREAD:0,10001,3303,0,5700", "+MIPLREAD:0,10002,3303,1,5700") == [
            f"AT+MIPLREAD=0,10001,3303,0,5700,{FAILED_READ}",
            'AT+MIPLREAD=0,10002,3303,1,5700,4,"5.0",1',
        ]
    assert "Traceback" in caplog.text
    assert "the sensor is gone" in caplog.text


async def test_a_callback_that_takes_too_long_fails_at_the_deadline() -> None:
    async def on_write(resource: Resource, new: Value) -> None:
        await elapse(100)

    async with bench(Handlers(on_write=on_write)) as b:
        assert await b.served("+MIPLWRITE:0,10001,3306,0,5851,8") == FAILED
        assert b.times == [pytest.approx(3)]
        assert b.value("3306/0/5851") == 7


async def test_the_deadline_counts_from_the_arrival_and_can_be_chosen() -> None:
    async def on_execute(resource: Resource, arguments: bytes) -> None:
        await elapse(4)

    async with bench(Handlers(on_execute=on_execute), answer_within=10) as b:
        lines = [f"+MIPLEXECUTE:0,{10001 + at},3303,0,5605" for at in range(4)]
        answers = await b.served(*lines, within=20)
        assert [answer[-1] for answer in answers] == ["1", "1", "0", "0"]
        assert b.times == pytest.approx([4, 8, 10, 10])


async def test_a_callback_that_ignores_its_cancellation_stops_nobody() -> None:
    release = asyncio.Event()

    async def on_execute(resource: Resource, arguments: bytes) -> None:
        while arguments and not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    async with bench(Handlers(on_execute=on_execute)) as b:
        assert await b.served("+MIPLEXECUTE:0,10001,3303,0,5605,x") == ["AT+MIPLEXECUTE=0,10001,0"]
        assert await b.served("+MIPLEXECUTE:0,10002,3303,0,5605") == ["AT+MIPLEXECUTE=0,10002,1"]
        release.set()
        await asyncio.sleep(0)


async def test_a_callback_that_cancels_itself_fails_its_request_only() -> None:
    async def on_execute(resource: Resource, arguments: bytes) -> None:
        raise asyncio.CancelledError

    async with bench(Handlers(on_execute=on_execute)) as b:
        assert await b.served(
            "+MIPLEXECUTE:0,10001,3303,0,5605", "+MIPLREAD:0,10002,3303,1,5700"
        ) == [
            "AT+MIPLEXECUTE=0,10001,0",
            'AT+MIPLREAD=0,10002,3303,1,5700,4,"5.0",1',
        ]


@pytest.mark.realtime
async def test_a_stuck_plain_function_stops_nobody() -> None:
    stuck = threading.Event()

    def on_execute(resource: Resource, arguments: bytes) -> None:
        if arguments:
            stuck.wait()

    async with bench(Handlers(on_execute=on_execute), answer_within=0.05) as b:
        answer = await b.next_answer("+MIPLEXECUTE:0,10001,3303,0,5605,x")
        assert answer == "AT+MIPLEXECUTE=0,10001,0"
        answer = await b.next_answer("+MIPLEXECUTE:0,10002,3303,0,5605")
        assert answer == "AT+MIPLEXECUTE=0,10002,1"
        stuck.set()


async def test_a_callback_may_send_commands_itself() -> None:
    async def on_execute(resource: Resource, arguments: bytes) -> None:
        await b.execute(Command("AT+CSQ"))

    async with bench(Handlers(on_execute=on_execute)) as b:
        assert await b.served("+MIPLEXECUTE:0,10001,3303,0,5605") == [
            "AT+CSQ",
            "AT+MIPLEXECUTE=0,10001,1",
        ]


# --- repeats ---------------------------------------------------------------------------------


def counting() -> tuple[Handlers, list[str]]:
    calls: list[str] = []

    async def on_execute(resource: Resource, arguments: bytes) -> None:
        calls.append(str(resource.path))
        await elapse(1)

    return Handlers(on_execute=on_execute), calls


async def test_a_repeat_while_it_runs_is_served_by_the_one_answer() -> None:
    handlers, calls = counting()
    async with bench(handlers) as b:
        again = "+MIPLEXECUTE:0,10001,3303,0,5605"
        assert await b.served(again, again, again) == ["AT+MIPLEXECUTE=0,10001,1"]
    assert len(calls) == 1


async def test_a_repeat_after_the_answer_gets_the_same_answer() -> None:
    handlers, calls = counting()
    async with bench(handlers) as b:
        again = "+MIPLEXECUTE:0,10001,3303,0,5605"
        for _ in range(3):
            assert await b.served(again, within=10) == ["AT+MIPLEXECUTE=0,10001,1"]
    assert len(calls) == 1


async def test_after_half_a_minute_it_is_a_new_request() -> None:
    handlers, calls = counting()
    async with bench(handlers) as b:
        again = "+MIPLEXECUTE:0,10001,3303,0,5605"
        await b.served(again, within=31)
        await b.served(again, within=31)
        b.come("+MIPLREAD:0,10002,3303,0,5700")
        assert len(b.requests._known) == 1
    assert len(calls) == 2


async def test_another_kind_path_or_msgid_is_another_request() -> None:
    handlers, calls = counting()
    async with bench(handlers, answer_within=100) as b:
        answers = await b.served(
            "+MIPLEXECUTE:0,10001,3303,0,5605",
            "+MIPLEXECUTE:0,10002,3303,0,5605",
            "+MIPLEXECUTE:0,10001,3306,0,5850",
            "+MIPLREAD:0,10001,3306,0,5850",
        )
        assert len(answers) == 4
    assert len(calls) == 3


async def test_the_answer_is_said_again_as_it_was_though_the_value_changed() -> None:
    async with bench() as b:
        first = await b.served("+MIPLREAD:0,10001,3306,0,5851")
        await b.served("+MIPLWRITE:0,10002,3306,0,5851,8")
        assert await b.served("+MIPLREAD:0,10001,3306,0,5851") == first


async def test_a_request_forgotten_while_it_runs_is_answered_once() -> None:
    async def on_execute(resource: Resource, arguments: bytes) -> None:
        await elapse(40)

    async with bench(Handlers(on_execute=on_execute), answer_within=60) as b:
        assert await b.served("+MIPLEXECUTE:0,10001,3303,0,5605", within=35) == []
        b.come("+MIPLREAD:0,10002,3303,0,5700")
        await elapse(30)
        assert [answer[-1] for answer in b.answers] == ["1", "1"]


# --- what else may happen ----------------------------------------------------------------------


async def test_before_login_requests_are_refused_at_once() -> None:
    handlers, calls = counting()
    async with bench(handlers) as b:
        assert await b.served(
            "+MIPLREAD:0,10001,3303,0,5700", "+MIPLEXECUTE:0,10002,3303,0,5605", registered=False
        ) == [f"AT+MIPLREAD=0,10001,3303,0,5700,{FAILED_READ}", "AT+MIPLEXECUTE=0,10002,0"]
    assert calls == []


async def test_an_answer_the_module_refuses_is_harmless(caplog: pytest.LogCaptureFixture) -> None:
    async with bench() as b:
        b.refuse = "10001"
        assert len(await b.served("+MIPLREAD:0,10001,3303,-1,-1")) == 1  # the rest is left out
        assert len(await b.served("+MIPLREAD:0,10002,3303,-1,-1")) == 3
    assert "was not taken" in caplog.text


async def test_a_flood_is_bounded_and_what_was_taken_is_served() -> None:
    async with bench() as b:
        lines = [f"+MIPLREAD:0,{10000 + at},3303,0,5700" for at in range(requests.QUEUE_LIMIT + 5)]
        assert len(await b.served(*lines)) == requests.QUEUE_LIMIT
        assert b.requests.dropped == 5
        assert len(await b.served(lines[-1])) == 1  # the platform's repeat finds room


async def test_closing_ends_a_callback_that_runs() -> None:
    ended = []

    async def on_execute(resource: Resource, arguments: bytes) -> None:
        try:
            await elapse(100)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    async with bench(Handlers(on_execute=on_execute)) as b:
        b.come("+MIPLEXECUTE:0,10001,3303,0,5605")
        await elapse(1)
        await b.requests.close()
        assert ended == ["cancelled"]
        assert b.answers == []


async def test_the_same_value_reported_by_a_callback_is_read() -> None:
    async def on_read(resource: Resource) -> None:
        resource.value = 30

    async with bench(Handlers(on_read=on_read)) as b:
        (answer,) = await b.served("+MIPLREAD:0,10001,3303,0,5700")
        assert '"30.0"' in answer


@pytest.mark.realtime
async def test_a_plain_function_serves_too() -> None:
    done = threading.Event()

    def on_write(resource: Resource, new: Value) -> None:
        done.set()

    async with bench(Handlers(on_write=on_write)) as b:
        assert [await b.next_answer("+MIPLWRITE:0,10001,3306,0,5851,8")] == DONE
    assert done.is_set()


async def test_a_restarted_module_knows_its_old_msgids_no_more() -> None:
    reading = asyncio.Event()

    async def on_read(_: Resource) -> float:
        await reading.wait()
        return 5.5

    bench = Bench(Handlers(on_read))
    bench.requests.start()
    bench.come("+MIPLREAD:0,10001,3303,0,5700", "+MIPLREAD:0,10002,3303,1,5700")
    bench.come("+MIPLWRITE:0,10003,3306,0,5851,3,1,5,1,1")  # the first of two parts
    await elapse(1)
    bench.requests.forget()
    reading.set()
    assert await bench.served() == []
    # the second part has no first any more, and the same msgid is another request
    answers = await bench.served(
        "+MIPLREAD:0,10001,3303,1,5700", "+MIPLWRITE:0,10003,3306,0,5850,5,1,1,0,0"
    )
    assert answers == ['AT+MIPLREAD=0,10001,3303,1,5700,4,"5.5",1', "AT+MIPLWRITE=0,10003,1"]
    assert bench.value("3306/0/5851") == 7
    await bench.requests.close()


async def test_half_an_answer_is_not_finished_after_a_restart() -> None:
    bench = Bench(Handlers())

    async def restarts(command: Command) -> Answer:
        answer = await bench.execute(command)
        bench.requests.forget()
        return answer

    bench.requests = Requests(bench.tree, restarts, Handlers())
    bench.requests.start()
    assert await bench.served("+MIPLREAD:0,10001,3303,0,-1") == [
        'AT+MIPLREAD=0,10001,3303,0,5700,4,"21.5",0'
    ]
    await bench.requests.close()
