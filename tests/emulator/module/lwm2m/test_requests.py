"""Requests of the platform that wait for the host's answer."""

from __future__ import annotations

import pytest

from emulator.lwm2m.model import Item, Path
from emulator.module.lwm2m.host import (
    ANSWER_TIME,
    PAYLOAD_LIMIT,
    ExecuteRequest,
    InvalidValue,
    ReadRequest,
    Request,
    UnknownRequest,
    WriteRequest,
)
from emulator.module.lwm2m.requests import PENDING_LIMIT
from tests.support.lwm2m import UNWRITABLE, ClientBench
from tests.support.lwm2m_messages import Code, Downlink, Execute, Read, Response, Write

EXCHANGE_LIFETIME = 247.0  # RFC 7252 4.8.2
INSTANCE = Path(3306, 0)
LEVEL, TEXT, UNDECLARED = Path(3306, 0, 5851), Path(3306, 0, 5750), Path(3306, 0, 5999)


class RequestBench(ClientBench):
    """A registered client with /3306/0."""

    def __init__(self) -> None:
        super().__init__()
        self.configure((LEVEL, 3), (TEXT, 1))
        self.register()
        self.requests = self.client.requests

    def complete(self, kind: type[ReadRequest | WriteRequest | ExecuteRequest], mid: int) -> None:
        self.requests.complete(self.find(kind, mid), self.now)

    def find(self, kind: type[ReadRequest | WriteRequest | ExecuteRequest], mid: int) -> Request:
        if kind is ReadRequest:
            return self.requests.find(ReadRequest, mid, self.now)
        if kind is WriteRequest:
            return self.requests.find(WriteRequest, mid, self.now)
        return self.requests.find(ExecuteRequest, mid, self.now)


def writing(mid: int, *items: Item) -> Write:
    return Write(mid, INSTANCE, items, replace=False)


@pytest.mark.parametrize("path", [Path(3, 1), Path(4), Path(3306, 2), Path(3303, 0, 5700)])
def test_unknown_instances_are_answered_not_found(path: Path) -> None:
    bench = RequestBench()
    for request in (Read(1, path), Write(1, path, (), replace=True), Execute(1, path, b"")):
        assert bench.deliver(request) == []
        assert bench.uplink() == [Response(1, Code.NOT_FOUND)]


@pytest.mark.parametrize("path", [Path(3), Path(3, 0), Path(3, 0, 3)])
def test_module_answers_a_read_of_its_own_object_and_shows_it(path: Path) -> None:
    bench = RequestBench()
    assert bench.deliver(Read(1, path)) == [("read", 1, path)]
    items = (Item(Path(3, 0, 3), "1.0"),)
    assert bench.uplink() == [Response(1, Code.CONTENT, items=items)]
    assert len(bench.requests) == 0


def test_host_may_have_the_object_for_itself() -> None:
    bench = RequestBench()
    bench.client.add_instance(Path(3, 0))
    assert bench.deliver(Read(1, Path(3, 0))) == [("read", 1, Path(3, 0))]
    assert bench.uplink() == []


@pytest.mark.parametrize(
    "message",
    [
        writing(10_001),
        writing(10_001, Item(LEVEL, UNWRITABLE)),
        Execute(10_001, INSTANCE, b""),
        Execute(10_001, LEVEL, b"x" * (PAYLOAD_LIMIT + 1)),
        Execute(10_001, LEVEL, UNWRITABLE),
    ],
)
def test_requests_that_cannot_be_forwarded_are_bad_requests(message: Downlink) -> None:
    bench = RequestBench()
    assert bench.deliver(message) == []
    assert bench.uplink() == [Response(10_001, Code.BAD_REQUEST)]
    assert len(bench.requests) == 0


def test_read_is_completed_with_its_values() -> None:
    bench = RequestBench()
    assert bench.deliver(Read(10_001, INSTANCE)) == [("read", 10_001, INSTANCE)]
    request = bench.requests.find(ReadRequest, 10_001, bench.now)
    request.add(LEVEL, 7, 1)
    request.add(TEXT, "a", 1)
    bench.requests.complete(request, bench.now)
    items = (Item(LEVEL, 7), Item(TEXT, "a"))
    assert bench.uplink() == [Response(10_001, Code.CONTENT, items=items)]
    assert len(bench.requests) == 0


def test_read_refuses_other_paths_and_too_many_bytes() -> None:
    request = ReadRequest(10_001, INSTANCE)
    request.add(LEVEL, 7, 600)
    with pytest.raises(InvalidValue):
        request.add(Path(3306, 1, 5851), 7, 1)
    with pytest.raises(InvalidValue):
        request.add(TEXT, "a", 401)
    request.add(TEXT, "a", 400)
    request.add(LEVEL, 8, 600)  # replaces the value
    assert request.answers == {LEVEL: (8, 600), TEXT: ("a", 400)}


def test_write_and_execute_are_completed() -> None:
    bench = RequestBench()
    items = (Item(LEVEL, 5),)
    assert bench.deliver(writing(10_001, *items)) == [("write", 10_001, items, 0)]
    bench.complete(WriteRequest, 10_001)
    assert bench.deliver(Execute(10_002, LEVEL, b"x")) == [("execute", 10_002, LEVEL, b"x")]
    bench.complete(ExecuteRequest, 10_002)
    assert bench.uplink() == [Response(10_001, Code.CHANGED), Response(10_002, Code.CHANGED)]


@pytest.mark.parametrize(
    ("message", "kind", "code"),
    [
        (Read(10_001, LEVEL), ReadRequest, Code.INTERNAL_SERVER_ERROR),
        (Read(10_001, INSTANCE), ReadRequest, Code.INTERNAL_SERVER_ERROR),
        (Read(10_001, UNDECLARED), ReadRequest, Code.NOT_FOUND),
        (writing(10_001, Item(LEVEL, 5)), WriteRequest, Code.INTERNAL_SERVER_ERROR),
        (writing(10_001, Item(UNDECLARED, 5)), WriteRequest, Code.NOT_FOUND),
        (Execute(10_001, LEVEL, b""), ExecuteRequest, Code.INTERNAL_SERVER_ERROR),
        (Execute(10_001, UNDECLARED, b""), ExecuteRequest, Code.NOT_FOUND),
    ],
)
def test_failure_code_depends_on_the_declaration(
    message: Downlink, kind: type[ReadRequest | WriteRequest | ExecuteRequest], code: Code
) -> None:
    bench = RequestBench()
    bench.deliver(message)
    bench.requests.fail(bench.find(kind, 10_001), bench.now)
    assert bench.uplink() == [Response(10_001, code)]
    with pytest.raises(UnknownRequest):
        bench.find(kind, 10_001)


def test_failed_item_of_a_write_decides_the_code() -> None:
    bench = RequestBench()
    bench.deliver(writing(10_001, Item(LEVEL, 7), Item(UNDECLARED, "x")))
    request = bench.requests.find(WriteRequest, 10_001, bench.now)
    request.confirmed = 1
    bench.requests.fail(request, bench.now)
    assert bench.uplink() == [Response(10_001, Code.NOT_FOUND)]


def test_repeated_request_is_forwarded_again_with_its_progress() -> None:
    bench = RequestBench()
    bench.deliver(Read(10_001, INSTANCE))
    bench.host.reads[10_001].add(LEVEL, 7, 1)
    assert bench.deliver(Read(10_001, INSTANCE)) == [("read", 10_001, INSTANCE)]
    assert bench.host.reads[10_001].answers == {LEVEL: (7, 1)}
    items = (Item(LEVEL, 5), Item(TEXT, "a"))
    bench.deliver(writing(10_002, *items))
    bench.requests.find(WriteRequest, 10_002, bench.now).confirmed = 1
    assert bench.deliver(writing(10_002, *items)) == [("write", 10_002, items, 1)]
    assert len(bench.requests) == 2


def test_request_repeated_after_its_answer_starts_again() -> None:
    bench = RequestBench()
    for _ in range(2):
        assert bench.deliver(Read(10_001, LEVEL)) == [("read", 10_001, LEVEL)]
        assert bench.host.reads[10_001].answers == {}
        bench.host.reads[10_001].add(LEVEL, 7, 1)
        bench.complete(ReadRequest, 10_001)
    assert len(bench.uplink()) == 2


def test_different_request_with_the_same_msgid_replaces_the_pending_one() -> None:
    bench = RequestBench()
    bench.deliver(writing(10_001, Item(LEVEL, 7)))
    bench.now += EXCHANGE_LIFETIME  # the message id is free again
    bench.deliver(Read(10_001, TEXT))
    assert bench.requests.find(ReadRequest, 10_001, bench.now).path == TEXT
    assert len(bench.requests) == 1
    with pytest.raises(UnknownRequest):
        bench.find(WriteRequest, 10_001)


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (Read(10_001, LEVEL), ReadRequest),
        (writing(10_001, Item(LEVEL, 5)), WriteRequest),
        (Execute(10_001, LEVEL, b"1"), ExecuteRequest),
    ],
)
def test_request_goes_stale_although_repeated(
    message: Downlink, kind: type[ReadRequest | WriteRequest | ExecuteRequest]
) -> None:
    bench = RequestBench()
    for bench.now in (0.0, 10.0, 20.0):
        bench.deliver(message)
    bench.now = ANSWER_TIME - 0.001
    bench.find(kind, 10_001)
    bench.now = ANSWER_TIME
    with pytest.raises(UnknownRequest):
        bench.find(kind, 10_001)
    assert len(bench.requests) == 0


def test_pending_requests_are_limited() -> None:
    bench = RequestBench()
    for number in range(PENDING_LIMIT + 1):
        bench.deliver(Execute(10_000 + number, LEVEL, b""))
    assert len(bench.requests) == PENDING_LIMIT
    with pytest.raises(UnknownRequest):
        bench.find(ExecuteRequest, 10_000)
    bench.complete(ExecuteRequest, 10_001)
